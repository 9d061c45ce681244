"""Remarks: what the first results say against how a study was set up, said once."""

import warnings

import pytest

from luthier import Float, Space, Study

SPACE = Space(x=Float(-3, 9))


def silent(trial):
    return (trial.params["x"] - 2) ** 2


def up_to(last):
    def objective(trial):
        for step in range(1, last(trial) + 1):
            trial.report((trial.params["x"] - 2) ** 2 + 5.5 / step, step)
        return (trial.params["x"] - 2) ** 2

    return objective


def said(objective, trials=9, **settings):
    """What is said in a run of a study."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Study(SPACE, sampler="random", **settings).run(objective, trials=trials)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("scheduler", ["median", "asha", "patience", "auto"])
def test_a_scheduler_whose_trials_never_report_is_said_once(scheduler):
    (text,) = said(silent, scheduler=scheduler)

    assert "Call trial.report(value, step) and trial.should_stop()" in text
    assert scheduler in text.lower()


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        (silent, {"scheduler": "full"}),
        (up_to(lambda trial: 1), {"scheduler": "median"}),
        (silent, {"scheduler": "asha", "fidelity": ("epochs", 1, 9)}),
        (up_to(lambda trial: int(trial.budget)), {"fidelity": ("epochs", 1, 9)}),
        (up_to(lambda trial: 2 + trial.number), {"scheduler": "full", "fidelity": ("it", 1, 50)}),
    ],
)
def test_nothing_is_said_of_what_may_be_meant(objective, settings):
    assert said(objective, 30, **settings) == []


@pytest.mark.parametrize(
    "settings", [{"scheduler": "asha"}, {"scheduler": "median"}, {"fidelity": ("epochs", 1, 27)}]
)
def test_an_objective_that_reports_and_never_asks_is_said_once(settings):
    (text,) = said(up_to(lambda trial: 27), trials=40, **settings)

    assert "wanted to stop 3 trials" in text
    assert "if trial.should_stop(): return" in text


def test_an_objective_that_asks_now_and_then_is_well():
    def objective(trial):
        for step in range(1, 28):
            trial.report(trial.params["x"], step)
            if step % 4 == 0 and trial.should_stop():
                return None
        return trial.params["x"]

    assert said(objective, trials=40, scheduler="asha") == []


def test_it_is_said_where_trials_are_asked_for_and_told():
    study = Study(SPACE, scheduler="median")
    trials = study.ask(3)
    study.tell(trials[0], 10.5)
    study.tell(trials[1], error="no")
    study.tell(trials[2], 3.5)

    with pytest.warns(UserWarning, match="none has reported"):
        study.tell(*study.ask(), 7.5)


@pytest.mark.parametrize("scheduler", ["full", "auto"])
def test_a_fidelity_that_trials_never_come_to_is_said_once_with_both_numbers(scheduler):
    loop = up_to(lambda trial: int(min(trial.budget, 20)))

    (text,) = said(loop, 60, scheduler=scheduler, fidelity=("epochs", 1, 81))

    assert "up to 81 epochs" in text
    assert "fidelity=('epochs', 1, 20)" in text
