"""Racing: which candidates need no more folds of cross-validation, and what to run next.

All candidates are scored on the same K folds, so two of them can be compared in pairs on the folds
that both have. Only a candidate with all its folds may win; the others are compared with the best
of those, the incumbent. A driver repeats three lines until `next_tasks` has nothing left:

    for row, fold in next_tasks(scores, dropped, jobs):
        scores[row, fold] = ...                     # NaN before
    dropped |= hopeless(scores, highest=1.0)        # 1.0 for accuracy, inf where there is no best

and `incumbent(scores)` is the winner. A `Race` does the same, and remembers what it worked out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

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
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.asarray(scores).mean(axis=1)  # NaN where a fold is missing
    return _leader(np.where(np.isnan(mean), -np.inf, mean))


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
    return Race(scores, rule=rule, highest=highest, chance=chance, own=own).hopeless()


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
    dropped = np.asarray(dropped, dtype=bool)
    return Race(scores).next_tasks(dropped, jobs, running=running, promising=promising)


class Race:
    """The scores of a race so far, for drivers that ask after every fold.

    What `hopeless` and `next_tasks` work out of a row anew at every call is kept here, and worked
    out again for rows that have changed, or for all when another row leads. So they say the same.

    Parameters
    ----------
    scores, rule, highest, chance, own
        As for `hopeless`.
    """

    def __init__(
        self,
        scores: Array,
        *,
        rule: Rule = "likely",
        highest: float = np.inf,
        chance: float = CHANCE,
        own: float = OWN,
    ) -> None:
        self.scores = np.array(scores, dtype=np.float64)
        self.rule, self.highest, self.own = rule, highest, own
        C, K = self.scores.shape
        self.seen = np.zeros((C, K), dtype=bool)
        self.n = np.zeros(C, dtype=np.int64)
        self.best = -1  # the incumbent
        self._failed = np.zeros(C, dtype=bool)
        self._whole = np.zeros(C)  # mean of all folds, -inf where there is none
        self._bound, self._mean, self._gap, self._squares = (np.zeros(C) for _ in range(4))
        self._values, self._weight = np.zeros((C, K)), np.zeros((C, K))
        # For n = 0, 1, ... folds: how many spreads behind the chance to end ahead is `chance`.
        self._far = -stdtrit(np.maximum(PRIOR + np.arange(K + 1) - 1, 1), chance)
        self._changed(slice(None))

    def put(self, row: int, fold: int, score: float) -> None:
        """A fold of a row has run."""
        self.scores[row, fold] = score
        self._changed(slice(row, row + 1))

    def _changed(self, part: slice) -> None:
        scores = self.scores[part]
        seen = self.seen[part] = ~np.isnan(scores)
        n = self.n[part] = seen.sum(axis=1)
        self._failed[part] = (scores == -np.inf).any(axis=1)
        self._weight[part] = seen & np.isfinite(scores)
        self._values[part] = np.where(self._weight[part] > 0, scores, 0)
        before = self.best
        # Adding up is monotone even when it rounds: no later mean can exceed this bound.
        with np.errstate(all="ignore"):  # rows without folds, infinite and enormous scores
            self._bound[part] = np.where(seen, scores, self.highest).mean(axis=1)
            self._mean[part] = np.where(seen, scores, 0).sum(axis=1) / n
            whole = scores.mean(axis=1)  # NaN where a fold is missing
            self._whole[part] = np.where(np.isnan(whole), -np.inf, whole)
            self.best = _leader(self._whole)
            if self.best >= 0:
                self._compared(part if self.best == before else slice(None))

    def _compared(self, part: slice) -> None:
        seen = self.seen[part]
        gaps = np.where(seen, self.scores[self.best] - self.scores[part], 0)
        gap = self._gap[part] = gaps.sum(axis=1) / self.n[part]
        squares = np.where(seen, (gaps - gap[:, None]) ** 2, 0)
        self._squares[part] = squares.sum(axis=1)

    def hopeless(self) -> Flags:
        """(C,) what the function `hopeless` says of the scores."""
        going: Flags = self.n < self.scores.shape[1]
        made = self._failed.copy()
        if self.best >= 0:
            top, bound = self._whole[self.best], self._bound
            made |= bound < top
            made[self.best + 1 :] |= bound[self.best + 1 :] == top
            with np.errstate(all="ignore"):
                if self.rule == "forgiving":
                    made |= (self.n > 0) & (self._mean <= self.scores[self.best].min())
                elif self.rule == "likely":
                    made |= (self.n > 0) & self._behind()
        made &= going
        return made

    def _behind(self) -> Flags:
        """(C,) whether the chance to end ahead of the incumbent is too small."""
        K, n, squares = self.scores.shape[1], self.n, self._squares
        own = self.scores[self.best].var() * K / max(K - 1, 1)
        pairs = (n > 1) & np.isfinite(squares)
        pairs[self.best] = False
        weight = self.own
        shared = (weight * own + squares[pairs].sum()) / (weight + (n[pairs] - 1).sum())
        # A row with one fold has no variance of its own, and twins of the incumbent, which never
        # differ from it, must not speak for it: most winners that were lost were lost so.
        prior = np.where(n == 1, max(shared, own), shared)
        variance = (PRIOR * prior + squares) / (PRIOR + n - 1)
        spread = np.sqrt(variance * (K - n) / (n * K))
        made: Flags = (self._gap > 0) & (spread > 0) & (self._gap > self._far[n] * spread)
        return made

    def next_tasks(
        self,
        dropped: Flags,
        jobs: int,
        *,
        running: Flags | None = None,
        promising: bool = True,
    ) -> list[tuple[int, int]]:
        """What the function `next_tasks` says of the scores."""
        taken = self.seen if running is None else self.seen | running
        todo = ~taken & ~dropped[:, None]
        rows = np.flatnonzero(todo.any(axis=1))
        cold: Flags = np.zeros(len(todo), dtype=bool)
        if promising:
            np.logical_not(taken.any(axis=1), out=cold)
        if promising and len(rows) > 1:
            worth = np.where(cold, np.inf, self._worth())
            rows = rows[np.argsort(-worth[rows], kind="stable")]
        made: list[tuple[int, int]] = []
        if self.best < 0:  # cold rows get one fold each, others all of theirs
            for row in rows:
                folds = np.flatnonzero(todo[row])
                made += [(int(row), int(k)) for k in (folds[:1] if cold[row] else folds)]
                if len(made) >= jobs:
                    break
            return made[:jobs]
        for turn in range(todo.shape[1]):
            for row in rows:
                if len(made) >= jobs:
                    return made
                folds = np.flatnonzero(todo[row])
                if turn < len(folds):
                    made.append((int(row), int(folds[turn])))
        return made[:jobs]

    def _worth(self) -> Array:
        """(C,) mean of each row if all rows had run the same folds; -inf where one failed."""
        weight, values = self._weight, self._values
        most = np.abs(values).max(initial=0)
        if most > 1:
            values = values / most  # adding up must not overflow
        in_row, in_fold = (np.maximum(weight.sum(axis=axis), 1) for axis in (1, 0))
        rows, folds = values.sum(axis=1), values.sum(axis=0)
        fold = np.zeros(weight.shape[1])
        for _ in range(3):  # alternate means: the additive fit, as exact as an order needs
            row = (rows - np.einsum("ck,k->c", weight, fold)) / in_row  # equal rows stay equal
            fold = (folds - np.einsum("ck,c->k", weight, row)) / in_fold
        row = (rows - np.einsum("ck,k->c", weight, fold)) / in_row
        made: Array = np.where(self._failed, -np.inf, row)
        return made


def _leader(means: Array) -> int:
    """The first row with the highest mean; -1 where all are -inf."""
    row = int(np.argmax(means)) if len(means) else -1
    return row if row >= 0 and means[row] > -np.inf else -1
