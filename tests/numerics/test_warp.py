import numpy as np
import pytest
from scipy.stats import yeojohnson, yeojohnson_llf

from luthier.numerics import warp
from luthier.numerics.losses import with_failures

rng = np.random.default_rng(8)
SKEWED = np.exp(2 * rng.normal(size=50)) - 7


@pytest.mark.parametrize(
    "y",
    [
        SKEWED,
        SKEWED[:5],
        -SKEWED,
        np.array([3.0, 3.0, 3.0, 4.0]),
        np.array([-2.0]),
        np.array([5.0, -5.0]),
        np.array([1e308, -1e308, 1e307, 0.0] * 4),
        np.array([1e-320, 2e-320, 3e-320] * 4),
        np.r_[np.zeros(12), 1.0],
        np.r_[np.linspace(7, 8, 15), 1e12],
    ],
)
def test_warped_losses_are_finite_and_keep_their_order(y):
    got = warp.normalised(y)

    order = np.argsort(y, kind="stable")
    assert np.isfinite(got).all()
    assert (np.diff(got[order]) >= -1e-12).all()
    assert got.std() < 1 + 1e-9


def test_the_best_losses_stay_apart():
    got = warp.normalised(SKEWED)

    best = np.sort(got)[:10]
    assert (np.diff(best) > 0).all()


@pytest.mark.parametrize("y", [np.full(9, 3.7), np.full(2, -1e300), np.zeros(4)])
def test_losses_that_are_all_equal_become_zero(y):
    assert not warp.normalised(y).any()


def test_shifting_and_scaling_losses_changes_nothing():
    assert warp.normalised(5 * SKEWED - 300) == pytest.approx(warp.normalised(SKEWED), abs=1e-6)


@pytest.mark.parametrize("power", [-1.3, 0.0, 0.5, 1.0, 2.0, 3.1])
def test_the_power_transform_agrees_with_scipy(power):
    y = np.array([-3.1, -0.2, 0.0, 0.4, 7.0])

    assert warp.yeo_johnson(y, power) == pytest.approx(yeojohnson(y, power), rel=1e-10)


def test_the_power_is_the_most_likely_one():
    y = warp.standardised(SKEWED)

    got = warp.likely_power(y)

    around = [yeojohnson_llf(got + step, y) for step in (-0.05, 0, 0.05)]
    assert np.argmax(around) == 1


def test_only_the_worse_tail_is_drawn_in():
    y = np.r_[-1e6, np.linspace(1, 2, 21), 5.0, 1e6]

    got = warp.winsorised(y)

    assert got[:-1].tolist() == y[:-1].tolist()
    assert 5 < got[-1] < 10


def test_half_ranks_keep_the_better_half_as_it_is():
    y = np.array([1e9, 3.0, 1.0, 2.0, 50.0])

    got = warp.half_ranked(y)

    assert got[[1, 2, 3]].tolist() == [3.0, 1.0, 2.0]
    assert 3 < got[4] < got[0] < 10


def test_failures_are_a_little_worse_than_the_worst():
    y, failed = np.array([-1.0, 0.0, 1.2, 0.0]), np.array([False, False, False, True])

    got = with_failures(y, failed)

    assert got[3] > got[2]
    assert got[3] - got[2] < got[2] - got[0]
    assert got.mean() == pytest.approx(0)
