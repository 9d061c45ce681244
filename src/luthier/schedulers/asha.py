"""Asynchronous successive halving: of those that came to a rung, the best go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.errors import StudyError
from luthier.history import History
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets, check_eta, ladder, reached, standing
from luthier.space import Space


@dataclass(frozen=True)
class ASHA:
    """Compares trials at rungs, each `eta` times as far as the one before, and lets one in `eta`
    go on.

    In a study with a fidelity a trial first gets the least; when it is among the best of its rung
    a new trial with it as `parent` goes on up to the next rung, from the parent's folder. Without
    a fidelity, or with ``promote=False``, a trial runs on from rung to rung and is stopped at the
    first at which it is not among the best of those that came there before it.

    Parameters
    ----------
    eta : int
        One in `eta` goes on.
    least : int, optional
        The first rung; by default the fidelity's least, else 1.
    promote : bool, optional
        Pause trials and go on with them, or stop them for good; by default pause where the study
        has a fidelity.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Li et al. (2020), A System for Massively Parallel Hyperparameter Tuning (MLSys): algorithm 2
    for promotion; the stopping variant is that of its section on implementation. With several
    objectives the first counts.
    """

    eta: int = 3
    least: int | None = None
    promote: bool | None = None

    def __post_init__(self) -> None:
        check_eta("ASHA", self.eta)
        if self.least is not None and (
            isinstance(self.least, bool) or not isinstance(self.least, int) or self.least < 1
        ):
            raise StudyError(f"ASHA: least must be a whole number >= 1, got {self.least!r}.")

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Who may go on first, from the highest rung down; then new points up to the first."""
        if not self._promotes(history):
            return start(space, history, sampler, k, rng)
        seen, rungs = history.merged(), ladder(history, self.eta, self.least)
        top = budgets(history)[1]
        jobs: list[Job] = []
        for i in range(len(rungs))[::-1]:
            budget = rungs[i + 1] if i + 1 < len(rungs) else top
            for row in promotable(seen, rungs[i], self.eta)[: k - len(jobs)]:
                jobs.append(Job(seen.X[row], int(seen.tag[row]), budget, int(seen.number[row])))
        if len(jobs) < k:
            first = rungs[0] if rungs else top
            jobs += start(space, history, sampler, k - len(jobs), rng, first)
        return jobs

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial is among the best at the rung that it has come to, if it has."""
        if self._promotes(history):
            return True
        rungs = ladder(history, self.eta, self.least)
        steps = history.step[history.owner == row]
        before = steps[:-1].max(initial=0)
        come = [rung for rung in rungs if before < rung <= steps[-1]]
        if not come:
            return True
        losses = standing(history, come[-1])
        known = losses[~np.isnan(losses)]
        if len(known) < self.eta:
            return True
        return bool((known < losses[row]).sum() < math.ceil(len(known) / self.eta))

    def _promotes(self, history: History) -> bool:
        return history.fidelity is not None and self.promote is not False


def promotable(seen: History, rung: int, eta: int) -> list[int]:
    """Rows that stopped at a rung and are among the best 1/`eta` that came to it, best first.

    Parameters
    ----------
    seen : History
        Merged, see `History.merged`.
    """
    losses = standing(seen, rung)
    came = np.flatnonzero(~np.isnan(losses))
    best = came[np.argsort(losses[came], kind="stable")][: len(came) // eta]
    here = seen.stopped & (reached(seen) == rung) & np.isfinite(losses)
    return [int(row) for row in best if here[row]]
