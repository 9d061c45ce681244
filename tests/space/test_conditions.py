"""Conditions: what switches a parameter on, for one row and for many."""

import itertools

import numpy as np
import pytest
from spaces import SPACES, mixed

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space


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
    ],
)
def test_a_condition_that_makes_no_sense_is_explained(make, message):
    with pytest.raises(SpaceError, match=message):
        make()
