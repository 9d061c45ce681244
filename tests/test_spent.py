import math
import time
from types import SimpleNamespace

import pytest

from luthier import Float, Int, Space, Study, owners
from luthier.history import Event, History
from luthier.spent import duration, spent
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def test_an_empty_study_has_cost_nothing():
    found = spent(Study(SPACE).history)

    assert (found.steps, found.saved, found.saved_seconds) == (0, 0, 0.0)
    assert math.isnan(found.busy)
    assert found.states == {}
    assert repr(found) == "Spent: no trial has run yet"


@pytest.mark.parametrize(
    ("seconds", "made"),
    [
        (0.0031, "3.1 ms"), (2.34, "2.3 s"), (9.96, "10 s"), (61, "1 min 1 s"), (3600, "1 h"),
        (93784, "1 d 2 h"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_durations_have_the_two_units_that_matter(seconds, made):
    assert duration(seconds) == made


def test_times_are_shown_in_words():
    made = History()
    made.apply(Event("opened", None, 5.0, {"space": SPACE.to_json(), "objectives": [["loss", 0]]}))
    for number, seconds in enumerate((4000.0, 340.0)):
        made.apply(Event("created", number, 10.0, {"draw": number, "params": {"x": 1.0}}))
        end = {"state": "DONE", "loss": [1.0], "seconds": seconds}
        made.apply(Event("finished", number, 4010.0, end))

    assert repr(spent(made)) == "Spent: 1 h 12 min of trials in 1 h 6 min; 2 done (1 h 12 min)"


def test_of_trials_that_run_no_time_is_told():
    study = Study(SPACE)
    study.ask(3)

    assert repr(study.spent()) == "Spent: 3 running"


@pytest.fixture
def clock(monkeypatch):
    """The time that the log writes down, set by the test."""
    made = SimpleNamespace(now=1000.0, monotonic=time.monotonic)
    made.time = lambda: made.now
    monkeypatch.setattr("luthier.log.time", made)
    return made


@pytest.mark.parametrize(
    ("retries", "state"), [(3, "LOST"), pytest.param(0, "FAILED", id="tried often enough")]
)
def test_the_time_in_which_nothing_ran_is_not_spent(clock, monkeypatch, tmp_path, retries, state):
    """Of a trial whose process was killed, the time until that was last heard of counts."""
    host = owners.me().partition(":")[0]
    with monkeypatch.context() as gone:
        gone.setattr("luthier.owners.me", lambda: f"{host}:999999999:1.0")
        killed = Study(SPACE, sampler="random", store=tmp_path / "s.db", retries=retries)
        quiet, loud, other = killed.ask(3)
        clock.now = 1030.0
        loud.report(0.5, step=1)
        clock.now = 1050.0
        killed.tell(other, 3.5)
        clock.now = 1060.0
        loud.report(0.25, step=2)
        killed.flush()
    clock.now = 90_000.0

    study = Study(SPACE, sampler="random", store=tmp_path / "s.db", retries=retries)
    clock.now = 90_040.0
    (again,) = study.ask()
    clock.now = 90_050.0
    study.tell(again, -2.5)
    told = study.spent()

    assert [study[trial.number].seconds for trial in (quiet, loud, other)] == [60.0, 60.0, 50.0]
    assert told.states[state] == (2, 120.0)
    assert told.busy == 60.0 + 10.0
    assert told.last == 90_050.0
    assert Study.open(tmp_path / "s.db").spent().busy == told.busy


def test_an_older_log_that_does_not_say_it_leaves_it_open():
    made = History()
    made.apply(Event("opened", None, 5.0, {"space": SPACE.to_json(), "objectives": [["loss", 0]]}))
    made.apply(Event("created", 0, 10.0, {"draw": 0, "params": {"x": 1.0}}))
    error = {"kind": "Lost", "message": "its process is gone", "traceback": ""}
    made.apply(Event("finished", 0, 90_000.0, {"state": "LOST", "error": error}))

    assert math.isnan(made.seconds(0))
    assert spent(made).states == {"LOST": (1, 0.0)}
    assert math.isnan(spent(made).busy)


def test_states_times_and_steps_by_hand():
    made = History()
    made.apply(
        Event("opened", None, 5.0, {"space": SPACE.to_json(), "objectives": [["loss", False]],
                                    "seed": 0, "fidelity": ["epochs", 1, 10]})
    )  # fmt: skip
    raws = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}, {"x": 2.0}]
    for number, (raw, parent) in enumerate(zip(raws, (-1, -1, -1, 1), strict=True)):
        body = {"draw": number, "params": raw, "parent": parent}
        made.apply(Event("created", number, 10.0 + number, body))
    for trial, steps in ((0, range(1, 11)), (1, range(1, 4)), (2, range(1, 3)), (3, range(4, 7))):
        for step in steps:
            made.apply(Event("reported", trial, 11.0, {"step": step, "loss": [1.0]}))
    made.apply(Event("finished", 0, 20.0, {"state": "DONE", "loss": [1.0], "seconds": 8.0}))
    made.apply(Event("finished", 1, 12.0, {"state": "STOPPED", "seconds": 1.5}))
    made.apply(Event("finished", 2, 13.0, {"state": "STOPPED", "seconds": 0.5}))
    made.apply(Event("finished", 3, 30.0, {"state": "STOPPED", "seconds": 6.0}))

    found = spent(made)

    assert found.states == {"DONE": (1, 8.0), "STOPPED": (3, 8.0)}
    assert found.work == 16.0
    assert found.busy == 20.0  # from 10 to 30
    assert found.steps == 10 + 3 + 2 + 3
    assert found.saved == (10 - 6) + (10 - 2)  # trial 3 went on from trial 1
    assert found.saved_seconds == pytest.approx(12 * 8.0 / 8)
    assert str(found) == (
        "16 s of trials in 20 s; 1 done (8 s); 3 stopped (8 s); "
        "stopping saved 12 of 30 steps, about 12 s"
    )


def test_without_a_fidelity_the_end_is_where_others_ended():
    reports = [(0, s, 1.0) for s in range(1, 6)] + [(1, 1, 2.0), (1, 2, 2.0)]
    made = history(SPACE, [{"x": 1.0}, {"x": 2.0}], [1.0], ["DONE", "STOPPED"], reports=reports)

    assert (spent(made).steps, spent(made).saved) == (7, 3)


def test_a_trial_that_reports_at_its_end_did_all_the_steps_until_there():
    """From where its parent had come to; and seconds are per step, not per report."""
    study = Study(
        Space(a=Int(3, 60)), sampler="random", scheduler="asha", fidelity=("rows", 20, 180)
    )
    for _ in range(4):
        (trial,) = study.ask()
        study.driver.finish(
            trial.number, {"state": "DONE", "loss": [-trial.params["a"]], "seconds": 2.0}
        )
    told = study.spent()

    assert study.history.budget.tolist() == [20, 20, 20, 60]
    assert told.steps == 3 * 20 + 40
    assert told.saved == 2 * 160 + 120
    assert abs(told.saved_seconds - told.saved * 4 * 2.0 / told.steps) < 1e-9


@pytest.mark.parametrize("fidelity", [None, ("trees", 20, 100)])
def test_a_trial_that_reports_every_tenth_step_did_all_of_them(fidelity):
    study = Study(SPACE, scheduler="asha", sampler="random", fidelity=fidelity)
    whole, stopped = study.ask(2)
    for tree in range(10, 101, 10):
        whole.report(0.5, step=tree)
    study.driver.finish(whole.number, {"state": "DONE", "loss": [0.5], "seconds": 20.0})
    for tree in (10, 20):
        stopped.report(3.5, step=tree)
    study.driver.finish(stopped.number, {"state": "STOPPED", "seconds": 4.0})
    told = study.spent()

    assert (told.steps, told.saved) == (100 + 20, 80)
    assert told.saved_seconds == pytest.approx(80 * 4.0 / 20)


def test_folds_are_counted_in_whatever_order_they_come():
    reports = [(0, fold, 1.0) for fold in (3, 0, 4, 2, 1)] + [(1, 0, 2.0)] + [(2, 3, 2.0)]
    states = ["DONE", "STOPPED", "STOPPED"]
    made = history(SPACE, [{"x": x} for x in (1.0, 2.0, 3.0)], [1.0], states, reports=reports)

    assert (spent(made).steps, spent(made).saved) == (5 + 1 + 1, 4 + 4)
