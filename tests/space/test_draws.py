"""Draws: points that are sampled, repaired and completed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import SPACES, rows, same_rows, svm

from luthier.parameters import Choice, Float, Int
from luthier.space import Space


@pytest.mark.parametrize("make", SPACES)
@pytest.mark.parametrize("k", [0, 1, 7])
def test_drawn_rows_are_allowed_points_of_the_cube_with_nan_where_inactive(make, k):
    space = make()

    X = rows(space, k)

    assert X.shape == (k, len(space))
    assert (np.isnan(X) == ~space.active(X)).all()
    assert space.allowed(X).all()
    assert ((X >= 0) & (X <= 1) | np.isnan(X)).all()
    assert same_rows(X, rows(space, k))


@pytest.mark.parametrize("make", SPACES)
@given(seed=st.integers(0, 10**6), k=st.integers(0, 6))
@settings(max_examples=15, deadline=None)
def test_repaired_rows_are_allowed_and_stay_as_they_are(make, seed, k):
    space = make()
    rng = np.random.default_rng(seed)
    X = rng.normal(0.5, 1, (k, len(space)))
    X[rng.random(X.shape) < 0.2] = np.nan
    before = X.copy()

    fixed = space.repair(X)

    assert same_rows(X, before)
    assert fixed.shape == X.shape
    assert space.allowed(fixed).all()
    assert (np.isnan(fixed) == ~space.active(fixed)).all()
    assert ((fixed >= 0) & (fixed <= 1) | np.isnan(fixed)).all()
    assert same_rows(space.repair(fixed), fixed)
    assert same_rows(space.repair(X), fixed)
    assert same_rows(np.vstack([space.repair(x) for x in X]) if k else X, fixed)
    for params in space.decode(fixed):
        space.check(params)


def test_repair_clips_snaps_and_fills():
    space = Space(x=Float(-3, 9), n=Int(3, 7), m=Int(2, 9, when={"n": 3}))

    got = space.repair(np.array([[1.7, -0.4, np.nan], [np.nan, 0.55, 0.9]]))

    expected = [[1.0, 0.1, 0.5 + 1 / 16], [0.5, 0.5, np.nan]]
    np.testing.assert_allclose(got, expected, atol=1e-15)


def test_fill_puts_nan_in_the_middle():
    assert svm().fill(np.array([[0.2, 0.1, np.nan, np.nan]])).tolist() == [[0.2, 0.1, 0.5, 0.5]]


def test_complete_keeps_what_is_given_then_takes_defaults_then_draws():
    space = Space(
        a=Choice("x", "y", default="y"), n=Int(3, 90, default=7, when={"a": "y"}), z=Float(-3, 9)
    )

    full = space.values(space.complete({}, np.random.default_rng(2)))
    kept = space.values(
        space.complete(space.check({"a": "x"}, partial=True), np.random.default_rng(2))
    )

    assert (full["a"], full["n"]) == ("y", 7)
    assert -3 < full["z"] < 9
    assert list(kept) == ["a", "z"]


def test_complete_leaves_defaults_that_are_forbidden_together():
    space = Space(a=Choice("x", "y", default="y"), n=Int(3, 9, default=7)).forbid(
        {"a": "y", "n": 7}
    )

    for seed in range(20):
        space.check(space.values(space.complete({}, np.random.default_rng(seed))))
