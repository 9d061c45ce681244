"""Forbidden combinations: clauses and rules, what they leave out and what they refuse."""

import itertools
import math

import numpy as np
import pytest
from spaces import rows, svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Int
from luthier.space import Space


def test_forbidden_combinations_are_never_drawn_decoded_or_walked():
    space = Space(
        a=Choice("x", "y", None), n=Int(3, 7), m=Int(2, 4), forbid=[{"a": ["x", None], "n": [3, 4]}]
    ).forbid(small=lambda p: p["n"] * p["m"] < 8)

    def bad(p):
        return (p["a"] in ("x", None) and p["n"] in (3, 4)) or p["n"] * p["m"] < 8

    assert not any(map(bad, space.decode(rows(space, 300))))
    assert not any(map(bad, space.decode(space.repair(np.random.default_rng(1).random((99, 3))))))
    points = [space.values(raw) for raw in space.points()]
    assert not any(map(bad, points))
    whole = itertools.product(("x", "y", None), range(3, 8), range(2, 5))
    assert len(points) == sum(not bad(dict(zip("anm", values, strict=True))) for values in whole)


def test_a_draw_is_uniform_over_what_is_allowed():
    space, draws = Space(a=Choice("x", "y"), n=Int(3, 5), forbid=[{"a": "x", "n": [3, 4]}]), 8000

    got = space.decode(rows(space, draws))

    share, expected = sum(p == {"a": "x", "n": 5} for p in got) / draws, 1 / 4
    assert abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / draws)


def test_rare_allowed_points_are_found():
    space = Space(n=Int(1, 1000), m=Int(2, 9)).forbid(rare=lambda p: p["n"] != 7)

    assert {p["n"] for p in space.decode(rows(space, 20))} == {7}


def test_nothing_allowed_is_said_instead_of_searched_for_ever():
    space = Space(n=Int(3, 9), a=Choice("x", "y")).forbid({"n": range(3, 9)}, {"n": [9]})

    with pytest.raises(SpaceError, match=r"no allowed point was found.*'n': 9.*Loosen"):
        rows(space, 2)
    assert space.size == 0
    assert list(space.points()) == []
    with pytest.raises(SpaceError, match=r"no allowed configuration with \{'n': 5\}"):
        space.complete({"n": 5}, np.random.default_rng(2))


def test_a_rule_on_an_inactive_parameter_forbids_nothing():
    space = svm().forbid(steep=lambda p: p["degree"] > 3)

    kernels = {p["kernel"]: p.get("degree", 0) for p in space.decode(rows(space, 200))}

    assert set(kernels) == {"linear", "rbf", "poly"}
    assert max(p.get("degree", 0) for p in space.decode(rows(space, 200))) == 3


def test_a_clause_on_an_inactive_parameter_forbids_nothing():
    space = svm().forbid({"degree": [2, 3, 4, 5]})

    assert {p["kernel"] for p in space.decode(rows(space, 100))} == {"linear", "rbf"}


def test_a_rule_with_the_name_of_an_earlier_one_takes_its_place():
    space = Space(n=Int(3, 9)).forbid(cap=lambda p: p["n"] > 4).forbid(cap=lambda p: p["n"] > 6)

    assert space.size == 4


def test_a_tuple_option_can_be_forbidden():
    space = Space(layers=Choice((50,), (50, 50)), n=Int(3, 5)).forbid({"layers": [(50,)], "n": 4})

    assert space.size == 5
    assert Space(space._parameters).adopt(space).size == 5


def test_a_rule_must_not_change_what_it_is_shown():
    def greedy(params):
        params.clear()
        return False

    space = Space(n=Int(3, 9)).forbid(greedy)

    assert space.check({"n": 4}) == {"n": 4}


@pytest.mark.parametrize(
    ("forbid", "message"),
    [
        (lambda s: s.forbid({}), r"expected a dict of values or a function"),
        (lambda s: s.forbid("kernel"), r"expected a dict of values or a function.*got 'kernel'"),
        (lambda s: s.forbid(kernel="poly"), r"Write for example forbid\(\{"),
        (
            lambda s: s.forbid({"kernle": "poly"}),
            r"'kernle' is not in the space. Did you mean 'kernel'",
        ),
        (lambda s: s.forbid({"kernel": "cubic"}), r"forbid\['kernel'\]: 'cubic' \(str\) is none"),
        (lambda s: s.forbid({"degree": 9}), r"forbid\['degree'\]: 9 is outside the range"),
        (lambda s: s.forbid({"degree": []}), r"forbid\['degree'\]: there is no value"),
        (lambda s: s.forbid({"C": 2.5}), r"forbid: 'C' is continuous.*forbid by a function"),
        (
            lambda s: s.forbid(odd=lambda p: p["degre"] > 3),
            r"forbid 'odd': the rule asks for 'degre'.*mean 'degree'",
        ),
        (
            lambda s: s.forbid(odd=lambda p: p["C"] > "a"),
            r"forbid 'odd': the rule raised TypeError.*must return True or False",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_explained_at_once(forbid, message):
    with pytest.raises(SpaceError, match=message):
        forbid(svm())


def test_two_rules_of_one_name_are_refused():
    def rule(p):
        return False

    with pytest.raises(SpaceError, match=r"two rules are named 'rule'.*first="):
        Space(n=Int(3, 9), forbid=[rule, rule])
