"""Greedy ensembles combine what errs differently, and are not praised for luck."""

import numpy as np
import pytest

from luthier.errors import DataError
from luthier.estimate import greedy_ensemble, measure

FOLD = np.arange(120) % 5


def test_candidates_that_err_differently_share_the_weight():
    rng = np.random.default_rng(0)
    y = rng.normal(4, 2, 120)
    error = rng.normal(size=(3, 120))
    given = y + np.stack([error[0], error[1], 3 * error[2]])

    made = greedy_ensemble(given, y, FOLD, measure("neg_mean_squared_error", y))

    assert made.weights.sum() == pytest.approx(1)
    assert set(made.members) >= {0, 1}
    assert made.weights[2] < 0.25
    assert abs(made.weights[0] - made.weights[1]) < 0.35
    # The mean of two errors of variance 1 has variance 1/2.
    assert made.honest.score == pytest.approx(-0.5, abs=0.3)
    assert made.honest.gain.verdict == "better"


def test_one_good_candidate_stands_alone():
    rng = np.random.default_rng(1)
    y = rng.normal(4, 2, 120)
    given = y + np.array([[0.1], [5.0], [5.0]]) * rng.normal(size=(3, 120))

    made = greedy_ensemble(given, y, FOLD, measure("r2", y))

    assert made.members[0] == 0
    assert made.weights[0] > 0.9


def test_weights_are_those_of_the_greedy_recipe():
    y = np.array([0.0, 0.0, 4.0, 4.0, 2.0, 1.0])
    given = np.array([[0.9, 0.4, 4.3, 5.0, 2.0, 1.2], [-0.8, 0.1, 2.9, 3.3, 2.4, 0.3]])
    measured = measure("neg_mean_absolute_error", y)

    made = greedy_ensemble(given, y, np.arange(6) % 2, measured, steps=2)

    single = np.abs(given - y).mean(axis=1)
    pair = np.abs(given.mean(axis=0) - y).mean()
    assert pair < single.min()
    assert made.weights.tolist() == [0.5, 0.5]
    assert made.honest.naive == pytest.approx(-pair)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss", "roc_auc", "average_precision"])
def test_probabilities_serve_every_measure(name):
    rng = np.random.default_rng(2)
    truth = rng.integers(2, size=120)
    y = truth if name == "average_precision" else np.array(["no", "yes"])[truth]
    up = 1 / (1 + np.exp(-rng.normal(size=(6, 120)) - 2.4 * truth + 1.2))
    given = np.stack([1 - up, up], axis=2)

    made = greedy_ensemble(given, y, FOLD, measure(name, y))

    assert made.weights.sum() == pytest.approx(1)
    assert made.honest.low < made.honest.score < made.honest.high
    assert made.honest.gain.mean > 0  # six independent looks at the same rows
    assert len(made.members) > 2


@pytest.mark.slow
def test_luck_is_not_praised():
    rng = np.random.default_rng(3)
    naive, said = [], []
    for _ in range(15):
        y = rng.integers(2, size=120)
        up = rng.random((20, 120))
        made = greedy_ensemble(np.stack([1 - up, up], axis=2), y, FOLD, measure("accuracy", y))
        naive.append(made.honest.naive - 0.5)
        said.append(made.honest.score - 0.5)

    assert np.mean(naive) > 0.1
    assert abs(np.mean(said)) < 3 * np.std(said) / np.sqrt(15)


def test_shapes_must_agree():
    y = np.arange(120) / 7

    with pytest.raises(DataError, match=r"\(3, 119\)"):
        greedy_ensemble(np.zeros((3, 119)), y, FOLD, measure("r2", y))
