"""The benchmark of honest figures runs, goes on where it stopped, and knows the truth."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


@pytest.mark.slow
def test_the_command_runs_and_reports_and_goes_on_where_it_stopped(tmp_path):
    out = tmp_path / "runs.jsonl"

    def command(*words):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.honesty", "--cases", "diabetes-*", "--nested", "1",
             "--out", str(out), *words],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("--seeds", "1")
    first = out.read_text()
    shown = command("--seeds", "2")

    assert out.read_text().startswith(first)
    assert [json.loads(line)["seed"] for line in out.read_text().splitlines()] == [100, 101]
    assert "2 searches on 1 cases" in shown
    assert "| diabetes-120 | 6 |" in shown
    assert "nested cross-validation" in shown


def test_truth_is_the_score_of_the_refitted_winner_on_untouched_rows():
    from benchmarks.honesty import cases, search

    case = cases.CASES["diabetes-120"]
    part = cases.sample(case, 5)
    candidate = cases.candidates(case.models)[9]

    from luthier.estimate import measure

    got = search.truth(case, part, candidate, measure("r2", part.y))

    assert got == pytest.approx(candidate.fit(part.X, part.y).score(part.X_new, part.y_new))
    assert len(part.y) == 120
    assert len(part.y_new) == 442 - 120


def test_grouped_rows_stay_together_and_untouched_rows_are_other_groups():
    from benchmarks.honesty import cases, search

    case = cases.CASES["clustered-200"]
    part = cases.sample(case, 6)

    fold = search.split(case, part, 6)

    assert all(len(set(fold[part.groups == g])) == 1 for g in np.unique(part.groups))
    assert len(part.y) % 8 == 0  # so no group is cut between training and untouched rows


def test_the_report_measures_what_it_says():
    from benchmarks.honesty import report

    told = {
        "truth": 0.7, "gained": 0.1, "naive": [0.75], "honest": [0.69, 0.6, 0.72],
        "folds": [0.69, 0.71, 0.8], "bbc": [0.68, 0.6, 0.9], "tibshirani": [0.66],
        "gain honest": [0.12, 0.05, 0.2, 0.01, 0.1], "gain folds": [0.1, 0.0, 0.2, 0.3, 0.1],
        "gain finalists": [0.1, 0.05, 0.2, 0.3, -0.1],
    }  # fmt: skip

    row = report.rows([{"case": "x", "seed": 1, "metrics": {"accuracy": told}}])[0]

    assert row.errors["naive"] == pytest.approx(5.0)
    assert row.inside == {"honest": True, "folds": False, "bbc": True}
    assert row.gains["honest"] == (pytest.approx(2.0), True)
    assert row.alarms["finalists"] == (0.3, pytest.approx(-10.0))


def test_errors_of_runs_that_share_rows_count_once():
    from benchmarks.honesty import report

    made = [report.Row("x", seed, "m", {"a": e}, {}, {}, {})
            for seed, e in ((1, 3.0), (1, 3.0), (2, -1.0), (2, -1.0))]  # fmt: skip

    mean, error = report.mean_of_runs(made, lambda row: row.errors["a"])

    assert mean == pytest.approx(1.0)
    assert error == pytest.approx(np.sqrt(2 * 16) / 4)


def test_luck_of_rows_is_what_models_of_folds_score_on_them_beyond_untouched_rows():
    from benchmarks.honesty import cases, luck, search
    from sklearn.metrics import mean_squared_error

    case = cases.CASES["diabetes-120"]
    only = cases.candidates(case.models)[9]

    part = cases.sample(case, 5)
    fold = search.split(case, part, 5)
    got = luck.luck(case, part, fold, *luck.predictions([only] * 4, part, fold, luck.ROWS))

    said, true = [], []
    for k in range(case.folds):
        model = only.fit(part.X[fold != k], part.y[fold != k])
        said += list((model.predict(part.X[fold == k]) - part.y[fold == k]) ** 2)
        true.append(mean_squared_error(part.y_new, model.predict(part.X_new)))
    want = (np.mean(true) - np.mean(said)) / np.mean(true)
    assert got == {"neg_mean_squared_error": pytest.approx(want)}


def test_what_luck_explains_is_taken_off():
    from benchmarks.honesty import report

    rng = np.random.default_rng(4)
    luck = rng.normal(size=200)
    error = -0.7 + 3 * luck + 0.5 * rng.normal(size=200)
    made = [report.Row("x", i, "m", {"honest": e}, {}, {}, {}, v)
            for i, (e, v) in enumerate(zip(error, luck, strict=True))]  # fmt: skip
    without = report.Row("y", 7, "m", {"honest": 40.0}, {}, {}, {})

    mean, spread = report.mean_of_runs(
        report.less_luck([*made, without]), lambda row: row.errors["honest"]
    )

    assert abs(mean + 0.7) < 4 * 0.5 / np.sqrt(200)
    assert spread == pytest.approx(0.5 / np.sqrt(200), rel=0.3)
