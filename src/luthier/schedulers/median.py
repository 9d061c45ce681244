"""The median rule: stop a trial that is worse than half of the others were by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.errors import StudyError
from luthier.history import History
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.space import Space


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
        for name, least in (("startup", 1), ("warmup", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise StudyError(
                    f"Median: {name} must be a whole number >= {least}, got {value!r}."
                )

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial is at least as good as the median."""
        owner, steps, losses = history.owner, history.step, history.value[:, 0]
        mine = owner == row
        now = steps[mine].max(initial=-1)
        if now <= self.warmup:
            return True
        others = history.done[owner] & (steps <= now) & np.isfinite(losses)
        count = np.bincount(owner[others], minlength=len(history))
        total = np.bincount(owner[others], weights=losses[others], minlength=len(history))
        known = count > 0
        if known.sum() < self.startup:
            return True
        best = np.nanmin(np.where(np.isnan(losses[mine]), np.inf, losses[mine]))
        return bool(best <= np.median(total[known] / count[known]))
