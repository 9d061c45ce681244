"""Monotone maps that make losses look normal before a process is fitted to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Array = npt.NDArray[np.float64]

FEW = 8  # below so many losses, quartiles and powers are not to be believed
REACH = 10.0  # interquartile ranges; what is further out has diverged
POWERS = (-2.0, 4.0)  # of Yeo and Johnson, in which the most likely one is looked for


def normalised(y: Array) -> Array:
    """Losses with mean 0, standard deviation 1 and, as far as possible, a normal shape.

    With few losses the worse half is replaced by normal quantiles; otherwise the worse tail is
    drawn in and the most likely power is taken. The order of losses never changes, though some
    may become equal.

    Parameters
    ----------
    y : (n,)
        Finite.

    Returns
    -------
    (n,)
        All 0 where all losses are equal.
    """
    y = standardised(y)
    if not y.any() or len(y) < 3:
        return y
    if len(y) < FEW:
        return standardised(half_ranked(y))
    drawn = standardised(winsorised(y))
    made = yeo_johnson(drawn, likely_power(drawn))
    return standardised(made) if np.isfinite(made).all() and made.std() > 0.1 else drawn


def standardised(y: Array) -> Array:
    """Shifted and scaled to mean 0 and standard deviation 1; all 0 where losses are equal.

    Losses near the largest float are handled without overflow.
    """
    if not len(y):
        return y
    top = np.abs(y).max()
    if not top > 0:
        return np.zeros_like(y)
    y = y / top
    y = y - y.mean()
    sd = y.std()
    # Below this all differences are rounding.
    return y / sd if sd > 1e-14 else np.zeros_like(y)


def winsorised(y: Array, reach: float = REACH) -> Array:
    """The worse tail drawn in to `reach` interquartile ranges above the third quartile.

    Source
    ------
    Tukey (1977), whose reach of 1.5 would also cut off what is merely bad: a search collects
    losses near the best, and their quartiles are close together.
    """
    low, high = np.quantile(y, [0.25, 0.75])
    return np.minimum(y, high + reach * (high - low)) if high > low else y


def half_ranked(y: Array) -> Array:
    """Losses worse than the median replaced by normal quantiles of the same spread.

    Source
    ------
    Song et al. (2024), The Vizier Gaussian process bandit algorithm, section 3.2.
    """
    median = np.median(y)
    good = y <= median
    spread = np.sqrt(np.mean((y[good] - median) ** 2))
    if not spread > 0:
        return y
    ranks = (y[:, None] > y).sum(axis=1) + 0.5 * ((y[:, None] == y).sum(axis=1) - 1)
    made = median + spread * ndtri((ranks + 0.5) / len(y))
    return np.where(good, y, np.maximum(made, median))


def yeo_johnson(y: Array, power: float | Array) -> Array:
    """The power transform of Yeo and Johnson (2000), eq. 2.1. 1 leaves losses as they are.

    Parameters
    ----------
    power : float, or (g, 1)
        Several give a row each.
    """
    power = np.asarray(power, dtype=np.float64)
    up, down = np.log1p(np.maximum(y, 0)), np.log1p(np.maximum(-y, 0))
    return np.asarray(_bent(up, power) - _bent(down, 2 - power))


def _bent(logs: Array, power: Array) -> Array:
    """(exp(logs)**power - 1) / power, whose limit at 0 is `logs`."""
    zero = np.abs(power) < 1e-8
    safe = np.where(zero, 1.0, power)
    return np.where(zero, logs, np.expm1(safe * logs) / safe)


def likely_power(y: Array) -> float:
    """The power under which losses are most likely to come from a normal density.

    Found on a grid that is refined twice, to 0.01.

    Source
    ------
    Yeo and Johnson (2000), eq. 3.1.
    """
    bend = (np.sign(y) * np.log1p(np.abs(y))).sum()
    low, high = POWERS
    for _ in range(3):
        grid = np.linspace(low, high, 17)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            spread = np.log(yeo_johnson(y, grid[:, None]).var(axis=1))
            likelihood = (grid - 1) * bend - 0.5 * len(y) * spread
        at = int(np.argmax(np.where(np.isfinite(likelihood), likelihood, -np.inf)))
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, 16)]
    return float(grid[at])
