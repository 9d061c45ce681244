"""A random forest for mixed and conditional points, which also says how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MISSING = -1.0  # stands for an inactive cell of a number; every other lies right of it
OUTSIDE = 0.5  # how far from [0, 1] a cell is believed to lie; a space that shrank leaves some
THRESHOLDS = 5  # in a node, at least; R^2 with one column and 40 rows 0.99, with 1 threshold 0.95
TRIED = 5 / 6  # of the columns are looked at in each node, where there are 6 or more
SHRUNK = 3.0  # rows of the overall mean that are added to those of each option
TIES = 0.01  # standard deviations of the noise that parts options of equal means
FLAT = 1e-12  # a node whose losses vary by less, relatively, is not split


@dataclass(frozen=True)
class Layout:
    """Which columns are numbers and which are choices without an order.

    A number is its cell, and -1 where inactive. An option of a choice is its position; inactive,
    and taken away since, are two positions of their own after the last. Every tree puts these
    positions into an order of its own and takes them for numbers: so a leaf is a box.

    Parameters
    ----------
    levels : (d,) int
        Options of an unordered choice; 0 for a number; -1 for a column to leave out.
    """

    levels: tuple[int, ...]

    @cached_property
    def choices(self) -> Ints:
        """Columns that hold unordered choices."""
        return np.flatnonzero(np.array(self.levels) > 0)

    @cached_property
    def used(self) -> Ints:
        """Columns that may be split, each as often as a node tries a threshold in it."""
        made = np.flatnonzero(np.array(self.levels) >= 0)
        return np.tile(made, -(-THRESHOLDS // max(1, len(made))))

    @cached_property
    def first(self) -> Ints:
        """(c + 1,) where the positions of each choice begin in a table of all of them."""
        widths = [self.levels[j] + 2 for j in self.choices]
        return np.cumsum([0, *widths], dtype=np.int64)

    def coded(self, X: Array) -> Array:
        """Rows of the unit cube, NaN where inactive, as numbers and positions. Shape (k, d)."""
        Z = np.where(np.isnan(X), MISSING, np.clip(X, -OUTSIDE, 1 + OUTSIDE))
        for j in self.choices:
            K, u = self.levels[j], X[:, j]
            at = np.minimum(np.floor(np.clip(np.nan_to_num(u), 0, 1) * K), K - 1)
            Z[:, j] = np.where(np.isnan(u), K, np.where((u < 0) | (u > 1), K + 1, at))
        return Z


@dataclass(frozen=True, eq=False)
class Belief:
    """What a forest says about k points."""

    mean: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class Leaves:
    """The leaves of a forest as boxes: a leaf holds the points with low < cell <= high.

    Parameters
    ----------
    low, high : (q, d)
        In the order of the tree for choices; infinite where nothing was split off.
    mean : (q,)
    tree : (q,) int
    """

    low: Array
    high: Array
    mean: Array
    tree: Ints


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees, all in one table of q nodes, parents before children.

    Parameters
    ----------
    order : (t, positions)
        For each tree the rank of every position of every choice, see `Layout`.
    column : (q,)
        Which column a node splits; -1 in a leaf.
    threshold : (q,)
        Cells up to it go to the left child; infinite in a leaf.
    child : (q,)
        The left child, which the right one follows; in a leaf, itself.
    tree : (q,)
        The first t nodes are the roots of the trees.
    mean, variance : (q,)
        Of the losses in a node.
    rows : (t, r)
        Which rows each tree was grown from.
    depth : int
    """

    layout: Layout
    order: Array
    column: Ints
    threshold: Array
    child: Ints
    tree: Ints
    mean: Array
    variance: Array
    rows: Ints
    depth: int

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, X: Array) -> Belief:
        """Mean and variance of the loss at points, of shape (k, d).

        The variance is that of one loss: the mean over trees of the variance in a leaf, and the
        variance over trees of the mean in a leaf.

        Source
        ------
        Hutter, Xu, Hoos and Leyton-Brown (2014), Algorithm runtime prediction, section 4.3.2.
        """
        at = self.leaf(X)
        means = self.mean[at]
        return Belief(means.mean(axis=0), self.variance[at].mean(axis=0) + means.var(axis=0))

    def leaf(self, X: Array) -> Ints:
        """The node in which each point ends, in each tree. Shape (t, k)."""
        k, t, c = len(X), len(self), len(self.layout.choices)
        Z = self.layout.coded(X)
        # One line of cells for each column, and one for each choice and tree.
        table = np.empty((Z.shape[1] + t * c, k))
        table[: Z.shape[1]] = Z.T
        ranks = table[Z.shape[1] :].reshape(t, c, k)
        for i, j in enumerate(self.layout.choices):
            ranks[:, i] = self.order[:, self.layout.first[i] + Z[:, j].astype(np.int64)]
        cells, start = table.ravel(), self._line * k
        node = np.repeat(np.arange(t), k)
        point = np.tile(np.arange(k), t)
        made, way = np.empty(t * k, dtype=np.int64), np.arange(t * k)
        for step in range(self.depth):
            right = cells.take(start.take(node) + point) > self.threshold.take(node)
            node = self.child.take(node) + right
            if step % 4 == 3:  # most paths are much shorter than the longest
                on = np.flatnonzero(self.column.take(node) >= 0)
                made[way] = node
                node, point, way = node.take(on), point.take(on), way.take(on)
        made[way] = node
        return made.reshape(t, k)

    @cached_property
    def _line(self) -> Ints:
        """(q,) in which line of cells a node looks, see `leaf`."""
        place = np.zeros(len(self.layout.levels), dtype=np.int64)
        place[self.layout.choices] = np.arange(len(self.layout.choices))
        d, c = len(self.layout.levels), len(self.layout.choices)
        choice = np.isin(self.column, self.layout.choices)
        line = np.where(choice, d + self.tree * c + place[self.column], self.column)
        return np.maximum(line, 0)

    def refilled(self, node: Ints, y: Array) -> Forest:
        """The same trees, whose leaves hold these losses in place of those they were grown from.

        Parameters
        ----------
        node : (t, k)
            Leaves, as `leaf` gives them; each must come at least once.
        y : (t, k)
        """
        q, at, told = len(self.column), node.ravel(), y.ravel()
        count = np.maximum(np.bincount(at, minlength=q), 1)
        mean = np.bincount(at, told, minlength=q) / count
        spread = np.bincount(at, (told - mean[at]) ** 2, minlength=q) / count
        return replace(self, mean=mean, variance=spread)

    def out_of_bag(self, X: Array) -> Array:
        """The mean at each row it was grown from, of the trees that did not see it.

        For the order of options such rows were used, which flatters a choice of as many options
        as there are rows.

        Returns
        -------
        (n,)
            NaN where every tree saw the row.
        """
        blind = _blind(self.rows, len(X))
        told = np.where(blind, self.mean[self.leaf(X)], 0.0).sum(axis=0)
        trees = blind.sum(axis=0)
        return np.where(trees > 0, told / np.maximum(trees, 1), np.nan)

    def leaves(self) -> Leaves:
        """Every leaf of every tree, as a box."""
        q = len(self.column)
        low = np.full((q, len(self.layout.levels)), -np.inf)
        high = np.full_like(low, np.inf)
        parents = np.flatnonzero(self.column >= 0)
        while len(parents):
            # Parents that stand before every child are settled: their boxes can be handed down.
            settled = parents[: np.searchsorted(parents, self.child[parents[0]])]
            left, right = self.child[settled], self.child[settled] + 1
            column, threshold = self.column[settled], self.threshold[settled]
            low[left], low[right] = low[settled], low[settled]
            high[left], high[right] = high[settled], high[settled]
            high[left, column], low[right, column] = threshold, threshold
            parents = parents[len(settled) :]
        ends = self.column < 0
        return Leaves(low[ends], high[ends], self.mean[ends], self.tree[ends])


def grow(
    X: Array,
    y: Array,
    layout: Layout,
    rng: Generator,
    *,
    trees: int = 40,
    least: int = 2,
    most: int = 2000,
) -> Forest:
    """A forest for losses.

    Each tree is grown from as many rows as there are, up to `most`, drawn with replacement. In
    each node every column that is tried gets one threshold, drawn uniformly between the cells
    that occur; the one that lowers the squared error most is taken.

    Parameters
    ----------
    X : (n, d)
        Rows of the unit cube, NaN where inactive; at least one.
    y : (n,)
        Finite losses.
    least : int
        Rows in a leaf, at least.

    Source
    ------
    Breiman (2001) for the rows, Geurts, Ernst and Wehenkel (2006) for the thresholds. All trees
    grow at once, level by level. Options are put in order once for a tree, not in every node.
    """
    n, r = len(X), min(len(X), most)
    rows = rng.integers(n, size=(trees, r))
    grown = _Growth(layout, least, rng)
    tree = np.repeat(np.arange(trees), r)
    Z = np.empty((len(layout.used), trees * r))
    codes = layout.coded(X)
    order = _ordered(layout, codes, y, _blind(rows, n), rng)
    codes = codes[rows.ravel()].T
    for i, j in enumerate(layout.used):
        Z[i] = codes[j]
        if layout.levels[j] > 0:
            first = layout.first[np.searchsorted(layout.choices, j)]
            Z[i] = order[tree, first + codes[j].astype(np.int64)]
    level = _Level(Z, y[rows.ravel()], np.full(trees, r), np.arange(trees))
    while len(level.size):
        level = grown.split(level)
    column, threshold, child, of, mean, variance = map(
        np.concatenate, zip(*grown.made, strict=True)
    )
    depth = len(grown.made) - 1
    return Forest(layout, order, column, threshold, child, of, mean, variance, rows, depth)


def boosted(
    X: Array, y: Array, layout: Layout, rng: Generator, *, stages: int = 3, trees: int, most: int
) -> tuple[list[Forest], float]:
    """Forests whose sum is less biased than one: each is grown from what the last ones left over.

    What is left over of a row is told by trees that did not see it, so that noise is not learned
    again and again.

    Returns
    -------
    list of Forest
        Together they tell losses less their mean.
    float
        The share of the variance that they explain in rows that trees did not see; 0 at least.

    Source
    ------
    Ghosal and Hooker (2021), Boosting random forests to reduce bias.
    """
    left = y - y.mean()
    whole, made = float(left @ left), []
    for _ in range(stages):
        made.append(grow(X, left, layout, rng, trees=trees, most=most))
        left = left - np.nan_to_num(made[-1].out_of_bag(X))
    return made, max(0.0, 1 - float(left @ left) / whole) if whole > 0 else 0.0


def _blind(rows: Ints, n: int) -> Mask:
    """Which of n rows each tree does not see. Shape (t, n)."""
    made = np.ones((len(rows), n), dtype=bool)
    made[np.arange(len(rows))[:, None], rows] = False
    return made


def _ordered(layout: Layout, codes: Array, y: Array, blind: Mask, rng: Generator) -> Array:
    """The rank of every position of every choice by the mean loss in rows the tree does not see.

    R^2 at new points, for two choices that matter, of 5 and 12 options, and one number, from
    150 rows: 0.91; 0.92 from the rows that it does see, 0.74 from an order drawn at random. But
    where two choices of 30 and 60 options do not matter, from 40 rows: 0.89, 0.38 and 0.88.
    """
    t, n = blind.shape
    made = np.empty((t, layout.first[-1]))
    spread = y - y.mean()
    for i, j in enumerate(layout.choices):
        a, b = layout.first[i], layout.first[i + 1]
        at = (codes[:, j].astype(np.int64) + (b - a) * np.arange(t)[:, None])[blind]
        told = np.broadcast_to(spread, (t, n))[blind]
        total = np.bincount(at, told, minlength=t * (b - a))
        count = np.bincount(at, minlength=t * (b - a))
        mean = (total / (count + SHRUNK)).reshape(t, b - a)
        mean += TIES * y.std() * rng.standard_normal(mean.shape)
        made[:, a:b] = mean.argsort(axis=1).argsort(axis=1)
    return made


@dataclass(frozen=True, eq=False)
class _Level:
    """Nodes of one depth, in all trees.

    Parameters
    ----------
    Z : (columns, s)
        Cells of the rows in these nodes, node by node.
    y : (s,)
    size : (nodes,)
        Rows in each.
    tree : (nodes,)
    """

    Z: Array
    y: Array
    size: Ints
    tree: Ints


class _Growth:
    """Nodes so far, and the rule that makes more."""

    def __init__(self, layout: Layout, least: int, rng: Generator) -> None:
        self.layout, self.least, self.rng = layout, least, rng
        self.count = 0
        self.made: list[tuple[Array | Ints, ...]] = []

    def split(self, level: _Level) -> _Level:
        """Enter the nodes of a level; the level below it."""
        start = np.cumsum(level.size) - level.size
        mean = np.add.reduceat(level.y, start) / level.size
        square = np.add.reduceat(level.y * level.y, start) / level.size
        variance = np.maximum(square - mean * mean, 0.0)
        wide = (level.size >= 2 * self.least) & (variance > FLAT * (square + 1e-300))
        column = np.full(len(mean), -1)
        threshold = np.full(len(mean), np.inf)
        child = self.count + np.arange(len(mean))
        below = _Level(level.Z[:, :0], level.y[:0], level.size[:0], level.tree[:0])
        if wide.any() and len(self.layout.used):
            inside = np.flatnonzero(np.repeat(wide, level.size))
            Z = level.Z.take(inside, axis=1)  # 3 times as fast as with brackets
            open_ = _Level(Z, level.y[inside], level.size[wide], level.tree[wide])
            at, cut, good, below = self._best(open_)
            place = np.flatnonzero(wide)[good]
            column[place], threshold[place] = self.layout.used[at], cut
            child[place] = self.count + len(mean) + 2 * np.arange(len(place))
        self.made.append((column, threshold, child, level.tree, mean, variance))
        self.count += len(mean)
        return below

    def _best(self, level: _Level) -> tuple[Ints, Array, Mask, _Level]:
        """The best of random splits of each node: column, threshold; which nodes have one."""
        Z, y, size = level.Z, level.y, level.size
        start = np.cumsum(size) - size
        low = np.minimum.reduceat(Z, start, axis=1)
        high = np.maximum.reduceat(Z, start, axis=1)
        cut = low + self.rng.random(low.shape) * (high - low)
        left = np.repeat(cut, size, axis=1) >= Z
        many = np.add.reduceat(left, start, axis=1, dtype=np.int64)
        total = np.add.reduceat(y, start)
        centred = y - np.repeat(total / size, size)
        part = np.add.reduceat(left * centred, start, axis=1)
        allowed = (many >= self.least) & (size - many >= self.least)
        if len(Z) >= 6:
            allowed &= self.rng.random(low.shape) < TRIED
        # With losses centred, the gain is S^2 / L + S^2 / R.
        gain = np.where(allowed, part * part * (size / np.maximum(many * (size - many), 1)), -1.0)
        at = gain.argmax(axis=0)
        node = np.arange(len(size))
        good = gain[at, node] > 0
        inside = np.repeat(good, size)
        goes = left[np.repeat(at, size), np.arange(len(y))][inside]
        at, node, size = at[good], node[good], size[good]
        less = many[at, node]
        # Within each node those that go left come first, else in the order they had.
        begin = np.cumsum(size) - size
        before = np.cumsum(goes) - goes
        ahead = before - np.repeat(before[begin], size) if len(begin) else before
        origin = np.repeat(begin, size)
        behind = np.arange(len(goes)) - origin - ahead
        target = origin + np.where(goes, ahead, np.repeat(less, size) + behind)
        source = np.empty_like(target)
        source[target] = np.flatnonzero(inside)
        sizes = np.stack([less, size - less], axis=1).ravel()
        below = _Level(Z.take(source, axis=1), y[source], sizes, np.repeat(level.tree[good], 2))
        return at, cut[at, node], good, below
