"""Ensembles that are cut: to the last digit what a fit with fewer stages gives."""

import pickle
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import ensemble, tree
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from luthier.sklearn import stages
from luthier.sklearn.sharing import KEPT
from luthier.sklearn.stages import Share, learner_of

MOST, FEWER = 6, (5, 3, 1)
BINARY = make_classification(90, 6, flip_y=0.2, random_state=3)
CLASSES = make_classification(90, 6, n_informative=4, n_classes=3, flip_y=0.2, random_state=4)
NUMBERS = make_regression(90, 6, noise=30.0, random_state=5)
WEIGHTS = np.random.default_rng(6).uniform(0.2, 3.0, 90)
LEARN, TEST = np.arange(60), np.arange(60, 90)
SEED = {"random_state": 7}
QUIET = {"verbose": -1, "min_child_samples": 5}

CLASSIFIERS = {
    "forest": RandomForestClassifier(**SEED),
    "forest, weighed": RandomForestClassifier(class_weight="balanced_subsample", **SEED),
    "forest, own generator": RandomForestClassifier(random_state=np.random.RandomState(2)),
    "forest, parts of rows": RandomForestClassifier(max_samples=0.5, max_features=2, **SEED),
    "extra": ExtraTreesClassifier(bootstrap=True, **SEED),
    "bagging": BaggingClassifier(max_samples=0.6, max_features=0.5, **SEED),
    "bagging, neighbours": BaggingClassifier(KNeighborsClassifier(3), **SEED),
    "bagging, decisions": BaggingClassifier(SVC(), bootstrap_features=True, **SEED),
    "boosting": GradientBoostingClassifier(**SEED),
    "boosting, parts": GradientBoostingClassifier(subsample=0.6, max_features=2, **SEED),
    "boosting, stops": GradientBoostingClassifier(n_iter_no_change=1, tol=0.02, **SEED),
    "boosting, init": GradientBoostingClassifier(init=LogisticRegression(), **SEED),
    "histograms": HistGradientBoostingClassifier(max_features=0.5, min_samples_leaf=5, **SEED),
    "histograms, stops": HistGradientBoostingClassifier(
        early_stopping=True, n_iter_no_change=2, learning_rate=0.9, min_samples_leaf=3, **SEED
    ),
    "histograms, scored": HistGradientBoostingClassifier(
        early_stopping=True, scoring="accuracy", validation_fraction=None, **SEED
    ),
    "adaptive": AdaBoostClassifier(**SEED),
    "adaptive, deep": AdaBoostClassifier(LogisticRegression(), learning_rate=0.5, **SEED),
}
REGRESSORS = {
    "forest": RandomForestRegressor(**SEED),
    "extra": ExtraTreesRegressor(min_samples_leaf=3, **SEED),
    "bagging": BaggingRegressor(LinearRegression(), max_samples=0.5, **SEED),
    "boosting": GradientBoostingRegressor(**SEED),
    "boosting, huber": GradientBoostingRegressor(loss="huber", subsample=0.5, **SEED),
    "histograms": HistGradientBoostingRegressor(min_samples_leaf=5, **SEED),
    "histograms, median": HistGradientBoostingRegressor(loss="absolute_error", **SEED),
    "adaptive": AdaBoostRegressor(loss="exponential", **SEED),
}


def boosters(module, prefix, quiet):
    pytest.importorskip(module)
    package = __import__(module)
    kinds = [getattr(package, prefix + kind) for kind in ("Classifier", "Regressor")]
    return [kind(n_jobs=1, **SEED, **quiet) for kind in kinds]


def cases():
    for name, model in CLASSIFIERS.items():
        for kind, data in (("binary", BINARY), ("classes", CLASSES)):
            yield pytest.param(model, data, id=f"{name}, {kind}")
    for name, model in REGRESSORS.items():
        yield pytest.param(model, NUMBERS, id=f"{name}, numbers")


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    KEPT.forget("test")


def left(key):
    return KEPT.get("test", key, None)


def told(model, X):
    return [
        getattr(model, name)(X)
        for name in ("predict", "predict_proba", "decision_function", "apply")
        if hasattr(model, name)
    ]


def check(model, data, weights=None):
    """Cut copies against fits; what both left, too, as far as it can be compared."""
    X, y = data
    params = {} if weights is None else {"sample_weight": weights[LEARN]}
    name = learner_of(type(model)).name
    fits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in (MOST, *FEWER):
            made, plain = (clone(model).set_params(**{name: number}) for _ in range(2))
            share = Share("test", "key", number, more=True)
            stages.fit(made, share, X[LEARN], y[LEARN], params)
            plain.fit(X[LEARN], y[LEARN], **params)
            fits.append((made, plain))
        for made, plain in fits:
            for a, b in zip(told(made, X[TEST]), told(plain, X[TEST]), strict=True):
                np.testing.assert_array_equal(a, b)  # several targets come in a list
    kept = left("key")
    return kept, fits


@pytest.mark.parametrize(("model", "data"), list(cases()))
def test_a_cut_copy_is_what_a_fit_gives(model, data):
    """Its predictions, and whatever else `fit` leaves but where its generator stands."""
    kept, fits = check(model, data)

    assert kept.number == MOST
    for made, plain in fits:
        # Scoring while it fits hangs the estimator's own method onto it.
        assert vars(made).keys() - {"_raw_predict"} == vars(plain).keys() - {"_raw_predict"}
        for name in vars(made).keys() - {"_rng", "_feature_subsample_rng"}:
            a, b = (getattr(one, name) for one in (made, plain))
            if isinstance(b, list | np.ndarray):
                assert len(a) == len(b), name
            if isinstance(b, int | float | str) or getattr(b, "dtype", np.dtype("O")) != "O":
                np.testing.assert_array_equal(a, b, name)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (RandomForestClassifier(**SEED), CLASSES),
        (BaggingRegressor(**SEED), NUMBERS),
        (GradientBoostingClassifier(subsample=0.7, **SEED), CLASSES),
        (HistGradientBoostingRegressor(min_samples_leaf=5, **SEED), NUMBERS),
        (AdaBoostClassifier(**SEED), BINARY),
    ],
    ids=lambda one: type(one).__name__ if hasattr(one, "fit") else "",
)
def test_rows_may_have_weights(model, data):
    check(model, data, WEIGHTS)


def test_an_ensemble_that_ends_by_itself_is_cut_where_it_ended():
    """It has fewer stages than it was told, and so have copies that want more than there are."""
    easy = BINARY[0], (BINARY[0][:, 0] > 0).astype(int)
    model = AdaBoostClassifier(**SEED)
    kept, fits = check(model, easy)

    assert len(kept.held["estimators_"]) == 1
    assert all(len(made.estimator_weights_) == made.n_estimators for made, _ in fits)


WORDS = BINARY[0], np.array(["no", "yes"])[BINARY[1]]
SPARSE = sp.csr_array(NUMBERS[0] * (NUMBERS[0] > 0.5)), NUMBERS[1]
SEVERAL = NUMBERS[0], np.stack([NUMBERS[1], NUMBERS[0][:, 0]], axis=1)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (GradientBoostingClassifier(**SEED), WORDS),
        (HistGradientBoostingClassifier(**SEED), WORDS),
        (AdaBoostClassifier(**SEED), WORDS),
        (GradientBoostingRegressor(**SEED), SPARSE),
        (RandomForestRegressor(**SEED), SPARSE),
        (ExtraTreesRegressor(**SEED), SEVERAL),
        (BaggingRegressor(**SEED), SEVERAL),
        (RandomForestClassifier(**SEED), (SEVERAL[0], (SEVERAL[1] > 0).astype(int))),
    ],
    ids=lambda one: type(one).__name__ if hasattr(one, "fit") else "",
)
def test_data_of_other_kinds(model, data):
    """Words as classes, sparse rows, several targets."""
    check(model, data)


@pytest.mark.parametrize(
    ("module", "prefix", "quiet"), [("xgboost", "XGB", {}), ("lightgbm", "LGBM", QUIET)]
)
def test_boosters_of_other_libraries(module, prefix, quiet):
    """Their predictions; they leave the model of another library, which cannot be compared."""
    classifier, regressor = boosters(module, prefix, quiet)
    parts = {"subsample": 0.6, "colsample_bytree": 0.5}
    for data, model in ((BINARY, classifier), (CLASSES, classifier), (NUMBERS, regressor)):
        for weights in (None, WEIGHTS):
            for settings in ({}, parts | ({"subsample_freq": 1} if prefix == "LGBM" else {})):
                kept, fits = check(clone(model).set_params(**settings), data, weights)
                assert kept.number == MOST
                assert pickle.loads(pickle.dumps(fits[-1][0])) is not None
                KEPT.drop("test", "key")


def test_frames_keep_their_names():
    """XGBoost's model refuses frames with other names than it has learned."""
    pd = pytest.importorskip("pandas")
    X, y = pd.DataFrame(BINARY[0], columns=list("abcdef")), BINARY[1]
    for module, prefix, quiet in (("xgboost", "XGB", {}), ("lightgbm", "LGBM", QUIET)):
        model = boosters(module, prefix, quiet)[0]
        fits = []
        for number in (6, 3):
            made = clone(model).set_params(n_estimators=number)
            stages.fit(made, Share("test", module, number, more=True), X, y, {})
            fits.append(made)
        plain = clone(model).set_params(n_estimators=3).fit(X, y)
        np.testing.assert_array_equal(fits[1].predict_proba(X), plain.predict_proba(X))


def test_rounds_that_found_nothing_are_no_stages():
    """LightGBM tries again in the next round, so that its first ones may not be a smaller fit's."""
    model = boosters("lightgbm", "LGBM", QUIET)[0].set_params(min_child_samples=40)
    X, y = CLASSES
    model.set_params(n_estimators=200)
    stages.fit(model, Share("test", "key", 200, more=True), X[LEARN], y[LEARN], {})

    assert model.booster_.current_iteration() < 200
    assert left("key") is None


# -- limits on depth -------------------------------------------------------------------------------

DEPTHS = [9, None, 4, 2, 6, 30, 12, 5]


def depth_cases():
    for kind, data in (("Classifier", BINARY), ("Classifier", CLASSES), ("Regressor", NUMBERS)):
        for base, settings in (
            ("DecisionTree", {}),
            ("DecisionTree", {"max_leaf_nodes": 11, "max_features": 2}),
            ("DecisionTree", {"splitter": "random", "min_samples_leaf": 3}),
            ("ExtraTree", {}),
            ("RandomForest", {"n_estimators": 4}),
            ("ExtraTrees", {"n_estimators": 4, "max_features": 2, "min_samples_leaf": 2}),
        ):
            package = tree if base in ("DecisionTree", "ExtraTree") else ensemble
            yield getattr(package, base + kind)(**settings, **SEED), data


def nodes(model):
    """What each tree of a model consists of."""
    return [
        (one.max_depth, one.tree_.node_count, one.tree_.__reduce__()[2])
        for one in getattr(model, "estimators_", [model])
    ]


def deep(model, limit, X, y, more=True):
    """A fit that may take a tree that another limit has left."""
    made = clone(model).set_params(max_depth=limit)
    learner = learner_of(type(model), ("max_depth",))
    number = learner.number(made.get_params(deep=False))
    return stages.fit(made, Share("test", "key", number, more, "max_depth"), X, y, {})


@pytest.mark.parametrize(("model", "data"), list(depth_cases()))
def test_a_limit_that_no_tree_reaches_makes_no_difference(model, data):
    """Trees are the same bit by bit, in any order of the limits; each has its own limit."""
    X, y = data
    for order in range(4):
        KEPT.forget("test")
        for limit in np.random.default_rng(order).permutation(np.array(DEPTHS, object)):
            made = deep(model, limit, X[LEARN], y[LEARN])
            plain = clone(model).set_params(max_depth=limit).fit(X[LEARN], y[LEARN])
            assert made.get_params() == plain.get_params()
            assert vars(made).keys() == vars(plain).keys()
            assert pickle.dumps(nodes(made)) == pickle.dumps(nodes(plain))
            for a, b in zip(told(made, X[TEST]), told(plain, X[TEST]), strict=True):
                np.testing.assert_array_equal(a, b)
        assert stages._depth(left("key").held) < 30


def test_only_trees_that_stay_above_the_limit_are_kept():
    """One at its limit may have been stopped by it, and does not take another's place."""
    X, y = CLASSES
    model = tree.DecisionTreeClassifier(**SEED)
    depth = deep(model, None, X, y, more=False).get_depth()
    deep(model, depth, X, y)
    assert left("key") is None
    first = deep(model, depth + 1, X, y)
    assert deep(model, None, X, y).tree_ is first.tree_
    assert deep(model, depth, X, y).tree_ is not first.tree_
    assert deep(model, depth + 7, X, y).tree_ is first.tree_


def test_what_a_model_came_with_stays_its_own():
    """Such as the context that scikit-learn's callbacks hang onto it."""
    X, y = BINARY
    for number in (4, 2):
        model = RandomForestClassifier(number, **SEED)
        model.context = number
        stages.fit(model, Share("test", "key", number, more=True), X, y, {})
        assert model.context == number
    assert not left("key").held.keys() & {"context", "n_estimators"}


# -- what is not cut -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(),
        RandomForestClassifier(warm_start=True, **SEED),
        RandomForestClassifier(oob_score=True, **SEED),
        RandomForestClassifier(oob_score=np.mean, **SEED),
        RandomForestClassifier(n_estimators=0, **SEED),
        RandomForestClassifier(n_estimators=20.0, **SEED),
        RandomForestClassifier(n_estimators=True, **SEED),
        BaggingClassifier(oob_score=True, **SEED),
        GradientBoostingClassifier(warm_start=True, **SEED),
        HistGradientBoostingClassifier(),
        AdaBoostClassifier(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_settings_under_which_nothing_is_cut(model):
    assert learner_of(type(model)).number(model.get_params(deep=False)) is None


@pytest.mark.parametrize(
    "settings",
    [{"random_state": None}, {"ccp_alpha": 0.01}, {"max_depth": 0}, {"max_depth": 3.0}],
)
def test_settings_under_which_depth_matters(settings):
    model = tree.DecisionTreeClassifier(**SEED | settings)
    assert learner_of(type(model)).number(model.get_params(deep=False)) is None


def test_boosters_that_are_not_cut():
    """Trees that change later on, none at all, an end by itself, a number under another name."""
    for module, prefix, refused in (
        ("xgboost", "XGB", [{"booster": "dart"}, {"booster": "gblinear"},
                            {"early_stopping_rounds": 3}, {"callbacks": [print]}]),
        ("lightgbm", "LGBM", [{"boosting_type": "dart"}, {"num_iterations": 5},
                              {"early_stopping_round": 3}]),
    ):  # fmt: skip
        model = boosters(module, prefix, {})[0].set_params(n_estimators=4)
        assert learner_of(type(model)).number(model.get_params(deep=False)) == 4
        for settings in refused:
            other = clone(model).set_params(**settings)
            assert learner_of(type(model)).number(other.get_params(deep=False)) is None


def test_subclasses_and_others_are_not_cut():
    """Nobody knows what a subclass does with its stages."""

    class Own(RandomForestClassifier):
        pass

    assert learner_of(RandomForestClassifier) is not None
    assert learner_of(Own) is None
    assert learner_of(LogisticRegression) is None


class Drawing(LogisticRegression):
    """Draws from the global generator."""

    def fit(self, X, y):
        np.random.rand()  # noqa: NPY002
        return super().fit(X, y)


def test_what_draws_is_not_kept():
    X, y = BINARY
    model = BaggingClassifier(Drawing(), 4, **SEED)
    stages.fit(model, Share("test", "key", 4, more=True), X, y, {})

    assert len(model.estimators_) == 4
    assert left("key") is None


def test_what_is_too_large_is_not_kept(monkeypatch):
    """Nor what cannot be measured."""
    X, y = BINARY
    for budget in (10**6, 10**3):
        monkeypatch.setattr(KEPT, "budget", budget)
        model = RandomForestClassifier(4, **SEED)
        stages.fit(model, Share("test", budget, 4, more=True), X, y, {})
        kept = left(budget)
        assert (kept is not None) == (budget == 10**6)
        if kept is not None:
            nodes = sum(tree.tree_.node_count for tree in model.estimators_)
            assert 64 * nodes < kept.bytes() < 64 * nodes + 40_000

    class Own:
        """Known to nobody else."""

    own = Own()
    own.rows = np.zeros(1000)
    assert 8000 < stages._size({"a": lambda: 0, "b": own}) < 8200
    assert stages._size({"a": threading.Lock()}) == np.inf


def test_the_last_one_leaves_nothing():
    """Who is waited for by nobody is not kept, and takes what is left with it."""
    X, y = BINARY
    for number, more in ((4, True), (2, False)):
        model = RandomForestClassifier(number, **SEED)
        stages.fit(model, Share("test", "key", number, more=more), X, y, {})
        assert len(model.estimators_) == number
        assert (left("key") is not None) == more
    stages.fit(model, Share("test", "key", 2, more=False), X, y, {})
    assert left("key") is None


def test_more_stages_take_the_place_of_fewer():
    X, y = BINARY
    for number in (2, 5, 3):
        model = RandomForestClassifier(number, **SEED)
        stages.fit(model, Share("test", "key", number, more=True), X, y, {})
        assert len(model.estimators_) == number
    assert left("key").number == 5
