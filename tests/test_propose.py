"""What is tried next: retries, the queue, the sampler, and no point twice."""

from __future__ import annotations

import numpy as np

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
