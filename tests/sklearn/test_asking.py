"""How a search that proposes goes, when it ends, that it resumes, and what fails alone."""

import itertools
import os
import time
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.tree import DecisionTreeClassifier

from luthier import Int
from luthier.errors import AllFailed, StudyError
from luthier.sklearn import GridSearchCV, SearchCV

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)
DEEP = {"max_depth": Int(1, 30), "min_samples_leaf": Int(1, 12)}


def test_the_same_number_gives_the_same_search(same):
    """And another number another."""
    a, b, c = (SearchCV(TREE, DEEP, trials=6, random_state=n).fit(X, Y) for n in (3, 3, 4))

    same(a, b)
    assert a.cv_results_["params"] != c.cv_results_["params"]


def test_the_same_number_gives_the_same_search_in_threads(same):
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


def test_whichever_worker_is_faster_the_search_is_the_same(same):
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
def test_the_same_number_gives_the_same_search_in_processes(same):
    made = [SearchCV(TREE, DEEP, trials=6, random_state=3, n_jobs=2).fit(X, Y) for _ in range(2)]

    same(*made)


@pytest.mark.parametrize("method", ["auto", "gp", "tpe", "forest", "genetic", "random", "grid"])
def test_a_small_space_is_tried_through_once(method):
    """Then the search ends."""
    search = SearchCV(TREE, {"max_depth": [1, 2, 3]}, trials=20, method=method, cv=2).fit(X, Y)

    assert sorted(params["max_depth"] for params in search.cv_results_["params"]) == [1, 2, 3]


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


def test_a_search_goes_on_where_it_ended(tmp_path, counted, same):
    """Three trials, and three more, are the first six; nothing is fitted twice."""
    how = {"random_state": 1, "racing": False}
    SearchCV(counted(random_state=0), DEEP, trials=3, store=tmp_path / "s.db", **how).fit(X, Y)
    went_on = SearchCV(counted(random_state=0), DEEP, trials=6, store=tmp_path / "s.db", **how)
    went_on.fit(X, Y)
    fits = counted.fits
    whole = SearchCV(counted(random_state=0), DEEP, trials=6, **how).fit(X, Y)

    same(went_on, whole)
    assert fits == 6 * 5 + 2  # each search fits its winner
    assert went_on.honest_ == whole.honest_


@pytest.mark.parametrize(("at", "racing"), [(3, True), (5, False), (12, True), (12, False)])
def test_an_interrupted_search_goes_on(tmp_path, at, racing, counted, same):
    """Ctrl-C leaves what there is, if one candidate is complete; and the result is the same."""
    how = {"trials": 4, "racing": racing, "random_state": 1, "refit": False}
    search = SearchCV(counted(random_state=0), DEEP, store=tmp_path / "s.db", **how)
    counted.interrupted = at
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert hasattr(search, "best_params_") == (at >= 5)
    again = clone(search).fit(X, Y)
    fits, counted.fits = counted.fits, 0
    whole = SearchCV(counted(random_state=0), DEEP, **how).fit(X, Y)

    same(again, whole)
    assert again.honest_ == whole.honest_
    assert fits == counted.fits


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


def test_one_store_holds_many_searches(tmp_path, counted):
    """By their names; another search under the same name is refused."""
    store = tmp_path / "s.db"
    SearchCV(TREE, DEEP, trials=2, store=store, study="a").fit(X, Y)
    SearchCV(TREE, DEEP, trials=3, store=store, study="b", scoring="f1_macro").fit(X, Y)
    with pytest.raises(StudyError, match="another scoring"):
        SearchCV(TREE, DEEP, trials=2, store=store, study="a", scoring="f1_macro").fit(X, Y)
    with pytest.raises(StudyError, match=r"other folds.*a random_state"):
        SearchCV(TREE, DEEP, trials=2, store=store, study="a", cv=3).fit(X, Y)

    again = SearchCV(counted(), DEEP, trials=1, store=store, study="c").fit(X, Y)
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
