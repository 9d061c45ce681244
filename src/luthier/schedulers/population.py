"""Population-based training: parameters change while models train, by copying who does better."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import number, whole
from luthier.errors import StudyError
from luthier.history import History, State
from luthier.keywords import explained
from luthier.parameters import Array, Ints
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.perturbed import perturbed
from luthier.space import Mask, Space

TRIES = 20  # to find another point than the donor's
PARTS = 10  # of the whole make an interval, if nothing else is said


@explained
@dataclass(frozen=True)
class Population:
    """Trains a population in intervals; after each, members that fell behind go on from the
    checkpoint of one of the best, with parameters a little different from those.

    What comes out is a schedule, such as a falling learning rate: the parameters of the winner
    are the last ones, and its `parent`, the parent of that and so on had those before. Each
    interval of a member is a trial; `tag` counts members from 1. Members are compared with those
    that have come as far, whoever they are by then, so nobody waits for stragglers. A member that
    fails goes on as a copy of another. When a population has come to the end the next one starts,
    and with more workers than members it does so at once.

    Parameters
    ----------
    members : int
        Of a population.
    interval : int, optional
        Steps between two comparisons; by default a tenth of all there are.
    share : float
        This share of the members, and at least one, is copied, and as many are replaced; at most
        one half.
    resample : float
        Probability that a parameter of a copy is drawn anew and not moved by a tenth of its
        range. Choices without an order are only drawn anew.
    explore : {"perturb", "pb2"}
        How the parameters of a copy are found: by chance as above, or by a Gaussian process that
        learns from all intervals so far which parameters improve the loss most at this time, see
        `luthier.schedulers.bandit`.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Jaderberg et al. (2017), Population Based Training of Neural Networks, with truncation
    selection. We differ: a copy takes the checkpoint that its model had after as many steps, so
    that results do not depend on who is faster.
    """

    members: int = 10
    interval: int | None = None
    share: float = 0.2
    resample: float = 0.25
    explore: str = "perturb"
    needs_fidelity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("Population", 2, members=self.members)
        if self.interval is not None:
            whole("Population", 1, interval=self.interval)
        number("Population", 0, 0.5 + 1e-9, share=self.share)
        number("Population", -1e-9, 1 + 1e-9, resample=self.resample)
        if self.explore not in ("perturb", "pb2"):
            raise StudyError(
                f"Population: explore must be 'perturb' or 'pb2', got {self.explore!r}."
            )

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Members of a whole population go on, those furthest behind first; then new ones."""
        crew = _Crew(self, space, history)
        jobs: list[Job] = []
        fresh: list[tuple[int, int]] = []  # places among the jobs, and tags
        while len(jobs) < k:
            tag = crew.waiting()
            job = None if tag is None else self._onward(space, crew, tag, rng)
            if job is None:
                fresh.append((len(jobs), crew.born() if tag is None else tag))
                job = Job(np.empty(0))
            jobs.append(job)
        new = (
            start(space, history, sampler, len(fresh), rng, crew.interval, tagged=False)
            if fresh
            else []
        )
        for (place, tag), job in zip(fresh, new, strict=False):
            jobs[place] = replace(job, tag=tag)
        return [job for job in jobs if len(job.x)]

    def keep(self, history: History, row: int) -> bool:
        """Always: its budget stops a trial."""
        return True

    def forkable(self, history: History) -> Mask:
        """(n,) stopped trials at a budget to which a member of their population may come back."""
        made = np.zeros(len(history), dtype=bool)
        herd = (history.tag - 1) // int(min(self.members, history.space.size))
        last = {tag: row for row, tag in enumerate(history.tag.tolist()) if tag > 0}
        for member in last.values():
            if not history.done[member]:
                near = history.budget >= history.budget[member] - self._step(history)
                made |= (herd == herd[member]) & near
        return np.asarray(made & history.stopped)

    def _step(self, history: History) -> int:
        assert history.fidelity is not None  # Study sees to it
        least, most = history.fidelity.least, history.fidelity.most
        return self.interval or max(least, -(-most // PARTS))

    def _onward(self, space: Space, crew: _Crew, tag: int, rng: Generator) -> Job | None:
        """What a member does next; None if it has to begin anew."""
        history, row = crew.history, crew.last[tag]
        budget, alive = float(history.budget[row]), history.stopped[row] and crew.told[row]
        for level in (budget, budget - crew.interval):
            rows = crew.best_at(tag, level)
            # Of a small population at least one member, once all of them are there.
            cut = int(self.share * len(rows)) or int(len(rows) >= crew.members)
            behind = not alive or row in rows[len(rows) - cut :] or math.isnan(crew.loss[row])
            donors = [r for r in rows[: max(cut, 1)] if r != row and np.isfinite(crew.loss[r])]
            if behind and donors:
                donor = int(rng.choice(donors))
                x = self._copied(space, crew, donor, rng)
                return Job(x, tag, crew.after(level), int(history.number[donor]))
            if alive:
                break
        if not alive:
            return None
        return Job(history.X[row], tag, crew.after(budget), int(history.number[row]))

    def _copied(self, space: Space, crew: _Crew, donor: int, rng: Generator) -> Array:
        """Parameters for a copy of a donor."""
        x = crew.history.X[donor]
        if self.explore == "pb2":
            from luthier.schedulers.bandit import chosen  # loads SciPy, which takes 0.3 s

            return chosen(space, crew.history, donor, rng)
        X = perturbed(space, np.repeat(x[None], TRIES, axis=0), self.resample, rng)
        mine = space.key(crew.history.raw(donor))
        return next((made for made in X if space.key(space.raw(made)) != mine), X[0])


class _Crew:
    """Who is in the populations and how far, computed from a history.

    Attributes
    ----------
    last : dict
        The last row of each member, by its tag.
    loss : (n,)
        The last report of each row.
    told : (n,) bool
        Whether a row has reported.
    """

    def __init__(self, settings: Population, space: Space, history: History) -> None:
        fidelity = history.fidelity
        assert fidelity is not None  # Study sees to it
        self.history, self.most = history, float(fidelity.most)
        self.members = int(min(settings.members, space.size))
        self.interval = settings._step(history)
        self.loss = np.full(len(history), np.nan)
        self.loss[history.owner] = history.value[:, 0]
        self.told = np.bincount(history.owner, minlength=len(history)) > 0
        self.last = {int(history.tag[row]): int(row) for row in np.flatnonzero(history.tag > 0)}
        self.count = max(self.last, default=0)
        paused = history.stopped & (history.budget < self.most)
        ready = [tag for tag, row in self.last.items() if paused[row] or history.failed[row]]
        budget = history.budget
        self._ready = sorted(ready, key=lambda t: (self.round(t), budget[self.last[t]], t))

    def round(self, tag: int) -> int:
        """The population that a member belongs to."""
        return (tag - 1) // self.members

    def waiting(self) -> int | None:
        """Takes a member of a population that is whole, or None if a new one should be born."""
        begun = self.count // self.members
        if not self._ready or self.round(self._ready[0]) >= begun:
            return None
        return self._ready.pop(0)

    def born(self) -> int:
        """The tag of a new member."""
        self.count += 1
        return self.count

    def best_at(self, tag: int, budget: float) -> list[int]:
        """Rows of its population that stopped at a budget and reported, best first."""
        history = self.history
        mates: Mask = (history.tag > 0) & ((history.tag - 1) // self.members == self.round(tag))
        rows: Ints = np.flatnonzero(
            mates & (history.state == State.STOPPED) & (history.budget == budget) & self.told
        )
        return [int(r) for r in rows[np.argsort(self.loss[rows], kind="stable")]]

    def after(self, budget: float) -> float:
        """The next budget."""
        return min(budget + self.interval, self.most)
