import numpy as np
import pytest

from luthier.numerics.forest import Layout, grow

NAN = np.nan
MIXED = Layout((0, 4, 0, -1))


def rng(seed=3):
    return np.random.default_rng(seed)


def mixed(n=150, seed=5):
    """Rows of two numbers, of which one depends on a choice of 4, and a constant; losses."""
    X = rng(seed).random((n, 4))
    option = np.floor(4 * X[:, 1]).astype(int)
    X[option == 2, 2] = NAN
    y = -7 + 3 * X[:, 0] + np.array([0, 4, -2, 1])[option] + np.nan_to_num(2 * X[:, 2], nan=5)
    return X, y


def friedman(n, seed):
    """Friedman (1991), the first of three functions; with noise of standard deviation 1."""
    X = rng(seed).random((n, 10))
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return X, y + 10 * X[:, 3] + 5 * X[:, 4] + rng(seed + 1).standard_normal(n)


def test_a_constant_is_met_exactly_and_without_doubt():
    X, _ = mixed(23)

    got = grow(X, np.full(23, -3.25), MIXED, rng())(mixed(41, 6)[0])

    assert got.mean.tolist() == pytest.approx([-3.25] * 41)
    assert got.variance.tolist() == pytest.approx([0.0] * 41, abs=1e-12)


def test_a_step_is_found():
    x = np.linspace(0.01, 0.99, 99)[:, None]

    got = grow(x, np.where(x[:, 0] < 0.3, -2.0, 5.0), Layout((0,)), rng())

    assert got(np.array([[0.05], [0.25], [0.36], [0.97]])).mean.tolist() == pytest.approx(
        [-2, -2, 5, 5],
        abs=7 * 2 / 40,  # two trees of 40 with a leaf across the step
    )


def test_one_row_is_enough():
    got = grow(np.array([[0.3, NAN]]), np.array([2.5]), Layout((0, 3)), rng())

    belief = got(np.array([[0.9, 0.5], [NAN, NAN]]))

    assert belief.mean.tolist() == [2.5, 2.5]
    assert belief.variance.tolist() == [0, 0]


def test_columns_without_a_choice_to_make_are_left_out():
    X, y = mixed()

    got = grow(X, y, MIXED, rng())

    assert 3 not in got.column
    assert set(got.column) == {-1, 0, 1, 2}
    assert grow(X, y, Layout((-1,) * 4), rng())(X).mean.tolist() == pytest.approx(
        [y.mean()] * len(y), abs=4 * y.std() / np.sqrt(len(y))
    )


def test_inactive_and_vanished_cells_are_values_of_their_own():
    x = np.array([[NAN, 0.1], [0.2, NAN], [0.7, 1.5], [0.9, 0.9]] * 30)
    y = np.array([4.0, -2.0, 9.0, 1.0] * 30)
    one_column = [x[:, :1], x[:, 1:]]

    for X, levels in zip(one_column, [0, 3], strict=True):
        got = grow(X, y, Layout((levels,)), rng())
        assert got(X[:4]).mean.tolist() == pytest.approx(y[:4].tolist(), abs=1.2)


def test_the_variance_is_that_within_and_between_leaves():
    X, y = mixed()
    forest, points = grow(X, y, MIXED, rng(), trees=7), mixed(11, 6)[0]

    got = forest(points)

    # Told anew from the rows: those of each tree that end in the same leaf.
    where, mine = forest.leaf(points), forest.leaf(X)
    for i in range(len(points)):
        held = [y[forest.rows[t]][mine[t, forest.rows[t]] == where[t, i]] for t in range(7)]
        means, within = [h.mean() for h in held], [h.var() for h in held]
        assert got.mean[i] == pytest.approx(np.mean(means))
        assert got.variance[i] == pytest.approx(np.mean(within) + np.var(means), abs=1e-12)
        assert min(map(len, held)) >= 2


def test_every_point_lies_in_one_box_of_each_tree_and_it_is_its_leaf():
    X, y = mixed()
    forest, points = grow(X, y, MIXED, rng(), trees=5), mixed(37, 6)[0]
    leaves, codes = forest.leaves(), MIXED.coded(points)

    means = np.full((5, len(points)), NAN)
    for t in range(5):
        cells = codes.copy()
        cells[:, 1] = forest.order[t, codes[:, 1].astype(int)]
        mine = leaves.tree == t
        low, high = leaves.low[mine], leaves.high[mine]
        inside = ((cells[:, None] > low) & (cells[:, None] <= high)).all(axis=2)
        assert inside.sum(axis=1).tolist() == [1] * len(points)
        means[t] = leaves.mean[mine][inside.argmax(axis=1)]

    np.testing.assert_array_equal(means, forest.mean[forest.leaf(points)])


def test_the_names_of_options_do_not_matter():
    X, y = mixed(300)
    points = mixed(200, 6)[0]

    def renamed(X):
        at = np.floor(4 * X[:, 1]).astype(int)
        return np.column_stack([X[:, 0], (np.array([2, 0, 3, 1])[at] + 0.5) / 4, X[:, 2:]])

    one = grow(X, y, MIXED, rng(), trees=300)(points).mean
    other = grow(renamed(X), y, MIXED, rng(4), trees=300)(renamed(points)).mean
    again = grow(X, y, MIXED, rng(4), trees=300)(points).mean

    # No further apart than two forests are by chance, give or take a half.
    assert np.abs(one - other).mean() < 1.5 * np.abs(one - again).mean()


def test_options_are_put_in_order_by_their_losses():
    effect = rng(8).standard_normal(12)

    def loss(X):
        return effect[np.floor(12 * X[:, 0]).astype(int)] + 2 * X[:, 1]

    X, seen = rng(1).random((150, 5)), rng(2).random((500, 5))
    told = grow(X, loss(X), Layout((12, 0, 0, 0, 0)), rng())(seen).mean

    # 0.01; in an order drawn at random 0.26.
    assert np.mean((told - loss(seen)) ** 2) / loss(seen).var() < 0.1


def test_a_choice_of_many_options_that_do_not_matter_does_no_harm():
    X, seen = rng(1).random((40, 3)), rng(2).random((500, 3))

    def error(layout):
        told = grow(X, np.sin(6 * X[:, 2]), layout, rng())(seen).mean
        return np.mean((told - np.sin(6 * seen[:, 2])) ** 2) / np.var(np.sin(6 * seen[:, 2]))

    # Options ordered by the rows a tree sees would have an error of 0.5.
    assert error(Layout((60, 30, 0))) < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 400])
def test_it_is_as_accurate_as_the_forests_of_scikit_learn(n):
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    X, y = friedman(n, seed=7)
    told = grow(X, y, Layout((0,) * 10), rng(), trees=200).out_of_bag(X)

    got = 1 - np.nanmean((y - told) ** 2) / y.var()

    for other in (ExtraTreesRegressor, RandomForestRegressor):
        peer = other(200, bootstrap=True, oob_score=True, min_samples_leaf=2, random_state=1)
        assert got == pytest.approx(peer.fit(X, y).oob_score_, abs=0.05)


def test_rows_out_of_the_bag_are_told_by_trees_that_did_not_see_them():
    X, y = mixed(31)
    forest = grow(X, y, MIXED, rng(), trees=9)

    got = forest.out_of_bag(X)

    told = forest.mean[forest.leaf(X)]
    for i in range(31):
        blind = [t for t in range(9) if i not in forest.rows[t]]
        assert got[i] == pytest.approx(told[blind, i].mean() if blind else NAN, nan_ok=True)


def test_large_sets_of_rows_are_drawn_from():
    X, y = mixed(900)

    forest = grow(X, y, MIXED, rng(), most=50)

    assert forest.rows.shape == (40, 50)
    assert len(np.unique(forest.rows)) > 700  # of 900, by 2000 draws: 802 expected


def test_the_same_generator_grows_the_same_forest():
    X, y = mixed()

    one, other = (grow(X, y, MIXED, rng())(X) for _ in range(2))

    np.testing.assert_array_equal(one.mean, other.mean)
