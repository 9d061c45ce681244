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
from sklearn.tree import DecisionTreeClassifier

from luthier.sklearn import GridSearchCV, SearchCV
from luthier.sklearn.choosing import fresh

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)


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
    """The warning is of the line that asks for them."""
    with pytest.warns(UserWarning, match="no fresh folds like those of TimeSeriesSplit") as told:
        GridSearchCV(TREE, {"max_depth": [1, 2]}, cv=TimeSeriesSplit(2), finalists=2).fit(X, Y % 2)

    assert told[0].filename == __file__


def test_finalists_do_not_try_patience():
    """It counts the candidates of the search."""
    space = {"max_depth": [2, 3, 4, 5, 6]}
    for patience in (3, 2):  # which ends it with the last candidate, and before
        search = GridSearchCV(TREE, space, finalists=3, patience=patience).fit(X, Y)

        assert search.ended_ == f"{patience} trials brought nothing better"
        assert search.finals_.choice in range(3)
