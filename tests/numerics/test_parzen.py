import math

import numpy as np
import pytest
from scipy import stats

from luthier.numerics.parzen import SPREAD, Layout, Parzen, widths

NAN = math.nan
EDGES = np.array([0.0, 0.37, 0.61, 0.83, 1.0])


def columns(*these):
    return np.array(these, dtype=np.int64)


# Two continuous columns, three evenly stepped cells, four uneven ones, and five options.
MIXED = Layout(
    columns(0, 4), columns(1, 3), columns(2), columns(0, 3, 5, 4, 0), [None] * 3 + [EDGES, None]
)


def observations(n, missing=0.0, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 5))
    X[rng.random(X.shape) < missing] = NAN
    return X, rng.random(n) + 0.2


def by_loops(X, weights, scale, least, at):
    """The density at one point of MIXED, kernel by kernel, written down from the definition."""
    n = len(X)
    weights = np.append(weights, weights.mean())
    sd = np.clip(scale * widths(X, 4), least, 1.0)

    def kernel(i, j):
        if j == 2:
            cell = min(int(at[j] * 5), 4)
            if i == n:
                return 1 / 5
            smoothing = 1 / (n + 1)
            return ((cell == min(int(X[i, j] * 5), 4)) + smoothing) / (1 + 5 * smoothing)
        mean, width = (0.5, 1.0) if i == n else (X[i, j], sd[j])
        normal = stats.truncnorm(-mean / width, (1 - mean) / width, mean, width)
        if j in (0, 4):
            return normal.pdf(at[j])
        edges = EDGES if j == 3 else np.linspace(0, 1, 4)
        cell = min(int(np.searchsorted(edges, at[j], side="right")) - 1, len(edges) - 2)
        return normal.cdf(edges[cell + 1]) - normal.cdf(edges[cell])

    def average(j):
        have = [i for i in range(n + 1) if i == n or not np.isnan(X[i, j])]
        return sum(weights[i] * kernel(i, j) for i in have) / sum(weights[i] for i in have)

    total = 0.0
    for i in range(n + 1):
        part = weights[i]
        for j in range(5):
            if not np.isnan(at[j]):
                part *= average(j) if i < n and np.isnan(X[i, j]) else kernel(i, j)
        total += part
    return math.log(total / weights.sum())


@pytest.mark.parametrize("missing", [0.3, pytest.param(0.0, marks=pytest.mark.slow)])
def test_the_density_is_that_of_the_definition(missing):
    X, weights = observations(7, missing)
    points, _ = observations(11, missing, seed=5)

    got = Parzen(MIXED, X, weights, scale=0.8, least=0.05).log_density(points)

    want = [by_loops(X, weights, 0.8, 0.05, at) for at in points]
    np.testing.assert_allclose(got, want, rtol=1e-8)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_the_density_sums_to_one_over_cells_and_the_continuum(missing):
    X, weights = observations(9, missing)
    made = Parzen(MIXED, X, weights, scale=1.3, least=0.04)
    u, share = np.polynomial.legendre.leggauss(24)
    u, share = (u + 1) / 2, share / 2
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    axes = [u, (np.arange(3) + 0.5) / 3, (np.arange(5) + 0.5) / 5, middles, u]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    mass = share[:, None, None, None, None] * share * np.ones((24, 3, 5, 4, 24))

    total = np.exp(made.log_density(grid)) @ mass.ravel()

    assert total == pytest.approx(1, abs=1e-8)


def test_columns_that_are_nan_at_a_point_are_left_out():
    X, weights = observations(6)
    alone = Layout(columns(0), columns(), columns(), columns(0), [None])
    points = np.full((4, 5), NAN)
    points[:, 0] = [0.0, 0.21, 0.66, 1.0]
    # Scott's exponent knows of all ordered columns, so the narrower widths are given by `least`.
    one = Parzen(alone, X[:, :1], weights, scale=1e-9, least=0.17)
    whole = Parzen(MIXED, X, weights, scale=1e-9, least=0.17)

    np.testing.assert_allclose(whole.log_density(points), one.log_density(points[:, :1]))


def test_draws_follow_the_density():
    X, weights = observations(5, missing=0.3)
    made = Parzen(MIXED, X, weights, scale=0.6, least=0.05)
    k = 40_000

    got = made.draw(k, np.random.default_rng(1))

    assert not np.isnan(got).any()
    for j, count in ((1, 3), (2, 5), (3, 4)):
        edges = EDGES if j == 3 else np.linspace(0, 1, count + 1)
        points = np.full((count, 5), NAN)
        points[:, j] = (edges[1:] + edges[:-1]) / 2
        want = np.exp(made.log_density(points))
        share = np.histogram(got[:, j], edges)[0] / k
        assert (np.abs(share - want) < 5 * np.sqrt(want * (1 - want) / k)).all()
    for j in (0, 4):
        u = (np.arange(2000) + 0.5) / 2000
        points = np.full((2000, 5), NAN)
        points[:, j] = u
        total = np.cumsum(np.exp(made.log_density(points))) / 2000
        place = np.interp(got[:, j], u, total)  # uniform, if the draws follow the density
        assert np.abs(np.sort(place) - np.arange(k) / k).max() < 2 / math.sqrt(k)


def test_draws_keep_together_what_was_observed_together():
    both = Layout(columns(0, 1), columns(), columns(), columns(0, 0), [None, None])
    X = np.array([[0.1, 0.9], [0.9, 0.1]] * 20)

    got = Parzen(both, X, np.ones(40), scale=0.1).draw(500, np.random.default_rng(2))

    assert np.corrcoef(got.T)[0, 1] < -0.8


def test_without_observations_it_knows_nothing():
    made = Parzen(MIXED, np.empty((0, 5)), np.empty(0))
    points, _ = observations(300)

    density = np.exp(made.log_density(points[:, :]))

    assert density.max() / density.min() < 8
    assert made.draw(6, np.random.default_rng(3)).shape == (6, 5)


def test_what_lies_outside_is_harmless():
    X, weights = observations(6)
    X[0], X[1], X[2] = -7.0, 40.0, 1.3
    points, _ = observations(9, seed=5)

    made = Parzen(MIXED, X, weights)

    assert np.isfinite(made.log_density(points)).all()
    got = made.draw(50, np.random.default_rng(4))
    assert ((got >= 0) & (got <= 1)).all()


def test_an_option_out_of_range_counts_as_missing():
    X, weights = observations(6)
    gone, missing = X.copy(), X.copy()
    gone[2, 2], missing[2, 2] = 1.1, NAN
    points, _ = observations(9, seed=5)

    np.testing.assert_array_equal(
        Parzen(MIXED, gone, weights).log_density(points),
        Parzen(MIXED, missing, weights).log_density(points),
    )


def test_far_from_narrow_kernels_the_logarithm_is_finite():
    X = np.full((400, 5), 0.02)
    made = Parzen(MIXED, X, np.full(400, 1e6), scale=1e-9, least=1e-3)

    assert np.isfinite(made.log_density(np.full((1, 5), 0.99))).all()


def test_widths_are_scotts_with_one_observation_of_our_own():
    X = np.array([[0.2, NAN, 0.3], [0.9, NAN, NAN], [0.4, NAN, NAN]])

    got = widths(X, 2)

    first = math.sqrt((np.var(X[:, 0]) * 3 + SPREAD**2) / 3) * 3 ** (-1 / 6)
    assert got.tolist() == pytest.approx([first, SPREAD, SPREAD])
