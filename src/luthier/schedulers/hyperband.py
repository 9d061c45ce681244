"""Hyperband: some trials are first compared early, others late, in brackets of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array, Ints
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets, ladder, promotable, stays
from luthier.space import Space

UNKNOWN = 3  # brackets where nobody knows the whole


@explained
@dataclass(frozen=True)
class Hyperband:
    """Successive halving in several brackets at once: the first starts with the least and is
    strict, the last one runs every trial to its end.

    It costs more than ASHA where the first steps tell who will be good, and is safe where they
    do not. The bracket of a new configuration follows from the study's seed and its draw, so that
    the brackets have the usual shares; within a bracket one in `eta` goes on from each rung as
    with `luthier.schedulers.ASHA`, and nobody waits for a bracket to end.

    Parameters
    ----------
    eta : int
        One in `eta` goes on.
    brackets : int, optional
        How many; by default as many as there are rungs, and one without comparisons. Without a
        fidelity three, which start to compare at 1, `eta` and `eta` squared steps.
    promote : bool, optional
        Pause trials and go on with them, or stop them for good; by default pause where the study
        has a fidelity.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Li et al. (2018), Hyperband (JMLR 18), algorithm 1, for the shares; Li et al. (2020), A System
    for Massively Parallel Hyperparameter Tuning (MLSys), for brackets that run at the same time.
    """

    eta: int = 3
    brackets: int | None = None
    promote: bool | None = None

    def __post_init__(self) -> None:
        whole("Hyperband", 2, eta=self.eta)
        if self.brackets is not None:
            whole("Hyperband", 1, brackets=self.brackets)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Who may go on first, from the highest rung down; then new points in their brackets."""
        if not self._promotes(history):
            return start(space, history, sampler, k, rng)
        seen, rungs = history.merged(), ladder(history, self.eta)
        levels = [*map(float, rungs), budgets(history)[1]]
        bracket = self.bracket(history, seen.draw)
        jobs: list[Job] = []
        for i in range(len(rungs))[::-1]:
            for b in range(i + 1):
                for row in promotable(seen, rungs[i], self.eta, bracket == b)[: k - len(jobs)]:
                    number, tag = int(seen.number[row]), int(seen.tag[row])
                    jobs.append(Job(seen.X[row], tag, levels[i + 1], number))
        if len(jobs) < k:
            draws = history.proposals + np.arange(len(jobs), k)
            new = start(space, history, sampler, k - len(jobs), rng)
            places = self.bracket(history, draws)[: len(new)].tolist()
            jobs += [replace(job, budget=levels[b]) for job, b in zip(new, places, strict=True)]
        return jobs

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial is among the best of its bracket at the rung that it has come to."""
        if self._promotes(history):
            return True
        bracket = self.bracket(history, history.draw)
        mine = int(bracket[row])
        return stays(history, row, ladder(history, self.eta)[mine:], self.eta, bracket == mine)

    def bracket(self, history: History, draws: Ints) -> Ints:
        """(n,) the brackets of these draws: the number of the rung that they start with."""
        known = len(ladder(history, self.eta)) + 1 if history.fidelity is not None else None
        count = self.brackets or known or UNKNOWN
        edges = np.cumsum(shares(min(count, known or count), self.eta))
        # A generator gives the same numbers however many are asked for.
        chance = np.random.default_rng((history.seed, 0x4B)).random(max(draws, default=0) + 1)
        return np.searchsorted(edges[:-1], chance[draws], side="right")

    def _promotes(self, history: History) -> bool:
        return history.fidelity is not None and self.promote is not False


def shares(count: int, eta: int) -> Array:
    """(count,) which share of all new configurations starts in each bracket."""
    s = np.arange(count)[::-1]
    made = np.array([math.ceil(count * eta ** int(i) / (i + 1)) for i in s], dtype=np.float64)
    return np.asarray(made / made.sum())
