import numpy as np
import pytest
from scipy.stats import norm

from luthier.numerics.acquisition import Improvement, LowerBound, log_gain


def test_log_gain_agrees_with_eighty_digits():
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 80
    places = [-1e8, -1e6, -1.00001e5, -99999.0, -1234.5, -40.0, -5.5, -1.0001, -0.9999, 0.3, 9.0]

    got = log_gain(np.array(places))

    for z, value in zip(places, got, strict=True):
        at = mpmath.mpf(z)
        below = mpmath.erfc(-at / mpmath.sqrt(2)) / 2
        want = mpmath.log(mpmath.npdf(at) + at * below) if z > -1e4 else _far(mpmath, at)
        assert value == pytest.approx(float(want), rel=1e-12)


def _far(mpmath, z):
    """The asymptotic series: phi(z) / z^2 (1 - 3 / z^2 + 15 / z^4)."""
    return (
        -z * z / 2 - mpmath.log(2 * mpmath.pi) / 2 + mpmath.log((1 - 3 / z**2 + 15 / z**4) / z**2)
    )


def test_log_gain_is_plain_expected_improvement_where_that_does_not_underflow():
    z = np.linspace(-5, 5, 23)

    assert log_gain(z) == pytest.approx(np.log(norm.pdf(z) + z * norm.cdf(z)), rel=1e-8)


def test_improvement_agrees_with_joint_draws():
    rng = np.random.default_rng(3)
    mean, best, C = 0.4, 0.1, np.array([[0.5, 0.2], [0.2, 0.3]])
    draws = rng.multivariate_normal([mean, best], C, size=400_000)
    gain = np.maximum(draws[:, 1] - draws[:, 0], 0)

    got = Improvement(best, C[1, 1])(*(np.array([v]) for v in (mean, C[0, 0], C[0, 1])))

    error = gain.std() / np.sqrt(len(gain))
    assert abs(np.exp(got[0]) - gain.mean()) < 4 * error


def test_with_a_certain_incumbent_it_is_the_usual_improvement():
    mean, sd, best = np.array([0.2, -1.0]), np.array([0.7, 0.1]), 0.3
    z = (best - mean) / sd

    got = Improvement(best, 0.0)(mean, sd**2, np.zeros(2))

    assert got == pytest.approx(np.log(sd * (norm.pdf(z) + z * norm.cdf(z))), rel=1e-8)


@pytest.mark.parametrize("promise", [LowerBound(1.7), Improvement(-0.4, 0.05)])
def test_slopes_agree_with_differences(promise):
    told = [np.array([0.3, -0.2, 2.0]), np.array([0.4, 0.2, 0.3]), np.array([0.01, -0.02, 0.0])]
    got = promise.slopes(*told)

    for place, slope in enumerate(got):
        up, down = ([v + s * (i == place) for i, v in enumerate(told)] for s in (1e-6, -1e-6))
        change = (promise(*up) - promise(*down)) / 2e-6
        assert slope == pytest.approx(change, rel=1e-5, abs=1e-7)


def test_a_hopeless_point_still_has_a_slope():
    (rise, *_) = Improvement(0.0, 1e-9).slopes(np.array([50.0]), np.array([1e-4]), np.array([0.0]))

    assert np.isfinite(rise).all()
    assert rise[0] < 0
