"""The percentile rule: stop a trial that is not among the best quarter of those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.checks import number, whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.median import standing_by_now
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Percentile:
    """Stops a trial whose best loss so far is worse than a percentile of the running means that
    the finished trials had up to the same step.

    Parameters
    ----------
    percentile : float
        Between 0 and 100: how many in a hundred are good enough. 50 is the median rule, less is
        stricter.
    startup : int
        Trials that must be DONE with reports before any is stopped.
    warmup : int
        No trial is stopped before it has reported a step above this one.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Golovin et al. (2017), Google Vizier, section 3.2.2, with another quantile than the median.
    """

    percentile: float = 25
    startup: int = 5
    warmup: int = 0

    def __post_init__(self) -> None:
        number("Percentile", 0, 100, percentile=self.percentile)
        whole("Percentile", 1, startup=self.startup)
        whole("Percentile", 0, warmup=self.warmup)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial is at least as good as the percentile."""
        best, means = standing_by_now(history, row, self.warmup)
        return len(means) < self.startup or bool(best <= np.percentile(means, self.percentile))
