"""Which trials' folders stay, and which are removed."""

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.integrations.steps import Steps

SPACE = Space(x=Float(-3, 9))


def saving(trial):
    (trial.folder / "model").write_text(str(trial.number))
    return (trial.params["x"] - 4) ** 2


def folders(study):
    path = study.folder_of(0).parent
    return {int(p.name) for p in path.iterdir()} if path.is_dir() else set()


def training(trial):
    """Goes on from the checkpoint of its parent, and fails where that is gone."""
    steps = Steps(trial, 9)
    if trial.parent >= 0:
        assert steps.saved, "the parent's checkpoint is gone"
    for step in steps:
        steps.end((trial.params["x"] - 4) ** 2 + 1 / step, lambda f: (f / "w").write_text("w"))
    return steps.value


def test_the_best_stay_and_nothing_else_of_the_folder_goes(tmp_path):
    study = Study(SPACE, seed=1, sampler="random", folder=tmp_path).run(saving, trials=12)
    (tmp_path / "notes").mkdir()
    (tmp_path / "00099").mkdir()

    gone = study.tidy(keep=3)

    best = set(study.history.best(3).tolist())
    assert set(gone) == set(range(12)) - best
    assert {p.name for p in tmp_path.iterdir()} == {f"{n:05d}" for n in best} | {"notes", "00099"}
    assert study.tidy(keep=3) == []
    assert len(study) == 12


def test_a_run_that_keeps_never_has_more_than_so_many():
    counts = []

    def objective(trial):
        counts.append(len(folders(study)))
        return saving(trial)

    study = Study(SPACE, seed=1, sampler="random")
    study.run(objective, trials=15, keep=2)

    assert folders(study) == set(study.history.best(2).tolist())
    assert max(counts) <= 2
    study.run(saving, more=3)  # only that run was to keep so few
    assert len(folders(study)) == 5


def test_running_trials_and_all_before_them_stay():
    study = Study(SPACE, seed=1, sampler="random")
    study.run(saving, trials=4)
    (trial,) = study.ask()
    (trial.folder / "half").write_text("")

    study.tidy(keep=0)
    assert folders(study) == {4}

    study.driver.lose(4, "Lost", "its process is gone")
    study.tidy(keep=0)
    assert folders(study) == {4}  # what the retry goes on from

    (retry,) = study.ask()
    study.tidy(keep=0)
    assert retry.parent_folder.joinpath("half").exists()

    (retry.folder / "whole").write_text("")
    study.tell(retry, 1.5)
    study.tidy(keep=1)
    assert folders(study) == set(study.history.best(1).tolist())


def test_the_best_without_files_of_its_own_keeps_those_that_it_went_on_from():
    study = Study(SPACE, seed=1)
    (trial,) = study.ask()
    (trial.folder / "half").write_text("")
    study.driver.lose(0, "Lost", "its process is gone")
    (retry,) = study.ask()
    study.tell(retry, 1.5)

    study.tidy(keep=1)

    assert folders(study) == {0}


@pytest.mark.parametrize(
    "scheduler", ["asha", "pasha", "hyperband", "population", "dehb", "freezethaw"]
)
def test_what_may_be_gone_on_from_stays(scheduler):
    settings = {"scheduler": scheduler, "fidelity": ("steps", 1, 9), "sampler": "random", "seed": 2}
    whole = Study(SPACE, **settings).run(training, trials=60)

    kept = Study(SPACE, **settings).run(training, trials=60, keep=1)

    assert not kept.history.failed.any()
    assert [r.params for r in kept.results] == [r.params for r in whole.results]
    assert len(folders(kept)) < len(folders(whole))


def test_a_failed_trial_leaves_nothing():
    def objective(trial):
        value = saving(trial)
        if trial.number % 2:
            raise ValueError("too large")
        return value

    study = Study(SPACE, seed=1).run(objective, trials=6, keep=9)

    assert folders(study) == {0, 2, 4}


def test_with_several_objectives_the_front_stays():
    study = Study(SPACE, minimize=("a", "b"), sampler="random", seed=1)
    study.run(lambda t: {"a": saving(t), "b": -t.params["x"]}, trials=15)

    front = {result.number for result in study.front}
    study.tidy(keep=len(front))

    assert folders(study) == front


def test_without_any_folder_there_is_nothing_to_do():
    assert Study(SPACE).run(lambda t: t.params["x"], trials=3).tidy() == []


@pytest.mark.parametrize("keep", [-1, 2.5, True])
def test_a_number_that_makes_no_sense_is_an_error(keep):
    with pytest.raises(StudyError, match="keep: must be a whole number >= 0"):
        Study(SPACE).tidy(keep)
    with pytest.raises(StudyError, match="keep: must be a whole number >= 0"):
        Study(SPACE).run(saving, trials=1, keep=keep)
