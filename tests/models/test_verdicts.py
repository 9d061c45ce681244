"""The honest comparison: intervals that cover, verdicts that say what the numbers say."""

import json
from dataclasses import replace

import numpy as np
import pytest

from luthier.errors import DataError
from luthier.models.catalog import model
from luthier.models.metrics import METRICS
from luthier.models.splits import holdout
from luthier.models.table import bundled
from luthier.models.verdicts import evaluate, fit_verdict

TRAIN, TEST = holdout(bundled("diabetes"), 0.3, seed=4)
BAD = {"max_depth": "value", "max_depth_value": 1}


def test_a_real_gain_is_called_better_and_is_positive_though_rmse_falls():
    made = evaluate(TRAIN, TEST, model("tree", "regression"), METRICS["rmse"], {}, BAD)

    assert made["verdict"] == "better"
    assert made["tuned"]["score"] < made["default"]["score"]
    assert made["difference"]["score"] == pytest.approx(
        made["default"]["score"] - made["tuned"]["score"]
    )
    assert made["difference"]["low"] < made["difference"]["score"] < made["difference"]["high"]
    assert "more than chance" in made["words"]


def test_a_real_loss_is_called_worse():
    made = evaluate(TRAIN, TEST, model("tree", "regression"), METRICS["rmse"], BAD, {})

    assert made["verdict"] == "worse"
    assert "keep the default" in made["words"]


def test_the_same_point_gains_exactly_nothing():
    made = evaluate(TRAIN, TEST, model("ridge", "regression"), METRICS["r2"], {}, {})

    assert made["difference"] == {"score": 0.0, "low": 0.0, "high": 0.0}
    assert "nothing better than the default" in made["words"]


def test_the_result_is_plain_data():
    made = evaluate(TRAIN, TEST, model("ridge", "regression"), METRICS["mae"], {}, {"alpha": 9.0})

    assert json.loads(json.dumps(made)) == made
    assert made["guess"] == pytest.approx(np.mean(np.abs(TEST.y - np.median(TRAIN.y))))


def test_the_interval_of_a_mean_is_the_textbook_one():
    made = evaluate(TRAIN, TEST, model("ridge", "regression"), METRICS["mae"], {}, {})
    from luthier.models.crossval import fit, predictions

    answers = predictions(fit(TRAIN, model("ridge", "regression"), {}), TEST.X, METRICS["mae"])
    half = 1.96 * np.std(np.abs(TEST.y - answers), ddof=1) / np.sqrt(len(TEST))

    got = made["default"]["high"] - made["default"]["low"]
    assert got == pytest.approx(2 * half, rel=0.12)  # 2000 draws place a 2.5% end to about 4%


def test_groups_widen_the_interval():
    rows = np.repeat(np.arange(len(TEST)), 4)
    copied = TEST.take(rows)
    grouped = replace(copied, groups=rows)
    widths = [
        evaluate(TRAIN, t, model("ridge", "regression"), METRICS["mae"], {}, {})["default"]
        for t in (copied, grouped)
    ]

    plain, whole = (w["high"] - w["low"] for w in widths)
    assert whole == pytest.approx(2 * plain, rel=0.15)  # four copies are one row, sqrt(4) = 2


def test_a_test_part_that_does_not_define_the_metric_is_refused():
    table = bundled("breast_cancer")
    one_class = table.take(np.flatnonzero(table.y == 1)[:20])

    with pytest.raises(DataError, match="roc_auc is not defined"):
        evaluate(table, one_class, model("ridge", table.task), METRICS["roc_auc"], {}, {})


@pytest.mark.parametrize(
    ("name", "train", "valid", "guess", "verdict"),
    [
        ("accuracy", [1.0, 1.0, 1.0], [0.81, 0.79, 0.83], 0.5, "overfits"),
        ("accuracy", [0.86, 0.85, 0.87], [0.84, 0.86, 0.83], 0.5, "fits"),
        ("accuracy", [0.63, 0.62, 0.64], [0.61, 0.62, 0.6], 0.55, "underfits"),
        ("rmse", [11.0, 12.0, 11.5], [31.0, 29.0, 33.0], 60.0, "overfits"),
        ("rmse", [55.0, 54.0, 56.0], [56.0, 55.5, 57.0], 70.0, "underfits"),
        ("r2", [0.9, 0.91, 0.92], [0.88, 0.89, 0.9], -0.01, "fits"),
        ("accuracy", [0.99], [0.8], 0.5, "overfits"),
    ],
)
def test_over_and_underfitting_are_told_from_the_folds(name, train, valid, guess, verdict):
    made = fit_verdict(train, valid, METRICS[name], guess=guess)

    assert made["verdict"] == verdict
    assert made["gap"] == pytest.approx(abs(np.mean(train) - np.mean(valid)))
    assert f"{np.mean(valid):.4g}" in made["words"]


def test_a_gap_within_its_error_is_no_overfitting():
    made = fit_verdict([0.9, 0.9, 0.9], [0.99, 0.6, 0.92], METRICS["accuracy"], guess=0.5)

    assert made["verdict"] == "fits"


def test_scores_of_different_length_are_refused():
    with pytest.raises(DataError, match="one of each for every fold"):
        fit_verdict([0.9], [0.8, 0.7], METRICS["accuracy"])
