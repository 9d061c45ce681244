import numpy as np
import pytest
from scipy import stats

from luthier.numerics.truncated import draw, inside, mass

MEAN = np.array([0.0, 0.13, 0.5, 0.97, 1.0])
SD = np.array([0.011, 0.4, 3.0, 0.02, 0.7])


def test_mass_is_exact_in_both_tails():
    low, high = np.array([-9.5, -0.3, 2.0, 8.0, 30.0]), np.array([-9.0, 1.2, 2.1, 8.5, 31.0])

    got = mass(low, high)

    # By the logarithms of either tail, which keep all digits.
    want = np.where(
        low > 0,
        np.exp(stats.norm.logsf(low)) - np.exp(stats.norm.logsf(high)),
        np.exp(stats.norm.logcdf(high)) - np.exp(stats.norm.logcdf(low)),
    )
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert (got > 0).all()


def test_mass_is_mirrored():
    low, high = np.array([-3.0, 0.2, 7.0]), np.array([-1.0, 0.9, 7.5])

    np.testing.assert_allclose(mass(low, high), mass(-high, -low), rtol=1e-14)


def test_inside_is_what_lies_between_0_and_1():
    want = stats.norm.cdf(1, MEAN, SD) - stats.norm.cdf(0, MEAN, SD)

    np.testing.assert_allclose(inside(MEAN, SD), want, rtol=1e-12)


@pytest.mark.parametrize("u", [0.0, 1e-9, 0.3, 0.8, 1 - 1e-9, 1.0])
def test_draw_gives_the_quantiles_of_scipys_truncated_normal(u):
    want = stats.truncnorm.ppf(u, -MEAN / SD, (1 - MEAN) / SD, loc=MEAN, scale=SD)

    got = draw(np.full(5, u), MEAN, SD)

    assert ((got >= 0) & (got <= 1)).all()
    np.testing.assert_allclose(got, want, atol=1e-6)
