"""Exhausted places: where trials no longer gain anything, so that others may have their turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.history import History
from luthier.numerics.embedding import Embedding, Points
from luthier.numerics.kernels import matern52, squared_distances
from luthier.parameters import Array
from luthier.space import Mask, Space

WIDE = 20  # parameters; with no more, the process knows enough of all places, and polishing pays
PATIENCE = 12  # trials without a gain, after which a place is exhausted
USUAL = 12  # trials, the first ones, whose median is a usual loss
GAIN = 0.02  # of the way from a usual loss to the best one: less is no gain
SHARE = 0.3  # of the space that lies around the best trial: a place
PLACES = 4  # at most so many
SAMPLE = 256  # points to know how much of the space lies around another


@dataclass(frozen=True)
class Exhausted:
    """Parts of a space, each around the best trial that the ones before leave over.

    With many parameters, a process that is sure of itself sends trial after trial to one corner or
    one side of a valley. Distances are in length scales, so a place
    is large along parameters that do not matter.

    Parameters
    ----------
    lengths : (e,)
        Of the features.
    centres : (c, e)
        Features of the trials in the middle.
    limits : (c,)
        How much a point may be correlated with the centre and lie outside.

    Source
    ------
    Restarts of a local search that is stuck, as by Eriksson, Pearce, Gardner, Turner and Poloczek
    (2019), who start with nothing; here the process keeps all that it has seen.
    """

    lengths: Array
    centres: Array
    limits: Array

    @classmethod
    def of(
        cls, space: Space, history: History, measured: Embedding, lengths: Array
    ) -> Exhausted | None:
        """What is exhausted by the trials of a study with one objective; None where nothing is.

        Parameters
        ----------
        lengths : (b,)
            Of the blocks of features.
        """
        rows = np.flatnonzero(history.done & history.feasible)
        losses = history.Y[rows, 0]
        if not cls.some(space, history):
            return None
        scale = lengths[measured.block]
        F = measured(np.asarray(history.X[rows])).F / scale
        anywhere = space.sample(SAMPLE, np.random.default_rng((history.seed, 0xE1)))
        others = measured(anywhere).F / scale
        left = np.ones(len(F), dtype=bool)
        centres: list[Array] = []
        limits: list[float] = []
        while len(limits) < PLACES and stale(losses[left], losses) >= PATIENCE:
            best = np.flatnonzero(left)[int(np.argmin(losses[left]))]
            centres.append(F[best])
            limits.append(float(np.quantile(_alike(others, F[best]), 1 - SHARE)))
            left &= _alike(F, F[best]) <= limits[-1]
        return cls(scale, np.array(centres), np.array(limits))

    @staticmethod
    def some(space: Space, history: History) -> bool:
        """Whether any place is exhausted; never with few parameters."""
        losses = history.Y[history.done & history.feasible, 0]
        return len(space) > WIDE and stale(losses, losses) >= PATIENCE

    def __call__(self, points: Points) -> Mask:
        """(k,) which points lie in one of them."""
        Z = points.F / self.lengths
        pairs = zip(self.centres, self.limits, strict=True)
        inside: Mask = np.any([_alike(Z, centre) > limit for centre, limit in pairs], axis=0)
        return inside


def stale(losses: Array, among: Array) -> int:
    """How many of some trials came since the last one that gained something.

    Parameters
    ----------
    losses : (n,)
        In their order.
    among : (m,)
        Losses of all, in their order. Later ones are no measure of a gain: most are near the best.
    """
    if not len(losses):
        return 0
    best, usual = float(losses.min()), float(np.median(among[:USUAL]))
    enough = best + GAIN * max(usual - best, 0.0)
    return len(losses) - 1 - int(np.argmax(losses <= enough))


def _alike(Z: Array, centre: Array) -> Array:
    """(k,) correlations with one point; in units of the length scales."""
    return matern52(squared_distances(Z, centre[None]))[0][:, 0]
