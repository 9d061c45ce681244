"""A weighted mean of the best candidates."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from luthier import Int
from luthier.sklearn import SearchCV

pytestmark = pytest.mark.slow  # whole searches

DIABETES = load_diabetes(return_X_y=True)
WINE = load_wine(return_X_y=True)
SPACE = {"max_depth": Int(1, 9), "min_samples_leaf": Int(1, 30), "max_features": Int(2, 9)}


def search(model, space=SPACE, **how):
    return SearchCV(model, space, **{"method": "random", "trials": 12, "ensemble": True, **how})


def test_regressors_are_averaged_by_their_weights():
    X, y = DIABETES
    found = search(DecisionTreeRegressor(random_state=0), racing=False).fit(X[::2], y[::2])

    made = found.ensemble_
    fitted = [
        DecisionTreeRegressor(random_state=0, **params).fit(X[::2], y[::2])
        for params in made.params
    ]
    mean = np.average([one.predict(X) for one in fitted], axis=0, weights=made.weights)
    assert len(made.members) > 1
    assert sum(made.weights) == pytest.approx(1)
    assert sorted(made.weights, reverse=True) == list(made.weights)
    np.testing.assert_allclose(found.predict(X), mean)
    # It was chosen for what its mean scores on the folds, and is better there than the winner.
    parts = [
        cross_val_predict(DecisionTreeRegressor(random_state=0, **params), X[::2], y[::2])
        for params in made.params
    ]
    naive = r2_score(y[::2], np.average(parts, axis=0, weights=made.weights))
    assert made.honest.naive == pytest.approx(naive)
    assert naive > found.best_score_
    assert found.honest_score_ == made.honest.score
    assert made.single is not None
    assert found.honest_score_ > made.single.score
    assert "Of the winner alone expect" in made.words
    assert f"Predictions are the mean of {len(fitted)} candidates." in found.summary()
    assert (pickle.loads(pickle.dumps(found)).predict(X) == found.predict(X)).all()


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_classifiers_average_their_probabilities(scoring):
    X, y = WINE[0], np.array(["x", "y", "z"])[WINE[1]]
    model = DecisionTreeClassifier(random_state=0)

    found = search(model, scoring=scoring).fit(X[::2], y[::2])

    made = found.ensemble_
    chances = np.average(
        [
            DecisionTreeClassifier(random_state=0, **p).fit(X[::2], y[::2]).predict_proba(X)
            for p in made.params
        ],
        axis=0,
        weights=made.weights,
    )
    assert len(made.members) > 1
    assert [found.cv_results_["params"][row] for row in made.members] == list(made.params)
    np.testing.assert_allclose(found.predict_proba(X), chances)
    assert (found.predict(X) == np.array(["x", "y", "z"])[chances.argmax(axis=1)]).all()
    assert found.classes_.tolist() == ["x", "y", "z"]
    assert found.n_features_in_ == 13
    assert np.isfinite(found.score(X[1::2], y[1::2]))


def test_only_candidates_that_ran_on_every_fold_take_part():
    X, y = DIABETES

    found = search(DecisionTreeRegressor(random_state=0), trials=25, cv=8).fit(X, y)

    counts = found.cv_results_["n_folds"]
    assert (counts < 8).any()
    assert all(counts[row] == 8 for row in found.ensemble_.members)


def test_a_resumed_search_has_the_same_ensemble(tmp_path):
    how = {"store": str(tmp_path / "log.db"), "honest": False, "trials": 6}

    first, again = (
        search(DecisionTreeClassifier(random_state=0), **how).fit(*WINE) for _ in range(2)
    )

    assert first.ensemble_ == again.ensemble_
    assert not hasattr(first, "honest_score_")


def test_without_probabilities_the_winner_stays():
    with pytest.warns(UserWarning, match="so the single winner stays") as told:
        found = search(LinearSVC(), {"C": [0.01, 1.0]}, trials=2).fit(*WINE)

    assert told[0].filename == __file__
    assert type(found.best_estimator_) is LinearSVC
    assert not hasattr(found, "ensemble_")


def test_a_score_that_reads_no_predictions_leaves_the_winner():
    with pytest.warns(UserWarning, match="cannot be worked out from predictions"):
        found = search(
            DecisionTreeClassifier(random_state=0), trials=2, scoring=lambda m, X, y: m.score(X, y)
        ).fit(*WINE)

    assert type(found.best_estimator_) is DecisionTreeClassifier
