"""Compromises between several losses: one of them is aimed at, and every point is measured by it.

Source
------
Zhang and Golovin (2020), Random hypervolume scalarizations for provable multi-objective black box
optimization: the mean over directions of how far a front comes along them is its hypervolume. The
scalarised optimistic bound of one direction is what Knowles (2006), ParEGO, does with one process;
one for each loss learns more, as a process has no kinks to follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from luthier.numerics.pareto import front

Array = npt.NDArray[np.float64]

MARGIN = 0.1  # of a front's range, by which the reference is worse than its ends
LEAST_RANGE = 0.1  # standard deviations; a shorter front counts as so long
LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, eq=False)
class Compromise:
    """How far a point comes from a reference along a direction, if it does as well as it may.

    Parameters
    ----------
    reference : (m,)
        Losses a little worse than the worst of the front.
    scale : (m,)
        Units of the losses: the range of the front.
    weights : (m,)
        The direction, not negative; a loss with more weight is to become better.
    kappa : float
        Standard deviations below the mean that count as what a loss may become.
    """

    reference: Array
    scale: Array
    weights: Array
    kappa: float

    @classmethod
    def of(cls, means: Array, weights: Array, kappa: float) -> Compromise:
        """Between the ends of the front of some expected losses (n, m), at least one."""
        ends = means[front(means)]
        scale = np.maximum(np.ptp(ends, axis=0), LEAST_RANGE)
        return cls(ends.max(axis=0) + MARGIN * scale, scale, weights, kappa)

    def __call__(self, means: Sequence[Array], variances: Sequence[Array]) -> Array:
        """The promise of k points, shape (k,), from m means and m variances, each (k,)."""
        lows = [mean - self.kappa * np.sqrt(v) for mean, v in zip(means, variances, strict=True)]
        gained = (self.reference - np.column_stack(lows)) / self.scale
        made: Array = (gained / np.maximum(self.weights, LEAST_WEIGHT)).min(axis=1)
        return made


def direction(number: int, m: int, seed: int) -> Array:
    """The weights of m losses: a point of the positive part of the unit sphere. Shape (m,).

    Those of successive numbers cover it evenly; the seed says where they begin.

    Source
    ------
    Roberts (2018), The unreasonable effectiveness of quasirandom sequences.
    """
    d, root = 1 if m == 2 else m, 2.0
    for _ in range(40):  # the root of x**(d + 1) = x + 1
        root = (1 + root) ** (1 / (d + 1))
    begin = np.random.default_rng((seed, 0xF407)).random(d)
    u = (begin + number / root ** np.arange(1, d + 1)) % 1
    if m == 2:
        return np.array([np.cos(u[0] * np.pi / 2), np.sin(u[0] * np.pi / 2)])
    z = np.maximum(ndtri(0.5 + 0.5 * np.minimum(u, 1 - 1e-12)), 1e-9)
    return np.asarray(z / np.linalg.norm(z))
