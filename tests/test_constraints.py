"""Bounds on metrics beside the objectives."""

import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.errors import StudyError

SPACE = Space(x=Float(-3, 9), y=Float(-4, 8))


def objective(trial):
    """Best at (2.5, 3), where the cost is 5.5; within cost <= 2 best at a loss of 6.125."""
    x, y = trial.params["x"], trial.params["y"]
    return {"loss": (x - 2.5) ** 2 + (y - 3) ** 2, "cost": x + y}


def study(**settings):
    return Study(SPACE, constraints={"cost": "<= 2"}, **{"seed": 3, **settings})


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("auto", "gp")]


@pytest.mark.parametrize("sampler", ["tpe", "genetic", "differential", *SLOW])
def test_samplers_find_a_good_feasible_trial(sampler):
    made = study(sampler=sampler).run(objective, trials=45)
    blind = study(sampler="random").run(objective, trials=45)

    assert made.best.feasible
    assert made.best.metrics["cost"] <= 2
    assert made.best.value < 1.3 * 6.125 or made.best.value < blind.best.value
    late = made.history.feasible[20:]
    assert late.mean() > blind.history.feasible.mean() - 0.15  # it does not stay outside


def test_feasible_trials_come_first_then_the_nearest_to_it():
    made = study(sampler="random")
    for cost, loss in ((3.0, 0.0), (2.5, 1.0), (1.0, 9.0), (2.0, 8.0)):
        (trial,) = made.ask()
        made.tell(trial, {"loss": loss, "cost": cost})

    assert made.history.best(4).tolist() == [3, 2, 1, 0]
    assert made.history.violation.tolist() == [0.5, 0.25, 0.0, 0.0]
    assert [r.feasible for r in made.results] == [False, False, True, True]
    assert "breaks a constraint" in repr(made[0])
    assert "breaks" not in repr(made[2])


def test_bounds_from_below_and_several_of_them():
    made = Study(SPACE, maximize="acc", constraints={"auc": ">= 0.8", "ms": "<= 10"})
    for acc, auc, ms in ((0.9, 0.7, 5), (0.8, 0.85, 5), (0.95, 0.9, 11)):
        (trial,) = made.ask()
        made.tell(trial, {"acc": acc, "auc": auc, "ms": ms})

    assert made.best.number == 1
    np.testing.assert_allclose(made.history.G, [[0.1, -5], [-0.05, -5], [-0.1, 1]])


def test_the_front_has_feasible_trials_only():
    made = Study(SPACE, minimize=("a", "b"), constraints={"c": "<= 1"}, sampler="tpe")
    for a, b, c in ((1, 1, 2), (2, 3, 0), (3, 2, 0), (4, 4, 0)):
        (trial,) = made.ask()
        made.tell(trial, {"a": a, "b": b, "c": c})

    assert [r.number for r in made.front] == [1, 2]


@pytest.mark.parametrize("metrics", [{}, {"cost": "much"}, {"cost": float("nan")}, {"cost": None}])
def test_a_trial_without_the_metric_fails_with_words(metrics):
    made = study().run(lambda trial: {"loss": 1.0, **metrics}, trials=1)

    assert made[0].state == "FAILED"
    assert "cost <= 2" in made[0].error["message"]


def test_it_is_stored_and_must_be_the_same_when_it_is_reopened(tmp_path):
    store = tmp_path / "runs.db"
    before = study(store=store, sampler="tpe").run(objective, trials=5)
    before.close()

    again = Study.open(store)
    assert [str(c) for c in again.history.constraints] == ["cost <= 2"]
    np.testing.assert_array_equal(again.history.G, before.history.G)
    assert again.run(objective, trials=8).best.feasible
    again.close()
    with pytest.raises(StudyError, match="cost <= 2, and now constraints is cost <= 3"):
        Study(SPACE, constraints={"cost": "<= 3"}, store=store, seed=3, sampler="tpe")
    with pytest.raises(StudyError, match="now constraints is none"):
        Study(SPACE, store=store, seed=3, sampler="tpe")


@pytest.mark.parametrize(
    "wrong", ["cost <= 2", {"cost": 2}, {"cost": "< 2"}, {"cost": "<= much"}, {"cost": "<= inf"},
              {"": "<= 2"}, {"loss": "<= 2"}]
)  # fmt: skip
def test_constraints_that_make_no_sense_are_refused(wrong):
    with pytest.raises(StudyError, match="constraints"):
        Study(Space(a=Choice("u", "v")), constraints=wrong)
