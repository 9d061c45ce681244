"""What a child prints: the first part is passed on as it comes, the last lines are kept."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

KEPT = 8_000  # bytes of a trial's output that are held
LINES = 20  # that a record may have, of so many characters in all:
LENGTH = 2_000
SHOWN = 100_000  # bytes of a trial's output that reach the driver's standard error stream
CHUNK = 1 << 16


class Output:
    """A pipe for the standard output and error of a child, read by the driver.

    Attributes
    ----------
    ours, theirs : int
        Its two ends; `theirs` is the child's.
    open : bool
        Whether somebody may still write to it.
    """

    def __init__(self) -> None:
        self.ours, self.theirs = os.pipe()
        os.set_blocking(self.ours, False)
        self.open = True
        self._lock = threading.Lock()
        self._tail = b""
        self._shown = 0

    def clear(self) -> None:
        """Forget what was said; another trial begins."""
        self.drain()
        with self._lock:
            self._tail, self._shown = b"", 0

    def drain(self) -> None:
        """Read what has come, at most some megabytes of it."""
        with self._lock:
            for _ in range(64 * self.open):
                try:
                    got = os.read(self.ours, CHUNK)
                except BlockingIOError:
                    return
                if not got:
                    self.open = False
                    return
                self._tail = (self._tail + got)[-KEPT:]
                self._show(got)

    def last(self) -> str:
        """The last lines."""
        self.drain()
        text = self._tail.decode(errors="replace").replace("\r\n", "\n").replace("\0", "")
        # Of a progress bar that writes over itself, what is seen in the end.
        lines = [line.rpartition("\r")[2] for line in text.rstrip().split("\n")]
        return "\n".join(lines[-LINES:])[-LENGTH:]

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            self.open = False
            os.close(self.ours)

    def _show(self, got: bytes) -> None:
        if self._shown < SHOWN:
            with suppress(OSError):  # a driver without an error stream
                os.write(2, got[: SHOWN - self._shown])
                if self._shown + len(got) >= SHOWN:
                    os.write(2, b"\nluthier: this trial says more than is shown here.\n")
        self._shown += len(got)
