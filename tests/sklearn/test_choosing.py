"""Which candidate wins."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from luthier.errors import StudyError
from luthier.sklearn import GridSearchCV, SearchCV
from luthier.sklearn.choosing import fresh, ordered, simplest

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)


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


@pytest.mark.parametrize(
    "cv",
    [
        StratifiedKFold(3),
        KFold(4),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=4),
        RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=4),
        ShuffleSplit(2, test_size=0.3, random_state=4),
        StratifiedShuffleSplit(2, test_size=0.3, random_state=4),
        GroupShuffleSplit(2, test_size=0.3, random_state=4),
        GroupKFold(3),
    ],
    ids=lambda cv: type(cv).__name__,
)
@pytest.mark.filterwarnings("ignore:The groups parameter")
def test_fresh_folds_are_like_the_old_ones_but_others(cv):
    """Of the same sizes, and the same again for the same seed."""
    groups = np.arange(len(Y)) // 5
    a, b, c = (
        [test.tolist() for _, test in one.split(X, Y, groups)]
        for one in (cv, fresh(cv, 11), fresh(cv, 11))
    )

    assert type(fresh(cv, 11)) is type(cv)
    assert [len(test) for test in a] == [len(test) for test in b]
    assert a != b
    assert b == c


@pytest.mark.parametrize("cv", [TimeSeriesSplit(3), LeaveOneOut(), [([0], [1])]])
def test_there_are_no_fresh_folds_of_some(cv):
    assert fresh(cv, 11) is None


@pytest.mark.parametrize("own", [True, False])
def test_finalists_are_scored_on_fresh_folds(own):
    """Also where the estimator's own settings, which they are compared with, are no candidate."""
    space = {"max_depth": [1, 2, 3, *([None] if own else [])]}
    search = SearchCV(TREE, space, trials=4, racing=False, finalists=2).fit(X, Y)

    mean = search.cv_results_["mean_test_score"]
    best = np.argsort(-mean, kind="stable")[:2]
    assert search.best_index_ == best[search.finals_.choice]
    assert search.best_score_ == mean[search.best_index_]
    assert np.isfinite(search.finals_.gain.mean)
    assert len(search.cv_results_["params"]) == 3 + own


def test_finalists_change_no_winner_of_a_grid():
    """They are only reported."""
    space = {"max_depth": [3, 4, 5, 6, None]}
    plain = GridSearchCV(TREE, space).fit(X, Y)
    search = GridSearchCV(TREE, space, finalists=5).fit(X, Y)

    assert search.best_index_ == plain.best_index_
    assert search.finals_.choice in range(5)


def test_finalists_without_fresh_folds_are_announced():
    with pytest.warns(UserWarning, match="no fresh folds like those of TimeSeriesSplit"):
        GridSearchCV(TREE, {"max_depth": [1, 2]}, cv=TimeSeriesSplit(2), finalists=2).fit(X, Y % 2)


def test_finalists_do_not_try_patience():
    """It counts the candidates of the search."""
    space = {"max_depth": [2, 3, 4, 5, 6]}
    for patience in (3, 2):  # which ends it with the last candidate, and before
        search = GridSearchCV(TREE, space, finalists=3, patience=patience).fit(X, Y)

        assert search.ended_ == f"{patience} trials brought nothing better"
        assert search.finals_.choice in range(3)
