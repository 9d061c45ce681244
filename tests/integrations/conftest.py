"""What the tests of training loops share: a script that is killed in mid-training and run again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The script's training loop calls `tick(step)` for each step that was trained. The first run ends
# by kill -9 while the checkpoint of step KILL_AT is being written: all of its files are there, and
# it has not been put in its place.
HEAD = """
import os, signal, sys
from pathlib import Path
from luthier import Choice, Float, Int, Space, Study
from luthier.integrations import steps as _steps

def tick(step):
    with open("ticks.txt", "a") as file:
        file.write(f"{step}\\n")

_put = os.replace
def _replace(source, target):
    at = os.environ.get("KILL_AT")
    if at and Path(target).name == f"step-{int(at):08d}":
        os.kill(os.getpid(), signal.SIGKILL)
    _put(source, target)
_steps.os.replace = _replace
"""
TAIL = """
with Study(space, store="study.db", seed=3, **settings) as study:
    study.run(objective, trials=1)
    print("value", study.best.value, "lost", int(study.history.lost.sum()))
"""


@pytest.fixture
def killed_and_resumed(tmp_path):
    """Run a script until it is killed, run it again; the steps that each of the two trained."""

    def run(body, kill_at, **more):
        script = tmp_path / "train.py"
        script.write_text(HEAD + body + TAIL)
        ticks = tmp_path / "ticks.txt"
        runs = []
        for at in (str(kill_at), ""):
            environment = {**os.environ, **more, "KILL_AT": at, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                [sys.executable, str(script)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == (-9 if at else 0), done.stderr
            runs.append([int(line) for line in ticks.read_text().split()])
            ticks.unlink()
        assert " lost 1" in done.stdout
        return runs

    return run


@pytest.fixture
def trial_of(tmp_path):
    """Makes trials by hand: what they were told, and a parent's folder to go on from."""
    from dataclasses import replace

    from luthier.history import Objective
    from luthier.space import Space
    from luthier.trial import Task, Trial

    class Line:
        def __init__(self, stop_at):
            self.reports, self.stop_at = [], stop_at

        def report(self, number, step, loss, metrics):
            self.reports.append((step, *loss))
            return self.should_stop(number)

        def should_stop(self, number):
            return bool(self.reports) and self.reports[-1][0] >= self.stop_at

        def note(self, number, facts):
            pass

    def make(number=0, *, parent=None, maximize="", stop_at=float("inf"), **settings):
        objective = Objective(maximize, True) if maximize else Objective("loss")
        task = Task(number, 0, {}, Space(), (objective,), folder=str(tmp_path / f"{number:05d}"))
        if parent is not None:
            folder = None if parent.task.folder is None else str(Path(parent.task.folder))
            task = replace(task, parent=parent.number, parent_folder=folder)
        return Trial(replace(task, **settings), Line(stop_at))

    return make
