"""Acquisition functions: how much a point promises, given a posterior. Larger is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, ndtr

Array = npt.NDArray[np.float64]

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


class Acquisition(Protocol):
    """A function of what the posterior says about k points."""

    def __call__(self, mean: Array, variance: Array, covariance: Array) -> Array:
        """The promise of each point, shape (k,).

        Parameters
        ----------
        mean, variance : (k,)
            Of the loss without noise.
        covariance : (k,)
            With the loss at the incumbent.
        """
        ...

    def slopes(self, mean: Array, variance: Array, covariance: Array) -> tuple[Array, Array, Array]:
        """Its derivatives with respect to the three arguments, each of shape (k,)."""
        ...


@dataclass(frozen=True)
class LowerBound:
    """Minus the optimistic bound of a loss: `kappa` standard deviations below its mean.

    Source
    ------
    Srinivas, Krause, Kakade and Seeger (2010), Gaussian process optimization in the bandit
    setting.
    """

    kappa: float

    def __call__(self, mean: Array, variance: Array, covariance: Array) -> Array:
        """The promise of each point."""
        return self.kappa * np.sqrt(variance) - mean

    def slopes(self, mean: Array, variance: Array, covariance: Array) -> tuple[Array, Array, Array]:
        """Derivatives."""
        return -np.ones_like(mean), 0.5 * self.kappa / np.sqrt(variance), np.zeros_like(mean)


@dataclass(frozen=True)
class Improvement:
    """log of the expected improvement upon an incumbent whose loss is itself uncertain.

    Without noise it is the usual expected improvement.

    Parameters
    ----------
    best, uncertainty : float
        Posterior mean and variance at the incumbent.

    Source
    ------
    Zhou, Ma and Blaschko (2023), Corrected expected improvement acquisition function under noisy
    observations.
    """

    best: float
    uncertainty: float

    def _gap(self, variance: Array, covariance: Array) -> Array:
        """The variance of the difference to the incumbent."""
        total = variance + self.uncertainty
        return np.maximum(total - 2 * covariance, 1e-12 * total + 1e-300)

    def __call__(self, mean: Array, variance: Array, covariance: Array) -> Array:
        """The promise of each point."""
        sd = np.sqrt(self._gap(variance, covariance))
        return log_gain((self.best - mean) / sd) + np.log(sd)

    def slopes(self, mean: Array, variance: Array, covariance: Array) -> tuple[Array, Array, Array]:
        """Derivatives."""
        gap = self._gap(variance, covariance)
        sd = np.sqrt(gap)
        z = (self.best - mean) / sd
        rise = np.exp(log_ndtr(z) - log_gain(z))  # d log_gain / dz
        along = (1 - rise * z) / (2 * gap)
        return -rise / sd, along, -2 * along


def log_gain(z: Array) -> Array:
    """log(phi(z) + z Phi(z)): the log of what a standard normal exceeds -z by, on average.

    Exact to 1e-14, relatively, down to z = -1e8 and further.

    Source
    ------
    Ament, Daulton, Eriksson, Balandat and Bakshy (2023), eq. 9.
    """
    z = np.asarray(z, dtype=np.float64)
    made = np.empty_like(z)
    near, far = z > -1, z <= -1e5
    middle = ~near & ~far
    a = z[near]
    made[near] = np.log(np.exp(-0.5 * a * a - HALF_LOG_2PI) + a * ndtr(a))
    a = z[middle]
    # phi + z Phi = phi (1 - |z| Phi / phi), and Phi / phi = sqrt(pi/2) erfcx(|z| / sqrt 2).
    ratio = np.log(-a * np.sqrt(np.pi / 2) * erfcx(-a / np.sqrt(2)))
    made[middle] = -0.5 * a * a - HALF_LOG_2PI + _log1mexp(ratio)
    a = z[far]
    made[far] = -0.5 * a * a - HALF_LOG_2PI - 2 * np.log(-a)
    return made


def _log1mexp(a: Array) -> Array:
    """log(1 - exp(a)) for a < 0."""
    near = a > -np.log(2)
    return np.where(
        near,
        np.log(-np.expm1(np.where(near, a, -1.0))),
        np.log1p(-np.exp(np.where(near, -1.0, a))),
    )
