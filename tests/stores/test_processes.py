"""One store and several processes: killed, at once, forked."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import numpy as np
import pytest

from luthier import Study, stores
from luthier.history import State
from luthier.stores.lock import FileLock

sys.path.insert(0, str(Path(__file__).parent))
from driver import SPACE, loss  # it stands beside this file

URLS = ["sqlite"] + ["postgres"] * ("LUTHIER_TEST_POSTGRES" in os.environ)


def start(*words):
    command = [sys.executable, str(Path(__file__).with_name("driver.py")), *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def place(kind, folder):
    return str(folder / "runs.db") if kind == "sqlite" else _fresh_database()


def _fresh_database():
    import psycopg

    url, name = os.environ["LUTHIER_TEST_POSTGRES"], f"luthier_{os.urandom(6).hex()}"
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rpartition("/")[0] + f"/{name}"


def check(history):
    """Gapless numbers, every trial with a value has its own, and every draw ended once."""
    assert history.number.tolist() == list(range(len(history)))
    for row in np.flatnonzero(history.done):
        assert history.Y[row, 0] == loss(history.params(row))
    kept = ~history.lost
    assert len(np.unique(history.draw[kept])) == kept.sum()


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_that_was_told(tmp_path):
    store = tmp_path / "runs.db"
    rng, told, lost = np.random.default_rng(1), {}, 0
    for _ in range(20):
        child = start(store, 10_000, 3)
        first = child.stdout.readline()
        killer = threading.Timer(float(rng.uniform(0.0, 0.2)), child.kill)
        killer.start()
        lines = first + child.stdout.read()
        child.wait()
        assert child.returncode == -signal.SIGKILL, child.stderr.read()
        child.stdin.close()
        child.stdout.close()
        child.stderr.close()
        # The last line may be cut.
        told |= {int(n): float(v) for n, v in (x.split() for x in lines.split("\n")[:-1])}

        with sqlite3.connect(store) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        study = Study.open(store)
        check(study.history)
        lost = int(study.history.lost.sum())
        for number, value in told.items():
            assert study[number].value == value
        study.close()

    assert len(told) >= 20
    assert lost  # some kills did meet a running trial
    whole = Study(SPACE, sampler="random", seed=3).run(
        lambda t: loss(t.params), trials=len(study.history.seen())
    )
    seen = study.history.seen()
    for i in range(len(seen)):
        assert seen.raw(i) == whole.history.raw(i)


@pytest.mark.slow
@pytest.mark.parametrize("kind", URLS)
def test_three_processes_make_150_trials_together(tmp_path, kind):
    store = place(kind, tmp_path)
    begun = tmp_path / "begun"
    begun.mkdir()
    children = [start(store, 150, 3, begun) for _ in range(3)]
    for child in children:
        _, errors = child.communicate(timeout=300)
        assert child.returncode == 0, errors

    study = Study.open(store)
    history = study.history

    check(history)
    assert history.done.sum() == history.ended == len(history)
    # Each may have started one, and have one to store, when the 150th of all ended.
    assert 150 <= len(history) <= 150 + 2 * 3
    study.close()
    log = stores.open(store, create=False)
    writers = {event.by for _, event in log.read() if event.kind == "created"}
    assert len(writers) == 3
    log.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_may_use_its_parents_store(tmp_path):
    from luthier.history import Event

    store = stores.open(tmp_path / "runs.db")
    store.append([Event("noted", None, 1.5, {"facts": {"from": "parent"}})])
    base = store._database
    theirs = base.engine.raw_connection().dbapi_connection
    pid = os.fork()
    if not pid:
        code = 1
        try:
            assert base.engine.raw_connection().dbapi_connection is not theirs
            assert base.lock._file is None
            assert len(store.read()) >= 1
            for i in range(50):
                store.append([Event("noted", None, 2.5, {"facts": {"child": i}})])
            assert len(store.read()) >= 51
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    for i in range(50):
        store.append([Event("noted", None, 2.5, {"facts": {"parent": i}})])

    _, status = os.waitpid(pid, 0)
    assert status == 0
    facts = [event.body["facts"] for _, event in store.read()]
    assert [f["child"] for f in facts if "child" in f] == list(range(50))
    assert [f["parent"] for f in facts if "parent" in f] == list(range(50))
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_share_its_parents_lock(tmp_path):
    lock = FileLock(tmp_path / "x.lock")
    read, write = os.pipe()
    with lock.held():
        pid = os.fork()
        if not pid:
            lock.forked()
            with lock.held():
                os.write(write, b"child")
            os._exit(0)
        os.set_blocking(read, False)
        import select

        assert select.select([read], [], [], 0.2)[0] == [], "it came in while the parent held it"
    os.waitpid(pid, 0)

    assert os.read(read, 9) == b"child"
    os.close(read)
    os.close(write)
    lock.close()


def test_a_trial_of_a_process_that_is_gone_is_tried_again(tmp_path):
    store = tmp_path / "runs.db"
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from driver import *;"
        "s = Study(SPACE, store=sys.argv[1], sampler='random');"
        "s.ask(2); import os; os._exit(0)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(store), str(Path(__file__).parent)], check=True, timeout=60
    )

    with Study(SPACE, store=store, sampler="random") as study:
        study.run(lambda t: loss(t.params), trials=2)

        assert study.history.state.tolist() == [State.LOST, State.LOST, State.DONE, State.DONE]
        assert study.history.parent.tolist() == [-1, -1, 0, 1]
        assert study[2].params == study[0].params
        assert study.history.seen().number.tolist() == [2, 3]
