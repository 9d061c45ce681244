import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from luthier.numerics.embedding import Embedding
from luthier.numerics.gaussian import Evidence, Hyper, Posterior, Prior, factor, fit, inverse

NAN = np.nan
MIXED = Embedding((0, 3, 0, 0), switches=(2,))  # the third column is conditional


def rows(n, seed=3):
    """Points of a space with a number, a choice, a conditional number and a number."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 4))
    X[X[:, 0] > 0.6, 2] = NAN
    return X


def losses(X, seed=4):
    rng = np.random.default_rng(seed)
    return 3 * X[:, 0] - np.nan_to_num(X[:, 2]) + (X[:, 1] < 0.3) + 0.1 * rng.normal(size=len(X))


def thetas(count, seed=5):
    rng = np.random.default_rng(seed)
    mean = [-1.0] * MIXED.blocks + [0.2, -0.7, -3.0]
    return mean + 0.5 * rng.normal(size=(count, len(mean)))


@pytest.mark.parametrize("n", [5, *(pytest.param(n, marks=pytest.mark.slow) for n in (23, 60))])
def test_the_gradient_of_the_evidence_agrees_with_differences(n):
    X = rows(n)
    evidence = Evidence(MIXED(X), losses(X), MIXED.block)
    step = 1e-5

    for theta in thetas(5):
        _, got = evidence(theta)
        for j in range(len(theta)):
            e = step * np.eye(len(theta))[j]
            change = (evidence(theta + e)[0] - evidence(theta - e)[0]) / (2 * step)
            assert got[j] == pytest.approx(change, rel=1e-5, abs=1e-6)


def test_evidence_and_posterior_agree_with_scikit_learn():
    measured = Embedding((0, 0, 0))
    rng = np.random.default_rng(6)
    X, new = rng.random((17, 3)), rng.random((8, 3))
    y = np.sin(7 * X[:, 0]) + X[:, 1]
    lengths, amplitude, noise = np.array([0.3, 0.7, 2.1]), 1.7, 0.02
    theta = np.log([*lengths, amplitude, 1e-12, noise])
    kernel = ConstantKernel(amplitude) * Matern(lengths, nu=2.5)
    other = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(X, y)

    value, _ = Evidence(measured(X), y, measured.block)(theta)
    got = Posterior(measured(X), y, measured.block, Hyper.from_log(theta))(measured(new))

    mean, sd = other.predict(new, return_std=True)
    assert value == pytest.approx(other.log_marginal_likelihood_value_, rel=1e-6)
    assert got.mean == pytest.approx(mean, abs=1e-6)
    assert got.variance == pytest.approx(sd**2, abs=1e-6)


def model(n=19, noise=1e-6, seed=3):
    X = rows(n, seed)
    theta = thetas(1)[0]
    theta[-1] = np.log(noise)
    return X, Posterior(MIXED(X), losses(X), MIXED.block, Hyper.from_log(theta))


def test_without_noise_the_posterior_goes_through_the_observations():
    X, seen = model()

    got = seen(MIXED(X))

    assert got.mean == pytest.approx(seen.y, abs=1e-3)
    assert got.variance.max() < 1e-5
    assert got.known.all()


def test_far_from_the_observations_the_prior_returns():
    measured = Embedding((0,))
    hyper = Hyper(np.array([0.01]), 1.3, 1e-9, 1e-3)
    seen = Posterior(measured(np.array([[0.1]])), np.array([2.0]), measured.block, hyper)

    got = seen(measured(np.array([[0.9]])))

    assert got.mean[0] == pytest.approx(0, abs=1e-6)
    assert got.variance[0] == pytest.approx(1.3, rel=1e-6)
    assert not got.known.any()


def test_covariances_of_mixed_and_conditional_points_are_positive_definite():
    for seed in range(30):
        X = rows(40, seed)
        _, seen = model(seed=seed)
        points = MIXED(X)
        joint = Posterior(points, np.zeros(40), MIXED.block, seen.hyper)
        K = np.linalg.inv(joint.inverse)

        assert np.linalg.eigvalsh((K + K.T) / 2).min() > 0


@pytest.mark.parametrize("noise", [1e-6, 0.05])
def test_slopes_of_mean_and_variance_agree_with_differences(noise):
    _, seen = model(noise=noise)
    x, step = rows(1, seed=11)[0], 1e-6
    x[0], x[2] = 0.3, 0.4
    points = MIXED(x[None])
    belief = seen(points)

    for weights, extra, name in (
        (seen.alpha[None], 0.0, "mean"),
        (-2 * belief.weights, 2 * seen.hyper.trend * points.T, "variance"),
    ):
        along, trend = seen.slope(points, belief, weights)
        trend = trend + extra
        got = MIXED.slope(x, along[0], trend[0])
        for place, j in enumerate(MIXED.numeric):
            e = step * np.eye(4)[j]
            up, down = (getattr(seen(MIXED((x + s * e)[None])), name)[0] for s in (1, -1))
            assert got[place] == pytest.approx((up - down) / (2 * step), rel=1e-3, abs=1e-5)


def test_the_more_probable_start_is_climbed_from():
    X = rows(30, seed=3)
    y = np.random.default_rng(4).standard_normal(30)  # nothing but noise
    before = plain_prior(MIXED.blocks)
    starts = np.stack([before.mean, before.mean])
    starts[1, -1] = np.log(0.5)

    alone, best, either = (
        fit(MIXED(X), y, MIXED.block, before, given, 60)
        for given in (starts[:1], starts[1:], starts)
    )

    assert either.tolist() == best.tolist()
    assert np.exp(either[-1]) > np.exp(alone[-1]) - 1e-9


def test_seeing_an_expected_loss_changes_only_the_variance():
    _, seen = model(noise=0.01)
    new, other = MIXED(rows(3, seed=12)), MIXED(rows(9, seed=13))

    after = seen.seeing(new, seen(new).mean)

    assert after(other).mean == pytest.approx(seen(other).mean, abs=1e-8)
    assert (after(other).variance <= seen(other).variance + 1e-10).all()
    assert after(new).variance.max() < seen(new).variance.max()


def test_the_covariance_with_an_observation_is_noise_times_its_weight():
    _, seen = model(noise=0.03)
    new, at = MIXED(rows(6, seed=14)), 4
    both = MIXED(np.vstack([rows(6, seed=14), rows(19)[[at]]]))
    bare = Posterior(both, np.zeros(7), MIXED.block, Hyper(*_pieces(seen.hyper), 0.0))
    K = np.linalg.inv(bare.inverse)  # prior covariance of the new points and the observation
    U = seen(both).weights
    across = Posterior(seen.points.joined(both), np.zeros(26), MIXED.block, bare.hyper)
    C = np.linalg.inv(across.inverse)[:19, 19:]

    posterior = K - U @ C

    assert seen.hyper.noise * seen(new).weights[:, at] == pytest.approx(posterior[:6, 6], abs=1e-5)


def _pieces(hyper):
    return hyper.lengths, hyper.amplitude, hyper.trend


def test_left_out_agrees_with_fitting_again_without_each():
    X, seen = model(noise=0.02)
    mean, variance = seen.left_out()

    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        without = Posterior(seen.points[rest], seen.y[rest], MIXED.block, seen.hyper)
        belief = without(MIXED(X[[i]]))
        assert mean[i] == pytest.approx(belief.mean[0], rel=1e-6, abs=1e-8)
        assert variance[i] == pytest.approx(belief.variance[0] + 0.02, rel=1e-6)


def plain_prior(b):
    mean = np.array([-1.0] * b + [0.0, -1.0, -4.0])
    sd = np.full(b + 3, 0.8)
    return Prior(mean, sd, mean - 4, mean + 4)


def test_the_gradient_of_the_prior_agrees_with_differences():
    before = plain_prior(2)
    theta = before.mean + np.array([0.3, -0.5, 1.0, 0.2, -0.7])

    _, got = before.penalty(theta)

    for j, e in enumerate(1e-6 * np.eye(5)):
        change = (before.penalty(theta + e)[0] - before.penalty(theta - e)[0]) / 2e-6
        assert got[j] == pytest.approx(change, abs=1e-6)


@pytest.mark.slow
def test_fitting_finds_what_no_neighbour_improves():
    X = rows(30)
    y, before = losses(X) - losses(X).mean(), plain_prior(MIXED.blocks)
    evidence = Evidence(MIXED(X), y, MIXED.block)

    theta = fit(MIXED(X), y, MIXED.block, before, before.mean[None], steps=60)

    def worth(theta):
        return evidence(theta)[0] - before.penalty(theta)[0]

    rng = np.random.default_rng(0)
    assert worth(theta) > worth(before.mean)
    for step in 0.1 * rng.normal(size=(50, len(theta))):
        assert worth(theta + step) < worth(theta) + 0.01


def test_a_relevant_column_gets_a_shorter_length_than_an_irrelevant_one():
    measured = Embedding((0, 0))
    X = np.random.default_rng(1).random((40, 2))
    before = plain_prior(2)

    theta = fit(measured(X), np.sin(9 * X[:, 1]), measured.block, before, before.mean[None], 60)

    assert theta[1] < theta[0] - 1


def test_losses_that_are_all_equal_and_repeated_points_are_fitted():
    X = np.repeat(rows(4), 5, axis=0)
    before = plain_prior(MIXED.blocks)

    theta = fit(MIXED(X), np.zeros(20), MIXED.block, before, before.mean[None], 40)

    assert np.isfinite(theta).all()


def test_a_matrix_that_is_barely_singular_gets_a_larger_diagonal():
    K = np.ones((5, 5))

    L = factor(K)

    assert L is not None
    assert np.abs(L @ L.T - K).max() < 0.05


def test_a_matrix_that_is_not_definite_has_no_factor():
    assert factor(np.array([[1.0, 7.0], [7.0, 1.0]])) is None


def test_the_inverse_agrees_with_numpy():
    A = np.random.default_rng(2).normal(size=(6, 6))
    K = A @ A.T + 0.3 * np.eye(6)

    assert inverse(np.linalg.cholesky(K)) == pytest.approx(np.linalg.inv(K), rel=1e-8)
