"""The luck of a repetition's rows: by how much they flatter whoever is scored on them.

And the figures of a changed method for repetitions that were made before.

Whether a method is right on average is hard to see where every figure is off by several points,
because a hundred rows happen to be easy or hard. That part of the error is known here: the models
of the folds can be scored on untouched rows too. What they score on their own test rows beyond
that is the luck of these rows, and its mean is zero if nobody was chosen by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.honesty.cases import Case, Sample, candidates, default, sample
from benchmarks.honesty.search import METHOD, graded, split
from luthier.estimate import honest, measure
from luthier.estimate.pool import pooled

Array = NDArray[np.float64]
ROWS = 1000  # untouched ones that the models of the folds are scored on

# Means over rows or pairs of rows only, so that the mean of luck is zero in small samples too.
MEASURES = {"classification": ("accuracy", "roc_auc"), "regression": ("neg_mean_squared_error",)}
OF = {
    "f1": "accuracy",
    "f1_macro": "accuracy",
    "neg_brier_score": "accuracy",
    "r2": "neg_mean_squared_error",
    "neg_root_mean_squared_error": "neg_mean_squared_error",
    "neg_mean_absolute_error": "neg_mean_squared_error",
}


def again(case: Case, record: dict[str, Any]) -> None:
    """Put luthier's figures anew into a record, and the luck of its rows if it lacks it.

    The winner and the truth are as they were.

    Raises
    ------
    SystemExit
        If the search is not the one that was recorded.
    """
    part = sample(case, record["seed"])
    fold = split(case, part, record["seed"])
    known = "luck" in record
    mine, new = predictions(candidates(case.models), part, fold, 0 if known else ROWS)
    for name, told in record["metrics"].items():
        how = measure(name, part.y)
        found = honest(mine[int(how.reads != "predict")], part.y, fold, how, blocks=part.groups,
                       default=default(case.models))  # fmt: skip
        if abs(found.naive - told["naive"][0]) > 1e-4 * max(1.0, abs(found.naive)):
            raise SystemExit(f"{case.name} {record['seed']} {name}: this is another search.")
        assert found.gain is not None
        gain = found.gain
        told["honest"] = [found.score, found.low, found.high]
        told["gain honest"][:4] = [gain.mean, gain.low, gain.high, gain.chance]
    if not known:
        record["luck"] = luck(case, part, fold, mine, new)
    record["method"] = METHOD


def luck(
    case: Case, part: Sample, fold: NDArray[np.int64], mine: Array, new: Array
) -> dict[str, float]:
    """By measure: the mean over the truly best quarter of candidates; squares relative to truth.

    The best quarter by the untouched rows, that is, so the training rows have no say in it.

    Parameters
    ----------
    mine, new
        As `predictions` returns them.
    """
    number = part.y.dtype.kind == "f"
    made = {}
    for name in MEASURES["regression" if number else "classification"]:
        if name == "roc_auc" and (number or part.y.max() > 1):
            continue
        how = measure(name, part.y)
        at = int(how.reads != "predict")
        pool = pooled(part.y, fold, how, None, part.groups, None, None)[0]
        said = pool.score(how.answers(mine[at]), np.ones((1, pool.units)))[0]
        if case.blind:
            made[name] = float(np.mean(said) - 0.5)
            continue
        y, ones = how.targets(part.y_new[:ROWS]), np.ones((1, len(part.y_new[:ROWS])))
        true = np.mean([how.many(y, how.answers(one), ones)[0] for one in new[at]], axis=0)
        best = np.argsort(-true, kind="stable")[: len(true) // 4]
        apart = np.mean((said - true)[best])
        made[name] = float(apart / abs(np.mean(true[best])) if number else apart)
    return made


def predictions(
    made: list[Any], part: Sample, fold: NDArray[np.int64], rows: int
) -> tuple[Array, Array]:
    """Out-of-fold predictions and scores (2, C, N), and those of untouched rows (2, K, C, rows)."""
    X_new = part.X_new[:rows]
    count, folds = len(made), int(fold.max()) + 1
    mine, new = np.zeros((2, count, len(part.y))), np.zeros((2, folds, count, len(X_new)))
    two = part.y.dtype.kind != "f" and part.y.max() == 1
    for k in range(folds):
        test = fold == k
        for c, candidate in enumerate(made):
            model = candidate.fit(part.X[~test], part.y[~test])
            mine[0, c, test] = model.predict(part.X[test])
            if two:
                mine[1, c, test] = graded(model, part.X[test])
            if len(X_new):
                new[0, k, c] = model.predict(X_new)
                new[1, k, c] = graded(model, X_new) if two else 0.0
    return mine, new
