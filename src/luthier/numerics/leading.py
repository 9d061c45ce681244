"""The leading points of several objectives: few, none dominated by others, and far apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from luthier.numerics.pareto import front

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POOL = 500  # points that are compared in pairs; of more, those with the best mean rank


def leading(Y: Array, k: int) -> Ints:
    """The `k` leading points: front by front, and of the last one those far from each other.

    Parameters
    ----------
    Y : (n, m)
        Losses, minimised, without NaN.

    Returns
    -------
    (min(k, n),)
        Rows, best first.

    Source
    ------
    Non-dominated sorting as in Deb, Pratap, Agarwal and Meyarivan (2002); within a front, the
    greedy choice of Gonzalez (1985), on ranks, so that the objectives' scales do not matter.
    """
    ranks = np.argsort(np.argsort(Y, axis=0, kind="stable"), axis=0, kind="stable") / len(Y)
    mean = ranks.mean(axis=1)
    left = np.argsort(mean, kind="stable")
    if len(left) > POOL:
        ends = np.argsort(ranks, axis=0)[: POOL // 10].ravel()  # the best of each objective
        left = np.unique(np.concatenate([left[:POOL], ends]))
    made: list[int] = []
    while len(made) < k and len(left):
        first = front(Y[left])
        made += _apart(ranks, left[first], made, mean, k - len(made))
        left = left[~first]
    return np.array(made, dtype=np.int64)


def _apart(ranks: Array, rows: Ints, before: list[int], mean: Array, k: int) -> list[int]:
    """Up to `k` of some rows, each the farthest from those before it; first that of best mean."""
    if len(rows) <= k:
        return [int(row) for row in rows[np.argsort(mean[rows], kind="stable")]]
    gap = np.full(len(rows), np.inf)
    made: list[int] = []
    for other in before:
        gap = np.minimum(gap, np.abs(ranks[rows] - ranks[other]).sum(axis=1))
    for _ in range(k):
        at = int(np.argmax(gap)) if before or made else int(np.argmin(mean[rows]))
        made.append(int(rows[at]))
        gap = np.minimum(gap, np.abs(ranks[rows] - ranks[rows[at]]).sum(axis=1))
        gap[at] = -1.0
    return made
