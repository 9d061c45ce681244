"""What came of every fold, in the form of ``cv_results_``."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning

from luthier.sklearn import GridSearchCV
from luthier.sklearn.results import complain, first, table


def outcome(score, **more):
    return {
        "fit_error": None,
        "test_scores": score,
        "n_test_samples": 7,
        "fit_time": 0.25,
        "score_time": 0.125,
        **more,
    }


def failed(score):
    return outcome(score, fit_error="ValueError: too cold")


def fitting(outcomes, **settings):
    """What a search knows after its folds: two candidates, or more."""
    search = GridSearchCV(DummyClassifier(), {}, **settings)
    candidates = [{"n": 3 + i} for i in range(len(outcomes))]
    return SimpleNamespace(
        search=search, candidates=candidates, outcomes=outcomes, more={}, growing=None, budgets=None
    )


def test_folds_that_were_not_run_are_nan_and_leave_the_candidate_the_last_rank():
    made = table(
        fitting([[outcome(0.25), outcome(0.5)], [outcome(0.875), None], [None, None],
                 [outcome(0.5), outcome(0.75)]])
    )  # fmt: skip

    assert made["n_folds"].tolist() == [2, 1, 0, 2]
    np.testing.assert_array_equal(made["mean_test_score"], [0.375, np.nan, np.nan, 0.625])
    np.testing.assert_array_equal(made["split0_test_score"], [0.25, 0.875, np.nan, 0.5])
    assert made["rank_test_score"].tolist() == [2, 3, 3, 1]
    np.testing.assert_array_equal(made["mean_fit_time"], [0.25, np.nan, np.nan, 0.25])


def test_gaps_are_no_reason_for_scikit_learns_warning_but_failed_fits_are():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table(fitting([[outcome(0.25), outcome(0.5)], [outcome(0.875), None]]))

    with pytest.warns(UserWarning, match="non-finite"):
        table(fitting([[outcome(0.25), outcome(0.5)], [outcome(0.875), outcome(np.nan)]]))


def test_how_many_folds_ran_is_a_column_where_some_did_not_or_may_not_have():
    whole = [[outcome(0.25), outcome(0.5)], [outcome(0.5), outcome(0.5)]]

    assert "n_folds" not in table(fitting(whole))
    assert table(fitting(whole, racing=True))["n_folds"].tolist() == [2, 2]


def test_several_scores_and_training_scores_have_gaps_too():
    def several(a, b):
        return outcome({"a": a, "b": b}, train_scores={"a": 1.0, "b": a})

    made = table(
        fitting([[None, several(0.5, 0.125)], [several(0.75, 0.25), several(0.25, 0.5)]],
                scoring=["a", "b"], refit="a", return_train_score=True)
    )  # fmt: skip

    np.testing.assert_array_equal(made["split0_test_b"], [np.nan, 0.25])
    np.testing.assert_array_equal(made["mean_train_b"], [np.nan, 0.5])
    np.testing.assert_array_equal(made["mean_test_a"], [np.nan, 0.5])


def test_what_else_is_known_is_a_column_and_predictions_are_none():
    known = fitting([[outcome(0.25, predictions={"predict": [1]}, iterations=9)] * 2])
    known.more = {"n_resources": [40]}

    made = table(known)

    assert list(made["n_resources"]) == [40]
    assert not [name for name in made if "predictions" in name or "iterations" in name]


def test_the_first_outcome_is_found_behind_folds_that_were_not_run():
    one = outcome(0.5)

    assert first(fitting([[None, None], [None, one]])) is one


def test_some_failed_fits_are_told_and_where_all_failed_it_is_an_error():
    some = fitting([[outcome(0.5), failed(np.nan)], [None, failed(np.nan)]])
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 3"):
        complain(some, [0, 1])
    with pytest.raises(ValueError, match=r"All the 1 fits failed(.|\n)*too cold"):
        complain(some, [1])


def test_of_a_scoring_function_a_failed_fold_has_its_scores_from_the_others():
    """Nobody knew their names when it failed."""
    mixed = fitting([[outcome({"a": 0.5, "b": 2.0}), failed(-9.0)]], scoring=lambda *_: {})
    mixed.search.error_score = -9.0

    with pytest.warns(FitFailedWarning):
        complain(mixed, [0])

    assert mixed.outcomes[0][1]["test_scores"] == {"a": -9.0, "b": -9.0}
