"""Embedding: mixed and conditional points as columns of numbers that a kernel can measure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALIKE = 0.5  # correlation of what the trend believes of two columns of a kind
LEVEL = 1.5  # size of the common level, in standard deviations of the trend
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

    The trend has a straight line and half a parabola along each numeric column, uncorrelated and
    with mean 0 over the cube, one level per option of each choice, and one level of its own: most
    losses that were seen come from near the best, so their mean is no fair guess elsewhere.

    Columns of one kind, such as the units of each layer of a network, are believed to act alike:
    half the variance of their lines, parabolas or levels is that of one they all share.

    Parameters
    ----------
    levels : (d,) int
        Options of an unordered choice; 0 for a number; -1 for a column to leave out.
    switches : tuple of int
        Columns whose activity is a feature of its own.
    twins : tuple of tuples of int
        Columns of one kind, with equal `levels`; -1 is not allowed.

    Source
    ------
    Garrido-Merchan and Hernandez-Lobato (2020) for options at equal distance; Swersky, Duvenaud,
    Snoek, Hutter and Osborne (2013) for conditions, whose arc is replaced by a line and a switch.
    """

    levels: tuple[int, ...]
    switches: tuple[int, ...] = ()
    twins: tuple[tuple[int, ...], ...] = ()

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

    @cached_property
    def _first(self) -> Ints:
        """(c,) the first feature of each choice, counted from that of the first."""
        widths = [self.levels[j] for j in self.choices]
        return np.cumsum([0, *widths[:-1]], dtype=np.int64)[: len(widths)]

    @cached_property
    def _options(self) -> Ints:
        return np.array([self.levels[j] for j in self.choices], dtype=np.int64)

    @cached_property
    def _shared(self) -> Array:
        """(t, t') how the trend's features mix: each with its own, then those that twins share."""
        p = len(self.numeric)
        place = {int(j): i for i, j in enumerate(self.numeric)}
        place |= {int(j): 2 * p + int(i) for j, i in zip(self.choices, self._first, strict=True)}
        own, shared = np.ones(2 * p + int(self._options.sum()) + 1), []
        for twins in self.twins:
            level = self.levels[twins[0]]
            for shift in range(level) if level else (0, p):
                column = np.zeros(len(own))
                column[[place[j] + shift for j in twins]] = 1
                own[column > 0] = math.sqrt(1 - ALIKE)
                shared.append(math.sqrt(ALIKE) * column)
        return np.hstack([np.diag(own), np.array(shared).reshape(-1, len(own)).T])

    @cached_property
    def _scale(self) -> float:
        return 1 / math.sqrt(max(1, len(self.numeric) + len(self.choices)))

    def __call__(self, X: Array) -> Points:
        """Embed rows (k, d)."""
        k, p, h = len(X), len(self.numeric), int(self._options.sum())
        C = X[:, self.numeric] - 0.5
        live = ~np.isnan(C)
        whole = bool((np.abs(C) <= FAR).all())  # nothing is inactive, nor far outside
        if not whole:
            C = np.where(live, np.clip(C, -FAR, FAR), 0.0)
        F = np.zeros((k, p + h + len(self.switches)))
        F[:, :p] = C
        if len(self.choices):
            V = X[:, self.choices]
            rows, which = np.nonzero((V >= 0) & (V <= 1))  # not where inactive or taken away
            count = self._options[which]
            at = np.minimum((V[rows, which] * count).astype(np.int64), count - 1)
            F[rows, p + self._first[which] + at] = math.sqrt(0.5)
        if self.switches:
            F[:, p + h :] = ~np.isnan(X[:, self.switches])
        T = np.empty((k, 2 * p + h + 1))
        T[:, :p] = self._scale * math.sqrt(12) * C
        # Half of Legendre's second polynomial.
        bow = self._scale * math.sqrt(45) * (C * C - 1 / 12)
        T[:, p : 2 * p] = bow if whole else np.where(live, bow, 0.0)
        T[:, 2 * p : -1] = self._scale * 1.5 * F[:, p : p + h]
        T[:, -1] = LEVEL
        return Points(F, T @ self._shared if self.twins else T)

    def slope(self, x: Array, along: Array, trend: Array) -> Array:
        """How a function of one embedded row changes with its numeric cells, by the chain rule.

        Parameters
        ----------
        x : (d,)
            The row; cells outside the cube count as they are.
        along : (e,)
            Derivatives of the function along `Points.F`.
        trend : (t,)
            Derivatives of the function along `Points.T`.

        Returns
        -------
        (p,)
            0 where a cell is inactive.
        """
        p, u = len(self.numeric), x[self.numeric]
        own = self._shared @ trend if self.twins else trend
        made = along[:p] + self._scale * math.sqrt(12) * own[:p]
        made += self._scale * 2 * math.sqrt(45) * (u - 0.5) * own[p : 2 * p]
        return np.where(np.isnan(u), 0.0, made)
