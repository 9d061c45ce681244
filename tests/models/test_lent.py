"""What an estimator can be given less of."""

import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from luthier.models.lent import ROWS, iterations, lendable, whole


class Foreign(BaseEstimator):
    """As other libraries write theirs: most of it is None until they are told."""

    def __init__(self, rounds=None, rate=0.3, leaves=31, quiet=True, verbosity=None):
        self.rounds, self.rate, self.leaves = rounds, rate, leaves
        self.quiet, self.verbosity = quiet, verbosity


@pytest.mark.parametrize(
    ("estimator", "yes", "no"),
    [
        (SVC(C=3), ("max_iter", "degree"), ("C", "kernel", "gamma", "shrinking", "random_state",
                                            "class_weight", "verbose", "epochs")),
        (make_pipeline(GradientBoostingClassifier()),
         ("gradientboostingclassifier__n_estimators", "gradientboostingclassifier__max_leaf_nodes"),
         ("n_estimators", "gradientboostingclassifier", "gradientboostingclassifier__subsample",
          "steps", "gradientboostingclassifier__init")),
        (Foreign(), ("rounds", "leaves"), ("rate", "quiet", "verbosity")),
    ],
)  # fmt: skip
def test_whole_numbers_can_be_given_less_of(estimator, yes, no):
    assert all(lendable(estimator, name) for name in yes)
    assert not any(lendable(estimator, name) for name in no)


def test_what_grows_while_a_model_learns_is_known_by_its_name():
    assert iterations(["C", "step__max_iter", "iterations"]) == ["step__max_iter", "iterations"]


def test_the_whole_of_a_parameter_is_its_most_and_rows_are_no_parameter():
    assert whole("n_estimators", 300.0) == {"n_estimators": 300}
    assert whole(ROWS, 1.0) == {}
