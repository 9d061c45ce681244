"""A training loop goes on after the last step that was saved, and no step is done twice."""

import json
import os

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.history import Fidelity
from luthier.integrations import steps as module
from luthier.integrations.steps import FACTS, Steps, check_direction, newest


def trained(trial, most=9, **settings):
    """A loop whose whole model is how many steps it was trained."""
    steps, model, done = Steps(trial, most, **settings), {"trained": 0}, []
    if steps.saved:
        model = json.loads((steps.saved / "model").read_text())
    for step in steps:
        model["trained"] += 1
        done.append(step)
        steps.end(-10.5 / step, lambda to: (to / "model").write_text(json.dumps(model)), half=step)
    return steps, done, model["trained"]


def test_it_reports_every_step_and_keeps_the_last_checkpoint_alone(trial_of):
    trial = trial_of()

    steps, done, _ = trained(trial, 4)

    assert done == [1, 2, 3, 4]
    assert trial.line.reports == [(step, -10.5 / step) for step in done]
    assert [path.name for path in trial.folder.iterdir()] == ["step-00000004"]
    assert steps.value == -10.5 / 4


def test_a_child_goes_on_after_its_parents_last_step(trial_of):
    parent = trial_of(0, budget=3.0)
    assert trained(parent)[1] == [1, 2, 3]
    child = trial_of(1, parent=parent, budget=7.0)

    steps, done, model = trained(child)

    assert done == [4, 5, 6, 7]
    assert model == 7
    assert steps.facts == {"half": 7}


def test_a_child_that_has_nothing_to_do_knows_what_was_reported(trial_of):
    parent = trial_of(0)
    trained(parent, 5)

    steps, done, _ = trained(trial_of(1, parent=parent), 5)

    assert (done, steps.value, steps.over) == ([], -10.5 / 5, True)


def test_a_fidelity_beyond_the_end_of_training_is_an_error_that_names_both(trial_of):
    most = {name: trial_of(fidelity=Fidelity("epochs", *ends))
            for name, ends in {"more": (3, 81), "all": (3, 9), "less": (1, 7)}.items()}  # fmt: skip

    with pytest.raises(StudyError, match=r"up to 81 epochs.*after 9\..*\('epochs', 3, 9\)"):
        Steps(most["more"], 9)
    assert Steps(most["all"], 9).last == 9
    assert Steps(most["less"], 9).last == 9  # a study sees to the budget


def test_a_study_tells_its_trials_of_its_fidelity(tmp_path):
    study = Study(Space(x=Float(-3, 9)), fidelity=("epochs", 1, 81), folder=tmp_path)
    study.run(lambda trial: Steps(trial, 20).value, trials=2)

    assert study[1].error["message"].startswith("The study gives trials up to 81 epochs")


@pytest.mark.parametrize("stop_at", [2, 3])
def test_who_is_stopped_has_a_checkpoint_of_its_last_step(trial_of, stop_at):
    parent = trial_of(0, stop_at=stop_at)

    steps, done, _ = trained(parent, every=3)

    assert done[-1] == stop_at
    assert steps.stopped
    assert newest(parent.folder).name == f"step-0000000{stop_at}"


def test_checkpoints_are_as_rare_as_asked_for(trial_of):
    saved, steps = [], Steps(trial_of(), 8, every=3)
    for step in steps:
        steps.end(1.5, lambda to, step=step: saved.append(step))

    assert saved == [3, 6, 8]


def test_a_checkpoint_is_there_whole_or_not_at_all(trial_of, monkeypatch):
    parent = trial_of(0)
    put = os.replace

    def fail(source, target):
        if str(target).endswith("3"):
            raise KeyboardInterrupt
        put(source, target)

    monkeypatch.setattr(module.os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        trained(parent)

    assert [path.name for path in parent.folder.iterdir()] == ["step-00000002"]
    monkeypatch.undo()
    assert trained(trial_of(1, parent=parent))[1] == [3, 4, 5, 6, 7, 8, 9]


def test_it_is_saved_before_it_is_reported(trial_of):
    trial, order = trial_of(), []
    trial.line.report = lambda number, step, loss, metrics: order.append("report")
    trial.line.should_stop = lambda number: False

    Steps(trial, 4).end(2.5, lambda to: order.append("save"))

    assert order == ["save", "report"]


def test_several_steps_may_pass_between_two_reports(trial_of):
    trial = trial_of()
    steps = Steps(trial, 25)
    for step in (10, 20, 25):
        steps.end(0.5, lambda to: None, step=step)

    assert [step for step, _ in trial.line.reports] == [10, 20, 25]
    assert steps.over


def test_without_anything_to_save_there_is_no_checkpoint(trial_of):
    trial = trial_of()
    Steps(trial, 2).end({"loss": 1.5, "accuracy": 0.25})

    assert newest(trial.folder) is None
    assert trial.line.reports == [(1, 1.5)]


def test_a_step_that_did_not_end_is_an_error(trial_of):
    with pytest.raises(StudyError, match=r"Call end\(\) after each step"):
        list(Steps(trial_of(), 3))


@pytest.mark.parametrize("bad", [{"most": 0}, {"most": 2.5}, {"most": 3, "every": True}])
def test_settings_that_make_no_sense_are_refused(trial_of, bad):
    with pytest.raises(StudyError, match="whole number >= 1"):
        Steps(trial_of(), **bad)


def test_facts_are_plain_data(trial_of):
    import numpy as np

    trial = trial_of()
    Steps(trial, 2).end(np.float32(0.5), lambda to: None, curve=np.array([1.5, 2.5]))

    told = json.loads((newest(trial.folder) / FACTS).read_text())
    assert told == {"step": 1, "value": 0.5, "facts": {"curve": [1.5, 2.5]}}


def test_with_several_objectives_a_number_is_the_first_of_them():
    def objective(trial):
        steps = Steps(trial, 9)
        for step in steps:
            steps.end(-10.5 / step)
        return {"loss": steps.value, "size": 40.5}

    study = Study(
        Space(x=Float(-3, 9)),
        minimize=("loss", "size"),
        scheduler="asha",
        fidelity=("epochs", 1, 9),
    ).run(objective, trials=4)

    assert not study.history.failed.any()
    assert study.history.value[0].tolist() == pytest.approx([-10.5, float("nan")], nan_ok=True)


def test_a_metric_that_cannot_be_the_first_objective_is_an_error_that_says_which_that_is():
    def objective(trial):
        check_direction(trial, "auc", True)

    study = Study(Space(x=Float(-3, 9)), maximize="auc", minimize="size").run(objective, trials=1)

    assert "those that are minimised come first" in study[0].error["message"]
