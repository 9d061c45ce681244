import gc
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from luthier import Float, Space, Study, stores
from luthier.errors import StoreError
from luthier.history import Event
from luthier.stores import database
from luthier.stores.lock import FileLock

SPACE = Space(x=Float(-3, 9))


def noted(i):
    return Event("noted", None, 1.5, {"facts": {"i": i}})


def facts(store):
    return [event.body["facts"]["i"] for _, event in store.read()]


# -- what cannot be a store ------------------------------------------------------------------------


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(StoreError, match=r"is a folder. Give the path of a file"):
        stores.open(tmp_path)


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"folder '.*/deep' of 'runs.db' does not exist. Make it"):
        stores.open(tmp_path / "deep" / "runs.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and nobody else's.\n" * 50)

    for create in (True, False):
        with pytest.raises(StoreError, match="some other kind of file; give another path"):
            stores.open(path, create=create)

    assert path.read_text() == "These are my notes, and nobody else's.\n" * 50
    assert list(tmp_path.iterdir()) == [path]


def test_another_programs_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"holds no luthier study. Check the path"):
        stores.open(path, create=False)
    with pytest.raises(StoreError, match="holds no luthier study"):
        stores.studies(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_missing_is_not_made_to_read_it(tmp_path):
    with pytest.raises(StoreError, match="there is no file"):
        stores.open(tmp_path / "runs.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_can_become_a_store(tmp_path):
    path = tmp_path / "runs.db"
    path.touch()

    with pytest.raises(StoreError, match="holds no luthier study"):
        stores.open(path, create=False)
    store = stores.open(path)
    store.append([noted(1)])

    assert facts(store) == [1]
    store.close()


def test_a_study_that_is_missing_is_an_error_with_the_nearest_name(tmp_path):
    stores.open(tmp_path / "runs.db", "resnet").close()

    with pytest.raises(StoreError, match=r"no study 'resmet'. Did you mean 'resnet'"):
        stores.open(tmp_path / "runs.db", "resmet", create=False)
    assert stores.studies(tmp_path / "runs.db") == ["resnet"]


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    stores.open(tmp_path / "runs.db").close()
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("INSERT INTO luthier_schema VALUES (99)")
    connection.close()

    for create in (True, False):
        with pytest.raises(StoreError, match=r"version 99, this one knows 1.*pip install -U"):
            stores.open(tmp_path / "runs.db", create=create)


def test_a_damaged_event_is_an_error_and_no_traceback_of_json(tmp_path):
    store = stores.open(tmp_path / "runs.db")
    store.append([noted(1)])
    store.close()
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("UPDATE luthier_event SET body = '{\"facts\": '")
    connection.close()

    store = stores.open(tmp_path / "runs.db")
    with pytest.raises(StoreError, match=r"no JSON .* restore a copy"):
        store.read()
    store.close()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "empty string"),
        (7, "expected a path, a database URL or a store"),
        ("nosuch://host/name", "nosuch"),
        ("://", "no database URL|Could not parse"),
    ],
)
def test_what_is_no_store_says_what_to_give(given, words):
    with pytest.raises(StoreError, match=words):
        stores.open(given)


def test_durable_is_one_of_two_words():
    with pytest.raises(StoreError, match="'process' or 'disk'"):
        stores.open(None, durable="yes")


def test_a_closed_store_says_so(tmp_path):
    store = stores.open(tmp_path / "runs.db")
    store.close()

    with pytest.raises(StoreError, match=r"was closed. Open the study again"):
        store.append([noted(1)])
    with pytest.raises(StoreError, match="was closed"):
        store.read()


# -- trouble with the disk and with others ---------------------------------------------------------


def test_a_file_held_by_another_program_is_waited_for_and_then_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.2)
    store = stores.open(tmp_path / "runs.db")
    store.append([noted(1)])
    other = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match=r"locked. Another program holds it open"):
        store.append([noted(2)])
    assert facts(store) == [1]

    other.execute("ROLLBACK")
    store.append([noted(3)])
    assert facts(store) == [1, 3]
    other.close()
    store.close()


FULL = """
import resource, signal, sys
from luthier import Float, Space, Study
from luthier.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
study = Study(Space(x=Float(-3, 9)), sampler="random", store=sys.argv[1])
study.tell(study.ask()[0], 1.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
told = 1
try:
    while True:
        trial = study.ask()[0]
        trial.note(text="x" * 2000)
        study.tell(trial, trial.params["x"])
        told += 1
except StoreError as error:
    print(told, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
study.tell(study.ask()[0], 2.5)
print("goes on")
"""


@pytest.mark.parametrize("room", [200_000, pytest.param(333_333, marks=pytest.mark.slow)])
def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_told(tmp_path, room):
    path = tmp_path / "runs.db"

    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(room)],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip

    first, last = done.stdout.splitlines()
    told, _, message = first.partition(" ")
    assert last == "goes on", done.stderr
    assert "runs.db cannot be used: " in message
    assert "what was stored before is safe" in message.lower()
    with Study.open(path) as study:
        assert int(told) > 2
        assert int(told) + 1 <= study.history.done.sum() <= int(told) + 2
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_a_folder_without_rights_is_one_sentence(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("luthier.stores.lock.os.open", refuse)  # root may write everywhere

    with pytest.raises(StoreError, match=r"Permission denied. Check the rights"):
        stores.open(tmp_path / "runs.db")


def test_a_database_that_is_write_protected_is_one_sentence(tmp_path):
    store = stores.open(tmp_path / "runs.db")
    raw = store._database.engine.raw_connection()
    raw.execute("PRAGMA query_only=ON")  # root may write everywhere
    raw.close()

    with pytest.raises(StoreError, match=r"readonly database. Is the file or its folder write-"):
        store.append([noted(1)])
    store.close()


# -- the lock beside the file ----------------------------------------------------------------------


def test_two_studies_in_one_process_on_one_file(tmp_path):
    one, other = (Study(SPACE, sampler="random", store=tmp_path / "runs.db") for _ in range(2))
    for i in range(6):
        study = (one, other)[i % 2]
        study.tell(study.ask()[0], -1.5 * i)

    trial = one.ask()[0]
    assert other.ask()[0].number == 7
    one.tell(trial, 2.5)
    other.run(lambda t: t.params["x"], trials=9)
    one.ask()

    assert one.history.done.sum() == 9
    assert other.best.value == one.best.value
    one.close()
    other.close()


def test_a_study_that_is_collected_while_another_writes_does_not_wait_for_it(tmp_path):
    """The collector runs in a thread that may hold the lock for another study."""
    held = stores.open(tmp_path / "runs.db", "held")
    done = []

    def work():
        with held._database.alone():
            dropped = [stores.open(tmp_path / "other.db", "dropped")]
            dropped.append(dropped)  # only the collector finds a ring
            again = stores.open(tmp_path / "other.db", "held")
            with again._database.alone():
                del dropped
                gc.collect()
            again.close()
        done.append(True)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)

    assert done
    held.close()


def test_a_lock_whose_file_was_deleted_still_keeps_others_out(tmp_path):
    one, other = FileLock(tmp_path / "x.lock"), FileLock(tmp_path / "x.lock")
    with one.held():
        pass
    (tmp_path / "x.lock").unlink()  # one has it open, and other has yet to open it
    order = []

    def enter():
        with other.held():
            order.append("other")

    with one.held():
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(0.2)
        order.append("one")
    thread.join(20)

    assert order == ["one", "other"]
    one.close()
    other.close()


def test_deleting_the_lock_file_does_not_stop_a_study(tmp_path):
    store = stores.open(tmp_path / "runs.db")
    store.append([noted(1)])
    (tmp_path / "runs.db.lock").unlink()

    store.append([noted(2)])

    assert facts(store) == [1, 2]
    store.close()


def test_every_commit_is_made_under_the_lock(tmp_path):
    store = stores.open(tmp_path / "runs.db")
    depths = []
    base = store._database
    database.sa.event.listen(base.engine, "commit", lambda _: depths.append(base.lock._depth))

    store.append([noted(1)])

    assert depths == [1]
    store.close()


def test_the_write_ahead_log_does_not_grow_without_end(tmp_path):
    store, reader = stores.open(tmp_path / "runs.db"), stores.open(tmp_path / "runs.db")
    cursor = 0
    for i in range(60):
        store.append([Event("noted", None, 1.5, {"facts": {"i": i, "text": "x" * 500}})] * 200)
        cursor = reader.read(cursor)[-1][0]

    assert os.path.getsize(tmp_path / "runs.db-wal") < 8_000_000  # 1,000 pages and a transaction
    store.close()
    reader.close()
    assert not (tmp_path / "runs.db-wal").exists()


def test_a_password_is_never_shown():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        stores.open("postgresql://me:hush@127.0.0.1:1/none")
    assert "hush" not in str(caught.value)
    assert "Is the server running" in str(caught.value)
