import math

import pytest

from luthier.report.comparison import Interval, comparison

NOTE = {
    "metric": "rmse",
    "direction": "minimize",
    "default": {"score": 7.5, "low": 7.0, "high": 8.25},
    "tuned": {"score": 6.0, "interval": [5.5, 6.75]},
    "difference": {"score": 1.5, "low": 0.25, "high": 2.5},
    "level": 0.9,
    "rows": 120,
    "guess": 11.5,
    "words": "Tuned is better.",
}


def test_a_note_is_read_whichever_way_its_intervals_are_written():
    made = comparison(NOTE)

    assert made.default == Interval(7.5, 7.0, 8.25)
    assert made.tuned == Interval(6.0, 5.5, 6.75)
    assert (made.metric, made.maximize, made.level, made.rows) == ("rmse", False, 0.9, 120)
    assert (made.guess, made.words) == (11.5, "Tuned is better.")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.25, 2.5, "better"), (-2.5, -0.25, "worse"), (-0.5, 2.5, "unclear"), (None, 2.5, "unclear")],
)
def test_the_verdict_is_clear_where_the_interval_leaves_out_zero(low, high, verdict):
    difference = {"score": 1.5, "low": low, "high": high}

    assert comparison(NOTE | {"difference": difference}).verdict == verdict


@pytest.mark.parametrize(("direction", "gain"), [("minimize", 1.5), ("maximize", -1.5)])
def test_without_a_difference_it_is_that_of_the_scores_and_has_no_ends(direction, gain):
    note = {name: value for name, value in NOTE.items() if name != "difference"}

    made = comparison(note | {"direction": direction})

    assert made.difference.score == gain
    assert not made.difference.known
    assert made.verdict == "unclear"


def test_a_bare_difference_has_its_interval_beside_it():
    made = comparison(NOTE | {"difference": 1.5, "interval": [0.5, 2.5]})

    assert made.difference == Interval(1.5, 0.5, 2.5)


@pytest.mark.parametrize(
    "note",
    [None, "rmse", {}, NOTE | {"tuned": None}, NOTE | {"default": True},
     NOTE | {"tuned": {"score": math.nan}}],
)  # fmt: skip
def test_what_cannot_be_read_is_no_comparison(note):
    assert comparison(note) is None


@pytest.mark.parametrize("level", [None, 0, 1, 95, "0.9"])
def test_a_level_that_is_none_is_the_usual_one(level):
    assert comparison(NOTE | {"level": level}).level == 0.95
