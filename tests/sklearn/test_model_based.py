"""Searches that propose candidates: what they take, and that they are estimators."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV as ModelGridSearchCV
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ParameterGrid,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier import Int
from luthier.errors import StoreError, StudyError
from luthier.sklearn import GridSearchCV, RandomizedSearchCV, SearchCV

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)
DEEP = {"max_depth": Int(1, 30), "min_samples_leaf": Int(1, 12)}


def test_bad_settings_fail_before_anything_is_fitted(tmp_path, counted):
    """The message names the setting."""
    for wrong in ("time_limit", "trials", "patience"):
        with pytest.raises(ValueError, match=wrong):
            SearchCV(counted(), DEEP, **{wrong: 0}).fit(X, Y)
    with pytest.raises(ValueError, match="'racing' parameter"):
        SearchCV(counted(), DEEP, racing="fast").fit(X, Y)
    with pytest.raises(StudyError, match="none named 'swarm'"):
        SearchCV(counted(), DEEP, method="swarm").fit(X, Y)
    with pytest.raises(StoreError, match="does not exist"):
        SearchCV(counted(), DEEP, store=tmp_path / "no" / "s.db").fit(X, Y)
    with pytest.raises(StudyError, match="random_state= an integer"):
        SearchCV(counted(), DEEP, store=tmp_path / "s.db", random_state=None).fit(X, Y)
    with pytest.raises(StudyError, match="random_state= an integer"):
        RandomizedSearchCV(counted(), {"max_depth": [1, 2]}, store=tmp_path / "s.db").fit(X, Y)
    with pytest.raises(StudyError, match="which of 'criterion' makes the model simpler"):
        SearchCV(counted(), {"criterion": ["gini", "entropy"]}, refit="one_se").fit(X, Y)
    assert counted.fits == 0


# -- what scikit-learn's searches take -------------------------------------------------------------


def test_groups_stay_together():
    """Inside folds; without them the splitter complains."""
    groups = np.arange(len(Y)) % 9
    search = SearchCV(TREE, DEEP, trials=2, cv=GroupKFold(3))

    assert search.fit(X, Y, groups=groups).n_splits_ == 3
    with pytest.raises(ValueError, match="groups"):
        search.fit(X, Y)


def test_sample_weights_count():
    """In fits and scores, as scikit-learn's searches use them: rows of no weight are not there."""
    weights = np.where(Y == 2, 0.0, 1.0)
    search = SearchCV(TREE, {"max_depth": [1, 2]}, trials=2, cv=3).fit(X, Y, sample_weight=weights)

    assert set(search.predict(X)) == {0, 1}
    assert search.best_score_ == 1.0
    assert search.honest_score_ == 1.0


def test_metadata_is_routed():
    """To the estimator, the scorer and the splitter."""
    weights, groups = np.where(Y == 2, 0.0, 1.0), np.arange(len(Y)) % 9
    with sklearn.config_context(enable_metadata_routing=True):
        tree = clone(TREE).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = SearchCV(tree, {"max_depth": [1, 2]}, trials=2, cv=GroupKFold(3))
        search.fit(X, Y, sample_weight=weights, groups=groups)

    assert search.best_score_ == 1.0
    assert search.honest_score_ == 1.0


def test_several_metrics():
    """`refit` names the one that counts, in the race too."""
    how = {"scoring": ["accuracy", "neg_log_loss"], "trials": 8, "method": "random"}
    search = SearchCV(TREE, DEEP, refit="neg_log_loss", **how).fit(X, Y)

    results = search.cv_results_
    complete = results["n_folds"] == 5
    assert search.best_score_ == results["mean_test_neg_log_loss"][complete].max()
    assert np.isfinite(results["mean_test_accuracy"][complete]).all()
    plain = SearchCV(TREE, DEEP, refit=False, **how).fit(X, Y)
    assert not hasattr(plain, "best_params_")
    assert not hasattr(plain, "honest_score_")


def test_refit_may_be_a_function():
    search = SearchCV(TREE, DEEP, trials=3, racing=False, refit=lambda results: 1).fit(X, Y)

    assert search.best_params_ == search.cv_results_["params"][1]
    assert not hasattr(search, "best_score_")


def test_data_of_many_kinds():
    """Arrays, lists, sparse matrices and frames give the same scores; names are kept."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    kinds = [X, X.tolist(), sp.csr_matrix(X), frame]
    search = SearchCV(SVC(), {"C": [0.5, 1.0, 4.0]}, trials=3)
    made = [clone(search).fit(kind, Y) for kind in kinds]

    for one in made[1:]:
        assert one.best_score_ == pytest.approx(made[0].best_score_, abs=0.02)
        assert one.honest_.how == "predictions"
    assert list(made[3].feature_names_in_) == ["a", "b", "c", "d"]


def test_polars_frames():
    pl = pytest.importorskip("polars")
    search = SearchCV(TREE, DEEP, trials=2).fit(pl.DataFrame(X), Y)

    assert search.best_score_ == SearchCV(TREE, DEEP, trials=2).fit(X, Y).best_score_


def test_labels_may_be_words():
    named = np.array(["setosa", "versicolor", "virginica"])[Y]
    a, b = (SearchCV(TREE, DEEP, trials=4).fit(X, y) for y in (Y, named))

    assert a.best_score_ == b.best_score_
    assert a.honest_ == b.honest_
    assert set(b.predict(X)) == set(named)


def test_a_class_may_be_missing_in_a_fold():
    """What was never learned from is predicted wrongly, and the figures say so."""
    y = Y.copy()
    y[-1] = 7
    search = SearchCV(
        TREE, {"max_depth": [2, 3]}, trials=2, cv=KFold(5, shuffle=True, random_state=0)
    )
    search.fit(X, y)

    assert search.honest_.how == "predictions"
    assert search.honest_score_ < 1.0


def test_regression_and_time():
    """Folds of time with a gap, in their order."""
    data, target = load_diabetes(return_X_y=True)
    splitter = TimeSeriesSplit(3, gap=5)
    search = SearchCV(Ridge(), {"alpha": [0.01, 1.0]}, trials=2, cv=splitter, racing=False)
    search.fit(data[:90], target[:90])

    best = clone(Ridge()).set_params(**search.best_params_)
    expected = cross_val_score(best, data[:90], target[:90], cv=splitter)
    got = [search.cv_results_[f"split{k}_test_score"][search.best_index_] for k in range(3)]
    np.testing.assert_array_equal(got, expected)


def test_folds_may_be_an_iterator(same):
    """Read once."""
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    a, b = (SearchCV(TREE, DEEP, trials=3, cv=cv).fit(X, Y) for cv in (iter(splits), splits))

    same(a, b)


def test_estimators_without_targets():
    """Clusters by their own score, clusters and outliers by a function of the user's."""
    own = SearchCV(KMeans(random_state=0, n_init=1), {"n_clusters": [2, 3, 8]}, trials=3, cv=2)
    assert own.fit(X).best_params_ == {"n_clusters": 8}  # more clusters are nearer

    def apart(estimator, X, y=None):
        return silhouette_score(X, estimator.predict(X))

    search = SearchCV(
        KMeans(random_state=0, n_init=1), {"n_clusters": [2, 8]}, trials=2, cv=2, scoring=apart
    ).fit(X[::-1][np.argsort(np.arange(len(X)) % 7, kind="stable")])
    assert search.best_params_ == {"n_clusters": 2}
    assert search.honest_.how == "folds"

    def usual(estimator, X, y=None):
        return float(estimator.score_samples(X).mean())

    forest = IsolationForest(random_state=0, n_estimators=4)
    search = SearchCV(forest, {"max_samples": [0.5, 0.9]}, trials=2, cv=2, scoring=usual).fit(X)
    assert set(search.predict(X)) <= {-1, 1}


# -- as an estimator -------------------------------------------------------------------------------


def test_inside_cross_validation_and_pipelines():
    """A search is an estimator as any other."""
    search = SearchCV(TREE, DEEP, trials=3, cv=2)
    scores = cross_validate(search, X, Y, cv=2, return_estimator=True)
    inside = make_pipeline(StandardScaler(), search).fit(X, Y)

    assert all(one.best_score_ > 0.5 for one in scores["estimator"])
    assert inside.predict(X).shape == Y.shape
    outer = SearchCV(search, {"trials": [1, 2]}, trials=2, cv=2).fit(X, Y)
    assert outer.best_estimator_.trials == outer.best_params_["trials"]


def test_it_survives_cloning_and_pickling(same):
    """Settings the first, results and the honest figure the second."""
    search = SearchCV(TREE, DEEP, trials=3, patience=9, racing="lossless", method="tpe")
    again = clone(search)
    assert again.get_params(deep=False).keys() == search.get_params(deep=False).keys()
    assert (again.trials, again.patience, again.racing, again.method) == (3, 9, "lossless", "tpe")
    search.fit(X, Y)
    back = pickle.loads(pickle.dumps(search))

    same(back, search)
    assert back.honest_ == search.honest_
    assert len(pickle.dumps(search)) < 50_000  # not the predictions of all candidates


def test_it_shows_itself():
    """As a diagram, before and after; and what came of it, in words."""
    search = SearchCV(TREE, DEEP, trials=2)
    fitted = clone(search).fit(X, Y)
    for one in (search, fitted):
        assert "SearchCV" in one._repr_html_()
        assert "DecisionTreeClassifier" in one._repr_html_()

    best = f"best of 2: {fitted.best_score_:.4g} with max_depth={fitted.best_params_['max_depth']}"
    for shown in (repr(fitted), fitted._repr_html_()):
        assert best in shown
        assert fitted.summary().splitlines()[0] in shown
    assert "best" not in repr(search)


def test_its_lines_break_as_those_of_scikit_learn():
    deep = make_pipeline(*[StandardScaler() for _ in range(9)], TREE)
    theirs, ours = ModelGridSearchCV(deep, {}), GridSearchCV(deep, {})

    assert len(repr(theirs).splitlines()) > 3
    assert repr(ours) == repr(theirs)
    assert repr(make_pipeline(ours)) == repr(make_pipeline(theirs))


def test_a_fitted_search_is_the_same_estimator_to_a_stored_one(tmp_path):
    """It shows what it found, which is no setting."""
    inner = GridSearchCV(TREE, {"max_depth": [1, 2]})
    for one in (inner, inner.fit(X, Y)):
        SearchCV(one, {"cv": [2, 3]}, trials=2, store=tmp_path / "a.db").fit(X, Y)


def test_what_a_long_winner_is_shown_as():
    words = {f"a_name_that_is_long_{i}": 1 / 3 for i in range(30)}
    fitted = SearchCV(TREE, DEEP, trials=1).fit(X, Y)
    fitted.best_params_ = words

    assert max(map(len, repr(fitted).splitlines())) < 500


@pytest.mark.filterwarnings("ignore")
def test_callbacks_are_called():
    """Those of scikit-learn 1.9."""
    pytest.importorskip("sklearn.callback")

    class Counting:
        began = ended = 0
        max_propagation_depth = 0

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **given):
            Counting.began += 1

        def on_fit_task_end(self, estimator, context, **given):
            Counting.ended += 1

        def teardown(self, estimator, context):
            pass

    search = SearchCV(LogisticRegression(), {"C": [0.5, 1.0]}, trials=2, cv=2)
    search.set_callbacks(Counting()).fit(X, Y)
    assert Counting.began == Counting.ended > 0


def test_every_candidate_is_scored_as_scikit_learn_does():
    """A whole grid, in another order, has the scores that cross-validation gives."""
    grid = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    search = SearchCV(TREE, grid, trials=6, racing=False).fit(X, Y)

    assert len(search.cv_results_["params"]) == len(ParameterGrid(grid))
    for row, params in enumerate(search.cv_results_["params"]):
        expected = cross_val_score(clone(TREE).set_params(**params), X, Y)
        got = [search.cv_results_[f"split{k}_test_score"][row] for k in range(5)]
        np.testing.assert_array_equal(got, expected)
