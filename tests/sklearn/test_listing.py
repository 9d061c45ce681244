"""Candidates that are all known beforehand."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV as Theirs
from sklearn.tree import DecisionTreeClassifier

from luthier.sklearn import GridSearchCV
from luthier.sklearn.fitting import Fitting
from luthier.sklearn.listing import Enough, Listing

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
DEPTHS = [{"max_depth": 1}, {"max_depth": 3}, {"max_depth": 2}]


@pytest.fixture
def listed(request):
    """A listing of a tree's search, with settings."""

    def made(tree=DecisionTreeClassifier, **settings):
        search = GridSearchCV(tree(random_state=0), {}, cv=3, **settings)
        fitting = Fitting(search, X, Y, {})
        fitting.__enter__()
        request.addfinalizer(lambda: fitting.__exit__(None, None, None))
        return Listing(fitting)

    return made


def test_batches_add_up_and_what_else_is_known_of_them_is_a_column(listed):
    listing = listed()

    listing.evaluate_candidates(DEPTHS[:2], more_results={"iter": [0, 0]})
    made = listing.evaluate_candidates(iter(DEPTHS[2:]), more_results={"iter": [1]})

    assert made["params"] == DEPTHS
    assert list(made["iter"]) == [0, 0, 1]
    theirs = Theirs(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3, 2]}, cv=3)
    wanted = theirs.fit(X, Y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(made["mean_test_score"], wanted)


def test_what_is_beyond_the_trials_is_left_out_and_ends_the_search(listed):
    listing = listed(trials=2)

    with pytest.raises(Enough):
        listing.evaluate_candidates(DEPTHS, more_results={"iter": [4, 5, 6]})

    assert listing.fitting.results["params"] == DEPTHS[:2]
    assert list(listing.fitting.results["iter"]) == [4, 5]
    assert listing.fitting.ended == "all 2 trials were run"


def test_as_many_candidates_as_trials_end_nothing(listed):
    listing = listed(trials=3)

    assert len(listing.evaluate_candidates(DEPTHS)["params"]) == 3
    assert listing.fitting.ended == ""


def test_no_candidates_are_an_error(listed):
    with pytest.raises(ValueError, match="Were there no candidates"):
        listed().evaluate_candidates([])


def test_a_name_that_is_unknown_is_an_error_before_any_fit(listed, counted):
    with pytest.raises(ValueError, match="Invalid parameter 'deep'"):
        listed(counted).evaluate_candidates([*DEPTHS, {"deep": 3}])

    assert counted.fits == 0


def test_what_a_store_knows_is_not_fitted_again(listed, counted, tmp_path):
    first = listed(counted, store=tmp_path / "s.db").evaluate_candidates(DEPTHS[:2])
    assert counted.fits == 6

    again = listed(counted, store=tmp_path / "s.db").evaluate_candidates(DEPTHS)

    assert counted.fits == 9
    np.testing.assert_array_equal(again["mean_test_score"][:2], first["mean_test_score"])
    np.testing.assert_array_equal(again["mean_fit_time"][:2], first["mean_fit_time"])


def test_candidates_that_differ_in_their_resources_alone_are_told_apart(listed, counted, tmp_path):
    for resources, fits in ((10, 3), (20, 6), (10, 6)):
        listing = listed(counted, store=tmp_path / "s.db")
        listing.evaluate_candidates(DEPTHS[:1], more_results={"n_resources": [resources]})

        assert counted.fits == fits
