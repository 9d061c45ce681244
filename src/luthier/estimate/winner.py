"""What to expect of a search's winner, from the out-of-fold predictions of all candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.measures import Measure
from luthier.estimate.mixtures import PARTS, REPEATS, expected
from luthier.estimate.pool import CELLS, Pool, pooled
from luthier.estimate.result import EARLIER, Honest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 20  # candidates that always take part


def honest(
    predictions: npt.NDArray[Any],
    y: npt.NDArray[Any],
    fold: npt.NDArray[Any],
    measure: Measure,
    *,
    rows: npt.NDArray[Any] | None = None,
    blocks: npt.NDArray[Any] | None = None,
    weights: npt.NDArray[Any] | None = None,
    train: float | None = None,
    best: int | None = None,
    default: int | None = None,
    earlier: float = 0.0,
    level: float = 0.9,
    seed: int = 0,
) -> Honest:
    """What to expect of the winner, refitted on all rows, on rows that nobody has seen.

    The rows are cut into five parts. For each part the best candidate on the other four is found,
    and its predictions of this part are taken; so no row has a say in choosing who predicts it.
    The predictions of the five parts together are scored once, and the mean over twenty ways to
    cut is the figure, less the bias that ratios and roots have on few rows. No model is fitted.

    The interval is Student's. Its variance is that of the mixed predictions' score when units
    are drawn with replacement, times 1 + N / n for N rows and n training rows in a fold: the
    second term stands for another training set.

    Parameters
    ----------
    predictions : (C, M) or (C, M, classes)
        What each candidate predicted for rows that it had not learned from: what
        ``measure.reads`` asks for. Candidates that have all folds only.
    y : (N,)
        Targets.
    fold : (M,) int
        The test fold of each prediction; below 0 where there is none.
    rows : (M,) int, optional
        The row of `y` that each prediction is of, where rows occur in several test folds;
        otherwise M is N, in order.
    blocks : (N,), optional
        Rows that belong together, such as groups, or stretches of time
        (``np.arange(N) // length``).
    weights : (N,), optional
        Sample weights of the scorer.
    train : float, optional
        Rows that the model of a fold learned from, on average; otherwise all but its test rows.
    best : int, optional
        The winner, if it was not chosen for its mean over folds; then the optimism is that of
        choosing the best, which is no less.
    default : int, optional
        The candidate that needs no search. The result then has the winner's honest gain over it,
        by the same resamples for both.
    earlier : float
        To be taken off because the candidates were chosen, on the same rows, before they were
        judged like this.
    level : float
        Of the intervals.
    seed : int

    Raises
    ------
    DataError
        If shapes differ, fewer than two folds or units were predicted, or the measure is not
        defined for any candidate.

    Source
    ------
    Tsamardinos, Greasidou and Borboudakis (2018), Bootstrapping the out-of-sample predictions
    for efficient and accurate cross-validation, *Machine Learning* 107. Where they choose on a
    bootstrap sample and score on the rest, we choose on four fifths and score all rows once: a
    bootstrap sample tells candidates apart no better than half of the rows, and scores such as
    F1 suffer from few rows. The factor of the variance: Nadeau and Bengio (2003), Inference for
    the generalization error, *Machine Learning* 52; theirs is for folds, this one for rows.
    """
    predictions = np.asarray(predictions)
    pool, inside = pooled(y, fold, measure, rows, blocks, weights, train)
    if predictions.ndim not in (2, 3) or predictions.shape[1] != len(inside):
        raise DataError(
            f"predictions have shape {predictions.shape}, but there are {len(inside)} entries of "
            "fold. Give (candidates, rows) or (candidates, rows, classes)."
        )
    rng = np.random.default_rng([seed, 0xB0B])
    whole, naive = standing(pool, predictions, inside)
    winner = int(np.nanargmax(naive)) if best is None else best
    # Beyond what choosing the best costs, another winner is as far below as its own score says.
    shift = 0.0 if best is None else float(whole[winner] - np.nanmax(whole))
    shift -= earlier
    kept = _kept(whole, measure.fast)
    repeats = REPEATS if measure.fast else REPEATS // 5
    given = pool.comparable(measure.answers(predictions[kept][:, inside]))
    mixed = _mixtures(pool, given, repeats, rng)
    plain = None
    if default is not None:
        plain = pool.comparable(measure.answers(predictions[[default]][:, inside]))
    told = expected(pool, mixed, plain, shift, level, rng)
    return Honest(
        told.score,
        told.low,
        told.high,
        level,
        float(naive[winner]),
        winner,
        len(predictions),
        "predictions",
        told.gain,
        " ".join(
            said
            for said in (
                EARLIER.format(earlier) if earlier > 0 else "",
                "" if measure.fast else _note(len(predictions), len(kept), repeats),
            )
            if said
        ),
    )


def _kept(whole: Array, fast: bool) -> Ints:
    """The candidates that may be chosen from fewer rows.

    The best of 200 equal candidates on four fifths of the rows is among the best quarter on all
    of them in all but one case in ten thousand.
    """
    most = max(LEAST, len(whole) // 4) if fast else LEAST
    order = np.argsort(-np.where(np.isfinite(whole), whole, -np.inf), kind="stable")[:most]
    return np.sort(order[np.isfinite(whole[order])])


def standing(
    pool: Pool, predictions: npt.NDArray[Any], inside: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Each candidate's score over all rows, and its mean over folds."""
    size = max(1, CELLS // max(1, predictions[0].size))
    whole, folds = [], []
    for start in range(0, len(predictions), size):
        given = pool.measure.answers(predictions[start : start + size][:, inside])
        each = pool.of_folds(given)
        defined = each[~np.isnan(each).all(axis=1)]
        folds.append(defined.mean(axis=0) if len(defined) else np.full(len(given), np.nan))
        whole.append(pool.score(pool.comparable(given), np.ones((1, pool.units)))[0])
    made, means = np.concatenate(whole), np.concatenate(folds)
    if not np.isfinite(made).any():
        raise DataError(
            f"{pool.measure.name} is not defined on the predicted rows for any candidate. Use "
            "fewer folds, stratified ones, or another scorer."
        )
    return made, np.where(np.isnan(means).all(), made, means)


def _mixtures(pool: Pool, given: Any, repeats: int, rng: np.random.Generator) -> Any:
    """Predictions (repeats, M, ...) of which no row had a say in who made it."""
    parts = min(PARTS, pool.units)
    made = np.empty((repeats, *given.shape[1:]), dtype=given.dtype)
    step = max(1, CELLS // (parts * len(pool.y)))
    for start in range(0, repeats, step):
        some = [pool.parts(parts, rng) for _ in range(min(step, repeats - start))]
        W = np.concatenate([part != np.arange(parts)[:, None] for part in some]).astype(np.float64)
        scores = pool.score(given, W)
        chosen = np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1).reshape(-1, parts)
        for at, (part, who) in enumerate(zip(some, chosen, strict=True), start=start):
            made[at] = given[who[part[pool.unit]], np.arange(len(pool.y))]
    return made


def _note(count: int, kept: int, repeats: int) -> str:
    left = f" and {kept} of {count} candidates" if kept < count else ""
    return f"The scorer is slow, so only {repeats} cuts of the rows{left} were tried."
