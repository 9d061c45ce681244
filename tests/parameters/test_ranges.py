"""Ranges of numbers: the laws of their maps to and from units, steps, and logarithms."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from luthier.errors import SpaceError
from luthier.parameters import Float, Int

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


def test_numbers_become_plain_python():
    p = Float(np.float32(2), np.int64(7), step=np.float64(0.5), default=np.float64(3))
    q = Int(np.int32(3), 9.0, default=np.int64(5))

    assert [type(x) for x in (p.low, p.high, p.step, p.default)] == [float] * 4
    assert [type(x) for x in (q.low, q.high, q.step, q.default)] == [int] * 4
    assert Float(Fraction(1, 4), 3).low == 0.25


def test_ranges_survive_pickling_and_copying():
    for p in NUMBERS:
        assert pickle.loads(pickle.dumps(p)) == p
        assert copy.deepcopy(p) == p
        assert pickle.loads(pickle.dumps(p)).from_unit(0.37) == p.from_unit(0.37)


def test_loose_lets_numbers_lie_outside_the_range_but_not_be_of_another_type():
    assert Float(2, 9).loose(11, "lr") == 11.0
    assert Int(2, 9, step=3).loose(-4, "n") == -4
    with pytest.raises(SpaceError, match="whole number"):
        Int(2, 9).loose(3.5, "n")


@pytest.mark.parametrize("log", [False, True])
def test_a_default_comes_back_to_the_last_digit(log):
    for i in range(1, 200):
        p = Float(0.003, 7.1, log=log, default=0.01 * i)
        assert p.from_unit(p.to_unit(p.default)) == 0.01 * i
