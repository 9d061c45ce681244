import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Hyperband
from luthier.schedulers.hyperband import shares

SPACE = Space(x=Float(-3, 9))


def level(trial):
    return (trial.params["x"] - 2.5) ** 2


def train(trial):
    """Says at every rung that it may come to how it stands."""
    for epoch in (1, 3, 9, 27):
        if epoch <= trial.budget:
            trial.report(level(trial) + math.sin(7 * trial.params["x"]) / epoch, epoch)
            if trial.should_stop():
                break
    return level(trial)


def study(**settings):
    settings = {"scheduler": "hyperband", "fidelity": ("epochs", 1, 27)} | settings
    return Study(SPACE, sampler="random", seed=3, **settings)


def test_brackets_have_the_shares_of_the_paper():
    # Li et al. (2018), table 1: eta 3 and a whole of 81 give 81, 34, 15, 8 and 5.
    np.testing.assert_allclose(shares(5, 3), np.array([81, 34, 15, 8, 5]) / 143)


def test_new_configurations_fall_into_brackets_by_these_shares():
    history = study().history

    bracket = Hyperband().bracket(history, np.arange(4000))

    for b, share in enumerate(shares(4, 3)):
        assert abs((bracket == b).mean() - share) < 5 * math.sqrt(share * (1 - share) / 4000)
    assert (Hyperband().bracket(history, np.arange(7, 90)) == bracket[7:90]).all()
    assert set(Hyperband(brackets=2).bracket(history, np.arange(99)).tolist()) == {0, 1}


def test_a_run_is_what_the_rule_done_by_hand_gives():
    made = study().run(train, trials=150)

    levels, trials = [1.0, 3.0, 9.0, 27.0], {}  # bracket, level, paused and losses, by number
    went_on = 0
    for told in made.results:
        number, budget = told.number, float(made.history.budget[told.number])
        chosen = None
        for i in (2, 1, 0):
            for b in range(i + 1):
                came = [
                    (losses[i], n)
                    for n, (bracket, losses, _) in trials.items()
                    if bracket == b and i in losses
                ]
                best = sorted(came)[: len(came) // 3]
                waiting = [n for _, n in best if trials[n][2] == i]
                if waiting and chosen is None:
                    chosen = waiting[0], i + 1
        if chosen is None:
            assert told.parent == -1
            bracket, losses = levels.index(budget), {}
        else:
            went_on += 1
            assert (told.parent, budget) == (chosen[0], levels[chosen[1]])
            bracket, losses, _ = trials.pop(told.parent)
        for step, (loss,) in zip(*made.history.curve(number), strict=True):
            losses[levels.index(step)] = loss
        trials[number] = bracket, losses, levels.index(budget) if budget < 27 else None

    assert went_on > 20
    assert len({bracket for bracket, _, _ in trials.values()}) == 4


def test_a_late_bracket_finds_what_the_first_step_hides():
    """The best in the end are the worst at first."""

    def mislead(trial):
        x = trial.params["x"]
        for epoch in (1, 3, 9, 27):
            if epoch <= trial.budget:
                trial.report(x if epoch < 9 else -x, epoch)
                if trial.should_stop():
                    break
        return -x

    def best(name):
        return study(scheduler=name).run(mislead, trials=90).best.value

    assert best("hyperband") < best("asha") - 3


def test_without_a_fidelity_brackets_differ_in_when_they_first_compare():
    def learn(trial):
        for epoch in range(1, 21):
            trial.report(level(trial) + 1 / epoch, epoch)
            if trial.should_stop():
                break
        return level(trial)

    made = study(fidelity=None).run(learn, trials=120)

    assert (made.history.parent == -1).all()
    bracket = Hyperband().bracket(made.history, made.history.draw)
    ends = [
        {int(made.history.curve(row)[0].max()) for row in np.flatnonzero(bracket == b)}
        for b in range(3)
    ]
    assert ends[0] == {1, 3, 9, 20}
    assert {3, 20} <= ends[1] <= {3, 9, 20}
    assert ends[2] == {9, 20}


@pytest.mark.parametrize(("word", "wrong"), [("eta", 1), ("brackets", 0), ("brackets", 2.0)])
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"Hyperband: {word} must be"):
        Hyperband(**{word: wrong})
