"""Ranking: which trials are best."""

import math

from luthier import Choice, Float, Int, Space
from luthier.testing import history

SPACE = Space(x=Float(-3, 9), n=Int(2, 5), a=Choice("u", "v", "w"))


def test_best_is_by_loss_and_of_equal_losses_the_earlier():
    losses = [4.0, -2.5, 1.0, -2.5, -9.0, math.nan, -2.5]
    states = ["DONE", "DONE", "DONE", "DONE", "FAILED", "DONE", "STOPPED"]
    made = history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}] * 7, losses, states)

    assert made.best().tolist() == [1]
    assert made.best(3).tolist() == [1, 3, 2]
    assert made.best(99).tolist() == [1, 3, 2, 0, 5]  # NaN is last


def test_a_nan_is_never_best_of_one_while_there_is_a_number():
    made = history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}] * 2, [math.nan, 4.0], ["DONE"] * 2)

    assert made.best().tolist() == [1]


def test_nothing_is_best_when_nothing_is_done():
    assert history(SPACE).best().tolist() == []
    assert history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}]).best(4).tolist() == []


def test_with_several_objectives_best_goes_front_by_front():
    Y = [[4.0, 4.0], [1.0, 5.0], [5.0, 1.0], [4.0, 4.0], [9.0, 9.0], [3.0, 3.0]]
    made = history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}] * 6, Y, objectives=2)

    assert made.best(99).tolist() == [1, 2, 5, 0, 3, 4]
