"""What data a search may be given: frames of several libraries."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from luthier import Float
from luthier.sklearn import GridSearchCV, Holdout, SearchCV

rng = np.random.default_rng(3)
COLD = rng.normal(-3, 2, 90)
FRAME = pd.DataFrame({"cold": COLD, "kind": np.where(rng.random(90) < 0.3, "u", "v")})
Y = (COLD + 3 * (FRAME["kind"] == "u") + rng.normal(0, 1, 90) > -2).to_numpy().astype(int)
GRID = {"logisticregression__C": [0.01, 3.0]}


def pandas_categories():
    frame = FRAME.astype({"kind": "category"})
    return frame, pd.Series(Y), make_column_selector(dtype_include="category")


def arrow():
    pa = pytest.importorskip("pyarrow")
    return pa.Table.from_pandas(FRAME), pa.array(Y), ["kind"]


def polars():
    pl = pytest.importorskip("polars")
    return pl.DataFrame(FRAME.to_dict("list")), pl.Series(Y), ["kind"]


def model(kinds):
    encoded = make_column_transformer((OneHotEncoder(), kinds), remainder=StandardScaler())
    return make_pipeline(encoded, LogisticRegression())


@pytest.mark.parametrize("make", [pandas_categories, arrow, polars])
def test_frames_give_what_a_plain_frame_gives(make, tmp_path):
    X, y, kinds = make()

    expected = GridSearchCV(model(["kind"]), GRID, cv=3).fit(FRAME, Y)
    got = GridSearchCV(model(kinds), GRID, cv=3).fit(X, y)
    proposed = [
        SearchCV(
            model(kinds), {"logisticregression__C": Float(0.01, 9, log=True)}, trials=3, cv=3,
            store=tmp_path / "s.db",
        ).fit(X, y)
        for _ in range(2)
    ]  # fmt: skip

    np.testing.assert_array_equal(
        got.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    assert got.honest_ == expected.honest_
    assert got.predict(X).tolist() == expected.predict(FRAME).tolist()
    assert proposed[0].best_params_ == proposed[1].best_params_  # the store knows the data again


@pytest.mark.parametrize("make", [pandas_categories, arrow, polars])
def test_frames_can_be_kept_aside(make):
    """By name: the rows behind the others are of the same type."""
    X, y, kinds = make()

    search = GridSearchCV(model(kinds), GRID, cv=Holdout(X[60:], y[60:])).fit(X[:60], y[:60])

    plain = Holdout(FRAME[60:], Y[60:])
    expected = GridSearchCV(model(["kind"]), GRID, cv=plain).fit(FRAME[:60], Y[:60])
    assert search.best_score_ == expected.best_score_
    assert list(search.feature_names_in_) == ["cold", "kind"]


@pytest.mark.frameworks
@pytest.mark.filterwarnings("default")
def test_tensors_are_computed_with_where_scikit_learn_does(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    X = rng.normal(2, 3, (60, 4))
    y = X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(0, 1, 60)

    def searched(data, target):
        space = {"alpha": Float(0.1, 30, log=True)}
        return SearchCV(Ridge(solver="svd"), space, trials=4, cv=3).fit(data, target)

    expected = searched(X, y)
    with config_context(array_api_dispatch=True):
        got = searched(torch.asarray(X), torch.asarray(y))

    assert isinstance(got.best_estimator_.coef_, torch.Tensor)
    assert got.best_params_ == pytest.approx(expected.best_params_)
    assert got.honest_.score == pytest.approx(expected.honest_.score)
