"""PASHA: successive halving whose ceiling rises only while it would change who leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Ints
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets, ladder, promotable, reached, standing
from luthier.space import Space

NOISE = 90  # percentile of the differences between trials whose curves cross to and fro
PAIRED = 64  # trials whose curves are compared; every pair costs a curve's length


@explained
@dataclass(frozen=True)
class PASHA:
    """ASHA that gives nobody more than it takes to tell who is best.

    Trials go on from rung to rung up to a ceiling, which is the second rung at first. It rises by
    one rung when the trials there are in another order than they were one rung before, and the
    difference is more than noise.

    The leaders still go to the end. A scheduler does not know which trial will be the last; so
    when `eta` squared trials have come to the ceiling, the best of them gets all there is to give,
    and each time that twice as many have come, whoever is best by then. There is a finished
    result soon, and n trials cost about log n whole runs.

    Parameters
    ----------
    eta : int
        One in `eta` goes on.

    Raises
    ------
    StudyError
        If it makes no sense.

    Source
    ------
    Bohdal et al. (2023), PASHA (ICLR), with the soft ranking of its section 4.2: trials that
    differ by no more than the noise may change places, and the noise is what separates trials
    whose curves cross at least twice. We differ: the ceiling is raised when somebody could go on
    beyond it, and the leaders go to the end as told above, where the paper trains one afterwards.
    """

    eta: int = 3
    needs_fidelity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("PASHA", 2, eta=self.eta)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Who may go on first, up to the ceiling; then a new leader; then new points."""
        seen, rungs = history.merged(), ladder(history, self.eta)
        top = budgets(history)[1]
        levels = [*map(float, rungs), top]
        ceiling = self._ceiling(history, seen, rungs)
        jobs: list[Job] = []

        def go_on(row: int, budget: float) -> None:
            if len(jobs) < k:
                jobs.append(Job(seen.X[row], int(seen.tag[row]), budget, int(seen.number[row])))

        for i in range(ceiling)[::-1]:
            for row in promotable(seen, rungs[i], self.eta):
                go_on(row, levels[i + 1])
        if 0 < ceiling < len(rungs):
            whole_runs = int((seen.budget >= top).sum())
            leader = leads(seen, rungs[ceiling])
            if leader >= 0 and came(seen, rungs[ceiling]) >= self.eta**2 * 2**whole_runs:
                go_on(leader, top)
        if len(jobs) < k:
            jobs += start(space, history, sampler, k - len(jobs), rng, levels[0])
        return jobs

    def keep(self, history: History, row: int) -> bool:
        """Always: its budget stops a trial."""
        return True

    def _ceiling(self, history: History, seen: History, rungs: list[int]) -> int:
        """The place of the ceiling in the ladder; the length of the ladder stands for the end.

        How far it has risen is in the budgets that trials were given.
        """
        given = set(history.budget.tolist())
        high = max((i for i, rung in enumerate(rungs) if rung in given), default=0)
        high = min(max(1, high), len(rungs))
        if high < len(rungs) and not agree(seen, rungs[high - 1], rungs[high]):
            return high + 1
        return high


def came(seen: History, rung: int) -> int:
    """How many trials have come to a rung."""
    return int(np.isfinite(standing(seen, rung)).sum())


def leads(seen: History, rung: int) -> int:
    """The best of those that came to a rung, if it stopped there; else -1."""
    losses = standing(seen, rung)
    if not np.isfinite(losses).any():
        return -1
    leader = int(np.nanargmin(losses))
    return leader if seen.stopped[leader] and reached(seen)[leader] == rung else -1


def agree(seen: History, below: int, rung: int) -> bool:
    """Whether trials at a rung are in the order that they had at the one below, but for noise."""
    before, now = standing(seen, below), standing(seen, rung)
    rows = np.flatnonzero(np.isfinite(before) & np.isfinite(now))
    before, now = before[rows], now[rows]
    shown = rows[np.argsort(now, kind="stable")[:PAIRED]]
    allowed = noise(seen, shown, rung)
    was, is_now = np.argsort(before, kind="stable"), np.argsort(now, kind="stable")
    return bool((np.abs(before[was] - before[is_now]) <= allowed).all())


def noise(seen: History, rows: Ints, rung: int) -> float:
    """How far apart trials end up whose curves cross at least twice before a rung; 0 if none."""
    place = np.full(len(seen), -1)
    place[rows] = np.arange(len(rows))
    kept = (place[seen.owner] >= 0) & (seen.step <= rung)
    steps, column = np.unique(seen.step[kept], return_inverse=True)
    curves = np.full((len(rows), len(steps)), np.nan)
    curves[place[seen.owner[kept]], column] = seen.value[kept, 0]
    curves = curves[:, np.isfinite(curves).all(axis=0)]
    if curves.shape[1] < 3:
        return 0.0
    one, other = np.triu_indices(len(rows), 1)
    gaps = curves[one] - curves[other]
    # Curves that meet keep their order until they have crossed.
    side = np.sign(gaps)
    for j in range(1, side.shape[1]):
        side[:, j] = np.where(side[:, j] == 0, side[:, j - 1], side[:, j])
    twice = (side[:, 1:] * side[:, :-1] < 0).sum(axis=1) >= 2
    return float(np.percentile(np.abs(gaps[twice, -1]), NOISE)) if twice.any() else 0.0
