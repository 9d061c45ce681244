from dataclasses import dataclass, field

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.schedulers import BOHB

SPACE = Space(x=Float(-3, 9), y=Float(-11, 2))


@dataclass
class Watched:
    """A sampler that keeps what it is shown."""

    shown: list = field(default_factory=list, repr=False)

    def ask(self, space, history, k, rng):
        self.shown.append(history)
        return Proposal(np.full((k, 2), 0.25) + 0.01 * rng.random((k, 2)), tag=4)


def level(params):
    return (params["x"] - 2.5) ** 2 + (params["y"] + 4) ** 2


def train(trial):
    for epoch in range(1, 10):
        trial.report(level(trial.params) + 1 / epoch, epoch)
        if trial.should_stop():
            break
    return level(trial.params)


def test_the_sampler_sees_the_highest_rung_that_has_enough():
    sampler = Watched()
    made = Study(SPACE, sampler=sampler, scheduler=BOHB(), fidelity=("epochs", 1, 9), seed=5)
    made.run(train, trials=100)

    kinds = []
    for seen in filter(len, sampler.shown):
        rung = int(seen.step.max())
        kinds.append(rung)
        came = (seen.budget >= rung).sum()  # here nothing runs at the same time
        further = (seen.budget >= 3 * rung).sum()
        assert further < 5 or rung == 9
        assert came >= 5 or rung == 1
        assert seen.done.sum() == came
        losses = [level(seen.params(row)) for row in np.flatnonzero(seen.done)]
        np.testing.assert_allclose(seen.Y[seen.done, 0] - losses, 1 / rung if rung < 9 else 0)
    assert kinds == sorted(kinds)
    assert set(kinds) == {1, 3, 9}


def test_where_reports_hold_the_first_objective_alone_no_trial_is_shown_as_failed():
    def train_two(trial):
        for epoch in range(1, int(trial.budget) + 1):
            trial.report({"loss": level(trial.params) + 1 / epoch}, epoch)
        return {"loss": level(trial.params), "size": trial.params["x"]}

    sampler = Watched()
    made = Study(
        SPACE,
        minimize=("loss", "size"),
        sampler=sampler,
        scheduler=BOHB(),
        fidelity=("epochs", 1, 9),
        seed=5,
    )
    made.run(train_two, trials=30)

    assert len(sampler.shown[-1]) > 9
    assert not sampler.shown[-1].failed.any()


def test_a_third_of_the_points_is_drawn_uniformly():
    sampler = Watched()
    made = Study(SPACE, sampler=sampler, scheduler=BOHB(), fidelity=("epochs", 1, 9), seed=5)
    made.run(train, trials=200)

    starts = made.history.parent < 0
    asked = made.history.tag[starts] == 4
    X = made.history.X[starts]
    near = (np.abs(X - 0.255) < 0.006).all(axis=1)
    assert (near == asked).all()
    n = len(asked)
    assert abs(asked.mean() - 2 / 3) < 5 * np.sqrt(2 / 9 / n)


@pytest.mark.slow
def test_with_tpe_it_finds_better_points_than_hyperband_with_random_search():
    def median(**settings):
        best = []
        for seed in range(5):
            made = Study(SPACE, fidelity=("epochs", 1, 9), seed=seed, **settings)
            made.run(train, trials=60)
            best.append(made.best.value)
        return np.median(best)

    assert median(sampler="tpe", scheduler="bohb") < median(sampler="random", scheduler="hyperband")


@pytest.mark.parametrize(
    ("word", "wrong"), [("eta", 1), ("brackets", 0), ("enough", 0), ("uniform", 1.2)]
)
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"BOHB: {word} must be"):
        BOHB(**{word: wrong})
