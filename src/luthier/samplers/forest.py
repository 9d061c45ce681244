"""Bayesian optimisation with a random forest, for mixed, conditional and large spaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.forest import Forest as Trees
from luthier.numerics.forest import Layout, grow
from luthier.numerics.threads import one_thread
from luthier.observed import Seen, options
from luthier.parameters import Array, Ints
from luthier.parts import Proposal
from luthier.samplers.candidates import Candidates
from luthier.samplers.refits import last_refit
from luthier.samplers.remembered import Remembered
from luthier.samplers.start import design
from luthier.space import Space

FIRST = 6  # points of the start design
RANDOM = 30  # one point in so many is drawn uniformly
TREES, LEAST = 40, 1  # trees, and rows in a leaf at least; with 2 it searches too little nearby
KAPPA = 1.0  # standard deviations
SETTLED = 0.03  # what is known to so many standard deviations of the losses is not worth a trial
KNOWN = 1e6  # by how much its promise is less
MOST = 1000  # trials that each tree is grown from; of more, each draws so many
DRAWN, NEAR = 400, 160  # points to look at first: anywhere, and around the best
MOVED = 0.2  # share of the cells that those around the best change


@explained
@dataclass(frozen=True)
class Forest:
    """Grows a random forest from the losses and tries where they may be lowest.

    The first points are the default configuration, where it is known, and a Latin hypercube in
    which every option comes equally often. Then the point with the lowest optimistic bound of
    its loss, one standard deviation below what is expected; one in 30 is drawn uniformly. Running
    trials count as if they had ended as expected; failed ones count as a little worse than the
    worst, stopped ones end as their curves say. Beyond 60 trials, new splits are looked for at
    every 5 % more; what is expected in a leaf always comes from all trials.

    Source
    ------
    Hutter, Hoos and Leyton-Brown (2011); Lindauer et al. (2022). We differ in the splits, see
    `luthier.numerics.forest.grow`, in that the variance within leaves counts, and in the bound:
    they take the expected improvement.
    """

    many_objectives: ClassVar[bool] = False
    usual: ClassVar[bool] = True
    _cache: Remembered = field(default_factory=Remembered, init=False, repr=False, compare=False)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; fewer when a finite space has no more."""
        with one_thread():
            rows = list(self._rows(space, history, k, rng))
        return Proposal(np.array(rows).reshape(len(rows), len(space)))

    def _rows(self, space: Space, history: History, k: int, rng: Generator) -> Iterable[Array]:
        search, enough = None, int(history.done.sum()) >= 2
        for draw in range(history.proposals, history.proposals + k):
            if draw < FIRST:
                yield design(space, FIRST, (history.seed, 0xF0))[draw]
                continue
            if not enough:
                yield space.repair(space.sample(1, rng))[0]
                continue
            search = search or _Search(self._cache, space, history, rng)
            row = search.next(draw)
            if row is None:
                return
            yield row


class _Search:
    """A forest that has seen a history, and the search for the points that promise most."""

    def __init__(self, cache: Remembered, space: Space, history: History, rng: Generator) -> None:
        self.space, self.history, self.rng = space, history, rng
        self.layout = Layout(tuple(options(p) for _, p in space.items()))
        self.candidates = Candidates(space, history, rng)
        seen = Seen.of(history, warp=True)
        self.X, y = seen.X, seen.standard
        self.trees, self.home = self._grown(cache, seen)
        # Leaves hold what their tree was grown from, with the losses as they stand now, and
        # everything that came since.
        rows, old = self.trees.rows, self.home.shape[1]
        self.node, self.told = np.take_along_axis(self.home, rows, axis=1), y[rows]
        self._add(seen.X[old:], y[old:])
        running = np.asarray(history.X[history.running])
        if len(running):
            self._believe(running)

    def _grown(self, cache: Remembered, seen: Seen) -> tuple[Trees, Ints]:
        """The forest as of its last growth, and the leaves of the trials it was grown from."""
        n = last_refit(len(seen))
        seen = seen.before(n)
        key = (self.layout, self.history.seed, seen.X.tobytes(), seen.y.tobytes())
        if cache.get("key") != key:
            chance = np.random.default_rng((self.history.seed, n))
            settings = {"trees": TREES, "least": LEAST, "most": MOST}
            trees = grow(seen.X, seen.standard, self.layout, chance, **settings)
            cache.update(key=key, made=(trees, trees.leaf(seen.X)))
        made: tuple[Trees, Ints] = cache["made"]
        return made

    def _add(self, X: Array, y: Array) -> None:
        """Put points with these losses into the leaves of every tree."""
        if len(X):
            new = self.trees.leaf(X)
            self.home = np.hstack([self.home, new])
            self.node = np.hstack([self.node, new])
            told = np.broadcast_to(y, (len(self.trees), len(y)))
            self.told = np.hstack([self.told, told])
        self.model = self.trees.refilled(self.node, self.told)

    def _believe(self, X: Array) -> None:
        """Take the expected losses of points that are on their way for observed ones."""
        self._add(X, self.model(X).mean)
        self.X = np.vstack([self.X, X])

    def next(self, draw: int) -> Array | None:
        """The next point, which then counts as running; None when there is none left."""
        if draw % RANDOM == RANDOM - 1:
            row: Array | None = self.candidates.anywhere()
        elif self.candidates.few:
            row = self.candidates.listed(self._promised)
        else:
            row = self._from_climb()
        if row is not None:
            self._believe(row[None])
            self.candidates.take(row)
        return row

    def _from_climb(self) -> Array:
        mean = self.model.mean[self.home].mean(axis=0)
        best = self.X[np.argsort(mean, kind="stable")[:8]]
        pool = self.candidates.pool(best[np.arange(NEAR) % len(best)], DRAWN, MOVED)
        row = self.candidates.climbed(self._promised, pool)
        return self.candidates.anywhere() if row is None else row

    def _promised(self, X: Array) -> Array:
        """The optimistic bound of the loss, downwards; lower by far where the loss is known."""
        belief = self.model(X)
        bound = KAPPA * np.sqrt(belief.variance) - belief.mean
        return np.where(belief.variance < SETTLED**2, bound - KNOWN, bound)
