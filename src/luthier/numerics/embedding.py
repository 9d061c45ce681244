"""Embedding: mixed and conditional points as columns of numbers that a kernel can measure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FAR = 1.5  # how far from the centre a cell is believed to lie; a space that shrank leaves some


@dataclass(frozen=True, eq=False)
class Points:
    """Embedded points.

    Parameters
    ----------
    F : (k, e)
        Features whose distances the kernel measures.
    T : (k, t)
        Features whose inner products are the covariance of the trend.
    """

    F: Array
    T: Array

    def __len__(self) -> int:
        return len(self.F)

    def __getitem__(self, rows: slice | Ints | npt.NDArray[np.bool_]) -> Points:
        return Points(self.F[rows], self.T[rows])

    def joined(self, other: Points) -> Points:
        """These points and then the others."""
        return Points(np.vstack([self.F, other.F]), np.vstack([self.T, other.T]))


@dataclass(frozen=True)
class Embedding:
    """Turns rows of the unit cube, NaN where inactive, into `Points`.

    A numeric cell becomes its distance from the centre, 0 where inactive. A choice of K options
    becomes K columns of 0 and 1/sqrt(2), so that two options are at distance 1: the Hamming
    distance. A switch says by 0 or 1 whether a column is active, where nothing else tells. So
    distances come from a Euclidean embedding also where conditions hold, and every kernel that
    is positive definite on features stays so on points.

    The trend has a straight line and half a parabola along each numeric column, and one level
    per option of each choice, all uncorrelated and with mean 0 over the cube.

    Parameters
    ----------
    levels : (d,) int
        Options of an unordered choice; 0 for a number; -1 for a column to leave out.
    switches : tuple of int
        Columns whose activity is a feature of its own.

    Source
    ------
    Garrido-Merchan and Hernandez-Lobato (2020) for options at equal distance; Swersky, Duvenaud,
    Snoek, Hutter and Osborne (2013) for conditions, whose arc is replaced by a line and a switch.
    """

    levels: tuple[int, ...]
    switches: tuple[int, ...] = ()

    @cached_property
    def numeric(self) -> Ints:
        """Columns that hold numbers; the first features are theirs, in the same order."""
        return np.flatnonzero(np.array(self.levels) == 0)

    @cached_property
    def choices(self) -> Ints:
        """Columns that hold unordered choices; their features come next."""
        return np.flatnonzero(np.array(self.levels) > 0)

    @cached_property
    def block(self) -> Ints:
        """(e,) which length scale each feature uses."""
        p, c = len(self.numeric), len(self.choices)
        spread = np.repeat(np.arange(c), [self.levels[j] for j in self.choices])
        return np.concatenate([np.arange(p), p + spread, p + c + np.arange(len(self.switches))])

    @cached_property
    def blocks(self) -> int:
        """How many length scales there are."""
        return len(self.numeric) + len(self.choices) + len(self.switches)

    def __call__(self, X: Array) -> Points:
        """Embed rows (k, d)."""
        U = X[:, self.numeric]
        live = ~np.isnan(U)
        C = np.where(live, np.clip(U - 0.5, -FAR, FAR), 0.0)
        hot = [self._hot(X[:, j], self.levels[j]) for j in self.choices]
        H = np.hstack([np.empty((len(X), 0)), *hot])
        S = ~np.isnan(X[:, list(self.switches)])
        scale = 1 / np.sqrt(max(1, len(self.numeric) + len(self.choices)))
        line = np.sqrt(12) * C
        bow = np.where(live, np.sqrt(45) * (C * C - 1 / 12), 0.0)  # half of Legendre's second
        T = scale * np.hstack([line, bow, 1.5 * H])
        return Points(np.hstack([C, H, S]), T)

    def slope(self, x: Array) -> tuple[Array, Array]:
        """How the trend's features of one row change with its numeric cells.

        Returns
        -------
        line : (p,)
            Derivatives of its straight lines, one per numeric column.
        bow : (p,)
            Derivatives of its parabolas.
        """
        u = x[self.numeric]
        scale = 1 / np.sqrt(max(1, len(self.numeric) + len(self.choices)))
        live = ~np.isnan(u)
        C = np.where(live, u - 0.5, 0.0)
        return scale * np.sqrt(12) * live, scale * 2 * np.sqrt(45) * C

    @staticmethod
    def _hot(u: Array, levels: int) -> Array:
        """1/sqrt(2) in the column of the option; nowhere if inactive or taken away."""
        live = (u >= 0) & (u <= 1)  # False for NaN
        at = np.minimum((np.where(live, u, 0.0) * levels).astype(np.int64), levels - 1)
        made: Array = ((at[:, None] == np.arange(levels)) & live[:, None]) / np.sqrt(2)
        return made
