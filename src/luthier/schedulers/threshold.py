"""A threshold: stop a trial whose reports are beyond a bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.random import Generator

from luthier.checks import number, whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Threshold:
    """Stops a trial that reports something worse than a bound, or NaN.

    Parameters
    ----------
    worst : float, optional
        The worst value that is still good enough, as the objective gives it:
        ``Threshold(worst=0.5)`` stops a trial that minimises at 0.51, and one that maximises at
        0.49. Without it, only NaN and what is infinitely bad stop a trial.
    warmup : int
        No trial is stopped before it has reported a step above this one.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    The plainest rule there is. The last report counts, with several objectives its first.
    """

    worst: float | None = None
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.worst is not None:
            number("Threshold", -math.inf, math.inf, worst=self.worst)
        whole("Threshold", 0, warmup=self.warmup)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether its last report is good enough."""
        steps, losses = history.curve(row)
        if not len(steps) or steps[-1] <= self.warmup:
            return True
        loss = float(losses[-1, 0])
        if self.worst is None:
            return loss < math.inf
        return loss <= history.objectives[0].sign * self.worst
