"""Rows of a memory-mapped matrix, taken without keeping the rest of it in memory.

joblib gives workers large arrays as files that they map. A worker that takes a fold's rows from one
touches nearly every page of it, and holds both the pages and the copy. Here the pages are let go
while the copy is made: they can be read again at any time.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 2 * 2**20  # bytes copied before pages are let go; 16 MiB took 0.07 GB more in two workers


class Mapped(np.memmap[Any, Any]):
    """A read-only memory map whose rows, picked by numbers, are copied in small parts."""

    def __getitem__(self, key: Any) -> Any:
        rows = key[0] if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis else key
        if not isinstance(rows, np.ndarray) or rows.dtype.kind != "i" or rows.ndim != 1:
            return super().__getitem__(key)
        made: npt.NDArray[Any] = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        plain, size = self.view(np.ndarray), max(1, self[:1].nbytes)
        step = max(1, CHUNK // size)
        for start in range(0, len(rows), step):
            made[start : start + step] = plain[rows[start : start + step]]
            self._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
        return made


def lean(X: Any) -> Any:
    """A matrix as `Mapped` where it is a read-only memory map of rows, else as it is."""
    known = type(X) is np.memmap and X.mode == "r" and X.ndim > 1 and X.flags.c_contiguous
    if known and hasattr(getattr(X, "_mmap", None), "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        return X.view(Mapped)
    return X
