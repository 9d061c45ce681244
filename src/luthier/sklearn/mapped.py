"""Rows of a memory-mapped matrix, taken with as little memory as possible.

joblib gives workers large arrays as files that they map. A worker that takes a fold's rows from one
touches nearly every page of it, and holds both the pages and the copy. Here the pages are let go
while the copy is made: they can be read again at any time. And many rows of a file that joblib
keeps in memory are copied into a file beside it, which the workers on that fold share.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib._memmapping_reducer import JOBLIB_MMAPS, SYSTEM_SHARED_MEM_FS
from joblib.externals.loky.backend import resource_tracker

Array = npt.NDArray[Any]

CHUNK = 2 * 2**20  # bytes copied before pages are let go; 16 MiB took 0.07 GB more in two workers
LARGE = 2**26  # bytes of rows from which on workers share them
KEPT = 2  # files of rows: those to fit on, and those to score on


def large(X: Any) -> bool:
    """Whether workers may share rows of some data."""
    return isinstance(X, np.ndarray) and X.nbytes >= LARGE


class Mapped(np.memmap[Any, Any]):
    """A read-only memory map whose rows, picked by numbers, are copied in small parts.

    Attributes
    ----------
    together : bool
        Whether workers shall share many of them.
    """

    together = False

    def __getitem__(self, key: Any) -> Any:
        rows = key[0] if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis else key
        if not isinstance(rows, np.ndarray) or rows.dtype.kind != "i" or rows.ndim != 1:
            return super().__getitem__(key)
        shape = (len(rows), *self.shape[1:])
        shared = _shared(self, rows) if self.together and self._temporary() else None
        if shared is not None:
            return np.ndarray(shape, self.dtype, shared)
        made: Array = np.empty(shape, self.dtype)
        start = 0
        for part in self.parts(rows):
            made[start : start + len(part)] = part
            start += len(part)
        return made

    def parts(self, rows: npt.NDArray[np.integer[Any]]) -> Iterator[Array]:
        """Copies of some rows, a few at a time, without the pages that they came from."""
        plain, step = self.view(np.ndarray), max(1, CHUNK // self.row_bytes())
        for start in range(0, len(rows), step):
            yield plain[rows[start : start + step]]
            self._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]

    def row_bytes(self) -> int:
        """Of one row; 1 where there are none."""
        return max(1, int(self[:1].nbytes))

    def _temporary(self) -> bool:
        """Whether joblib keeps its file in memory, and deletes what is in its folder."""
        name = str(self.filename)
        return name in JOBLIB_MMAPS and name.startswith(SYSTEM_SHARED_MEM_FS)


def _shared(X: Mapped, rows: npt.NDArray[np.integer[Any]]) -> mmap.mmap | None:
    """A map of the rows that workers share, but for the pages that they write to.

    None if the rows are few, or there is no room for them.
    """
    import fcntl  # not on Windows, where nothing is mapped by us

    size, source = len(rows) * X.row_bytes(), str(X.filename)
    if size < LARGE or shutil.disk_usage(os.path.dirname(source)).free < 2 * size:
        return None
    path = Path(f"{source}-{hashlib.sha256(rows.tobytes()).hexdigest()[:16]}")
    try:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # whoever comes second waits until it is there
            if os.fstat(file.fileno()).st_size != size:
                # What joblib's tracker knows is deleted in the end, even if joblib is killed.
                resource_tracker.register(str(path), "file")
                _let_go(source)
                file.truncate(0)
                for part in X.parts(rows):
                    file.write(part.view(np.uint8).data)
                file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)  # the map keeps the file open, and would keep the lock
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
    except OSError:  # somebody else took the room
        with suppress(FileNotFoundError):
            _delete(path)
        return None


def _let_go(source: str) -> None:
    """Delete the older files of a matrix's rows; who has mapped one keeps it."""
    whole = Path(source)
    with suppress(FileNotFoundError):  # another worker is at it
        made = sorted(whole.parent.glob(f"{whole.name}-*"), key=lambda one: one.stat().st_mtime_ns)
        for path in made[:-KEPT]:
            _delete(path)


def _delete(path: Path) -> None:
    """Delete a file of rows, and have joblib's tracker forget it.

    The tracker does not delete it itself: it takes its time, so two workers would ask for it, and
    of the second one it complains.
    """
    path.unlink()
    resource_tracker.unregister(str(path), "file")


def lean(X: Any, together: bool = False) -> Any:
    """A matrix as `Mapped` where it is a read-only memory map of rows, else as it is."""
    known = type(X) is np.memmap and X.mode == "r" and X.ndim > 1 and X.flags.c_contiguous
    if known and hasattr(getattr(X, "_mmap", None), "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        X = X.view(Mapped)
        X.together = together
    return X
