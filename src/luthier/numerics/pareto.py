"""Pareto fronts of points whose coordinates are all minimised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def front(Y: Array) -> npt.NDArray[np.bool_]:
    """Which points no other point dominates.

    Parameters
    ----------
    Y : (n, m)
        Losses, minimised, without NaN.

    Returns
    -------
    (n,) bool
        Equal points are all in the front or all out of it.
    """
    alive = np.ones(len(Y), dtype=bool)
    for i in np.lexsort(Y.T[::-1]):  # a point can only be dominated by one that sorts before it
        if alive[i]:
            beaten = (Y[i] <= Y).all(axis=1) & (Y[i] < Y).any(axis=1)
            alive &= ~beaten
    return alive


def fronts(Y: Array) -> npt.NDArray[np.int64]:
    """The rank of each point: 0 in the front, 1 in the front of the others, and so on. Shape (n,).

    Source
    ------
    Non-dominated sorting of Deb, Pratap, Agarwal and Meyarivan (2002), section III-A, done by
    peeling, which is simpler and as quick for a few fronts.
    """
    rank = np.full(len(Y), -1, dtype=np.int64)
    left = np.arange(len(Y))
    level = 0
    while len(left):
        first = front(Y[left])
        rank[left[first]] = level
        left, level = left[~first], level + 1
    return rank
