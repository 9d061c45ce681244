"""The run loop over every kind of executor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import psutil
import pytest

from luthier import Choice, Float, Space, Study, tune
from luthier.errors import StudyError

SPACE = Space(x=Float(-3, 9), k=Choice("a", "b"))


def objective(trial):
    for fold in range(3):
        trial.report(trial.params["x"] + fold, fold)
    trial.note(kind=trial.params["k"])
    return trial.params["x"]


def mean(trial):
    if trial.task.draw == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if trial.task.draw == 7:
        sys.exit(3)
    return objective(trial)


def executors():
    yield "inline", lambda: None
    yield "two children", lambda: 2
    yield "threads", lambda: ThreadPoolExecutor(3)
    yield "processes", lambda: ProcessPoolExecutor(2)
    yield "a factory", lambda: lambda: ThreadPoolExecutor(2)


@pytest.mark.parametrize("make", [pytest.param(m, id=name) for name, m in executors()])
def test_every_executor_gives_the_same_log(make):
    study = Study(SPACE, sampler="random", seed=3).run(objective, trials=12, executor=make())

    assert [r.state for r in study.results] == ["DONE"] * 12
    assert [r.value for r in study.results] == [r.params["x"] for r in study.results]
    assert all(r.facts == {"kind": r.params["k"]} for r in study.results)
    for row in range(12):
        steps, losses = study.history.curve(row)
        assert steps.tolist() == [0, 1, 2]
        assert losses[:, 0].tolist() == [study[row].params["x"] + fold for fold in range(3)]
    alone = Study(SPACE, sampler="random", seed=3).run(objective, trials=12)
    assert sorted(r.value for r in study.results) == sorted(r.value for r in alone.results)


def pid(trial):
    return os.getpid()


def test_one_job_runs_in_this_process():
    study = Study(SPACE, sampler="random").run(pid, trials=2, jobs=1)

    assert {trial.value for trial in study.results} == {os.getpid()}


@pytest.mark.slow
def test_several_jobs_run_in_processes_of_our_own():
    study = tune(pid, SPACE, sampler="random", trials=4, jobs=2)

    assert os.getpid() not in {trial.value for trial in study.results}


@pytest.mark.slow
def test_a_child_that_dies_costs_one_trial():
    study = Study(SPACE, sampler="random").run(mean, trials=14, jobs=2)

    failed = {r.number: r.error["kind"] for r in study.results if r.state == "FAILED"}
    assert failed == {5: "ProcessDied", 7: "SystemExit"}
    assert len(study) == 14


def test_a_pool_that_breaks_is_rebuilt_and_its_trials_are_tried_again():
    study = Study(SPACE, sampler="random", retries=1)

    study.run(mean, trials=14, executor=ProcessPoolExecutor(2))

    ended = {r.number: r for r in study.results if r.state != "LOST"}
    assert len(ended) == 14
    causes = [r.error["kind"] for r in ended.values() if r.state == "FAILED"]
    assert sorted(causes) == ["PoolBroken", "SystemExit"]
    lost = [r for r in study.results if r.state == "LOST"]
    assert lost
    assert {r.parent for r in study.results} >= {r.number for r in lost}


@pytest.mark.slow
def test_no_child_outlives_a_killed_driver(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from luthier import Float, Space, Study
        def slow(trial):
            open(sys.argv[1] + str(trial.number), "w").write(str(__import__("os").getpid()))
            time.sleep(600)
        Study(Space(x=Float(-3, 9))).run(slow, trials=2, executor=2)
        """
    )
    base = str(tmp_path / "pid")
    driver = subprocess.Popen([sys.executable, "-c", script, base])
    paths = [tmp_path / "pid0", tmp_path / "pid1"]
    _wait(lambda: all(p.exists() and p.read_text() for p in paths))
    pids = [int(p.read_text()) for p in paths]
    driver.kill()
    driver.wait()

    _wait(lambda: not any(map(psutil.pid_exists, pids)))


def _wait(condition):
    end = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_ctrl_c_ends_children_at_once_and_their_trials_are_tried_again(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from luthier import Float, Space, Study
        def slow(trial):
            if trial.number > 2:
                open(sys.argv[1] + f".{trial.number}", "w").close()
                time.sleep(600)
            return trial.params["x"]
        study = Study(Space(x=Float(-3, 9)), store=sys.argv[1])
        study.run(slow, trials=9, executor=2)
        print(study.ended)
        """
    )
    store = tmp_path / "s.db"
    driver = subprocess.Popen(
        [sys.executable, "-c", script, str(store)], stdout=subprocess.PIPE, text=True
    )
    _wait((tmp_path / "s.db.4").exists)
    driver.send_signal(signal.SIGINT)
    told, _ = driver.communicate(timeout=100)

    assert "Ctrl-C" in told
    study = Study.open(store)
    assert [r.state for r in study.results] == ["DONE"] * 3 + ["LOST"] * 2
    study.run(lambda trial: trial.params["x"], trials=9)
    assert study.history.ended == 9
    assert sorted(study.history.draw[~study.history.lost].tolist()) == list(range(9))
    study.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"trials": 0}, "trials must be a whole number >= 1, got 0"),
        ({"trials": 2.5}, "trials must be a whole number >= 1, got 2.5"),
        ({"trials": True}, "trials must be a whole number >= 1, got True"),
        ({"seconds": -1}, "seconds must be a number above 0, got -1"),
        ({"seconds": "10m"}, "Ten minutes are seconds=600"),
        ({"trials": 3, "more": 2}, "Give one of them"),
        ({"patience": 0, "trials": 5}, "patience must be a whole number"),
        ({"until": "good"}, "a value of the objective or a function"),
        ({}, "there is no limit, and the space has no end"),
        ({"trials": 3, "executor": 0}, "executor"),
        ({"trials": 3, "executor": "dask"}, "executor"),
        ({"trials": 3, "progress": 3}, r"True, False or an object with update\(\)"),
        ({"trials": 3, "fixed": 3}, "fixed: expected a dict from names to values, got 3"),
        ({"trials": 3, "jobs": 0}, r'jobs must be a whole number >= 1, or "auto".*got 0'),
        ({"trials": 3, "jobs": -1}, r'or "auto" for as many as the machine has room for, got -1'),
        ({"trials": 3, "jobs": "4"}, r"got '4'"),
        ({"trials": 3, "jobs": True}, r"got True"),
        ({"trials": 3, "jobs": ThreadPoolExecutor}, r"that makes one, is executor="),
        ({"trials": 3, "jobs": 2, "executor": ThreadPoolExecutor}, r"Give one of them"),
    ],
)
def test_limits_that_make_no_sense_are_refused_before_anything_runs(arguments, words):
    study = Study(SPACE)

    with pytest.raises(StudyError, match=words):
        study.run(objective, **arguments)

    assert len(study) == 0


def test_an_objective_must_be_callable():
    with pytest.raises(StudyError, match="must be a function of a trial, got 3"):
        Study(SPACE).run(3, trials=1)


def test_an_objective_that_cannot_be_sent_is_refused_before_anything_runs():
    import threading

    lock = threading.Lock()
    study = Study(SPACE)

    with pytest.raises(StudyError, match=r"(?i)pickle"):
        study.run(lambda trial: bool(lock) + 1.0, trials=1, executor=2)

    assert len(study) == 0


def test_a_watcher_follows_the_run():
    class Watch:
        def __init__(self):
            self.seen, self.end = [], ""

        def update(self, history):
            self.seen.append(history.ended)

        def close(self, history, ended):
            self.end = ended

    watch = Watch()
    Study(SPACE).run(objective, trials=4, progress=watch)

    assert watch.seen == [1, 2, 3, 4]
    assert "has its 4 trials" in watch.end


def test_a_trial_that_cannot_be_sent_is_tried_again_in_a_later_run():
    import threading

    space = Space(x=Float(-3, 9), k=Choice(threading.Lock(), threading.Lock()))
    study = Study(space, sampler="random")
    with pytest.raises(StudyError, match=r"(?i)pickle"):
        study.run(objective, trials=3, executor=2)
    assert [r.state for r in study.results] == ["LOST"]

    study.run(lambda trial: trial.params["x"], trials=3)

    assert study.history.ended == 3
    assert study[1].parent == 0


def test_an_objective_that_raises_keyboardinterrupt_in_a_child_is_not_tried_for_ever():
    def objective(trial):
        if trial.task.draw == 1:
            raise KeyboardInterrupt
        return 1.0

    study = Study(SPACE, retries=1).run(objective, trials=3, executor=2)

    states = [r.state for r in study.results]
    assert sorted(states) == ["DONE", "DONE", "FAILED", "LOST"]
