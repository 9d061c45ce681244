import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import ASHA
from luthier.schedulers.rungs import ladder, standing
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def level(trial):
    return (trial.params["x"] - 2.5) ** 2


def train(trial):
    """Runs on from where its parent was, and leaves how far it came."""
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, 28):
        (trial.folder / "epoch").write_text(str(epoch))
        trial.note(epochs=epoch - first + 1, first=first)
        trial.report(level(trial) + 1 / epoch, epoch)
        if trial.should_stop():
            break
    return level(trial) + 1 / epoch


def study(**settings):
    settings = {"scheduler": "asha", "sampler": "random", "fidelity": ("epochs", 1, 27)} | settings
    return Study(SPACE, seed=3, **settings)


def test_rungs_are_eta_times_apart_from_the_least_to_below_the_most():
    def rungs(fidelity, **more):
        return ladder(Study(SPACE, fidelity=fidelity).history, 3, **more)

    assert rungs(("epochs", 1, 27)) == [1, 3, 9]
    assert rungs(("epochs", 2, 81)) == [2, 6, 18, 54]
    assert rungs(("epochs", 1, 27), least=4) == [4, 12]
    assert rungs(("epochs", 5, 5)) == []
    reported = history(SPACE, [{"x": 1.0}], reports=[(0, 10, 1.0)])
    assert ladder(reported, 3) == [1, 3, 9]


def test_standing_is_the_first_report_from_a_step_on():
    reports = [(0, 1, 9.0), (1, 2, 8.0), (0, 3, 7.0), (2, 5, math.nan), (0, 4, 6.0)]
    past = history(SPACE, [{"x": x} for x in (1.0, 2.0, 3.0, 4.0)], reports=reports)

    np.testing.assert_array_equal(standing(past, 3), [7.0, math.nan, math.inf, math.nan])


def test_one_in_eta_goes_on_from_each_rung_and_the_best_comes_to_the_end(tmp_path):
    made = study(folder=tmp_path).run(train, trials=150)
    history = made.history

    starts = history.parent < 0
    assert set(history.budget[starts]) == {1.0}
    for before, after in ((1, 3), (3, 9), (9, 27)):
        came = (history.budget == before).sum()
        went_on = (history.budget == after).sum()
        # A few more than a third: who was among the best may not be any more when all came.
        assert came // 3 - 1 <= went_on <= came // 3 + 5
        for row in np.flatnonzero(history.budget == after):
            parent = int(history.parent[row])
            assert history.budget[parent] == before
            assert history.raw(row) == history.raw(parent)
            assert made[row].facts["first"] == before + 1  # no epoch was done twice
    assert history.done.sum() >= 2
    assert set(history.budget[history.done]) == {27.0}
    assert (history.state[history.budget < 27] == 2).all()  # stopped
    losses = [level_of(history, row) for row in np.flatnonzero(starts)]
    assert made.best.value - 1 / 27 <= np.quantile(losses, 0.1)


def level_of(history, row):
    return (history.params(row)["x"] - 2.5) ** 2


def test_as_long_as_nothing_ended_the_best_is_who_came_furthest(tmp_path):
    made = study(folder=tmp_path).run(train, trials=9)

    best = made.best
    came = made.history.step.max()
    assert best.value is None
    assert best.reached[0] == came
    losses = made.history.value[made.history.step == came, 0]
    assert best.reached[1] == losses.min()
    assert made.recommended == best
    assert f"at step {came}" in repr(best)


def test_a_value_at_the_end_of_a_budget_counts_as_a_report():
    made = study().run(lambda trial: level(trial) + 1 / trial.budget, trials=12)

    assert made.history.counts[2] == 12
    first = made[0]
    assert first.state == "STOPPED"
    assert first.reached == (1, pytest.approx(level_of(made.history, 0) + 1))
    assert (made.history.parent >= 0).sum() >= 3


def test_without_a_fidelity_trials_are_stopped_at_rungs_for_good(tmp_path):
    made = study(fidelity=None, folder=tmp_path).run(train, trials=60)

    assert (made.history.parent == -1).all()
    stopped = np.flatnonzero(made.history.stopped)
    assert {made[row].reached[0] for row in stopped.tolist()} <= {1, 3, 9, 27}
    assert 35 <= len(stopped) < 60
    ended = made.history.done
    assert made.history.Y[ended, 0].min() == min(
        made.history.Y[ended, 0].min(), *(made[row].reached[1] for row in stopped.tolist())
    )


def test_stopping_for_good_with_a_fidelity(tmp_path):
    made = study(scheduler=ASHA(promote=False), folder=tmp_path).run(train, trials=30)

    assert (made.history.parent == -1).all()
    assert made.history.done.any()
    assert made.history.stopped.sum() >= 12


@pytest.mark.parametrize("scheduler", ["asha", "auto", "hyperband", "pasha"])
def test_nobody_goes_on_twice_from_one_place_where_a_branch_is_asked_for_in_running(scheduler):
    """Stopped trials keep the other branch's parameters that were proposed, ended ones do not."""

    def branches(trial):
        x = trial.float("x", -3, 9)
        if trial.choice("kind", "plain", "steep") == "steep":
            x *= trial.float("slope", 1.5, 4)
        for epoch in range(1, 28):
            trial.report(min((x - 2.5) ** 2 + 1 / step for step in range(1, epoch + 1)), epoch)
            if trial.should_stop():
                break
        return (x - 2.5) ** 2 + 1 / epoch

    made = Study(scheduler=scheduler, sampler="random", fidelity=("epochs", 1, 27), seed=3)
    history = made.run(branches, trials=80).history

    parents = history.parent[history.parent >= 0].tolist()
    assert len(parents) > 5
    assert len(parents) == len(set(parents))


def test_a_killed_trial_is_tried_again_with_its_budget_from_its_folder(tmp_path):
    made = study(folder=tmp_path).run(train, trials=30)
    while True:
        (trial,) = made.ask()
        if trial.parent >= 0:
            break
        made.tell(trial, train(trial))
    (trial.folder / "epoch").write_text(str(trial.budget - 1))
    made.driver.lose(trial.number, "Lost", "its process is gone")

    (again,) = made.ask()

    assert again.parent == trial.number
    assert again.budget == trial.budget
    assert again.seed == trial.seed
    assert again.parent_folder == trial.folder


def test_a_retry_starts_from_the_nearest_folder_that_holds_anything(tmp_path):
    made = study(folder=tmp_path).run(train, trials=30)
    while True:
        (trial,) = made.ask()
        if trial.parent >= 0:
            break
        made.tell(trial, train(trial))
    made.driver.lose(trial.number, "Lost", "its process is gone")

    (again,) = made.ask()

    assert again.parent_folder == trial.parent_folder


def test_a_study_with_a_fidelity_is_reopened_with_it(tmp_path):
    store = tmp_path / "runs.db"
    study(store=store).run(train, trials=5)

    with pytest.raises(StudyError, match=r"epochs from 1 to 27.*epochs from 1 to 81"):
        study(store=store, fidelity=("epochs", 1, 81))
    assert str(Study.open(store).history.fidelity) == "epochs from 1 to 27"


@pytest.mark.parametrize(
    "wrong",
    ["epochs", ("epochs", 1), ("epochs", 0, 9), ("epochs", 9, 1), ("share", 0.1, 1.0), (1, 2, 3)],
)
def test_a_fidelity_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(StudyError, match=r"fidelity.*'epochs', 1, 81"):
        study(fidelity=wrong)


@pytest.mark.parametrize(
    ("word", "wrong"), [("eta", 1), ("eta", 2.5), ("least", 0), ("least", True)]
)
def test_settings_that_make_no_sense_are_refused(word, wrong):
    with pytest.raises(StudyError, match=word):
        ASHA(**{word: wrong})
