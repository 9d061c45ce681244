"""What is tried next: retries, the queue, the sampler, and no point twice."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.history import Event, History
from luthier.parts import Proposal
from luthier.propose import propose
from luthier.samplers import Random
from luthier.schedulers import Full


class Stubborn:
    """Proposes one point for ever."""

    def __init__(self, space):
        self.x = space.rows([{"a": 4, "b": 0}])

    def ask(self, space, history, k, rng):
        return Proposal(np.repeat(self.x, k, axis=0))


def test_a_point_that_was_tried_is_replaced_until_all_were():
    space = Space(a=Int(3, 6), b=Choice("u", "v", "w"))
    study = Study(space, sampler=Stubborn(space))

    study.run(lambda trial: 1.0, trials=100)

    assert study[0].params == {"a": 4, "b": "u"}
    assert len({(r.params["a"], r.params["b"]) for r in study.results}) == len(study) == 12


def test_a_finite_branch_of_an_endless_space_is_not_repeated():
    space = Space(kind=Choice("none", "some"), x=Float(1, 3, when={"kind": "some"}))

    study = Study(space, sampler="random").run(lambda trial: 1.0, trials=20)

    assert sum(r.params["kind"] == "none" for r in study.results) == 1


def test_lost_trials_come_before_everything_and_keep_their_draw():
    space = Space(x=Float(-3, 9))
    history = History(space)
    for number in range(3):
        history.apply(Event("created", number, 0.0, {"draw": number, "params": {"x": number}}))
    history.apply(Event("queued", None, 0.0, {"params": {"x": 5.0}}))
    for number in (2, 1):
        history.apply(Event("finished", number, 0.0, {"state": "LOST"}))

    first = propose(history, Random(), Full(), dynamic=False)
    history.apply(Event("created", 3, 0.0, first))
    second = propose(history, Random(), Full(), dynamic=False)
    history.apply(Event("created", 4, 0.0, second))
    third = propose(history, Random(), Full(), dynamic=False)

    assert first == {"draw": 1, "params": {"x": 1}, "parent": 1}
    assert second == {"draw": 2, "params": {"x": 2}, "parent": 2}
    assert third == {"draw": 3, "params": {"x": 5.0}, "queued": 0}


def test_a_space_of_constants_has_one_point():
    study = Study(Space(a=3, b="x")).run(lambda trial: 1.0, trials=5)

    assert [r.params for r in study.results] == [{"a": 3, "b": "x"}]


def test_a_queued_point_may_leave_its_budget_to_the_scheduler():
    """Those that go on come before it; all that is said of it is kept."""
    space = Space(a=Int(3, 60), b=Float(-3, 9))
    study = Study(space, sampler="random", scheduler="asha", fidelity=("epochs", 2, 18))
    study.enqueue({"a": 7, "b": -2.5})
    for a in (11, 12, 13, 14):
        study.enqueue({"a": a, "b": 0.1}, whole=False)
    trials = []
    for _ in range(6):
        (trial,) = study.ask()
        trials.append((trial.params["a"], trial.budget, trial.parent))
        study.tell(trial, -trial.params["a"])

    first = [(7, 18, -1), (11, 2, -1), (12, 2, -1), (13, 2, -1)]
    assert trials == [*first, (13, 6, 3), (14, 2, -1)]
    assert not study.history.queue


def branches(trial):
    """Only one of the optimizers has a momentum."""
    rate = trial.float("rate", 2, 9)
    kind = trial.choice("optimizer", "adam", "sgd")
    return rate + (trial.float("momentum", 0.1, 0.7) if kind == "sgd" else 0)


def test_what_a_branch_does_not_ask_for_is_no_longer_proposed():
    study = Study(sampler="random", seed=3).run(branches, trials=12)

    tasks = [study.ask()[0].task for _ in range(12)]

    kinds = [task.space["optimizer"].value(task.raw["optimizer"]) for task in tasks]
    assert set(kinds) == {"adam", "sgd"}
    assert ["momentum" in task.raw for task in tasks] == [kind == "sgd" for kind in kinds]
    assert not study.space["momentum"].when  # the log keeps what was asked for, and no more


@pytest.mark.parametrize("sampler", ["auto", "tpe"])
def test_trials_that_differ_in_what_is_not_asked_for_are_the_same(sampler):
    def objective(trial):
        kind = trial.choice("kind", "a", "b")
        return trial.int("n", 1, 3) + (trial.int("more", 1, 2) if kind == "b" else 0)

    study = Study(sampler=sampler, seed=3).run(objective, trials=9)

    told = [tuple(sorted(result.params.items())) for result in study.results]
    assert len(set(told)) == len(told) == 9


def test_a_condition_that_is_wrong_neither_lasts_nor_ends_a_study():
    def objective(trial):
        kind, n = trial.choice("kind", "a", "b"), trial.int("n", 1, 2)
        return n + (trial.int("more", 1, 2) if kind == "b" or n == 2 else 0)  # no single cause

    study = Study(seed=3).run(objective, trials=50)

    told = {tuple(r.params.values()) for r in study.results}
    assert told == {
        ("a", 1),
        *((k, n, m) for k, n in [("a", 2), ("b", 1), ("b", 2)] for m in (1, 2)),
    }


def test_fixed_values_and_conditions_that_trials_have_shown():
    study = Study(sampler="random", seed=3).run(branches, trials=12)

    study.run(branches, more=4, fixed={"optimizer": "adam"})
    study.run(branches, more=4, fixed={"optimizer": "adam", "momentum": 0.5})
    study.run(branches, more=4, fixed={"momentum": 0.5, "rate": 3.0})

    told = [(r.params["optimizer"], r.params.get("momentum")) for r in study.results][12:]
    assert told[:8] == [("adam", None)] * 8
    assert all(momentum == (0.5 if kind == "sgd" else None) for kind, momentum in told[8:])


@pytest.mark.parametrize(
    ("scheduler", "budget"),
    [("auto", 1), ("asha", 1), ("hyperband", 1), ("bohb", 1), ("dehb", 1), ("pasha", 1),
     ("freezethaw", 1), ("full", 27)],
)  # fmt: skip
def test_the_first_trial_is_given_as_little_as_others_before_its_names_are_known(scheduler, budget):
    study = Study(scheduler=scheduler, fidelity=("epochs", 1, 27), seed=3)

    assert study.ask()[0].budget == budget


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    "scheduler", ["auto", "asha", "hyperband", "bohb", "dehb", "pasha", "freezethaw"]
)
def test_where_nothing_is_left_to_begin_who_is_ahead_gets_the_whole(scheduler, jobs):
    space = Space(a=Int(0, 4), b=Choice("x", "y", "z"))
    study = Study(space, scheduler=scheduler, fidelity=("epochs", 1, 27), seed=0)

    def objective(trial):
        loss = abs(trial.params["a"] - 2) + (trial.params["b"] != "y")
        for epoch in range(1, int(trial.budget) + 1):
            trial.report(loss + 1 / epoch, epoch)
            if trial.should_stop():
                break
        return loss + 1 / epoch

    study.run(objective, trials=200, jobs=jobs)

    assert study.best.params == {"a": 2, "b": "y"}
    assert study.best.value == pytest.approx(1 / 27)
    assert len(study) < 40


def test_who_was_stopped_for_its_curve_is_not_begun_again_where_nothing_is_left():
    study = Study(Space(a=Int(0, 3)), scheduler="patience", fidelity=("epochs", 1, 200), seed=0)

    def objective(trial):
        for epoch in range(1, 201):  # better early than in the end
            trial.report(trial.params["a"] + epoch / 100, epoch)
            if trial.should_stop():
                break
        return trial.params["a"] + epoch / 100

    study.run(objective, trials=20)

    assert len(study) == 4
