"""ConvergenceWarnings of a search: one with a count, and whatever else is shown as ever."""

import threading
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from luthier import Float
from luthier.sklearn import GridSearchCV, SearchCV
from luthier.sklearn.convergence import heard

X, Y = np.arange(48.0).reshape(24, 2), np.tile([0, 1], 12)


class Restless(ClassifierMixin, BaseEstimator):
    """Does not converge where its rate is large, and always has another thing to say."""

    def __init__(self, rate=0.5):
        self.rate = rate

    def fit(self, X, y):
        if self.rate > 0.25:
            warnings.warn(f"no end at {self.rate}\nGive more.", ConvergenceWarning, stacklevel=2)
        warnings.warn("odd rows", UserWarning, stacklevel=2)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def shown(search, action="always"):
    """What a search shows, by category."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        search.fit(X, Y)
    return {
        kind: [str(w.message) for w in caught if w.category is kind]
        for kind in (ConvergenceWarning, UserWarning)
    }


def search_of(**more):
    return SearchCV(Restless(), {"rate": Float(0.3, 0.9)}, trials=4, cv=3, refit=False,
                    method="random", random_state=3, **more)  # fmt: skip


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_says_once_how_often_fits_did_not_converge(n_jobs):
    search = search_of(n_jobs=n_jobs)
    told = shown(search)

    fits = int(search.cv_results_["n_folds"].sum()) if "n_folds" in search.cv_results_ else 12
    (text,) = told[ConvergenceWarning]
    assert f"ConvergenceWarning came {fits} times in {fits} fits" in text
    assert "first as: no end at 0." in text
    assert "Give more" not in text


def test_other_warnings_are_shown_as_ever():
    assert "odd rows" in shown(search_of())[UserWarning]


def test_nothing_is_said_where_all_converge_or_nobody_wants_to_hear():
    calm = SearchCV(Restless(), {"rate": Float(0.05, 0.2)}, trials=3, cv=3, refit=False)

    assert shown(calm)[ConvergenceWarning] == []
    assert shown(search_of(), "ignore")[ConvergenceWarning] == []


def test_a_filter_that_makes_it_an_error_makes_it_one():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning, match="no end at"):
            search_of(error_score="raise").fit(X, Y)


def test_the_winners_own_warning_is_shown():
    told = shown(search_of().set_params(refit=True))[ConvergenceWarning]

    assert sorted(text[:6] for text in told) == ["Conver", "no end"]


def test_scikit_learns_searches_show_each():
    search = GridSearchCV(Restless(), {"rate": [0.3, 0.7]}, cv=3, refit=False)

    assert len(shown(search)[ConvergenceWarning]) == 6


def test_a_thread_keeps_nothing_back():
    found = []

    def work():
        found.append(heard(True, Restless().fit, X, Y)[1])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert found == [[]]
    assert [w.category for w in caught] == [ConvergenceWarning, UserWarning]
