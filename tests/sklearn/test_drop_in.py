"""The searches of scikit-learn: the same results, and what they never had."""

import itertools
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest
import sklearn.model_selection as theirs
from joblib import parallel_config
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator

from luthier import sklearn as ours
from luthier.errors import StudyError

X, Y = load_breast_cancer(return_X_y=True)
X, Y = StandardScaler().fit_transform(X[::3]), Y[::3]


def same(a, b):
    """Two cv_results_ are equal to the last digit, times aside."""
    assert list(a) == list(b)
    for name in a:
        if "_time" in name:
            continue
        first, second = a[name], b[name]
        if name.startswith("param_"):
            np.testing.assert_array_equal(first.mask, second.mask, name)
            assert first.dtype == second.dtype
            first, second = first.filled(), second.filled()
        np.testing.assert_array_equal(first, second, name)


SEARCHES = [
    ("GridSearchCV", DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3, None]}, {}),
    (
        "GridSearchCV",
        SVC(),
        [{"kernel": ["linear"], "C": [1, 10]}, {"gamma": [0.1, 1e-3]}],
        {"scoring": ["accuracy", "roc_auc"], "refit": "roc_auc", "return_train_score": True},
    ),
    ("RandomizedSearchCV", SVC(), {"C": loguniform(1e-3, 1e3)}, {"random_state": 3, "n_iter": 6}),
    (
        "HalvingGridSearchCV",
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 5]},
        {"random_state": 0, "cv": 3},
    ),
    (
        "HalvingRandomSearchCV",
        LogisticRegression(solver="liblinear"),
        {"C": loguniform(1e-3, 1e3)},
        {"random_state": 0, "cv": 3, "resource": "max_iter", "max_resources": 9},
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "estimator", "space", "how"), SEARCHES)
def test_results_are_those_of_scikit_learn(name, estimator, space, how):
    """A changed import changes no result."""
    a = getattr(theirs, name)(estimator, space, **how).fit(X, Y)
    b = getattr(ours, name)(estimator, space, **how).fit(X, Y)
    same(a.cv_results_, b.cv_results_)
    assert a.best_index_ == b.best_index_
    assert a.best_params_ == b.best_params_
    assert a.best_score_ == b.best_score_
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    assert isinstance(b, getattr(theirs, name))


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_shared_steps_change_nothing(jobs):
    """Transformers fitted once give the results of transformers fitted for each candidate."""
    steps = [
        ("scale", StandardScaler()),
        ("spread", QuantileTransformer(n_quantiles=20, random_state=0)),
        ("pca", PCA(random_state=0)),
        ("svc", SVC()),
    ]
    space = {
        "pca__n_components": [2, 5],
        "svc__C": [0.1, 10.0],
        "scale": ["passthrough", StandardScaler()],
    }
    how = {"cv": 3, "n_jobs": jobs, "return_train_score": True, "scoring": ["accuracy", "roc_auc"]}
    a = theirs.GridSearchCV(Pipeline(steps), space, refit="accuracy", **how).fit(X, Y)
    b = ours.GridSearchCV(Pipeline(steps), space, refit="accuracy", **how).fit(X, Y)
    for name in a.cv_results_:
        if "_time" not in name and "param" not in name:
            np.testing.assert_array_equal(a.cv_results_[name], b.cv_results_[name], name)


class Counting(BaseEstimator):
    """A transformer that counts its fits, and draws random numbers if told to."""

    fits = 0

    def __init__(self, draws=False, writes=False):
        self.draws = draws
        self.writes = writes

    def fit(self, X, y=None):
        type(self).fits += 1
        self.shift_ = np.random.random() if self.draws else 0.0  # noqa: NPY002
        return self

    def transform(self, X):
        if self.writes:
            X += 1.0
            return X
        return X + self.shift_


def fits_of(search):
    Counting.fits = 0
    search.fit(X.copy(), Y)
    return Counting.fits


@pytest.mark.slow
def test_a_step_is_fitted_once_for_each_fold():
    """Five candidates and three folds make three fits, and one for the winner."""
    pipeline = make_pipeline(StandardScaler(), Counting(), LogisticRegression())
    space = {"logisticregression__C": [0.01, 0.1, 1, 10, 100]}
    assert fits_of(ours.GridSearchCV(pipeline, space, cv=3)) == 3 + 1
    assert fits_of(ours.GridSearchCV(pipeline, space, cv=3, reuse=False)) == 15 + 1
    space["counting__writes"] = [False]
    assert fits_of(ours.GridSearchCV(pipeline, space, cv=3)) == 3 + 1


def test_a_step_that_draws_is_not_shared():
    """Its second fit would differ from its first; what comes of it is what scikit-learn gives."""
    pipeline = make_pipeline(Counting(draws=True), PCA(2), DecisionTreeClassifier(max_features=1))
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    made = []
    for module in (theirs, ours):
        np.random.seed(5)  # noqa: NPY002
        made.append(module.GridSearchCV(pipeline, space, cv=3).fit(X, Y).cv_results_)
    same(*made)
    assert fits_of(ours.GridSearchCV(pipeline, space, cv=3)) == 9 + 1


@pytest.mark.parametrize("place", [0, 1])
def test_a_step_may_write_into_its_input(place):
    """What is shared is frozen; who insists on writing gets a copy."""
    steps = [StandardScaler(), DecisionTreeClassifier(random_state=0)]
    steps.insert(place, Counting(writes=True))
    pipeline = make_pipeline(*steps)
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    # The last fit has the user's own data, and writes into it as scikit-learn's does.
    a = theirs.GridSearchCV(pipeline, space, cv=3).fit(X.copy(), Y)
    b = ours.GridSearchCV(pipeline, space, cv=3).fit(X.copy(), Y)
    same(a.cv_results_, b.cv_results_)


def test_a_scorer_sees_the_pipeline_as_it_is():
    """Shared steps show the attributes and the class of the step."""

    def score(pipeline, X, y):
        scaler = pipeline.named_steps["standardscaler"]
        assert isinstance(scaler, StandardScaler)
        return float(scaler.mean_[0]) + pipeline.score(X, y)

    pipeline = make_pipeline(StandardScaler(), SVC())
    a = theirs.GridSearchCV(pipeline, {"svc__C": [1, 2]}, scoring=score).fit(X, Y)
    b = ours.GridSearchCV(pipeline, {"svc__C": [1, 2]}, scoring=score).fit(X, Y)
    same(a.cv_results_, b.cv_results_)


@pytest.mark.slow
def test_frames_are_shared(tmp_path):
    """Frames come as copies, with their names."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), LogisticRegression())
    space = {"logisticregression__C": [0.1, 1.0]}
    a = theirs.GridSearchCV(pipeline, space).fit(frame, Y)
    b = ours.GridSearchCV(pipeline, space).fit(frame, Y)
    same(a.cv_results_, b.cv_results_)
    assert list(b.feature_names_in_) == list(frame.columns)


def test_bad_names_fail_before_anything_is_fitted():
    """Also those of the second dict; the error is scikit-learn's."""
    Counting.fits = 0
    space = [{"counting__draws": [False]}, {"counting__draw": [False]}]
    with pytest.raises(ValueError, match="Invalid parameter 'draw'"):
        ours.GridSearchCV(make_pipeline(Counting(), SVC()), space).fit(X, Y)
    assert Counting.fits == 0


# -- limits and logs -------------------------------------------------------------------------------


def test_a_time_limit_leaves_a_usable_search():
    """At least one candidate has run on all folds, and only such a one can be the best."""
    search = ours.GridSearchCV(SVC(), {"C": [3, 1, 2]}, time_limit=1e-9).fit(X, Y)
    results = search.cv_results_
    assert list(results["n_folds"]) == [5, 0, 0]
    assert np.isnan(results["mean_test_score"][1:]).all()
    assert search.best_params_ == {"C": 3}
    assert search.predict(X).shape == Y.shape


def test_trials_bound_a_grid():
    """The first so many candidates."""
    search = ours.GridSearchCV(SVC(), {"C": [1, 2, 3]}, trials=2).fit(X, Y)
    assert search.cv_results_["params"] == [{"C": 1}, {"C": 2}]


def test_racing_drops_only_what_loses():
    """The winner has every fold, what was dropped is NaN, and the winner is the plain search's."""
    grid = {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 100]}
    tree = DecisionTreeClassifier(random_state=0)
    plain = ours.GridSearchCV(tree, grid, cv=10).fit(X, Y)
    raced = ours.GridSearchCV(tree, grid, cv=10, racing=True).fit(X, Y)
    ran = raced.cv_results_["n_folds"]
    assert ran.sum() < 80
    assert ran[raced.best_index_] == 10
    assert raced.best_params_ == plain.best_params_
    np.testing.assert_array_equal(np.isnan(raced.cv_results_["mean_test_score"]), ran < 10)


def test_patience_bounds_a_grid():
    """So many candidates after the best; the others have not run."""
    search = ours.GridSearchCV(SVC(), {"C": [1.0, 1e-6, 1e-7, 1e-8]}, patience=2).fit(X, Y)
    assert list(search.cv_results_["n_folds"]) == [5, 5, 5, 0]


def test_a_grid_without_parameters_can_be_stored(tmp_path):
    """It is one candidate."""
    for _ in range(2):
        search = ours.GridSearchCV(SVC(), {}, store=tmp_path / "s.db").fit(X, Y)
        assert search.best_params_ == {}
    assert len(search.study_) == 1


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (ours.RandomizedSearchCV, {"n_iter": 3, "random_state": 0}),
        (ours.HalvingGridSearchCV, {"random_state": 0}),
        (ours.HalvingRandomSearchCV, {"random_state": 0, "n_candidates": 3}),
    ],
)
def test_every_search_goes_on_from_its_store(kind, how, tmp_path):
    """A second call fits the winner only, and finds the same."""
    space, made = {"counting__writes": [False], "svc__C": [0.1, 1.0, 10.0]}, []
    for _ in range(2):
        Counting.fits = 0
        search = kind(make_pipeline(Counting(), SVC()), space, store=tmp_path / "s.db", **how)
        made.append(search.fit(X, Y).cv_results_)
    assert Counting.fits == 1
    same(*made)


def test_patience_ends_a_grid():
    """So many candidates without a better one, in the order of the grid."""
    grid = {"max_depth": [3, 1, 1, 1, 1, 3]}
    tree = DecisionTreeClassifier(random_state=0)
    search = ours.GridSearchCV(tree, grid, patience=2).fit(X, Y)
    assert list(search.cv_results_["n_folds"]) == [5, 5, 5, 0, 0, 0]
    assert "2 trials brought nothing better" in search.ended_


class Overtaken(DecisionTreeClassifier):
    """The first fold of the first candidate waits until the second candidate has run."""

    began, held, others = threading.Event(), threading.Event(), itertools.count(1)

    def fit(self, X, y):
        if self.max_depth == 1 and next(self.others) == 6:
            self.held.set()
        if self.max_depth == 3 and not self.began.is_set():
            self.began.set()
            self.held.wait(20)
        return super().fit(X, y)


def test_whichever_worker_is_faster_patience_ends_a_grid_at_the_same_candidate():
    grid = {"max_depth": [3, 1, 1, 1, 1, 3]}
    with parallel_config(backend="threading", n_jobs=2):
        search = ours.GridSearchCV(Overtaken(random_state=0), grid, patience=2).fit(X, Y)
    assert Overtaken.held.is_set()
    assert list(search.cv_results_["n_folds"]) == [5, 5, 5, 0, 0, 0]


class Interrupting(SVC):
    """Ctrl-C in the middle of the second candidate."""

    def fit(self, X, y):
        if self.C == 2 and len(y) < len(Y):
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_ctrl_c_leaves_a_fitted_search():
    """What has run on every fold is kept, and the interruption goes on."""
    search = ours.GridSearchCV(Interrupting(), {"C": [1, 2, 3]})
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert search.best_params_ == {"C": 1}
    assert search.predict(X[:2]).shape == (2,)


class Noting(DecisionTreeClassifier):
    """Notes each fit in a file, and may kill its process after some."""

    def fit(self, X, y):
        path = os.environ["NOTING"]
        with open(path, "a") as file:
            file.write(f"{self.max_depth} {len(y)}\n")
        with open(path) as file:
            if len(file.readlines()) == int(os.environ.get("KILL_AT", -1)):
                os.kill(os.getpid(), 9)
        return super().fit(X, y)


STORY = """
    import sys
    sys.path.insert(0, {here!r})
    from test_drop_in import Noting, X, Y
    from luthier import sklearn as ours
    ours.GridSearchCV(
        Noting(random_state=0), {{"max_depth": [1, 2, 3]}}, cv=3, store={store!r}
    ).fit(X, Y)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [1, 5, 9])
def test_a_killed_search_goes_on(kill_at, tmp_path, monkeypatch):
    """kill -9 in the middle: no finished fold is fitted again, and the result is the same."""
    notes, store = tmp_path / "notes", str(tmp_path / "search.db")
    monkeypatch.setenv("NOTING", str(notes))
    here = os.path.dirname(__file__)
    script = textwrap.dedent(STORY.format(here=here, store=store))
    killed = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"KILL_AT": str(kill_at)}, check=False
    )
    assert killed.returncode == -9
    assert len(notes.read_text().splitlines()) == kill_at
    space = {"max_depth": [1, 2, 3]}
    search = ours.GridSearchCV(Noting(random_state=0), space, cv=3, store=store).fit(X, Y)
    # Nine folds and the winner; the fold that was killed is the only one that ran twice.
    assert len(notes.read_text().splitlines()) == 9 + 1 + 1
    plain = theirs.GridSearchCV(DecisionTreeClassifier(random_state=0), space, cv=3).fit(X, Y)
    same(plain.cv_results_, search.cv_results_)


def test_a_store_of_another_search_is_refused(tmp_path):
    """Other data, folds or scoring under the same name would mix two searches."""
    store = tmp_path / "s.db"
    ours.GridSearchCV(SVC(), {"C": [1, 2]}, store=store).fit(X, Y)
    with pytest.raises(StudyError, match="other data and other folds"):
        ours.GridSearchCV(SVC(), {"C": [1, 2]}, store=store).fit(X[:-1], Y[:-1])
    with pytest.raises(StudyError, match="another scoring"):
        ours.GridSearchCV(SVC(), {"C": [1, 2]}, store=store, scoring="f1").fit(X, Y)
    ours.GridSearchCV(SVC(), {"C": [1, 2]}, store=store, study="b", scoring="f1").fit(X, Y)


# -- estimators that misbehave ---------------------------------------------------------------------


class Hostile(ClassifierMixin, BaseEstimator):
    """Does something bad, if told to."""

    def __init__(self, bad="", p=0):
        self.bad = bad
        self.p = p

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.bad == "raises":
            raise RuntimeError("on purpose")
        if self.bad == "dies":
            os._exit(3)
        if self.bad == "prints":
            print("x" * 100_000)
        if self.bad == "writes":
            X[:] = 0
        return self

    def predict(self, X):
        if self.bad == "nan":
            return np.full(len(X), np.nan)
        return np.full(len(X), self.classes_[-1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bad", ["raises", "prints", "writes", "nan"])
def test_a_hostile_candidate_does_not_end_the_search(bad, capfd):
    """It fails or not, the others have their results."""
    own = X.copy()
    search = ours.GridSearchCV(Hostile(), {"bad": [bad, ""]}, refit=False).fit(own, Y)
    mean = search.cv_results_["mean_test_score"]
    assert mean[1] == pytest.approx(Y.mean(), abs=0.01)
    assert np.isnan(mean[0]) == (bad in ("raises", "nan"))
    np.testing.assert_array_equal(own, X)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_candidate_that_kills_its_process_fails_alone():
    """The pool is made anew, and only the folds of the killer have no score."""
    search = ours.GridSearchCV(Hostile(), {"bad": ["", "dies", "prints"]}, n_jobs=2, cv=3).fit(X, Y)
    np.testing.assert_array_equal(
        np.isnan(search.cv_results_["mean_test_score"]), [False, True, False]
    )


# Where loky gives up its processes, its thread may look for a task that is gone: KeyError.
@pytest.mark.filterwarnings("ignore:Exception in thread ExecutorManagerThread")
def test_what_cannot_be_pickled_runs_in_threads():
    """With a warning that says so."""
    blocked = FunctionTransformer(lambda X: X)
    blocked.lock = open(os.devnull)  # noqa: SIM115

    class Local(DecisionTreeClassifier):
        def __reduce__(self):
            raise TypeError("cannot pickle this")

        def __deepcopy__(self, memo):
            return self

    with pytest.warns(UserWarning, match="goes on in threads"):
        search = ours.GridSearchCV(Local(random_state=0), {"max_depth": [1, 2]}, n_jobs=2).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# -- the contract ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "search",
    [
        ours.GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, error_score="raise"),
        ours.RandomizedSearchCV(
            Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=2, error_score="raise", random_state=0
        ),
        ours.SearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, error_score="raise"),
    ],
    ids=lambda search: type(search).__name__,
)
def test_estimator_checks(search):
    """Every check that scikit-learn's own searches pass."""
    expected = {"check_supervised_y_2d": "DataConversionWarning not caught, as for scikit-learn's"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(search, expected_failed_checks=expected, on_skip=None)


def test_clone_and_pickle():
    """Settings survive both; a fitted search survives the second."""
    search = ours.GridSearchCV(SVC(), {"C": [1, 2]}, racing=True, time_limit=60.0, reuse=False)
    again = clone(search)
    assert again.get_params(deep=False).keys() == search.get_params(deep=False).keys()
    assert again.time_limit == 60.0
    search.fit(X, Y)
    back = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(back.predict(X), search.predict(X))


def test_nested_use():
    """A search inside cross_validate, and inside a pipeline."""
    search = ours.GridSearchCV(DecisionTreeRegressor(random_state=0), {"max_depth": [1, 3]}, cv=3)
    data, target = load_diabetes(return_X_y=True)
    a = theirs.cross_val_score(make_pipeline(StandardScaler(), search), data, target, cv=3)
    plain = theirs.GridSearchCV(DecisionTreeRegressor(random_state=0), {"max_depth": [1, 3]}, cv=3)
    b = theirs.cross_val_score(make_pipeline(StandardScaler(), plain), data, target, cv=3)
    np.testing.assert_array_equal(a, b)


def test_verdicts_survive_a_pickle():
    """They need the best score there is, also when the predictions are gone."""
    grid = {"max_depth": [1, None], "min_samples_leaf": [1, 60]}
    tree = DecisionTreeClassifier(random_state=0)
    search = ours.GridSearchCV(tree, grid, return_train_score=True).fit(X, Y)
    told = [fit.verdict for fit in search.verdicts_]
    assert len(set(told)) > 1
    assert [fit.verdict for fit in pickle.loads(pickle.dumps(search)).verdicts_] == told


@pytest.mark.parametrize("ending", ["html", "md"])
def test_a_report(ending, tmp_path):
    """What was tried can be read, of a search that was unpickled too."""
    data, target = load_digits(return_X_y=True)
    search = ours.GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(data[:200], target[:200])
    path = pickle.loads(pickle.dumps(search)).report(tmp_path / f"r.{ending}")
    text = path.read_text()
    assert "SVC" in text
    assert "What to expect of it" in text
    assert "No rows were kept aside" not in text
    assert "overfitting cannot be judged" not in text
    assert f"{search.best_score_:.2g}" in text
