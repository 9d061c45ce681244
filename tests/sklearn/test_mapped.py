"""Rows of memory-mapped data."""

import mmap
import os
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from joblib import dump, load
from joblib._memmapping_reducer import SYSTEM_SHARED_MEM_FS, SYSTEM_SHARED_MEM_FS_MIN_SIZE

from luthier.sklearn import mapped

SHARED = Path(SYSTEM_SHARED_MEM_FS)
IN_MEMORY = (
    "JOBLIB_TEMP_FOLDER" not in os.environ
    and SHARED.is_dir()
    and shutil.disk_usage(SHARED).total >= SYSTEM_SHARED_MEM_FS_MIN_SIZE
)


@pytest.fixture
def both(tmp_path):
    """A matrix, and the same as joblib gives it to a worker."""
    X = np.random.default_rng(0).normal(size=(500, 7))
    dump(X, tmp_path / "X.joblib")
    return X, load(tmp_path / "X.joblib", mmap_mode="r")


@pytest.mark.parametrize("step", [1, 17, 10_000])
def test_rows_are_those_of_the_matrix(both, step, monkeypatch):
    """Picked by numbers in any order, in parts of any size, and as often as wanted."""
    X, given = both
    monkeypatch.setattr(mapped, "CHUNK", step * X[0].nbytes)
    lean = mapped.lean(given)
    assert isinstance(lean, mapped.Mapped)
    rows = np.random.default_rng(1).integers(500, size=321)
    for _ in range(2):
        for key in (rows, (rows, Ellipsis)):
            made = lean[key]
            assert type(made) is np.ndarray
            np.testing.assert_array_equal(made, X[rows])
    np.testing.assert_array_equal(lean[rows[:0]], X[:0])
    for key in (3, slice(2, 9), (slice(None), 2), X[:, 0] > 0, np.ix_(rows, [1, 2])):
        np.testing.assert_array_equal(lean[key], X[key])


def test_anything_else_stays_as_it_is(both, tmp_path):
    """Plain arrays, single columns, and maps that can be written to."""
    X, given = both
    writable = load(tmp_path / "X.joblib", mmap_mode="c")
    for data in (X, given[:, 0], given.T, writable, [[1.0]], None):
        assert mapped.lean(data) is data


@pytest.fixture
def temporary(both, tmp_path, monkeypatch):
    """The matrix, and the same as one that joblib keeps in memory for its workers."""
    X, given = both
    monkeypatch.setattr(mapped, "SYSTEM_SHARED_MEM_FS", str(tmp_path))
    monkeypatch.setattr(mapped, "LARGE", X[:100].nbytes)
    monkeypatch.setattr(mapped, "JOBLIB_MMAPS", {given.filename})
    return X, given


def test_workers_share_rows_until_one_writes(temporary, tmp_path):
    """Many rows are a file of which each has a view of its own."""
    X, given = temporary
    rows = np.random.default_rng(1).integers(500, size=321)
    one, other = (mapped.lean(given, together=True)[rows] for _ in range(2))
    assert len(list(tmp_path.glob("X.joblib-*"))) == 1
    assert type(one) is np.ndarray
    assert isinstance(one.base, mmap.mmap)
    one[:5] = -3.5
    np.testing.assert_array_equal(one[5:], X[rows[5:]])
    np.testing.assert_array_equal(other, X[rows])
    np.testing.assert_array_equal(mapped.lean(given, together=True)[rows], X[rows])


def test_a_file_that_is_not_complete_is_written_again(temporary, tmp_path):
    """Who was writing it may have been killed."""
    X, given = temporary
    rows = np.arange(3, 400)
    mapped.lean(given, together=True)[rows]
    (file,) = tmp_path.glob("X.joblib-*")
    file.write_bytes(file.read_bytes()[:1000])
    np.testing.assert_array_equal(mapped.lean(given, together=True)[rows], X[rows])


def test_few_rows_and_those_without_room_are_copied(temporary, tmp_path, monkeypatch):
    """As are those of a worker that is alone on its fold, and of files that are not joblib's."""
    X, given = temporary
    rows, room = np.arange(3, 400), shutil.disk_usage(tmp_path)
    for together, key in ((True, rows[:90]), (False, rows)):
        made = mapped.lean(given, together)[key]
        assert made.base is None
        np.testing.assert_array_equal(made, X[key])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room._replace(free=X[rows].nbytes))
    assert mapped.lean(given, together=True)[rows].base is None
    monkeypatch.undo()
    assert mapped.lean(given, together=True)[rows].base is None
    assert [path.name for path in tmp_path.iterdir()] == ["X.joblib"]


def test_rows_that_cannot_be_written_are_copied(temporary):
    """Somebody else may take the room meanwhile."""
    X, given = temporary
    rows = np.arange(3, 400)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        made = mapped.lean(given, together=True)[rows]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert made.base is None
    np.testing.assert_array_equal(made, X[rows])
    np.testing.assert_array_equal(mapped.lean(given, together=True)[rows], X[rows])


def test_older_rows_are_deleted(temporary, tmp_path):
    """Two files are kept at a time; who holds the rows of an older one keeps them."""
    X, given = temporary
    keys = [np.arange(start, 400) for start in range(5)]
    made = [mapped.lean(given, together=True)[rows] for rows in keys]
    for rows, one in zip(keys, made, strict=True):
        np.testing.assert_array_equal(one, X[rows])
    while len(list(tmp_path.glob("X.joblib-*"))) > 2:  # joblib's tracker deletes them in its turn
        threading.Event().wait(0.01)


class Tracker:
    """Only remembers what it is asked for: the real one takes its time."""

    def __init__(self):
        self.asked = []

    def maybe_unlink(self, name, kind):
        self.asked.append(name)

    unregister = maybe_unlink


def test_two_workers_that_let_go_at_once_tell_the_tracker_once(tmp_path, monkeypatch):
    """It complains of a file that it does not know any more."""
    monkeypatch.setattr(mapped, "resource_tracker", tracker := Tracker())
    for number in range(mapped.KEPT + 3):
        (tmp_path / f"X-{number}").touch()
        os.utime(tmp_path / f"X-{number}", (number, number))
    for _ in range(2):
        mapped._let_go(str(tmp_path / "X"))
    assert tracker.asked == [str(tmp_path / f"X-{number}") for number in range(3)]


# In a process of its own: joblib's tracker, which deletes, is shared by all that a process runs.
SEARCHES = """
import mmap, os
from pathlib import Path

import numpy as np
from joblib._memmapping_reducer import SYSTEM_SHARED_MEM_FS
from sklearn.base import BaseEstimator

from luthier.sklearn import GridSearchCV


class Centred(BaseEstimator):  # writes into its rows; tells whether it shared them, and their sum
    def __init__(self, by=1.0):
        self.by = by

    def fit(self, X, y=None):
        self.shared_ = isinstance(X.base, mmap.mmap)
        X -= self.by * X[::1000].mean(axis=0)
        self.found_ = float(X[::7].sum())
        return self


X = np.random.default_rng(2).normal(size=(120_000, 97))
scoring = {
    "shared": lambda model, X, y=None: float(model.shared_),
    "found": lambda model, X, y=None: model.found_,
}
alone, two = (
    GridSearchCV(Centred(), {"by": [0.5, 1.5]}, scoring=scoring, cv=4, n_jobs=n, refit=False).fit(X)
    for n in (1, 2)
)
assert (two.cv_results_["mean_test_shared"] == 1).all()
assert (alone.cv_results_["mean_test_shared"] == 0).all()
for fold in range(4):
    name = f"split{fold}_test_found"
    np.testing.assert_array_equal(two.cv_results_[name], alone.cv_results_[name])
print(os.getpid())
"""


@pytest.mark.skipif(not IN_MEMORY, reason="joblib keeps its files on a disk")
def test_searches_share_folds_and_leave_nothing():
    """Results are those of one process, also where estimators write into their input."""
    ran = subprocess.run([sys.executable, "-c", SEARCHES], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert not list(SHARED.glob(f"joblib_memmapping_folder_{int(ran.stdout)}_*"))
