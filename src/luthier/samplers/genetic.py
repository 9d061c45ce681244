"""A genetic algorithm for mixed and conditional spaces."""

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
from luthier.space import Mask, Space

TOURNAMENT = 3  # members that compete to be a parent
NEAR, FAR, CROSS, BLEND, FOREIGN = range(5)  # ways to make a child
PRIOR = np.array([1.0, 1.0, 1.0, 1.0, 0.25])  # trials of each way that are believed in at first
GENES = np.array([1.5, 1.5, 0.5, 0.5, 0.0])  # genes that each way mutates, on average
STEP = np.array([0.05, 0.2, 0.05, 0.05, 0.0])  # standard deviation of a mutation, of the range
WAYS = 8  # tags are 1 + way + WAYS * search
RECENT = 50  # trials from which it is learned which ways succeed
PATIENCE = 5  # populations' worth of trials without a better one, and the search starts anew


@explained
@dataclass(frozen=True)
class Genetic:
    """Breeds new points from good ones: by tournament, crossover and mutation.

    The first points are the default configuration, where it is known, and a balanced design. The
    population is always the best trials of the search, so the best is never lost, and nobody
    waits: a child is bred whenever one is asked for. A parent is the best of three members drawn
    at random. Of two parents a child takes each gene from one or, where genes are numbers, from
    between or a little beyond them; an option comes together with the parameters that it switches
    on. Numbers mutate by small or large steps, choices to any other option, and now and then
    comes a stranger. Each of these ways is used the more, the more often it led to the best
    quarter of the population.

    Many children are bred, and the one is tried of which a model of the trials near it expects
    most; one in ten is tried unseen. The model takes running trials to end as expected, so many
    can run at once. Trials that failed have no children and deter the model; those that were
    stopped rank after those that ended. When the population has collapsed, or nothing better was
    found for long, another search starts from strangers.

    With several objectives those trials come first that no other dominates, and so on, and among
    equals those far from the others.

    Parameters
    ----------
    population : int
        How many trials may be parents.
    offspring : int
        Children that the model chooses from; 1 leaves it out.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Goldberg (1989); steady state as in Syswerda (1991); blending as in Muhlenbein and
    Schlierkamp-Voosen (1993); Deb, Pratap, Agarwal and Meyarivan (2002) for several objectives,
    with ranks and distances as in `luthier.numerics.leading`. Screening as in Jin (2011), see
    `luthier.samplers.offspring.Screen`.
    """

    population: int = 20
    offspring: int = 100
    many_objectives: ClassVar[bool] = True
    usual: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("Genetic", 4, population=self.population)
        whole("Genetic", 1, offspring=self.offspring)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; ``history.tag`` tells later how each was bred."""
        gather = partial(_Herd, space, history, self.population, rng)
        return proposed(space, history, k, rng, gather, self.offspring)


class _Herd:
    """The population of the present search, computed from a history, and its children.

    Attributes
    ----------
    stranger : int
        The tag of a stranger.
    parents : (n, d)
        The population, best first.
    rates : (5,)
        Probabilities of the ways to make a child.
    """

    def __init__(self, space: Space, history: History, size: int, rng: Generator) -> None:
        self._genes, self._rng = genes(space), rng
        order = ranked(history)
        # A queued configuration has no tag; it belongs to the search in which it came.
        search = np.maximum.accumulate(history.tag // WAYS) if len(history) else history.tag
        last = int(search.max(initial=0))
        here = order[search[order] == last]
        if self._stuck(history, here, size):
            last, here = last + 1, here[:0]
        self._tag = 1 + WAYS * last  # of the first way in this search
        self.stranger = self._tag + FOREIGN
        self.parents = self._genes.live(np.asarray(history.X[here[:size]]))
        self.rates = rates(history, order, max(1, size // 4))

    def _stuck(self, history: History, order: Ints, size: int) -> bool:
        """Whether a search, given by its trials from the best on, has come to its end."""
        if len(order) < size:
            return False
        idle = (order > order[: max(1, size // 4)].max()).sum()
        return bool(idle > PATIENCE * size) or self._genes.alike(history.X[order[:size]])

    def bred(self, draw: int, k: int) -> tuple[Array, Ints]:
        """Up to `k` allowed children, and a tag that tells the way in which each was made."""
        rng, space = self._rng, self._genes.space
        strangers = space.sample(k, rng)
        if not len(self.parents):
            return space.repair(strangers), np.full(k, self.stranger)
        ways = rng.choice(len(PRIOR), size=k, p=self.rates)
        A, B = self._parents(k), self._parents(k)
        G = np.where((ways == CROSS)[:, None], self._crossed(A, B), A)
        G = np.where((ways == BLEND)[:, None], self._blended(A, B), G)
        G = np.where((ways == FOREIGN)[:, None], strangers, G)
        active = ~np.isnan(G)
        G = self._genes.filled(G, self.parents, rng)
        G = np.where(self._hit(ways, active), self._moved(G, STEP[ways]), G)
        X, allowed = settled(self._genes.space, G)
        return X[allowed], self._tag + ways[allowed]

    def _parents(self, k: int) -> Array:
        rows = self._rng.integers(len(self.parents), size=(k, TOURNAMENT)).min(axis=1)
        return np.asarray(self.parents[rows])

    def _crossed(self, A: Array, B: Array) -> Array:
        """Each gene from either parent; one that needs an option comes from where that came."""
        first = self._rng.random(A.shape) < 0.5
        for j, parent in self._genes.above:
            first[:, j] = np.where(A[:, parent] == B[:, parent], first[:, j], first[:, parent])
        chosen, other = np.where(first, A, B), np.where(first, B, A)
        return np.where(np.isnan(chosen), other, chosen)

    def _blended(self, A: Array, B: Array) -> Array:
        """Numbers from between both parents or a little beyond; the rest as when crossed."""
        between = A + self._rng.uniform(-0.25, 1.25, size=A.shape) * (B - A)
        use = self._genes.numeric & ~np.isnan(between)
        return np.where(use, np.clip(between, 0.0, 1.0), self._crossed(A, B))

    def _hit(self, ways: Ints, active: Mask) -> Mask:
        """Which genes mutate: each now and then; where nothing else happens, at least one."""
        rng = self._rng
        hit: Mask = rng.random(active.shape) < GENES[ways][:, None] / active.shape[1]
        one = np.argmax(np.where(active, rng.random(active.shape), -1.0), axis=1)
        alone = np.flatnonzero(ways <= FAR)
        hit[alone, one[alone]] = True
        return hit

    def _moved(self, G: Array, step: Array) -> Array:
        """Genes after a mutation: numbers by at least one value, choices to another option."""
        cells, rng = self._genes.cells, self._rng
        by = step[:, None] * rng.standard_normal(G.shape)
        by = np.copysign(np.maximum(np.abs(by), 1 / cells), by)
        near = np.abs(G + by)
        near = np.clip(np.where(near > 1, 2 - near, near), 0.0, 1.0)  # reflected at the ends
        options = np.where(self._genes.numeric, 2.0, np.maximum(cells, 2.0))
        other = (G + (1 + np.floor(rng.random(G.shape) * (options - 1))) / options) % 1.0
        return np.where(self._genes.numeric, near, other)


def rates(history: History, order: Ints, good: int) -> Array:
    """How often to use each way to make a child, from how often it succeeded of late. Shape (5,).

    A trial succeeded if it ranks among the `good` best of those drawn up to it.

    Parameters
    ----------
    order : (n,) int
        Rows of trials that told how good they are, best first.
    """
    place = np.full(len(history), np.inf)
    place[order] = np.arange(len(order))
    won, tried = PRIOR / 2, PRIOR.copy()
    for row in np.flatnonzero((history.tag > 0) & ~history.running)[-RECENT:]:
        way = int(history.tag[row] - 1) % WAYS
        tried[way] += 1
        won[way] += (place[:row] < place[row]).sum() < good and place[row] < np.inf
    made = won / tried * PRIOR
    return np.asarray(made / made.sum())
