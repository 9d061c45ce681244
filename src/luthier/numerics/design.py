"""Points to start with, before anything is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Array = npt.NDArray[np.float64]

DRAWS = 20  # designs among which the one with the widest gaps is taken


def balanced(n: int, levels: tuple[int, ...], rng: Generator) -> Array:
    """A Latin hypercube in which every option of a choice comes equally often.

    Parameters
    ----------
    n : int
        Points.
    levels : (d,)
        Options of a choice; 0 for a number, whose n strata are each hit once, at their centres.

    Returns
    -------
    (n, d)
        Of several draws, the one whose closest two points are furthest apart.

    Source
    ------
    McKay, Beckman and Conover (1979); Morris and Mitchell (1995) for the distance.
    """
    best, widest = np.empty((n, len(levels))), -1.0
    for _ in range(DRAWS):
        columns = [_column(n, count, rng) for count in levels]
        made = np.stack(columns, axis=1) if columns else np.empty((n, 0))
        gap = _closest(made, np.array(levels) > 0)
        if gap > widest:
            best, widest = made, gap
    return best


def _column(n: int, levels: int, rng: Generator) -> Array:
    if not levels:
        return np.asarray((rng.permutation(n) + 0.5) / n)
    rounds = [rng.permutation(levels) for _ in range(-(-n // levels))]
    return np.asarray((np.concatenate(rounds)[:n] + 0.5) / levels)


def _closest(X: Array, choice: npt.NDArray[np.bool_]) -> float:
    """The least squared distance between two points; two options are at distance 1."""
    gap = X[:, None, :] - X[None, :, :]
    squared = np.where(choice, gap != 0, gap * gap).sum(axis=2)
    return float(squared[np.triu_indices(len(X), 1)].min(initial=np.inf))
