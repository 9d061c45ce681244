"""The covariance of a Gaussian process, with analytic derivatives."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def squared_distances(Z: Array, other: Array | None = None) -> Array:
    """Squared Euclidean distances, as one matrix product.

    Parameters
    ----------
    Z : (k, e)
    other : (n, e), optional
        By default `Z` itself, and then the diagonal is exactly 0.

    Returns
    -------
    (k, n)
        Not below 0.
    """
    Y = Z if other is None else other
    R = Z @ Y.T
    R *= -2
    R += np.einsum("ij,ij->i", Z, Z)[:, None]
    R += np.einsum("ij,ij->i", Y, Y)
    np.maximum(R, 0, out=R)
    if other is None:
        np.fill_diagonal(R, 0)
    return R


def matern52(R: Array) -> tuple[Array, Array]:
    """The Matern kernel with nu = 5/2, and what its derivatives need.

    Parameters
    ----------
    R : any shape
        Squared distances in units of the length scales.

    Returns
    -------
    K : like R
        (1 + r + r**2 / 3) exp(-r) with r = sqrt(5 R).
    B : like R
        (1 + r) exp(-r), so that dK / dR = -5/6 B.

    Source
    ------
    Rasmussen and Williams (2006), eq. 4.17.
    """
    r = np.sqrt(5 * R)
    E = np.exp(-r)
    r += 1
    B = r * E
    E *= R
    E *= 5 / 3
    E += B
    return E, B
