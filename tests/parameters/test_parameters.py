"""What all parameters share: equality, repr, and what they say of settings and values."""

import math

import numpy as np
import pytest

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int


def test_parameters_with_the_same_settings_are_equal_and_hash_alike():
    for make in (
        lambda: Float(2, 7, log=True, default=3, when={"a": [1, 2]}),
        lambda: Int(2, 7, step=2, when={"a": 1}),
        lambda: Choice("a", 3, default=3, when={"b": "x"}),
    ):
        assert make() == make()
        assert hash(make()) == hash(make())
    assert Float(2, 7) != Float(2, 7, log=True)
    assert Choice(1) != Choice(True)
    assert Choice("a", "b") != Choice("a", "b", ordered=True)
    assert Choice("a") != "a"


def test_repr_is_what_one_would_type():
    for text in (
        "Float(0.001, 1000.0, log=True)",
        "Float(0.1, 0.9, step=0.2, default=0.3)",
        "Int(2, 9, step=3, when={'a': [1, 2]})",
        "Int(2, 9)",
        "Choice('a', None, 2.5, ordered=True, default=None)",
        "Choice('a', when={'b': ['x']})",
    ):
        assert repr(eval(text)) == text


def test_parameters_are_frozen():
    for p in (Float(2, 3), Int(2, 3), Choice("a", "b")):
        with pytest.raises(AttributeError):
            p.when = {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(7, 3), r"low must not be above high.*low=7.0, high=3.0.*Swap"),
        (lambda: Int(7, 3), r"low must not be above high"),
        (lambda: Float(0, 3, log=True), r"log=True needs low > 0, got low=0.*1e-6"),
        (lambda: Int(-2, 3, log=True), r"log=True needs low > 0"),
        (lambda: Float(math.nan, 3), r"low must be finite, got nan"),
        (lambda: Float(2, math.inf), r"high must be finite, got inf"),
        (lambda: Int(2, math.inf), r"high must be finite, got inf"),
        (lambda: Float(2, 10**400), r"high must be finite"),
        (lambda: Float(-1.5e308, 1.5e308), r"too large for a float"),
        (lambda: Float(True, 3), r"low must be a number, got True"),
        (lambda: Int(2, np.True_), r"high must be a number"),
        (lambda: Float("1e-3", 3), r"low must be a number, got '1e-3'"),
        (lambda: Float(2, None), r"high must be a number, got None"),
        (lambda: Float(2 + 1j, 3), r"low must be a number"),
        (lambda: Float(2, np.complex128(3)), r"high must be a number"),
        (lambda: Int(2, 3.5), r"high must be a whole number, got 3.5. Use Float"),
        (lambda: Int(2, 9, step=0.5), r"step must be a whole number"),
        (lambda: Int(2, 9, step=0), r"step must be > 0, got 0"),
        (lambda: Float(2, 9, step=-0.5), r"step must be > 0, got -0.5"),
        (lambda: Int(3, 2**41), r"2\*\*40 steps.*Raise step"),
        (lambda: Float(3, 4, step=1e-13), r"2\*\*40 steps.*without step"),
        (lambda: Float(2, 9, default=11), r"default: 11 is outside the range 2.0 to 9.0"),
        (lambda: Int(2, 9, default=True), r"default: the value must be a number"),
        (lambda: Int(2, 9, step=2, default=5), r"default: 5 is not on the grid 2, 2 \+ 2"),
        (lambda: Float(2, 9, when="kernel"), r"when must map a parent's name.*got 'kernel'"),
        (lambda: Float(2, 9, when={"a": []}), r"when\['a'\] is empty"),
        (lambda: Choice(), r"needs at least one option"),
        (lambda: Choice(["a", "b"]), r"only option is a list.*Choice\(\*options\)"),
        (lambda: Choice({"a", "b"}), r"only option is a set"),
        (lambda: Choice(range(2, 5)), r"only option is a range"),
        (lambda: Choice("a", "b", "a"), r"options 0 and 2 are the same, 'a'. Drop one"),
        (lambda: Choice([2], (2,), [2]), r"options 0 and 2 are the same"),
        (lambda: Choice(None, None), r"are the same, None"),
        (lambda: Choice(len, max, len), r"are the same, len"),
        (lambda: Choice("a", "b", default="c"), r"default: 'c' \(str\) is none of the options"),
        (lambda: Choice("a", when=["b"]), r"when must map"),
    ],
)
def test_a_setting_that_makes_no_sense_is_explained(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


@pytest.mark.parametrize(
    ("p", "value", "message"),
    [
        (Float(2, 9), 11, r"lr: 11 is outside the range 2.0 to 9.0. Give a value inside"),
        (Float(2, 9), "3", r"lr: the value must be a number, got '3'"),
        (Float(2, 9), math.nan, r"must be finite, got nan"),
        (Float(2, 9), True, r"must be a number, got True"),
        (Float(2, 9, step=0.5), 2.3, r"lr: 2.3 is not on the grid 2.0, 2.0 \+ 0.5"),
        (Int(2, 9), 3.5, r"must be a whole number, got 3.5"),
        (Int(2, 9), 10, r"10 is outside the range 2 to 9"),
        (Choice("rbf", "poly"), "rfb", r"'rfb' \(str\) is none of the options.*mean 'rbf'"),
        (Choice(2, 3), 2.0, r"2.0 \(float\) is none of the options 2, 3. Give one"),
        (Choice(2, 3), [2], r"\[2\] \(list\) is none"),
    ],
)
def test_a_value_that_does_not_fit_is_explained(p, value, message):
    with pytest.raises(SpaceError, match=message):
        p.raw(value, "lr")
