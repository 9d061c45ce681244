"""Encoded: the parameters of trials as rows of the unit cube, made when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from luthier.parameters import Array, Raw
from luthier.space import Space


class Encoded:
    """The rows of trials in one space.

    Parameters
    ----------
    X : (n, d), optional
        Those of the first n trials, where they are known.
    """

    def __init__(self, space: Space, X: Array | None = None) -> None:
        self._space = space
        self._X = np.empty((0, len(space))) if X is None else X
        self._made = len(self._X)  # rows that are up to date, but for those in _stale
        self._stale: set[int] = set()

    def changed(self, row: int) -> None:
        """A trial has other parameters now."""
        if row < self._made:
            self._stale.add(row)

    def rows(self, raws: Sequence[Mapping[str, Raw]]) -> Array:
        """(n, d) of trials with these raw parameters, NaN where inactive; read-only."""
        n, old = len(raws), self._made
        if old < n:
            if len(self._X) < n:
                grown = np.empty((max(16, 2 * n), len(self._space)))
                grown[:old] = self._X[:old]
                self._X = grown
            self._X[old:n] = self._space.rows(raws[old:])
            self._made = n
        for row in self._stale:
            self._X[row] = self._space.rows([raws[row]])[0]
        self._stale.clear()
        made = self._X[:n]
        made.flags.writeable = False
        return made
