"""Candidates: which points a sampler with a model may still propose, and the search among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.numerics.climb import climb
from luthier.observed import options
from luthier.parameters import Array
from luthier.samplers.taken import Taken
from luthier.space import Mask, Space

EXCHANGED = 16  # a parameter with no more values is changed to each of them in turn
LISTED = 1000  # a space with no more points is searched by looking at all of them
WIDTHS = [0.05, 0.2]  # of the steps around the best points

Promise = Callable[[Array], Array]  # (k, d) -> (k,), the larger the better
Polish = Callable[[Array, float], Array]  # a full row and what it promises -> a better one


class Candidates:
    """The points of a space that were not tried yet.

    A *full* row has a number in every cell; which point of the space it stands for, `settled` says.
    """

    def __init__(self, space: Space, history: History, rng: Generator) -> None:
        self.space, self.rng = space, rng
        self._taken = Taken(space, history)

    def take(self, row: Array) -> None:
        """Propose this one, and never again."""
        self._taken.add(row)

    def fresh(self, row: Array) -> bool:
        """Whether a point was neither tried nor taken."""
        return self._taken.new(self.space.raw(row))

    def full(self, X: Array) -> Array:
        """Full rows, with random numbers where a parameter is not active."""
        return np.where(np.isnan(X), self.rng.random(X.shape), X)

    @cached_property
    def few(self) -> bool:
        """Whether the space is small enough to look at all of its points."""
        return math.prod(p.cells for _, p in self.space.items()) <= LISTED

    def listed(self, promise: Promise) -> Array | None:
        """The most promising point of all that are left; None when there is none."""
        raws = [raw for raw in self.space.points() if self._taken.new(raw)]
        if not raws:
            return None
        X = self.space.rows(raws)
        return np.asarray(X[int(np.argmax(promise(X)))])

    def pool(
        self, best: Array, drawn: int, moved: float, likely: int = 0, usual: bool = False
    ) -> Array:
        """Full rows to climb from: `drawn` anywhere, then one near each of the best points.

        Parameters
        ----------
        best : (n, d)
            A point may come several times.
        moved : float
            Which share of the cells of a row changes, at least.
        likely : int
            How many of those anywhere are drawn from what the user believes.
        usual : bool
            And around what parameters of well-known names usually are.
        """
        pool = np.vstack([self.space.sample(drawn, self.rng), best])
        if likely:
            pool[:likely] = self.space.sample(likely, self.rng, likely=True, usual=usual)
        pool = self.full(np.clip(pool, 0, 1))
        near = pool[drawn:]
        changed = self.rng.random(near.shape) < max(moved, min(1.0, 2 / near.shape[1]))
        width = self.rng.choice(WIDTHS, size=(len(near), 1))
        stepped = np.clip(near + width * self.rng.standard_normal(near.shape), 0, 1)
        other = np.where(self._choices, self.rng.random(near.shape), stepped)
        near[:] = np.where(changed, other, near)
        return pool

    @cached_property
    def _choices(self) -> Mask:
        return np.array([options(p) > 0 for _, p in self.space.items()])

    def climbed(self, promise: Promise, pool: Array, polish: Polish | None = None) -> Array | None:
        """The best allowed end of climbs from a pool of full rows; None if all were tried."""
        grid = [
            None if p.cells > EXCHANGED else p.centre(np.arange(int(p.cells)))
            for _, p in self.space.items()
        ]

        def score(G: Array) -> Array:
            return self.scored(promise, G)

        for G, value in zip(*climb(score, pool, grid, self.rng), strict=True):
            end = polish(G, float(value)) if polish is not None else G
            row = settled(self.space, end[None])[0][0]
            if math.isfinite(value) and self.fresh(row):
                return np.asarray(row)
        return None

    def scored(self, promise: Promise, G: Array) -> Array:
        """What full rows (k, d) promise; -inf where they are forbidden."""
        X, allowed = settled(self.space, G)
        return np.where(allowed, promise(X), -np.inf)

    def anywhere(self) -> Array:
        """A random point."""
        return np.asarray(self.space.repair(self.space.sample(1, self.rng))[0])


def settled(space: Space, G: Array) -> tuple[Array, Mask]:
    """The points of a space that full rows stand for, and which of them are allowed.

    Parameters
    ----------
    G : (k, d)
        A number in every cell, also where a parameter is inactive.

    Returns
    -------
    (k, d), (k,) bool
        Points with NaN where they are inactive.
    """
    X = space.snap(G)
    X[~space.active(X)] = np.nan
    return X, space.allowed(X)
