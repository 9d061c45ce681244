"""Normal distributions cut off at 0 and 1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Array = npt.NDArray[np.float64]


def mass(low: Array, high: Array) -> Array:
    """What the standard normal distribution has between two points, ``low <= high``.

    In the upper tail both are mirrored: there ``ndtr`` is close to 1, where differences drown.
    """
    upper = low > 0
    right, left = np.where(upper, -low, high), np.where(upper, -high, low)
    return np.asarray(ndtr(right) - ndtr(left))


def inside(mean: Array, sd: Array) -> Array:
    """What a normal distribution has between 0 and 1."""
    return mass(-mean / sd, (1 - mean) / sd)


def draw(u: Array, mean: Array, sd: Array) -> Array:
    """The quantiles `u`, each in [0, 1], of normal distributions cut off at 0 and 1.

    Parameters
    ----------
    mean, sd : arrays
        Before the cut; ``0 <= mean <= 1``, so that the cut leaves a good part of it.
    """
    low, high = ndtr(-mean / sd), ndtr((1 - mean) / sd)
    return np.asarray(np.clip(mean + sd * ndtri(low + u * (high - low)), 0.0, 1.0))
