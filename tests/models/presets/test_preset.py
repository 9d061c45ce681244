"""Presets: the default point is the estimator itself, and every point can be set and fitted."""

import pickle
import subprocess
import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RANSACRegressor, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from luthier.errors import StudyError
from luthier.models.presets import preset
from luthier.models.presets.known import KNOWN, MODELS, STEPS
from luthier.models.presets.portfolio import _chosen

ROWS, COLUMNS = 60, 4
BOOSTERS = {"xgboost": "XGB", "lightgbm": "LGBM", "catboost": "CatBoost"}


def plain():
    """An estimator of every known class that this environment has, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are deprecated, and still known
        kinds = dict(all_estimators())
    knn, tree, svc = KNeighborsClassifier(), DecisionTreeClassifier(), SVC()
    made = {
        "VotingClassifier": VotingClassifier([("k", knn), ("t", tree)]),
        "VotingRegressor": VotingRegressor([("a", Ridge()), ("b", SVR())]),
        "StackingClassifier": StackingClassifier([("k", knn), ("s", svc)], tree, cv=2),
        "TransformedTargetRegressor": TransformedTargetRegressor(Ridge()),
        "OneVsRestClassifier": OneVsRestClassifier(svc),
    }
    for name in MODELS:
        if name not in made and name in kinds:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    made[name] = kinds[name]()
                except TypeError:
                    continue  # wraps others; one of its kind is above
    for package, short in BOOSTERS.items():
        if find_spec(package):
            home = __import__(package)
            made |= {f"{short}{k}": getattr(home, f"{short}{k}")() for k in ENDS}
    return made


ENDS = ("Classifier", "Regressor")
PLAIN = plain()


def data(estimator):
    rng = np.random.default_rng(11)
    X = np.abs(rng.normal(size=(ROWS, COLUMNS)))
    if type(estimator).__name__ == "CategoricalNB":
        X = np.tile(np.arange(ROWS) % 3, (COLUMNS, 1)).T
    y = np.arange(ROWS) % 3
    return (X + y[:, None] / 5 if X.dtype == float else X), (
        y if is_classifier(estimator) else 3 + X @ np.array([2.0, -0.3, 0.7, 0.1])
    )


def fitted(estimator, made, params, X, y):
    """Whether an estimator can be fitted with the settings of a point."""
    cheap = {"n_estimators": 15, "max_iter": 40, "iterations": 20}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        twin = clone(estimator).set_params(**made.settings(params))
        known = twin.get_params(deep=False)
        twin.set_params(**{k: v for k, v in cheap.items() if (known.get(k) or 0) > v})
        if "n_jobs" in known:
            twin.set_params(n_jobs=1)
        if "CatBoost" in type(twin).__name__:
            twin.set_params(verbose=False, allow_writing_files=False)
        twin.fit(X, y)
        assert np.isfinite(np.asarray(twin.predict(X), dtype=float)).all()


def same_settings(one, other):
    """Whether two estimators have equal settings; what they hold is compared by its text."""
    a, b = one.get_params(), other.get_params()
    return {k: repr(v) for k, v in a.items()} == {k: repr(v) for k, v in b.items()}


@pytest.mark.parametrize("name", PLAIN)
def test_the_default_point_leaves_the_estimator_equal_to_itself(name):
    made = preset(PLAIN[name], rows=ROWS, columns=COLUMNS, classes=3)
    space = made.space

    assert space.values(space.check(made.default)) == made.default == space.default()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of a class that is going away
        twin = clone(PLAIN[name]).set_params(**made.settings(made.default))
    assert same_settings(twin, PLAIN[name])
    assert made.source


@pytest.mark.parametrize("name", sorted(set(_chosen()) & set(PLAIN)))
def test_every_point_of_a_portfolio_is_one_of_the_space_and_can_be_set(name):
    made = preset(PLAIN[name], rows=900, columns=20)

    assert 4 <= len(made.portfolio) == len(_chosen()[name]) <= 8
    assert made.default not in made.portfolio
    for point in made.portfolio:
        assert made.space.values(made.space.check(point)) == point
        clone(PLAIN[name]).set_params(**made.settings(point))


def test_the_most_used_models_have_a_portfolio():
    both = ["KNeighbors", "DecisionTree", "RandomForest", "ExtraTrees", "GradientBoosting"]
    both += ["HistGradientBoosting", "MLP", "XGB", "LGBM"]
    lone = {"LogisticRegression", "SVC", "Ridge", "ElasticNet", "SVR"}

    assert set(_chosen()) == lone | {f"{name}{end}" for name in both for end in ENDS}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_random_points_can_be_set_and_fitted(name):
    X, y = data(PLAIN[name])
    made = preset(PLAIN[name], rows=ROWS * 2 // 3, columns=COLUMNS, classes=3)
    rng = np.random.default_rng(5)
    for params in made.space.decode(made.space.sample(20, rng)):
        fitted(PLAIN[name], made, params, X, y)


def test_forty_estimators_are_known():
    assert len(MODELS) > 55
    assert {package for package, _ in KNOWN} >= {"sklearn", *BOOSTERS}
    assert not set(MODELS) & set(STEPS)


@pytest.mark.parametrize(
    ("estimator", "default"),
    [
        (Ridge(alpha=0), {"alpha": "0", "fit_intercept": True}),
        (Ridge(alpha=3e8), {"alpha": 3e8, "fit_intercept": True}),
        (SVR(kernel="linear", C=7), {"C": 7.0, "kernel": "linear", "epsilon": 0.1}),
        (
            RandomForestRegressor(max_depth=90, max_features=3, min_samples_leaf=0.02, bootstrap=0),
            {
                "n_estimators": 100,
                "max_depth": "value",
                "max_depth_value": 90,
                "min_samples_split": 2,
                "min_samples_leaf": "0.02",
                "max_features": "3",
                "bootstrap": 0,
            },
        ),
        (
            MLPClassifier([9, 700, 5, 4], solver="lbfgs"),
            {
                "layers": 4,
                "units_1": 9,
                "units_2": 700,
                "units_3": 5,
                "units_4": 4,
                "activation": "relu",
                "alpha": 1e-4,
                "max_iter": 200,
            },
        ),
        (
            KNeighborsClassifier(300, p=3),
            {"n_neighbors": 300, "weights": "uniform", "metric": "minkowski", "p": 3},
        ),
        (
            LogisticRegression(C=np.inf, class_weight={0: 3, 1: 1}, solver="newton-cg"),
            {"C": "inf", "penalty": "l2", "class_weight": {0: 3, 1: 1}, "fit_intercept": True},
        ),
        (SVC(kernel="precomputed"), {"C": 1.0, "class_weight": None}),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else "",
)
def test_the_users_own_settings_are_the_default_whatever_they_are(estimator, default):
    made = preset(estimator, rows=ROWS, columns=COLUMNS)

    assert made.default == default
    assert same_settings(clone(estimator).set_params(**made.settings(default)), estimator)
    for params in made.space.decode(made.space.sample(20, np.random.default_rng(2))):
        clone(estimator).set_params(**made.settings(params))


def test_a_range_grows_to_hold_the_users_own_value_and_keeps_its_other_end():
    wide = preset(Ridge(alpha=3e8)).space["alpha"]

    assert (wide.low, wide.high) == (1e-5, 3e8)


@pytest.mark.parametrize("point", [{"penalty": "l1"}, {"penalty": "elasticnet", "l1_ratio": 0.3}])
@pytest.mark.parametrize("solver", ["lbfgs", "liblinear", "saga", "newton-cholesky"])
def test_only_valid_pairs_of_penalty_and_solver_are_made(point, solver):
    estimator = LogisticRegression(solver=solver)
    made = preset(estimator)
    X, y = data(estimator)

    fitted(estimator, made, {**made.default, **point}, X, y % 2)


def test_a_machine_that_would_not_end_gets_a_limit_unless_it_is_as_it_was():
    made = preset(SVC())

    assert made.settings({**made.default, "C": 1e4})["max_iter"] == 200_000
    assert made.settings(made.default)["max_iter"] == -1
    mine = preset(SVC(max_iter=77))
    assert "max_iter" not in mine.settings({**mine.default, "C": 1e4})


@pytest.mark.parametrize("dual", [True, False, "auto"])
@pytest.mark.parametrize("point", [{"penalty": "l1"}, {"loss": "hinge"}, {"C": 3.0}])
def test_only_valid_pairs_of_penalty_and_loss_are_made(point, dual):
    estimator = LinearSVC(dual=dual, loss="squared_hinge")
    made = preset(estimator)
    X, y = data(estimator)
    params = {**made.default, **point}
    if params["penalty"] == "l1":
        del params["loss"]

    fitted(estimator, made, params, X, y)


def test_boosters_own_none_stays_none_until_it_is_searched():
    xgboost = pytest.importorskip("xgboost")
    made = preset(xgboost.XGBRegressor(subsample=0.9))

    moved = made.settings({**made.default, "max_depth": 3})

    assert made.default["max_depth"] == 6
    assert made.settings(made.default)["max_depth"] is None
    assert (moved["max_depth"], moved["learning_rate"], moved["subsample"]) == (3, None, 0.9)


def test_a_pipeline_is_searched_under_the_names_of_its_steps():
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1, 2]),
                ("words", OneHotEncoder(handle_unknown="ignore"), [3]),
                ("rest", "drop", []),
            ]
        ),
        FunctionTransformer(),
        PCA(0.9),
        SelectKBest(k=2),
        RandomForestClassifier(25),
    )
    made = preset(pipeline, rows=ROWS, columns=COLUMNS)
    X, y = data(pipeline)
    X[:, 3] = np.arange(ROWS) % 2

    assert "columntransformer__numbers__simpleimputer__strategy" in made.space.names
    assert "columntransformer__words__min_frequency" in made.space.names
    assert made.default["pca__n_components_value"] == 0.9
    assert "SelectKBest" in made.source
    assert "RandomForestClassifier" in made.source
    assert same_settings(clone(pipeline).set_params(**made.settings(made.default)), pipeline)
    for params in made.space.decode(made.space.sample(3, np.random.default_rng(3))):
        fitted(pipeline, made, params, X, y)


def test_a_step_knows_the_columns_only_where_no_step_before_changes_them():
    near = preset(make_pipeline(StandardScaler(), SelectKBest(k=3), SVC()), columns=40)
    far = preset(make_pipeline(PCA(), SelectKBest(k=3), SVC()), columns=40)

    assert near.space["selectkbest__k_value"].high == 40
    assert far.space["selectkbest__k_value"].high == 6


def test_members_of_a_vote_may_be_dropped_but_never_all():
    vote = VotingClassifier(
        [("near", KNeighborsClassifier()), ("svm", make_pipeline(StandardScaler(), SVC())),
         ("gone", "drop")],
        weights=[2, 1, 1],
    )  # fmt: skip
    made = preset(vote, rows=ROWS, columns=COLUMNS)
    X, y = data(vote)
    points = made.space.decode(made.space.sample(60, np.random.default_rng(1)))

    assert made.default["weight__near"] == 2.0
    assert same_settings(clone(vote).set_params(**made.settings(made.default)), vote)
    assert {(p["near"], p["svm"]) for p in points} == {
        ("keep", "keep"), ("keep", "drop"), ("drop", "keep")
    }  # fmt: skip
    assert all(("svm__svc__C" in p) == (p["svm"] == "keep") for p in points)
    lone = next(p for p in points if p["near"] == "drop")
    assert made.settings(lone)["near"] == "drop"
    assert made.settings(lone)["weights"] == [2.0, lone["weight__svm"], 1.0]
    fitted(vote, made, lone, X, y)


def test_adaboost_searches_the_depth_of_its_own_trees_or_the_given_member():
    own = preset(AdaBoostClassifier())
    given = preset(AdaBoostClassifier(LogisticRegression(C=3)))

    deeper = own.settings({**own.default, "estimator__max_depth": 4})["estimator"]

    assert own.default["estimator__max_depth"] == 1
    assert deeper.get_params()["max_depth"] == 4
    assert given.default["estimator__C"] == 3.0
    assert "estimator__max_depth" not in given.space.names


def test_a_member_that_is_not_known_is_left_as_it_is():
    made = preset(BaggingRegressor(RANSACRegressor()))

    assert not [name for name in made.space.names if name.startswith("estimator__")]


def test_nothing_heavy_is_imported_before_an_estimator_is_there():
    code = (
        "import sys, luthier.models.presets\n"
        "print([m for m in ('sklearn', 'xgboost', 'lightgbm', 'catboost') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_preset_can_be_pickled():
    made = preset(make_pipeline(StandardScaler(), AdaBoostClassifier()))

    again = pickle.loads(pickle.dumps(made))

    assert again.space == made.space
    assert again.settings(made.default) == made.settings(made.default)


@pytest.mark.parametrize(
    ("estimator", "told"),
    [
        (
            RANSACRegressor(),
            r"for RANSACRegressor of sklearn.*space=Space.*SGDReg",
        ),
        (make_pipeline(StandardScaler(), RANSACRegressor()), r"\(at 'ransacregressor'\)"),
        (make_pipeline(SVC(), "passthrough"), "Name one there, or give a space"),
        (TransformedTargetRegressor(), "None .at 'regressor'. is no estimator"),
        (SVC, r"Give SVC\(\)"),
        (OneHotEncoder, r"Give OneHotEncoder\(\)"),
        (ColumnTransformer([]), "nothing that is searched by default"),
        (VotingRegressor([("one", LinearRegression())]).set_params(one="drop"), "nothing that is"),
    ],
)
def test_what_cannot_be_tuned_says_what_to_do(estimator, told):
    with pytest.raises(StudyError, match=told):
        preset(estimator)
