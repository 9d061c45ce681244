"""One line on the terminal that shows how a run goes."""

from __future__ import annotations

import time
from typing import Any

from luthier.history import History, State
from luthier.results import best_so_far


class Line:
    """A line that is written over twice a second, and left standing at the end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._text: Any = Text
        self._live: Any = Live("", console=Console(stderr=True), refresh_per_second=4)
        self._started = time.monotonic()
        self._shown = 0.0
        self._open = False

    def update(self, history: History) -> None:
        """Show the history as it is now."""
        now = time.monotonic()
        if now - self._shown < 0.25:
            return
        self._shown = now
        if not self._open:
            self._live.start()
            self._open = True
        self._live.update(self._text(describe(history, now - self._started)))

    def close(self, history: History, ended: str) -> None:
        """Show the last state, and why the run ended."""
        if self._open or ended:
            if not self._open:
                self._live.start()
            told = describe(history, time.monotonic() - self._started)
            self._live.update(self._text(f"{told} · {ended}" if ended else told))
            self._live.stop()


def describe(history: History, seconds: float) -> str:
    """A history in one line: trials, best, failures, time."""
    counts = history.counts
    parts = [f"{history.ended} trials"]
    if counts[State.RUNNING]:
        parts.append(f"{counts[State.RUNNING]} running")
    if counts[State.STOPPED]:
        parts.append(f"{counts[State.STOPPED]} stopped early")
    if counts[State.FAILED]:
        parts.append(f"{counts[State.FAILED]} failed")
    if best := best_so_far(history):
        parts.append(best)
    minutes, rest = divmod(int(seconds), 60)
    parts.append(f"{minutes}:{rest:02d}")
    return " · ".join(parts)
