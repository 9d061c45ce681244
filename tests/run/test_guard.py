"""Children of our own, with real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import objectives
import psutil
import pytest
from objectives import Recorder, task

from luthier.run.guard import Child
from luthier.run.limit import Limit
from luthier.run.shipping import ship


def never():
    return False


LONG = 60  # seconds that nothing takes, on however busy a machine; objectives that hang do


@contextmanager
def child_of(objective, threads=2, limit=None, patience=1):
    child = Child(ship(objective, "the objective"), threads, limit)
    try:
        yield child
    finally:
        child.close(time.monotonic() + patience)


def run(child, line=None, unwanted=never, **raw):
    one = task(3, **raw)
    return child.run(one, ship(one, "the task"), line or Recorder(), unwanted)


def by_number(trial):
    """Runs the objective of the name that it is asked for, in one and the same child."""
    import objectives

    return getattr(objectives, NAMES[int(trial.params["x"])])(trial)


NAMES = [
    "behaves",
    "shouts",
    "raises_cursed",
    "exits",
    "returns_lambda",
    "reads_stdin",
    "leaves_a_thread",
    "leaves_a_talker",
    "joins_the_talker",
    "returns_huge_metric",
    "dies_by_signal",
    "dies_by_segfault",
    "dies_and_leaves_a_fork",
    "closes_everything",
    "dies_by_exit",
    "dies_by_exit_in_thread",
    "dies_by_abort",
]


@pytest.fixture(scope="module")
def warm():
    with child_of(by_number) as child:
        yield child


@pytest.mark.parametrize(
    ("name", "loss"),
    [("shouts", 4.5), ("reads_stdin", 5.5), ("leaves_a_thread", 6.5)],
)
def test_prints_stdin_and_threads_do_no_harm(warm, name, loss):
    got = run(warm, x=NAMES.index(name))

    assert (got["state"], got.get("loss")) == ("DONE", [loss])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("raises_cursed", "Cursed"),
        ("exits", "SystemExit"),
        ("returns_lambda", "Invalid"),
        ("returns_huge_metric", "ValueError"),
    ],
)
def test_what_cannot_be_sent_fails_and_the_child_lives_on(warm, name, kind):
    run(warm, x=0)
    process = warm._process

    got = run(warm, x=NAMES.index(name))

    assert (got["state"], got["error"]["kind"]) == ("FAILED", kind)
    assert got["params"]["x"] == NAMES.index(name)
    assert run(warm, x=0)["state"] == "DONE"
    assert warm._process is process


def test_a_thread_that_outlives_its_trial_cannot_speak_for_the_next(warm):
    line = Recorder()

    left = run(warm, line, x=NAMES.index("leaves_a_talker"))
    said = len(line.reports)
    joined = run(warm, line, x=NAMES.index("joins_the_talker"))

    assert left["loss"] == [7.5]
    assert said > 0
    assert "the trial is over" in joined["error"]["message"]
    assert len(line.reports) == said


def test_options_and_processor_time_come_back(warm):
    got = run(warm, x=0)

    assert got["loss"] == [0.0]
    assert got["metrics"] == {"size": 7}
    assert got["cpu"] >= 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dies_by_signal", "SIGKILL"),
        ("dies_by_segfault", "SIGSEGV"),
        ("dies_and_leaves_a_fork", "exit code 5"),
        pytest.param("dies_by_exit", "exit code 3", marks=pytest.mark.slow),
        pytest.param("dies_by_exit_in_thread", "exit code 4", marks=pytest.mark.slow),
        pytest.param("dies_by_abort", "SIGABRT", marks=pytest.mark.slow),
        pytest.param("closes_everything", "the trial", marks=pytest.mark.slow),
    ],
)
def test_a_death_costs_one_trial_and_is_explained(warm, name, said):
    died = run(warm, x=NAMES.index(name))
    next_one = run(warm, x=0)

    assert (died["state"], died["error"]["kind"]) == ("FAILED", "ProcessDied")
    assert said in died["error"]["message"]
    assert died["params"]["x"] == NAMES.index(name)
    assert died["seconds"] > 0
    assert next_one["state"] == "DONE"
    if name == "dies_by_segfault":
        assert "in dies_by_segfault" in died["error"]["traceback"]


def test_a_child_that_died_between_trials_harms_none():
    with child_of(objectives.process_id) as child:
        first = run(child)["loss"][0]
        os.kill(int(first), signal.SIGKILL)
        child._process.wait()
        second = run(child)

    assert second["state"] == "DONE"
    assert second["loss"] != [first]


def test_a_kill_ends_what_runs():
    line = Recorder()
    got = []
    over = threading.Event()

    with child_of(objectives.hangs) as child:
        thread = threading.Thread(target=lambda: got.append(run(child, line, over.is_set)))
        thread.start()
        while not line.notes:
            time.sleep(0.01)
        over.set()
        child.kill()
        thread.join(LONG)

    assert (got[0]["state"], got[0]["error"]["kind"]) == ("LOST", "Interrupted")
    assert gone(line.notes[0][1]["process"])


def test_an_unwanted_trial_ends_without_a_kill():
    with child_of(objectives.hangs) as child:
        assert run(child, unwanted=lambda: True)["state"] == "LOST"


def test_no_process_is_left_after_close():
    def starts_a_process(trial):
        return subprocess.Popen(["sleep", "600"]).pid

    with child_of(starts_a_process) as child:
        started = int(run(child)["loss"][0])
        process = child._process.pid

    assert gone(started)
    assert gone(process)


def gone(process):
    """Whether a process ends before long; one that nobody has reaped counts as gone."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_exit_handlers_run_at_an_orderly_end(tmp_path):
    def objective(trial):
        import atexit

        atexit.register((tmp_path / "left").touch)
        return 1.5

    with child_of(objective, patience=LONG) as child:
        run(child)

    assert (tmp_path / "left").exists()


def test_a_child_has_its_share_of_threads_and_the_callers_path(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    monkeypatch.syspath_prepend("/nowhere/at/all")

    def objective(trial):
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
        return {
            "loss": 1.5,
            "path": sys.path,
            "folder": os.getcwd(),
            "arguments": sys.argv,
            **{name: os.environ[name] for name in names},
        }

    with child_of(objective, threads=3) as child:
        got = run(child)["metrics"]

    assert (got["OMP_NUM_THREADS"], got["MKL_NUM_THREADS"]) == ("3", "7")
    assert got["path"] == sys.path
    assert got["arguments"] == sys.argv
    assert got["folder"] == os.getcwd()


@pytest.mark.slow
def test_a_child_starts_anew_for_fewer_threads_or_if_it_is_told_to(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def objective(trial):
        return {"loss": int(os.environ["OMP_NUM_THREADS"]), "process": os.getpid()}

    made = []
    with child_of(objective, threads=3) as child:
        for threads, anew in [(3, False), (5, False), (2, False), (5, True), (5, False)]:
            child.threads, child.anew = threads, anew
            got = run(child)
            made.append((got["loss"], got["metrics"]["process"]))

    assert [loss for loss, _ in made] == [[3.0], [3.0], [2.0], [5.0], [5.0]]
    assert len({process for _, process in made}) == 3


def test_threads_that_the_user_set_are_left_alone(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)

    def objective(trial):
        return {"loss": int(os.environ["OMP_NUM_THREADS"]), "mkl": "MKL_NUM_THREADS" in os.environ}

    with child_of(objective) as child:
        got = run(child)

    assert (got["loss"], got["metrics"]) == ([5.0], {"mkl": False})


def test_an_objective_that_cannot_be_loaded_is_a_failed_trial():
    class Poison:
        def __reduce__(self):
            return (__import__, ("no_such_module",))

        def __call__(self, trial):
            return 1.5

    with child_of(Poison()) as child:
        got = run(child)

    assert (got["state"], got["error"]["kind"]) == ("FAILED", "ModuleNotFoundError")
    assert got["params"] == {"x": 2.5, "kind": 1}


def test_a_python_that_cannot_start_loses_the_trial(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    for limit in (None, Limit()):
        with child_of(objectives.behaves, limit=limit) as child:
            got = run(child)

        assert (got["state"], got["error"]["kind"]) == ("LOST", "NotStarted")


DRIVER = """
import os, sys, time, re
from luthier.run.workers import open_workers
from luthier.run.shipping import ship
sys.path.append({folder!r})
from objectives import Recorder, task

class Line(Recorder):
    def note(self, number, facts):
        super().note(number, facts)
        sys.stdout.write("%d %d\\n" % (facts["process"], facts["started"]))  # in one piece
        sys.stdout.flush()

def objective(trial):
    import subprocess
    started = subprocess.Popen(["sleep", "600"])
    trial.note(process=os.getpid(), started=started.pid)
    {what}

workers = open_workers(objective, 2, line := Line())
futures = [workers.submit(task(i)) for i in range(2)]
if {forks}:
    while len(line.notes) < 2:
        time.sleep(0.01)
    child = os.fork()
    if child == 0:  # holds the pipes to the children
        time.sleep(600)
        os._exit(0)
    print(child, flush=True)
futures[0].result()
"""


@pytest.mark.parametrize(
    ("what", "forks", "by"),
    [
        # Holds the interpreter's lock for years, so that no thread of the child's can do anything.
        ("re.match(r'(a+)+$', 'a' * 60 + 'b')", False, signal.SIGKILL),
        pytest.param("time.sleep(600)", False, signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param("time.sleep(600)", True, signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_children_die_with_their_driver(what, forks, by):
    if "re." in what and sys.platform != "linux":
        pytest.skip("here only a thread of the child's watches its driver")
    folder = os.path.dirname(objectives.__file__)
    code = DRIVER.format(what=what, forks=forks, folder=folder)
    driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with driver:
        lines = [driver.stdout.readline() for _ in range(2 + forks)]
        forked = [int(line) for line in lines if " " not in line]
        processes = [int(word) for line in lines if " " in line for word in line.split()]

        driver.send_signal(by)

        assert len(processes) == 4
        assert all(gone(process) for process in processes)
        for process in forked:
            os.kill(process, signal.SIGKILL)
