"""How much a winner owes to luck with less, where candidates had to do well with that first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Scores = Mapping[Hashable, Array]  # of each candidate, (K,) scores of folds, greater is better


def carried(rungs: Mapping[int, Scores], path: Sequence[int]) -> float:
    """What is to be taken off a winner's score for its having been chosen with less.

    Who goes on with more was lucky with less, on the same test rows, and part of that luck is
    still there with more. At each amount that the winner was judged with, as many as went on are
    chosen anew for each fold, by the other folds alone: what they lack on the fold beside those
    who are the best on all folds was luck. How much of the luck is left with the next amount says
    the slope of scores with more on scores with less, over the folds of a candidate, less what all
    candidates have in common on a fold; a candidate's mean over folds, by which it was chosen, has
    no part in it.

    Parameters
    ----------
    rungs : dict
        For each amount the candidates that were judged with it, on all folds.
    path : sequence of int
        The amounts with which the winner was judged, from the least to the whole.

    Returns
    -------
    float
        In units of the score, at least 0; 0 where the winner was given the whole at once, or there
        is a single fold.

    Source
    ------
    Ours. The figure with the whole alone (`luthier.estimate.honest`) knows only that the winner is
    the best of those that came so far.
    """
    made = 0.0
    for less, more in pairwise(path):
        scores = rungs[less]
        on = sum(any(who in rungs[amount] for amount in rungs if amount > less) for who in scores)
        share = _slope(rungs[less], rungs[more])
        made = share * (made + _luck(np.array(list(scores.values())), on))
    return max(0.0, made)


def _luck(S: Array, count: int) -> float:
    """By how much the `count` best of candidates look better than they are, by scores (C, K)."""
    K = S.shape[1]
    if K < 2 or not 0 < count < len(S):
        return 0.0
    total = S.sum(axis=1)
    best = S[np.argsort(-total, kind="stable")[:count]].mean()
    others = np.argsort(-(total[:, None] - S), axis=0, kind="stable")[:count]
    return float(best - np.take_along_axis(S, others, axis=0).mean())


def _slope(less: Scores, more: Scores) -> float:
    """Of luck with one amount, the share that is left with the next; within 0 and 1.

    All of it, where no two candidates tell.
    """
    a, b = _apart(less), _apart(more)
    both = [who for who in a if who in b]
    under = sum(float(a[who] @ a[who]) for who in both)
    if len(both) < 2 or not under > 0:
        return 1.0
    return float(np.clip(sum(float(a[who] @ b[who]) for who in both) / under, 0, 1))


def _apart(scores: Scores) -> dict[Hashable, Array]:
    """Scores less the candidate's mean and the fold's."""
    folds = np.mean(list(scores.values()), axis=0)
    made = {who: one - folds for who, one in scores.items()}
    return {who: one - one.mean() for who, one in made.items()}
