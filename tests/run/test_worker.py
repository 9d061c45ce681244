import threading

import pytest
from objectives import Cursed, Recorder, exits, raises, raises_cursed, talks, task

import luthier
from luthier.run.worker import call, call_as_json, call_in_thread


def outcome_of(objective, line=None, **settings):
    return call(objective, task(**settings), line or Recorder())


def test_a_returned_dict_is_losses_and_metrics():
    got = outcome_of(lambda trial: {"loss": -2.5, "size": 7})

    assert got["state"] == "DONE"
    assert (got["loss"], got["metrics"]) == ([-2.5], {"size": 7})
    assert got["params"] == {"x": 2.5, "kind": 1}
    assert got["added"] == {}
    assert got["seconds"] >= 0
    assert got["cpu"] >= 0


def test_several_objectives_come_in_their_order():
    got = outcome_of(lambda trial: {"b": 1, "a": -2}, objectives=("a", "b"))

    assert got["loss"] == [-2.0, 1.0]


def test_what_was_said_reaches_the_line():
    line = Recorder()

    got = outcome_of(talks, line)

    assert got["state"] == "STOPPED"
    assert line.reports == [(0, step, [10.0 * step], {}) for step in range(1, 5)]
    assert line.notes == [(0, {"colour": "blue"})]


@pytest.mark.parametrize("kind", [luthier.Stop, type("TrialPruned", (Exception,), {})])
def test_an_objective_may_raise_to_stop(kind):
    def objective(trial):
        raise kind

    assert outcome_of(objective)["state"] == "STOPPED"


@pytest.mark.parametrize("value", [None, "3", float("nan"), float("inf"), lambda: 3, [1, 2]])
def test_no_number_is_a_failure_that_says_what_to_return(value):
    got = outcome_of(lambda trial: value)

    assert got["state"] == "FAILED"
    assert got["error"]["kind"] == "Invalid"
    assert "Return a finite number" in got["error"]["message"]


def test_a_traceback_begins_in_the_objective():
    got = outcome_of(raises)

    assert got["error"]["kind"] == "ValueError"
    assert got["error"]["message"] == "too cold"
    assert "objectives.py" in got["error"]["traceback"]
    assert "worker.py" not in got["error"]["traceback"]
    assert got["params"] == {"x": 2.5, "kind": 1}


def test_an_objective_that_takes_no_trial_fails():
    got = outcome_of(lambda: 3)

    assert got["error"]["kind"] == "TypeError"
    assert "argument" in got["error"]["message"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SystemExit(3), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (MemoryError(), "MemoryError"),
        (Cursed(), "Cursed"),
        (BaseExceptionGroup("two", [KeyError(1), SystemExit(2)]), "BaseExceptionGroup"),
    ],
)
def test_whatever_is_raised_is_a_failure(error, kind):
    def objective(trial):
        raise error

    got = outcome_of(objective)

    assert (got["state"], got["error"]["kind"]) == ("FAILED", kind)


def test_endless_recursion_is_a_failure():
    def objective(trial):
        return objective(trial)

    assert outcome_of(objective)["error"]["kind"] == "RecursionError"


def test_only_an_interrupt_passes_through():
    def objective(trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome_of(objective)
    assert call_in_thread(objective, task(), Recorder())["state"] == "LOST"
    assert '"Interrupted"' in call_as_json(lambda: (objective, task()), Recorder())


def test_a_space_defined_by_running_says_what_was_added():
    got = outcome_of(lambda trial: trial.float("lr", -5, 3), dynamic=True)

    assert got["added"] == {"lr": {"float": [-5.0, 3.0]}}
    assert got["params"] == {"lr": got["loss"][0]}


def test_processor_time_is_unknown_in_a_side_thread():
    got = []
    thread = threading.Thread(target=lambda: got.append(outcome_of(lambda trial: 1.5)))
    thread.start()
    thread.join()

    assert got[0]["cpu"] is None


@pytest.mark.parametrize("objective", [raises_cursed, exits])
def test_as_json_nothing_is_raised(objective):
    assert '"FAILED"' in call_as_json(lambda: (objective, task()), Recorder())


def test_as_json_a_task_that_cannot_be_read_fails():
    assert "division by zero" in call_as_json(lambda: (raises, 1 // 0), Recorder())
