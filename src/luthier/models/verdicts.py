"""What tuning gained: default against tuned on untouched rows, and whether the winner overfits."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.models.building import AnyOf, Model
from luthier.models.crossval import fit, predictions
from luthier.models.metrics import Metric
from luthier.models.preparation import Fitted
from luthier.models.table import Table
from luthier.numerics.gap import judged

Params = Mapping[str, Any]
LEVEL = 0.95  # of the intervals
RESAMPLES = 2000
MOST_CELLS = 20_000_000  # rows times resamples, beyond which there are fewer resamples


def evaluate(
    train: Table,
    test: Table,
    model: Model | AnyOf,
    metric: Metric,
    default: Params,
    tuned: Params,
    *,
    seed: int = 0,
    threads: int = 1,
    winner: Fitted | None = None,
) -> dict[str, Any]:
    """Default and tuned, both refitted on all of `train` and judged on `test`.

    The intervals are percentiles of a paired bootstrap: each resample draws rows of `test` (or
    whole groups) with replacement, once for both models, so what makes a resample hard or easy
    cancels in the difference. They hold the fitted models fixed and speak of new rows like
    those of `test`, not of another training set.

    Parameters
    ----------
    default, tuned : dict
        Points of the model's space; `{}` is the library's own default.
    winner : Fitted, optional
        `tuned`, already fitted to `train` with the same seed.

    Returns
    -------
    dict
        Plain data: ``metric``, ``direction``, ``rows``, ``resamples``, ``level``, ``default``,
        ``tuned`` and ``difference`` (each ``score``, ``low``, ``high``; a positive difference
        means that tuned is better, whichever way the metric points), ``verdict`` ("better",
        "worse" or "unclear"), ``words``, and ``guess``, the score of always predicting the
        most frequent class or the mean.

    Raises
    ------
    DataError
        If the metric is not defined on the test rows.

    Source
    ------
    Efron and Tibshirani (1993), *An introduction to the bootstrap*, chapter 13.
    """
    same = dict(default) == dict(tuned)
    second = winner if winner is not None else fit(train, model, tuned, seed, threads=threads)
    first = second if same else fit(train, model, default, seed, threads=threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a level that training did not have, and the like
        given = [predictions(made, test.X, metric) for made in (first, second)]
    scores = [metric.value(test.y, made, len(test.labels)) for made in given]
    if not np.isfinite(scores).all():
        raise DataError(
            f"{test.name}: {metric.name} is not defined on these {len(test)} test rows. "
            "Give a larger test part, or another metric."
        )
    sign = 1.0 if metric.direction == "maximize" else -1.0
    draws = _resampled(test, given, metric, seed)
    gain = sign * (draws[:, 1] - draws[:, 0])
    made: dict[str, Any] = {
        "metric": metric.name,
        "direction": metric.direction,
        "rows": len(test),
        "resamples": len(draws),
        "level": LEVEL,
        "default": _interval(scores[0], draws[:, 0]),
        "tuned": _interval(scores[1], draws[:, 1]),
        "difference": _interval(sign * (scores[1] - scores[0]), gain),
        "guess": guess(train, test, metric),
    }
    made["verdict"] = _verdict(made["difference"])
    made["words"] = _words(made, same)
    return made


def _resampled(
    test: Table, given: Sequence[npt.NDArray[Any]], metric: Metric, seed: int
) -> npt.NDArray[np.float64]:
    """The metric of each resample, shape (resamples, models); undefined ones left out."""
    rng = np.random.default_rng([seed, 0x7E57])
    count = int(np.clip(MOST_CELLS // len(test), 200, RESAMPLES))
    members: list[npt.NDArray[np.int64]] | None = None
    if test.groups is not None:
        members = [np.flatnonzero(test.groups == group) for group in np.unique(test.groups)]
    made = np.empty((count, len(given)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resample without a class is NaN and left out
        for draw in range(count):
            if members is None:
                rows = rng.integers(len(test), size=len(test))
            else:
                chosen = rng.integers(len(members), size=len(members))
                rows = np.concatenate([members[group] for group in chosen])
            y = test.y[rows]
            for j, answers in enumerate(given):
                made[draw, j] = metric.value(y, answers[rows], len(test.labels))
    good = np.isfinite(made).all(axis=1)
    return made[good] if good.any() else np.full((1, len(given)), np.nan)


def _interval(score: float, draws: npt.NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return {"score": float(score), "low": low, "high": high}


def guess(train: Table, test: Table, metric: Metric) -> float:
    """The score of knowing the target's distribution and nothing else."""
    if test.task == "regression":
        middle = np.median(train.y) if metric.name in ("mae", "medae", "mape") else train.y.mean()
        return metric.value(test.y, np.full(len(test), middle), 0)
    shares = np.bincount(train.y, minlength=len(train.labels)) / len(train)
    if metric.needs == "labels":
        return metric.value(test.y, np.full(len(test), shares.argmax()), len(shares))
    return metric.value(test.y, np.tile(shares, (len(test), 1)), len(shares))


def _verdict(difference: Mapping[str, float]) -> str:
    if difference["low"] > 0:
        return "better"
    return "worse" if difference["high"] < 0 else "unclear"


def _words(made: Mapping[str, Any], same: bool) -> str:
    name, difference = made["metric"], made["difference"]
    rows = f"{made['rows']} untouched rows"
    if same:
        return f"The search found nothing better than the default settings, judged on {rows}."
    span = f"{difference['low']:+.4g} to {difference['high']:+.4g}"
    if made["verdict"] == "better":
        return (
            f"On {rows}, tuning improved {name} by {difference['score']:.4g} "
            f"({LEVEL:.0%} interval {span}): more than chance."
        )
    if made["verdict"] == "worse":
        return (
            f"On {rows}, tuning made {name} worse by {-difference['score']:.4g} "
            f"({LEVEL:.0%} interval {span}): keep the default settings."
        )
    return (
        f"On {rows}, tuning changed {name} by {difference['score']:+.4g} "
        f"({LEVEL:.0%} interval {span}, positive is better): "
        "these rows cannot tell the two apart."
    )


def fit_verdict(
    train: Sequence[float],
    valid: Sequence[float],
    metric: Metric,
    *,
    guess: float | None = None,
) -> dict[str, Any]:
    """Whether a model over- or underfits, in words, with the numbers behind it.

    Both are judged by *errors*: the distance of a score from perfect, so that every metric
    reads alike. It overfits when the validation error is at least half as large again as the
    training error, by more than twice the standard error over folds; it underfits when it does
    not, and the training error is still more than half of that of a guess.

    Parameters
    ----------
    train, valid : (folds,)
        Scores of each fold, in the metric's own units.
    guess : float, optional
        The score of always predicting the most frequent class or the mean.

    Returns
    -------
    dict
        ``verdict`` ("overfits", "underfits", "fits"), ``words``, ``train`` and ``valid``
        (means), ``gap`` (positive when validation is worse), ``gap_error`` (standard error of
        the gap over folds, NaN with one fold), ``folds``.

    Raises
    ------
    DataError
        If the two are empty or of different length.
    """
    t, v = np.asarray(train, dtype=np.float64), np.asarray(valid, dtype=np.float64)
    if len(t) != len(v) or not len(t):
        raise DataError(
            f"fit_verdict: got {len(t)} training scores and {len(v)} validation scores. "
            "Give one of each for every fold."
        )
    sign = 1.0 if metric.direction == "maximize" else -1.0
    perfect, floor = sign * metric.ceiling, None if guess is None else sign * guess
    seen = judged(sign * t, sign * v, perfect, floor)
    made: dict[str, Any] = {
        # What is not clearly too much is no reason to change a model.
        "verdict": "fits" if seen.verdict == "unclear" else seen.verdict,
        "train": float(t.mean()),
        "valid": float(v.mean()),
        "gap": seen.gap,
        "gap_error": seen.error,
        "folds": len(t),
    }
    worst = None if floor is None else perfect - floor
    made["words"] = _fit_words(made, metric, seen.train_error, seen.valid_error, worst)
    return made


def _fit_words(
    made: Mapping[str, Any], metric: Metric, train: float, valid: float, worst: float | None
) -> str:
    seen = (
        f"{metric.name} is {made['train']:.4g} on the rows it learned from and "
        f"{made['valid']:.4g} on those it did not"
    )
    if made["folds"] > 1:
        seen += f" (gap {made['gap']:.2g} ± {made['gap_error']:.1g} over {made['folds']} folds)"
    if made["verdict"] == "overfits":
        ratio = "it knows its own rows by heart"
        if train > 1e-3 * valid:
            ratio = f"its error grows {valid / train:.1f}-fold on new rows"
        return (
            f"It overfits: {seen}; {ratio}. The validation score is the honest one; more data or "
            "stronger regularisation may narrow the gap. For forests and nearest neighbours a "
            "gap like this is normal."
        )
    if made["verdict"] == "underfits":
        assert worst is not None  # the verdict was reached by comparing with it
        return (
            f"It underfits: {seen}, so even on its own rows {train / worst:.0%} of the error of a "
            "guess remains. A more flexible model or better features may help, unless the target "
            "is mostly noise."
        )
    return f"It fits about right: {seen}."
