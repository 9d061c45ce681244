"""Asynchronous successive halving: of those that came to a rung, the best go on."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets, ladder, promotable, stays
from luthier.space import Space


@explained
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
        whole("ASHA", 2, eta=self.eta)
        if self.least is not None:
            whole("ASHA", 1, least=self.least)

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
        return stays(history, row, ladder(history, self.eta, self.least), self.eta)

    def _promotes(self, history: History) -> bool:
        return history.fidelity is not None and self.promote is not False
