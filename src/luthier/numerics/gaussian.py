"""Gaussian process regression: the most probable hyperparameters, and the posterior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.optimize import minimize

from luthier.numerics.embedding import Points
from luthier.numerics.kernels import matern52, squared_distances

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

JITTER = 1e-9  # of the prior variance, always added to the diagonal
LADDER = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)  # more of it, until the matrix is positive definite


@dataclass(frozen=True)
class Hyper:
    """Hyperparameters of a process with Matern covariance and a trend.

    The covariance is ``amplitude * matern52 + trend * T T'``, and observations add `noise`.

    Parameters
    ----------
    lengths : (b,)
        Length scales, in the units of the features.
    amplitude, trend, noise : float
        Variances; those of standardised losses are around 1.
    """

    lengths: Array
    amplitude: float
    trend: float
    noise: float

    @classmethod
    def from_log(cls, theta: Array) -> Hyper:
        """From logarithms: lengths, amplitude, trend, noise."""
        made = np.exp(theta)
        return cls(made[:-3], float(made[-3]), float(made[-2]), float(made[-1]))


@dataclass(frozen=True)
class Prior:
    """Independent normal densities over the logarithms of the hyperparameters, with bounds.

    No Jacobian: the mode of the density over the logarithms is `mean`.

    Parameters
    ----------
    mean, sd, low, high : (b + 3,)
    """

    mean: Array
    sd: Array
    low: Array
    high: Array

    def penalty(self, theta: Array) -> tuple[float, Array]:
        """Minus the log density, up to a constant, and its gradient."""
        z = (theta - self.mean) / self.sd
        return 0.5 * float(z @ z), z / self.sd


def factor(K: Array) -> Array | None:
    """Lower Cholesky factor, with as much added to the diagonal as it takes; None if hopeless."""
    for extra in LADDER:
        made = K if not extra else K + extra * float(np.mean(np.diag(K))) * np.eye(len(K))
        L, info = lapack.dpotrf(made, lower=1, clean=1)
        if info == 0 and np.isfinite(L[-1, -1]):
            return np.asarray(L)
    return None


def inverse(L: Array) -> Array:
    """The inverse of the matrix with this lower Cholesky factor."""
    made, _ = lapack.dpotri(L, lower=1)  # its upper triangle is that of L: zero
    half = made.diagonal().copy()
    made = made + made.T
    made.flat[:: len(made) + 1] = half
    return np.asarray(made)


class Evidence:
    """The log marginal likelihood of losses, as a function of log hyperparameters.

    Parameters
    ----------
    points : Points
        n embedded points.
    y : (n,)
        Losses, standardised.
    block : (e,) int
        Which length scale each feature uses.
    extra : (n,) or float
        Variance that each loss has beside the noise of all.
    """

    def __init__(self, points: Points, y: Array, block: Ints, extra: Array | float = 0.0) -> None:
        self._F, self._y, self._block, self._extra = points.F, y, block, extra
        self._T = points.T @ points.T.T

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Its value and gradient; -inf where the covariance cannot be factored.

        Source
        ------
        Rasmussen and Williams (2006), eqs. 5.8 and 5.9. All length scales come from one matrix
        product: with W = 5/3 amplitude (aa' - K^-1) * B, the derivative along log length j is
        sum_i w_i z_ij^2 - sum_i z_ij (W Z)_ij, where w are the row sums of W.
        """
        hyper, y = Hyper.from_log(theta), self._y
        n = len(y)
        Z = self._F / hyper.lengths[self._block]
        M, B = matern52(squared_distances(Z))
        K = hyper.amplitude * M
        K += hyper.trend * self._T
        K.flat[:: n + 1] += hyper.noise + JITTER + self._extra
        L = factor(K)
        if L is None:
            return -np.inf, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(L, y, lower=1)
        value = -0.5 * y @ alpha - np.log(L.diagonal()).sum() - 0.5 * n * np.log(2 * np.pi)
        G = np.multiply.outer(alpha, alpha) - inverse(L)
        gradient = np.empty_like(theta)
        gradient[-3] = 0.5 * hyper.amplitude * np.vdot(G, M)
        gradient[-2] = 0.5 * hyper.trend * np.vdot(G, self._T)
        gradient[-1] = 0.5 * hyper.noise * np.trace(G)
        B *= G
        B *= 5 / 3 * hyper.amplitude
        each = B.sum(axis=1) @ (Z * Z) - np.einsum("ij,ij->j", Z, B @ Z)
        gradient[:-3] = np.bincount(self._block, each, minlength=len(theta) - 3)
        return float(value), gradient


def fit(
    points: Points,
    y: Array,
    block: Ints,
    prior: Prior,
    starts: Array,
    steps: int,
    extra: Array | float = 0.0,
) -> Array:
    """The most probable log hyperparameters.

    Parameters
    ----------
    starts : (s, b + 3)
        Where to climb from: from the most probable of them, as the others cost too much.
    steps : int
        At most so many iterations.
    extra : (n,) or float
        Variance that each loss has beside the noise of all.

    Returns
    -------
    (b + 3,)
        The start where nothing better is found.
    """
    evidence = Evidence(points, y, block, extra)

    def loss(theta: Array) -> tuple[float, Array]:
        value, gradient = evidence(theta)
        penalty, slope = prior.penalty(theta)
        if not np.isfinite(value):
            return 1e25, np.zeros_like(theta)
        return penalty - value, slope - gradient

    starts = np.clip(starts, prior.low, prior.high)
    values = [loss(start)[0] for start in starts] if len(starts) > 1 else [np.inf]
    lowest = int(np.argmin(values))
    made = minimize(
        loss,
        starts[lowest],
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([prior.low, prior.high], axis=1),
        options={"maxiter": steps, "ftol": 1e-5, "gtol": 1e-2},
    )
    return np.asarray(made.x if made.fun < values[lowest] else starts[lowest])


@dataclass(frozen=True)
class Belief:
    """What the posterior says about k points.

    Parameters
    ----------
    mean, variance : (k,)
        Of the loss without noise.
    weights : (k, n)
        k(x, X) K^-1: how the mean leans on the observations.
    known : (k,) bool
        Points that stand among the observations.
    steep : (k, n)
        The B of `matern52`, for `Posterior.slope`.
    """

    mean: Array
    variance: Array
    weights: Array
    known: npt.NDArray[np.bool_]
    steep: Array


@dataclass(frozen=True, eq=False)
class Posterior:
    """A Gaussian process that has seen n losses.

    Parameters
    ----------
    points : Points
        Where.
    y : (n,)
        Losses, standardised.
    extra : (n,) or float
        Variance that each loss has beside the noise of all.
    """

    points: Points
    y: Array
    block: Ints
    hyper: Hyper
    extra: Array | float = 0.0

    @cached_property
    def _Z(self) -> Array:
        return np.asarray(self.points.F / self.hyper.lengths[self.block])

    @cached_property
    def inverse(self) -> Array:
        """(n, n) inverse covariance of the observations."""
        K, _ = matern52(squared_distances(self._Z))
        K *= self.hyper.amplitude
        K += self.hyper.trend * (self.points.T @ self.points.T.T)
        K.flat[:: len(K) + 1] += self.hyper.noise + JITTER + self.extra
        L = factor(K)
        if L is None:  # only rows of non-finite numbers can do this
            return np.asarray(np.eye(len(K)) / (self.hyper.amplitude + self.hyper.noise))
        return inverse(L)

    @cached_property
    def alpha(self) -> Array:
        """(n,) K^-1 y."""
        return np.asarray(self.inverse @ self.y)

    def _across(self, points: Points) -> tuple[Array, Array, Array]:
        """Squared distances, covariances and the B of `matern52`, to the observations."""
        R = squared_distances(points.F / self.hyper.lengths[self.block], self._Z)
        K, B = matern52(R)
        K *= self.hyper.amplitude
        K += self.hyper.trend * (points.T @ self.points.T.T)
        return R, K, B

    def before(self, points: Points) -> Array:
        """Variance before anything was seen."""
        made: Array = np.einsum("ij,ij->i", points.T, points.T) * self.hyper.trend
        return made + self.hyper.amplitude

    def __call__(self, points: Points) -> Belief:
        """Mean and variance at k points."""
        R, K, B = self._across(points)
        U = K @ self.inverse
        variance = self.before(points) - np.einsum("ij,ij->i", U, K)
        floor = 1e-10 * self.hyper.amplitude
        # Squared distances are differences of numbers around 1 / length**2: rounding leaves 1e-12.
        known = R.min(axis=1, initial=np.inf) < 1e-9
        return Belief(K @ self.alpha, np.maximum(variance, floor), U, known, B)

    def slope(self, points: Points, belief: Belief, weights: Array) -> tuple[Array, Array]:
        """How sum_i weights_ki k(x_k, X_i) changes with the features of each point x_k.

        The mean has the weights a = K^-1 y, and the variance -2 U, beside what `before` adds.

        Parameters
        ----------
        belief : Belief
            About these points.
        weights : (k, n)

        Returns
        -------
        (k, e), (k, t)
            Derivatives along `Points.F` and along `Points.T`; with A = 5/3 amplitude B * weights
            the former are (A Z - rowsum(A) z) / l.
        """
        lengths = self.hyper.lengths[self.block]
        Z = points.F / lengths
        A = 5 / 3 * self.hyper.amplitude * belief.steep * weights
        along = (A @ self._Z - A.sum(axis=1)[:, None] * Z) / lengths
        return along, self.hyper.trend * (weights @ self.points.T)

    def seeing(self, points: Points, y: Array) -> Posterior:
        """The process when it has also seen these losses; hyperparameters stay."""
        extra = np.broadcast_to(self.extra, len(self.y))
        return Posterior(
            self.points.joined(points),
            np.concatenate([self.y, y]),
            self.block,
            self.hyper,
            np.concatenate([extra, np.zeros(len(y))]) if extra.any() else 0.0,
        )

    def left_out(self) -> tuple[Array, Array]:
        """Mean and variance of each observation, noise included, had it not been seen.

        Source
        ------
        Rasmussen and Williams (2006), eqs. 5.10 to 5.12.
        """
        variance = 1 / self.inverse.diagonal()
        return self.y - self.alpha * variance, variance
