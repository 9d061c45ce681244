"""Steps fitted once: the results stay, the memory is bounded, threads do not disturb each other."""

import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.model_selection as theirs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from luthier.sklearn import GridSearchCV, SearchCV, sharing
from luthier.sklearn.sharing import Kept, Node, Prefix

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)


class Counting(TransformerMixin, BaseEstimator):
    """Counts its fits, and the transforms of data that it has not fitted."""

    fits = transforms = 0

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y=None):
        Counting.fits += 1
        self.fitted_ = True
        return self

    def fit_transform(self, X, y=None):
        return self.fit(X, y)._made(X)

    def transform(self, X):
        Counting.transforms += 1
        return self._made(X)

    def _made(self, X):
        return X if sp.issparse(X) else X + self.shift


@pytest.fixture(autouse=True)
def _afresh():
    Counting.fits = Counting.transforms = 0


def same(a, b):
    for name in a.cv_results_:
        if "_time" not in name and "param" not in name:
            np.testing.assert_array_equal(a.cv_results_[name], b.cv_results_[name], name)


PIPELINES = {
    "nested": make_pipeline(make_pipeline(Counting(), StandardScaler()), PCA(2), TREE),
    "columns": make_pipeline(
        ColumnTransformer([("a", Counting(), [0, 1]), ("b", MinMaxScaler(), [2, 3])]), TREE
    ),
    "union": make_pipeline(
        FeatureUnion([("a", Counting()), ("b", SelectKBest(f_classif, k=2))]), TREE
    ),
    "passed through": Pipeline([("a", Counting()), ("b", "passthrough"), ("c", None), ("t", TREE)]),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_of_any_shape(name):
    """The same results as without, and one fit per fold."""
    pipeline = PIPELINES[name]
    space = {f"{pipeline.steps[-1][0]}__max_depth": [1, 2, 3, 4]}
    a = theirs.GridSearchCV(pipeline, space, cv=3, return_train_score=True).fit(X, Y)
    Counting.fits = Counting.transforms = 0
    b = GridSearchCV(pipeline, space, cv=3, return_train_score=True).fit(X, Y)

    same(a, b)
    assert Counting.fits == 3 + 1
    assert Counting.transforms <= 2 * 3  # a fold's test and training rows, for the scores


def test_sparse_data():
    rows = sp.csr_matrix(X)
    pipeline = make_pipeline(Counting(), MaxAbsScaler(), TruncatedSVD(2, random_state=0), TREE)
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    a = theirs.GridSearchCV(pipeline, space, cv=3).fit(rows, Y)
    Counting.fits = 0
    b = GridSearchCV(pipeline, space, cv=3).fit(rows, Y)

    same(a, b)
    assert Counting.fits == 3 + 1


def test_threads_share():
    """Two at a time, and still one fit per fold."""
    pipeline = make_pipeline(Counting(), StandardScaler(), TREE)
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3, 4], "counting__shift": [0.0, 0.5]}
    a = theirs.GridSearchCV(pipeline, space, cv=3).fit(X, Y)
    Counting.fits = 0
    with joblib.parallel_backend("threading", n_jobs=2):
        b = GridSearchCV(pipeline, space, cv=3).fit(X, Y)

    same(a, b)
    assert Counting.fits == 2 * 3 + 1


def test_candidates_with_folds_of_their_own_share_nothing():
    """What was fitted to other rows is of no use."""
    pipeline = make_pipeline(Counting(), StandardScaler(), TREE)
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    how = {"trials": 3, "cv": "reshuffle", "method": "grid"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a = SearchCV(pipeline, space, reuse=False, **how).fit(X, Y)
        Counting.fits = 0
        b = SearchCV(pipeline, space, **how).fit(X, Y)

    same(a, b)
    assert Counting.fits == 3 + 1


def test_overlapping_folds_are_told_apart():
    """By their rows, not their numbers or sizes."""
    pipeline = make_pipeline(StandardScaler(), TREE)
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    how = {"cv": ShuffleSplit(4, test_size=0.3, random_state=0)}

    same(*(m(pipeline, space, **how).fit(X, Y) for m in (theirs.GridSearchCV, GridSearchCV)))


def test_nothing_stays_after_a_search():
    """Neither what was fitted nor a lock."""
    pipeline = make_pipeline(StandardScaler(), TREE)
    GridSearchCV(pipeline, {"decisiontreeclassifier__max_depth": [1, 2]}).fit(X, Y)

    assert not sharing.KEPT._nodes
    assert not sharing.KEPT._busy


# -- memory ----------------------------------------------------------------------------------------


def node(size):
    return Node("step", np.zeros(size), True)


def test_the_oldest_goes_when_the_budget_is_full():
    """Least recently used first; the newest always stays."""
    kept = Kept(budget=2000)
    made = []

    def get(row, size=100):
        def make():
            made.append(row)
            return node(size)

        kept.node(Prefix("a", row, ("k",)), 0, make)

    for row in ("r1", "r2", "r1", "r3", "r1", "r2"):  # 800 bytes each: two fit
        get(row)
    assert made == ["r1", "r2", "r3", "r2"]
    get("huge", 10_000)
    get("huge")
    assert made[-1] == "huge"
    assert made.count("huge") == 1
    assert len(kept._nodes) == 1


def test_another_search_starts_empty():
    """A worker outlives searches; and one that ended cannot clear a newer one."""
    kept = Kept()
    kept.node(Prefix("a", "r", ("k",)), 0, lambda: node(1))
    kept.node(Prefix("b", "r", ("k",)), 0, lambda: node(2))
    assert len(kept._nodes) == 1
    kept.forget("a")
    assert len(kept._nodes) == 1
    kept.forget("b")
    assert not kept._nodes


def test_what_is_not_common_is_made_each_time():
    """And noted, so that nobody waits for it."""
    kept, made = Kept(), []

    def make():
        made.append(1)
        return Node("step", np.zeros(3), False)

    for _ in range(3):
        kept.node(Prefix("a", "r", ("k",)), 0, make)
    assert len(made) == 3


def test_a_step_that_fails_leaves_no_lock():
    """The next one tries again."""
    kept = Kept()

    def fail():
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            kept.node(Prefix("a", "r", ("k",)), 0, fail)
    assert kept.node(Prefix("a", "r", ("k",)), 0, lambda: node(1)).step == "step"


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix])
def test_frozen_data_cannot_be_written(kind):
    data = kind(np.eye(3))
    assert sharing.freeze(data)

    with pytest.raises(ValueError, match="read-only"):
        (data if isinstance(data, np.ndarray) else data.data)[0] = 2
    assert not sharing.freeze([1, 2])
