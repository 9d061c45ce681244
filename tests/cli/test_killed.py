"""`luthier tune` killed at random moments and typed again."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time

import pytest

from luthier import Study
from luthier.history import State

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


def started(folder, process):
    """Wait until the first trial has been asked for."""
    while process.poll() is None:
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{folder}/study.db?mode=ro", uri=True)
            ) as db:
                if db.execute("SELECT 1 FROM luthier_event WHERE kind = 'created'").fetchone():
                    return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The data, the trials of a run that nobody disturbed, and how long these took."""
    from sklearn.datasets import load_breast_cancer

    base = tmp_path_factory.mktemp("killed")
    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "class"})
    frame.to_csv(base / "cells.csv", index=False)
    process = subprocess.Popen(command(base / "whole", 1))
    started(base / "whole", process)
    began = time.monotonic()
    assert process.wait(timeout=300) == 0
    return base, finished(base / "whole"), time.monotonic() - began


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("jobs", [1, 2])
def test_kills_lose_and_double_nothing(whole, jobs):
    base, (draws, made), seconds = whole
    chance = random.Random(jobs)
    unfinished = lost = 0
    for run in range(RUNS):
        folder = base / f"jobs{jobs}-run{run}"
        process = subprocess.Popen(command(folder, jobs))
        started(folder, process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0, 0.7) * seconds)
        process.kill()
        process.wait()
        with contextlib.closing(sqlite3.connect(f"file:{folder}/study.db?mode=ro", uri=True)) as db:
            ended = "SELECT count(*) FROM luthier_event WHERE kind = 'finished'"
            unfinished += db.execute(ended).fetchone()[0] < TRIALS
        subprocess.run(command(folder, jobs), check=True, timeout=300)

        got_draws, got = finished(folder)
        assert got_draws == draws == list(range(TRIALS))
        assert {state for state, _, _ in got} == {"DONE"}
        if jobs == 1:  # with two the order of results decides what is proposed
            assert got == made
        with Study.open(folder / "study.db") as study:
            lost += study.history.counts[State.LOST]
    print(f"{jobs} jobs: {unfinished} of {RUNS} killed before the end, {lost} trials lost")
    assert unfinished
