"""Importance: how much of the differences in the loss each parameter accounts for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator

from luthier.errors import NothingFinished, StudyError, nearest
from luthier.history import History
from luthier.numerics.anova import Anova, Contexts
from luthier.numerics.divergence import divergence
from luthier.numerics.forest import Layout, boosted
from luthier.numerics.threads import one_thread
from luthier.numerics.warp import standardised, winsorised
from luthier.observed import options
from luthier.parameters import Array, Choice, Ints
from luthier.space import Space

METHODS = ("fanova", "ped-anova")
ENOUGH = 10  # finished trials; with fewer, nothing is said
TREES, PARTS = 32, 8  # trees of the forest; halves of the trials, for the intervals
KEPT, MOST = 2000, 500  # trials that are looked at, and that each tree is grown from
LITTLE = 0.2  # a model that explains less of the variance is not to be relied on
SAMPLED = 2048  # points at which conditions, and the variance as a whole, are looked up
SWITCHES = 128  # settings of the parents, at most; of more, the most frequent
PAIRED = 12  # parameters of which pairs are looked at: those that matter most
GOOD, FEWEST = 0.1, 5  # share of the trials that are good, and how many at least
EDGE = 0.05  # of the range: closer to an end, a trial presses against it
SURPRISE = 0.01  # how improbable it must be that so many do so by chance

Name = str | tuple[str, str]
Columns = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """What one parameter, or a pair beyond its two parameters, accounts for.

    Attributes
    ----------
    names : tuple of str
        One, or two for a pair.
    share : float
        Of all differences in the loss, from 0 to 1.
    low, high : float
        The ends of its 95 % interval.
    trials : int
        Finished trials in which it was active.
    """

    names: tuple[str, ...]
    share: float
    low: float
    high: float
    trials: int

    @property
    def name(self) -> Name:
        """The name, or for a pair both in a tuple."""
        return self.names[0] if len(self.names) == 1 else (self.names[0], self.names[1])

    def __str__(self) -> str:
        return " × ".join(self.names)


@dataclass(frozen=True, repr=False)
class Importance(Mapping[Name, float]):
    """Shares by name, the largest first; a mapping that prints as a table.

    Attributes
    ----------
    parts : tuple of Part
        The same with intervals.
    method : str
        "fanova" or "ped-anova".
    objective : str
    trials : int
        Finished trials it comes from.
    explained : float
        Of the differences in the loss, in trials that it had not seen, how much the model
        accounts for; NaN for "ped-anova", which has no model. Near 0, shares mean nothing.
    pressed : tuple of str
        Ends of ranges that the best trials lie at, each as a sentence.
    """

    parts: tuple[Part, ...]
    method: str
    objective: str
    trials: int
    explained: float
    pressed: tuple[str, ...]

    def __getitem__(self, name: Name) -> float:
        for part in self.parts:
            if name in (part.name, part.names[::-1]):
                return part.share
        raise KeyError(name)

    def __iter__(self) -> Iterator[Name]:
        return (part.name for part in self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self) -> Any:
        """A row for each part: a pandas DataFrame where pandas is installed, else a dict of lists.

        Columns: name, share, low, high and trials.
        """
        made = {
            "name": [str(part) for part in self.parts],
            **{key: [getattr(part, key) for part in self.parts]
               for key in ("share", "low", "high", "trials")},
        }  # fmt: skip
        try:
            import pandas as pd
        except ModuleNotFoundError:
            return made
        return pd.DataFrame(made)

    def __repr__(self) -> str:
        lines = [self.summary]
        width = max([len(str(part)) for part in self.parts], default=0)
        for part in self.parts:
            between = f"{part.low:4.0%} to {part.high:4.0%}"
            lines.append(f"{part!s:<{width}}  {part.share:4.0%}   {between}")
        return "\n".join([*lines, *self.pressed])

    @property
    def summary(self) -> str:
        """What the shares are of, in a sentence or two."""
        if self.method == "fanova":
            return (
                f"Shares of the variance of {self.objective} over the space, from {self.trials:,} "
                f"trials, with 95% intervals. The model explains {self.explained:.0%} of the "
                "variance in trials it has not seen"
                + ("." if self.explained >= LITTLE else ": too little to rely on the shares.")
            )
        return (
            f"Shares in what sets the best {GOOD:.0%} of {self.trials:,} trials apart by "
            f"{self.objective}, with 95% intervals."
        )


def importance(
    history: History,
    method: str = "fanova",
    *,
    pairs: bool = False,
    objective: str | None = None,
) -> Importance:
    """How much of the differences in an objective each parameter accounts for.

    Failed, stopped and running trials are left out, and of more than 2000 as many are drawn.
    Losses that are far worse than the others are drawn in first. Whether a parameter is active
    at all counts for its parent.

    Parameters
    ----------
    method : str
        "fanova" grows forests and splits up their variance over the space. "ped-anova" compares
        where the best tenth of the trials lies with where all lie: faster, and about what tells
        good trials from others rather than bad ones from worse.
    pairs : bool
        Also what two parameters account for together, beyond what each does alone; of the 12
        that matter most. Only with "fanova".
    objective : str, optional
        By default the first.

    Raises
    ------
    NothingFinished
        If fewer than 10 trials have finished.
    StudyError
        If there is no such method or objective, or `pairs` with "ped-anova".
    """
    if method not in METHODS:
        raise StudyError(
            f"importance: there is no method {method!r}.{nearest(method, METHODS)} "
            f"Give one of {', '.join(METHODS)}."
        )
    if pairs and method != "fanova":
        raise StudyError('importance: pairs=True needs method="fanova". Drop one of the two.')
    names = [each.name for each in history.objectives]
    if objective is not None and objective not in names:
        raise StudyError(
            f"importance: there is no objective {objective!r}.{nearest(objective, names)} "
            f"Give one of {', '.join(names)}."
        )
    j = 0 if objective is None else names.index(objective)
    rows = np.flatnonzero(history.done & np.isfinite(history.Y[:, j]))
    if len(rows) < ENOUGH:
        raise NothingFinished(
            f"importance: {len(rows)} trials have a result, and it takes at least {ENOUGH}. "
            "Run more trials."
        )
    rng = np.random.default_rng((history.seed, len(rows)))
    kept = rows if len(rows) <= KEPT else rows[np.sort(rng.permutation(len(rows))[:KEPT])]
    X, y = history.X[kept], history.Y[kept, j]
    with one_thread():
        if method == "fanova":
            made = _fanova(history.space, X, y, pairs, rng)
        else:
            made = _ped_anova(history.space, X, y, rng)
    live = ~np.isnan(X)
    parts = []
    for at, share, error in zip(made.columns, made.shares, made.errors, strict=True):
        share, low, high = np.clip([share, share - 1.96 * error, share + 1.96 * error], 0, 1)
        part = tuple(history.space.names[i] for i in at)
        trials = int(live[:, list(at)].all(axis=1).sum())
        parts.append(Part(part, float(share), float(low), float(high), trials))
    parts.sort(key=lambda part: -part.share)
    pressed = tuple(_pressed(history.space, history.X[rows], history.Y[rows, j]))
    return Importance(tuple(parts), method, names[j], len(rows), made.explained, pressed)


@dataclass(frozen=True)
class _Split:
    """Shares by columns, their standard errors, and how much the model explains."""

    columns: list[Columns]
    shares: Array
    errors: Array
    explained: float


def _fanova(space: Space, X: Array, y: Array, pairs: bool, rng: Generator) -> _Split:
    y = standardised(winsorised(standardised(y)))
    contexts, samples = _contexts(space, rng)
    layout = Layout(_levels(space))

    def grown(rows: Ints, trees: int) -> tuple[Anova, float]:
        stages, explained = boosted(X[rows], y[rows], layout, rng, trees=trees, most=MOST)
        return Anova(stages, contexts, samples), explained

    whole, explained = grown(np.arange(len(y)), TREES)
    columns: list[Columns] = [(j,) for j in _shown(space)]
    shares = [whole.share(at) for at in columns]
    if pairs:
        first = sorted(np.argsort(np.negative(shares), kind="stable")[:PAIRED].tolist())
        more = list(combinations([columns[i][0] for i in first], 2))
        columns += more
        shares += [whole.share(at) for at in more]
    halves = []
    for rows in _halves(len(y), rng):
        half, _ = grown(rows, TREES // 2)
        halves.append([half.share(at) for at in columns])
    return _Split(columns, np.array(shares), _errors(np.array(halves), shares), explained)


def _ped_anova(space: Space, X: Array, y: Array, rng: Generator) -> _Split:
    levels, shown = _levels(space), _shown(space)

    def split(rows: Ints) -> Array:
        top = np.zeros(len(rows), dtype=bool)
        top[np.argsort(y[rows], kind="stable")[: _good(len(rows))]] = True
        made = divergence(np.clip(X[rows], 0, 1), levels, top, rng)[shown]
        return np.asarray(made / made.sum()) if made.any() else made

    shares = split(np.arange(len(y)))
    halves = np.array([split(rows) for rows in _halves(len(y), rng)])
    return _Split([(j,) for j in shown], shares, _errors(halves, shares), math.nan)


def _halves(n: int, rng: Generator) -> list[Ints]:
    """Halves of n trials, drawn at random."""
    return [rng.permutation(n)[: (n + 1) // 2] for _ in range(PARTS)]


def _errors(halves: Array, shares: Any) -> Array:
    """Standard errors of shares.

    What a half of the trials says differs from what all say as much, by chance, as that does
    from the truth; what grows with the number of trials widens the error further.
    """
    return np.asarray(np.sqrt(np.mean((halves - shares) ** 2, axis=0)))


def _good(n: int) -> int:
    """How many of n trials are good ones."""
    return max(FEWEST, math.ceil(GOOD * n))


def _shown(space: Space) -> list[int]:
    """Columns that have more than one value."""
    return [j for j, (_, p) in enumerate(space.items()) if p.cells > 1]


def _levels(space: Space) -> tuple[int, ...]:
    return tuple(options(p) for _, p in space.items())


def _contexts(space: Space, rng: Generator) -> tuple[Contexts, Array]:
    """What switches parameters on and off, how often, and points of the space."""
    parents = {name for _, p in space.items() for name in p.when or ()}
    fixed = np.array([name in parents for name in space.names])
    X = space.snap(space.sample(SAMPLED, rng))
    X[~space.active(X)] = np.nan
    keys = np.where(fixed, np.nan_to_num(X, nan=-1.0), 0.0)
    _, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    most = np.argsort(-count, kind="stable")[:SWITCHES]
    weight = count[most] / count[most].sum()
    return Contexts(X[first[most]], weight, fixed), X


def _pressed(space: Space, X: Array, y: Array) -> Iterator[str]:
    """A sentence for each end of a range that the best trials lie at."""
    best = np.argsort(y, kind="stable")[: _good(len(y))]
    for j, (name, p) in enumerate(space.items()):
        if isinstance(p, Choice) or p.cells <= 1:
            continue
        u = X[best, j]
        u = u[~np.isnan(u)]
        # Of a number with few values, the last one is the end.
        near = max(EDGE, 1 / p.cells) + 1e-9
        for there, end, value in ((u <= near, "lower", p.low), (u >= 1 - near, "upper", p.high)):
            m = int(there.sum())
            if len(u) >= FEWEST and 2 * m >= len(u) and _tail(m, len(u), near) < SURPRISE:
                yield (
                    f"{name}: {m} of the {len(u)} best trials lie at the {end} end of its range, "
                    f"{value:g}. A range that goes further may hold better values."
                )


def _tail(m: int, n: int, chance: float) -> float:
    """How probable m or more of n are, each by the same chance."""
    return sum(math.comb(n, i) * chance**i * (1 - chance) ** (n - i) for i in range(m, n + 1))
