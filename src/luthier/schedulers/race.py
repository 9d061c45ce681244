"""Racing: stop a trial that loses to the best one on the same folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.checks import number
from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.noise import repeats
from luthier.numerics.racing import hopeless
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.space import Space

# Degrees of freedom of the best trial's spread over folds, beside those of differences. Searches
# take 10, for a chance of their own; here 3 keep the error that is stated, and stop sooner.
OWN = 3


@explained
@dataclass(frozen=True)
class Race:
    """Stops a trial that will hardly beat the best one, judged from their differences on the same
    folds.

    A step is a fold, or an instance: each trial reports its loss on every one of them, all trials
    in the same order, and returns the mean. What makes a fold hard for all trials cancels in the
    differences, so that few folds are enough to judge by. Trials whose result is not the mean of
    their reports are not compared: for learning curves take another scheduler.

    Parameters
    ----------
    error : float
        Of the trials that would have ended ahead of the best one, at most this share is stopped,
        over all the looks at it, as far as differences between folds are about normal.

    Raises
    ------
    StudyError
        If it makes no sense.

    Source
    ------
    Lopez-Ibanez et al. (2016), The irace package, for racing by paired tests. The test is the one
    by which our searches for scikit-learn race, see `luthier.numerics.racing.hopeless`; its level
    is `error` divided by the number of looks (Bonferroni), one after each fold but the last. Given
    the mean of all folds, how far the first few are from it is a matter of chance that does not
    depend on that mean: so the level holds for every trial that ends ahead. With several
    objectives the first counts.
    """

    error: float = 0.05

    def __post_init__(self) -> None:
        number("Race", 0, 1, error=self.error)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial may still end ahead of the best one."""
        owner, step, losses = history.owner, history.step, history.value[:, 0]
        folded = repeats(owner, losses, np.where(history.done, history.Y[:, 0], np.nan))
        folds, column = np.unique(step, return_inverse=True)
        if not folded.any() or len(folds) < 2:
            return True
        scores = np.full((len(history), len(folds)), np.nan)
        scores[owner, column] = np.where(np.isnan(losses), -np.inf, -losses)
        full = folded & ~np.isnan(scores).any(axis=1)
        # Who ended with less than all the folds, or is no mean of folds, cannot be compared.
        compared = full | ~history.done
        here = np.flatnonzero(compared & ~np.isnan(scores).all(axis=1))
        gone = hopeless(scores[here], chance=self.error / (len(folds) - 1), own=OWN)
        return not bool(gone[here == row].any())
