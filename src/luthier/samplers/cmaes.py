"""Covariance matrix adaptation, for numbers, integers and choices together."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.errors import need
from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.threads import one_thread
from luthier.parameters import Array, Choice, Ints
from luthier.parts import Proposal
from luthier.samplers.offspring import FIRST, started
from luthier.samplers.remembered import Remembered
from luthier.samplers.taken import Taken
from luthier.samplers.tpe import ranked
from luthier.space import Space

WIDTH = 0.2  # standard deviation of the first distribution, of each number's range
FINE = 100  # a number with more values counts as continuous
NARROW = 1e-6  # standard deviations, of the range, below which a search is over
TRIES = 10  # draws for a point that was not tried


@explained
@dataclass(frozen=True)
class CMAES:
    """Draws from a normal distribution that moves, stretches and turns towards the good trials.

    The first points are the default configuration, where it is known, and a balanced design;
    the distribution starts around the best of them and of what else was tried before it. Integers
    and ordered choices keep a chance to change however narrow it becomes, and choices without an
    order have a probability of each option, which adapts alike.

    Every time as many trials have ended as a generation has, in the order of their draws, the
    distribution is updated; running trials are waited for by nobody, and join the update after.
    Failed trials rank last. When the distribution has become narrow, another search starts
    elsewhere with twice as many trials per generation. Only the order of losses counts.

    Needs the package `cmaes`: ``pip install 'luthier[cmaes]'``.

    Parameters
    ----------
    population : int
        Trials per generation; 0 takes 4 + 3 log d for d parameters.

    Raises
    ------
    StudyError
        If `population` makes no sense.

    Source
    ------
    Hamano, Saito, Nomura, Uchida and Shirakawa (2025), CatCMA with margin, as in the package
    `cmaes` of Nomura and Shibata (2024). Restarts as in Auger and Hansen (2005). Points from
    elsewhere, such as queued ones, come no further than one would expect of the distribution's
    own, as in Hansen (2011).
    """

    population: int = 0
    many_objectives: ClassVar[bool] = False
    usual: ClassVar[bool] = True
    _cache: Remembered = field(default_factory=Remembered, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.population:
            whole("CMAES", 4, population=self.population)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points.

        Raises
        ------
        MissingExtra
            If `cmaes` is not installed.
        """
        need("cmaes", "cmaes", "The sampler 'cmaes'")
        first = history.proposals
        planned = max(min(FIRST - first, k), 0)
        made = np.empty((k, len(space)))
        made[:planned] = started(space, history.seed)[first:][:planned]
        generation = 0
        if planned < k:
            with one_thread():
                search = self._search(space, history)
                taken = Taken(space, history)
                for i in range(planned, k):
                    made[i] = _next(space, search, taken, first + i, rng)
                    taken.add(made[i])
            generation = 0 if search is None else 1 + search.generation
        return Proposal(made, np.where(np.arange(k) < planned, 0, generation))

    def _search(self, space: Space, history: History) -> _Search | None:
        """The distribution after all generations that are complete; None before there is any."""
        axes, order = _Axes.of(space), ranked(history)
        if len(order) < 2 or axes.empty:
            return None
        place = _places(history, order)
        ended = np.flatnonzero((place < len(history)) | history.failed)
        own = history.tag[ended] > 0
        first = int(np.argmax(own)) if own.any() else len(ended)
        before, rest = ended[:first], ended[first:]
        batch = _Batch(np.asarray(history.X), place, history.draw)
        search: _Search | None = self._cache.get("search")
        key = (space, history.seed, batch.told(before))
        if self._cache.get("key") != key or search is None or not search.heard_of(batch, rest):
            search = _Search.around(axes, history.seed, self.population, batch, before)
        search = search.after(batch, rest)
        self._cache.update(key=key, search=search)
        return search


def _places(history: History, order: Ints) -> Ints:
    """The place of each trial in `order`, from 0; equal losses share the first of theirs, and
    trials that are not in it the last. Shape (n,)."""
    Y = history.Y[order]
    same = np.concatenate([[False], (Y[1:] == Y[:-1]).all(axis=1)])
    place = np.full(len(history), len(history))
    place[order] = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    return place


def _next(space: Space, search: _Search | None, taken: Taken, draw: int, rng: Generator) -> Array:
    """The first of a few draws that was not tried; else a uniform one."""
    if search is not None:
        rows = search.rows(search.draws(draw))
        fresh = taken.fresh(rows)
        if fresh.any():
            return np.asarray(rows[np.argmax(fresh)])
    rows = space.repair(space.sample(10 * TRIES, rng))
    return np.asarray(rows[np.argmax(taken.fresh(rows))])


@dataclass(frozen=True)
class _Axes:
    """Columns of a space by the kind of distribution that they have.

    Parameters
    ----------
    smooth, stepped, loose : (a,), (b,), (c,) int
        Continuous columns; those with ordered cells; those whose cells have no order, or are two.
    """

    space: Space
    smooth: Ints
    stepped: Ints
    loose: Ints

    @classmethod
    def of(cls, space: Space) -> _Axes:
        kinds: dict[str, list[int]] = {"smooth": [], "stepped": [], "loose": []}
        for j, (_, p) in enumerate(space.items()):
            loose = p.cells == 2 or (isinstance(p, Choice) and not p.ordered)
            if p.cells > 1:
                kinds["loose" if loose else "stepped" if p.cells <= FINE else "smooth"].append(j)
        return cls(space, **{name: np.array(js, dtype=np.int64) for name, js in kinds.items()})

    @property
    def empty(self) -> bool:
        return not self.size

    @property
    def size(self) -> int:
        return len(self.smooth) + len(self.stepped) + len(self.loose)

    @cached_property
    def numeric(self) -> Ints:
        return np.concatenate([self.smooth, self.stepped])

    @cached_property
    def options(self) -> Ints:
        """(c,) how many options each choice has."""
        parameters = [p for _, p in self.space.items()]
        return np.array([parameters[j].cells for j in self.loose], dtype=np.int64)

    def chosen(self, X: Array) -> Ints:
        """The option that each choice of rows has. Shape (k, c)."""
        u = np.clip(np.nan_to_num(X[:, self.loose]), 0, 1)
        return np.minimum((u * self.options).astype(np.int64), self.options - 1)

    def onehot(self, X: Array) -> Array:
        """(k, c, most options) 1 where an option is chosen."""
        made = self.chosen(X)[:, :, None] == np.arange(self.width)
        return np.asarray(made, dtype=np.float64)

    @property
    def width(self) -> int:
        """The most options of a choice."""
        return int(self.options.max(initial=1))

    def optimizer(self, mean: Array, shares: Array, size: int) -> Any:
        """A search with a diagonal covariance around `mean`."""
        from cmaes import CatCMAwM

        parameters = [p for _, p in self.space.items()]
        steps = [parameters[j].centre(np.arange(int(parameters[j].cells))) for j in self.stepped]
        gauss: dict[str, Any] = {}
        if len(self.numeric):
            gauss = {"mean": mean.copy(), "sigma": WIDTH, "cov": np.eye(len(mean))}
        return CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self.smooth) or None,
            z_space=[each.tolist() for each in steps] or None,
            c_space=self.options.tolist() or None,
            cat_param=shares.copy() if len(self.loose) else None,
            population_size=size,
            **gauss,
        )


@dataclass(frozen=True, eq=False)
class _Batch:
    """Trials as a search is told of them: where they lie, how they rank, and their draws."""

    X: Array
    place: Ints
    draw: Ints

    def ranks(self, rows: Ints) -> Ints:
        """How some trials rank among themselves; equal ones share a rank. Shape (k,)."""
        return np.asarray(np.unique(self.place[rows], return_inverse=True)[1])

    def told(self, rows: Ints) -> bytes:
        """All that matters of some trials."""
        return b"".join(a.tobytes() for a in (self.X[rows], self.ranks(rows), self.draw[rows]))


@dataclass(frozen=True, eq=False)
class _Search:
    """A distribution, and what it has been told.

    Parameters
    ----------
    inner : CatCMAwM
        The distribution after the last generation; only its generator is ever changed.
    heard : tuple of (int, bytes)
        For every generation its size, and what there was to know.
    restarts : int
        How many searches have ended before this one.
    """

    axes: _Axes
    seed: int
    inner: Any
    heard: tuple[tuple[int, bytes], ...] = ()
    restarts: int = 0

    @classmethod
    def around(cls, axes: _Axes, seed: int, size: int, batch: _Batch, rows: Ints) -> _Search:
        """A search around the better half of some trials, none or more."""
        size = size or max(4, 4 + int(3 * math.log(axes.size)))
        best = rows[np.argsort(batch.place[rows], kind="stable")][: -(-len(rows) // 2)]
        weights = np.log((len(best) + 1) / np.arange(1, len(best) + 1))
        U = batch.X[best][:, axes.numeric]
        live = ~np.isnan(U)
        total = weights @ live
        mean = np.where(total > 0, weights @ np.where(live, U, 0.0) / np.maximum(total, 1e-9), 0.5)
        # As if each option had been seen once more than it was.
        prior = np.arange(axes.width) < axes.options[:, None]
        shares = prior + np.einsum("i,ijk->jk", weights, axes.onehot(batch.X[best]))
        shares = shares / shares.sum(axis=1, keepdims=True)
        return cls(axes, seed, axes.optimizer(np.clip(mean, 0, 1), shares, size))

    @property
    def generation(self) -> int:
        """How many generations there were, those of earlier searches included."""
        return len(self.heard)

    def heard_of(self, batch: _Batch, rows: Ints) -> bool:
        """Whether it was told of these trials, as they are now, and no others."""
        at = 0
        for size, told in self.heard:
            if batch.told(rows[at : at + size]) != told:
                return False
            at += size
        return True

    def after(self, batch: _Batch, rows: Ints) -> _Search:
        """The search when it was told of all complete generations of these trials."""
        search, at = self, sum(size for size, _ in self.heard)
        while at + (size := search.inner.population_size) <= len(rows):
            search = search._told(batch, rows[at : at + size])
            at += size
        return search

    def _told(self, batch: _Batch, rows: Ints) -> _Search:
        inner = copy.deepcopy(self.inner)
        told = [self._solution(batch.X[row], int(batch.draw[row])) for row in rows]
        inner.tell(list(zip(told, batch.ranks(rows).astype(np.float64), strict=True)))
        heard = (*self.heard, (len(rows), batch.told(rows)))
        made = _Search(self.axes, self.seed, inner, heard, self.restarts)
        return made._restarted() if made._narrow else made

    def _restarted(self) -> _Search:
        """Another search from a random point, with twice as many trials per generation."""
        rng = np.random.default_rng((self.seed, 0xC3A, self.restarts))
        shares = np.arange(self.axes.width) < self.axes.options[:, None]
        inner = self.axes.optimizer(
            rng.random(len(self.axes.numeric)),
            shares / np.maximum(shares.sum(axis=1, keepdims=True), 1),
            2 * self.inner.population_size,
        )
        return _Search(self.axes, self.seed, inner, self.heard, self.restarts + 1)

    @property
    def _narrow(self) -> bool:
        """Whether little is left to find, or numbers have come to their limits."""
        inner, narrow = self.inner, True
        if len(self.axes.loose):
            if not np.isfinite(inner._q).all():
                return True
            narrow = bool((inner._q.max(axis=1) > 1 - 1.5 * inner._qmin * (inner._K - 1)).all())
        if len(self.axes.numeric):
            if inner.should_stop():
                return True
            width = inner._sigma * inner._A * np.sqrt(inner._C.diagonal())
            narrow = narrow and bool((width < NARROW).all())
        return narrow

    def draws(self, draw: int) -> list[Any]:
        """A few solutions; the same for the same draw, as long as the distribution stays."""
        seed = np.random.SeedSequence((self.seed, 0xC3B, draw)).generate_state(1)[0]
        self.inner.reseed_rng(int(seed))
        return [self.inner.ask() for _ in range(TRIES)]

    def rows(self, solutions: list[Any]) -> Array:
        """The points that solutions stand for. Shape (k, d)."""
        axes = self.axes
        X = np.full((len(solutions), len(axes.space)), 0.5)
        for x, solution in zip(X, solutions, strict=True):
            if len(axes.smooth):
                x[axes.smooth] = solution.x
            if len(axes.stepped):
                x[axes.stepped] = solution.z
            if len(axes.loose):
                x[axes.loose] = (solution.c.argmax(axis=1) + 0.5) / axes.options
        return axes.space.repair(X)

    def _solution(self, x: Array, draw: int) -> Any:
        """What to tell of one trial.

        If the distribution is still the one that it came from, then it is drawn again, as it was
        before numbers were rounded and brought into their ranges. Otherwise it is what the log
        says; cells that are inactive are drawn.
        """
        drawn = self.draws(draw)
        same = (np.nan_to_num(self.rows(drawn), nan=-1.0) == np.nan_to_num(x, nan=-1.0)).all(axis=1)
        if same.any():
            return drawn[int(np.argmax(same))]
        axes, silent = self.axes, drawn[0]
        told: dict[str, Any] = {}
        if len(axes.numeric):
            u = x[axes.numeric]
            v = self._near(np.where(np.isnan(u), silent._v_raw, np.clip(u, 0.0, 1.0)))
            told = {"x": v[: len(axes.smooth)], "z": v[len(axes.smooth) :], "_v_raw": v}
        if len(axes.loose):
            live = ((x >= 0) & (x <= 1))[axes.loose]
            told["c"] = np.where(live[:, None], axes.onehot(x[None])[0], silent.c)
        return type(silent)(**told)

    def _near(self, v: Array) -> Array:
        """A point moved towards the mean until it is no further than one expects, and then some.

        Source
        ------
        Hansen (2011), Injecting external solutions into CMA-ES, eq. 3.
        """
        inner, d = self.inner, len(v)
        y = (v - inner._mean) / (inner._sigma * inner._A)
        B, D = inner._eigen_decomposition()
        length = float(np.linalg.norm((B.T @ y) / np.maximum(D, 1e-300)))
        most = math.sqrt(d) + 2 * d / (d + 2)
        return np.asarray(inner._mean + min(1.0, most / max(length, 1e-300)) * (v - inner._mean))
