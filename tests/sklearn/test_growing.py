"""Early stopping: on rows of the training part, with the number that a refit should have."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from luthier import Float, Int, Space
from luthier.errors import DataError, SpaceError, StudyError
from luthier.sklearn import BayesSearchCV, SearchCV
from luthier.sklearn.growers import grower_of
from luthier.sklearn.growing import Plan, apart, fit

pytestmark = pytest.mark.slow  # whole searches

CANCER = load_breast_cancer(return_X_y=True)
WINE = load_wine(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
QUICK = {"random_state": 3, "learning_rate": 0.5, "max_depth": 2}


def boosters():
    """Every kind of boosting that is installed, with data for it."""
    yield GradientBoostingClassifier(**QUICK, subsample=0.7), WINE
    yield GradientBoostingClassifier(**QUICK, loss="exponential"), CANCER
    yield GradientBoostingRegressor(**QUICK, loss="huber"), DIABETES
    yield HistGradientBoostingClassifier(**QUICK), WINE
    yield HistGradientBoostingRegressor(**QUICK), DIABETES
    for module, names in (
        ("xgboost", ("XGBClassifier", "XGBRegressor")),
        ("lightgbm", ("LGBMClassifier", "LGBMRegressor")),
        ("catboost", ("CatBoostClassifier", "CatBoostRegressor")),
    ):
        for name, data in zip(names, (WINE, DIABETES), strict=True):
            try:
                made = getattr(__import__(module), name)
            except ImportError:
                continue
            quiet = {"lightgbm": {"verbose": -1}, "catboost": {"silent": True}}.get(module, {})
            threads = {"thread_count" if module == "catboost" else "n_jobs": 1}
            yield made(**QUICK, **quiet, **threads), data


@pytest.mark.parametrize(("model", "data"), list(boosters()), ids=lambda one: type(one).__name__)
def test_what_is_grown_equals_a_fit_with_the_number_that_was_found(model, data):
    """To the last digit, on the rows that were learned from."""
    X, y = data
    plan = Plan(*apart(y, 0.2))
    grown = clone(model)

    found = fit(grown, plan, X, y, {"sample_weight": np.linspace(1, 2, len(y))})
    number = grower_of(model).name(model)
    plain = clone(model).set_params(**{number: found}, **grower_of(model).off)
    plain.fit(X[plan.learn], y[plan.learn], sample_weight=np.linspace(1, 2, len(y))[plan.learn])

    assert 1 < found < 2000
    ask = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    np.testing.assert_array_equal(getattr(grown, ask)(X), getattr(plain, ask)(X))


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (MLPClassifier(5, random_state=3), WINE),
        (MLPRegressor(hidden_layer_sizes=5, random_state=3), DIABETES),
    ],
)
def test_networks_keep_the_weights_of_their_best_epoch(model, data):
    X, y = StandardScaler().fit_transform(data[0]), data[1]
    plan = Plan(*apart(y, 0.2), 60)
    one, other, short = (clone(model).set_params(learning_rate_init=0.05) for _ in range(3))

    found = fit(one, plan, X, y, {})
    again = fit(other, plan, X, y, {})
    least = fit(short, Plan(plan.learn, plan.aside, found), X, y, {})

    assert 1 < found <= 60
    assert found == again == least == one.n_iter_
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    np.testing.assert_array_equal(one.predict(X), short.predict(X))
    assert one.random_state == 3


def test_what_cannot_be_stopped_is_fitted_as_it_is():
    X, y = WINE
    plan = Plan(*apart(y, 0.2))
    network = MLPClassifier((3,), solver="lbfgs", max_iter=20, random_state=0)

    assert fit(network, plan, X, y, {}) is None
    assert network.n_iter_ <= 20


def test_the_rows_aside_have_their_share_of_every_class():
    y = np.repeat(["a", "b", "c"], [50, 30, 1])

    learn, aside = apart(y, 0.1)

    assert sorted([*learn, *aside]) == list(range(81))
    assert 7 <= len(aside) <= 9
    assert set(y[learn]) == {"a", "b", "c"}
    assert 4 <= (y[aside] == "a").sum() <= 6


def test_groups_are_not_parted():
    groups = np.repeat(np.arange(12), 7)[::-1]

    learn, aside = apart(np.arange(84.0), 0.25, groups)

    assert not set(groups[learn]) & set(groups[aside])
    assert len(aside) == 21
    with pytest.raises(DataError, match="1 groups cannot be parted"):
        apart(np.arange(9.0), 0.25, np.ones(9))


def test_of_rows_in_time_the_last_ones_are_kept_aside_behind_the_gap():
    learn, aside = apart(np.arange(40.0), 0.1, timed=True, gap=3)

    assert aside.tolist() == [36, 37, 38, 39]
    assert learn.tolist() == list(range(33))


class Rows(TransformerMixin, BaseEstimator):
    """A transformer that notes how many rows it was fitted on."""

    seen: ClassVar[list] = []

    def fit(self, X, y=None):
        type(self).seen.append(len(X))
        return self

    def transform(self, X):
        return X


def boosting(**how):
    return GradientBoostingClassifier(random_state=0, max_depth=2, **how)


def test_iterations_are_grown_instead_of_searched():
    X, y = CANCER
    Rows.seen.clear()
    model = make_pipeline(Rows(), boosting(n_iter_no_change=5))
    prefix = "gradientboostingclassifier__"
    space = {prefix + "learning_rate": Float(0.2, 0.9), prefix + "n_estimators": Int(7, 90)}

    search = SearchCV(model, space, trials=3, cv=4, early_stopping=0.2, racing=False).fit(X, y)

    found = search.cv_results_["mean_n_estimators"]
    assert all(
        list(params) == [prefix + "learning_rate"] for params in search.cv_results_["params"]
    )
    assert (found > 1).all()
    assert (found <= 90).all()
    best = search.best_estimator_[-1]
    assert best.n_estimators == round(found[search.best_index_] * 4 / 3) == best.n_estimators_
    assert set(Rows.seen) == {*(len(X) - len(t) for _, t in KFold(4).split(X)), len(X)}


def test_the_test_rows_of_a_fold_have_no_say():
    X, y = CANCER
    train, test = np.arange(0, 400), np.arange(400, len(y))
    wrong = y.copy()
    wrong[test] = 1 - wrong[test]
    how = {"trials": 2, "cv": [(train, test)], "early_stopping": True, "refit": False}

    right, other = (
        SearchCV(boosting(), {"learning_rate": Float(0.3, 0.9)}, method="random", **how).fit(X, z)
        for z in (y, wrong)
    )

    np.testing.assert_array_equal(*(s.cv_results_["mean_n_estimators"] for s in (right, other)))
    assert right.best_score_ > 0.8 > 0.2 > other.best_score_


def test_groups_and_time_reach_the_rows_aside(monkeypatch):
    X, y = CANCER
    asked = []

    def noted(y, share, groups=None, **how):
        asked.append((len(y), share, None if groups is None else len(groups), how["timed"]))
        return apart(y, share, groups, **how)

    monkeypatch.setattr("luthier.sklearn.growing.apart", noted)
    how = {"trials": 1, "early_stopping": 0.3, "refit": False}
    space = {"learning_rate": Float(0.3, 0.9)}
    SearchCV(boosting(), space, cv=GroupKFold(2), **how).fit(X, y, groups=np.arange(569) // 9)
    SearchCV(boosting(), space, cv=TimeSeriesSplit(2, test_size=40), **how).fit(X, y)

    assert [one[1:] for one in asked] == [(0.3, one[0], False) for one in asked[:2]] + [
        (0.3, None, True)
    ] * 2


def test_a_resumed_search_knows_the_numbers_and_refuses_another_share(tmp_path):
    X, y = CANCER
    space = {"learning_rate": Float(0.3, 0.9)}
    how = {"cv": 2, "store": str(tmp_path / "log.db"), "racing": False}

    first = SearchCV(boosting(), space, trials=2, early_stopping=True, **how).fit(X, y)
    again = SearchCV(boosting(), space, trials=2, early_stopping=True, **how).fit(X, y)

    np.testing.assert_array_equal(
        first.cv_results_["mean_n_estimators"], again.cv_results_["mean_n_estimators"]
    )
    assert again.best_estimator_.n_estimators == first.best_estimator_.n_estimators
    with pytest.raises(StudyError, match="another early_stopping"):
        SearchCV(boosting(), space, trials=2, early_stopping=0.2, **how).fit(X, y)


def test_default_spaces_grow_too():
    X, y = WINE
    model = HistGradientBoostingClassifier(random_state=0, learning_rate=0.5)

    search = BayesSearchCV(model, trials=1, cv=2, early_stopping=True).fit(X, y)

    assert "max_iter" not in search.best_params_
    assert search.best_estimator_.max_iter == search.best_estimator_.n_iter_
    assert search.best_estimator_.early_stopping is False


def test_networks_take_the_mean_of_epochs_as_it_is():
    X, y = WINE
    model = make_pipeline(
        StandardScaler(), MLPClassifier(4, random_state=0, learning_rate_init=0.3)
    )
    space = {"mlpclassifier__alpha": Float(1e-5, 1e-3, log=True)}

    search = SearchCV(model, space, trials=1, cv=3, early_stopping=True).fit(X, y)

    assert search.best_estimator_[-1].max_iter == round(search.cv_results_["mean_max_iter"][0])


def test_what_cannot_be_grown_is_refused():
    space = Space(n_estimators=Int(20, 90))

    with pytest.raises(StudyError, match="Leave early_stopping= out"):
        SearchCV(RandomForestClassifier(), space, early_stopping=True).fit(*WINE)
    with pytest.raises(SpaceError, match="grown instead of searched"):
        SearchCV(boosting(), space, early_stopping=True).fit(*WINE)
