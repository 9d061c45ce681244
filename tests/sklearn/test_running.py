"""Folds on joblib's workers: as they come, and whatever happens to them."""

import os
import threading
import time
import warnings

import joblib
import numpy as np
import pytest
from joblib._parallel_backends import SequentialBackend
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import check_scoring
from sklearn.tree import DecisionTreeClassifier

from luthier import Int
from luthier.errors import StudyError
from luthier.sklearn import GridSearchCV, SearchCV, running
from luthier.sklearn.evaluate import DIED, How, evaluate
from luthier.sklearn.running import Workers, failed

X, Y = np.arange(24.0).reshape(12, 2), np.tile([0, 1], 6)


class Model(ClassifierMixin, BaseEstimator):
    """Predicts one class; may die, or hold what cannot be pickled."""

    def __init__(self, way=""):
        self.way = way

    def fit(self, X, y):
        if self.way == "die":
            os._exit(3)
        if self.way == "raise":
            raise ValueError("no")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def __reduce__(self):
        if self.way == "lock":
            raise TypeError("cannot pickle a lock")
        return super().__reduce__()


def call(model, how=How(), **more):
    settings = {
        "scorer": check_scoring(model),
        "fit_params": {},
        "score_params": {},
        "return_train_score": False,
        "error_score": np.nan,
        "verbose": 0,
        "train": np.arange(8),
        "test": np.arange(8, 12),
        "parameters": None,
    }
    return (model, X, Y, how), settings | more


def run(ways, n_jobs=1, enough=lambda: False):
    with Workers(n_jobs, "2*n_jobs") as workers:
        return dict(workers.run(range(len(ways)), lambda i: call(Model(ways[i])), enough))


@pytest.mark.parametrize("search", [GridSearchCV, SearchCV])
@pytest.mark.parametrize("wrong", [0, "al", "-1", 1.5])
def test_a_number_of_jobs_that_makes_no_sense_is_refused(search, wrong):
    X, y = load_breast_cancer(return_X_y=True)

    with pytest.raises(
        ValueError, match=rf"'n_jobs' parameter of {search.__name__} must be .*auto"
    ):
        search(DecisionTreeClassifier(), {"max_depth": [1, 3]}, n_jobs=wrong).fit(X, y)


def test_outcomes_come_by_their_numbers():
    """One that raises has NaN and its traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = run(["", "raise", ""])

    assert [made[i]["test_scores"] for i in (0, 2)] == [0.5, 0.5]
    assert np.isnan(made[1]["test_scores"])
    assert "ValueError: no" in made[1]["fit_error"]


def test_one_worker_runs_calls_without_a_pool(monkeypatch):
    """joblib's way around a call takes longer than a quick fit."""
    monkeypatch.setattr(running.Parallel, "__call__", lambda self, tasks: pytest.fail("not this"))

    made = run(["", ""])

    assert [made[i]["test_scores"] for i in (0, 1)] == [0.5, 0.5]


def test_calls_behind_another_follow_in_its_worker():
    """In their order, before what comes after the one that they follow."""
    ran = []

    def make(number):
        ran.append(number)
        return call(Model("raise" if number == 3 else ""))

    with Workers(1, "2*n_jobs") as workers, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(workers.run([2, 0], make, lambda: len(ran) > 3, {2: [3, 1], 0: [4]}))
    assert ran == [2, 3, 1, 0, 4]
    assert [number for number, _ in made] == ran
    assert [outcome["fit_error"] is None for _, outcome in made] == [True, False, True, True, True]


@pytest.mark.slow
def test_of_calls_that_run_together_one_dies_alone():
    """The others are tried again by themselves."""
    ways = ["", "die", "", ""]
    with Workers(2, "2*n_jobs") as workers:
        made = dict(workers.run([0, 3], lambda i: call(Model(ways[i])), behind={0: [1, 2]}))

    assert [made[i]["fit_error"] for i in range(4)] == [None, DIED, None, None]


def test_no_more_start_when_it_is_enough():
    """What ran until then is kept."""
    ran = []
    with Workers(1, "2*n_jobs") as workers:
        for number, _ in workers.run(range(9), lambda i: call(Model()), lambda: len(ran) == 3):
            ran.append(number)

    assert ran == [0, 1, 2]


def test_arguments_are_made_when_a_call_starts():
    """Nine thousand candidates are not in memory at once."""
    made, ran = [], []

    def make(number):
        made.append(number)
        assert len(made) <= len(ran) + 1
        return call(Model())

    with Workers(1, "2*n_jobs") as workers:
        for number, _ in workers.run(range(5), make):
            ran.append(number)
    assert ran == made == list(range(5))


def test_threads():
    """They end with the pool."""
    before = threading.active_count()
    with joblib.parallel_backend("threading", n_jobs=2):
        made = run([""] * 5, n_jobs=None)

    assert {outcome["test_scores"] for outcome in made.values()} == {0.5}
    until = time.monotonic() + 20  # a pool's own threads take a moment to notice
    while threading.active_count() > before + 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before + 1


@pytest.mark.slow
def test_a_killer_fails_alone():
    """Every other outcome is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = run(["", "die", "", ""], n_jobs=2)

    assert sorted(made) == [0, 1, 2, 3]
    assert made[1]["fit_error"] == DIED
    assert [np.isnan(made[i]["test_scores"]) for i in range(4)] == [False, True, False, False]


@pytest.mark.slow
def test_what_cannot_be_sent_runs_in_threads():
    with pytest.warns(UserWarning, match="goes on in threads"):
        made = run(["lock", "lock"], n_jobs=2)

    assert [made[i]["test_scores"] for i in range(2)] == [0.5, 0.5]


def test_failures_have_the_form_of_outcomes():
    """One score or several, with training scores if asked."""
    settings = call(Model(), return_train_score=True)[1]
    made = failed(settings, "why")
    assert np.isnan(made["test_scores"])
    assert np.isnan(made["train_scores"])
    assert (made["fit_error"], made["n_test_samples"]) == ("why", 4)
    several = check_scoring(Model(), scoring=["accuracy", "f1"])
    made = failed(settings | {"scorer": several, "error_score": -1.0}, "why")
    assert made["test_scores"] == made["train_scores"] == {"accuracy": -1.0, "f1": -1.0}


def test_predictions_are_heard_and_nothing_is_left_behind():
    """The first answer, which is for the test rows; the estimator is as it was."""
    model = Model()
    given, settings = call(model, How(keep=True), return_train_score=True)
    _, made = evaluate(7, *given, **settings)

    assert made["predictions"]["predict"].tolist() == [0, 0, 0, 0]
    assert not {"fit", "predict"} & set(vars(model))
    given, settings = call(model, How(keep=False))
    assert "predictions" not in evaluate(7, *given, **settings)[1]


def test_estimators_without_a_dictionary():
    """Nothing can be hung on them, so nothing is heard; they are scored all the same."""

    class Slots:
        __slots__ = ("n",)

        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

        def score(self, X, y):
            return 0.25

        def get_params(self, deep=True):
            return {}

        def set_params(self, **params):
            return self

        def __sklearn_tags__(self):
            return Model().__sklearn_tags__()

    given, settings = call(Model(), How(keep=True))
    settings["scorer"] = lambda estimator, X, y: estimator.score(X, y)
    _, made = evaluate(0, Slots(), *given[1:], **settings)
    assert made["test_scores"] == 0.25
    assert made["predictions"] is None


def a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    return distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None)


def a_ray_cluster():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    return ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("backend", "start"), [("dask", a_dask_cluster), ("ray", a_ray_cluster)])
def test_a_cluster_gives_what_one_process_gives(backend, start):
    tree, grid = DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3]}
    data, target = load_breast_cancer(return_X_y=True)
    data, target = data[::4], target[::4]

    def searched(search):
        return search.fit(data, target).cv_results_["mean_test_score"].tolist()

    listed = searched(GridSearchCV(tree, grid, cv=3))
    with start(), joblib.parallel_config(backend=backend, n_jobs=2):
        assert searched(GridSearchCV(tree, grid, cv=3)) == listed
        proposed = [
            SearchCV(tree, {"max_depth": Int(1, 9)}, trials=4, cv=3).fit(data, target)
            for _ in range(2)
        ]

    assert proposed[0].cv_results_["params"] == proposed[1].cv_results_["params"]
    assert proposed[0].best_score_ == proposed[1].best_score_


class Elsewhere(SequentialBackend):
    """Stands for a cluster: a backend that is none of joblib's own."""


@pytest.mark.parametrize("way", ["lock", ""])
def test_a_cluster_is_sent_only_what_can_be_pickled(way):
    """Dask's workers would wait for the rest for ever."""
    joblib.register_parallel_backend("elsewhere", Elsewhere)
    model = Model(way)
    with joblib.parallel_config(backend="elsewhere"), Workers(None, "2*n_jobs") as workers:
        if way == "lock":
            told = r"the estimator.* cannot be pickled: cannot pickle a lock.*n_jobs=1.*threading"
            with pytest.raises(StudyError, match=told):
                list(workers.run([7], lambda number: call(model)))
        else:
            assert [number for number, _ in workers.run([7], lambda number: call(model))] == [7]
