"""Patience: stop a trial that has not become better for some steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.errors import StudyError
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Patience:
    """Stops a trial that has not become better than it was for so many steps, whatever the others
    do.

    A stopped trial has no result and is never best. Where the model of the best step should be
    the result, let the objective itself stop and return it.

    Parameters
    ----------
    steps : int
        So many steps after the last report that was better than all before it. They are the
        steps of `Trial.report`, however often a trial reports.
    least_gain : float
        A report is better if it is better by more than this, in the units of the objective.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Prechelt (1998), Early Stopping - But When?, its criterion UP for one strip. With several
    objectives the first counts. A report of NaN is never better.
    """

    steps: int = 10
    least_gain: float = 0.0

    def __post_init__(self) -> None:
        whole("Patience", 1, steps=self.steps)
        gain = self.least_gain
        if isinstance(gain, bool) or not isinstance(gain, int | float) or not 0 <= gain < np.inf:
            raise StudyError(f"Patience: least_gain must be a number >= 0, got {gain!r}.")

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether the last better report is not so long ago."""
        steps, losses = history.curve(row)
        if not len(steps):
            return True
        best, since = np.inf, int(steps[0])
        for step, loss in zip(steps.tolist(), losses[:, 0].tolist(), strict=True):
            if loss < best - self.least_gain:
                best, since = loss, step
        return int(steps.max()) - since < self.steps
