"""Spaces with every kind of parameter, for the tests of this folder."""

import numpy as np

from luthier.parameters import Choice, Float, Int
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


def written_in_python():
    return Space(
        C=Float(1e-3, 1e3, log=True),
        kernel=Choice("linear", "rbf", "poly", default="rbf"),
        degree=Int(2, 5, when={"kernel": "poly"}),
        gamma=Float(1e-4, 10, log=True, default=0.5, when={"kernel": ["rbf", "poly"]}),
        batch=Int(16, 256, step=16),
        grade=Choice(1, 2.5, True, [3, 4], ordered=True),
        cache_size=500,
        forbid=[{"kernel": "poly", "degree": [4, 5]}],
    )


PLAIN = [
    written_in_python,
    Space,
    lambda: Space({"float": Int(2, 3), "parameters": Choice("a", "b"), "forbid": Float(2, 3)}),
    lambda: Space(a=Choice({"depth": [3]}, None, [], "", "label"), b=Int(3, 4)),
    lambda: Space(a=Choice("x", "y", default="y"), n=Int(3, 9, when={"a": ["y"]})),
    lambda: Space(n=Int(3, 9), child=Int(2, 4, when={"n": [4, 8]})).fix(n=3),
    lambda: Space(n=Int(3, 9), m=Int(2, 4), forbid=[{"n": 9, "m": 2}]).grow(n=Int(3, 5)),
    lambda: (
        Space(a=Choice("x", "y", "z"), child=Int(2, 4, when={"a": "y"}))
        .forbid({"a": "y", "child": 3})
        .grow(a=Choice("z", "w", "x"))
    ),
    lambda: Space(a=Choice("x", "y"), gone=Choice("p", "q")).adopt(Space(a=Choice("y", "x"))),
    lambda: Space.from_sklearn({"layers": [[30, 40]]}),
    lambda: Space(a=Choice(1, True), child=Int(2, 5, when={"a": True}), forbid=[{"a": 1}]),
]


def rows(space, k=40, seed=3):
    return space.sample(k, np.random.default_rng(seed))


def same_rows(A, B):
    return np.array_equal(A, B, equal_nan=True)
