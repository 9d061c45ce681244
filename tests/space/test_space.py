"""Space: conditions, arrays, configurations that users give, growth."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int, Label
from luthier.space import Space


def relu(x):
    return max(x, 0)


def svm():
    return Space(
        C=Float(1e-3, 1e3, log=True),
        kernel=Choice("linear", "rbf", "poly"),
        gamma=Float(1e-4, 10, log=True, when={"kernel": ["rbf", "poly"]}),
        degree=Int(2, 5, when={"kernel": "poly"}),
    )


def mixed():
    """Every kind of parameter, a chain of conditions, children declared before their parents."""
    return Space(
        units_3=Int(4, 64, log=True, when={"layers": 3}),
        layers=Int(1, 3, when={"model": "net"}),
        model=Choice("net", relu, None, 1, True, [3, 4]),
        slope=Float(-3, 9, when={"model": [relu, None], "size": range(10, 13)}),
        size=Int(7, 15, step=1),
        rate=Float(0.1, 0.9, step=0.1),
        scale=Float(0.5, 20, step=0.5, log=True),
        grade=Choice("low", "mid", "high", ordered=True),
        constant=2.5,
        forbid=[{"grade": "low", "size": [7, 8]}, {"model": "net", "layers": 2}],
    )


SPACES = [svm, mixed, lambda: mixed().forbid(steep=lambda p: p["slope"] > 5)]


def rows(space, k=40, seed=3):
    return space.sample(k, np.random.default_rng(seed))


def same_rows(A, B):
    return np.array_equal(A, B, equal_nan=True)


# -- a row and its values -------------------------------------------------------------------------


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


def test_encode_puts_numbers_outside_their_range_outside_the_cube():
    space = Space(lr=Float(1e-3, 0.5, log=True), n=Int(3, 9))

    X = space.encode([{"lr": 5.0, "n": 20}, {"lr": 1e-5, "n": -4}])

    assert (X[0] > 1).all()
    assert (X[1] < 0).all()


def test_encode_leaves_what_is_missing_or_inactive_as_nan():
    X = svm().encode([{"C": 2.0, "kernel": "linear", "degree": 3}, {"kernel": "poly"}])

    assert np.isnan(X).tolist() == [[False, False, True, True], [True, False, True, True]]


def test_rows_of_another_shape_are_refused():
    with pytest.raises(SpaceError, match=r"rows of 4 cells.*shape \(2, 3\)"):
        svm().decode(np.full((2, 3), 0.5))
    with pytest.raises(SpaceError, match=r"rows of 4 cells.*shape \(3, 0\)"):
        svm().snap(np.empty((3, 0)))


def test_encode_wants_a_list():
    with pytest.raises(SpaceError, match=r"expected a list of dicts.*Wrap it"):
        svm().encode({"C": 2.0})


def test_keys_are_equal_exactly_when_the_parameters_are():
    space = Space(a=Choice(1, 1.0, True, None), b=Float(2, 5))
    raws = [space.check({"a": a, "b": b}) for a in (1, 1.0, True, None) for b in (2.5, 3)]

    assert len({space.key(raw) for raw in raws}) == len(raws)
    assert space.key(raws[0]) == space.key(space.check({"b": 2.5, "a": 1}))


def test_labels_are_for_tables():
    space = Space(f=Choice(relu, None), n=Int(3, 9))

    assert space.labels(space.check({"f": relu, "n": 4})) == {"f": "relu", "n": 4}


# -- conditions -----------------------------------------------------------------------------------


def test_conditions_hold_for_every_parent_and_any_of_its_values():
    space = Space(
        a=Choice("x", "y", "z"),
        b=Int(3, 6),
        child=Float(2, 7, when={"a": ["x", "z"], "b": (4, 6)}),
    )

    for a, b in itertools.product("xyz", range(3, 7)):
        on = a in "xz" and b in (4, 6)
        assert ("child" in space.decode(space.encode([{"a": a, "b": b, "child": 3}]))[0]) is on


@pytest.mark.parametrize("accepted", [[4, 5], (4, 5), {4, 5}, frozenset({4, 5}), range(4, 6)])
def test_conditions_take_values_in_any_collection(accepted):
    space = Space(n=Int(3, 9), child=Int(2, 7, when={"n": accepted}))

    on = [
        "child" in p
        for p in space.decode(space.encode([{"n": n, "child": 3} for n in range(3, 10)]))
    ]

    assert on == [False, True, True, False, False, False, False]


def test_a_list_option_as_a_condition_is_wrapped_in_a_list():
    space = Space(a=Choice([3, 4], [5]), child=Int(2, 7, when={"a": [[3, 4]]}))

    assert "child" in space.check({"a": [3, 4], "child": 3})
    assert "child" not in space.check({"a": [5]})


def test_options_that_python_calls_equal_switch_on_different_children():
    space = Space(
        a=Choice(1, 1.0, True),
        whole=Int(2, 7, when={"a": 1}),
        real=Int(2, 7, when={"a": 1.0}),
        truth=Int(2, 7, when={"a": True}),
    )

    got = [list(p) for p in space.decode(np.array([[u, 0.2, 0.2, 0.2] for u in (0.1, 0.5, 0.9)]))]

    assert got == [["a", "whole"], ["a", "real"], ["a", "truth"]]


def test_the_child_of_an_inactive_parent_is_inactive():
    space = mixed()
    X = np.full((1, len(space)), 0.99)
    X[0, space.names.index("model")] = 0.3  # relu

    on = dict(zip(space.names, space.active(X)[0], strict=True))

    assert not on["layers"]
    assert not on["units_3"]
    assert not on["slope"]  # size is 15
    assert on["rate"]


@pytest.mark.parametrize("make", SPACES)
def test_arrays_and_single_rows_agree_on_what_is_active(make):
    space = make()
    X = np.random.default_rng(8).random((300, len(space)))

    on = space.active(X)

    for x, cells in zip(X, on, strict=True):
        assert list(space.raw(x)) == [n for n, c in zip(space.names, cells, strict=True) if c]


def test_a_stepped_float_can_be_a_parent():
    space = Space(rate=Float(0.1, 0.7, step=0.1), child=Int(2, 7, when={"rate": 0.1 + 0.2}))

    assert "child" in space.check({"rate": 0.3, "child": 4})
    assert "child" in space.decode(space.encode([{"rate": 0.1 * 3, "child": 4}]))[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Space(a=Int(2, 3, when={"kernal": 2}), kernel=Choice("x", "y")),
            r"a: when names the parent 'kernal'.*mean 'kernel'",
        ),
        (
            lambda: Space(a=Int(2, 3, when={"lr": 2.5}), lr=Float(2, 3)),
            r"'lr' is continuous.*a step",
        ),
        (
            lambda: Space(a=Int(2, 3, when={"k": "z"}), k=Choice("x", "y")),
            r"a: when\['k'\]: 'z' \(str\) is none of the options",
        ),
        (
            lambda: Space(a=Int(2, 3, when={"n": 9}), n=Int(4, 7)),
            r"a: when\['n'\]: 9 is outside the range 4 to 7",
        ),
        (
            lambda: Space(
                a=Int(2, 3, when={"b": 2}), b=Int(2, 3, when={"c": 2}), c=Int(2, 3, when={"a": 2})
            ),
            r"ring, a -> b -> c -> a",
        ),
        (lambda: Space(a=Int(2, 3, when={"a": 2})), r"ring, a -> a. *Remove one"),
        (lambda: Space([Float(2, 3)]), r"expected a dict from names to parameters"),
        (lambda: Space({3: Float(2, 3)}), r"name must be a string.*got 3"),
        (lambda: Space({"": Float(2, 3)}), r"must be a string that is not empty"),
        (lambda: Space(a=[2, 3]), r"a: got a list.*Write Choice\(\*options\)"),
        (lambda: Space(a=(2, 3)), r"a: got a tuple.*Write Int\(2, 3\) for a range, Choice"),
        (lambda: Space(a=(2, 0.5)), r"Write Float\(2, 0.5\) for a range"),
        (lambda: Space(a=(2, "b")), r"a: got a tuple.*Write Choice\(\*options\)"),
        (lambda: Space(a=Float), r"a: got the class Float itself"),
        (lambda: Space(a=relu), r"a: expected Float, Int, Choice or a constant, got relu"),
        (lambda: Space(forbid=Float(2, 3)), r"Space\(\{\"forbid\": ...\}\)"),
    ],
)
def test_a_space_that_makes_no_sense_is_explained(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_a_scipy_distribution_as_a_parameter_names_the_converter():
    from scipy.stats import loguniform

    with pytest.raises(SpaceError, match=r"a: got a SciPy distribution. Use Space.from_sklearn"):
        Space(a=loguniform(1e-3, 5))


# -- constants, fix -------------------------------------------------------------------------------


def test_plain_values_are_constants():
    space = Space(a=3, b=2.5, c="word", d=None, e=True, f=np.int64(7), x=Int(2, 4))

    params = space.decode(rows(space, 1))[0]

    assert {**params, "x": 0} == {
        "a": 3,
        "b": 2.5,
        "c": "word",
        "d": None,
        "e": True,
        "f": 7,
        "x": 0,
    }
    assert type(params["f"]) is int
    assert space.size == 3


def test_a_constant_need_not_be_given():
    space = Space(a=3, n=Int(2, 9), b=Float(4, 4))

    assert space.values(space.check({"n": 5})) == {"a": 3, "n": 5, "b": 4.0}


def test_fix_leaves_one_value():
    space = svm().fix(kernel="poly", C=2).fix({"degree": 3})

    for params in space.decode(rows(space)):
        assert (params["kernel"], params["C"], params["degree"]) == ("poly", 2.0, 3)


def test_fixing_a_parent_switches_its_children():
    space = svm()

    assert all(list(p) == ["C", "kernel"] for p in space.fix(kernel="linear").decode(rows(space)))
    assert space.fix(kernel="poly").check({"C": 2, "gamma": 0.5, "degree": 3})["degree"] == 3
    layered = Space(n=Int(2, 5), child=Int(3, 9, when={"n": [4, 5]}))
    assert layered.fix(n=2).decode(np.array([[0.9, 0.5]])) == [{"n": 2}]
    assert layered.fix(n=2).size == 1


def test_fix_keeps_the_ids_that_trials_were_logged_with():
    space = svm()
    raw = space.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 3})

    assert space.fix(kernel="poly").values(raw)["kernel"] == "poly"
    assert space.fix(kernel="poly").rows([raw])[0, 1] == 0.5
    assert space.fix(kernel="rbf").rows([raw])[0, 1] > 1


def test_fix_explains_what_does_not_fit():
    with pytest.raises(SpaceError, match=r"'kernle' is not in the space. Did you mean 'kernel'"):
        svm().fix(kernle="rbf")
    with pytest.raises(SpaceError, match="degree: 9 is outside the range 2 to 5"):
        svm().fix(degree=9)
    with pytest.raises(SpaceError, match="none of the options"):
        svm().fix({"kernel": "cubic"})


# -- arrays ---------------------------------------------------------------------------------------


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


def test_snap_moves_to_the_middle_of_cells_and_leaves_continuous_ones():
    space = Space(x=Float(-3, 9), n=Int(3, 7), k=Int(2, 30, log=True), a=Choice("x", "y"))
    X = np.random.default_rng(4).random((50, 4))

    snapped = space.snap(X)

    assert (snapped[:, 0] == X[:, 0]).all()
    assert space.decode(snapped) == space.decode(X)
    np.testing.assert_allclose(space.snap(snapped), snapped, atol=1e-12)
    assert len(np.unique(snapped[:, 1])) == 5


def test_fill_puts_nan_in_the_middle():
    assert svm().fill(np.array([[0.2, 0.1, np.nan, np.nan]])).tolist() == [[0.2, 0.1, 0.5, 0.5]]


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


def test_a_space_without_parameters_has_one_empty_point():
    space = Space()

    assert rows(space, 3).shape == (3, 0)
    assert space.decode(rows(space, 3)) == [{}, {}, {}]
    assert space.encode([{}, {}]).shape == (2, 0)
    assert space.repair(np.empty((2, 0))).shape == (2, 0)
    assert space.onehot(np.empty((2, 0))).shape == (2, 0)
    assert space.size == 1
    assert repr(space) == "Space()"


def test_no_rows_go_through_everything():
    space = mixed()
    X = np.empty((0, len(space)))

    assert space.decode(X) == space.decode([]) == []
    assert space.encode([]).shape == space.repair(X).shape == space.snap(X).shape == X.shape
    assert space.rows([]).shape == X.shape
    assert space.onehot(X).shape[0] == 0


# -- check, complete, default ---------------------------------------------------------------------


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


# -- growing --------------------------------------------------------------------------------------


def test_growing_keeps_every_earlier_trial():
    space = svm()
    raws = [space.raw(x) for x in rows(space)]

    grown = space.grow(
        C=Float(1e-4, 1e4, log=True),
        kernel=Choice("sigmoid", "poly", "rbf", "linear"),
        shrinking=Choice(True, False),
    )

    X = grown.rows(raws)
    assert np.isnan(X[:, -1]).all()
    assert ((X[:, :4] > 0) & (X[:, :4] < 1) | np.isnan(X[:, :4])).all()
    for raw, x in zip(raws, X, strict=True):
        assert grown.values(raw) == space.values(raw)
        assert grown.decode(x)[0] == pytest.approx(space.values(raw))


def test_a_narrower_range_keeps_trials_outside_the_cube():
    space = Space(lr=Float(1e-3, 5, log=True), n=Int(3, 90), r=Float(0.1, 0.9, step=0.1))
    raws = [
        space.check({"lr": 2e-3, "n": 80, "r": 0.9}),
        space.check({"lr": 0.5, "n": 7, "r": 0.4}),
    ]

    X = space.grow(lr=Float(0.1, 1), n=Int(5, 20), r=Float(0.3, 0.6, step=0.1)).rows(raws)

    assert X[0, 0] < 0
    assert (X[0, 1:] > 1).all()
    assert ((X[1] > 0) & (X[1] < 1)).all()


def test_a_removed_option_is_retired_and_gets_its_id_back():
    space = Space(a=Choice("x", "y", relu), n=Int(3, 9))
    old = space.check({"a": "y", "n": 4})

    without = space.grow(a=Choice("x", relu))
    again = without.grow(a=Choice(relu, "new", "y", "x"))

    assert without.rows([old])[0, 0] > 1
    assert without.values(old) == {"a": Label("y"), "n": 4}
    assert without.labels(old) == {"a": "y", "n": 4}
    assert again.values(old) == {"a": "y", "n": 4}
    assert again["a"].ids == (2, 3, 1, 0)
    assert again["a"].retired == ()


def test_reordered_options_keep_their_ids():
    space = Space(a=Choice("x", 1, 1.0, True, "1"))

    grown = space.grow(a=Choice("1", True, 1.0, 1, "x"))

    assert grown["a"].ids == (4, 3, 2, 1, 0)


def test_a_new_option_that_reads_like_an_old_one_is_still_new():
    space = Space(a=Choice("1", "x"))

    assert space.grow(a=Choice(1, "1", "x"))["a"].ids == (2, 0, 1)
    assert space.grow(a=Choice(1, "x"))["a"].ids == (2, 1)


def test_an_option_made_anew_is_known_by_its_label():
    space = Space(a=Choice(SVC(C=2), SVC(C=3)))

    assert space.grow(a=Choice(SVC(C=3), SVC(C=2), SVC(C=4)))["a"].ids == (1, 0, 2)


def test_conditions_outlive_the_options_and_values_they_name():
    space = svm().forbid({"kernel": "poly", "degree": 5})
    raw = space.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 3})

    grown = space.grow(kernel=Choice("linear", "rbf"))
    again = grown.grow(kernel=Choice("linear", "rbf", "poly"))

    assert np.isnan(rows(grown)[:, 3]).all()
    assert again.check(space.values(raw)) == raw
    with pytest.raises(SpaceError, match="forbidden"):
        again.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 5})
    narrow = Space(n=Int(2, 9), child=Int(3, 5, when={"n": [3, 8]})).grow(n=Int(2, 5))
    assert narrow.decode(np.array([[0.4, 0.5]])) == [{"n": 3, "child": 4}]


def test_a_typo_in_a_grown_condition_is_still_an_error():
    space = svm().grow(kernel=Choice("linear", "rbf"))

    with pytest.raises(SpaceError, match="none of the options"):
        space.grow(extra=Int(2, 5, when={"kernel": "poly"}))
    with pytest.raises(SpaceError, match="outside the range"):
        space.grow(extra=Int(2, 5, when={"degree": 9}))


def test_a_parameter_cannot_change_its_type():
    with pytest.raises(SpaceError, match=r"C: was Float.*is now Int.*Use another name"):
        svm().grow(C=Int(2, 9))
    with pytest.raises(SpaceError, match=r"cannot change its type"):
        svm().adopt(Space(kernel=Int(2, 9)))


def test_a_parent_cannot_become_continuous():
    space = Space(r=Float(0.1, 0.9, step=0.1), n=Int(3, 5), forbid=[{"r": 0.2, "n": 4}])

    with pytest.raises(SpaceError, match="'r' is continuous"):
        space.grow(r=Float(0.1, 0.9))


def test_adopting_a_later_script_keeps_ids_and_takes_its_rules():
    stored = Space(a=Choice("x", relu, "y"), n=Int(3, 9), gone=Choice("p", "q"))
    raw = stored.check({"a": "y", "n": 4, "gone": "q"})
    script = Space(n=Int(3, 20), a=Choice("y", "new", relu), forbid=[{"a": "new", "n": 4}])

    space = stored.adopt(script)

    assert space.names == ("n", "a")
    assert space["a"].ids == (2, 3, 1)
    assert space.values(raw) == {"a": "y", "n": 4, "gone": "q"}
    assert space.labels(raw)["gone"] == "q"
    with pytest.raises(SpaceError, match="forbidden"):
        space.check({"a": "new", "n": 4})
    assert space.adopt(Space(gone=Choice("q", "r")))["gone"].ids == (1, 2)


def test_changing_a_space_leaves_it_as_it_was():
    space = mixed()
    before, rows_before = space.to_json(), rows(space)

    space.forbid({"size": 9})
    space.grow(grade=Choice("mid"), size=Int(2, 90), extra=Int(3, 4))
    space.fix(size=9)
    space.adopt(Space(size=Int(9, 11)))

    assert space == mixed()
    assert space.to_json() == before
    assert same_rows(rows(space), rows_before)


def test_arrays_and_dicts_that_are_given_are_not_changed():
    space = mixed()
    X = np.random.default_rng(6).normal(0.5, 1, (20, len(space)))
    X[3:5] = np.nan
    params, raw = {"size": 9, "rate": 0.3}, {"size": 9}
    before = X.copy()

    for act in (
        space.decode,
        space.repair,
        space.snap,
        space.fill,
        space.onehot,
        space.active,
        space.allowed,
    ):
        act(X)
    space.encode([params])
    space.complete(raw, np.random.default_rng(1))

    assert same_rows(X, before)
    assert params == {"size": 9, "rate": 0.3}
    assert raw == {"size": 9}


# -- a mapping of names ---------------------------------------------------------------------------


def test_a_space_is_read_like_a_mapping():
    space = svm()

    assert len(space) == 4
    assert list(space) == list(space.names) == ["C", "kernel", "gamma", "degree"]
    assert "C" in space
    assert "c" not in space
    assert space["degree"] == Int(2, 5, when={"kernel": "poly"})
    assert dict(space.items())["C"] == Float(1e-3, 1e3, log=True)
    with pytest.raises(SpaceError, match=r"no parameter 'gama'. Did you mean 'gamma'"):
        space["gama"]


def test_equal_spaces_are_equal_and_hash_alike():
    assert mixed() == mixed()
    assert hash(mixed()) == hash(mixed())
    assert mixed() != svm()
    assert svm() != svm().forbid({"degree": 4})
    assert svm() != 3
    child = Int(2, 5, when={"a": 1})
    other = Int(2, 5, when={"a": True})
    assert Space(a=Choice(1, True), b=child) != Space(a=Choice(1, True), b=other)


def test_a_space_survives_pickling():
    space = svm().forbid({"kernel": "poly", "degree": 5})

    again = pickle.loads(pickle.dumps(space))

    assert again == space
    assert same_rows(rows(again), rows(space))


def test_names_that_are_no_identifiers_go_into_a_dict():
    space = Space({"svc__C": Float(2, 9), "a b": Int(3, 4)}, lr=Float(3, 5))

    assert space.names == ("svc__C", "a b", "lr")
    assert eval(repr(space)) == space


def test_repr_is_what_one_would_type_and_shows_what_is_forbidden():
    assert eval(repr(svm())) == svm()
    text = repr(svm().forbid({"kernel": "poly", "degree": [4, 5]}, odd=lambda p: False))
    assert "# forbidden: {'kernel': 'poly', 'degree': 4 or 5}; odd" in text


def test_without_leaves_out_parameters_and_what_is_forbidden_with_them():
    space = Space({"a": Choice("x", "y"), "b": Choice("x", "y"), "c": Choice("x", "y")})
    space = space.forbid({"a": "x", "b": "y"}, {"b": "x", "c": "x"})

    left = space.without("a")

    assert list(left) == ["b", "c"]
    assert left.size == 3
    with pytest.raises(SpaceError, match="d"):
        space.without("d")
