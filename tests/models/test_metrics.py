"""Metrics agree with scikit-learn's, and the default one suits the table."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from luthier.errors import StudyError
from luthier.models.metrics import METRICS, default_metric, metric
from luthier.models.table import Table, bundled

RNG = np.random.default_rng(12)
Y2, Y3 = RNG.integers(0, 2, 70), RNG.choice(3, 70, p=[0.6, 0.3, 0.1])
G2, G3 = np.where(RNG.random(70) < 0.7, Y2, 1 - Y2), np.where(RNG.random(70) < 0.6, Y3, 0)
P2 = np.round(RNG.dirichlet([1, 1], 70), 2)  # rounded, so that there are ties
P3 = RNG.dirichlet([1, 2, 1], 70)
R, S = 30 * RNG.random(70) + 4, 30 * RNG.random(70) + 2


def lopsided(share):
    y = (np.arange(100) < share * 100).astype(int)
    return Table(
        X=RNG.normal(size=(100, 2)),
        y=y,
        task="classification",
        target="t",
        kinds={"a": "number", "b": "number"},
        labels=("bad", "good"),
        why="two values",
    )


@pytest.mark.parametrize(
    ("name", "y", "given", "classes", "wanted"),
    [
        ("accuracy", Y3, G3, 3, theirs.accuracy_score(Y3, G3)),
        ("balanced_accuracy", Y3, G3, 3, theirs.balanced_accuracy_score(Y3, G3)),
        ("f1", Y2, G2, 2, theirs.f1_score(Y2, G2)),
        ("f1", Y3, G3, 3, theirs.f1_score(Y3, G3, average="macro", zero_division=0)),
        ("mcc", Y3, G3, 3, theirs.matthews_corrcoef(Y3, G3)),
        ("roc_auc", Y2, P2, 2, theirs.roc_auc_score(Y2, P2[:, 1])),
        ("roc_auc", Y3, P3, 3, theirs.roc_auc_score(Y3, P3, multi_class="ovr")),
        ("average_precision", Y3, P3, 3, theirs.average_precision_score(Y3, P3)),
        ("log_loss", Y3, P3, 3, theirs.log_loss(Y3, P3)),
        ("rmse", R, S, 0, theirs.root_mean_squared_error(R, S)),
        ("mae", R, S, 0, theirs.mean_absolute_error(R, S)),
        ("medae", R, S, 0, theirs.median_absolute_error(R, S)),
        ("r2", R, S, 0, theirs.r2_score(R, S)),
        ("mape", R, S, 0, theirs.mean_absolute_percentage_error(R, S)),
        ("rmsle", R, S, 0, theirs.root_mean_squared_log_error(R, S)),
    ],
)
def test_values_agree_with_scikit_learn(name, y, given, classes, wanted):
    assert METRICS[name].value(y, given, classes) == pytest.approx(wanted)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_predictions_reach_the_ceiling_and_nothing_beats_it(name):
    found = METRICS[name]
    if found.task == "regression":
        y, perfect, worse = R, R, S
    elif found.needs == "labels":
        y, perfect, worse = Y3, Y3, G3
    else:
        y, perfect, worse = Y3, np.eye(3)[Y3], P3

    best = found.value(y, perfect, 3)

    assert best == pytest.approx(found.ceiling)
    assert found.better(best, found.value(y, worse, 3))


def test_a_curve_without_both_classes_is_undefined():
    assert np.isnan(METRICS["roc_auc"].value(np.ones(9, dtype=int), P2[:9], 2))


def test_a_lopsided_target_gets_balanced_accuracy_and_says_why():
    found, why = default_metric(lopsided(0.9))

    assert found.name == "balanced_accuracy"
    assert "'good' holds 90%" in why
    assert default_metric(lopsided(0.7))[0].name == "accuracy"
    assert default_metric(bundled("diabetes"))[0].name == "rmse"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acuracy", "Did you mean 'accuracy'"),
        ("rmse", "--task regression"),
    ],
)
def test_a_metric_that_does_not_fit_names_those_that_do(name, said):
    with pytest.raises(StudyError, match=said):
        metric(name, lopsided(0.6))


def test_metrics_that_the_targets_values_forbid_are_refused():
    table = bundled("diabetes")
    table.y[3] = 0.0

    with pytest.raises(StudyError, match="'target' is 0 in 1 rows"):
        metric("mape", table)
    table.y[3] = -9.0
    with pytest.raises(StudyError, match="as low as -9"):
        metric("rmsle", table)
