"""Which of several candidates makes the simplest model."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier

from luthier.errors import StudyError
from luthier.sklearn import GridSearchCV
from luthier.sklearn.simplicity import ordered, simplest

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]


def test_the_simplest_within_an_error_wins():
    """A large C and no limit of depth are complex; a large alpha is simple."""
    scores = np.array([[0.80, 0.90, 0.85], [0.81, 0.89, 0.86], [0.5, 0.6, 0.55], [np.nan] * 3])

    assert simplest(scores, [{"C": 1.5}, {"C": 90.0}, {"C": 0.1}, {"C": 0.01}]) == 0
    assert simplest(scores, [{"C": 90.0}, {"C": 1.5}, {"C": 0.1}, {"C": 0.01}]) == 1
    assert simplest(scores, [{"a__alpha": 3}, {"a__alpha": 2}, {"a__alpha": 9}, {}]) in (0, 1)
    assert simplest(scores[:3], [{"alpha": 3}, {"alpha": 2}, {"alpha": 9}]) == 0
    assert simplest(scores[:2], [{"max_depth": None}, {"max_depth": 30}]) == 1
    layers = [{"hidden_layer_sizes": (9, 9)}, {"hidden_layer_sizes": (10,)}]
    assert simplest(scores[:2], layers) == 1


def test_what_does_not_differ_does_not_decide():
    """Then the best wins."""
    scores = np.array([[0.80, 0.90, 0.85], [0.81, 0.89, 0.86]])

    assert simplest(scores, [{"C": 1.0}, {"C": 1.0}]) == 1
    assert simplest(scores[:1], [{"C": 1.0}]) == 0


def test_unknown_parameters_are_refused_by_name():
    ordered(["kernel", "svc__C"])
    with pytest.raises(StudyError, match="which of 'kernel', 'shape' makes the model simpler"):
        ordered(["kernel", "shape"])


def test_one_se_in_a_search():
    """It is no worse than an error below the best, and has that candidate's score."""
    space = {"n_neighbors": [1, 3, 5, 9, 15]}
    best = GridSearchCV(KNeighborsClassifier(), space).fit(X, Y)
    search = GridSearchCV(KNeighborsClassifier(), space, refit="one_se").fit(X, Y)

    assert search.best_params_["n_neighbors"] >= best.best_params_["n_neighbors"]
    mean = search.cv_results_["mean_test_score"]
    assert search.best_score_ == mean[search.best_index_] <= best.best_score_
    assert search.best_estimator_.n_neighbors == search.best_params_["n_neighbors"]
    with pytest.raises(StudyError, match="makes the model simpler"):
        GridSearchCV(KNeighborsClassifier(), {"weights": ["uniform"]}, refit="one_se").fit(X, Y)
