import numpy as np

from luthier.numerics.design import balanced


def test_every_stratum_of_a_number_is_hit_once_and_every_option_equally_often():
    X = balanced(6, (0, 3, 0, 2), np.random.default_rng(4))

    assert X.shape == (6, 4)
    for j in (0, 2):
        np.testing.assert_allclose(np.sort(X[:, j]), (np.arange(6) + 0.5) / 6)
    assert np.unique(np.floor(X[:, 1] * 3), return_counts=True)[1].tolist() == [2, 2, 2]
    assert np.unique(np.floor(X[:, 3] * 2), return_counts=True)[1].tolist() == [3, 3]


def test_where_points_are_no_multiple_of_the_options_none_comes_twice_more_than_another():
    X = balanced(7, (3,), np.random.default_rng(4))

    counts = np.unique(np.floor(X[:, 0] * 3), return_counts=True)[1]
    assert sorted(counts.tolist()) == [2, 2, 3]


def test_points_are_further_apart_than_those_of_a_single_draw():
    def closest(X):
        gaps = ((X[:, None] - X[None]) ** 2).sum(axis=2)
        return gaps[np.triu_indices(len(X), 1)].min()

    def drawn(rng):
        return np.stack([(rng.permutation(8) + 0.5) / 8 for _ in range(3)], axis=1)

    made = [closest(balanced(8, (0, 0, 0), np.random.default_rng(seed))) for seed in range(9)]
    single = [closest(drawn(np.random.default_rng(seed))) for seed in range(9)]

    assert np.median(made) > np.median(single)
    assert min(made) >= np.median(single)


def test_no_columns_are_no_error():
    assert balanced(5, (), np.random.default_rng(4)).shape == (5, 0)
