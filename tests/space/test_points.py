"""The size of finite spaces, and walking through every point."""

import math

import pytest
from spaces import rows, svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space

FINITE = [
    lambda: Space(a=Choice("x", "y"), n=Int(3, 7), r=Float(0.1, 0.5, step=0.1)),
    lambda: Space(
        n=Int(3, 7, when={"a": "x"}),
        a=Choice("x", "y", None),
        m=Int(2, 20, step=5, when={"n": [4, 5]}),
        z=Choice(1, True, when={"a": ["y", None]}),
        free=Int(11, 14),
    ),
    lambda: Space(
        a=Int(2, 5),
        b=Int(3, 6),
        c=Int(4, 7, when={"b": [3, 5]}),
        d=Int(8, 9),
        forbid=[{"a": 2, "b": [3, 4]}, {"c": 4, "d": 9}],
    ),
    lambda: Space(a=Int(2, 5), b=Int(3, 6), c=Int(4, 9)).forbid(sums=lambda p: p["a"] + p["b"] > 8),
    lambda: Space(a=3, b=Int(2, 2)),
    lambda: Space(),
]


@pytest.mark.parametrize("make", FINITE)
def test_the_size_is_how_many_points_there_are(make):
    space = make()

    points = [space.key(raw) for raw in space.points()]

    assert len(set(points)) == len(points) == space.size
    assert all(space.check(space.values(raw)) == raw for raw in space.points())


@pytest.mark.parametrize("make", FINITE)
def test_points_are_what_can_be_drawn(make):
    space = make()
    drawn = {space.key(space.raw(x)) for x in rows(space, 3000)}

    assert drawn == {space.key(raw) for raw in space.points()}


def test_the_size_of_large_products_is_known_at_once():
    assert Space({f"n{i}": Int(3, 12) for i in range(40)}).size == 10**40
    many = {f"p{i}": Choice("x", "y") for i in range(30)}
    many |= {f"c{i}": Int(3, 7, when={f"p{i}": "x"}) for i in range(30)}
    assert Space(many).size == 6**30
    assert Space(many, forbid=[{"p1": "x", "c1": 3}, {"p2": "y", "c3": [3, 4]}]).size == (
        6**27 * 5 * (5 * 6 + 1 * 4)
    )


def test_the_size_is_infinite_where_a_parameter_is_continuous_or_there_is_too_much_to_count():
    assert svm().size == math.inf
    assert Space({f"n{i}": Int(3, 12) for i in range(9)}).forbid(no=lambda p: True).size == math.inf
    assert Space(n=Int(3, 10**9), m=Int(2, 3), forbid=[{"n": 5, "m": 2}]).size == math.inf


def test_points_of_a_continuous_space_have_no_end():
    with pytest.raises(SpaceError, match=r"points: 'C' is continuous.*step"):
        list(svm().points())


def test_the_last_name_varies_fastest():
    space = Space(a=Int(2, 3), b=Choice("x", "y"))

    assert [space.values(raw) for raw in space.points()] == [
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
        {"a": 3, "b": "x"},
        {"a": 3, "b": "y"},
    ]


def test_walk_goes_through_the_given_raw_values_only():
    space = svm()

    got = [
        space.values(raw)
        for raw in space.walk(
            {"C": [0.5, 20.0], "kernel": [0, 2], "gamma": [0.1], "degree": [3, 4]}
        )
    ]

    assert got == [
        {"C": C, "kernel": "linear"}
        if degree is None
        else {"C": C, "kernel": "poly", "gamma": 0.1, "degree": degree}
        for C in (0.5, 20.0)
        for degree in (None, 3, 4)
    ]
