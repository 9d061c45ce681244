import numpy as np
import pytest

from luthier.errors import DataError
from luthier.estimate import measure
from luthier.estimate.pool import pooled

Y = np.array([3.5, -1.0, 7.0, 2.5, 9.0, -4.0, 0.5])
FOLD = np.array([5, 0, 1, -1, 5, 0, 1])  # the fourth row was never predicted
GIVEN = np.array([[3.0, 0.0, 7.5, 9.0, -5.0, 0.0], [3.5, -1.0, 7.0, 9.0, -4.0, 2.5]])
MSE = "neg_mean_squared_error"


def pool(scoring=MSE, y=Y, fold=FOLD, **more):
    given = {"rows": None, "blocks": None, "weights": None, "train": None} | more
    return pooled(y, fold, measure(scoring, y), **given)


def test_only_predicted_rows_are_in_it_with_folds_and_units_from_0():
    made, inside = pool()

    assert inside.tolist() == [True, True, True, False, True, True, True]
    assert made.fold.tolist() == [2, 0, 1, 2, 0, 1]
    assert made.unit.tolist() == list(range(6))
    assert (made.folds, made.units, made.rows) == (3, 6, 6)
    assert made.train == 7 - 6 / 3


def test_a_row_that_was_predicted_twice_is_one_unit_and_blocks_are_units_of_many_rows():
    at = np.array([0, 1, 0, 4])
    twice, _ = pool(fold=np.array([0, 0, 1, 1]), rows=at)
    blocks, _ = pool(blocks=np.array([5, 5, 5, 8, 9, 9, 9]))

    assert (twice.units, twice.rows) == (3, 3)
    assert twice.unit.tolist() == [0, 1, 0, 2]
    np.testing.assert_array_equal(twice.y, Y[at])
    assert blocks.unit.tolist() == [0, 0, 0, 1, 1, 1]


def test_units_count_as_often_as_they_were_drawn():
    made, inside = pool(weights=np.array([1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 0.5]))
    W = np.array([[1.0, 1, 1, 1, 1, 1], [0.0, 3, 0, 0, 1, 0]])

    got = made.score(GIVEN, W)

    errors, weights = (GIVEN - Y[inside]) ** 2, made.weights
    wanted = [-(errors * w * weights).sum(axis=1) / (w * weights).sum() for w in W]
    np.testing.assert_allclose(got, wanted)


def test_each_fold_is_scored_by_itself_as_a_search_sees_it():
    made, inside = pool()

    got = made.of_folds(GIVEN)

    errors = (GIVEN - Y[inside]) ** 2
    wanted = [-errors[:, made.fold == k].mean(axis=1) for k in range(3)]
    np.testing.assert_allclose(got, wanted)


def test_what_is_ranked_is_made_comparable_between_candidates_fold_by_fold():
    y, fold = np.tile([0, 1], 6), np.repeat([0, 1, 2], 4)
    made, _ = pool("roc_auc", y, fold)
    given = np.random.default_rng(3).random((2, 12))

    mixed = made.comparable(given)

    assert made.measure.pooling != "rows"
    for k in range(3):
        inside = fold == k
        np.testing.assert_array_equal(
            mixed[:, inside].argsort(axis=1), given[:, inside].argsort(axis=1)
        )
        np.testing.assert_allclose(np.sort(mixed[:, inside]), [[0.25, 0.5, 0.75, 1.0]] * 2)


def test_every_part_has_its_share_of_each_fold_and_class():
    rng = np.random.default_rng(3)
    y, fold = rng.permutation(np.repeat([2, 5], [60, 30])), rng.integers(3, size=90)
    made, _ = pool("accuracy", y, fold)

    part = made.parts(5, rng)

    counts = np.bincount(part, minlength=5)
    assert counts.max() - counts.min() <= 1
    for k in range(3):
        for code in np.unique(made.y):
            mine = np.bincount(part[(fold == k) & (made.y == code)], minlength=5)
            assert mine.max() - mine.min() <= 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"weights": np.ones(6)}, "weights has 6 entries for 7 rows"),
        ({"blocks": np.ones(8)}, "blocks has 8 entries for 7 rows"),
        ({"rows": np.arange(3)}, "fold has 7 entries for 3 rows"),
        ({"fold": np.array([0, 0, 0, -1, 0, 0, 0])}, "needs two folds"),
        ({"blocks": np.ones(7)}, "two rows or blocks at least"),
        ({"fold": np.full(7, -1)}, "got 0 predicted rows"),
    ],
)
def test_what_does_not_fit_is_an_error(more, said):
    with pytest.raises(DataError, match=said):
        pool(**more)
