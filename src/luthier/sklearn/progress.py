"""One line on the terminal that shows how a search goes."""

from __future__ import annotations

import math
import sys
import time
from typing import Any


class Line:
    """A line that is written over a few times a second, and left standing at the end.

    Parameters
    ----------
    wanted : bool or None
        None shows it on a terminal only.
    """

    def __init__(self, wanted: bool | None) -> None:
        self.shown = sys.stderr.isatty() if wanted is None else wanted
        self._live: Any = None
        self._started = time.monotonic()
        if self.shown:
            from rich.console import Console
            from rich.live import Live

            self._live = Live("", console=Console(stderr=True), refresh_per_second=4)
        self._open = False

    def update(self, folds: int, candidates: int, total: int | None, best: float) -> None:
        """Show how many folds were run of how many candidates, and the best mean score."""
        if self._live is None:
            return
        if not self._open:
            self._live.start()
            self._open = True
        self._live.update(describe(folds, candidates, total, best, self._spent()))

    def close(self, ended: str) -> None:
        """Leave the last state standing, with why it ended."""
        if self._open:
            if ended:
                self._live.update(f"{self._live.renderable} · {ended}")
            self._live.stop()
            self._open = False

    def _spent(self) -> float:
        return time.monotonic() - self._started


def describe(folds: int, candidates: int, total: int | None, best: float, seconds: float) -> str:
    """The state of a search in one line."""
    of = "" if total is None else f" of {total}"
    parts = [f"{candidates}{of} candidates", f"{folds} folds fitted"]
    if math.isfinite(best):
        parts.append(f"best {best:.5g}")
    minutes, rest = divmod(int(seconds), 60)
    return " · ".join([*parts, f"{minutes}:{rest:02d}"])
