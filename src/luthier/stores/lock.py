"""A lock on a file that dies with its process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
        while True:
            if self._file is None:
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
                self._file = os.open(self._path, flags, 0o666)
            self._wait(self._file)
            if self._is_current(self._file):
                return
            self.close()  # somebody deleted the file: a lock on it keeps nobody out

    def _wait(self, file: int) -> None:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file, msvcrt.LK_LOCK, 1)  # tries for ten seconds
                    return
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(file))
        except FileNotFoundError:
            return False

    def _give(self) -> None:
        assert self._file is not None
        if sys.platform == "win32":
            import msvcrt

            os.lseek(self._file, 0, os.SEEK_SET)
            msvcrt.locking(self._file, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_UN)

    def forked(self) -> None:
        """In a child made by fork: the open file, and so its lock, is the parent's."""
        if self._file is not None:
            os.close(self._file)
        self._threads, self._depth, self._file = threading.RLock(), 0, None

    def close(self) -> None:
        """Close the file; the lock can be taken again later."""
        with self._threads:
            if self._file is not None and self._depth == 0:
                os.close(self._file)
                self._file = None
