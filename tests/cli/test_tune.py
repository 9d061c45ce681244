"""The main job: from a table to files, continued by the same command, refused when it changed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import luthier
from luthier.cli.tuning import give_whole
from luthier.study import Study

TUNE = ("tune", "houses.csv", "--target", "price", "--model", "ridge", "--cv", "3", "--out", "made")


def python(script):
    """What a script prints, run on its own."""
    source = str(Path(luthier.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def values(place="made"):
    with Study.open(f"{place}/study.db") as study:
        return [(got.params, got.value) for got in study.results]


def test_a_run_leaves_its_files_and_says_what_tuning_gained(call):
    done = call(*TUNE, "--trials", 5)

    assert done.exit_code == 0, done.stderr
    for name in ("best.json", "trials.csv", "model.joblib", "use_model.py", "study.db"):
        assert Path("made", name).is_file()
    assert not list(Path("made").glob(".*"))  # nothing half-written
    assert "16 untouched rows" in done.stdout
    assert "alpha" in done.stdout
    assert "regression of 'price'" in done.stderr
    best = json.loads(Path("made/best.json").read_text())
    assert best["trials"]["done"] == 5
    assert len(pd.read_csv("made/trials.csv")) == 5


def test_the_first_trial_is_the_librarys_default(call):
    call(*TUNE, "--trials", 2)

    assert values()[0][0] == {"alpha": 1.0, "fit_intercept": True}


def test_the_first_trial_is_the_default_for_every_sampler(call):
    call(*TUNE, "--trials", 2, "--sampler", "random")

    assert values()[0][0] == {"alpha": 1.0, "fit_intercept": True}


def test_the_same_command_again_does_nothing_and_shows_the_result(call):
    first = call(*TUNE, "--trials", 4)
    before = Path("made/best.json").stat().st_mtime_ns

    again = call(*TUNE, "--trials", 4)

    assert again.exit_code == 0
    assert "has its 4 trials already" in again.stderr
    assert again.stdout == first.stdout
    assert Path("made/best.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_more_trials_continue_as_if_there_had_been_no_break(call):
    call(*TUNE, "--trials", 3)
    call(*TUNE, "--trials", 6)
    call(*(arg if arg != "made" else "whole" for arg in TUNE), "--trials", 6)

    assert values() == values("whole")
    assert json.loads(Path("made/best.json").read_text())["trials"]["done"] == 6


@pytest.mark.slow
def test_files_that_were_lost_are_written_again_without_new_trials(call):
    call(*TUNE, "--trials", 4)
    Path("made/best.json").unlink()

    assert call(*TUNE, "--trials", 4).exit_code == 0
    assert Path("made/best.json").is_file()
    assert len(values()) == 4


@pytest.mark.slow
def test_the_saved_model_is_the_best_trial_and_its_script_runs(call):
    call(*TUNE, "--trials", 4)
    rows = pd.read_csv("houses.csv")
    best = json.loads(Path("made/best.json").read_text())

    script = Path("made/use_model.py").read_text()
    predicted = pd.read_csv(io.StringIO(python("made/use_model.py")))["predicted price"]
    model = joblib.load("made/model.joblib")

    assert np.allclose(predicted, model.predict(rows))
    assert model.params == best["params"]
    assert np.corrcoef(predicted, rows["price"])[0, 1] > 0.9
    assert len([line for line in script.splitlines() if line]) <= 12


def test_json_is_the_only_thing_on_standard_output(call):
    done = call(*TUNE, "--trials", 3, "--json", "--quiet")

    told = json.loads(done.stdout)
    assert told["params"].keys() == {"alpha", "fit_intercept"}
    assert told["evaluation"]["tuned"]["low"] <= told["evaluation"]["tuned"]["score"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--cv", "4"), "--cv 3, and now it is --cv 4"),
        *(
            pytest.param(changed, said, marks=pytest.mark.slow)
            for changed, said in (
                (("--metric", "mae"), "--metric"),
                (("--seed", "5"), "--seed 0, and now it is --seed 5"),
                (("--test", "0.3"), "--test 0.2"),
                (("--model", "lasso"), "--model ridge"),
                (("--sampler", "grid"), "--sampler auto"),
                (("--scheduler", "race"), "--scheduler full"),
                (("--drop", "town"), "--drop"),
            )
        ),
    ],
)
def test_options_that_change_the_meaning_are_refused(call, changed, said):
    call(*TUNE, "--trials", 2)

    done = call(*TUNE, *changed, "--trials", 4)

    assert done.exit_code == 2
    assert said in done.stderr
    assert len(values()) == 2


@pytest.mark.slow
def test_a_study_from_before_an_option_was_there_is_continued(call):
    call(*TUNE, "--trials", 2)
    with Study.open("made/study.db") as study:
        told = dict(study.history.notes["tuning"])
        del told["scheduler"]
        study.note(tuning=told)

    done = call(*TUNE, "--trials", 3)

    assert done.exit_code == 0, done.stderr
    assert len(values()) == 3


@pytest.mark.slow
def test_changed_data_are_refused(call):
    call(*TUNE, "--trials", 2)
    pd.read_csv("houses.csv").iloc[:70].to_csv("houses.csv", index=False)

    done = call(*TUNE, "--trials", 4)

    assert done.exit_code == 2
    assert "then 80 rows" in done.stderr
    assert "now 70" in done.stderr
    assert len(values()) == 2


@pytest.mark.slow
def test_a_race_skips_folds_and_says_what_to_type_again(call):
    race = (*TUNE, "--cv", "8", "--scheduler", "race", "--sampler", "random")
    done = call(*race, "--trials", 14)

    assert done.exit_code == 0, done.stderr
    with Study.open("made/study.db") as study:
        assert study.history.stopped.sum() >= 1
        assert len(study.history.step) < 14 * 8
        assert str(study.scheduler) == "Race(error=0.05)"
    assert call("resume", "made", "--more", 1).exit_code == 0


@pytest.mark.slow
def test_points_get_few_rows_at_first_and_the_best_of_them_all_rows(call):
    less = (*TUNE, "--cv", "4", "--fidelity", "n_samples:0.25:1", "--sampler", "random")
    done = call(*less, "--trials", 8)

    assert done.exit_code == 0, done.stderr
    assert "12 training rows of a fold at first, and up to 48" in done.stderr
    with Study.open("made/study.db") as study:
        history = study.history
        assert str(history.fidelity) == "n_samples from 12 to 48"
        assert str(study.scheduler).startswith("Auto")
        assert history.budget[0] >= 48  # the default
        assert set(history.budget[1:-1].tolist()) <= {12, 36, 48}
        assert history.budget[:-1].tolist().count(12) >= 4
        assert set(history.step.tolist()) <= {12, 36, 48}
        assert study.best.state == "DONE"
        params = study.best.params
    told = json.loads(Path("made/best.json").read_text())
    assert told["params"] == params
    assert len(told["fit"]["folds_valid"]) == 4
    assert "n_samples:0.25:1" in Path("made/report.md").read_text()
    again = call(*TUNE, "--cv", "4", "--scheduler", "auto", "--sampler", "random", "--trials", 9)
    assert "--fidelity n_samples:0.25:1, and now it is --fidelity (not given)" in again.stderr
    assert call("resume", "made", "--more", 2).exit_code == 0
    with Study.open("made/study.db") as study:
        assert study.history.ended == 10


def test_the_last_trial_gives_all_rows_to_the_best_of_those_with_less():
    def train(trial):
        trial.report(trial.params["x"] ** 2, step=int(trial.budget))
        return trial.params["x"] ** 2

    study = Study(
        luthier.Space(x=luthier.Float(-3, 9)), fidelity=("n_samples", 9, 90), scheduler="asha",
        sampler="random", seed=3,
    )  # fmt: skip
    study.enqueue({"x": 7.5})
    study.run(train, trials=6)
    assert study.best.params == {"x": 7.5}

    give_whole(study)
    study.run(train, trials=7)

    assert study.best.number == 6
    assert study.best.value == min(study.history.value[:, 0])
    give_whole(study)
    assert not study.history.queue  # nothing with less is better now


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--fidelity", "epochs:1"), "Write for example n_samples:0.1:1 or n_estimators:10:300."),
        (("--fidelity", "epochs:1:81"), "there is no parameter 'epochs' of --model ridge"),
        (("--fidelity", "n_samples:1.5:1"), "a share of the training rows"),
        (("--fidelity", "n_samples:0.1.2:1"), "a share of the training rows"),
        (("--fidelity", "n_samples:0.1:1", "--scheduler", "race"), "Take one of auto, asha"),
        (("--scheduler", "asha"), "Add for example --fidelity n_samples:0.1:1"),
    ],
)
def test_a_fidelity_that_makes_no_sense_is_refused(call, given, said):
    done = call(*TUNE, *given)

    assert done.exit_code == 2
    assert said in done.stderr
    assert not Path("made").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        ("--target", "sold", "--model", "tree"),
        ("--target", "sold", "--model", "knn", "--metric", "roc_auc"),
        ("--target", "price", "--model", "svm", "--group", "street"),
        ("--target", "price", "--model", "ridge", "--time-column", "street"),
        ("--target", "price", "--model", "ridge", "--cv", "1"),
        ("--target", "price", "--model", "ridge", "--test", "other.csv"),
        ("--target", "price", "--model", "ridge", "--valid", "other.csv"),
        ("--target", "sold", "--model", "any", "--cv", "2"),
        ("--target", "price", "--model", "lasso", "--sampler", "grid"),
    ],
)
def test_kinds_of_split_model_and_sampler_run_to_the_end(call, more):
    pd.read_csv("houses.csv").iloc[5:45].to_csv("other.csv", index=False)

    done = call("tune", "houses.csv", *more, "--trials", 3, "--out", "made")

    assert done.exit_code == 0, done.stderr
    assert json.loads(Path("made/best.json").read_text())["trials"]["done"] == 3


@pytest.mark.slow
def test_any_estimator_runs_with_a_space_of_ones_own(call):
    Path("space.toml").write_text("[var_smoothing]\nfloat = [1e-12, 1e-3]\nlog = true\n")
    estimator = "sklearn.naive_bayes.GaussianNB"

    done = call("tune", "houses.csv", "-t", "sold", "-m", estimator, "--space", "space.toml",
                "--trials", 3)  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert Path("luthier-houses-GaussianNB/best.json").is_file()


@pytest.mark.slow
def test_two_jobs_lose_and_double_nothing(call):
    done = call(*TUNE, "--trials", 6, "--jobs", 2)

    assert done.exit_code == 0, done.stderr
    found = [tuple(params.items()) for params, _ in values()]
    assert len(set(found)) == len(found) == 6


@pytest.mark.slow
def test_time_ends_a_run_without_trials(call):
    done = call(*TUNE, "--time", "1s")

    assert done.exit_code == 0, done.stderr
    assert "seconds are over" in done.stderr
    assert len(values()) >= 2


@pytest.mark.slow
def test_resume_goes_on_with_the_options_of_the_run(call):
    call(*TUNE, "--trials", 3)

    done = call("resume", "made", "--more", 2)

    assert done.exit_code == 0, done.stderr
    assert len(values()) == 5


@pytest.mark.slow
def test_resume_from_inside_the_directory_finds_the_data(call, monkeypatch):
    call(*TUNE, "--trials", 3)
    monkeypatch.chdir("made")

    done = call("resume", "--trials", 4)

    assert done.exit_code == 0, done.stderr
    assert len(values(".")) == 4


@pytest.mark.slow
def test_the_log_holds_no_absolute_path(call, here):
    call(*TUNE, "--trials", 2)

    with Study.open("made/study.db") as study:
        assert str(here) not in json.dumps(study.history.notes)


@pytest.mark.slow
def test_the_report_names_the_command_that_reproduces_it(call):
    call(*TUNE, "--trials", 3, "--drop", "town")

    text = Path("made/report.md").read_text()
    command = "luthier tune houses.csv --target price --model ridge --cv 3 --drop town --trials 3"
    assert command in text
    assert "untouched" in text


@pytest.mark.slow
def test_a_file_that_a_killed_run_left_half_written_is_cleared(call):
    call(*TUNE, "--trials", 2)
    Path("made/.luthier-abc.csv").write_text("half")
    call(*TUNE, "--trials", 3)

    assert not list(Path("made").glob(".luthier-*"))


@pytest.mark.slow
def test_show_tells_what_tuning_gained_from_the_log_alone(call):
    call(*TUNE, "--trials", 3)
    Path("made/best.json").unlink()

    assert "gain of tuning" in call("show", "made").stdout


@pytest.mark.slow
def test_demo_ends_with_its_table_and_says_so_the_second_time(call):
    first = call("demo", "--trials", 4, "--jobs", 1)
    again = call("demo", "--trials", 4, "--jobs", 1)

    assert first.exit_code == again.exit_code == 0, first.stderr
    assert "gain of tuning" in first.stdout
    assert "4 trials already" in again.stderr
    assert again.stdout == first.stdout
    assert python("luthier-demo/use_model.py").startswith("[")
