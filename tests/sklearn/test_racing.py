"""Candidates that will not win are spared their other folds."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.tree import DecisionTreeClassifier

from luthier import Float, Int
from luthier.sklearn import SearchCV

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)
DEEP = {"max_depth": Int(1, 30), "min_samples_leaf": Int(1, 12)}


def test_only_what_ran_on_every_fold_may_win():
    """Racing leaves NaN and counts folds; each column tells the same story."""
    search = SearchCV(TREE, DEEP, trials=15, method="random").fit(X, Y)

    results = search.cv_results_
    folds = np.column_stack([results[f"split{k}_test_score"] for k in range(5)])
    complete = results["n_folds"] == 5
    np.testing.assert_array_equal((~np.isnan(folds)).sum(axis=1), results["n_folds"])
    np.testing.assert_array_equal(np.isnan(results["mean_test_score"]), ~complete)
    assert complete[search.best_index_]
    assert 0 < (~complete).sum() < 15
    assert results["rank_test_score"][complete].max() < results["rank_test_score"][~complete].min()


def test_the_lossless_race_changes_no_winner():
    """It drops what cannot win; without a race everything runs."""
    whole, raced = (
        SearchCV(TREE, DEEP, trials=15, method="random", racing=racing).fit(X, Y)
        for racing in (False, "lossless")
    )

    assert raced.best_params_ == whole.best_params_
    assert raced.best_score_ == whole.best_score_
    assert raced.cv_results_["n_folds"].sum() < 15 * 5
    assert "n_folds" not in whole.cv_results_


def test_the_race_keeps_the_order_of_time():
    """The first folds are the ones that run."""
    data, target = load_diabetes(return_X_y=True)
    search = SearchCV(
        Ridge(), {"alpha": Float(1e-4, 1e4, log=True)}, trials=12, cv=TimeSeriesSplit(5)
    ).fit(data[:150], target[:150])

    for row, count in enumerate(search.cv_results_["n_folds"]):
        ran = [np.isfinite(search.cv_results_[f"split{k}_test_score"][row]) for k in range(5)]
        assert ran == [k < count for k in range(5)]
    assert search.cv_results_["n_folds"].min() < 5
