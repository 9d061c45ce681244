"""Conditions that trials show: which there are, how sure they are, and that they are refuted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier import Choice, Float, Int, Space
from luthier.switches import Switches


def shown(space, *params):
    made = Switches(space)
    made.add(space.rows([space.check(p, partial=True) for p in params]))
    return {name: p.when for name, p in made.applied().items() if p.when}


OPTIMIZER = Space(optimizer=Choice("adam", "sgd"), rate=Float(2, 9), momentum=Float(0.1, 0.7))
ADAM, SGD = {"optimizer": "adam", "rate": 3}, {"optimizer": "sgd", "rate": 3, "momentum": 0.2}


def test_what_one_option_asks_for_depends_on_it():
    assert shown(OPTIMIZER, ADAM, SGD, ADAM, SGD) == {"momentum": {"optimizer": ("sgd",)}}


def test_a_few_trials_that_agree_by_chance_show_nothing():
    assert shown(OPTIMIZER, ADAM, SGD, SGD) == {}


def test_one_trial_that_disagrees_refutes_a_condition():
    trials = [ADAM, SGD] * 20

    assert shown(OPTIMIZER, *trials)
    assert shown(OPTIMIZER, *trials, {**ADAM, "momentum": 0.3}) == {}
    assert shown(OPTIMIZER, *trials, {"optimizer": "sgd", "rate": 4}) == {}


def test_what_is_always_or_never_asked_for_has_no_condition():
    assert shown(OPTIMIZER, *[SGD] * 9) == {}
    assert shown(OPTIMIZER, *[ADAM] * 9) == {}


def test_the_order_of_columns_does_not_matter():
    space = Space(momentum=Float(0.1, 0.7), optimizer=Choice("adam", "sgd"))
    trials = [{"optimizer": "adam"}, {"optimizer": "sgd", "momentum": 0.2}] * 9

    assert shown(space, *trials) == {"momentum": {"optimizer": ("sgd",)}}


def test_two_that_are_always_asked_for_together_do_not_depend_on_each_other():
    space = Space(a=Choice(1, 2), b=Choice(1, 2), optimizer=Choice("adam", "sgd"))
    trials = [{"optimizer": "adam"}, {"optimizer": "sgd", "a": 1, "b": 2}] * 9

    assert shown(space, *trials) == {"a": {"optimizer": ("sgd",)}, "b": {"optimizer": ("sgd",)}}


def test_of_two_causes_the_one_counts_that_fits_less_likely_by_chance():
    space = Space(seed=Int(1, 8), kind=Choice("a", "b"), more=Int(3, 5))
    trials = [
        {"seed": i, "kind": "ab"[i % 2], **({"more": 4} if i % 2 else {})} for i in range(1, 9)
    ]

    assert shown(space, *trials, *trials[:2]) == {"more": {"kind": ("b",)}}


@pytest.mark.parametrize(
    ("layers", "on"), [((1, 2, 3, 6), (3, 4, 5, 6, 7)), ((1, 3, 6, 7), (2, 3, 4, 5, 6, 7))]
)
def test_a_number_that_nobody_had_does_as_its_neighbours_do(layers, on):
    space = Space(layers=Int(1, 7), third=Float(3, 9))
    trials = [{"layers": n, **({"third": 4.0} if n > 2 else {})} for n in layers * 4]

    assert shown(space, *trials) == {"third": {"layers": on}}


def test_an_option_that_nobody_had_may_ask_for_anything():
    space = Space(kind=Choice("a", "b", "c"), more=Int(3, 5))
    trials = [{"kind": "a"}, {"kind": "b", "more": 4}] * 4

    assert shown(space, *trials) == {"more": {"kind": ("b", "c")}}


def test_conditions_below_conditions():
    space = Space(model=Choice("tree", "svm"), kernel=Choice("linear", "rbf"), gamma=Float(2, 5))
    tree, linear = {"model": "tree"}, {"model": "svm", "kernel": "linear"}
    trials = [tree, linear, {**linear, "kernel": "rbf", "gamma": 3.0}] * 6

    assert shown(space, *trials) == {"kernel": {"model": ("svm",)}, "gamma": {"kernel": ("rbf",)}}


def test_values_that_a_range_has_no_more_are_left_out():
    space = Space(n=Int(2, 3), more=Float(0, 1))
    made = Switches(space)
    made.add(np.array([[0.25, np.nan], [0.75, 0.5], [-3.0, 0.5], [1.7, np.nan]] * 3))

    assert made.conditions() == {"more": ("n", (1,))}


SVM, RBF = {"model": "svm"}, {"kernel": ["rbf", "poly"]}
DECLARED = [
    Space(a=Float(1, 2), b=Choice("u", "v")),
    Space(
        model=Choice("svm", "forest", "none"),
        kernel=Choice("linear", "rbf", "poly", when=SVM),
        gamma=Float(1e-5, 10, log=True, when=RBF),
        degree=Int(2, 5, when={"kernel": "poly"}),
        depth=Int(1, 20, log=True, when={"model": "forest"}),
    ),
    Space(
        layers=Int(1, 4),
        **{f"units_{i}": Int(8, 512, log=True, when={"layers": range(i, 5)}) for i in (2, 3, 4)},
    ),
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DECLARED), st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 30))
def test_trials_agree_with_what_they_have_shown_however_they_are_added(space, seed, first, rest):
    """The declared conditions are forgotten, and found as far as trials tell."""
    X = space.sample(first + rest, np.random.default_rng(seed))
    plain = Space({name: unconditional(p) for name, p in space.items()})
    at_once, bit_by_bit = Switches(plain), Switches(plain)
    at_once.add(X)
    bit_by_bit.add(X[:first])
    for x in X[first:]:
        bit_by_bit.add(x[None])

    assert at_once.conditions() == bit_by_bit.conditions()
    learned = at_once.applied()
    off = ~learned.active(X) if len(X) else np.zeros(X.shape, dtype=bool)
    assert np.isnan(X[off]).all()
    if first + rest > 40:
        assert {name for name, p in learned.items() if p.when} <= {
            name for name, p in space.items() if p.when
        }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("trials", [200, 20_000])
@pytest.mark.parametrize("space", DECLARED)
def test_enough_trials_show_all_that_was_declared(space, trials):
    plain = Space({name: unconditional(p) for name, p in space.items()})
    made = Switches(plain)
    made.add(space.sample(trials, np.random.default_rng(3)))

    assert made.applied() == space


def unconditional(p):
    if isinstance(p, Choice):
        return Choice(*p.options, ordered=p.ordered)
    return type(p)(p.low, p.high, log=p.log, step=p.step)
