"""Parzen estimators: densities over columns of all kinds, one kernel around each observation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from luthier.numerics.truncated import draw, inside, mass

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST = 1e-300  # the least that a kernel gives to a cell, so that its logarithm is finite
SPREAD = 0.25  # standard deviation of a column, as one more observation believes


@dataclass(frozen=True, eq=False)
class Layout:
    """How to read the columns of X, whose cells lie in [0, 1].

    Parameters
    ----------
    smooth : (a,) int
        Columns that are continuous.
    stepped : (b,) int
        Columns cut into ordered cells.
    loose : (c,) int
        Columns cut into equally wide cells without an order.
    counts : (d,) int
        Cells of each column; 0 where it is continuous.
    edges : sequence of d arrays or None
        Where the cells of a stepped column begin, and at last 1; None where they are equally wide.
    """

    smooth: Ints
    stepped: Ints
    loose: Ints
    counts: Ints
    edges: Sequence[Array | None]

    def cells(self, X: Array, columns: Ints) -> Ints:
        """The cell that each entry of some columns falls into; the first for NaN. Shape (k, ...)"""
        u, count = np.nan_to_num(X[:, columns]), self.counts[columns]
        made = np.clip((u * count).astype(np.int64), 0, count - 1)
        for place, j in enumerate(columns.tolist()):
            if (edges := self.edges[j]) is not None:
                found = np.searchsorted(edges, u[:, place], side="right") - 1
                made[:, place] = np.clip(found, 0, count[place] - 1)
        return made

    def bounds(self, columns: Ints, cells: Ints) -> tuple[Array, Array]:
        """Where cells begin and end, each given by its column and its position there."""
        count = self.counts[columns]
        low, high = cells / count, (cells + 1) / count
        for j in np.unique(columns).tolist():
            if (edges := self.edges[j]) is not None:
                here = columns == j
                low[here], high[here] = edges[cells[here]], edges[cells[here] + 1]
        return low, high


class Parzen:
    """A mixture of products: one kernel per observation, and one that knows nothing.

    A kernel is, in a continuous column, a normal distribution cut off at 0 and 1; in a stepped one
    what it has over each cell; and in a loose one the observed cell, mixed with all others. In a
    column that an observation lacks, its kernel is the average of those of the others.

    Parameters
    ----------
    layout : Layout
    X : (n, d)
        Observations, NaN where there is none. What lies outside [0, 1] is moved to the end, or
        counts as missing where cells have no order.
    weights : (n,)
        Of the observations, positive. The kernel that knows nothing gets their mean.
    scale : float
        Multiplies Scott's width of the kernels.
    least : float
        No kernel is narrower.

    Source
    ------
    Bergstra, Bardenet, Bengio and Kegl (2011), section 4; Falkner, Klein and Hutter (2018) for
    products; Watanabe (2023) for the role of the least width. Widths follow Scott (1992), from
    the spread of the column instead of the gap to the next observation.
    """

    def __init__(
        self, layout: Layout, X: Array, weights: Array, *, scale: float = 1.0, least: float = 0.01
    ) -> None:
        n, d = X.shape
        loose = layout.loose
        self._layout = layout
        self._ordered = np.concatenate([layout.smooth, layout.stepped])
        total = np.append(weights, weights.mean() if n else 1.0)
        self.weights = total / total.sum()
        self._mean = np.full((n + 1, d), 0.5)
        self._mean[:n] = np.clip(X, 0.0, 1.0)
        lost = (X[:, loose] < 0) | (X[:, loose] > 1)
        self._mean[:n, loose] = np.where(lost, math.nan, self._mean[:n, loose])
        self._missing = np.isnan(self._mean)
        self._partial = np.flatnonzero(self._missing.any(axis=0))
        self._sd = np.ones((n + 1, d))
        self._sd[:n] = np.clip(scale * widths(self._mean[:n], len(self._ordered)), least, 1.0)
        # An option has the share `other` in a kernel, and the observed one `extra` on top.
        count, smoothing = layout.counts[loose], 1 / (n + 1)
        self._own = layout.cells(self._mean, loose)
        self._other = np.tile(smoothing / (1 + count * smoothing), (n + 1, 1))
        self._extra = np.tile(1 / (1 + count * smoothing), (n + 1, 1))
        self._other[n], self._extra[n] = 1 / count, 0.0

    def draw(self, k: int, rng: Generator) -> Array:
        """Draw `k` points, without NaN: a column that is missing from a kernel is drawn from the
        kernels of others. Shape (k, d)."""
        layout = self._layout
        chosen = rng.choice(len(self.weights), size=k, p=self.weights)
        rows = np.tile(chosen[:, None], (1, len(layout.counts)))
        for j in self._partial.tolist():
            lacking = self._missing[chosen, j]
            share = np.where(self._missing[:, j], 0.0, self.weights)
            instead = rng.choice(len(share), size=int(lacking.sum()), p=share / share.sum())
            rows[lacking, j] = instead
        U = rng.random(rows.shape)
        X = np.empty_like(U)
        at = self._ordered
        X[:, at] = draw(U[:, at], self._mean[rows[:, at], at], self._sd[rows[:, at], at])
        at, place = layout.loose, np.arange(len(layout.loose))
        u, extra, count = U[:, at], self._extra[rows[:, at], place], layout.counts[at]
        anywhere = np.clip(np.floor((u - extra) / (1 - extra) * count), 0, count - 1)
        X[:, at] = (np.where(u < extra, self._own[rows[:, at], place], anywhere) + 0.5) / count
        return X

    def log_density(self, X: Array) -> Array:
        """The logarithm of the density at some points; columns that are NaN there do not count.

        Parameters
        ----------
        X : (k, d)
            In [0, 1].

        Returns
        -------
        (k,)
            Of the density, in continuous columns; of what the cell has, in others.
        """
        on = ~np.isnan(X)
        X = np.where(on, X, 0.0)
        L = np.log(self.weights) + self._smooth(X, on) + self._cells(X, on)
        top = L.max(axis=1, keepdims=True)
        return np.asarray(top[:, 0] + np.log(np.exp(L - top).sum(axis=1)))

    def _smooth(self, X: Array, on: Mask) -> Array:
        """Logarithms of the continuous columns' part of each kernel. Shape (k, n + 1)."""
        at = self._layout.smooth
        live = ~self._missing[:, at]
        mean, sd = np.where(live, self._mean[:, at], 0.0), self._sd[:, at]
        constant = np.log(sd * inside(mean, sd)) + 0.5 * math.log(2 * math.pi)
        # -(x - mean)^2 / (2 sd^2) - constant, multiplied out and summed by one matrix product
        curve = live / sd**2
        slope = curve * mean
        level = 0.5 * slope * mean + live * constant
        x, here = X[:, at], on[:, at].astype(np.float64)
        L = np.hstack([x * x, x, here]) @ np.hstack([-0.5 * curve, slope, -level]).T
        for place in np.flatnonzero(~live.all(axis=0)).tolist():
            own = live[:, place]
            z = (x[:, [place]] - mean[own, place]) / sd[own, place]
            share = self.weights[own] / self.weights[own].sum()
            average = np.exp(-0.5 * z * z - constant[own, place]) @ share
            average = np.log(np.maximum(average, LEAST))
            L += np.where(here[:, place] > 0, average, 0.0)[:, None] * ~own
        return np.asarray(L)

    def _cells(self, X: Array, on: Mask) -> Array:
        """Logarithms of the other columns' part of each kernel. Shape (k, n + 1)."""
        layout, b = self._layout, len(self._layout.stepped)
        at = np.concatenate([layout.stepped, layout.loose])
        if not len(at):
            return np.zeros((len(X), len(self.weights)))
        # A table with one row for each cell, of any column, that is asked for.
        start = np.cumsum(layout.counts[at]) - layout.counts[at]
        code, where = np.unique(layout.cells(X, at) + start, return_inverse=True)
        place = np.searchsorted(start, code, side="right") - 1
        cell, column = code - start[place], at[place]
        s = int(np.searchsorted(place, b))  # rows of stepped columns come first
        low, high = layout.bounds(column[:s], cell[:s])
        mean, sd = self._mean.T[column[:s]], self._sd.T[column[:s]]
        cut = inside(self._mean[:, layout.stepped], self._sd[:, layout.stepped]).T[place[:s]]
        T = np.empty((len(code), len(self.weights)))
        T[:s] = mass((low[:, None] - mean) / sd, (high[:, None] - mean) / sd) / cut
        loose = place[s:] - b
        seen = self._own.T[loose] == cell[s:, None]
        T[s:] = self._other.T[loose] + self._extra.T[loose] * seen
        if len(self._partial):
            missing = self._missing.T[column]
            share = np.where(missing, 0.0, self.weights)
            average = (np.where(missing, 0.0, T) * share).sum(axis=1) / share.sum(axis=1)
            T = np.where(missing, average[:, None], T)
        asked = np.zeros((len(X), len(code)))
        np.put_along_axis(asked, where.reshape(len(X), -1), on[:, at].astype(np.float64), axis=1)
        return np.asarray(asked @ np.log(np.maximum(T, LEAST)))


def widths(X: Array, d: int) -> Array:
    """Scott's width of kernels in d dimensions for each column of X, which may hold NaN.

    Few observations say little about the spread of a column: it counts as if one more had been
    `SPREAD` away from their mean.

    Returns
    -------
    (columns,)
    """
    live = ~np.isnan(X)
    count = np.maximum(live.sum(axis=0), 1)
    mean = np.where(live, X, 0.0).sum(axis=0) / count
    square = np.where(live, X - mean, 0.0) ** 2
    spread = np.sqrt((square.sum(axis=0) + SPREAD**2) / count)
    return np.asarray(spread * count ** (-1 / (d + 4)))
