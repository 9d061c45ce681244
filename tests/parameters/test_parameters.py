"""Float, Int, Choice: settings, errors, and the maps between value, raw value and unit."""

import copy
import functools
import math
import pickle
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from luthier.errors import SpaceError
from luthier.parameters import MISSING, Choice, Float, Int, Label, is_plain, same, short

STEPPED = [
    Int(3, 11),
    Int(-7, 20, step=4),
    Int(2, 900, log=True),
    Int(5, 64, step=7, log=True),
    Int(1, 2**40, log=True),
    Int(-(2**39), 2**39),
    Int(4, 4),
    Float(0.1, 0.9, step=0.1),
    Float(-2.5, 3.1, step=0.7),
    Float(0.003, 0.5, step=0.002, log=True),
    Float(2.0, 3.0, step=10.0),
]
CONTINUOUS = [
    Float(-3, 9),
    Float(1e-7, 30, log=True),
    Float(1e-320, 2, log=True),
    Float(-8e307, 8e307),
    Float(5.5, 5.5),
    Float(1.0, math.nextafter(1.0, 2.0), log=True),
    Float(1e300, math.nextafter(1e300, math.inf), log=True),
]
NUMBERS = STEPPED + CONTINUOUS


@st.composite
def floats(draw):
    log = draw(st.booleans())
    low = draw(st.floats(1e-9, 1e6) if log else st.floats(-1e6, 1e6))
    return Float(low, low + draw(st.floats(1e-6, 1e6)), log=log)


@st.composite
def ints(draw):
    log = draw(st.booleans())
    low = draw(st.integers(1, 10**6) if log else st.integers(-(10**6), 10**6))
    return Int(low, low + draw(st.integers(0, 10**6)), log=log, step=draw(st.integers(1, 1000)))


@st.composite
def stepped_floats(draw):
    log = draw(st.booleans())
    digits = draw(st.integers(0, 4))
    low = draw(st.integers(1 if log else -10000, 10000)) / 10**digits
    step = draw(st.integers(1, 5000)) / 10**digits
    return Float(low, low + draw(st.floats(0, 1000)) * step, step=step, log=log)


# -- laws -----------------------------------------------------------------------------------------


@given(p=ints() | stepped_floats(), data=st.data())
def test_from_unit_undoes_to_unit_for_every_value_that_has_a_cell(p, data):
    cell = data.draw(st.integers(0, int(p.cells) - 1))

    raw = p._at(cell)

    assert p.from_unit(p.to_unit(raw)) == raw
    assert p.cell_of(raw) == cell
    assert p.low <= raw <= p.high


@given(p=ints() | stepped_floats(), u=st.floats(0, 1))
def test_units_snap_to_the_middle_of_their_cell_and_stay_there(p, u):
    raw = p.from_unit(u)
    middle = float(p.centre(p.cell(np.array([u])))[0])

    assert p.to_unit(raw) == pytest.approx(middle, abs=1e-9)
    assert p.centre(p.cell(np.array([middle])))[0] == pytest.approx(middle, abs=1e-12)
    assert p.from_unit(middle) == raw


@given(p=floats(), data=st.data())
def test_a_continuous_value_comes_back_from_its_unit_up_to_rounding(p, data):
    raw = data.draw(st.floats(p.low, p.high))

    u = p.to_unit(raw)

    assert 0 <= u <= 1
    size = max(abs(p.low), abs(p.high))
    rounding = 1e-11 * raw if p.log else 1e-15 * size  # exp turns 1e-15 of a log of 20 into 2e-14
    assert p.from_unit(u) == pytest.approx(raw, rel=0, abs=4 * rounding)


@given(p=floats() | ints() | stepped_floats(), u=st.floats(-3, 3))
def test_units_outside_the_cube_are_brought_in_first(p, u):
    inside = min(max(u, 0.0), 1.0)

    assert p.from_unit(u) == p.from_unit(inside)
    assert p.low <= p.from_unit(u) <= p.high


@given(p=floats() | ints() | stepped_floats(), one=st.floats(0, 1), other=st.floats(0, 1))
def test_larger_units_are_never_smaller_values(p, one, other):
    assume(one < other)

    assert p.from_unit(one) <= p.from_unit(other)


@given(p=floats() | ints() | stepped_floats(), far=st.floats(1e-3, 1e9))
def test_values_outside_the_range_have_units_outside_the_cube_and_finite(p, far):
    far += p.step or 0  # a number between two steps lies inside a cell

    below, above = p.to_unit(p.low - far), p.to_unit(p.high + far)

    assert -math.inf < below < 0
    assert 1 < above < math.inf


@pytest.mark.parametrize("p", NUMBERS, ids=repr)
def test_both_ends_are_reachable(p):
    last = p.high if p.cells == math.inf else p.levels()[-1] if p.cells < 1e4 else p.high

    assert p.from_unit(0.0) == p.low
    assert p.from_unit(1.0) == last
    assert p.from_unit(p.to_unit(p.low)) == p.low
    assert p.from_unit(p.to_unit(last)) == last


@pytest.mark.parametrize("p", NUMBERS, ids=repr)
def test_values_are_plain_python_numbers_whatever_the_unit(p):
    kind = int if isinstance(p, Int) else float

    for u in (-2.5, 0.0, 0.3, np.float64(0.7), 1.0, 4):
        assert type(p.from_unit(u)) is kind


@pytest.mark.parametrize("p", [p for p in STEPPED if p.cells < 1000], ids=repr)
def test_levels_are_every_value_in_order_and_in_plain_python(p):
    levels = list(p.levels())

    assert len(levels) == len(set(levels)) == p.cells
    assert levels == sorted(levels)
    assert levels == [p._at(cell) for cell in range(p.cells)]
    assert {type(x) for x in levels} == {int if isinstance(p, Int) else float}


@pytest.mark.parametrize("p", STEPPED, ids=repr)
def test_one_unit_and_many_units_fall_into_the_same_cells(p):
    u = np.random.default_rng(5).random(300)

    cells = p.cell(u)

    assert [p._at(int(cell)) for cell in cells] == [p.from_unit(x) for x in u]


def share(p, value):
    """Of [0, 1], as the docstring of `Int` says it."""
    if not p.log:
        return 1 / p.cells
    last = p.low + (int(p.cells) - 1) * p.step
    first = max(p.low - p.step / 2, p.low / 2)
    left = max(value - p.step / 2, value / 2)
    return math.log((value + p.step / 2) / left) / math.log((last + p.step / 2) / first)


@pytest.mark.parametrize(
    "p",
    [
        Int(3, 9),
        Int(-7, 20, step=4),
        Float(0.2, 0.9, step=0.1),
        Int(2, 9, log=True),
        Int(5, 40, step=7, log=True),
        Float(0.5, 3.5, step=0.5, log=True),
    ],
    ids=repr,
)
def test_uniform_units_fall_on_each_value_with_its_share(p):
    draws = 20_000
    units = np.random.default_rng(11).random(draws)

    values = np.array([p.from_unit(u) for u in units])

    for value in p.levels():
        expected = share(p, value)
        error = math.sqrt(expected * (1 - expected) / draws)
        assert abs((values == value).mean() - expected) < 5 * error


def test_log_floats_are_uniform_in_their_logarithm():
    p, draws = Float(1e-4, 30, log=True), 20_000
    units = np.random.default_rng(12).random(draws)

    logs = np.log([p.from_unit(u) for u in units])

    share = np.log(1e-2 / 1e-4) / np.log(30 / 1e-4)
    assert abs((logs < np.log(1e-2)).mean() - share) < 5 * math.sqrt(share * (1 - share) / draws)


def test_steps_are_counted_in_decimals():
    p = Float(0.1, 0.7, step=0.1)

    assert p.cells == 7
    assert p.levels() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert p.raw(0.1 + 0.2, "p") == 0.3  # the sum is 0.30000000000000004
    assert p.raw(0.1 * 7, "p") == 0.7  # 0.7000000000000001, above high
    assert p.loose(0.1 + 0.2, "p") == 0.3


def test_a_step_that_does_not_reach_high_stops_before_it():
    assert Float(-2.5, 3.1, step=2).levels() == [-2.5, -0.5, 1.5]
    assert list(Int(5, 20, step=6).levels()) == [5, 11, 17]


def test_a_range_of_one_value_has_one_cell():
    assert Float(5.5, 5.5).cells == Int(4, 4).cells == Float(2, 3, step=9).cells == 1
    assert Float(5.5, 5.5).to_unit(5.5) == 0.5
    assert Float(5.5, 5.5).to_unit(4) < 0
    assert Float(5.5, 5.5).to_unit(6) > 1


def test_a_logarithmic_range_keeps_old_values_that_have_no_logarithm():
    assert -math.inf < Float(1e-3, 5, log=True).to_unit(-4) < 0
    assert -math.inf < Int(2, 50, log=True).to_unit(0) < 0


# -- settings -------------------------------------------------------------------------------------


def test_numbers_become_plain_python():
    p = Float(np.float32(2), np.int64(7), step=np.float64(0.5), default=np.float64(3))
    q = Int(np.int32(3), 9.0, default=np.int64(5))

    assert [type(x) for x in (p.low, p.high, p.step, p.default)] == [float] * 4
    assert [type(x) for x in (q.low, q.high, q.step, q.default)] == [int] * 4
    assert Float(Fraction(1, 4), 3).low == 0.25


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


def test_parameters_survive_pickling_and_copying():
    for p in (*NUMBERS, Choice("a", None, [2, 3], default=None)):
        assert pickle.loads(pickle.dumps(p)) == p
        assert copy.deepcopy(p) == p
        assert pickle.loads(pickle.dumps(p)).from_unit(0.37) == p.from_unit(0.37)


def test_parameters_are_frozen():
    for p in (Float(2, 3), Int(2, 3), Choice("a", "b")):
        with pytest.raises(AttributeError):
            p.when = {}


def test_a_condition_takes_a_value_or_several_in_any_collection():
    for accepted in ([2, 3], (2, 3), {2, 3}, frozenset({3, 2}), range(2, 4)):
        assert Int(5, 9, when={"n": accepted}).when == {"n": (2, 3)}
    assert Int(5, 9, when={"n": 2}).when == {"n": (2,)}
    assert Int(5, 9, when={"n": [[2, 3]]}).when == {"n": ([2, 3],)}
    assert Int(5, 9, when={}).when is None


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


def test_loose_lets_numbers_lie_outside_the_range_but_not_be_of_another_type():
    assert Float(2, 9).loose(11, "lr") == 11.0
    assert Int(2, 9, step=3).loose(-4, "n") == -4
    with pytest.raises(SpaceError, match="whole number"):
        Int(2, 9).loose(3.5, "n")


# -- options --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("log", [False, True])
def test_a_default_comes_back_to_the_last_digit(log):
    for i in range(1, 200):
        p = Float(0.003, 7.1, log=log, default=0.01 * i)
        assert p.from_unit(p.to_unit(p.default)) == 0.01 * i
