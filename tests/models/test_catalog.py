"""Models: each default is a point of its space and builds the library's own default."""

import importlib.util

import numpy as np
import pytest

from luthier.errors import MissingExtra, StudyError
from luthier.models.catalog import _BY_NAME, MODELS, model

TASKS = ("classification", "regression")
BOOSTERS = ("xgboost", "lightgbm")
PLAIN = [name for name in MODELS if name not in (*BOOSTERS, "keras_mlp", "any")]
OURS = {"random_state", "max_iter", "cache_size", "solver", "l1_ratio"}  # fixed, see the catalog


def bare(name, task):
    found = _BY_NAME[name]
    module, _, kind = getattr(
        found, "classifier" if task == "classification" else "regressor"
    ).rpartition(".")
    return getattr(importlib.import_module(module), kind)()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", PLAIN)
def test_the_default_point_builds_the_librarys_own_default(name, task):
    space = model(name, task).space(task)
    default = space.default()

    built = model(name, task).build(default, task, 5).get_params()
    plain = bare(name, task).get_params()

    assert space.values(space.check(default)) == default
    tuned = set(plain) & {n.removesuffix("_value") for n in space.names} | {
        key for key in plain if key not in OURS
    }
    assert {key: built[key] for key in tuned} == {key: plain[key] for key in tuned}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", PLAIN)
def test_random_points_are_accepted_by_the_library(name, task):
    space = model(name, task).space(task)
    rng = np.random.default_rng(17)
    y = np.arange(90) % 3 if task == "classification" else 3 * rng.normal(size=90) - 40
    X = rng.normal(size=(90, 4)) + y[:, None] / 9
    cheap = {"n_estimators": 30, "max_iter": 20}
    for params in space.decode(space.sample(6, rng)):
        params |= {key: value for key, value in cheap.items() if key in params}
        estimator = model(name, task).build(params, task, 2)
        with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *a, **k: None)
            estimator.fit(X, y)

        assert np.isfinite(np.asarray(estimator.predict(X), dtype=float)).all()


def test_any_leaves_out_what_is_slow_or_gives_no_probabilities():
    names = {m.name for m in model("any", "classification", rows=50_000).members}
    sure = {m.name for m in model("any", "classification", metric_needs="probabilities").members}

    assert {"svm", "knn", "mlp"} & names == set()
    assert {"svm", "ridge"} & sure == set()
    assert "xgboost" not in names | sure


def test_a_model_without_probabilities_is_refused_for_such_a_metric():
    with pytest.raises(StudyError, match="'svm' gives no class probabilities"):
        model("svm", "classification", metric_needs="probabilities")


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("task", TASKS)
def test_boosters_predict_as_their_bare_default(name, task):
    if importlib.util.find_spec(name) is None:
        with pytest.raises(MissingExtra, match=f"luthier.{name}"):
            model(name, task)
        return
    rng = np.random.default_rng(4)
    X = rng.normal(size=(150, 3))
    y = (X[:, 0] > 0.3).astype(int) if task == "classification" else X[:, 1] * 30 - 7
    chosen = model(name, task)

    built = chosen.build(chosen.space(task).default(), task, 0).fit(X, y)
    plain = bare(name, task).set_params(**({"verbosity": -1} if name == "lightgbm" else {}))
    plain.fit(X, y)

    assert np.allclose(built.predict(X), plain.predict(X))


def test_an_unknown_model_suggests_one():
    with pytest.raises(StudyError, match="Did you mean 'forest'"):
        model("forrest", "regression")
