"""Portfolios: what is chosen complements what was chosen before."""

import numpy as np
import pytest
from benchmarks.portfolio.choose import Judged, curves, greedy, left_out, regrets
from benchmarks.portfolio.learners import LEARNERS, configurations


def test_regret_is_0_for_the_best_and_1_from_the_median_of_the_random_ones_on():
    got = regrets([0.6, 0.9, 0.5, 0.7, None, 0.8])

    # Of 0.9, 0.5, 0.7, a failure and 0.8 the median is 0.7.
    assert got.tolist() == pytest.approx([1, 0, 1, 1, 1, 0.5])
    assert regrets([0.4, 0.4, 0.4]) is None


def test_each_point_complements_the_ones_before():
    # Point 1 is best on average, point 3 where 1 fails; point 2 is a weaker twin of 1.
    R = np.array([[0.8, 0.1, 0.2, 1.0], [0.8, 0.1, 0.2, 1.0], [0.8, 0.9, 0.7, 0.3]])

    assert greedy(R, most=2, least=0) == [0, 1, 3]
    assert greedy(R, least=0) == [0, 1, 3]
    assert greedy(R, least=3) == [0, 1, 3, 2]


def test_a_curve_is_the_best_so_far():
    R = np.array([[0.8, 0.9, 0.2]])

    assert curves(R, [0, 1, 2]).tolist() == [[0.8, 0.8, *[0.2] * 6]]


def test_a_table_has_no_say_in_the_portfolio_that_is_tested_on_it():
    # What is good on table b is useless on table a, and the other way round.
    R = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    chosen, drawn = left_out(Judged("x", [], R, ("a", "b")), np.random.default_rng(3))

    assert chosen[:, 1].tolist() == [1.0, 1.0]
    assert np.allclose(drawn[:, 1], 0.5, atol=5 * np.sqrt(0.25 / 300))


@pytest.mark.parametrize("name", ["SVC", "SVR", "KNeighbors", "DecisionTree", "RandomForest"])
def test_configurations_begin_with_the_default_and_are_the_same_each_time(name):
    learner = next(learner for learner in LEARNERS if learner.name == name)
    task = "classification" if learner.classifier else "regression"
    made = configurations(learner, task)

    assert made == configurations(learner, task)
    assert len(made) == learner.draws + 1
    assert "n_estimators" not in made[0]
    assert not [p for p in made if "gamma_value" in p]
