import numpy as np
import pytest

from luthier.numerics.climb import climb, exchanges, lucky, polish
from luthier.numerics.design import balanced


def test_climbing_discrete_cells_finds_the_best_of_all():
    levels, hits = (5, 4, 3, 6), 0
    grid = [(np.arange(k) + 0.5) / k for k in levels]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        table = rng.normal(size=levels) + sum(np.ix_(*(2 * rng.normal(size=k) for k in levels)))

        def score(X, table=table):
            return table[tuple((X[:, j] * k).astype(int) for j, k in enumerate(levels))]

        ends, values = climb(score, rng.random((50, 4)), grid, rng)
        assert values[0] == score(ends[:1])[0]
        hits += values[0] == table.max()

    assert hits >= 19


def test_climbing_continuous_cells_comes_close_to_the_top():
    rng = np.random.default_rng(1)
    top = np.array([0.2, 1.0, 0.7])

    ends, values = climb(
        lambda X: -((X - top) ** 2).sum(axis=1), rng.random((100, 3)), [None] * 3, rng
    )

    assert values[0] > -0.01
    assert ends.min() >= 0
    assert ends.max() <= 1
    assert (np.diff(values) <= 0).all()


def test_what_must_not_be_taken_is_not():
    rng = np.random.default_rng(2)

    def score(X):
        return np.where(X[:, 0] > 0.5, -np.inf, X[:, 0])

    _, values = climb(score, rng.random((30, 1)), [None], rng)

    assert 0.4 < values[0] <= 0.5


def test_where_nothing_may_be_taken_the_values_say_so():
    rng = np.random.default_rng(2)

    _, values = climb(lambda X: np.full(len(X), -np.inf), rng.random((30, 2)), [None, None], rng)

    assert not np.isfinite(values).any()


def test_lucky_ones_include_the_best_and_never_what_is_out():
    values = np.array([-np.inf, 3.0, 7.0, -np.inf, 5.0])

    got = lucky(values, 4, np.random.default_rng(0))

    assert got[0] == 2
    assert sorted(got) == [1, 2, 4]


def test_exchanges_change_one_cell_each():
    at = np.array([[0.1, 0.2, 0.3]])
    fixed = [(0, np.array([0.25, 0.75])), (2, np.array([0.5]))]

    got = exchanges(at, fixed)

    assert got.tolist() == [[[0.25, 0.2, 0.3], [0.75, 0.2, 0.3], [0.1, 0.2, 0.5]]]


def test_polishing_ends_at_the_top_inside_the_cube():
    top = np.array([0.37, 1.4])

    got = polish(lambda u: (-((u - top) ** 2).sum(), -2 * (u - top)), np.array([0.9, 0.1]))

    assert got == pytest.approx([0.37, 1.0], abs=1e-3)


def test_a_balanced_design_hits_every_stratum_and_option_equally_often():
    got = balanced(6, (0, 3, 2), np.random.default_rng(4))

    assert sorted(got[:, 0]) == pytest.approx((np.arange(6) + 0.5) / 6)
    assert np.bincount((got[:, 1] * 3).astype(int)).tolist() == [2, 2, 2]
    assert np.bincount((got[:, 2] * 2).astype(int)).tolist() == [3, 3]


def test_a_design_may_be_empty_or_have_one_point():
    assert balanced(1, (0, 4), np.random.default_rng(4)).shape == (1, 2)
    assert balanced(3, (), np.random.default_rng(4)).shape == (3, 0)
