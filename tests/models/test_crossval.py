"""The objective: fold by fold, with the trial's own seed, and stopped when told."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from luthier.errors import Stop
from luthier.models.catalog import model
from luthier.models.crossval import CrossValidated, fit, predictions
from luthier.models.metrics import METRICS
from luthier.models.splits import folds, orders
from luthier.models.table import bundled


class Seen:
    """A trial that remembers what it was told, and is to stop after some reports."""

    def __init__(self, params, stop_after=99, seed=7):
        self.params, self.seed, self.stop_after = params, seed, stop_after
        self.reports, self.budget, self.facts = [], np.inf, {}

    def note(self, **facts):
        self.facts |= facts

    def report(self, value, step):
        self.reports.append((step, value))

    def should_stop(self):
        return len(self.reports) >= self.stop_after


def objective(name="linear", metric="accuracy", data="wine", k=3):
    table = bundled(data)
    chosen = model(name, table.task, metric_needs=METRICS[metric].needs)
    return CrossValidated(table, chosen, METRICS[metric], folds(table, k, seed=1))


def test_the_mean_over_folds_is_what_scikit_learn_gets():
    trial = Seen({"C": 0.02})
    table = bundled("wine")
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.02, max_iter=1000))
    splitter = StratifiedKFold(3, shuffle=True, random_state=1)

    result = objective()(trial)
    wanted = cross_val_score(pipeline, table.X, table.y, cv=splitter)

    assert result["accuracy"] == pytest.approx(wanted.mean())
    assert [step for step, _ in trial.reports] == [0, 1, 2]
    assert [value["accuracy"] for _, value in trial.reports] == pytest.approx(wanted.tolist())
    assert result["train_accuracy"] == pytest.approx(
        np.mean([value["train_accuracy"] for _, value in trial.reports])
    )


def test_a_trial_that_is_told_to_stop_fits_no_further_fold():
    trial = Seen({}, stop_after=2)

    with pytest.raises(Stop):
        objective()(trial)

    assert len(trial.reports) == 2


def test_a_stop_after_the_last_fold_comes_too_late():
    assert "accuracy" in objective()(Seen({}, stop_after=3))


def test_a_trial_with_less_learns_from_the_first_rows_and_is_judged_on_all():
    whole = objective()
    given = orders(whole.table, whole.folds, seed=3)
    trial = Seen({"C": 0.02})
    trial.budget = 30.0

    result = replace(whole, orders=given)(trial)

    less = [fold._replace(train=order[: -(-30 * len(order) // whole.rows)])
            for fold, order in zip(whole.folds, given, strict=True)]  # fmt: skip
    wanted = Seen({"C": 0.02})
    replace(whole, folds=tuple(f._replace(train=np.sort(f.train)) for f in less))(wanted)
    assert {30, 31} >= {len(fold.train) for fold in less}
    assert trial.reports == [(30, result)]
    scores = [value["accuracy"] for _, value in wanted.reports]
    assert result["accuracy"] == pytest.approx(np.mean(scores))
    assert [valid for valid, _ in trial.facts["folds"]] == pytest.approx(scores)


def test_a_trial_with_all_rows_gets_what_it_gets_without_a_fidelity():
    whole = objective()
    trial = Seen({"C": 0.02})
    trial.budget = float(whole.rows)

    result = replace(whole, orders=orders(whole.table, whole.folds))(trial)

    assert result == whole(Seen({"C": 0.02}))


def test_a_trial_is_given_so_many_iterations():
    whole = objective("forest", "log_loss")
    trial = Seen({"max_features": 0.5})
    trial.budget = 7.0

    result = replace(whole, growing="n_estimators")(trial)

    wanted = Seen({"max_features": 0.5, "n_estimators": 7})
    assert result == whole(wanted)
    assert trial.reports == [(7, result)]
    scores = [value["log_loss"] for _, value in wanted.reports]
    assert [valid for valid, _ in trial.facts["folds"]] == scores


def test_the_seed_of_the_trial_is_the_seed_of_the_model():
    one, same, other = (
        objective("forest", "log_loss")(Seen({"n_estimators": 5}, seed=s))["log_loss"]
        for s in (2**40 + 3, 2**40 + 3, 4)
    )

    assert one == same
    assert one != other


def test_the_objective_survives_a_pickle():
    one = objective("any")
    params = {"model": "ridge", "ridge__alpha": 3.5}

    assert pickle.loads(pickle.dumps(one))(Seen(params)) == one(Seen(params))


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "log_loss", "mcc"])
@pytest.mark.parametrize("name", ["linear", "knn"])
def test_a_fold_without_a_class_is_still_judged(name, metric):
    table = bundled("iris")
    y = table.y.copy()
    rows = np.flatnonzero(y != 2).tolist() + np.flatnonzero(y == 2)[:4].tolist()
    table = table.take(rows)
    parts = folds(table, 3)
    parts = (replace_train(parts[0], table),)
    chosen = model(name, table.task, metric_needs=METRICS[metric].needs)

    result = CrossValidated(table, chosen, METRICS[metric], parts)(Seen({}))

    assert np.isfinite(list(result.values())).all()


def replace_train(fold, table):
    return fold._replace(train=fold.train[table.y[fold.train] != 2])


@pytest.mark.parametrize("name", ["svm", "ridge"])
def test_models_without_probabilities_are_judged_by_their_scores(name):
    for data in ("wine", "breast_cancer"):
        assert objective(name, "roc_auc", data)(Seen({}))["roc_auc"] > 0.95


def test_missing_cells_do_not_stop_any_model():
    table = bundled("diabetes")
    X = table.X.copy()
    X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    X[:, 4] = np.nan
    table = replace(table, X=X)
    for name in ("ridge", "forest", "boosting"):
        made = CrossValidated(table, model(name, table.task), METRICS["r2"], folds(table, 2))
        assert made(Seen({"n_estimators": 30} if name == "forest" else {}))["r2"] > 0.2


def test_predictions_are_codes_of_the_tables_labels():
    table = bundled("wine").take(np.flatnonzero(bundled("wine").y > 0))
    made = fit(table, model("linear", table.task), {})

    assert set(predictions(made, table.X, METRICS["accuracy"])) == {1, 2}
    assert set(made.predict(table.X)) == {"class_1", "class_2"}
    assert made.predict_proba(table.X)[:, 0].max() == 0
