"""Racing: which candidates need no more folds of cross-validation, and what to run next.

All candidates are scored on the same K folds, so two of them can be compared in pairs on the folds
that both have. Only a candidate with all its folds may win; the others are compared with the best
of those, the incumbent. A driver repeats three lines until `next_tasks` has nothing left:

    for row, fold in next_tasks(scores, dropped, jobs):
        scores[row, fold] = ...                     # NaN before
    dropped |= hopeless(scores, highest=1.0)        # 1.0 for accuracy, inf where there is no best

and `incumbent(scores)` is the winner.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rule = Literal["lossless", "forgiving", "likely"]

# Of ending ahead. With 0.015 and 0.02 the winner of 98 grids of ten folds was the same in 97.4 and
# 97.0 % of 2,940 searches, and the median search ran 2.02 and 2.12 times fewer folds.
CHANCE = 0.02
PRIOR = 4  # degrees of freedom of the variance that candidates share, beside a candidate's own
# And of the incumbent's spread over folds, beside the pairs seen so far, in searches. With 3
# instead of 10 the winner was the same in 96.0 % of the same searches, for 4 % fewer folds.
OWN = 10


def incumbent(scores: Array) -> int:
    """The row that wins so far: of those with all folds, the first with the highest mean.

    Parameters
    ----------
    scores : (C, K)
        Larger is better; NaN where a fold has not run, ``-inf`` where one failed.

    Returns
    -------
    int
        -1 where no row is complete without a failure.
    """
    if not len(scores):
        return -1
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.asarray(scores).mean(axis=1)  # NaN where a fold is missing
    mean[np.isnan(mean)] = -np.inf
    row = int(np.argmax(mean))
    return row if mean[row] > -np.inf else -1


def hopeless(
    scores: Array,
    *,
    rule: Rule = "likely",
    highest: float = np.inf,
    chance: float = CHANCE,
    own: float = OWN,
) -> Flags:
    """Which candidates may be dropped now, because they will not win.

    Parameters
    ----------
    scores : (C, K)
        Larger is better; NaN where a fold has not run, ``-inf`` where one failed and the
        candidate therefore cannot win. A failure that counts as some number is that number.
    rule : {"lossless", "forgiving", "likely"}
        ``"lossless"`` drops what could not win with the highest score on all its other folds:
        the winner never changes. ``"forgiving"`` also drops what has a mean at or below the
        incumbent's worst fold. ``"likely"`` adds to the first what ends ahead of the incumbent
        with a probability below `chance`, judged from differences on the same folds.
    highest : float
        The best score there is: 1 for accuracy, AUC and r2, 0 for minus an error.
    chance : float
        For ``"likely"``, within 0 and 1. Of one decision; a winner must survive several.
    own : float
        For ``"likely"``, the degrees of freedom with which the incumbent's spread over folds
        counts in the variance that candidates share. More of them spare winners that differ
        little from others, fewer trust the pairs sooner.

    Returns
    -------
    (C,) bool
        False for complete candidates, which cost nothing more. Of equal means the first row
        wins, so a later row that can at best draw level is dropped.

    Source
    ------
    "forgiving": Bergman, Purucker and Hutter (2024), Don't waste your time: early stopping
    cross-validation. "likely" is ours: differences d_k to the incumbent are normal with a flat
    prior on their mean, and with a variance that is the mean of the candidate's own and that of
    all pairs, as in Smyth (2004), so that one fold is enough to judge by. After n of K folds the
    mean of all K then follows a Student t around the mean so far, with the variance
    v (K - n) / (n K): the folds that have run are no longer in doubt.
    """
    scores = np.asarray(scores, dtype=np.float64)
    C, K = scores.shape
    seen = ~np.isnan(scores)
    n = seen.sum(axis=1)
    going = n < K
    made: Flags = (scores == -np.inf).any(axis=1)
    best = incumbent(scores)
    if best >= 0:
        # Adding up is monotone even when it rounds: no later mean can exceed this one.
        with np.errstate(all="ignore"):  # rows without folds, infinite and enormous scores
            bound = np.where(seen, scores, highest).mean(axis=1)
            top = scores[best].mean()
            made |= (bound < top) | ((bound == top) & (np.arange(C) > best))
            if rule == "forgiving":
                made |= (n > 0) & (_mean(scores, seen) <= scores[best].min())
            elif rule == "likely":
                made |= (n > 0) & going & _behind(scores, seen, best, chance, own)
    made &= going
    return made


def _mean(values: Array, seen: Flags) -> Array:
    """(C,) mean over the folds that have run."""
    made: Array = np.where(seen, values, 0).sum(axis=1) / seen.sum(axis=1)
    return made


def _behind(scores: Array, seen: Flags, best: int, chance: float, weight: float) -> Flags:
    """(C,) whether the chance to end ahead of row `best` is below `chance`."""
    K, n = scores.shape[1], seen.sum(axis=1)
    gaps = np.where(seen, scores[best] - scores, 0)
    gap = gaps.sum(axis=1) / n
    squares = np.where(seen, (gaps - gap[:, None]) ** 2, 0).sum(axis=1)
    own = scores[best].var() * K / max(K - 1, 1)
    pairs = (n > 1) & np.isfinite(squares)
    pairs[best] = False
    shared = (weight * own + squares[pairs].sum()) / (weight + (n[pairs] - 1).sum())
    # A row with one fold has no variance of its own, and twins of the incumbent, which never
    # differ from it, must not speak for it: most winners that were lost were lost so.
    shared = np.where(n == 1, max(shared, own), shared)
    variance = (PRIOR * shared + squares) / (PRIOR + n - 1)
    spread = np.sqrt(variance * (K - n) / (n * K))
    made: Flags = (gap > 0) & (spread > 0)
    made[made] = stdtr(PRIOR + n[made] - 1, -gap[made] / spread[made]) < chance
    return made


def next_tasks(
    scores: Array,
    dropped: Flags,
    jobs: int,
    *,
    running: Flags | None = None,
    promising: bool = True,
) -> list[tuple[int, int]]:
    """What up to `jobs` free workers should run: pairs of a row and a fold.

    Each row runs its folds from left to right. First one row is completed, for nothing is
    hopeless before; then each worker takes another row.

    Parameters
    ----------
    scores : (C, K)
        As for `hopeless`.
    dropped : (C,) bool
        Rows that get nothing more.
    jobs : int
    running : (C, K) bool, optional
        Tasks handed out whose scores are not there yet.
    promising : bool
        Start every row with one fold and go on with the best, instead of in the order of rows.
        Saves more where all candidates are known from the start.

    Returns
    -------
    list of (int, int)
        Empty when all is run, handed out or dropped.
    """
    scores = np.asarray(scores, dtype=np.float64)
    seen = ~np.isnan(scores)
    todo = ~seen & ~np.asarray(dropped)[:, None]
    taken = seen.copy()
    if running is not None:
        taken |= running
        todo &= ~running
    rows = np.flatnonzero(todo.any(axis=1))
    cold: Flags = np.zeros(len(scores), dtype=bool)
    if promising:
        cold[:] = ~taken.any(axis=1)
        worth = np.where(cold, np.inf, _worth(scores, seen))
        rows = rows[np.argsort(-worth[rows], kind="stable")]
    made: list[tuple[int, int]] = []
    if incumbent(scores) < 0:  # cold rows get one fold each, others all of theirs
        for row in rows:
            folds = np.flatnonzero(todo[row])
            made += [(int(row), int(k)) for k in (folds[:1] if cold[row] else folds)]
            if len(made) >= jobs:
                break
        return made[:jobs]
    for turn in range(scores.shape[1]):
        for row in rows:
            if len(made) >= jobs:
                return made
            folds = np.flatnonzero(todo[row])
            if turn < len(folds):
                made.append((int(row), int(folds[turn])))
    return made[:jobs]


def _worth(scores: Array, seen: Flags) -> Array:
    """(C,) mean of each row if all rows had run the same folds; -inf where one failed."""
    failed = (scores == -np.inf).any(axis=1)
    valid = seen & np.isfinite(scores)
    values = np.where(valid, scores, 0)
    values = values / max(1.0, np.abs(values).max(initial=0))  # adding up must not overflow
    in_row, in_fold = (np.maximum(valid.sum(axis=axis), 1) for axis in (1, 0))
    rows, folds = values.sum(axis=1), values.sum(axis=0)
    weight, fold = valid.astype(np.float64), np.zeros(scores.shape[1])
    for _ in range(3):  # alternate means: the additive fit, to the accuracy that an order needs
        row = (rows - np.einsum("ck,k->c", weight, fold)) / in_row  # equal rows stay equal
        fold = (folds - np.einsum("ck,c->k", weight, row)) / in_fold
    row = (rows - np.einsum("ck,k->c", weight, fold)) / in_row
    made: Array = np.where(failed, -np.inf, row)
    return made
