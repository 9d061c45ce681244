"""Configurations that users give: which fit, which do not, and the default one."""

import numpy as np
import pytest
from spaces import svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space


def test_encode_puts_numbers_outside_their_range_outside_the_cube():
    space = Space(lr=Float(1e-3, 0.5, log=True), n=Int(3, 9))

    X = space.encode([{"lr": 5.0, "n": 20}, {"lr": 1e-5, "n": -4}])

    assert (X[0] > 1).all()
    assert (X[1] < 0).all()


def test_encode_leaves_what_is_missing_or_inactive_as_nan():
    X = svm().encode([{"C": 2.0, "kernel": "linear", "degree": 3}, {"kernel": "poly"}])

    assert np.isnan(X).tolist() == [[False, False, True, True], [True, False, True, True]]


def test_encode_wants_a_list():
    with pytest.raises(SpaceError, match=r"expected a list of dicts.*Wrap it"):
        svm().encode({"C": 2.0})


def test_a_constant_need_not_be_given():
    space = Space(a=3, n=Int(2, 9), b=Float(4, 4))

    assert space.values(space.check({"n": 5})) == {"a": 3, "n": 5, "b": 4.0}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"C": 2, "kernel": "rbf"}, r"'gamma' is missing"),
        ({"c": 2}, r"'c' is not in the space. *(Did you mean 'C'\? )?The names are C, kernel"),
        ({"C": 2, "kernel": "rbf", "gama": 2}, r"'gama' is not in the space. Did you mean 'gamma'"),
        (
            {"C": 2, "kernel": "linear", "degree": 3},
            r"'degree' is set to 3, but it is only active when kernel is 'poly'. Leave",
        ),
        ({"C": 2, "kernel": "linear", "gamma": 3}, r"kernel is 'rbf' or 'poly'"),
        ({"C": 2e9, "kernel": "linear"}, r"C: 2000000000.0 is outside the range"),
        ({"C": 2, "kernel": "rfb"}, r"Did you mean 'rbf'"),
        (
            {"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 5},
            r"forbidden by \{'kernel': 'poly', 'degree': 4 or 5\}. Change one",
        ),
        ({"C": 900.0, "kernel": "linear"}, r"forbidden by 'large'"),
        (["C"], r"must be a dict from names to values"),
    ],
)
def test_parameters_that_do_not_fit_are_explained(params, message):
    space = svm().forbid({"kernel": "poly", "degree": [4, 5]}, large=lambda p: p["C"] > 800)

    with pytest.raises(SpaceError, match=message):
        space.check(params)


def test_check_gives_raw_values_in_the_order_of_the_space():
    raw = svm().check({"degree": 3, "kernel": "poly", "gamma": np.float64(0.5), "C": np.int64(2)})

    assert raw == {"C": 2.0, "kernel": 2, "gamma": 0.5, "degree": 3}
    assert list(raw) == ["C", "kernel", "gamma", "degree"]
    assert type(raw["gamma"]) is float


def test_part_of_the_parameters_may_be_given_if_asked_for():
    assert svm().check({"kernel": "poly", "degree": 3}, partial=True) == {"kernel": 2, "degree": 3}
    with pytest.raises(
        SpaceError, match=r"'degree' is set to 3.*only active when kernel is 'poly'"
    ):
        svm().check({"degree": 3}, partial=True)


def test_part_of_the_parameters_may_already_be_forbidden():
    space = svm().forbid({"kernel": "poly", "degree": 5}, large=lambda p: p["C"] > 800)

    assert space.check({"C": 900, "kernel": "poly"}, partial=True) == {"C": 900.0, "kernel": 2}
    with pytest.raises(SpaceError, match=r"forbidden by \{'kernel': 'poly', 'degree': 5\}"):
        space.check({"kernel": "poly", "degree": 5}, partial=True)


def test_the_default_is_known_when_every_active_parameter_has_one():
    space = Space(
        a=Choice("x", None, default=None),
        n=Int(3, 9, default=7),
        deep=Float(2, 5, when={"a": "x"}),
        constant=4,
    )

    assert space.default() == {"a": None, "n": 7, "constant": 4}
    assert space.grow(a=Choice("x", None, default="x")).default() is None
    assert space.forbid({"n": 7}).default() is None
    assert svm().default() is None
    assert Space(constant=4).default() is None
