"""Searches with a limit: a fold that breaks it fails alone."""

import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from luthier import Choice, Float, Limit, Space
from luthier.errors import StudyError
from luthier.run import machine, tree
from luthier.run.guard import THREADS
from luthier.sklearn import GridSearchCV, HalvingGridSearchCV, SearchCV
from luthier.sklearn.guarded import Guarded

X, y = make_classification(n_samples=90, random_state=3)
MB = 10**6


class Hostile(ClassifierMixin, BaseEstimator):
    """Answers with one class, and before that does what its parameter says."""

    def __init__(self, act="nothing"):
        self.act = act

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.act == "memory":
            held = []
            while len(held) < 1000:
                held.append(b"x" * 5 * MB)
        elif self.act == "time":
            time.sleep(300)
        elif self.act == "daemon":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(300)
                os._exit(0)
            time.sleep(300)
        elif self.act == "crash":
            os.abort()
        elif self.act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.act == "raise":
            raise ValueError("too cold")
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def none_left():
    mine = str(os.getpid())
    end = time.monotonic() + 60  # what is left would be there for 300
    while time.monotonic() < end:
        if not any(_mark(process).startswith(f"{mine}-") for process in psutil.process_iter()):
            return True
        time.sleep(0.02)
    return False


def _mark(process):
    try:
        gone = process.status() == psutil.STATUS_ZOMBIE
        return "" if gone else process.environ().get(tree.MARK, "")
    except psutil.Error:
        return ""


ONE_FOLD = [(np.arange(60), np.arange(60, 90))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("acts", "seconds", "said"),
    [
        (["nothing", "raise", "memory"], 100, ["MemoryLimit", "too cold"]),
        (
            ["time", "nothing", "crash", "raise", "daemon"],
            3,  # for which a busy machine may let a fold wait, but seldom
            ["TimeLimit", "SIGABRT", "too cold"],
        ),
    ],
)
def test_folds_that_break_a_limit_or_crash_fail_alone(acts, seconds, said):
    limit = Limit(seconds=seconds, memory="350MB")
    search = GridSearchCV(Hostile(), {"act": acts}, cv=ONE_FOLD, limit=limit)

    with warnings.catch_warnings(record=True, action="always") as warned:
        search.fit(X, y)

    failed = np.isnan(search.cv_results_["mean_test_score"])
    assert failed.tolist() == [act != "nothing" for act in acts]
    told = " ".join(str(one.message) for one in warned)
    assert all(part in told for part in said)
    assert none_left()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda limit: HalvingGridSearchCV(
            LINEAR, {"logisticregression__C": [0.1, 3, 7]}, cv=2, random_state=1, limit=limit
        ),
        lambda limit: SearchCV(
            LINEAR,
            Space(logisticregression__C=Float(0.01, 30, log=True)),
            method="random",
            trials=5,
            limit=limit,
        ),
    ],
)
def test_a_limit_changes_no_result(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two candidates tie
        limited, free = (make(limit).fit(X, y) for limit in (Limit(seconds=60), None))

    for key, values in free.cv_results_.items():
        if "time" not in key:
            np.testing.assert_array_equal(limited.cv_results_[key], values)
    assert limited.best_params_ == free.best_params_


LINEAR = make_pipeline(StandardScaler(), LogisticRegression())


@pytest.mark.slow
def test_what_a_fold_raises_goes_on_and_a_broken_limit_is_raised_too():
    settings = {"cv": ONE_FOLD, "error_score": "raise"}

    with pytest.raises(ValueError, match="too cold"):
        GridSearchCV(Hostile(), {"act": ["raise"]}, limit=Limit(seconds=60), **settings).fit(X, y)
    with pytest.raises(StudyError, match=r"TimeLimit: the trial's 0.5 s were over"):
        GridSearchCV(Hostile(), {"act": ["time"]}, limit=Limit(seconds=0.5), **settings).fit(X, y)


@pytest.mark.slow
def test_a_search_that_proposes_learns_from_what_broke_a_limit():
    space = Space(act=Choice("nothing", "time"))
    search = SearchCV(
        Hostile(), space, trials=2, cv=ONE_FOLD, limit=Limit(seconds=3), method="grid"
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fits that failed
        search.fit(X, y)

    assert search.best_params_ == {"act": "nothing"}
    assert search.study_.history.failed.sum() == 1


@pytest.mark.slow
def test_the_time_of_a_search_ends_its_folds():
    search = GridSearchCV(
        Hostile(), {"act": ["nothing", "time"]}, cv=ONE_FOLD, time_limit=20, limit=Limit()
    )
    began = time.monotonic()

    search.fit(X, y)

    assert time.monotonic() - began < 200  # it would go on for 300
    assert search.ended_.startswith("the time limit")
    assert search.cv_results_["n_folds"].tolist() == [1, 0]
    assert none_left()


class Refitted(ClassifierMixin, BaseEstimator):
    """Does as its parameter says when it is fitted to all rows; folds it fits as they are."""

    def __init__(self, act="nothing"):
        self.act = act

    def fit(self, X, y):
        self.classes_, self.by_ = np.unique(y), os.getpid()
        if len(y) < 90:
            return self
        if self.act == "memory":
            held = []
            while len(held) < 1000:
                held.append(b"x" * 5 * MB)
        elif self.act == "crash":
            os.abort()
        elif self.act == "raise":
            raise ValueError("too cold")
        elif self.act == "unpicklable":
            self.generator_ = (row for row in X)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def refitted(act, **settings):
    limit = Limit(seconds=100, memory="350MB")
    return GridSearchCV(Refitted(), {"act": [act]}, cv=ONE_FOLD, limit=limit, **settings)


@pytest.mark.slow
def test_the_winner_is_fitted_within_the_limit_and_brought_back():
    search = refitted("nothing").fit(X, y)

    assert search.best_estimator_.by_ != os.getpid()
    assert (search.predict(X) == 0).all()
    assert search.refit_time_ > 0
    assert none_left()


@pytest.mark.slow
@pytest.mark.parametrize(("act", "said"), [("memory", "MemoryLimit"), ("crash", "SIGABRT")])
def test_a_winner_that_breaks_the_limit_leaves_what_was_found(act, said):
    search = refitted("nothing").fit(X, y).set_params(param_grid={"act": [act]})
    with pytest.raises(StudyError, match=f"last fit.*{said}(.|\n)*refit=False"):
        search.fit(X, y)

    assert search.best_params_ == {"act": act}
    assert search.cv_results_["mean_test_score"].tolist() == [search.best_score_]
    assert not hasattr(search, "best_estimator_")  # that of the earlier fit is another one
    assert none_left()


@pytest.mark.slow
def test_what_the_last_fit_raises_goes_on():
    with pytest.raises(ValueError, match="too cold"):
        refitted("raise").fit(X, y)


@pytest.mark.slow
def test_a_winner_that_cannot_be_pickled_is_fitted_here():
    with pytest.warns(UserWarning, match="Refitted cannot be pickled"):
        search = refitted("unpicklable").fit(X, y)

    assert search.best_estimator_.by_ == os.getpid()


@pytest.mark.slow
def test_the_last_fit_has_time_for_its_rows():
    """Half more of them, half more seconds; never less, and the same memory."""
    asked = []

    class Spy(Guarded):
        def _open(self, *given, limit=None, **more):
            asked.append(limit)
            super()._open(*given, limit=limit, **more)

    for rows in (60, 90, 120):
        Spy(1, Limit(seconds=80, memory="350MB"), np.inf).fit(Refitted(), (X, y), {}, rows)

    assert [(limit.seconds, limit.memory) for limit in asked] == [
        (120, 350 * MB), (80, 350 * MB), (80, 350 * MB)
    ]  # fmt: skip


# -- n_jobs="auto" ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("memory", [10**12, 0])
def test_how_many_folds_ran_at_a_time_changes_no_result(memory, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 3)
    monkeypatch.setattr("luthier.sklearn.guarded.effective_n_jobs", lambda n_jobs: 9)
    monkeypatch.setattr(machine, "free_memory", lambda: memory)
    space = Space(logisticregression__C=Float(0.01, 30, log=True))

    def make(n_jobs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # two candidates tie
            return SearchCV(LINEAR, space, trials=7, cv=2, method="tpe", n_jobs=n_jobs).fit(X, y)

    with joblib.parallel_backend("threading"):
        three = make(3)
    auto = make("auto")

    for key, values in three.cv_results_.items():
        if "time" not in key:
            np.testing.assert_array_equal(auto.cv_results_[key], values)
    assert auto.best_params_ == three.best_params_


class Noted(Hostile):
    """Writes down when it was fitted, with how many threads, and where."""

    def __init__(self, act="nothing", folder=""):
        super().__init__(act)
        self.folder = folder

    def fit(self, X, y):
        began = time.monotonic()
        if self.act == "once":
            self._die_once()
        time.sleep(0.3)
        told = [began, time.monotonic(), int(os.environ.get("OMP_NUM_THREADS", 0))]
        name = f"{began}-{os.getpid()}.json"
        (Path(self.folder) / name).write_text(json.dumps(told))
        return super().fit(X, y)

    def _die_once(self):
        been = Path(self.folder) / "been"
        if not been.exists():
            been.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def fits(folder):
    """(began, ended, threads) of each fit, in order."""
    return sorted(json.loads(path.read_text()) for path in folder.glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "most", "threads"), [(10**12, 3, 1), (0, 1, 3)])
def test_no_more_folds_run_than_memory_allows_and_they_share_the_processors(
    memory, most, threads, tmp_path, monkeypatch
):
    monkeypatch.setattr(machine, "cores", lambda: 3)
    monkeypatch.setattr("luthier.sklearn.guarded.effective_n_jobs", lambda n_jobs: 9)
    monkeypatch.setattr(machine, "free_memory", lambda: memory)
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    grid = {"act": ["nothing", "other", "third"]}

    GridSearchCV(Noted(folder=str(tmp_path)), grid, cv=3, n_jobs="auto", refit=False).fit(X, y)

    seen = fits(tmp_path)
    at_once = [sum(b <= began < e for b, e, _ in seen) for began, _, _ in seen]
    assert len(seen) == 9
    assert max(at_once) <= most
    assert at_once[0] == 1  # until it is known what one takes
    assert [told for _, _, told in seen] == [1] + [threads] * 8


@pytest.mark.slow
def test_a_fold_that_was_killed_for_want_of_memory_is_tried_again_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr("luthier.sklearn.guarded.effective_n_jobs", lambda n_jobs: 2)
    grid = {"act": ["nothing", "once", "other"]}
    search = GridSearchCV(Noted(folder=str(tmp_path)), grid, cv=2, n_jobs="auto", refit=False)

    search.fit(X, y)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_a_fold_that_is_killed_again_fails_alone():
    grid = {"act": ["nothing", "kill"]}
    search = GridSearchCV(Hostile(), grid, cv=ONE_FOLD, n_jobs="auto", error_score=-7.0)

    with pytest.warns(FitFailedWarning, match="SIGKILL"):
        search.fit(X, y)

    assert search.cv_results_["mean_test_score"].tolist()[1:] == [-7.0]
    assert isinstance(search.best_estimator_, Hostile)


def test_auto_is_a_number_of_jobs_like_any_other():
    search = clone(GridSearchCV(Hostile(), {"act": ["nothing"]}, n_jobs="auto"))

    assert search.get_params()["n_jobs"] == "auto"
    for wrong in ("many", 1.5):
        with pytest.raises(ValueError, match=r"'n_jobs' parameter .*'auto'.*Got"):
            search.set_params(n_jobs=wrong).fit(X, y)


class Locked(Hostile):
    def __init__(self, act="nothing"):
        super().__init__(act)
        self.lock = threading.Lock()


def test_what_cannot_be_sent_to_a_fold_is_named():
    search = GridSearchCV(Locked(), {"act": ["nothing"]}, n_jobs="auto")

    with pytest.raises(StudyError, match=r"'lock'.* cannot be pickled.*n_jobs=1 and without limit"):
        search.fit(X, y)


def test_where_there_are_no_processes_of_our_own_it_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")

    for how in ({"n_jobs": "auto"}, {"limit": Limit(seconds=60)}):
        with pytest.raises(StudyError, match=r"none can be started here.*Use n_jobs=-1, without"):
            GridSearchCV(Hostile(), {"act": ["nothing"]}, **how).fit(X, y)
