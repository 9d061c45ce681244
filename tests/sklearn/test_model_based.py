"""Searches that propose candidates: what they take, and that they can be stopped and resumed."""

import itertools
import os
import pickle
import time
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import FitFailedWarning
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
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier import Choice, Float, Int, Space
from luthier.errors import AllFailed, SpaceError, StoreError, StudyError
from luthier.sklearn import (
    BayesSearchCV,
    GeneticSearchCV,
    GridSearchCV,
    RandomizedSearchCV,
    SearchCV,
)

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)
DEEP = {"max_depth": Int(1, 30), "min_samples_leaf": Int(1, 12)}


def same(a, b):
    """Two searches found the same, times aside."""
    a, b = a.cv_results_, b.cv_results_
    assert a["params"] == b["params"]
    assert list(a) == list(b)
    for name in a:
        if "_time" not in name and "param" not in name:
            np.testing.assert_array_equal(a[name], b[name], name)


# -- what a space may be ---------------------------------------------------------------------------


def test_a_space_may_be_our_own():
    """Conditions and all: a candidate has the parameters that count for it."""
    space = Space(
        kernel=Choice("rbf", "linear"), gamma=Float(1e-3, 1, log=True, when={"kernel": "rbf"})
    )
    search = SearchCV(SVC(), space, trials=8, racing=False, method="random").fit(X, Y)

    names = {params["kernel"]: set(params) for params in search.cv_results_["params"]}
    assert names == {"rbf": {"kernel", "gamma"}, "linear": {"kernel"}}


@pytest.mark.parametrize("kind", [SearchCV, BayesSearchCV, GeneticSearchCV])
def test_a_space_may_be_scikit_learns(kind):
    """Lists and distributions, and our ranges beside them."""
    space = {"C": loguniform(1e-2, 1e3), "kernel": ["rbf", "poly"], "degree": Int(2, 4)}
    search = kind(SVC(), space, trials=6).fit(X, Y)

    for params in search.cv_results_["params"]:
        assert 1e-2 <= params["C"] <= 1e3
        assert params["kernel"] in ("rbf", "poly")
        assert params["degree"] in (2, 3, 4)


@pytest.mark.parametrize("root", ["kernel", "C"])
def test_a_space_may_be_a_list_of_dicts(root):
    """Each candidate is of one of them, also where no parameter tells which."""
    space = [{"gamma": loguniform(1e-3, 1)}, {"degree": [2, 3], "tol": [1e-3, 1e-4]}]
    for part, option in zip(space, ["rbf", "poly"], strict=True):
        part |= {"kernel": [option]} if root == "kernel" else {"C": [1.5, 2.5]}
    search = SearchCV(SVC(), space, trials=6, method="random").fit(X, Y)

    found = {frozenset(params) for params in search.cv_results_["params"]}
    assert found == {frozenset(part) for part in space}


def test_no_space_is_the_shipped_one():
    """Its first point is what the library does by itself."""
    search = SearchCV(TREE, trials=2).fit(X, Y)

    first = search.cv_results_["params"][0]
    assert {name: TREE.get_params()[name] for name in first} == first


def test_the_own_settings_come_first():
    """Where the space holds them, of the parameters that count."""
    space = Space(
        C=Float(0.1, 100, log=True),
        kernel=Choice("rbf", "poly"),
        degree=Int(2, 5, when={"kernel": "poly"}),
    )
    search = SearchCV(SVC(C=3.0), space, trials=1).fit(X, Y)

    assert search.best_params_ == {"C": pytest.approx(3.0), "kernel": "rbf"}


def test_steps_may_be_searched():
    """A step of a pipeline, and a parameter that only one of its choices has."""
    pipeline = Pipeline([("scale", StandardScaler()), ("svc", SVC())])
    clip = MinMaxScaler()
    space = Space(
        scale=Choice("passthrough", clip), scale__clip=Choice(True, False, when={"scale": [clip]})
    )
    search = SearchCV(pipeline, space, trials=5).fit(X, Y)

    assert len(search.cv_results_["params"]) == 3
    assert np.isfinite(search.cv_results_["mean_test_score"]).any()


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"max_dept": [1, 2]}, "'max_dept' is no parameter .* named 'max_depth'"),
        (Space(a__b=Int(1, 2)), "'a__b' is no parameter"),
        ({}, "no parameter"),
        ([], "expected a dict, or a list of dicts"),
        ({"max_depth": []}, "max_depth: the list of values is empty"),
    ],
)
def test_bad_spaces_fail_before_anything_is_fitted(space, said):
    with pytest.raises(SpaceError, match=said):
        SearchCV(Counted(), space, trials=3).fit(X, Y)
    assert Counted.fits == 0


def test_a_parameter_inside_a_pipeline_is_named_with_its_step():
    pipeline = make_pipeline(StandardScaler(), SVC())

    with pytest.raises(SpaceError, match=r"'C' is no .*named 'svc__C'; parts"):
        SearchCV(pipeline, {"C": Float(1, 3)}, trials=3).fit(X, Y)


class Counted(DecisionTreeClassifier):
    """Counts its fits, and may be interrupted at one."""

    fits = 0
    interrupted = None

    def fit(self, X, y):
        if Counted.fits == Counted.interrupted:
            Counted.interrupted = None
            raise KeyboardInterrupt
        Counted.fits += 1
        return super().fit(X, y)


@pytest.fixture(autouse=True)
def _afresh():
    Counted.fits, Counted.interrupted = 0, None


def test_bad_settings_fail_before_anything_is_fitted(tmp_path):
    """The message names the setting."""
    for wrong in ("time_limit", "trials", "patience"):
        with pytest.raises(ValueError, match=wrong):
            SearchCV(Counted(), DEEP, **{wrong: 0}).fit(X, Y)
    with pytest.raises(ValueError, match="'racing' parameter"):
        SearchCV(Counted(), DEEP, racing="fast").fit(X, Y)
    with pytest.raises(StudyError, match="none named 'swarm'"):
        SearchCV(Counted(), DEEP, method="swarm").fit(X, Y)
    with pytest.raises(StoreError, match="does not exist"):
        SearchCV(Counted(), DEEP, store=tmp_path / "no" / "s.db").fit(X, Y)
    with pytest.raises(StudyError, match="random_state= an integer"):
        SearchCV(Counted(), DEEP, store=tmp_path / "s.db", random_state=None).fit(X, Y)
    with pytest.raises(StudyError, match="random_state= an integer"):
        RandomizedSearchCV(Counted(), {"max_depth": [1, 2]}, store=tmp_path / "s.db").fit(X, Y)
    with pytest.raises(StudyError, match="which of 'criterion' makes the model simpler"):
        SearchCV(Counted(), {"criterion": ["gini", "entropy"]}, refit="one_se").fit(X, Y)
    assert Counted.fits == 0


# -- how it goes and when it ends ------------------------------------------------------------------


def test_the_same_number_gives_the_same_search():
    """And another number another."""
    a, b, c = (SearchCV(TREE, DEEP, trials=6, random_state=n).fit(X, Y) for n in (3, 3, 4))

    same(a, b)
    assert a.cv_results_["params"] != c.cv_results_["params"]


def test_the_same_number_gives_the_same_search_in_threads():
    """Two at a time."""
    made = []
    for _ in range(2):
        with joblib.parallel_backend("threading", n_jobs=2):
            made.append(SearchCV(TREE, DEEP, trials=6, random_state=3, cv=3).fit(X, Y))

    same(*made)


class Now(DecisionTreeClassifier):
    """A tree whose fits take now this long, now that."""

    calls = itertools.count()
    waits = (0.0, 0.02)

    def fit(self, *given, **settings):
        time.sleep(self.waits[next(self.calls) % len(self.waits)])
        return super().fit(*given, **settings)


def test_whichever_worker_is_faster_the_search_is_the_same():
    """Folds that overtake each other are noted in the order in which they began."""
    made = []
    for waits in ((0.02, 0.0), (0.0, 0.02)):
        Now.calls, Now.waits = itertools.count(), waits
        with joblib.parallel_backend("threading", n_jobs=2):
            made.append(SearchCV(Now(random_state=0), DEEP, trials=8, cv=3).fit(X, Y))

    same(*made)
    steps = [[search.study_.history.curve(n)[0].tolist() for n in range(8)] for search in made]
    assert steps[0] == steps[1]


@pytest.mark.slow
def test_the_same_number_gives_the_same_search_in_processes():
    made = [SearchCV(TREE, DEEP, trials=6, random_state=3, n_jobs=2).fit(X, Y) for _ in range(2)]

    same(*made)


@pytest.mark.parametrize("method", ["auto", "gp", "tpe", "forest", "genetic", "random", "grid"])
def test_a_small_space_is_tried_through_once(method):
    """Then the search ends."""
    search = SearchCV(TREE, {"max_depth": [1, 2, 3]}, trials=20, method=method, cv=2).fit(X, Y)

    assert sorted(params["max_depth"] for params in search.cv_results_["params"]) == [1, 2, 3]


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


def test_patience_ends_a_search():
    """So many candidates after the best one, counting those that were dropped."""
    search = SearchCV(TREE, DEEP, trials=40, patience=4, method="random").fit(X, Y)

    means = search.cv_results_["mean_test_score"]
    assert len(means) - 1 - int(np.nanargmax(means)) == 4


def test_a_time_limit_ends_a_search():
    """One candidate has run on all folds at least; the rest of the next one is NaN."""
    search = SearchCV(TREE, DEEP, time_limit=1e-9).fit(X, Y)

    assert search.cv_results_["mean_test_score"].shape == (1,)
    assert search.predict(X).shape == Y.shape


# -- stopped and resumed ---------------------------------------------------------------------------


def test_a_search_goes_on_where_it_ended(tmp_path):
    """Three trials, and three more, are the first six; nothing is fitted twice."""
    how = {"random_state": 1, "racing": False}
    SearchCV(Counted(random_state=0), DEEP, trials=3, store=tmp_path / "s.db", **how).fit(X, Y)
    went_on = SearchCV(Counted(random_state=0), DEEP, trials=6, store=tmp_path / "s.db", **how)
    went_on.fit(X, Y)
    fits = Counted.fits
    whole = SearchCV(Counted(random_state=0), DEEP, trials=6, **how).fit(X, Y)

    same(went_on, whole)
    assert fits == 6 * 5 + 2  # each search fits its winner
    assert went_on.honest_ == whole.honest_


@pytest.mark.parametrize(("at", "racing"), [(3, True), (5, False), (12, True), (12, False)])
def test_an_interrupted_search_goes_on(tmp_path, at, racing):
    """Ctrl-C leaves what there is, if one candidate is complete; and the result is the same."""
    how = {"trials": 4, "racing": racing, "random_state": 1, "refit": False}
    search = SearchCV(Counted(random_state=0), DEEP, store=tmp_path / "s.db", **how)
    Counted.interrupted = at
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert hasattr(search, "best_params_") == (at >= 5)
    again = clone(search).fit(X, Y)
    fits, Counted.fits = Counted.fits, 0
    whole = SearchCV(Counted(random_state=0), DEEP, **how).fit(X, Y)

    same(again, whole)
    assert again.honest_ == whole.honest_
    assert fits == Counted.fits


@pytest.mark.slow
@pytest.mark.parametrize("racing", [True, False])
def test_a_killed_search_goes_on(story, racing):
    """kill -9, twice: the result is that of an uninterrupted search, and no fold runs twice."""
    search = {"searched": "max_depth", "trials": 4, "racing": racing}

    story("a.db", 4, **search)
    story("a.db", 5, **search)
    rest, result = story("a.db", 0, **search)
    every, whole = story("b.db", 0, **search)
    assert result == whole
    assert int(rest) == int(every) - 3 - 4


def test_one_store_holds_many_searches(tmp_path):
    """By their names; another search under the same name is refused."""
    store = tmp_path / "s.db"
    SearchCV(TREE, DEEP, trials=2, store=store, study="a").fit(X, Y)
    SearchCV(TREE, DEEP, trials=3, store=store, study="b", scoring="f1_macro").fit(X, Y)
    with pytest.raises(StudyError, match="another scoring"):
        SearchCV(TREE, DEEP, trials=2, store=store, study="a", scoring="f1_macro").fit(X, Y)
    with pytest.raises(StudyError, match=r"other folds.*a random_state"):
        SearchCV(TREE, DEEP, trials=2, store=store, study="a", cv=3).fit(X, Y)

    again = SearchCV(Counted(), DEEP, trials=1, store=store, study="c").fit(X, Y)
    assert len(again.study_) == 1


def test_a_later_fit_forgets_an_earlier_one(tmp_path):
    """No figure and no log of other data."""
    search = SearchCV(TREE, DEEP, trials=2, finalists=2).fit(X, Y)
    assert hasattr(search, "honest_score_")
    assert hasattr(search, "finals_")
    search.set_params(honest=False, finalists=0).fit(X, Y)

    assert not hasattr(search, "honest_score_")
    assert not hasattr(search, "finals_")


# -- candidates that fail --------------------------------------------------------------------------


class Odd(DecisionTreeClassifier):
    """Odd depths fail, each in its way."""

    def __init__(self, max_depth=2, way="raise", random_state=0):
        super().__init__(max_depth=max_depth, random_state=random_state)
        self.way = way

    def fit(self, X, y):
        if self.max_depth % 2:
            if self.way == "raise":
                raise ValueError("odd")
            if self.way == "die":
                os._exit(3)
        return super().fit(X, y)

    def score(self, X, y, sample_weight=None):
        return np.nan if self.way == "nan" and self.max_depth % 2 else super().score(X, y)


@pytest.mark.parametrize("way", ["raise", "nan"])
def test_a_failing_candidate_does_not_end_the_search(way):
    """It has NaN, it is not run further, and it cannot win."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = SearchCV(Odd(way=way), {"max_depth": [1, 2, 3, 4]}, trials=4).fit(X, Y)

    failed = np.array([params["max_depth"] % 2 for params in search.cv_results_["params"]]) == 1
    assert np.isnan(search.cv_results_["mean_test_score"][failed]).all()
    assert search.best_params_["max_depth"] in (2, 4)
    assert search.honest_score_ > 0.6


def test_failures_are_reported():
    """With a warning, at once if told so, and as an error where nothing else is left."""
    search = SearchCV(Odd(), {"max_depth": [1, 2]}, trials=2)
    with pytest.warns(FitFailedWarning, match="odd"):
        search.fit(X, Y)
    with pytest.raises(ValueError, match="odd"):
        SearchCV(Odd(), {"max_depth": [1, 2]}, trials=2, error_score="raise").fit(X, Y)
    with pytest.raises(ValueError, match=r"All the .* fits failed"):
        SearchCV(Odd(), {"max_depth": [1, 3]}, trials=2).fit(X, Y)


@pytest.mark.filterwarnings("ignore")
def test_a_search_without_any_score_is_an_error_and_ends_early(tmp_path):
    """A wrong scorer, say: hours of it would be for nothing. Fits that all fail too."""
    words = np.array(["no", "yes"])[Y % 2]
    settings = {"trials": 50, "store": tmp_path / "a.db"}
    for _ in range(2):  # again: it goes no further
        search = SearchCV(TREE, DEEP, scoring="f1", **settings)
        with pytest.raises(AllFailed, match=r"none of the 10 candidates .* scoring='f1' gave NaN"):
            search.fit(X, words)
        assert len(search.study_) == 10
    with pytest.raises(AllFailed, match="none of the 2 candidates"):
        SearchCV(TREE, DEEP, trials=2, scoring="f1").fit(X, words)
    search = SearchCV(Odd(), {"max_depth": list(range(1, 99, 2))}, trials=40)
    with pytest.raises(ValueError, match=r"All the .* fits failed"):
        search.fit(X, Y)
    assert len(search.study_) == 10


@pytest.mark.filterwarnings("ignore")
def test_a_grid_without_any_score_ends_as_scikit_learns_does():
    words = np.array(["no", "yes"])[Y % 2]
    search = GridSearchCV(TREE, {"max_depth": [1, 2]}, scoring="f1").fit(X, words)

    assert np.isnan(search.best_score_)
    assert not hasattr(search, "honest_score_")
    assert "best of 2: nan" in repr(search)


def test_an_unknown_method_is_told_by_that_name():
    with pytest.raises(StudyError, match=r"method: there is none named 'gpp'. Did you mean 'gp'"):
        SearchCV(TREE, DEEP, method="gpp").fit(X, Y)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_candidate_that_kills_its_process_fails_alone():
    search = SearchCV(Odd(way="die"), {"max_depth": [1, 2, 4]}, trials=3, n_jobs=2, cv=2)
    search.fit(X, Y)

    died = np.array([params["max_depth"] == 1 for params in search.cv_results_["params"]])
    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), died)


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


def test_folds_may_be_an_iterator():
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


def test_it_survives_cloning_and_pickling():
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
