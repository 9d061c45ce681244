"""DEHB: differential evolution on every rung, steered by who was good at the rung below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import number, whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array, Choice, Ints
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.hyperband import shares
from luthier.schedulers.rungs import budgets, ladder, promotable, standing
from luthier.space import Space

LEAST = 4  # members of a population, so that a child has three others to differ along


@explained
@dataclass(frozen=True)
class DEHB:
    """Keeps a population at every rung, and breeds new trials for a rung from the best of the
    rung below.

    At the first rung the study's sampler proposes the first members; at the others the best of
    the rung below go on. From then on trials are new points that start from nothing: a member of
    the rung with some parameters of a mutant, which is one of the best of the rung below moved
    along the difference of two others. A child takes its member's place if it is better. Rungs
    have as many trials as in Hyperband, by the study's seed and the draw, and nobody waits.

    Parameters
    ----------
    eta : int
        Each rung is so many times as far as the one before.
    population : int, optional
        Members at the first rung, fewer at the others; by default three times as many as there are
        parameters, at least 9 and at most 27.
    weight : float
        Of differences, above 0 and at most 2: F of the paper.
    crossover : float
        Probability that a parameter comes from the mutant, between 0 and 1.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Awad, Mallik and Hutter (2021), DEHB (IJCAI): rand/1/bin with F = CR = 0.5, and parents from
    the rung below. We differ: the rung of a trial follows from its draw and not from brackets that
    wait for each other, and the members at a rung are the best trial in each seat.
    """

    eta: int = 3
    population: int | None = None
    weight: float = 0.5
    crossover: float = 0.5
    needs_fidelity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("DEHB", 2, eta=self.eta)
        if self.population is not None:
            whole("DEHB", LEAST, population=self.population)
        number("DEHB", 0, 2 + 1e-9, weight=self.weight)
        number("DEHB", 0, 1, crossover=self.crossover)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """For each draw a trial at its rung, or at the highest below it that needs members."""
        crew = _Crew(self, space, history)
        jobs: list[Job | None] = []
        fresh: list[int] = []  # places of jobs for which the sampler is asked
        gone: set[int] = set()  # parents that go on already
        for i in range(k):
            job = self._job(space, crew, history.proposals + i, gone, rng)
            if job is None:
                fresh.append(i)
            else:
                gone.add(job.parent)
            jobs.append(job)
        new = (
            start(space, history, sampler, len(fresh), rng, crew.levels[0], tagged=False)
            if fresh
            else []
        )
        for place, job in zip(fresh, new, strict=False):
            jobs[place] = replace(job, tag=0)
        return [job for job in jobs if job is not None]

    def keep(self, history: History, row: int) -> bool:
        """Always: its budget stops a trial."""
        return True

    def _job(
        self, space: Space, crew: _Crew, draw: int, gone: set[int], rng: Generator
    ) -> Job | None:
        """What to do at the rung of a draw; None for a new point of the sampler's."""
        for level in range(crew.rung(draw), -1, -1):
            if crew.whole(level):
                return self._child(space, crew, level, draw, rng)
            rows = crew.risen(level, gone)
            if rows:
                seen = crew.seen
                number = int(seen.number[rows[0]])
                return Job(seen.X[rows[0]], 0, crew.levels[level], number)
        return None

    def _child(self, space: Space, crew: _Crew, level: int, draw: int, rng: Generator) -> Job:
        """A child of the member in one seat of a rung."""
        members = crew.members(level)
        seat = int(rng.integers(len(members)))
        X = crew.seen.X
        parents = crew.parents(level, seat)
        a, b, c = (filled(X[row], space, rng) for row in rng.choice(parents, 3, replace=False))
        target = filled(X[members[seat]], space, rng)
        mutant = a + self.weight * (b - c)
        # Awad et al.: what leaves the cube is drawn anew.
        mutant = np.where((mutant < 0) | (mutant > 1), rng.random(len(a)), mutant)
        still = np.array([isinstance(p, Choice) and not p.ordered for _, p in space.items()])
        # Options have no differences: that of the first, or of the second where they disagree.
        option = np.where((b != c) & (rng.random(len(a)) < self.weight), b, a)
        mutant = np.where(still, option, mutant)
        taken = rng.random(len(a)) < self.crossover
        taken[rng.integers(len(a))] = True
        x = space.repair(np.where(taken, mutant, target)[None])[0]
        return Job(x, 1 + seat, crew.levels[level])


def filled(x: Array, space: Space, rng: Generator) -> Array:
    """A point (d,) with values drawn for what is inactive, or outside a space that has changed."""
    return np.where((x >= 0) & (x <= 1), x, rng.random(len(space)))


class _Crew:
    """The populations, computed from a history.

    Attributes
    ----------
    seen : History
        Who went on is one trial.
    levels : list of float
        The budgets: the rungs, and all there is to give.
    """

    def __init__(self, settings: DEHB, space: Space, history: History) -> None:
        self.seen = history.merged()
        self._eta, self._seed = settings.eta, history.seed
        self.levels = [*map(float, ladder(history, settings.eta)), budgets(history)[1]]
        size = settings.population or min(max(9, 3 * len(space)), 27)
        self._sizes = [max(LEAST, size // (i + 1)) for i in range(len(self.levels))]
        self._losses = [self._ended(level) for level in self.levels]
        alive = ~self.seen.failed
        self._started = [int((alive & (self.seen.budget >= level)).sum()) for level in self.levels]
        # Rows of the history are in the order of their draws.
        first = np.searchsorted(history.draw, self.seen.draw)
        self._begun = history.budget[first]

    def _ended(self, level: float) -> Array:
        """(n,) losses at a level; NaN for those who have none there."""
        if level == self.levels[-1]:
            return np.where(self.seen.done, self.seen.Y[:, 0], np.nan)
        made = standing(self.seen, int(level))
        return np.where(np.isfinite(made), made, np.nan)

    def rung(self, draw: int) -> int:
        """The rung that a draw is meant for."""
        n = len(self.levels)
        # As many as all of Hyperband's brackets together have there.
        shape = shares(n, self._eta)
        trials = [sum(shape[b] / self._eta ** (i - b) for b in range(i + 1)) for i in range(n)]
        chance = np.random.default_rng((self._seed, 0xDE)).random(draw + 1)[draw]
        return int(np.searchsorted(np.cumsum(trials)[:-1] / sum(trials), chance, side="right"))

    def whole(self, level: int) -> bool:
        """Whether a rung has its members, and three others to breed from."""
        came = int((~np.isnan(self._losses[level])).sum())
        return came >= self._sizes[level] and len(self.parents(level, 0)) >= 3

    def risen(self, level: int, gone: set[int]) -> list[int]:
        """Rows that go on to a rung that needs members, best first."""
        if not level or self._started[level] >= self._sizes[level]:
            return []
        rows = promotable(self.seen, int(self.levels[level - 1]), self._eta)
        return [row for row in rows if int(self.seen.number[row]) not in gone]

    def members(self, level: int) -> Ints:
        """Rows of the members of a rung, by their seats: the first to come, or their heirs."""
        losses, size = self._losses[level], self._sizes[level]
        seats: list[int] = []
        for row in self._arrivals(level):
            seat = int(self.seen.tag[row]) - 1
            bred = self._begun[row] == self.levels[level] and 0 <= seat < len(seats)
            if bred and losses[row] < losses[seats[seat]]:
                seats[seat] = row
            elif not bred and len(seats) < size:
                seats.append(row)
        return np.array(seats, dtype=np.int64)

    def _arrivals(self, level: int) -> list[int]:
        """Rows with a loss at a rung, in the order in which they came there."""
        known = ~np.isnan(self._losses[level])
        if level == len(self.levels) - 1:
            rows = np.flatnonzero(known)
            rows = rows[np.argsort(self.seen.finished[rows], kind="stable")]
        else:
            at = self.seen.step >= self.levels[level]
            rows, first = np.unique(self.seen.owner[at], return_index=True)
            rows = rows[np.argsort(first)]
        return [int(row) for row in rows if known[row]]

    def parents(self, level: int, seat: int) -> Ints:
        """Rows to breed from: the best of the rung below, as many as a rung has members, and at
        the first rung the other members."""
        if not level:
            return np.delete(self.members(0), seat)
        losses = self._losses[level - 1]
        order = np.argsort(losses, kind="stable")[: (~np.isnan(losses)).sum()]
        return order[: max(LEAST, self._sizes[level])]
