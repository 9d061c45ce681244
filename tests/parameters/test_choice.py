"""Choice: options of any kind, their labels, ids and units."""

import copy
import functools
import math
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from luthier.errors import SpaceError
from luthier.parameters import MISSING, Choice, Label


def test_a_choice_survives_pickling_and_copying():
    p = Choice("a", None, [2, 3], default=None)

    assert pickle.loads(pickle.dumps(p)) == copy.deepcopy(p) == p
    assert pickle.loads(pickle.dumps(p)).from_unit(0.37) == p.from_unit(0.37)


@dataclass
class Config:
    depth: int


class Mute:
    def __repr__(self):
        return f"<Mute at 0x{id(self):x}>"


def activation(x):
    return x


OPTIONS = [
    1,
    1.0,
    True,
    None,
    "1",
    "",
    activation,
    lambda x: x,
    lambda x: -x,
    functools.partial(activation, 3),
    LogisticRegression(C=0.5),
    LogisticRegression(C=0.5),
    [1, 2],
    [1.0, 2],
    (1, 2),
    {"depth": 3},
    {"label": "x"},
    {3, 4},
    np.array([1.5, 2.5]),
    np.array([[3, 4], [5, 6]]),
    Config(3),
    Mute(),
    Mute(),
    math.nan,
    float,
    b"bytes",
]


def test_every_option_comes_back_as_the_very_object():
    p = Choice(*OPTIONS)

    for place, option in enumerate(OPTIONS):
        raw = p.raw(option, "p")
        assert raw == place
        assert p.value(p.from_unit(p.to_unit(raw))) is option
        assert p.value(p.from_unit((place + 0.5) / len(OPTIONS))) is option
        assert p.cell_of(raw) == place


def test_numpy_scalars_become_python_options_and_are_found():
    p = Choice(*np.arange(3, 6), np.float64(2.5), np.True_, np.str_("word"))

    assert [type(x) for x in p.options] == [int] * 3 + [float, bool, str]
    assert p.find(np.int64(4)) == 1
    assert p.find(4) == 1
    assert p.find(np.float64(2.5)) == 3
    assert p.find(np.str_("word")) == 5
    assert p.find(4.0) is None


def test_an_equal_copy_of_an_option_is_found():
    p = Choice([1, 2], np.array([3, 4]), Config(3), (5, [6]))

    assert p.find([1, 2]) == 0
    assert p.find(np.array([3, 4])) == 1
    assert p.find(np.array([3.0, 4.0])) is None
    assert p.find(Config(3)) == 2
    assert p.find((5, [6])) == 3
    assert p.find((5, [6.0])) is None
    assert p.find(Config(4)) is None


def test_labels_differ_and_hold_no_address():
    labels = Choice(*OPTIONS).labels

    assert len(set(labels)) == len(OPTIONS)
    assert not any("0x" in label for label in labels)
    assert {type(label) for label in labels} == {str}


def test_an_option_keeps_its_label_when_others_are_added_after_it():
    assert Choice(*OPTIONS[:9]).labels == Choice(*OPTIONS).labels[:9]


def test_a_long_option_gets_a_short_label():
    label = Choice(list(range(100, 200)), "b").labels[0]

    assert len(label) == 60
    assert label.endswith("...")


def test_options_split_the_unit_evenly_and_clip():
    p = Choice("a", "b", "c")

    assert [p.from_unit(u) for u in (-1.0, 0.0, 0.3, 0.4, 0.67, 1.0, 2.5)] == [0, 0, 0, 1, 2, 2, 2]
    assert p.cell(np.array([-1.0, 0.3, 0.4, 1.0, 2.5])).tolist() == [0, 0, 1, 2, 2]
    assert p.centre(np.array([0, 2])).tolist() == pytest.approx([1 / 6, 5 / 6])
    assert list(p.levels()) == [0, 1, 2]


@given(cells=st.integers(1, 300), data=st.data())
def test_any_number_of_options_comes_back_from_units(cells, data):
    p = Choice(*range(7, 7 + cells))
    place = data.draw(st.integers(0, cells - 1))
    almost_one = math.nextafter(1.0, 0.0)

    assert p.from_unit(p.to_unit(place)) == place
    assert p.from_unit(almost_one) == cells - 1
    assert p.cell(p.centre(np.array([place])))[0] == place


def test_an_option_that_was_taken_away_lies_above_the_cube_and_shows_its_label():
    p = Choice("a", "c", _ids=(0, 2), _retired=((1, "b"), (3, "d")))

    assert p.to_unit(1) == pytest.approx(2.5 / 2)
    assert p.to_unit(3) == pytest.approx(3.5 / 2)
    assert p.to_unit(99) > 1
    assert p.value(1) == Label("b")
    assert p.label(3) == "d"
    assert p.cell_of(1) is None
    assert p.loose("b", "p") == 1
    assert p.loose(Label("d"), "p") == 3
    with pytest.raises(SpaceError, match="none of the options 'a', 'c'"):
        p.raw("b", "p")


def test_a_label_finds_the_option_it_stands_for():
    p = Choice(activation, None)

    assert p.find(Label("activation")) == 0
    assert p.find(Label("tanh")) is None
    assert repr(Label("tanh")) == "<tanh>"


def test_a_default_may_be_none_or_absent():
    assert Choice("a", None, default=None).default is None
    assert Choice("a", None).default is MISSING
    assert repr(MISSING) == "<no default>"
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
