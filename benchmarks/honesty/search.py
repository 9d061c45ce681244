"""One repetition: a search on the training part, what is said of its winner, and the truth."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.honesty.cases import Case, Sample, candidates, default, sample
from luthier.estimate import finalists, from_folds, honest, measure, optimism_of_folds
from luthier.estimate.measures import Measure
from luthier.estimate.pool import Pool, pooled

Array = NDArray[np.float64]
RESAMPLES = 500  # of BBC-CV, as its authors use
FINALISTS = 3
OUTER = 5  # folds of nested cross-validation
METHOD = 2  # one more whenever figures of `luthier.estimate.honest` change


def repetition(case: Case, seed: int, nested: bool) -> dict[str, Any]:
    """The record of one repetition: for each metric the truth and the figures of each method."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # folds without a class, and the like
        part = sample(case, seed)
        made = candidates(case.models)
        fold = split(case, part, seed)
        kept = out_of_fold(made, part, fold)
        fresh = split(case, part, seed + 1_000_000)
        outer = Nested(case, part, seed) if nested else None
        figures = {
            name: judged(case, part, made, fold, fresh, kept, name, outer) for name in case.metrics
        }
    return {
        "case": case.name,
        "seed": seed,
        "nested": nested,
        "method": METHOD,
        "metrics": figures,
    }


def split(case: Case, part: Sample, seed: int, folds: int | None = None) -> NDArray[np.int64]:
    """The test fold of each training row."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    kind: Any = StratifiedKFold
    if part.groups is not None:
        kind = GroupKFold
    elif part.y.dtype.kind == "f":
        kind = KFold
    made = np.empty(len(part.y), dtype=np.int64)
    cut = kind(folds or case.folds, shuffle=True, random_state=seed)
    for k, (_, test) in enumerate(cut.split(part.X, part.y, part.groups)):
        made[test] = k
    return made


def out_of_fold(made: list[Any], part: Sample, fold: NDArray[np.int64]) -> tuple[Array, Array]:
    """Predictions (C, N), and scores (C, N) of the second class where there are two."""
    labels, scores = (np.zeros((len(made), len(part.y))) for _ in range(2))
    for k in range(fold.max() + 1):
        test = fold == k
        for c, candidate in enumerate(made):
            model = candidate.fit(part.X[~test], part.y[~test])
            labels[c, test] = model.predict(part.X[test])
            if part.y.dtype.kind != "f" and part.y.max() == 1:
                scores[c, test] = graded(model, part.X[test])
    return labels, scores


def graded(model: Any, X: Any) -> Any:
    """A number that grows with the second class."""
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return model.predict_proba(X)[:, 1]


def judged(
    case: Case,
    part: Sample,
    made: list[Any],
    fold: NDArray[np.int64],
    fresh: NDArray[np.int64],
    kept: tuple[Array, Array],
    name: str,
    outer: Nested | None,
) -> dict[str, Any]:
    """Figures and truth under one metric."""
    how = measure(name, part.y)
    mine = kept[0] if how.reads == "predict" else kept[1]
    plain = default(case.models)
    told = honest(mine, part.y, fold, how, blocks=part.groups, default=plain)
    pool = pooled(part.y, fold, how, None, part.groups, None, None)[0]
    scores = pool.of_folds(how.answers(mine)).T
    few = from_folds(scores, default=plain)
    mean = scores.mean(axis=1)
    best = np.argsort(-mean, kind="stable")[:FINALISTS]
    again = out_of_fold([made[c] for c in (*best, plain)], part, fresh)
    other = pooled(part.y, fresh, how, None, part.groups, None, None)[0]
    re_scored = other.of_folds(how.answers(again[how.reads != "predict"])).T
    last = finalists(re_scored[:-1], re_scored[-1], ratio=1 / (case.folds - 1))
    true = {c: truth(case, part, made[c], how) for c in {told.best, plain, best[last.choice]}}
    boot = bootstrapped(pool, mine, how)
    record: dict[str, Any] = {
        "truth": true[told.best],
        "gained": true[told.best] - true[plain],
        "naive": [told.naive],
        "honest": [told.score, told.low, told.high],
        "folds": [few.score, few.low, few.high],
        "bbc": boot,
        "tibshirani": [told.naive - optimism_of_folds(scores)],
    }
    for who, gain, real in (
        ("honest", told.gain, true[told.best]),
        ("folds", few.gain, true[told.best]),
        ("finalists", last.gain, true[best[last.choice]]),
    ):
        assert gain is not None
        record[f"gain {who}"] = [gain.mean, gain.low, gain.high, gain.chance, real - true[plain]]
    if outer is not None:
        record["nested"] = [outer.score(how)]
    return record


def truth(case: Case, part: Sample, candidate: Any, how: Measure) -> float:
    """The score on untouched rows of a candidate fitted to the whole training part."""
    if case.blind:
        return 0.5
    model = candidate.fit(part.X, part.y)
    given = model.predict(part.X_new) if how.reads == "predict" else graded(model, part.X_new)
    ones = np.ones((1, len(part.y_new)))
    return float(how.many(how.targets(part.y_new), how.answers(given[None]), ones)[0, 0])


def bootstrapped(pool: Pool, predictions: Array, how: Measure) -> list[float]:
    """BBC-CV as published: the mean of the out-of-bag scores of in-bag winners, and percentiles."""
    rng = np.random.default_rng(0)
    given = how.answers(predictions)
    W = rng.multinomial(pool.units, np.full(pool.units, 1 / pool.units), size=RESAMPLES)
    inside = pool.score(given, W.astype(float))
    outside = pool.score(given, (W == 0).astype(float))
    best = np.where(np.isnan(inside), -np.inf, inside).argmax(axis=1)
    scores = outside[np.arange(RESAMPLES), best]
    low, high = np.nanquantile(scores, [0.05, 0.95]).tolist()
    return [float(np.nanmean(scores)), low, high]


class Nested:
    """Nested cross-validation of the whole search; predictions of inner searches are made once."""

    def __init__(self, case: Case, part: Sample, seed: int) -> None:
        self.made = candidates(case.models)
        self.parts = []
        folds = split(case, part, seed + 2_000_000, OUTER)
        for k in range(OUTER):
            test = folds == k
            groups = None if part.groups is None else part.groups[~test]
            inner = Sample(part.X[~test], part.y[~test], groups, part.X[test], part.y[test])
            fold = split(case, inner, seed)
            self.parts.append((inner, fold, out_of_fold(self.made, inner, fold)))

    def score(self, how: Measure) -> float:
        """The mean over outer folds of the score of the inner winner."""
        scores = []
        for inner, fold, kept in self.parts:
            mine = kept[0] if how.reads == "predict" else kept[1]
            pool = pooled(inner.y, fold, how, None, inner.groups, None, None)[0]
            best = int(np.argmax(np.nanmean(pool.of_folds(how.answers(mine)), axis=0)))
            model = self.made[best].fit(inner.X, inner.y)
            given = (model.predict if how.reads == "predict" else lambda X, m=model: graded(m, X))(
                inner.X_new
            )
            ones = np.ones((1, len(inner.y_new)))
            made = how.many(how.targets(inner.y_new), how.answers(given[None]), ones)
            scores.append(float(made[0, 0]))
        return float(np.nanmean(scores))
