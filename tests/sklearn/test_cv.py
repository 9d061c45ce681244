"""Data kept aside, and a new part for every candidate."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier import Choice, Int
from luthier import sklearn as ours
from luthier.errors import DataError

X, Y = load_breast_cancer(return_X_y=True)
TRAIN, TEST = np.arange(0, 569, 2), np.arange(1, 569, 4)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, "pandas"])
def test_holdout_scores_on_what_was_kept_aside(form):
    """Candidates learn from one part and are scored on the other; so does the winner."""
    if form == "pandas":
        form = pytest.importorskip("pandas").DataFrame
    cv = ours.Holdout(form(X[TEST]), Y[TEST])
    tree = DecisionTreeClassifier(random_state=0)
    search = ours.GridSearchCV(tree, {"max_depth": [1, 2, 5]}, cv=cv).fit(form(X[TRAIN]), Y[TRAIN])
    for depth, score in zip([1, 2, 5], search.cv_results_["mean_test_score"], strict=True):
        plain = DecisionTreeClassifier(random_state=0, max_depth=depth).fit(X[TRAIN], Y[TRAIN])
        assert score == accuracy_score(Y[TEST], plain.predict(X[TEST]))
    best = DecisionTreeClassifier(random_state=0, **search.best_params_).fit(X[TRAIN], Y[TRAIN])
    np.testing.assert_array_equal(search.predict(form(X)), best.predict(X))
    assert search.honest_interval_[0] < search.best_score_


def test_holdout_that_does_not_fit():
    """Said before anything is fitted."""
    tree = DecisionTreeClassifier()
    with pytest.raises(DataError, match="same columns"):
        ours.GridSearchCV(tree, {"max_depth": [1]}, cv=ours.Holdout(X[:9, :3], Y[:9])).fit(X, Y)
    with pytest.raises(DataError, match="give y to both"):
        ours.GridSearchCV(tree, {"max_depth": [1]}, cv=ours.Holdout(X[:9])).fit(X, Y)
    search = ours.GridSearchCV(tree, {"max_depth": [1]}, cv=ours.Holdout(X[:9], Y[:9]))
    with pytest.raises(DataError, match="sample_weight"):
        search.fit(X, Y, sample_weight=np.ones(len(Y)))


class Rows(DecisionTreeClassifier):
    """Keeps which rows it was fitted to."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y):
        type(self).seen.append(tuple(X[:, 0]))
        return super().fit(X, y)


def test_reshuffle_has_a_new_part_for_each_candidate():
    """Two candidates are fitted to different rows; the same seed gives the same rows."""
    made = []
    for _ in range(2):
        Rows.seen.clear()
        space = {"max_depth": Int(1, 9), "criterion": Choice("gini", "entropy")}
        search = ours.SearchCV(Rows(), space, trials=3, cv="reshuffle", refit=False)
        search.fit(X[TRAIN], Y[TRAIN])
        assert search.n_splits_ == 1
        assert len(set(Rows.seen)) == 3
        made.append(list(Rows.seen))
    assert made[0] == made[1]
    with pytest.raises(AttributeError, match="different folds"):
        _ = search.honest_score_


def test_steps_are_shared_only_between_equal_rows():
    """Every candidate of a reshuffled search has rows of its own."""
    model = make_pipeline(QuantileTransformer(n_quantiles=50, random_state=0), SVC())
    how = {"method": "random", "cv": "reshuffle", "trials": 4}
    shared, alone = (
        ours.SearchCV(model, {"svc__C": [0.1, 1.0, 10.0, 100.0]}, reuse=reuse, **how).fit(X, Y)
        for reuse in (True, False)
    )
    a, b = (one.cv_results_["mean_test_score"] for one in (shared, alone))
    np.testing.assert_array_equal(a, b)


def test_a_scorer_of_one_s_own_is_not_taken_for_the_estimator_s():
    """Its scores may lie beyond 1, and racing must not think that nothing can be better."""

    def hundredfold(model, X, y):
        return 100 * accuracy_score(y, model.predict(X))

    tree = DecisionTreeClassifier(random_state=0)
    search = ours.GridSearchCV(
        tree, {"max_depth": [1, 2, 3, 4]}, scoring=hundredfold, racing="lossless", cv=4
    ).fit(X, Y)
    plain = ours.GridSearchCV(tree, {"max_depth": [1, 2, 3, 4]}, cv=4).fit(X, Y)
    assert search.best_params_ == plain.best_params_
    assert search.honest_.how == "folds"
    assert search.honest_score_ > 50
