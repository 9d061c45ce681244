import numpy as np
import pytest

from luthier.numerics.divergence import divergence

NAN = np.nan


def test_a_choice_has_the_divergence_of_its_frequencies():
    """3 of 4 options are as frequent among the good; the last one is twice as frequent."""
    n = 4000
    at = np.arange(n) % 4
    top = np.where(at == 3, np.arange(n) % 8 < 4, np.arange(n) % 16 < 4)
    share = np.bincount(at[top], minlength=4) / top.sum()

    got = divergence((at[:, None] + 0.5) / 4, (4,), top, np.random.default_rng(1))

    want = ((share / 0.25 - 1) ** 2 * 0.25).sum()
    assert got[0] == pytest.approx(want, abs=0.02)


def test_a_number_that_sets_good_trials_apart_is_told_from_one_that_does_not():
    X = np.random.default_rng(2).random((300, 2))

    got = divergence(X, (0, 0), X[:, 0] < 0.1, np.random.default_rng(1))

    # All good trials in a tenth of the range: (10 - 1)^2 / 10 + 0.9 = 9; kernels blur it.
    assert 4 < got[0] < 9
    assert got[1] < got[0] / 20


def test_what_chance_gives_is_taken_off():
    def mean(levels):
        draws = [np.random.default_rng(seed).random((60, 1)) for seed in range(20)]
        top = np.arange(60) < 6
        return np.mean([divergence(X, (levels,), top, np.random.default_rng(1)) for X in draws])

    # 6 of 60 diverge by 0.09 and 0.29 by chance; what is left is that nothing is below 0.
    assert mean(0) < 0.05
    assert mean(4) < 0.15


def test_where_it_is_inactive_a_column_does_not_count():
    """That good trials have it at all is no divergence of its own."""
    X = np.random.default_rng(2).random((300, 1))
    X[:150] = NAN
    top = np.arange(300) >= 270

    got = divergence(X, (0,), top, np.random.default_rng(1))
    sharp = divergence(X, (0,), ~np.isnan(X[:, 0]) & (X[:, 0] < 0.2), np.random.default_rng(1))

    assert got[0] < 0.3
    assert sharp[0] > 3


def test_constants_and_columns_that_are_never_active_have_none():
    X = np.column_stack([np.full(40, 0.5), np.full(40, NAN)])

    got = divergence(X, (-1, 0), np.arange(40) < 5, np.random.default_rng(1))

    assert got.tolist() == [0, 0]
