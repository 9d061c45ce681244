"""Limits on trials, kept against objectives that mean harm."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

import hostile
import psutil
import pytest
from objectives import Recorder, task

from luthier import Float, Limit, Space, Study, tune
from luthier.errors import StudyError
from luthier.run import clock, guard, kept, tree, watch
from luthier.run.guard import Child
from luthier.run.shipping import ship
from luthier.run.watch import Watch, Watched

SPACE = Space(x=Float(-3, 9))
MB = 10**6


@contextmanager
def child_of(objective, limit, **how):
    child = Child(ship(objective, "the objective"), 2, limit, **how)
    try:
        yield child
    finally:
        child.close(time.monotonic() + 1)


def run(child, unwanted=lambda: False, **raw):
    one = task(3, **raw)
    return child.run(one, ship(one, "the task"), Recorder(), unwanted)


@pytest.fixture(autouse=True)
def named(monkeypatch):
    """Tells the processes of a test from those of others."""
    monkeypatch.setenv("TEST_OF_LIMITS", secrets.token_hex(8))


def left():
    """Processes of a test's children that are there still, but those that nobody has reaped."""
    found = []
    for process in psutil.process_iter():
        try:
            around = process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
        except psutil.Error:
            continue
        ours = around.get("TEST_OF_LIMITS") == os.environ["TEST_OF_LIMITS"]
        if ours and tree.MARK in around:
            found.append(process.pid)
    return found


def none_left():
    end = time.monotonic() + 60  # what is left would be there for 300
    while time.monotonic() < end:
        if not left():
            return True
        time.sleep(0.02)
    return False


def spawned():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


PLACES = {
    "inline": lambda: None,
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: spawned,
}
LIMIT = Limit(seconds=120, memory="150MB", disk="30MB")
SHORT = Limit(seconds=1.5)
HARM = {  # and what comes of it under the first limit; a busy machine may take its time
    "takes_10_gigabytes": "MemoryLimit",
    "forks_children_that_take_memory": "MemoryLimit",
    "writes_5_gigabytes": "DiskLimit",
    "kills_its_keeper": "ProcessDied",
    "leaves_a_daemon_and_dies": "ProcessDied",
    "crashes": "ProcessDied",
    "leaves_a_daemon": None,
}
LATE = [  # what the second limit ends
    "forks_50_children",
    "ignores_sigterm",
    "sleeps",
    "holds_the_lock",
    "starts_a_daemon",
    "starts_programs",
]


def hostile_or_not(names, trial):
    """Trials take turns: one works, one means harm."""
    name = names[trial.number // 2] if trial.number % 2 else "works"
    return getattr(hostile, name)(trial)


def suffered(names, place, folder, limit=LIMIT):
    """What came of hostile trials, by name."""
    study = Study(SPACE, sampler="random", folder=folder)
    objective = partial(hostile_or_not, names)
    study.run(objective, trials=2 * len(names), limit=limit, executor=PLACES[place]())

    assert none_left()
    assert [study[n].state for n in range(0, len(study), 2)] == ["DONE"] * len(names)
    return dict(zip(names, (study[n] for n in range(1, len(study), 2)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_trials_that_take_too_long_fail_alone_and_leave_nothing(place, tmp_path):
    harm = suffered(LATE, place, tmp_path, SHORT)

    assert {trial.error["kind"] for trial in harm.values()} == {"TimeLimit"}
    assert min(trial.seconds for trial in harm.values()) >= 1.5


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_hostile_trials_fail_alone_and_leave_nothing(place, tmp_path):
    harm = suffered(list(HARM), place, tmp_path)

    assert {name: trial.error and trial.error["kind"] for name, trial in harm.items()} == HARM
    for name, kind in HARM.items():
        if kind == "MemoryLimit":  # how far beyond depends on how soon the driver may look
            assert 150 * MB < harm[name].used["memory"] < 3000 * MB
    assert harm["crashes"].used["exit"] == -signal.SIGSEGV
    assert harm["crashes"].used["output"] == "about to crash"
    assert "in crashes" in harm["crashes"].error["traceback"]
    assert "Extension modules" not in harm["crashes"].error["traceback"]
    assert tree.held(str(tmp_path)) < 3000 * MB


@pytest.mark.slow
def test_a_limit_below_what_python_takes_is_said_to_be_too_low():
    study = Study(SPACE, sampler="random").run(hostile.works, trials=1, limit=Limit(memory="3MB"))

    assert study[0].error["kind"] == "MemoryLimit"
    assert "before the objective was called, and the limit is 3 MB" in study[0].error["message"]
    assert "no trial can run with that" in study[0].error["message"]


def test_a_trial_that_takes_too_much_memory_fails_alone(tmp_path):
    trial = suffered(["takes_10_gigabytes"], "inline", tmp_path)["takes_10_gigabytes"]

    assert (trial.state, trial.error["kind"]) == ("FAILED", "MemoryLimit")
    assert "its limit is 150 MB" in trial.error["message"]


@pytest.mark.slow
def test_a_gigabyte_of_output_fills_nothing(capfd):
    with child_of(hostile.prints_a_gigabyte, Limit(memory="150MB", seconds=120)) as child:
        got = run(child)

    assert (got["state"], got["loss"]) == ("DONE", [2.5])
    assert got["output"].endswith("the last line")
    assert len(got["output"]) <= 2000
    assert len(capfd.readouterr().err) < 200_000


def by_number(trial):
    return NAMED[trial.number](trial)


NAMED = [hostile.works, hostile.shares_memory, hostile.peaks, hostile.works]


@pytest.mark.slow
def test_memory_counts_once_where_it_is_shared_and_peaks_count_however_short():
    limit = Limit(memory=300 * MB, seconds=60)

    study = tune(by_number, SPACE, sampler="random", trials=4, limit=limit)

    assert [study[n].state for n in range(4)] == ["DONE"] * 4
    assert 80 * MB < study[1].used["memory"] < 300 * MB
    assert 120 * MB < study[2].used["memory"] < 300 * MB
    assert study[3].used["memory"] < 120 * MB


def test_a_short_peak_breaks_a_limit_that_no_look_saw_broken(monkeypatch):
    monkeypatch.setattr(Watch, "_look", lambda watch, trial: 0.05)

    with child_of(hostile.peaks, Limit(memory=100 * MB)) as child:
        got = run(child)

    assert (got["state"], got["error"]["kind"]) == ("FAILED", "MemoryLimit")
    assert "loss" not in got
    assert "its limit is 100 MB" in got["error"]["message"]


def test_a_trial_that_listens_stops_in_time_and_its_reports_remain(monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 60)  # on a busy machine it may listen late

    study = tune(hostile.listens, SPACE, sampler="random", trials=1, limit=Limit(seconds=0.3))

    assert study[0].state == "FAILED"
    assert study[0].error["kind"] == "TimeLimit"
    assert "0.3 s were over" in study[0].error["message"]
    assert len(study.history.curve(0)[0])


def test_a_trial_that_a_scheduler_stopped_in_its_last_moment_broke_no_limit():
    class Stopping:
        def should_stop(self, number):
            return True

        report = note = None

    trial = watch.Watched(None, asked=True)

    assert guard._Asked(Stopping(), trial).should_stop(3)
    assert not trial.heard


@pytest.mark.slow
def test_the_time_of_a_trial_does_not_hold_what_it_takes_to_load_the_objective():
    class Slow:
        def __reduce__(self):
            return _load_slowly, ()

    with child_of(Slow(), Limit(seconds=3)) as child:
        got = run(child)

    assert got["state"] == "DONE"
    assert got["seconds"] < 3


def _load_slowly():
    time.sleep(4)
    return hostile.works


@pytest.mark.slow
def test_a_child_is_kept_while_it_is_healthy_and_not_after():
    held = []

    def hoards(trial):
        if trial.params["x"] == 1:
            held.append(b"x" * 100 * MB)
        return os.getpid()

    with child_of(hoards, Limit(memory=300 * MB)) as child:
        first, second, leaky, fresh = (run(child, x=x)["loss"][0] for x in (0, 0, 1, 0))

    assert first == second == leaky != fresh


def test_ctrl_c_in_a_worker_of_a_pool_loses_the_trial_and_spoils_no_later_one():
    class Interrupting(Recorder):
        def report(self, *told):
            raise KeyboardInterrupt

    def reports(trial):
        trial.report(trial.params["x"], step=1)
        return trial.params["x"]

    def call(line, x):
        one = ship(task(3, x=x), "the task")
        told = kept.run(ship(reports, "the objective"), one, Limit(), line, lambda: False)
        return json.loads(told)

    first, second = call(Interrupting(), 1.5), call(Recorder(), 2.5)

    assert (first["state"], first["error"]["kind"]) == ("LOST", "Interrupted")
    assert (second["state"], second["loss"]) == ("DONE", [2.5])


def test_what_it_prints_is_kept_by_trial_and_without_the_steps_of_a_bar():
    def prints(trial):
        print("trial", trial.params["x"], flush=True)
        for i in range(30):
            print(f"\rbar {i}", end="", file=sys.stderr)
        return 1.5

    with child_of(prints, Limit()) as child:
        outputs = [run(child, x=x)["output"] for x in (4.5, 5.5)]

    assert outputs == ["trial 4.5\nbar 29", "trial 5.5\nbar 29"]


@pytest.mark.slow
def test_processor_time_of_processes_that_it_starts_counts():
    def burns(trial):
        if trial.params["x"]:
            if os.fork() == 0:
                end = time.process_time() + 0.4
                while time.process_time() < end:
                    pass
                os._exit(0)
            os.wait()
        return 1.5

    with child_of(burns, Limit()) as child:
        idle, busy = (run(child, x=x)["cpu"] for x in (0, 1))

    assert idle < 0.4 <= busy < 4


def test_cores_bound_threads_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")

    def objective(trial):
        return {
            "loss": int(os.environ["OMP_NUM_THREADS"]),
            "blas": os.environ["OPENBLAS_NUM_THREADS"],
            "bound": sorted(os.sched_getaffinity(0)),
            "gpus": os.environ["CUDA_VISIBLE_DEVICES"],
        }

    limit = Limit(cores=1)
    with child_of(objective, limit, environment={"CUDA_VISIBLE_DEVICES": "3"},
                  processors=[max(os.sched_getaffinity(0))]) as child:  # fmt: skip
        got = run(child)

    assert got["loss"] == [1.0]
    assert got["metrics"] == {
        "blas": "1", "bound": [max(os.sched_getaffinity(0))], "gpus": "3"
    }  # fmt: skip


def meets(trial):
    """Waits until as many trials run as there are devices for, and tells which it has."""
    time.sleep(0.3)
    return {"loss": 1.5, "device": os.environ["CUDA_VISIBLE_DEVICES"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gpus", "at_once", "devices"),
    [
        (1, 2, {"4", "7"}),
        (0, 2, {""}),
        (2, 1, {"4,7"}),
        (0.5, 3, {"4", "7"}),
    ],
)
def test_gpus_are_handed_out_whole_or_by_share(gpus, at_once, devices, monkeypatch):
    monkeypatch.setenv("LUTHIER_GPUS", "4,7")

    study = Study(SPACE, sampler="random")
    study.run(meets, trials=at_once, executor=at_once, limit=Limit(gpus=gpus))

    assert {trial.metrics["device"] for trial in study.results} == devices


@pytest.mark.parametrize(
    ("limit", "executor", "said"),
    [
        (Limit(gpus=1), 3, r"jobs=2"),
        (Limit(gpus=0.5), 5, r"jobs=4"),
        (Limit(gpus=3), None, r"smaller number"),
        (Limit(gpus=1), spawned, r"Give a number"),
        (Limit(cores=1000, pin=True), None, r"leave pin out"),
        (60, None, r"limit=Limit\(seconds=60"),
    ],
)
def test_what_cannot_be_handed_out_is_said_before_anything_runs(limit, executor, said, monkeypatch):
    monkeypatch.setenv("LUTHIER_GPUS", "4,7")

    with pytest.raises(StudyError, match=said):
        tune(hostile.works, SPACE, trials=3, executor=executor, limit=limit)


class Jumps:
    """The clock of a run, a thousand seconds ahead once a file is there."""

    def __init__(self, file):
        self.file, self.process_time = file, time.process_time

    def monotonic(self):
        return time.monotonic() + 1000 * self.file.exists()


def hangs_once(file, trial):
    if trial.number != 3:  # two at a time or not, others have ended then
        return hostile.works(trial)
    file.touch()
    return hostile.ignores_sigterm(trial)


@pytest.mark.parametrize(
    "executor",
    [None, pytest.param(2, marks=pytest.mark.slow), pytest.param(spawned, marks=pytest.mark.slow)],
)
def test_a_run_ends_trials_at_its_own_time_and_tries_them_again(executor, tmp_path, monkeypatch):
    study, file = Study(SPACE, sampler="random"), tmp_path / "hangs"
    if executor is spawned:  # its workers go by their own clock
        seconds = 20
    else:
        monkeypatch.setattr(clock, "time", Jumps(file))
        seconds = 500

    study.run(partial(hangs_once, file), seconds=seconds, executor=executor, limit=Limit())

    assert none_left()
    assert study[3].state == "LOST"
    assert f"{seconds} seconds are over" in study[3].error["message"]
    assert study.best.state == "DONE"
    study.run(hostile.works, more=3)
    assert 3 in [trial.parent for trial in study.results]


@pytest.mark.slow
def test_cpu_hours_end_a_run_and_what_runs_with_it():
    def burns(trial):
        while trial.number:
            pass
        return 1.5

    study = tune(burns, SPACE, sampler="random", cpu_hours=0.8 / 3600, limit=Limit())

    assert [trial.state for trial in study.results] == ["DONE", "LOST"]
    assert "CPU hours are used up" in study.ended


def test_cpu_hours_count_what_runs_in_this_process():
    def burns(trial):
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        return 1.5

    study = tune(burns, SPACE, sampler="random", cpu_hours=0.29 / 3600)

    assert len(study) == 3


@pytest.mark.slow
def test_nothing_is_left_when_the_driver_dies(tmp_path):
    code = (
        f"import sys; sys.path.append({os.path.dirname(hostile.__file__)!r})\n"
        "import hostile\n"
        "from luthier import *\n"
        "def objective(trial):\n"
        "    trial.note(daemon=hostile.daemonize(300))\n"
        f"    open({str(tmp_path / 'there')!r}, 'w').close()\n"
        "    hostile.holds_the_lock(trial)\n"
        "Study(Space(x=Float(0, 1))).run(objective, trials=1, limit=Limit())\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", code])
    with driver:
        while not (tmp_path / "there").exists():
            time.sleep(0.02)
        there = left()

        driver.kill()

    assert len(there) == 3  # the keeper, the trial, its daemon
    assert none_left()


def test_a_look_that_comes_late_ends_nothing():
    with child_of(hostile.works, Limit()) as child:
        run(child)
        process = child._process
        before, child._watch._now = child._watch.expect(None), Watched(None)
        child._watch._end(before, "TimeLimit", "its time was over")
        after = run(child)

        assert (after["state"], child._process) == ("DONE", process)


def test_an_inline_trial_with_a_limit_can_be_interrupted(tmp_path):
    study, file = Study(SPACE, sampler="random"), tmp_path / "sleeps"

    def sleeps(trial):
        file.touch()
        hostile.sleeps(trial)

    def interrupt():
        while not file.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()

    study.run(sleeps, trials=1, limit=Limit())

    assert study.ended.startswith("interrupted")
    assert study[0].state == "LOST"
    assert none_left()
