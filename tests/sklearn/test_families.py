"""Searches over the number of stages: scikit-learn's results, and each stage fitted once."""

import warnings

import joblib
import numpy as np
import pytest
import sklearn.model_selection as theirs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import luthier.sklearn as ours
from luthier import Int, Limit
from luthier.sklearn import GridSearchCV, sharing
from luthier.sklearn.families import Wave, evaluated

pytestmark = pytest.mark.slow  # whole searches

X, Y = make_classification(60, 5, flip_y=0.3, random_state=8)
NUMBERS = [2, 4, 3, 6]
MOST = 6
FOLDS = 2
BOOSTING = GradientBoostingClassifier(max_depth=1, random_state=7)
FOREST = RandomForestClassifier(6, max_depth=2, random_state=7)
SPACE = {"n_estimators": NUMBERS}
WEIGHTS = np.random.default_rng(9).uniform(0.2, 3.0, len(Y))


class Step(TransformerMixin, BaseEstimator):
    """Passes through; may draw from the global generator."""

    def __init__(self, draws=False):
        self.draws = draws

    def fit(self, X, y=None):
        d = X.shape[1]
        self.turn_ = np.random.rand(d, d) if self.draws else np.eye(d)  # noqa: NPY002
        return self

    def transform(self, X):
        return X @ self.turn_


@pytest.fixture
def stages(monkeypatch):
    """The stages of gradient boosting that are fitted, in their order."""
    fitted = []
    plain = GradientBoostingClassifier._fit_stage

    def counting(self, i, *given, **params):
        fitted.append(i)
        return plain(self, i, *given, **params)

    monkeypatch.setattr(GradientBoostingClassifier, "_fit_stage", counting)
    return fitted


def same(a, b):
    assert a.best_params_ == b.best_params_
    for name in a.cv_results_:
        if "_time" not in name and "param" not in name:
            np.testing.assert_array_equal(a.cv_results_[name], b.cv_results_[name], name)


def both(model, space, X=X, y=Y, fit=None, seed=None, **how):
    """scikit-learn's grid search and ours, of which only what ours fits is left counted."""
    made = []
    for module in (theirs, ours):
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(
                module.GridSearchCV(model, space, **{"cv": FOLDS} | how).fit(X, y, **fit or {})
            )
    same(*made)
    return made[1]


# -- what is fitted, and what comes of it ----------------------------------------------------------


def test_the_most_stages_are_fitted_and_the_others_cut(stages):
    """Once for each fold, and the winner; times are those of what was left to do."""
    search = both(BOOSTING, SPACE, return_train_score=True)
    most = MOST * FOLDS + search.best_params_["n_estimators"]

    theirs_ = sum(NUMBERS) * FOLDS + search.best_params_["n_estimators"]
    assert len(stages) == theirs_ + most
    assert not sharing.KEPT._nodes
    times = search.cv_results_["mean_fit_time"]
    assert int(np.argmax(times)) == NUMBERS.index(MOST)


MODELS = {
    "forest": (FOREST, SPACE),
    "bagging": (BaggingClassifier(random_state=7), SPACE),
    "histograms": (HistGradientBoostingClassifier(random_state=7), {"max_iter": [1, 4]}),
    "two families": (
        FOREST,
        {"n_estimators": [1, 3], "max_depth": [1, 3], "random_state": [1, None]},
    ),
    "lists": (FOREST, [SPACE, {"max_depth": [1]}, {"max_depth": [1], "n_estimators": [3]}]),
    "depths": (FOREST, {"max_depth": [None, 3, 40, 0], "min_samples_leaf": [1, 5]}),
    "depths of trees": (
        DecisionTreeClassifier(random_state=7),
        {"max_depth": [2, 30, None], "splitter": ["best", "random"], "random_state": [3, None]},
    ),
    "wrong numbers": (FOREST, {"n_estimators": [3, 0, 2, 5.0, "many"]}),
    "alike": (FOREST, {"n_estimators": [4, 4, 4]}),
    "pipeline": (
        make_pipeline(StandardScaler(), SelectKBest(k=2), FOREST),
        {"randomforestclassifier__n_estimators": NUMBERS, "selectkbest__k": [1, 4]},
    ),
    "other last steps": (
        make_pipeline(StandardScaler(), FOREST),
        {
            "randomforestclassifier": [BOOSTING, FOREST],
            "randomforestclassifier__n_estimators": [3, 2],
        },
    ),
    "passed through": (
        make_pipeline(StandardScaler(), FOREST),
        [
            {"standardscaler": ["passthrough", None], "randomforestclassifier__n_estimators": [3]},
            {"randomforestclassifier__n_estimators": [3, 1]},
        ],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_results_are_those_of_scikit_learn(name):
    model, space = MODELS[name]
    both(model, space, seed=4)


def test_trees_are_fitted_once_for_the_limits_that_they_do_not_reach(monkeypatch):
    """Also in racing, whatever the order; the limit that is reached is a fit of its own."""
    fits = []
    plain = DecisionTreeClassifier.fit

    def counting(self, *given, **params):
        fits.append(self.max_depth)
        return plain(self, *given, **params)

    monkeypatch.setattr(DecisionTreeClassifier, "fit", counting)
    model = DecisionTreeClassifier(random_state=7)
    for racing in (False, True):
        fits.clear()
        depths = {"max_depth": [2, 31, 25, None, 40]}
        search = GridSearchCV(model, depths, cv=4, racing=racing, refit=False).fit(X, Y)
        folds = search.cv_results_["n_folds"][1:].max() if racing else 4
        assert sum(depth != 2 for depth in fits) == folds


def test_pipelines_share_both(stages):
    """Steps and stages; also where weights go to the last step."""
    model = make_pipeline(StandardScaler(), BOOSTING)
    name = "gradientboostingclassifier__"
    for fit in ({}, {name + "sample_weight": WEIGHTS}):
        stages.clear()
        search = GridSearchCV(model, {name + "n_estimators": NUMBERS}, cv=FOLDS).fit(X, Y, **fit)
        assert len(stages) == MOST * FOLDS + search.best_params_[name + "n_estimators"]
        both(model, {name + "n_estimators": NUMBERS}, fit=fit)


def test_several_scores_and_weights(stages):
    search = both(
        BOOSTING, SPACE, fit={"sample_weight": WEIGHTS}, scoring=["roc_auc", "accuracy"],
        refit="roc_auc", return_train_score=True,
    )  # fmt: skip
    stages.clear()
    search.fit(X, Y, sample_weight=WEIGHTS)
    assert len(stages) == MOST * FOLDS + search.best_params_["n_estimators"]


def test_what_watches_a_fit_sees_all_of_it(stages):
    """Arguments of `fit` besides weights, and searches that are to do everything again."""
    seen = []

    def monitor(i, *_):
        seen.append(i)

    GridSearchCV(BOOSTING, SPACE, cv=FOLDS, refit=False).fit(X, Y, monitor=monitor)
    GridSearchCV(BOOSTING, SPACE, cv=FOLDS, refit=False, reuse=False).fit(X, Y)
    assert len(seen) == sum(NUMBERS) * FOLDS
    assert len(stages) == 2 * sum(NUMBERS) * FOLDS


def test_a_fit_that_fails_fails_alone(monkeypatch):
    """Who wanted fewer stages is fitted, as scikit-learn does."""
    plain = RandomForestClassifier.fit

    def failing(self, *given):
        if self.n_estimators == MOST:
            raise MemoryError("too many")
        return plain(self, *given)

    monkeypatch.setattr(RandomForestClassifier, "fit", failing)
    search = both(FOREST, SPACE, error_score=-3.0)
    assert search.cv_results_["mean_test_score"][3] == -3


# -- the order in which they run -------------------------------------------------------------------


@pytest.mark.parametrize("draws", [[False], [True], [False, True]])
def test_steps_that_draw_draw_what_they_do_in_scikit_learn(draws):
    """The order in which candidates run is theirs from the first that draws on."""
    model = Pipeline([("step", Step()), ("forest", FOREST)])
    both(model, {"step__draws": draws, "forest__n_estimators": NUMBERS}, seed=5)


def test_members_that_draw_are_undone():
    tree = make_pipeline(Step(draws=True), DecisionTreeClassifier())
    both(BaggingClassifier(tree, random_state=7), SPACE, seed=6)


class Drawing:
    """Stands for workers; the tasks named draw."""

    count = 1

    def __init__(self, *drawing):
        self.drawing, self.ran = drawing, []

    def run(self, numbers, make, enough):
        for number in numbers:
            if enough():
                return
            self.ran.append(number)
            yield number, np.random.rand() if number in self.drawing else 0.0  # noqa: NPY002


def test_what_drew_is_undone_and_the_rest_runs_in_its_own_order():
    order = [[3, 1], [4, 2, 0], [5]]
    np.random.seed(7)  # noqa: NPY002
    first, second = np.random.rand(2)  # noqa: NPY002
    for drawing, ran, made in (
        ((), [3, 1, 4, 2, 0, 5], [(3, 0), (1, 0), (4, 0), (2, 0), (0, 0), (5, 0)]),
        ((4, 0), [3, 1, 4, 0, 2, 4, 5], [(3, 0), (1, 0), (0, first), (2, 0), (4, second), (5, 0)]),
    ):
        np.random.seed(7)  # noqa: NPY002
        workers = Drawing(*drawing)
        assert list(evaluated(workers, order, None, lambda: False)) == made
        assert workers.ran == ran


def test_a_limit_on_time_or_patience_keeps_the_order(stages):
    """The first candidate is complete as early as it would be; the rest is cut where it can."""
    for how in ({"time_limit": 60}, {"patience": 4}):
        for numbers, most in (([1, 3, 4], 8), ([4, 3, 1], 4)):
            stages.clear()
            GridSearchCV(BOOSTING, {"n_estimators": numbers}, cv=FOLDS, refit=False, **how).fit(
                X, Y
            )
            assert len(stages) == most * FOLDS
            assert stages[: numbers[0]] == list(range(numbers[0]))
    assert not sharing.KEPT._nodes


# -- with the rest of a search ---------------------------------------------------------------------


def test_racing(stages):
    """The same candidates are dropped after the same folds, and less is fitted."""
    how = {"cv": 5, "racing": True}
    a = GridSearchCV(BOOSTING, SPACE, reuse=False, **how).fit(X, Y)
    all_of_it = len(stages)
    stages.clear()
    b = GridSearchCV(BOOSTING, SPACE, **how).fit(X, Y)

    same(a, b)
    first_folds = sum(NUMBERS) - max(NUMBERS)
    assert len(stages) < all_of_it - first_folds
    assert not sharing.KEPT._nodes


@pytest.mark.slow
def test_halving():
    how = {"cv": FOLDS, "factor": 2, "random_state": 0}
    for more in ({}, {"resource": "n_estimators", "min_resources": 2, "max_resources": 8}):
        space = {"max_depth": [1, 2, 3]} if more else {"n_estimators": [2, 4, 3]}
        made = []
        for module in (theirs, ours):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made.append(module.HalvingGridSearchCV(FOREST, space, **how, **more).fit(X, Y))
        same(*made)


def test_a_stored_search_goes_on(stages, tmp_path):
    """Only what is missing is fitted."""
    how = {"cv": FOLDS, "store": tmp_path / "s.db", "refit": False}
    GridSearchCV(BOOSTING, {"n_estimators": [2, 4]}, **how).fit(X, Y)
    assert len(stages) == 4 * FOLDS
    stages.clear()
    search = GridSearchCV(BOOSTING, SPACE, **how).fit(X, Y)
    assert len(stages) == MOST * FOLDS
    stages.clear()
    GridSearchCV(BOOSTING, SPACE, **how).fit(X, Y)
    assert not stages
    plain = theirs.GridSearchCV(BOOSTING, SPACE, cv=FOLDS, refit=False).fit(X, Y)
    np.testing.assert_array_equal(
        plain.cv_results_["split1_test_score"], search.cv_results_["split1_test_score"]
    )


def test_searches_that_ask_as_they_go_share_nothing():
    """Nobody knows what they will ask for."""
    how = {"trials": 4, "cv": 2, "racing": False, "random_state": 0}
    a, b = (
        ours.SearchCV(FOREST, {"n_estimators": Int(1, 6)}, reuse=reuse, **how).fit(X, Y)
        for reuse in (False, True)
    )
    same(a, b)


def test_candidates_with_folds_of_their_own_share_nothing():
    """What was grown on other rows is of no use."""
    how = {"trials": 4, "cv": "reshuffle", "method": "grid", "honest": False}
    made = []
    for reuse in (False, True):
        with joblib.parallel_backend("threading", n_jobs=2), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(ours.SearchCV(FOREST, SPACE, reuse=reuse, **how).fit(X, Y))
    same(*made)


def test_threads(stages):
    """What belongs together runs in one of them."""
    with joblib.parallel_backend("threading", n_jobs=2):
        search = both(BOOSTING, SPACE)
        stages.clear()
        search.fit(X, Y)
    assert len(stages) == MOST * FOLDS + search.best_params_["n_estimators"]


class Noting(DecisionTreeClassifier):
    """Leaves a line in a file for each fit, which other processes can read."""

    def __init__(self, path=None, random_state=None):
        super().__init__(random_state=random_state)
        self.path = path

    def fit(self, X, y, sample_weight=None):
        with open(self.path, "a") as file:
            file.write("fit\n")
        return super().fit(X, y, sample_weight)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, Limit(memory="1GB")])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_processes(tmp_path, n_jobs, limit):
    """What belongs together is fitted once; with a limit, once in each that comes by it."""
    path = tmp_path / "fits"
    model = BaggingClassifier(Noting(str(path)), random_state=7)
    a = theirs.GridSearchCV(model, SPACE, cv=FOLDS, refit=False).fit(X, Y)
    path.unlink()
    b = GridSearchCV(model, SPACE, cv=FOLDS, refit=False, n_jobs=n_jobs, limit=limit).fit(X, Y)

    for name in a.cv_results_:
        if "_time" not in name and "param" not in name:
            np.testing.assert_array_equal(a.cv_results_[name], b.cv_results_[name], name)
    fits = len(path.read_text().split())
    assert MOST * FOLDS <= fits <= (sum(NUMBERS) if limit and n_jobs > 1 else MOST) * FOLDS


def test_candidates_go_through_the_folds_side_by_side():
    """As many as there are workers; members of a family stay together, and the last are fewer."""
    tasks = [(row, fold) for row in (4, 7, 9) for fold in range(2)]
    wave = Wave.plain(tasks).abreast(tasks, 2)
    order = [tasks[position] for (position,) in wave.order]
    assert order == [(4, 0), (7, 0), (4, 1), (7, 1), (9, 0), (9, 1)]
    assert wave.together == {0, 1}
    assert Wave([[0, 2], [1, 3], [4], [5]], {}).abreast(tasks, 2).order == [
        [0, 2], [4], [1, 3], [5],
    ]  # fmt: skip
    one = Wave.plain(tasks[:2]).abreast(tasks[:2], 2)
    assert (one.order, one.together) == ([[0], [1]], frozenset())
