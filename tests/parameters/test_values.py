"""Values: which JSON can hold, which are the same, and how they read in a message."""

import math

import numpy as np

from luthier.parameters import Int, is_plain, same, short


class Mute:
    def __repr__(self):
        return f"<Mute at 0x{id(self):x}>"


def activation(x):
    return x


def test_a_condition_takes_a_value_or_several_in_any_collection():
    for accepted in ([2, 3], (2, 3), {2, 3}, frozenset({3, 2}), range(2, 4)):
        assert Int(5, 9, when={"n": accepted}).when == {"n": (2, 3)}
    assert Int(5, 9, when={"n": 2}).when == {"n": (2,)}
    assert Int(5, 9, when={"n": [[2, 3]]}).when == {"n": ([2, 3],)}
    assert Int(5, 9, when={}).when is None


def test_plain_is_what_json_gives_back_unchanged():
    for value in (None, True, 3, 2.5, "a", [1, [2.5]], {"a": [None]}):
        assert is_plain(value)
    for value in (math.nan, math.inf, (1,), {1: 2}, {"label": "x"}, [(1,)], len, np.float64(3)):
        assert not is_plain(value)


def test_same_asks_for_the_type_all_the_way_down():
    assert same([1, {"a": (2, "b")}], [1, {"a": (2, "b")}])
    assert not same([1, {"a": (2, "b")}], [1, {"a": (2.0, "b")}])
    assert not same([1], [1, 2])
    assert not same({"a": 1}, {"b": 1})


def test_short_is_equal_in_every_process():
    assert short({"b", "a", "c"}) == "{'a', 'b', 'c'}"
    assert short(Mute()) == "Mute"
    assert short(activation) == "activation"
    assert short("a\nb") == r"'a\nb'"
