"""Grid search: every combination of a few values of each parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.errors import SpaceError
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Choice, Float, Parameter, Raw
from luthier.parts import Proposal
from luthier.space import Space

LARGEST = 1_000_000  # points; nobody waits for more, and they are listed one by one
SHORT = 10  # values of an Int that are all tried


@explained
@dataclass(frozen=True)
class Grid:
    """Tries every point of a grid once, the last parameter varying fastest, and then no more.

    What parameters have as `likely` changes nothing.

    Parameters
    ----------
    points : int
        Values of each `Float` and `Int`, both ends among them, evenly spaced on its scale. A
        `Float` with steps has all of its values when these are no more than `points`, an `Int`
        also when they are no more than 10. A `Choice` has all its options.

    Raises
    ------
    SpaceError
        If there is less than one point, or the grid has none in a space, or more than a million.
    """

    points: int = 5
    uses_losses: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if isinstance(self.points, bool) or not isinstance(self.points, int) or self.points < 1:
            raise SpaceError(
                f"Grid: points must be a whole number >= 1, got {self.points!r}. "
                "Say how many values of each Float to try."
            )

    def size(self, space: Space) -> int:
        """How many points the grid has in a space."""
        return len(_rows(space, self.points))

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points of the grid that were not tried; fewer at its end.

        A trial's tag is the position of its point in the grid, from 1.
        """
        rows = _rows(space, self.points)
        start = int(history.tag.max(initial=0)) % len(rows)
        # After the end once more from the front: a space that grew moved the points.
        order = chain(range(start, len(rows)), range(start))
        left = (i for i in order if history.tried(rows[i]) is None)
        chosen = list(islice(left, k))
        X = space.rows([rows[i] for i in chosen])
        return Proposal(X, tag=np.array(chosen, dtype=np.int64) + 1)


@lru_cache(maxsize=2)
def _rows(space: Space, points: int) -> list[dict[str, Raw]]:
    """Every point of the grid, in order."""
    levels = {name: _levels(p, points) for name, p in space.items()}
    rows = list(islice(space.walk(levels), LARGEST + 1))
    if len(rows) > LARGEST:
        total = math.prod(map(len, levels.values()))
        raise SpaceError(
            f"Grid(points={points}): more than {LARGEST:,} points in this space (up to "
            f"{total:,}). Use fewer points, fewer parameters, or sampler='qmc'."
        )
    if not rows:
        raise SpaceError(
            f"Grid(points={points}): every point of the grid is forbidden. "
            "Use more points, or sampler='qmc'."
        )
    return rows


def _levels(p: Parameter, points: int) -> Sequence[Raw]:
    if isinstance(p, Choice) or p.cells <= (points if isinstance(p, Float) else max(points, SHORT)):
        return p.levels() if p.cells > 1 else [p.from_unit(0.5)]
    ends = np.linspace(0.0, 1.0, points) if points > 1 else np.array([0.5])
    return list(dict.fromkeys(p.from_unit(float(u)) for u in ends))
