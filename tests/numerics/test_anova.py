import numpy as np
import pytest

from luthier.numerics.anova import Anova, Contexts, shared
from luthier.numerics.forest import Layout, boosted, grow

NAN = np.nan
LAYOUT = Layout((0, 3, 0))
# The second column switches the third on where it holds its last option.
CONTEXTS = Contexts(
    np.array([[0.5, 1 / 6, NAN], [0.5, 3 / 6, NAN], [0.5, 5 / 6, 0.5]]),
    np.array([0.3, 0.2, 0.5]),
    np.array([False, True, False]),
)


def drawn(n, seed=3):
    """Rows as the contexts say, and losses."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    option = rng.choice(3, size=n, p=CONTEXTS.weight)
    X[:, 1] = (option + 0.5) / 3
    X[option < 2, 2] = NAN
    y = 2 * X[:, 0] + np.array([1.0, -1.5, 0.0])[option] + 3 * X[:, 0] * np.nan_to_num(X[:, 2])
    return X, y - y.mean()


def test_parts_are_those_that_a_large_sample_has():
    """Every mean over leaves told anew by means over points; 2 % is the samples' own error."""
    X, y = drawn(200)
    rng = np.random.default_rng(1)
    stages, _ = boosted(X, y, LAYOUT, rng, trees=6, most=200)
    points, _ = drawn(20_000, seed=4)

    got = Anova(stages, CONTEXTS, points)

    def told(X):
        return sum(forest.mean[forest.leaf(X)] for forest in stages)

    def by_cells(rows, at):
        """Variance over groups of rows of what two different trees say on average."""
        values = told(points[rows])
        groups, of = np.unique(at, axis=0, return_inverse=True)
        of = of.ravel()
        mean = np.stack([np.bincount(of, v, len(groups)) for v in values]) / np.bincount(of)
        return shared(mean, np.bincount(of) / len(of))

    every = np.ones(len(points), dtype=bool)
    active = ~np.isnan(points[:, 2])
    u, c, v = points[:, 0] * 32 // 1, points[:, 1], points[:, 2] * 32 // 1
    for columns, want in (
        ((0,), by_cells(every, u)),
        ((1,), by_cells(every, c)),
        ((2,), active.mean() * by_cells(active, v[active])),
    ):
        assert got.share(columns) == pytest.approx(want / got.total, abs=0.02)
    # Together, less what each has alone, there where both are active.
    both = by_cells(every, np.stack([u, c], axis=1)) - by_cells(every, u) - by_cells(every, c)
    assert got.share((0, 1)) == pytest.approx(both / got.total, abs=0.02)


def test_the_variance_that_trees_share_leaves_out_their_own_noise():
    rng = np.random.default_rng(2)
    common = rng.standard_normal(4000)

    got = shared(common + 3 * rng.standard_normal((7, 4000)))

    # The variance of a covariance of two rows is near 100 / 4000; 21 pairs are averaged.
    assert got == pytest.approx(1.0, abs=5 * np.sqrt(100 / 4000 / 21))


def test_a_sum_of_forests_is_less_biased_than_one():
    X, y = np.random.default_rng(3).random((150, 4)), 0
    y = 5 * X[:, 0] + X[:, 1]
    rng = np.random.default_rng(4)

    stages, explained = boosted(X, y, Layout((0,) * 4), rng, trees=40, most=150)

    def slope(forests):
        line = np.full((2, 4), 0.5)
        line[:, 1] = 0.1, 0.9
        told = sum(forest(line).mean for forest in forests)
        return (told[1] - told[0]) / 0.8

    one = grow(X, y, Layout((0,) * 4), rng)
    assert abs(slope(stages) - 1) < abs(slope([one]) - 1)
    assert explained > 0.9


def test_equal_losses_explain_nothing():
    stages, explained = boosted(
        np.random.default_rng(3).random((20, 1)),
        np.full(20, -2.5),
        Layout((0,)),
        np.random.default_rng(4),
        trees=3,
        most=20,
    )

    assert explained == 0
    contexts = Contexts(np.array([[0.5]]), np.array([1.0]), np.array([False]))
    assert Anova(stages, contexts, np.array([[0.2], [0.7]])).share((0,)) == 0
