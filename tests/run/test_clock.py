"""When a run ends. Its limits in time are tested where trials run."""

import math
from types import SimpleNamespace

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.run.clock import Clock, Limits

SPACE = Space(x=Float(-3, 9))


def clock(losses=(), *, before=(), maximize=False, **limits):
    """A clock that began after some trials, and looks when there are more; None is a failure."""
    way = {"maximize": "acc"} if maximize else {}
    study = Study(SPACE, sampler="random", seed=3, **way)

    def tell(values):
        for value in values:
            (trial,) = study.ask()
            study.tell(trial, value, error="no" if value is None else None)

    tell(before)
    made = Clock(Limits(**limits), study.driver)
    tell(losses)
    return made


def test_trials_are_counted_in_all_and_more_from_where_the_run_began():
    assert clock([1.5], before=[2.5, None], trials=3).reached(0) == "it has its 3 trials"
    assert clock([1.5], before=[2.5, None], trials=4).reached(0) == ""
    assert clock([1.5], before=[2.5, None], more=2).reached(0) == ""
    assert clock([1.5], before=[2.5, None], more=2).reached(1) == "it has its 4 trials"


def test_a_value_that_is_good_enough_ends_a_run_whichever_way_is_better():
    assert clock([4.5, 0.5, 7.5], until=0.5).reached(0) == "loss reached 0.5, and 0.5 was enough"
    assert clock([4.5, 0.5, 7.5], until=0.25).reached(0) == ""
    assert clock([4.5, 0.5], maximize=True, until=4).reached(0).startswith("acc reached 4.5")
    assert clock([4.5, 0.5], maximize=True, until=5).reached(0) == ""
    assert clock([None], until=9.0).reached(0) == ""


def test_patience_counts_every_trial_that_ended_after_the_best():
    told = "3 trials brought nothing better"

    assert clock([4.5, 0.5, 0.5, None, 7.5], patience=3).reached(0) == told
    assert clock([4.5, 0.5, 0.5, None], patience=3).reached(0) == ""
    assert clock([None, None, None, None], patience=3).reached(0) == ""


def test_a_function_ends_a_run_when_it_says_so():
    said = []
    made = clock([4.5], until=lambda: bool(said))
    assert made.reached(0) == ""

    said.append("enough")
    assert made.reached(0) == "until() said so"


def test_processor_seconds_count_those_of_trials_in_other_processes_alone():
    made = clock(cpu_hours=1)
    made.took({"cpu": 3600.0})
    assert made.over() == ""  # it ran here, and is in this process's own time

    made.workers = SimpleNamespace(apart=True, spent=1800.0)
    made.took({"cpu": 1800.0})
    made.took({})
    assert made.over() == "its 1 CPU hours are used up"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"trials": 0}, "trials must be a whole number >= 1, got 0"),
        ({"more": 2.0}, "more must be a whole number >= 1, got 2.0"),
        ({"patience": True}, "patience must be a whole number >= 1"),
        ({"seconds": 0}, "seconds must be a number above 0, got 0"),
        ({"seconds": math.nan}, "seconds must be a number above 0, got nan"),
        ({"cpu_hours": "1"}, "cpu_hours must be a number above 0"),
        ({"trials": 5, "more": 2}, "Give one of them"),
        ({"until": "0.5"}, "until must be a value of the objective or a function"),
    ],
)
def test_limits_that_make_no_sense_are_errors(limits, said):
    with pytest.raises(StudyError, match=said):
        Limits(**limits)


def test_none_are_no_limits_and_any_is_one():
    assert Limits().none
    assert not Limits(cpu_hours=2).none
