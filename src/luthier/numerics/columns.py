"""Columns: arrays of one length that grow together at their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Kinds = Mapping[str, tuple[tuple[int, ...], type, float]]


class Columns:
    """A table of columns, to which rows are added one by one; what is read cannot be written.

    Parameters
    ----------
    kinds : mapping
        For each column its name, the shape of one cell, the type, and what stands in a cell that
        was not given.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._n = 0
        self._room = 16
        self._arrays: dict[str, Column] = {
            name: np.full((self._room, *shape), fill, dtype=kind)
            for name, (shape, kind, fill) in kinds.items()
        }

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, name: str) -> Column:
        """The rows so far, read-only. Rows that are there when it is read may change later."""
        made = self._arrays[name][: self._n]
        made.flags.writeable = False
        return made

    def cell(self, name: str, row: int) -> Any:
        """One cell, without the cost of a view."""
        return self._arrays[name][row]

    def append(self, **cells: Any) -> None:
        """Add a row."""
        if self._n == self._room:
            self._grow()
        for name, cell in cells.items():
            self._arrays[name][self._n] = cell
        self._n += 1

    def put(self, name: str, rows: Any, cells: Any) -> None:
        """Overwrite cells of rows that are there."""
        self._arrays[name][rows] = cells

    def pick(self, rows: Any) -> Columns:
        """A table of these rows only."""
        made = Columns.__new__(Columns)
        made._kinds = self._kinds
        made._arrays = {name: array[: self._n][rows] for name, array in self._arrays.items()}
        made._n = made._room = len(next(iter(made._arrays.values())))
        return made

    def _grow(self) -> None:
        self._room = max(16, 2 * self._room)
        for name, (shape, kind, fill) in self._kinds.items():
            made: Column = np.full((self._room, *shape), fill, dtype=kind)
            made[: self._n] = self._arrays[name][: self._n]
            self._arrays[name] = made
