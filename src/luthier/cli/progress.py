"""How a run stands while it goes on: a live panel on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from luthier.results import best_so_far, leaders

if TYPE_CHECKING:
    from luthier.history import History

EVERY = 3.0  # seconds between two lines
SAME = 60.0  # seconds between two that say the same


def watcher(trials: int | None, title: str, *, quiet: bool) -> Any:
    """What follows a run: False says nothing, else see `luthier.run.loop.Watcher`.

    Parameters
    ----------
    trials : int, optional
        How many the study shall have; None when only time limits it.
    """
    if quiet:
        return False
    return Panel(trials, title) if sys.stderr.isatty() else Lines(trials)


def standing(history: History, trials: int | None) -> str:
    """One line: how many trials have ended, and the best of them."""
    total = f"/{trials}" if trials else ""
    failed = f", {int(history.failed.sum())} failed" if history.failed.any() else ""
    return f"{history.ended}{total} trials{failed}, {best(history)}"


def best(history: History) -> str:
    """The best value so far and whose it is."""
    return best_so_far(history) or "no result yet"


class Lines:
    """A line every few seconds on standard error, where there is news; else every minute."""

    def __init__(self, trials: int | None) -> None:
        self.trials = trials
        self.started = self.told = time.monotonic()
        self.said = ""

    def update(self, history: History) -> None:
        """Called now and then."""
        since = time.monotonic() - self.told
        if since >= SAME or (since >= EVERY and standing(history, self.trials) != self.said):
            self.told += since
            self._say(history)

    def close(self, history: History, ended: str) -> None:
        """Called once, at the end."""
        self._say(history)

    def _say(self, history: History) -> None:
        elapsed = time.monotonic() - self.started
        self.said = standing(history, self.trials)
        print(f"{self.said}, {elapsed:.0f} s", file=sys.stderr, flush=True)


class Panel:
    """A live panel: a bar, the best so far, the last trials."""

    LAST = 5

    def __init__(self, trials: int | None, title: str) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.trials, self.title = trials, title
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.task = self.bar.add_task("trials", total=trials)
        self.live = Live(self.bar, console=Console(stderr=True), transient=True)
        self.live.start()

    def update(self, history: History) -> None:
        """Called now and then."""
        self.bar.update(self.task, completed=history.ended)
        self.live.update(self._shown(history))

    def close(self, history: History, ended: str) -> None:
        """Called once, at the end."""
        self.live.stop()
        print(standing(history, self.trials), file=sys.stderr, flush=True)

    def _shown(self, history: History) -> Any:
        from rich.console import Group
        from rich.panel import Panel as Box
        from rich.text import Text

        from luthier.history import State

        objective = history.objectives[0]
        lines = []
        rows = range(len(history) - 1, max(-1, len(history) - 1 - self.LAST), -1)
        leader = leaders(history, 1)
        for row in rows:
            value = objective.sign * float(history.Y[row, 0])
            state = State(int(history.state[row])).name.lower()
            told = f"{objective.name} {value:.5g}" if value == value else state
            params = ", ".join(f"{k}={_short(v)}" for k, v in history.params(row).items())
            style = "bold green" if row in leader else ""
            lines.append(Text(f"{row:>5}  {told:<24} {params}", style, overflow="ellipsis",
                              no_wrap=True))  # fmt: skip
        return Box(Group(self.bar, Text(best(history), "bold"), *lines), title=self.title)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
