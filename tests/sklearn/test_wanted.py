"""What a space may be, and which point of it comes first."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import load_iris
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier import Choice, Float, Int, Space
from luthier.errors import SpaceError
from luthier.sklearn import BayesSearchCV, GeneticSearchCV, SearchCV

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)


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
def test_bad_spaces_fail_before_anything_is_fitted(space, said, counted):
    with pytest.raises(SpaceError, match=said):
        SearchCV(counted(), space, trials=3).fit(X, Y)
    assert counted.fits == 0


def test_a_parameter_inside_a_pipeline_is_named_with_its_step():
    pipeline = make_pipeline(StandardScaler(), SVC())

    with pytest.raises(SpaceError, match=r"'C' is no .*named 'svc__C'; parts"):
        SearchCV(pipeline, {"C": Float(1, 3)}, trials=3).fit(X, Y)
