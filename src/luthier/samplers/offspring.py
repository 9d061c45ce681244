"""Offspring: how the evolutionary samplers start, turn genes into points, and pick among many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.numerics.gaussian import Hyper, Posterior
from luthier.numerics.threads import one_thread
from luthier.observed import Seen, embedding, options, prior
from luthier.parameters import Array, Ints
from luthier.parts import Proposal
from luthier.samplers.start import design
from luthier.samplers.taken import Taken
from luthier.space import Space

FIRST = 6  # points of the start design
BRED = 20  # children to look through for one that was not tried, where no model looks at more
BLIND = 0.1  # of the children are tried without asking the model
BOLD = 1.5  # standard deviations that the model takes off what it expects
SETTLED = 0.03  # what is known to so many standard deviations of the losses is not worth a trial
NOISE = 2e-3  # variance of losses; with 2e-2, 32 points at once come five times as close
KEPT = 150  # trials that the model sees
SAME = 1e-4  # of a number's range: a population that lies closer together has collapsed


def started(space: Space, seed: int) -> Array:
    """The first points of the evolutionary samplers. Shape (FIRST, d)."""
    return design(space, FIRST, (seed, 0xE70))


class Breeders(Protocol):
    """The population of a search.

    Attributes
    ----------
    stranger : int
        The tag of a point that is nobody's child.
    """

    stranger: int

    def bred(self, draw: int, k: int) -> tuple[Array, Ints]:
        """Up to `k` allowed children for a draw, and the tag of each."""
        ...


def proposed(
    space: Space,
    history: History,
    k: int,
    rng: Generator,
    gather: Callable[[], Breeders],
    offspring: int,
) -> Proposal:
    """The first points of the design, then for each draw one of the children bred for it.

    Parameters
    ----------
    gather : callable
        The population, computed when there is something to breed.
    offspring : int
        Children that a model chooses from; 1 leaves it out.
    """
    first = history.proposals
    planned = max(min(FIRST - first, k), 0)
    X, tag = np.empty((k, len(space))), np.zeros(k, dtype=np.int64)
    X[:planned] = started(space, history.seed)[first:][:planned]
    if planned < k:
        with one_thread():
            breeders = gather()
            nursery = Nursery(space, history, rng, screened=offspring > 1)
            for i in range(planned, k):
                children, tags = breeders.bred(first + i, max(offspring, BRED))
                X[i], at = nursery.pick(children)
                tag[i] = breeders.stranger if at < 0 else tags[at]
    return Proposal(X, tag)


# -- genes -----------------------------------------------------------------------------------------


class Genes:
    """A space as evolution sees it: a gene per parameter, also where it is inactive.

    Attributes
    ----------
    numeric : (d,) bool
        Genes with an order: numbers, and choices that have one.
    cells : (d,)
        How many values each gene has; inf where it is continuous.
    above : tuple of (int, int)
        Conditional genes, each with one that it depends on, and which comes first.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        column = {name: j for j, name in enumerate(space)}
        parameters = [p for _, p in space.items()]
        self.numeric = np.array([options(p) <= 0 for p in parameters], dtype=bool)
        self.cells = np.array([p.cells for p in parameters], dtype=np.float64)
        depth: dict[str, int] = {}

        def deep(name: str) -> int:
            above = space[name].when or {}
            depth.setdefault(name, 1 + max(map(deep, above), default=-1))
            return depth[name]

        parents = {name: next(iter(p.when)) for name, p in space.items() if p.when}
        order = sorted(parents, key=deep)
        self.above = tuple((column[name], column[parents[name]]) for name in order)

    def live(self, X: Array) -> Array:
        """Rows (k, d) of a history without the cells that the space no longer has."""
        return np.where((X >= 0) & (X <= 1), X, np.nan)

    def filled(self, G: Array, donors: Array, rng: Generator) -> Array:
        """Genes (k, d) with those that are silent taken from donors (n, d), or drawn."""
        if len(donors):
            G = np.where(np.isnan(G), donors[rng.integers(len(donors), size=len(G))], G)
        return np.where(np.isnan(G), rng.random(G.shape), G)

    def alike(self, X: Array) -> bool:
        """Whether points (n, d) lie so close together that nothing new comes of them."""
        inactive = np.isnan(X)
        if (inactive != inactive[:1]).any():
            return False
        return bool((np.ptp(np.where(inactive, 0.0, X), axis=0) < SAME).all())


@lru_cache(maxsize=8)
def genes(space: Space) -> Genes:
    """The genes of a space, made once."""
    return Genes(space)


# -- which child is tried --------------------------------------------------------------------------


class Nursery:
    """Picks among children: new ones only, and of those the one of which a model expects most.

    Parameters
    ----------
    screened : bool
        Ask a model, once there are two losses; else the first new child is picked.
    """

    def __init__(
        self, space: Space, history: History, rng: Generator, *, screened: bool = False
    ) -> None:
        self._space, self._rng = space, rng
        self._taken = Taken(space, history)
        known = screened and history.done.sum() >= 2
        self._screen = Screen(space, history, rng) if known else None

    def pick(self, X: Array) -> tuple[Array, int]:
        """One of the children (k, d), which then counts as running, and its place; -1 for a
        stranger, who comes where none of them is new."""
        order = np.arange(len(X))
        if self._screen is not None and len(X) and self._rng.random() >= BLIND:
            order = np.argsort(self._screen(X), kind="stable")
        at = next((int(i) for i in order if self._taken.fresh(X[i : i + 1])[0]), -1)
        x = X[at] if at >= 0 else self._stranger()
        self._taken.add(x)
        if self._screen is not None:
            self._screen.believe(x[None])
        return x, at

    def _stranger(self) -> Array:
        """A uniform draw; one that was tried if there seems to be no other."""
        drawn = self._space.repair(self._space.sample(100, self._rng))
        return np.asarray(drawn[np.argmax(self._taken.fresh(drawn))])


class Screen:
    """What is expected of points, from the losses of trials near them; low is good.

    A Gaussian process whose length scales are fixed, so that it costs a hundredth of one that is
    fitted. Failed trials count as a little worse than the worst, running ones as if they had
    ended as expected. Several objectives become one, by weights that are drawn.

    Source
    ------
    Jin (2011) for models that choose among offspring; Knowles (2006), eq. 2, for the weights,
    which we apply to ranks so that the objectives' scales do not matter.
    """

    def __init__(self, space: Space, history: History, rng: Generator) -> None:
        self._measured = embedding(space)
        seen = Seen.of(history, warp=True)
        rows = history.done | history.stopped | history.failed
        y = seen.y if len(history.objectives) == 1 else _weighted(history, rng)[rows]
        seen = replace(seen, y=np.where(history.feasible[rows] | history.stopped[rows], y, np.nan))
        points = self._measured(seen.X)
        kept = seen.chosen(points.F, KEPT)
        expected = Hyper.from_log(prior(self._measured, trend=True).mean)
        hyper = replace(expected, noise=NOISE)
        self._model = Posterior(points[kept], seen.standard[kept], self._measured.block, hyper)
        running = np.asarray(history.X[history.running])
        if len(running):
            self.believe(running)

    def believe(self, X: Array) -> None:
        """Take points (k, d) for trials that ended as expected."""
        points = self._measured(X)
        self._model = self._model.seeing(points, self._model(points).mean)

    def __call__(self, X: Array) -> Array:
        """An optimistic bound of the loss of points (k, d), and inf where nothing is to learn."""
        belief = self._model(self._measured(X))
        deviation = np.sqrt(belief.variance)
        return np.where(deviation < SETTLED, 1e3, 0.0) + belief.mean - BOLD * deviation


def _weighted(history: History, rng: Generator) -> Array:
    """One loss in place of several, for each trial; NaN unless it is DONE."""
    done = history.done & np.isfinite(history.Y).all(axis=1)
    Y = history.Y[done]
    ranks = np.argsort(np.argsort(Y, axis=0, kind="stable"), axis=0) / max(1, len(Y))
    shares = ranks * rng.dirichlet(np.ones(Y.shape[1]))
    made = np.full(len(history), np.nan)
    made[done] = shares.max(axis=1) + 0.05 * shares.sum(axis=1)
    return made
