"""Any estimator is a model by its dotted name, with a space of the user's."""

import pytest

from luthier.errors import StudyError
from luthier.models.building import check_names
from luthier.models.catalog import model
from luthier.space import Float, Int, Space


def test_any_estimator_is_built_from_its_dotted_name():
    chosen = model("sklearn.ensemble.AdaBoostClassifier", "classification")
    space = Space(n_estimators=Int(10, 90), learning_rate=Float(0.01, 2, log=True))

    check_names(chosen, space, "classification", ())
    built = chosen.build({"n_estimators": 33, "learning_rate": 0.5}, "classification", 9)

    assert (built.n_estimators, built.learning_rate, built.random_state) == (33, 0.5, 9)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sklearn.ensembel.AdaBoostClassifier", "no module 'sklearn.ensembel'"),
        ("sklearn.ensemble.AdaBoostClasifier", "Did you mean 'AdaBoostClassifier'"),
        ("sklearn.ensemble.AdaBoostRegressor", "is no classifier"),
        ("sklearn.ensemble.VotingClassifier", "without arguments"),
        ("collections.OrderedDict", "no scikit-learn estimator"),
    ],
)
def test_a_wrong_dotted_name_says_what_is_wrong(name, said):
    with pytest.raises(StudyError, match=said):
        model(name, "classification")


def test_a_dotted_estimator_needs_a_space_of_its_own():
    chosen = model("sklearn.naive_bayes.GaussianNB", "classification")

    with pytest.raises(StudyError, match=r"--space space\.toml.*var_smoothing"):
        chosen.space("classification")
