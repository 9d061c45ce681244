"""scikit-learn's partial_fit and warm_start go on step by step."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

from luthier.errors import StudyError
from luthier.integrations.steps import newest
from luthier.integrations.stepwise import partial_fit, warm_start


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X[:500], y[:500], test_size=0.4, random_state=5)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return train_test_split(X, y, test_size=0.4, random_state=5)


def passed(trial, digits, epochs=6, **settings):
    X, X_scored, y, y_scored = digits
    model = SGDClassifier(random_state=4, average=True)
    return partial_fit(
        trial, model, X, y, scored=(X_scored, y_scored), epochs=epochs, batch=70, **settings
    )


def grown(trial, diabetes, most=12, **settings):
    X, X_scored, y, y_scored = diabetes
    model = RandomForestRegressor(max_depth=3, random_state=4)
    return warm_start(trial, model, X, y, scored=(X_scored, y_scored), most=most, **settings)


def error(model, X, y):
    return mean_absolute_error(y, model.predict(X))


def test_a_model_that_goes_on_is_the_one_of_a_single_go(trial_of, digits):
    whole = passed(trial_of(0, maximize="accuracy"), digits)
    parent = trial_of(1, maximize="accuracy", budget=2.0)
    passed(parent, digits)
    child = trial_of(2, maximize="accuracy", parent=parent)

    resumed = passed(child, digits)

    assert [step for step, _ in child.line.reports] == [3, 4, 5, 6]
    assert np.array_equal(resumed.coef_, whole.coef_)
    assert resumed.value_ == whole.value_ == resumed.score(digits[1], digits[3]) > 0.8


def test_a_forest_grows_by_the_trees_that_are_missing(trial_of, diabetes):
    whole = grown(trial_of(0), diabetes, scoring=error, every=4)
    parent = trial_of(1, stop_at=8)
    grown(parent, diabetes, scoring=error, every=4)
    child = trial_of(2, parent=parent)

    resumed = grown(child, diabetes, scoring=error, every=4)

    assert [step for step, _ in parent.line.reports] == [4, 8]
    assert [step for step, _ in child.line.reports] == [12]
    assert len(resumed.estimators_) == 12
    assert resumed.value_ == whole.value_


def test_a_parent_that_was_through_gives_its_model(trial_of, digits):
    parent = trial_of(0, maximize="accuracy")
    first = passed(parent, digits, 2)

    again = passed(trial_of(1, maximize="accuracy", parent=parent), digits, 2)

    assert np.array_equal(again.coef_, first.coef_)
    assert newest(parent.folder).name == "step-00000002"


def test_a_data_frame_and_a_named_scorer(trial_of, diabetes):
    pd = pytest.importorskip("pandas")
    X, X_scored, y, y_scored = diabetes
    frames = pd.DataFrame(X), pd.DataFrame(X_scored), pd.Series(y), y_scored
    trial = trial_of(0, maximize="r2")

    model = grown(trial, frames, 5, scoring="r2")

    assert model.value_ == pytest.approx(model.score(pd.DataFrame(X_scored), y_scored))
    with pytest.raises(StudyError, match="'r2' is good where it is large, but the study is to min"):
        grown(trial_of(1), diabetes, 5, scoring="r2")


def test_each_pass_takes_all_rows_once_in_an_order_of_its_own(trial_of):
    class Notes(BaseEstimator):
        def partial_fit(self, X, y):
            self.passes = [*getattr(self, "passes", ()), X[:, 0].tolist()]

    model = Notes()
    X = np.arange(5.0)[:, None]
    settings = {"scored": (X, X[:, 0]), "scoring": lambda model, X, y: 0.5, "epochs": 3}

    partial_fit(trial_of(), model, X, X[:, 0], batch=3, **settings)

    assert [len(rows) for rows in model.passes] == [3, 2] * 3
    orders = [model.passes[i] + model.passes[i + 1] for i in (0, 2, 4)]
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders)
    assert orders[0] != orders[1] != orders[2]
