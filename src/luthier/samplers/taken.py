"""Taken: the points that were tried already, or are about to be."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from luthier.history import History
from luthier.parameters import Array, Raw
from luthier.space import Mask, Space


class Taken:
    """Which points were tried in a history, and which were added since."""

    def __init__(self, space: Space, history: History) -> None:
        self._space, self._history = space, history
        self._keys: set[Hashable] = set()

    def add(self, x: Array) -> None:
        """Take one row for tried."""
        self._keys.add(self._space.key(self._space.raw(x)))

    def new(self, raw: Mapping[str, Raw]) -> bool:
        """Whether parameters were neither tried nor added."""
        return self._history.tried(raw) is None and self._space.key(raw) not in self._keys

    def fresh(self, X: Array) -> Mask:
        """Which rows (k, d) are new, each counted where it comes first. Shape (k,)."""
        made, seen = np.zeros(len(X), dtype=bool), set()
        for i, x in enumerate(X):
            raw = self._space.raw(x)
            key = self._space.key(raw)
            made[i] = key not in seen and self.new(raw)
            seen.add(key)
        return made
