"""Differential evolution that learns its own settings, for mixed and conditional spaces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array, Ints
from luthier.parts import Proposal
from luthier.samplers.candidates import settled
from luthier.samplers.offspring import genes, proposed
from luthier.samplers.tpe import ranked
from luthier.space import Space

LEADERS = 0.2  # of the members are steered towards
STEPS = 100  # in which the weight and the crossover rate of a trial are stored in its tag
TAGS = 1 << 14  # tags per search; more than (STEPS + 1) ** 2
WEIGHT, RATE = 0.5, 0.7  # what F and CR are before anything is known
BELIEF = 5  # successes that this counts for
RECENT = 20  # successes from which F and CR are learned
RESET = 0.05  # probability that the gene of a choice is drawn anew
PATIENCE = 10  # populations' worth of trials without a success, and the search starts anew


@explained
@dataclass(frozen=True)
class Differential:
    """Moves members of a population along the differences of others.

    The first points are the default configuration, where it is known, and a balanced design. The
    draws take turns in the seats of the population, and the member in a seat is the best trial
    that had it, so nobody waits. A child of a member moves a part F of the way towards one of the
    best, and as far along the difference of two others, one of which may have lost its seat; it
    takes each gene with probability CR. F and CR are drawn around what has worked of late. A
    choice has no differences: it takes the option of one of the best, or of the first of the
    others where they disagree, and now and then any.

    Many children are made, and the one is tried of which a model of the trials near it expects
    most; one in ten is tried unseen. The model takes running trials to end as expected, so many
    can run at once. Trials that failed get no seat and deter the model; those that were stopped
    rank after those that ended. When the population has collapsed, or no seat changed for long,
    another search starts from strangers.

    Parameters
    ----------
    population : int
        Seats.
    offspring : int
        Children that the model chooses from; 1 leaves it out.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Storn and Price (1997); Zhang and Sanderson (2009) for steering towards the best and the
    archive; Tanabe and Fukunaga (2014) for the history of successes. We differ: the successes of
    late are averaged in one memory and weigh alike, so that only the order of losses counts in
    it; and the population does not shrink, as nobody knows how many trials are to come. Screening
    as in Jin (2011), see `luthier.samplers.offspring.Screen`.
    """

    population: int = 12
    offspring: int = 100
    many_objectives: ClassVar[bool] = False
    usual: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("Differential", 4, population=self.population)
        whole("Differential", 1, offspring=self.offspring)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; ``history.tag`` tells later with which F and CR each was made."""
        gather = partial(_Crew, space, history, self.population, rng)
        return proposed(space, history, k, rng, gather, self.offspring)


def learned(tags: Ints) -> tuple[float, float]:
    """F and CR of trials with these tags, averaged with what is believed before.

    Of F it is the mean of the squares over the mean, which favours large steps.
    """
    settings = (tags % TAGS - 1)[-RECENT:]
    F = np.concatenate([settings // (STEPS + 1) / STEPS, np.full(BELIEF, WEIGHT)])
    CR = np.concatenate([settings % (STEPS + 1) / STEPS, np.full(BELIEF, RATE)])
    return float((F @ F) / F.sum()), float(CR.mean())


class _Crew:
    """The population of the present search, computed from a history, and its children.

    Attributes
    ----------
    stranger : int
        The tag of a stranger.
    members : (m, d)
        Those who have a seat, best first.
    seats : dict
        Which member has a seat.
    pool : (p, d)
        The members, and as many who lost their seats last.
    """

    def __init__(self, space: Space, history: History, size: int, rng: Generator) -> None:
        self._genes, self._rng, self._size = genes(space), rng, size
        order = ranked(history)
        place = np.full(len(history), np.inf)
        place[order] = np.arange(len(order))
        # A queued configuration has no tag; it belongs to the search in which it came.
        search = np.maximum.accumulate(history.tag // TAGS) if len(history) else history.tag
        present = int(search.max(initial=0))
        here = np.flatnonzero((search == present) & np.isfinite(place))
        seats, lost, won = _seated(here, history.draw % size, place)
        self.weight, self.rate = learned(history.tag[[row for row in won if history.tag[row] > 0]])
        members = sorted(seats.values(), key=lambda row: place[row])
        last = max([*seats.values(), *won], default=0)
        idle = (here > last).sum() > PATIENCE * size
        X = np.asarray(history.X)
        if idle or (len(seats) == size and self._genes.alike(X[members])):
            present, seats, lost, members = present + 1, {}, [], []
        self.stranger = TAGS * present + 1
        self.members = self._genes.live(X[np.array(members, dtype=np.int64)])
        self.pool = np.vstack(
            [self.members, self._genes.live(X[np.array(lost[-size:], dtype=np.int64)])]
        )
        self.seats = {seat: members.index(row) for seat, row in seats.items()}

    def bred(self, draw: int, k: int) -> tuple[Array, Ints]:
        """Up to `k` allowed children of the member whose turn it is, or of any if its seat is free,
        and a tag that tells the F and CR of each."""
        rng, space, m = self._rng, self._genes.space, len(self.members)
        seat = draw % self._size
        if m < 3:
            return space.repair(space.sample(k, rng)), np.full(k, self.stranger)
        target = np.full(k, self.seats[seat]) if seat in self.seats else rng.integers(m, size=k)
        leaders = max(2, round(LEADERS * m))
        x, lead, a = (
            self._genes.filled(self.members[rows], self.members, rng)
            for rows in (target, rng.integers(leaders, size=k), rng.integers(m, size=k))
        )
        b = self.pool[rng.integers(len(self.pool), size=k)]
        b = self._genes.filled(b, self.members, rng)
        F, CR = self._settings(k)
        f = F[:, None]
        moved = x + f * (lead - x) + f * (a - b)
        moved = np.where(moved < 0, x / 2, np.where(moved > 1, (1 + x) / 2, moved))
        moved = np.where(self._genes.numeric, moved, self._options(x, lead, a, b, f))
        taken = rng.random(x.shape) < CR[:, None]
        taken[np.arange(k), rng.integers(x.shape[1], size=k)] = True
        X, allowed = settled(self._genes.space, np.where(taken, moved, x))
        settings = np.round(F * STEPS) * (STEPS + 1) + np.round(CR * STEPS)
        return X[allowed], self.stranger + settings.astype(np.int64)[allowed]

    def _settings(self, k: int) -> tuple[Array, Array]:
        """F and CR of k children, in steps."""
        F = self.weight + 0.1 * self._rng.standard_cauchy(k)
        F = np.clip(np.where(F <= 0, self.weight, F), 0.05, 1.0)
        CR = np.clip(self.rate + 0.1 * self._rng.standard_normal(k), 0.0, 1.0)
        return np.round(F * STEPS) / STEPS, np.round(CR * STEPS) / STEPS

    def _options(self, x: Array, lead: Array, a: Array, b: Array, f: Array) -> Array:
        """Genes of choices: those of a leader, or of `a` where it differs from `b`, or any."""
        rng = self._rng
        made = np.where(rng.random(x.shape) < f, lead, x)
        made = np.where((a != b) & (rng.random(x.shape) < f), a, made)
        return np.where(rng.random(x.shape) < RESET, rng.random(x.shape), made)


def _seated(rows: Ints, seat: Ints, place: Array) -> tuple[dict[int, int], list[int], list[int]]:
    """Who has each seat, who lost theirs, and who won one from another, in order of draws."""
    seats: dict[int, int] = {}
    lost, won = [], []
    for row in rows.tolist():
        before = seats.get(int(seat[row]))
        if before is None or place[row] < place[before]:
            seats[int(seat[row])] = row
            if before is not None:
                lost.append(before)
                won.append(row)
    return seats, lost, won
