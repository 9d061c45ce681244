"""How much of a forest's variance each column accounts for, by itself and in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from luthier.numerics.forest import MISSING, Forest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NOTHING = 1e-9  # a variance of standardised losses that is 0, but for rounding
CELLS = 32  # into which a number's range is cut; marginals are exact means over each


@dataclass(frozen=True, eq=False)
class Contexts:
    """Every way to set the columns that switch others on and off.

    Given a context, the other active columns are independent and uniform.

    Parameters
    ----------
    X : (c, d)
        Rows of the unit cube, NaN where a column is inactive in that context.
    weight : (c,)
        How probable each is; they sum to 1.
    fixed : (d,) bool
        Columns that switch others; the cells of the rest only say that they are active.
    """

    X: Array
    weight: Array
    fixed: Mask

    @cached_property
    def active(self) -> Mask:
        """(c, d) bool."""
        return ~np.isnan(self.X)


class Anova:
    """The variance of forests over a space, split up among columns.

    A column's part is the variance of the forests' mean given its cell, times how often it is
    active: so what switching a column on does is its parent's part. A pair's part is what
    the two explain together, where both are active, beyond what each explains there. All means
    over other columns are exact sums over leaves. Each variance is the mean covariance of two
    different trees, which noise that trees do not share does not inflate.

    Parameters
    ----------
    stages : sequence of Forest
        Their sum is meant; as many trees in each, at least 2.
    samples : (k, d)
        Points drawn from the space, from which the variance as a whole is taken.

    Source
    ------
    Hutter, Hoos and Leyton-Brown (2014), An efficient approach for assessing hyperparameter
    importance. We differ in the conditions, in the sum of forests, and in averaging over trees
    before variances are taken.
    """

    def __init__(self, stages: Sequence[Forest], contexts: Contexts, samples: Array) -> None:
        self.contexts = contexts
        self.total = shared(sum(forest.mean[forest.leaf(samples)] for forest in stages))
        self._stages = [_Boxes(forest, contexts) for forest in stages]

    def share(self, columns: tuple[int, ...]) -> float:
        """The part of one column, or of two beyond what each has alone, relative to `total`."""
        if self.total < NOTHING:
            return 0.0
        within: Mask = np.asarray(self.contexts.active[:, list(columns)].all(axis=1))
        part = self._explained(columns, within)
        if len(columns) == 2:
            part -= float(sum(self._explained((j,), within) for j in columns))
        return float(self.contexts.weight[within].sum()) * part / self.total

    def _explained(self, columns: tuple[int, ...], within: Mask) -> float:
        """The variance of the mean given some columns, in some contexts."""
        if not within.any():
            return 0.0
        told = [boxes.marginal(columns, within) for boxes in self._stages]
        return shared(sum(means for means, _ in told), told[0][1])


class _Boxes:
    """The leaves of one forest, tree by tree, and how probable each is in each context."""

    def __init__(self, forest: Forest, contexts: Contexts) -> None:
        leaves = forest.leaves()
        order = np.argsort(leaves.tree, kind="stable")
        self.low, self.high = leaves.low[order], leaves.high[order]
        self.mean, self.tree = leaves.mean[order], leaves.tree[order]
        self.start = np.searchsorted(self.tree, np.arange(len(forest)))
        self.forest, self.contexts = forest, contexts
        self.codes = forest.layout.coded(contexts.X)
        self._covers: dict[int, Array] = {}
        self.split = np.isfinite(self.low).any(axis=0) | np.isfinite(self.high).any(axis=0)
        self.chance = self._chances()

    def marginal(self, columns: tuple[int, ...], within: Mask) -> tuple[Array, Array]:
        """What each tree expects given the cells of one or two columns, in some contexts.

        Returns
        -------
        (t, cells)
            For two columns, all pairs of cells.
        (cells,)
            How probable these are.
        """
        given = [self._given(j) for j in columns]
        # Contexts that agree in those of these columns that are fixed are one group.
        table = np.stack([at for at, _ in given])[:, within]
        groups, of = np.unique(table, axis=1, return_inverse=True)
        member = np.zeros((len(within), groups.shape[1]))
        member[np.flatnonzero(within), of.ravel()] = self.contexts.weight[within]
        weight = member.sum(axis=0)
        held = self.chance @ (member / weight) * self.mean[:, None]
        covers = [cover for _, cover in given if cover is not None]
        for cover in covers:  # given its cell, the column counts no more
            volume = cover.mean(axis=1)[:, None]
            held = np.divide(held, volume, out=np.zeros_like(held), where=volume > 0)
        if not covers:
            made = np.add.reduceat(held, self.start, axis=0)
        elif len(covers) == 1:
            made = self._summed(held, covers[0])
        else:
            made = self._summed(held * covers[0], covers[1])
        made = made.reshape(len(made), -1)
        cells = made.shape[1] // len(weight)
        return made, np.repeat(weight / (weight.sum() * cells), cells)

    def _chances(self) -> Array:
        """(leaves, c) that a point of each context falls into each leaf of its tree."""
        made = np.ones((len(self.mean), len(self.contexts.weight)))
        for j in np.flatnonzero(self.split).tolist():
            if self.contexts.fixed[j]:
                made *= self._inside(j, self.codes[:, j])
                continue
            levels = self.forest.layout.levels[j]
            missing = self._inside(j, np.array([levels if levels > 0 else MISSING]))
            volume = self._cover(j).mean(axis=1)
            made *= np.where(self.contexts.active[:, j], volume[:, None], missing)
        return made

    def _inside(self, j: int, codes: Array) -> Mask:
        """(leaves, a) which leaves hold which codes of a column."""
        layout = self.forest.layout
        if layout.levels[j] > 0:
            first = layout.first[np.searchsorted(layout.choices, j)]
            at = first + codes.astype(np.int64)
            codes = self.forest.order[:, at][self.tree]
        made: Mask = (codes > self.low[:, j, None]) & (codes <= self.high[:, j, None])
        return made

    def _cover(self, j: int) -> Array:
        """(leaves, cells) how much of each cell of a free column each leaf covers."""
        if j not in self._covers:
            levels = self.forest.layout.levels[j]
            if levels > 0:
                made = self._inside(j, np.arange(float(levels))).astype(np.float64)
            else:
                low = np.maximum(self.low[:, j, None], np.arange(CELLS) / CELLS)
                high = np.minimum(self.high[:, j, None], np.arange(1, CELLS + 1) / CELLS)
                made = np.maximum(high - low, 0) * CELLS
            self._covers[j] = made
        return self._covers[j]

    def _summed(self, held: Array, cover: Array) -> Array:
        """(t, a, b) sums over the leaves of each tree of what they hold times what they cover."""
        ends = [*self.start[1:], len(self.mean)]
        return np.stack([held[a:b].T @ cover[a:b] for a, b in zip(self.start, ends, strict=True)])

    def _given(self, j: int) -> tuple[Ints, Array | None]:
        """Which value a fixed column has in each context; what leaves cover of a free one."""
        if not self.contexts.fixed[j]:
            return np.zeros(len(self.codes), dtype=np.int64), self._cover(j)
        return np.unique(self.codes[:, j], return_inverse=True)[1].ravel(), None


def shared(values: Array | int, weight: Array | None = None) -> float:
    """The mean covariance of two different rows of (t, k) values."""
    values = np.asarray(values, dtype=np.float64)
    t, k = values.shape
    weight = np.full(k, 1 / k) if weight is None else weight
    centred = values - (values @ weight)[:, None]
    whole = (centred.sum(axis=0) ** 2) @ weight
    own = ((centred**2) @ weight).sum()
    return float((whole - own) / (t * (t - 1)))
