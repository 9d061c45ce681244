"""Grid search: every combination of a few values of each parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.errors import SpaceError
from luthier.history import History
from luthier.parameters import Choice, Float, Parameter, Raw
from luthier.parts import Proposal
from luthier.space import Space

LARGEST = 1_000_000  # points; nobody waits for more, and they are listed one by one


@dataclass(frozen=True)
class Grid:
    """Tries every point of a grid once, the last parameter varying fastest, and then no more.

    Parameters
    ----------
    points : int
        Values of each `Float`, both ends among them, evenly spaced on its scale; a `Float` with
        steps and an `Int` have all of theirs when there are no more than `points`, or no more
        than 10. Choices have all their options.

    Raises
    ------
    SpaceError
        If there is less than one point, or the grid has more than a million.
    """

    points: int = 5
    uses_losses: ClassVar[bool] = False
    _cache: dict[Space, list[dict[str, Raw]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if isinstance(self.points, bool) or not isinstance(self.points, int) or self.points < 1:
            raise SpaceError(f"Grid: points must be a whole number >= 1, got {self.points!r}.")

    def size(self, space: Space) -> int:
        """How many points the grid has in a space."""
        return len(self._rows(space))

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points of the grid that were not tried; fewer at its end.

        A trial's tag is the position of its point in the grid, from 1.
        """
        rows = self._rows(space)
        start = int(history.tag.max()) if len(history) else 0
        chosen: list[int] = []
        # After the end once more from the front: a space that grew moved the points.
        for i in [*range(start, len(rows)), *range(start)] if start < len(rows) else range(len(rows)):
            if len(chosen) == k:
                break
            if history.tried(rows[i]) is None:
                chosen.append(i)
        X = space.rows([rows[i] for i in chosen])
        return Proposal(X, tag=np.array(chosen, dtype=np.int64) + 1)

    def _rows(self, space: Space) -> list[dict[str, Raw]]:
        if space not in self._cache:
            self._cache.clear()
            self._cache[space] = self._enumerate(space)
        return self._cache[space]

    def _enumerate(self, space: Space) -> list[dict[str, Raw]]:
        levels = {name: self._levels(p) for name, p in space.items()}
        rows = []
        for raw in space.walk(levels):
            rows.append(raw)
            if len(rows) > LARGEST:
                total = math.prod(map(len, levels.values()))
                raise SpaceError(
                    f"Grid(points={self.points}): more than a million points in this space (up to "
                    f"{total:,}). Use fewer points, fewer parameters, or sampler='qmc'."
                )
        return rows

    def _levels(self, p: Parameter) -> Sequence[Raw]:
        short = p.cells <= max(self.points, 1 if isinstance(p, Float) else 10)
        if short or isinstance(p, Choice):
            return p.levels()
        ends = np.linspace(0.0, 1.0, self.points) if self.points > 1 else np.array([0.5])
        return list(dict.fromkeys(p.from_unit(float(u)) for u in ends))
