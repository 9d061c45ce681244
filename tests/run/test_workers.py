"""The same objectives on every kind of executor."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context

import objectives
import pytest
from objectives import Holder, Recorder, task

from luthier.errors import StudyError
from luthier.run.workers import open_workers

# From Python 3.12 on, forking is warned of; these tests do it on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

HARMLESS = {
    objectives.behaves: ("DONE", [-2.5]),
    objectives.talks: ("STOPPED", None),
    objectives.raises: ("FAILED", "ValueError"),
    objectives.raises_cursed: ("FAILED", "Cursed"),
    objectives.exits: ("FAILED", "SystemExit"),
    objectives.returns_lambda: ("FAILED", "Invalid"),
    Holder(size=3).objective: ("DONE", [9.5]),
    partial(objectives.behaves): ("DONE", [-2.5]),
}


class Immediately(Executor):
    """An executor of somebody's, which runs what it is given at once."""

    capacity = 3

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def spawned():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def forked():
    return ProcessPoolExecutor(2, mp_context=get_context("fork"))


def loky_pool():
    return pytest.importorskip("loky").ProcessPoolExecutor(2)


@pytest.fixture(
    scope="module",
    params=[None, 2, ThreadPoolExecutor, forked, Immediately,
            *(pytest.param(made, marks=pytest.mark.slow) for made in (spawned, loky_pool))],
)  # fmt: skip
def executor(request):
    asked = request.param
    if asked is None or isinstance(asked, int):
        yield asked
        return
    with asked() as made:
        yield made
        assert made.submit(pow, 2, 3).result() == 8  # it is open still


@contextmanager
def opened(objective, executor, line=None):
    with closing(open_workers(objective, executor, line or Recorder())) as workers:
        yield workers


def outcomes(objective, executor, count=1, line=None):
    """What comes of tasks when as many are in flight as there is room for."""
    with opened(objective, executor, line) as workers:
        return keep_busy(workers, range(count))


def keep_busy(workers, numbers, retries=0):
    """Outcomes by number, where a lost task is tried again."""
    made, flying = {}, {}
    waiting, tried = list(numbers), dict.fromkeys(numbers, 0)
    while waiting or flying:
        while waiting and len(flying) < workers.capacity:
            number = waiting.pop(0)
            flying[workers.submit(task(number))] = number
        done, _ = wait(flying, 60, "FIRST_COMPLETED")
        assert done, "nothing came back"
        for future in done:
            number, got = flying.pop(future), future.result()
            made[number] = got
            if got["state"] == "LOST" and tried[number] < retries:
                tried[number] += 1
                waiting.insert(0, number)  # as a study does
    return made


def by_number(trial):
    """The harmless objectives, one per number, so that one pool serves them all."""
    return list(HARMLESS)[trial.number](trial)


def test_every_executor_gives_the_same_outcomes(executor):
    line = Recorder()

    got = outcomes(by_number, executor, len(HARMLESS), line)

    seen = {
        number: (one["state"], one.get("loss") or one.get("error", {}).get("kind"))
        for number, one in got.items()
    }
    assert seen == dict(enumerate(HARMLESS.values()))
    assert line.notes == [(1, {"colour": "blue"})]
    assert [report[2] for report in line.reports] == [[10.0], [20.0], [30.0], [40.0]]
    for one in got.values():
        assert one["params"] == {"x": 2.5, "kind": 1}
        assert one["added"] == {}
        assert one["seconds"] >= 0
        assert one["cpu"] is None or one["cpu"] >= 0


def test_objectives_without_a_module_travel(executor):
    factor = 3

    got = outcomes(lambda trial: factor * trial.params["x"], executor)

    assert got[0]["loss"] == [7.5]


@pytest.mark.parametrize(
    ("asked", "capacity"), [(None, 1), (3, 3), (Immediately, 3), (lambda: Immediately(), 3)]
)
def test_capacity_is_how_many_may_fly(asked, capacity):
    made = asked() if asked is Immediately else asked

    with opened(objectives.behaves, made) as workers:
        assert workers.capacity == capacity


def test_a_thread_pool_keeps_its_capacity():
    with ThreadPoolExecutor(5) as pool, opened(objectives.behaves, pool) as workers:
        assert workers.capacity == 5


@pytest.mark.parametrize("asked", [0, -2, True, 2.5, "4", object(), [1]])
def test_anything_else_is_refused(asked):
    with pytest.raises(StudyError, match="executor"):
        open_workers(objectives.behaves, asked, Recorder())


def test_a_function_must_make_an_executor():
    with pytest.raises(StudyError, match="must return an Executor"):
        open_workers(objectives.behaves, lambda: 4, Recorder())


def holds_a_lock_in_a_closure():
    lock = threading.Lock()

    def objective(trial):
        with lock:
            return 1.5

    return objective


@pytest.mark.parametrize(
    ("objective", "named"),
    [
        (Holder(lock=threading.Lock()).objective, r"'lock' \(of type lock\)"),
        (holds_a_lock_in_a_closure(), r"'lock' \(of type lock\)"),
        (partial(objectives.behaves, lock=threading.Lock()), r"\(of type lock\)"),
    ],
)
@pytest.mark.parametrize("asked", [2, Immediately()])
def test_what_cannot_be_pickled_is_named_before_anything_runs(objective, named, asked):
    with pytest.raises(StudyError, match=named) as caught:
        open_workers(objective, asked, Recorder())

    assert "ThreadPoolExecutor" in str(caught.value)


def test_a_task_that_cannot_be_pickled_is_refused():
    from dataclasses import replace

    from luthier.space import Choice, Space

    bad = replace(task(7), space=Space(x=2.5, kind=Choice(threading.Lock(), "b")))

    with opened(objectives.behaves, 1) as workers, pytest.raises(StudyError, match="trial 7"):
        workers.submit(bad)


def test_inline_and_threads_need_no_pickling():
    objective = Holder(lock=threading.Lock()).objective

    with ThreadPoolExecutor(2) as pool:
        assert outcomes(objective, pool)[0]["loss"] == [9.5]
    assert outcomes(objective, None)[0]["loss"] == [9.5]


def test_a_python_without_a_program_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")

    with pytest.raises(StudyError, match="ThreadPoolExecutor"):
        open_workers(objectives.behaves, 2, Recorder())


def test_a_module_from_a_file_off_the_path_travels_by_value(tmp_path):
    from importlib.util import module_from_spec, spec_from_file_location

    file = tmp_path / "off_the_path.py"
    file.write_text("FACTOR = 3\ndef objective(trial): return FACTOR * trial.params['x']\n")
    spec = spec_from_file_location("off_the_path", file)
    sys.modules["off_the_path"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)

    assert outcomes(module.objective, 1)[0]["loss"] == [7.5]


def test_an_interrupt_passes_through_inline():
    def objective(trial):
        raise KeyboardInterrupt

    with opened(objective, None) as workers, pytest.raises(KeyboardInterrupt):
        workers.submit(task())


def test_children_run_side_by_side_and_stay_warm():
    with opened(objectives.process_id, 2) as workers:
        first = {one["loss"][0] for one in keep_busy(workers, range(6)).values()}
        again = {one["loss"][0] for one in keep_busy(workers, range(6, 12)).values()}

    assert os.getpid() not in first
    assert len(first | again) == 2


@pytest.mark.slow
def test_children_that_nobody_needs_are_not_started():
    with opened(lambda trial: {"loss": 1.5, "process": os.getpid()}, 4) as workers:
        made = [workers.submit(task(number)).result() for number in range(5)]

    assert len({one["metrics"]["process"] for one in made}) == 1


def test_one_death_among_children_costs_one_trial():
    got = outcomes(objectives.dies_if_odd, 2, 4)

    assert {number: one["state"] for number, one in got.items()} == {
        0: "DONE",
        1: "FAILED",
        2: "DONE",
        3: "FAILED",
    }
    assert got[1]["error"]["kind"] == "ProcessDied"


def test_stop_kills_children_and_what_follows_runs():
    line = Recorder()

    def hangs_if_even(trial):
        return objectives.hangs(trial) if trial.number % 2 == 0 else 1.5

    with opened(hangs_if_even, 2, line) as workers:
        running = [workers.submit(task(number)) for number in (0, 2, 4)]
        while len(line.notes) < 2:
            time.sleep(0.01)
        workers.stop()
        lost = [future.result(60) for future in running]  # they would go on for 600 seconds
        after = workers.submit(task(1)).result(60)

    assert {one["error"]["kind"] for one in lost} == {"Interrupted"}
    assert {one["state"] for one in lost} == {"LOST"}
    assert after["state"] == "DONE"


def test_close_does_not_wait_for_what_runs():
    line = Recorder()
    workers = open_workers(objectives.hangs, 1, line)
    future = workers.submit(task())
    while not line.notes:
        time.sleep(0.01)
    began = time.monotonic()

    workers.close()
    workers.close()

    assert future.result(0)["state"] == "LOST"
    assert time.monotonic() - began < 60  # it would go on for 600


# -- pools that break -----------------------------------------------------------------------------


def breaks_once(folder, trial):
    """Trial 1 kills its process, every time; the others are innocent."""
    (folder / f"{trial.number}-{time.monotonic_ns()}").touch()
    if trial.number == 1:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.3)
    return 1.5


@pytest.mark.slow
@pytest.mark.parametrize("make", [forked, spawned, loky_pool])
@pytest.mark.parametrize("as_function", [False, True])
def test_a_killer_is_tried_alone_and_its_neighbours_live(make, as_function, tmp_path):
    objective = partial(breaks_once, tmp_path)
    asked = make if as_function else make()

    with opened(objective, asked) as workers:
        got = keep_busy(workers, range(6), retries=2)
        assert workers.capacity == 2

    assert {number: one["state"] for number, one in got.items()} == {
        0: "DONE", 1: "LOST", 2: "DONE", 3: "DONE", 4: "DONE", 5: "DONE"
    }  # fmt: skip
    assert got[1]["error"]["kind"] == "PoolBroken"
    starts = [int(path.name[0]) for path in tmp_path.iterdir()]
    assert starts.count(1) == 3
    assert max(starts.count(number) for number in (0, 2, 3, 4, 5)) <= 2


@pytest.mark.slow
def test_a_reusable_loky_pool_is_made_again():
    loky = pytest.importorskip("loky")

    got = outcomes(objectives.dies_by_exit, loky.get_reusable_executor(1), 2)
    after = outcomes(objectives.behaves, loky.get_reusable_executor(1))

    assert {one["state"] for one in got.values()} == {"LOST"}
    assert after[0]["state"] == "DONE"


class Fragile(Immediately):
    """Takes nothing any more."""

    def submit(self, fn, /, *args, **kwargs):
        raise RuntimeError("broken for good")


def test_a_pool_that_cannot_be_made_again_ends_the_run():
    with (
        opened(objectives.behaves, Fragile()) as workers,
        pytest.raises(StudyError, match="Give a function that makes one"),
    ):
        workers.submit(task())


@pytest.mark.parametrize("pool", [ThreadPoolExecutor(1), ProcessPoolExecutor(1)])
def test_a_pool_that_was_shut_down_is_refused(pool):
    pool.shutdown()

    with (
        opened(objectives.behaves, pool) as workers,
        pytest.raises(StudyError, match="takes no more tasks"),
    ):
        workers.submit(task())


def test_a_future_that_was_cancelled_is_a_lost_trial():
    class Cancels(Immediately):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    got = outcomes(objectives.behaves, Cancels())

    assert got[0]["state"] == "LOST"


def test_an_initializer_that_fails_loses_trials_and_raises_nothing():
    with ThreadPoolExecutor(1, initializer=lambda: 1 // 0) as pool:
        got = outcomes(objectives.behaves, pool)

    assert got[0]["state"] == "LOST"


# -- whole scripts --------------------------------------------------------------------------------

SCRIPT = """
import sys, threading
sys.path.append({folder!r})
from luthier.run.workers import open_workers
from objectives import Recorder, task

print("main runs")
FACTOR = 3

class Model:  # of this script, so that it travels by value
    def loss(self, x):
        return FACTOR * x

def objective(trial):
    trial.report(1.5, 1)
    print("printed")
    return Model().loss(trial.params["x"])

line = Recorder()
workers = open_workers(objective, 2, line)  # no main guard
futures = [workers.submit(task(i)) for i in range(4)]
print([future.result()["loss"] for future in futures], len(line.reports))
workers.close()
print(threading.active_count())
"""


def script(tmp_path, text, **options):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text).replace("{folder!r}", repr(os.path.dirname(
        objectives.__file__))))  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        **options,
    )


@pytest.mark.slow
def test_a_script_without_a_main_guard_runs_once(tmp_path):
    with script(tmp_path, SCRIPT) as process:
        out, err = process.communicate(timeout=100)

    assert out.splitlines() == ["main runs", "[[7.5], [7.5], [7.5], [7.5]] 4", "1"]
    assert err.count("printed") == 4


INTERRUPTED = """
import sys, time
sys.path.append({folder!r})
from luthier.run.workers import open_workers
from objectives import Recorder, hangs, task

class Line(Recorder):
    def note(self, number, facts):
        sys.stdout.write("%d\\n" % facts["process"])  # in one piece
        sys.stdout.flush()

workers = open_workers(hangs, 2, Line())
futures = []
try:
    for i in range(2):
        futures.append(workers.submit(task(i)))
    futures[0].result()
except KeyboardInterrupt:
    workers.stop()
    print([future.result()["error"]["kind"] for future in futures])
    workers.close()
"""


@pytest.mark.slow
def test_an_interrupt_from_the_terminal_reaches_the_driver_alone(tmp_path):
    with script(tmp_path, INTERRUPTED, start_new_session=True) as process:
        children = [int(process.stdout.readline()) for _ in range(2)]

        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=100)

    assert out == "['Interrupted', 'Interrupted']\n"
    assert err == ""
    for child in children:
        assert not re.search("Z|R|S", state(child))


def state(process):
    """What ``ps`` says of a process; nothing if it is gone."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True
    )
    return listed.stdout


@pytest.mark.slow
def test_a_script_that_never_closes_ends(tmp_path):
    text = INTERRUPTED.replace("futures[0].result()", "1 // 0")

    with script(tmp_path, text) as process:
        process.communicate(timeout=100)

    assert process.returncode == 1


# -- Dask -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_runs_equal_tasks_as_often_as_they_are_submitted(tmp_path):
    distributed = pytest.importorskip("distributed")
    line = Recorder()

    def objective(trial):
        trial.report(1.5, 1)
        (tmp_path / str(time.monotonic_ns())).touch()
        return 2.5

    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        opened(objective, client.get_executor(), line) as workers,
    ):
        assert workers.capacity == 2
        got = [workers.submit(task()) for _ in range(3)]
        states = [future.result(60)["state"] for future in got]
        same = keep_busy(workers, range(4))

    assert states == ["DONE"] * 3
    assert len(list(tmp_path.iterdir())) == len(line.reports) == 7
    assert {one["state"] for one in same.values()} == {"DONE"}
