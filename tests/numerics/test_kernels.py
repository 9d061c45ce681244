import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from luthier.numerics.kernels import matern52, squared_distances

rng = np.random.default_rng(5)


def test_distances_agree_with_a_plain_loop():
    Z, Y = rng.normal(3, 2, (7, 3)), rng.normal(-1, 2, (4, 3))

    got = squared_distances(Z, Y)

    want = [[sum((a - b) ** 2) for b in Y] for a in Z]
    assert got == pytest.approx(np.array(want), rel=1e-10)


def test_a_point_is_at_distance_zero_from_itself():
    Z = 1e3 + rng.normal(size=(9, 4))

    got = squared_distances(Z)

    assert not got.diagonal().any()
    assert got.min() >= 0


def test_the_matern_kernel_agrees_with_scikit_learn():
    Z = rng.normal(size=(6, 3))

    got, _ = matern52(squared_distances(Z))

    assert got == pytest.approx(Matern(nu=2.5)(Z), abs=1e-12)


def test_its_derivative_agrees_with_differences():
    R, step = np.array([0.01, 0.3, 2.0, 40.0]), 1e-6

    change = (matern52(R + step)[0] - matern52(R - step)[0]) / (2 * step)

    assert -5 / 6 * matern52(R)[1] == pytest.approx(change, rel=1e-6)
