"""`luthier tune` killed at random moments and typed again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from luthier import Study

RUNS = int(os.environ.get("LUTHIER_KILLS", "3"))
TRIALS = 12


def command(folder, jobs):
    return [
        sys.executable,
        "-c",
        "from luthier.cli import main; main()",
        *("tune", str(folder.parent / "cells.csv"), "--target", "class", "--model", "svm"),
        *("--trials", str(TRIALS), "--cv", "3", "--seed", "4", "--quiet"),
        *("--jobs", str(jobs), "--out", str(folder)),
    ]


def finished(folder):
    """What the trials that count came to, in the order of their draws."""
    with Study.open(folder / "study.db") as study:
        rows = [i for i, lost in enumerate(study.history.lost) if not lost]
        rows.sort(key=lambda i: int(study.history.draw[i]))
        draws = [int(study.history.draw[i]) for i in rows]
        made = [(study[i].state, study[i].params, study[i].value) for i in rows]
    return draws, made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The data, and the trials of a run that nobody disturbed."""
    from sklearn.datasets import load_breast_cancer

    base = tmp_path_factory.mktemp("killed")
    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "class"})
    frame.to_csv(base / "cells.csv", index=False)
    started = time.monotonic()
    subprocess.run(command(base / "whole", 1), check=True, timeout=300)
    return base, finished(base / "whole"), time.monotonic() - started


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("jobs", [1, 2])
def test_kills_lose_and_double_nothing(whole, jobs):
    base, (draws, made), seconds = whole
    chance = random.Random(jobs)
    hit = 0
    for run in range(RUNS):
        folder = base / f"jobs{jobs}-run{run}"
        process = subprocess.Popen(command(folder, jobs))
        try:
            process.wait(timeout=chance.uniform(0.1, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            hit += (folder / "study.db").exists()
        subprocess.run(command(folder, jobs), check=True, timeout=300)

        got_draws, got = finished(folder)
        assert got_draws == draws == list(range(TRIALS))
        assert [params for _, params, _ in got] == [params for _, params, _ in made]
        assert got == made  # also with two jobs: each trial is seeded by its draw
    assert hit or RUNS < 3
