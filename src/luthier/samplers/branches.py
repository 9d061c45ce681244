"""Branches: no option that parameters depend on is given up for a few bad points of theirs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from luthier.observed import branching
from luthier.parameters import Array, Choice
from luthier.space import Space

HELD, FREE = 4, 8  # one point in so many has the rarest option, but for so many at first


class Rarest(NamedTuple):
    """An option of a choice: its column, its cell, and its name."""

    column: int
    cell: float
    words: str


def rarest(space: Space, X: Array, draw: int) -> Rarest | None:
    """The option that was tried least, of choices without order on which parameters depend.

    Parameters
    ----------
    X : (n, d)
        All points so far.
    draw : int
        Of the next point.

    Returns
    -------
    Rarest or None
        None where no parameter depends on such a choice, and in three turns of four.
    """
    if draw < FREE or draw % HELD != HELD - 1:
        return None
    made, least = None, math.inf
    for j in branching(space):
        name, p = list(space.items())[j]
        assert isinstance(p, Choice)
        cells = p.centre(np.arange(p.cells))
        counts = np.isclose(X[:, [j]], cells).sum(axis=0)
        k = int(np.argmin(counts))
        if counts[k] < least:
            made, least = Rarest(j, float(cells[k]), f"{name}={p.labels[k]}"), counts[k]
    return made
