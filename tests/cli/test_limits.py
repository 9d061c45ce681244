"""Limits from the command line."""

from pathlib import Path

import pytest

from luthier import Study

HARM = """
import time

def objective(trial):
    x = trial.float("x", -3, 9)
    if trial.number == 1:
        time.sleep(300)
    if trial.number == 2:
        held = [b"x" * 4_000_000 for _ in range(1000)]
    return x * x
"""


@pytest.mark.slow
def test_limits_end_trials_and_the_run_goes_on(call):
    Path("harm.py").write_text(HARM)

    done = call("run", "harm.py:objective", "--trials", 5, "--limit-time", "3s",
                "--limit-memory", "250MB", "--sampler", "random")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    with Study.open("luthier.db") as study:
        kinds = [trial.error and trial.error["kind"] for trial in study.results]
    assert kinds == [None, "TimeLimit", "MemoryLimit", None, None]


@pytest.mark.slow
def test_who_resumes_keeps_the_limits_and_may_give_others(call):
    Path("harm.py").write_text(HARM)
    call("run", "harm.py:objective", "--trials", 1, "--limit-time", "3s", "--sampler", "random")

    kept = call("resume", "luthier.db", "--trials", 2)
    other = call("resume", "luthier.db", "--trials", 3, "--limit-memory", "250MB")

    assert (kept.exit_code, other.exit_code) == (0, 0)
    with Study.open("luthier.db") as study:
        kinds = [trial.error and trial.error["kind"] for trial in study.results]
        assert study.history.notes["method"]["limit of a trial"] == {"memory": "250MB"}
    assert kinds == [None, "TimeLimit", "MemoryLimit"]


@pytest.mark.slow
def test_as_many_jobs_as_there_is_room_for(call):
    done = call("tune", "houses.csv", "--target", "price", "--model", "ridge", "--trials", 6,
                "--jobs", "auto", "--sampler", "random", "--out", "made")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    with Study.open("made/study.db") as study:
        assert study.history.done.sum() == 6
