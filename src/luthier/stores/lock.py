"""A lock on a file that dies with its process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary


class FileLock:
    """At most one holder among all threads and processes of this host.

    The system gives it back when its process ends, however that happens.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, hold it for the block; a holder may enter again."""
        with self._threads:
            if self._depth == 0:
                self._take()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._give()

    def _take(self) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(self._file, msvcrt.LK_LOCK, 1)  # tries for ten seconds
                    return
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)

    def _give(self) -> None:
        assert self._file is not None
        if sys.platform == "win32":
            import msvcrt

            os.lseek(self._file, 0, os.SEEK_SET)
            msvcrt.locking(self._file, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)


_LOCKS: WeakValueDictionary[Path, FileLock] = WeakValueDictionary()
_GUARD = threading.Lock()


def lock_on(path: Path) -> FileLock:
    """The lock of a file, the same object for all who ask in this process.

    It must be one object: a connection that the garbage collector closes while the same thread
    holds the lock for another would otherwise wait for itself.
    """
    with _GUARD:
        lock = _LOCKS.get(path)
        if lock is None:
            lock = _LOCKS[path] = FileLock(path)
        return lock
