"""Nested cross-validation: the whole search, blind to the rows that judge it."""

import numpy as np
import pytest
import sklearn.model_selection as theirs
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from luthier.sklearn import GridSearchCV, SearchCV, nested

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
NEAR = KNeighborsClassifier()
SPACE = {"n_neighbors": [1, 5, 15]}


@pytest.mark.parametrize("kind", [GridSearchCV, theirs.GridSearchCV])
def test_it_is_cross_validation_of_the_search(kind):
    """scikit-learn's and ours."""
    search = kind(NEAR, SPACE, cv=3)
    made = nested(search, X, Y, cv=4)

    np.testing.assert_array_equal(made.scores, cross_val_score(search, X, Y, cv=4))
    assert made.score == pytest.approx(made.scores.mean())
    assert made.low < made.score < made.high
    assert not hasattr(search, "best_params_")
    assert sorted(made.rows) == list(range(len(Y)))
    hits = made.predictions == Y[made.rows]
    assert hits.mean() == pytest.approx(made.score, abs=0.01)


def test_it_says_what_each_search_chose():
    made = nested(GridSearchCV(NEAR, SPACE, cv=3), X, Y, cv=3)

    counts = [made.params.count(params) for params in made.params]
    assert made.agreement == max(counts) / 3
    assert "3 searches" in made.words
    assert f"{made.score:.4g}" in made.words
    assert "predictions" not in repr(made)


def test_groups_stay_together_in_both():
    """No inner search sees a group that judges it."""
    groups = np.arange(len(Y)) // 5
    seen = []

    class Noting(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(set(X[:, 0].astype(int)))
            return super().fit(X, y)

    rows = np.column_stack([groups, X])
    search = GridSearchCV(Noting(random_state=0), {"max_depth": [1, 2]}, cv=GroupKFold(2))
    nested(search, rows, Y, cv=GroupKFold(3), groups=groups)

    assert len(seen) == 3 * (2 * 2 + 1)
    for start in range(0, 15, 5):
        fits, winner = seen[start : start + 4], seen[start + 4]
        assert fits[0] | fits[1] == winner
        assert not fits[0] & fits[1]
        assert len(winner) == 10


def test_metrics_and_numbers(tmp_path):
    """By the metric that chose; a store is left out, for each search has other data."""
    data, target = load_diabetes(return_X_y=True)
    data, target = data[:90], target[:90]
    search = SearchCV(
        Ridge(),
        {"alpha": [0.01, 1.0, 30.0]},
        trials=3,
        cv=2,
        scoring=["r2", "neg_mean_absolute_error"],
        refit="neg_mean_absolute_error",
        store=tmp_path / "s.db",
    )
    made = nested(search, data, target, cv=KFold(3))

    truth = -np.abs(made.predictions - target[made.rows]).reshape(3, 30).mean(axis=1)
    np.testing.assert_allclose(made.scores, truth)
    assert not (tmp_path / "s.db").exists()


def test_on_noise_it_is_near_chance():
    """Choosing the best of many inside gains nothing outside."""

    class Guess(KNeighborsClassifier):
        def predict(self, X):
            return (np.sin(X[:, 0] * self.n_neighbors * 1e4) > 0).astype(int)

    rows, coin = np.random.default_rng(3).random((120, 1)), np.tile([0, 1], 60)
    search = GridSearchCV(Guess(), {"n_neighbors": range(1, 13)}, cv=2, scoring="accuracy")
    made = nested(search, rows, coin, cv=4)

    assert abs(made.score - 0.5) < 3 * np.sqrt(0.25 / 120)
    assert search.fit(rows, coin).best_score_ > made.score
