"""The winner of a search, fitted to all data."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.tree import DecisionTreeClassifier

from luthier import Int
from luthier.sklearn import GridSearchCV, Holdout, SearchCV
from luthier.sklearn.refitting import _learned_from, fitted

pytestmark = pytest.mark.filterwarnings("ignore:not yet")

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]


class Seeing(ClassifierMixin, BaseEstimator):
    """Knows how many rows it was fitted to, and returns nothing from ``fit``."""

    def __init__(self, way=1, epochs=9):
        self.way, self.epochs = way, epochs

    def fit(self, X, y, sample_weight=None):
        self.classes_, self.rows_, self.weight_ = np.unique(y), len(X), sample_weight
        warnings.warn("not yet", ConvergenceWarning, stacklevel=1)

    def predict(self, X):
        return np.full(len(X), self.classes_[self.way])


def test_the_winner_is_fitted_to_all_rows_with_what_fit_was_given():
    weights = np.linspace(1, 3, len(Y))

    search = GridSearchCV(Seeing(), {"way": [2, 0]}, cv=3).fit(X, Y, sample_weight=weights)

    assert search.best_estimator_.rows_ == len(Y)
    np.testing.assert_array_equal(search.best_estimator_.weight_, weights)
    assert search.best_estimator_.way == search.best_params_["way"]
    assert search.refit_time_ >= 0


def test_rows_that_are_kept_aside_are_not_fitted_to():
    search = GridSearchCV(Seeing(), {"way": [2, 0]}, cv=Holdout(X[:20], Y[:20])).fit(X, Y)

    assert search.best_estimator_.rows_ == len(Y)


def test_an_estimator_among_the_values_stays_unfitted():
    """Another fit would find it changed."""
    trees = [DecisionTreeClassifier(max_depth=1), DecisionTreeClassifier(max_depth=4)]

    search = GridSearchCV(
        BaggingClassifier(n_estimators=2, random_state=0), {"estimator": trees}, cv=3
    ).fit(X, Y)

    assert not any(hasattr(tree, "tree_") for tree in trees)
    assert search.best_estimator_.estimator is not search.best_params_["estimator"]


def test_a_winner_that_was_judged_with_less_is_fitted_with_the_whole():
    search = SearchCV(
        Seeing(epochs=4),
        {"way": Int(0, 2)},
        cv=3,
        trials=6,
        fidelity=("epochs", 1, 9),
        random_state=0,
    ).fit(X, Y)

    assert search.best_estimator_.epochs == 9


def test_any_candidate_can_be_fitted_and_is_not_the_one_of_the_search():
    search = GridSearchCV(Seeing(), {"way": [2, 0]}, cv=3).fit(X, Y)
    fitting = SimpleNamespace(
        search=search, results=search.cv_results_, base=clone(Seeing()), budgets=None,
        growing=None, workers=None, given=(X, Y),
        routed=SimpleNamespace(estimator=SimpleNamespace(fit={})),
    )  # fmt: skip

    made = fitted(fitting, 1)

    assert (made.way, made.rows_) == (0, len(Y))


def test_a_winner_that_has_not_converged_says_so():
    with pytest.warns(ConvergenceWarning, match="not yet"):
        GridSearchCV(Seeing(), {"way": [2]}, cv=3).fit(X, Y)


def test_the_last_fit_is_measured_by_the_smallest_fold():
    def folds(*sizes):
        return [(range(size), range(5)) for size in sizes]

    def learned(splits, own):
        return _learned_from(SimpleNamespace(splits=splits, own=own, given=(X, Y)))

    assert learned(folds(40, 31, 44), {}) == 31
    assert learned(None, {3: folds(12, 17)}) == 12
    assert learned(None, {}) == len(Y)
