"""How differently good trials and all trials are spread along each column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CELLS = 50  # into which a number's range is cut
LEAST = 1 / CELLS  # width of a kernel, at least
CHANCE = 20  # random sets of trials from which the divergence by chance is taken


def divergence(X: Array, levels: tuple[int, ...], top: Mask, rng: Generator) -> Array:
    """The variance that each column by itself explains of whether a trial is a good one.

    It is the Pearson divergence of the good trials' density from that of all trials, in units
    of the squared share of good ones, less what as many trials chosen by chance would have.
    Where a column can be inactive, only its density where active counts, by how many of the
    good trials have it: that it is active at all is its parents' part.

    Parameters
    ----------
    X : (n, d)
        Rows of the unit cube, NaN where inactive.
    levels : (d,) int
        Options of an unordered choice; 0 for a number; -1 for a column to leave out.
    top : (n,) bool
        Which trials are good.

    Returns
    -------
    (d,)
        0 for what is left out, or no better than chance.

    Source
    ------
    Watanabe, Bansal and Hutter (2023), PED-ANOVA, with all trials as the region. What chance
    would give is taken off; the paper keeps it.
    """
    drawn = np.stack([rng.permutation(len(X))[: top.sum()] for _ in range(CHANCE)])
    member = np.zeros((1 + CHANCE, len(X)))
    member[0, top] = 1.0
    member[np.arange(1, 1 + CHANCE)[:, None], drawn] = 1.0
    made = np.zeros(len(levels))
    for j, K in enumerate(levels):
        live = ~np.isnan(X[:, j])
        if K >= 0 and live.any():
            found = _pearson(X[live, j], K, member[:, live], len(X), int(top.sum()))
            made[j] = max(found[0] - found[1:].mean(), 0.0)
    return made


def _pearson(u: Array, levels: int, member: Array, n: int, good: int) -> Array:
    """(sets,) for each set of trials, the divergence along one column, where it is active."""
    every = _density(u, levels, np.ones((1, len(u))))[0]
    ratio = _density(u, levels, member) / every
    share, active = member.sum(axis=1) / good, len(u) / n
    return np.asarray(share**2 / active * ((ratio - 1) ** 2 @ every))


def _density(u: Array, levels: int, member: Array) -> Array:
    """(sets, cells) how probable each cell is in each set; each sums to 1."""
    count = np.maximum(member.sum(axis=1, keepdims=True), 1.0)
    if levels > 0:
        at = np.clip(np.floor(u * levels), 0, levels - 1).astype(np.int64)
        made = member @ (at[:, None] == np.arange(levels)) + 1 / levels
        return np.asarray(made / made.sum(axis=1, keepdims=True))
    middle = (np.arange(CELLS) + 0.5) / CELLS
    mean = (member @ u)[:, None] / count
    spread = np.sqrt((member * (u - mean) ** 2).sum(axis=1, keepdims=True) / count)
    made = np.empty((len(member), CELLS))
    for i, row in enumerate(member):
        own = u[row > 0]
        # Scott's rule.
        width = max(1.06 * float(spread[i, 0]) * max(len(own), 1) ** -0.2, LEAST)
        bumps = np.exp(-0.5 * ((middle - own[:, None]) / width) ** 2)
        bumps /= np.maximum(bumps.sum(axis=1, keepdims=True), 1e-300)
        made[i] = bumps.sum(axis=0) + 1 / CELLS  # and one trial's worth of anywhere
    return np.asarray(made / made.sum(axis=1, keepdims=True))
