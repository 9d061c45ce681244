"""When a run ends: its limits, and the clock that applies them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from luthier.driver import Driver
from luthier.errors import StudyError
from luthier.history import State
from luthier.run.worker import Outcome
from luthier.run.workers import Workers


@dataclass(frozen=True)
class Limits:
    """When a run ends: at the first of those given.

    Raises
    ------
    StudyError
        If one of them makes no sense.
    """

    trials: int | None = None
    more: int | None = None
    seconds: float | None = None
    until: float | Callable[[], bool] | None = None
    patience: int | None = None
    cpu_hours: float | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "more", "patience"):
            value = getattr(self, name)
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and (not whole or value < 1):
                raise StudyError(f"run: {name} must be a whole number >= 1, got {value!r}.")
        number = isinstance(self.seconds, int | float) and not isinstance(self.seconds, bool)
        if self.seconds is not None and (not number or not self.seconds > 0):
            raise StudyError(
                f"run: seconds must be a number above 0, got {self.seconds!r}. "
                "Ten minutes are seconds=600."
            )
        number = isinstance(self.cpu_hours, int | float) and not isinstance(self.cpu_hours, bool)
        if self.cpu_hours is not None and (not number or not self.cpu_hours > 0):
            raise StudyError(
                f"run: cpu_hours must be a number above 0, got {self.cpu_hours!r}. "
                "Ten minutes of one processor are cpu_hours=1/6."
            )
        if self.trials is not None and self.more is not None:
            raise StudyError(
                f"run: trials={self.trials} is how many the study shall have in all, "
                f"more={self.more} how many to add. Give one of them."
            )
        target = isinstance(self.until, int | float) and not isinstance(self.until, bool)
        if self.until is not None and not callable(self.until) and not target:
            raise StudyError(
                f"run: until must be a value of the objective or a function of the study, "
                f"got {self.until!r}."
            )

    @property
    def none(self) -> bool:
        """Whether no limit was given."""
        return all(v is None for v in (self.trials, self.more, self.seconds, self.until,
                                       self.patience, self.cpu_hours))  # fmt: skip


class Clock:
    """Limits, applied to one run."""

    def __init__(self, limits: Limits, driver: Driver) -> None:
        self.limits, self.driver = limits, driver
        history = driver.history
        self.total = limits.trials
        if limits.more is not None:
            self.total = history.ended + limits.more
        self.deadline = math.inf if limits.seconds is None else time.monotonic() + limits.seconds

        self.workers: Workers | None = None
        self.kills = False  # whether trials that run are ended with the run's time
        self.asked_at = math.inf  # when they were asked to
        self._cpu_began = time.process_time()
        self._cpu_ended = 0.0  # processor seconds of trials that ran in other processes

    def took(self, result: Outcome) -> None:
        """A trial has ended."""
        if self.workers is not None and self.workers.apart:
            self._cpu_ended += result.get("cpu") or 0.0

    @property
    def cpu(self) -> float:
        """Processor seconds of this run, the trials' and its own, as far as they are known."""
        running = 0.0 if self.workers is None else self.workers.spent
        return time.process_time() - self._cpu_began + self._cpu_ended + running

    def over(self) -> str:
        """Why running trials should end too, or an empty string."""
        if time.monotonic() >= self.deadline:
            return f"its {self.limits.seconds:g} seconds are over"
        hours = self.limits.cpu_hours
        if hours is not None and self.cpu >= 3600 * hours:
            return f"its {hours:g} CPU hours are used up"
        return ""

    def full(self, running: int) -> bool:
        """Whether enough trials have ended or are running, here and elsewhere."""
        driver = self.driver
        return self.total is not None and (
            driver.history.ended + running + driver.elsewhere >= self.total
        )

    def reached(self, running: int) -> str:
        """Why nothing more should be started, or an empty string."""
        history, limits = self.driver.history, self.limits
        if self.full(running):
            return f"it has its {self.total} trials"
        if over := self.over():
            return over
        if callable(limits.until):
            if limits.until():
                return "until() said so"
        elif limits.until is not None and history.counts[State.DONE]:
            objective = history.objectives[0]
            best = objective.sign * float(history.Y[history.best()[0], 0])
            if objective.sign * best <= objective.sign * limits.until:
                return f"{objective.name} reached {best:.6g}, and {limits.until:g} was enough"
        if limits.patience is not None and history.counts[State.DONE]:
            best_row = int(history.best()[0])
            ended = ~(history.running | history.lost)
            if ended[best_row + 1 :].sum() >= limits.patience:
                return f"{limits.patience} trials brought nothing better"
        return ""
