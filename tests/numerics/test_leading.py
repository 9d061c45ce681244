import numpy as np
import pytest

from luthier.numerics.leading import leading
from luthier.numerics.pareto import fronts


@pytest.mark.parametrize(("n", "m", "k"), [(60, 2, 9), (60, 3, 40), (7, 4, 20), (1, 2, 1)])
def test_fronts_come_one_after_the_other(n, m, k):
    Y = np.random.default_rng(n).normal(size=(n, m)) * [1e6, 1e-3, 2, 5][:m]

    got = leading(Y, k)

    rank = fronts(Y)[got]
    assert len(set(got.tolist())) == len(got) == min(k, n)
    assert (np.diff(rank) >= 0).all()
    assert sorted(rank) == sorted(fronts(Y))[: len(got)]


def test_of_one_front_those_far_apart_are_taken():
    x = np.linspace(0, 1, 101)
    Y = np.stack([x, -3 * x], axis=1)

    got = np.sort(leading(Y, 5))

    assert np.diff(got).min() >= 12


def test_nothing_comes_from_nothing():
    assert leading(np.empty((0, 2)), 3).tolist() == []


def test_a_long_history_keeps_its_ends_and_its_middle():
    Y = np.random.default_rng(4).random((5000, 2)) + 1
    Y[17], Y[1234], Y[4000] = [-5, 9], [9, -5], [0.1, 0.1]

    assert {17, 1234, 4000} <= set(leading(Y, 3).tolist())
