"""The median rule: stop a trial that is worse than half of the others were by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Median:
    """Stops a trial whose best loss so far is worse than the median of the running means that
    the finished trials had up to the same step.

    Parameters
    ----------
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
    Golovin et al. (2017), Google Vizier, section 3.2.2. With several objectives the first counts.
    Of the others' reports, those that are not finite are left out; a trial whose own are all NaN
    is worse than any other.
    """

    startup: int = 5
    warmup: int = 0

    def __post_init__(self) -> None:
        whole("Median", 1, startup=self.startup)
        whole("Median", 0, warmup=self.warmup)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial is at least as good as the median."""
        best, means = standing_by_now(history, row, self.warmup)
        return len(means) < self.startup or bool(best <= np.median(means))


def standing_by_now(history: History, row: int, warmup: int) -> tuple[float, Array]:
    """The best loss of a trial, and the running means that those that are DONE had by its step.

    No means as long as it is at step `warmup` or before.
    """
    owner, steps, losses = history.owner, history.step, history.value[:, 0]
    mine = owner == row
    now = steps[mine].max(initial=-1)
    best = float(np.where(np.isnan(losses[mine]), np.inf, losses[mine]).min(initial=np.inf))
    if now <= warmup:
        return best, np.empty(0)
    others = history.done[owner] & (steps <= now) & np.isfinite(losses)
    count = np.bincount(owner[others], minlength=len(history))
    total = np.bincount(owner[others], weights=losses[others], minlength=len(history))
    known = count > 0
    return best, total[known] / count[known]
