import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.report.reading import (
    association,
    at_edge,
    by_trial,
    causes,
    curve,
    drawn_range,
    improvements,
    ranked,
    steps_are_folds,
    winner,
)
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def past(losses, states=(), **more):
    params = [{"x": -2.5 + 0.1 * i} for i in range(len(losses))]
    return history(SPACE, params, losses, states, **more)


def test_trials_are_ranked_by_their_state_and_then_by_their_loss():
    states = ["FAILED", "DONE", "RUNNING", "DONE", "LOST", "STOPPED", "DONE"]
    seen = past([None, 4.5, None, -2.0, None, None, 4.5], states)

    assert ranked(seen).tolist() == [3, 1, 6, 5, 2, 0, 4]
    assert winner(seen) == 3


def test_of_several_objectives_the_front_comes_first():
    losses = [(5.0, 2.0), (3.0, 3.0), (4.0, 4.0), (1.5, 9.0)]
    seen = past(losses, objectives=2)

    assert ranked(seen).tolist() == [3, 1, 0, 2]
    assert winner(seen) == 3


def test_nothing_has_won_before_a_trial_is_done():
    assert winner(past([None, None], ["FAILED", "RUNNING"])) is None


def test_improvements_are_better_than_every_trial_before():
    states = ["DONE", "FAILED", "DONE", "DONE", "DONE", "DONE"]
    seen = past([4.5, None, 4.5, -1.0, 2.0, -3.5], states)

    assert improvements(seen).tolist() == [0, 3, 5]
    assert improvements(past([None], ["FAILED"])).tolist() == []


def test_reports_are_folds_where_the_result_is_their_mean():
    folds = [(0, 1, 4.0), (0, 2, 7.0), (1, 1, 2.5), (1, 2, 2.5)]

    assert steps_are_folds(past([5.5, 2.5], reports=folds))
    assert not steps_are_folds(past([7.0, 2.5], reports=folds))  # the last one
    assert not steps_are_folds(past([5.5, 2.5]))
    assert not steps_are_folds(past([5.5, 2.5], reports=folds[2:]))  # equal reports say nothing


def test_reports_that_came_mixed_are_told_apart_and_put_in_order():
    seen = past([None, None, None], reports=[(2, 5, 1.5), (0, 1, 9.0), (2, 1, 4.0), (0, 2, 8.0)])

    assert {row: at.tolist() for row, at in by_trial(seen).items()} == {0: [1, 3], 2: [0, 2]}
    made = curve(seen, 2)
    assert (made.step.tolist(), made.valid.tolist()) == ([1, 5], [4.0, 1.5])
    assert np.isnan(made.train).all()


def test_failures_of_one_kind_are_one_cause_whatever_their_numbers():
    study = Study(SPACE, sampler="random", seed=3)
    for message in ("loss 3.5 at step 7", "no memory", "loss 1e-9 at step 40"):
        study.tell(study.ask()[0], error=ValueError(message))
    study.tell(study.ask()[0], error=KeyError("loss 2 at step 1"))

    made = causes(study.history)

    assert [(cause.kind, cause.rows) for cause in made] == [
        ("ValueError", (0, 2)), ("ValueError", (1,)), ("KeyError", (3,))
    ]  # fmt: skip
    assert made[0].message == "loss 3.5 at step 7"


def test_a_parameter_is_associated_with_results_as_far_as_it_explains_their_ranks():
    rng = np.random.default_rng(5)
    space = Space(x=Float(-3, 9), kind=Choice("a", "b"), z=Float(2, 5))
    X = space.sample(60, rng)
    params = space.decode(X)
    losses = [p["x"] + (20.0 if p["kind"] == "a" else 0.0) for p in params]
    seen = history(space, params, losses)

    by_kind, by_x, by_z = (association(seen, name, seen.Y[:, 0]) for name in ("kind", "x", "z"))

    assert by_kind > 0.7 > by_x > by_z
    assert by_z < 5 * 4 / 59  # chance alone explains (groups - 1) / (n - 1) on average
    assert association(seen, "kind", np.full(60, np.nan)) == 0.0


@pytest.mark.parametrize(
    ("p", "raw", "side"),
    [
        (Float(-3, 9), -2.9, "low"),
        (Float(-3, 9), -2.5, ""),
        (Float(-3, 9), 8.9, "high"),
        (Float(1e-5, 1e-1, log=True), 1.1e-5, "low"),
        (Float(1e-5, 1e-1, log=True), 1e-3, ""),
        (Int(2, 90), 90, "high"),
        (Int(2, 5), 2, ""),  # of few values one is always at an end
        (Choice("a", "b"), 0, ""),
    ],
)
def test_a_value_at_an_end_of_its_range_is_told(p, raw, side):
    assert at_edge(p, raw) == side


def test_hopeless_results_do_not_press_the_others_onto_a_line():
    good = np.linspace(2.0, 3.0, 9)

    low, high = drawn_range(np.append(good, 900.0), maximize=False)
    assert low == 2.0
    assert good.max() < high < 10
    assert drawn_range(good, maximize=False) == (2.0, 3.0)

    low, high = drawn_range(np.append(-good, -900.0), maximize=True)
    assert high == -2.0
    assert -10 < low < -good.max()
