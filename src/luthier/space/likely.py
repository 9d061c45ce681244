"""What a user believes about where the best lies, as a density over each parameter's unit.

Densities are relative to a uniform draw: 1 where nothing is believed. Each keeps a share of the
uniform density, so that a wrong belief makes the rest of a range unlikely, and never impossible.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.parameters import Array, Choice, Parameter

EVEN = 0.1  # share of the uniform density in that of a number; Hvarfner et al. (2022) have 0
SPAN = 0.9674215661017012  # a normal distribution has two thirds within so many deviations
SURE = 2 / 3  # of an option's share goes by what was said, the rest is even
LEAST = 1e-3  # the narrowest deviation, of a range of 1


@dataclass(frozen=True)
class Bell:
    """A normal distribution cut off at 0 and 1, mixed with the uniform one.

    Parameters
    ----------
    mean, sd : float
        Before the cut; the mean lies in [0, 1].
    """

    mean: float
    sd: float

    def log_density(self, u: Array) -> Array:
        """Its logarithm at units (k,)."""
        return np.asarray(np.log(self._bell(u) + EVEN))

    def slope(self, u: Array) -> Array:
        """The derivative of `log_density`. Shape (k,)."""
        bell = self._bell(u)
        return np.asarray(bell / (bell + EVEN) * (self.mean - u) / self.sd**2)

    def _bell(self, u: Array) -> Array:
        from luthier.numerics.truncated import inside

        mean, sd = np.array(self.mean), np.array(self.sd)
        z = (u - mean) / sd
        whole = sd * inside(mean, sd) * math.sqrt(2 * math.pi)
        return np.asarray((1 - EVEN) * np.exp(-0.5 * z * z) / whole)

    def draw(self, k: int, rng: Generator) -> Array:
        """Units, shape (k,)."""
        from luthier.numerics.truncated import draw

        even, u = rng.random(k) < EVEN, rng.random(k)
        return np.where(even, u, draw(u, np.array(self.mean), np.array(self.sd)))


@dataclass(frozen=True)
class Bars:
    """A share for each of some equally wide cells.

    Parameters
    ----------
    shares : tuple of float
        They sum to 1.
    """

    shares: tuple[float, ...]

    def log_density(self, u: Array) -> Array:
        """The logarithm of the density at units (k,)."""
        count = len(self.shares)
        return np.asarray(np.log(count * np.array(self.shares))[self._cell(u)])

    def slope(self, u: Array) -> Array:
        """Zero: there is no going from cell to cell in small steps."""
        return np.zeros_like(u)

    def _cell(self, u: Array) -> Array:
        count = len(self.shares)
        return np.clip((u * count).astype(np.int64), 0, count - 1)

    def draw(self, k: int, rng: Generator) -> Array:
        """Units, shape (k,)."""
        count = len(self.shares)
        return np.asarray((rng.choice(count, size=k, p=self.shares) + rng.random(k)) / count)


Belief = Bell | Bars


def beliefs(pairs: Iterable[tuple[str, Parameter]]) -> dict[int, Belief]:
    """What is believed of the parameters that have `likely`, by column."""
    return {j: _belief(p) for j, (_, p) in enumerate(pairs) if p.likely is not None and p.cells > 1}


def _belief(p: Parameter) -> Belief:
    if isinstance(p, Choice):
        assert p.likely is not None
        said = np.array(p.likely) / sum(p.likely)
        return Bars(tuple((SURE * said + (1 - SURE) / len(said)).tolist()))
    low, high = p.likely_units()
    middle = min(max((low + high) / 2, 0.0), 1.0)
    return Bell(middle, max((high - low) / 2 / SPAN, LEAST))


def log_density(beliefs: Mapping[int, Belief], X: Array) -> Array:
    """(k,) logarithms of how likely points are by what is believed of their active cells."""
    made = np.zeros(len(X))
    for j, belief in beliefs.items():
        on = ~np.isnan(X[:, j])
        made[on] += belief.log_density(np.clip(X[on, j], 0.0, 1.0))
    return made


def slope(beliefs: Mapping[int, Belief], X: Array) -> Array:
    """(k, d) derivatives of `log_density` with respect to each cell; 0 where it is inactive."""
    made = np.zeros(np.shape(X))
    for j, belief in beliefs.items():
        on = ~np.isnan(X[:, j])
        made[on, j] = belief.slope(np.clip(X[on, j], 0.0, 1.0))
    return made
