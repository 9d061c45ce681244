"""Reading what objectives return, report and raise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier.history import Objective
from luthier.outcome import Invalid, explain, judged, number, plain, read, read_report

UP, DOWN = Objective("accuracy", maximize=True), Objective("loss")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (2.5, 2.5), (np.float32(0.5), 0.5), (np.array(7), 7.0), (np.int8(-4), -4.0)],
)
def test_numbers_are_read(value, expected):
    assert number(value) == expected
    assert type(number(value)) is float


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), "3", b"3", None, [3], np.array([1, 2]), {}]
)
def test_what_is_no_number_is_none(value):
    assert number(value) is None


def test_the_sign_turns_once():
    assert read(0.75, [UP]) == ([-0.75], {})
    assert read(0.75, [DOWN]) == ([0.75], {})
    assert read({"loss": 2, "accuracy": 0.5, "n": 3}, [DOWN, UP]) == ([2.0, -0.5], {"n": 3})
    assert read((2, 0.5), [DOWN, UP]) == ([2.0, -0.5], {})


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (0.5, "there are 2 objectives"),
        ((1, 2, 3), "there are 2 objectives"),
        ({"loss": 1}, "without 'accuracy': it has 'loss'"),
        ({"loss": "x", "accuracy": 1}, r"'x' \(str\) for 'loss'"),
        ((1, math.nan), "nan for 'accuracy'"),
    ],
)
def test_several_objectives_must_all_be_there(returned, words):
    with pytest.raises(Invalid, match=words):
        read(returned, [DOWN, UP])


def test_reports_may_lack_the_objective_but_not_be_words():
    losses, metrics = read_report({"train": 0.5}, [UP])
    assert math.isnan(losses[0])
    assert metrics == {"train": 0.5}
    assert read_report(0.25, [UP]) == ([-0.25], {})
    with pytest.raises(Invalid, match="'bad'"):
        read_report({"accuracy": "bad"}, [UP])
    losses, _ = read_report({"accuracy": 0.25}, [UP, DOWN])
    assert (losses[0], math.isnan(losses[1])) == (-0.25, True)
    with pytest.raises(Invalid, match="for 'accuracy', by which schedulers go, in a dict"):
        read_report(0.25, [UP, DOWN])


def test_plain_data_stays_and_the_rest_becomes_its_repr():
    class Odd:
        def __repr__(self):
            return "an odd one"

    given = {"a": np.arange(3), 2: (1, np.float64(0.5)), "c": Odd(), "d": None}

    assert plain(given) == {"a": [0, 1, 2], "2": [1, 0.5], "c": "an odd one", "d": None}


def test_an_exception_is_explained_whatever_its_text_does():
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError

    try:
        raise Rude
    except Rude as error:
        told = explain(error)

    assert told["kind"] == "Rude"
    assert told["traceback"]


def test_a_huge_traceback_is_cut_in_the_middle():
    told = explain(ValueError("x" * 1_000_000))

    assert len(told["traceback"]) < 30_000
    assert "(cut)" in told["traceback"]


def test_a_returned_value_is_judged_as_done_or_failed_with_the_word_for_it():
    done = judged({"accuracy": 0.75, "ms": 3}, [UP])
    failed = judged(None, [UP])

    assert done == {"state": "DONE", "loss": [-0.75], "metrics": {"ms": 3}}
    assert failed["state"] == "FAILED"
    assert failed["error"]["kind"] == "Invalid"
    assert "Return a finite number" in failed["error"]["message"]
