"""Rows of the unit cube, the values that they stand for, and the cells in between."""

import numpy as np
import pytest
from sklearn.svm import SVC
from spaces import SPACES, mixed, relu, rows, svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space


@pytest.mark.parametrize("make", SPACES)
def test_decode_undoes_encode(make):
    space = make()
    X = space.snap(rows(space))
    params = space.decode(X)

    again = space.decode(space.encode(params))

    for one, other in zip(params, again, strict=True):
        assert list(one) == list(other)
        for name, value in one.items():
            if isinstance(space[name], Choice):
                assert other[name] is value
            else:
                assert type(other[name]) is type(value) in (int, float)
                assert other[name] == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("make", SPACES)
def test_encode_undoes_decode_where_cells_are_in_the_middle(make):
    space = make()
    X = space.snap(rows(space))

    np.testing.assert_allclose(space.encode(space.decode(X)), X, atol=1e-12)


@pytest.mark.parametrize("make", SPACES)
def test_raw_values_give_the_row_back(make):
    space = make()
    X = space.snap(rows(space))

    np.testing.assert_allclose(space.rows([space.raw(x) for x in X]), X, atol=1e-12)


def test_every_option_of_a_choice_is_decoded_as_the_very_object():
    estimator, array, items = SVC(C=2), np.array([3, 4]), [5, 6]
    options = (1, 1.0, True, None, relu, estimator, array, items)
    space = Space(x=Float(2, 3), option=Choice(*options))

    got = space.decode(space.encode([{"x": 2.5, "option": option} for option in options]))

    for params, option in zip(got, options, strict=True):
        assert params["option"] is option


def test_decode_gives_plain_python_values_from_any_row():
    space = mixed()
    X = rows(space) * 3 - 1

    for params in space.decode(X):
        assert {type(v) for n, v in params.items() if n != "model"} <= {int, float, str}


def test_decode_leaves_inactive_names_out_and_keeps_the_declared_order():
    space = svm()

    got = space.decode(np.array([[0.5, 0.1, 0.3, 0.4], [0.5, 0.9, 0.3, 0.4]]))

    assert [list(p) for p in got] == [["C", "kernel"], ["C", "kernel", "gamma", "degree"]]


def test_decode_takes_one_row_too():
    assert len(svm().decode(np.array([0.5, 0.1, np.nan, np.nan]))) == 1


def test_rows_of_another_shape_are_refused():
    with pytest.raises(SpaceError, match=r"rows of 4 cells.*shape \(2, 3\)"):
        svm().decode(np.full((2, 3), 0.5))
    with pytest.raises(SpaceError, match=r"rows of 4 cells.*shape \(3, 0\)"):
        svm().snap(np.empty((3, 0)))


def test_labels_are_for_tables():
    space = Space(f=Choice(relu, None), n=Int(3, 9))

    assert space.labels(space.check({"f": relu, "n": 4})) == {"f": "relu", "n": 4}


def test_snap_moves_to_the_middle_of_cells_and_leaves_continuous_ones():
    space = Space(x=Float(-3, 9), n=Int(3, 7), k=Int(2, 30, log=True), a=Choice("x", "y"))
    X = np.random.default_rng(4).random((50, 4))

    snapped = space.snap(X)

    assert (snapped[:, 0] == X[:, 0]).all()
    assert space.decode(snapped) == space.decode(X)
    np.testing.assert_allclose(space.snap(snapped), snapped, atol=1e-12)
    assert len(np.unique(snapped[:, 1])) == 5


def test_onehot_spreads_unordered_choices():
    space = Space(
        x=Float(-3, 9),
        a=Choice("x", "y", "z"),
        o=Choice("low", "mid", "high", ordered=True),
        b=Choice("u", "v", when={"a": "x"}),
    )

    got = space.onehot(
        np.array([[0.3, 0.9, 0.5, np.nan], [0.4, 0.0, 0.1, 1.0], [0.4, 1.2, 0.1, np.nan]])
    )

    assert got.tolist() == [
        [0.3, 0, 0, 1, 0.5, 0, 0],
        [0.4, 1, 0, 0, 0.1, 0, 1],
        [0.4, 0, 0, 0, 0.1, 0, 0],
    ]
