import math

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Patience
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def first_stop(rule, losses, steps=None):
    """The step at which a trial with these reports is first told to stop, or None."""
    steps = list(range(1, len(losses) + 1)) if steps is None else steps
    for n in range(1, len(losses) + 1):
        reports = [(0, step, loss) for step, loss in zip(steps[:n], losses[:n], strict=True)]
        if not rule.keep(history(SPACE, [{"x": 1.5}], reports=reports), 0):
            return steps[n - 1]
    return None


@pytest.mark.parametrize(
    ("losses", "stopped"),
    [
        ([-1.0, -2, -2, -2, -2, -2], 5),  # better last at 2
        ([-1.0, -1, -1, -2, -2, -2], None),  # just in time
        ([-1.0, -1, -2, -1.5, -1.5, -1.5], 6),
        ([-6.0, -5, -4, -3], 4),
        ([math.nan, math.nan, -1.0, -2, -2, math.nan, math.nan], 7),
        ([math.nan] * 5, 4),
        ([math.inf, math.inf, -7.0, -8.0, -9.0, -10.0], None),
        ([-math.inf, -3.0, -4.0, -5.0], 4),
        ([-1.0, -2, -3, -4, -5, -6], None),
    ],
)
def test_it_stops_three_steps_after_the_last_better_report(losses, stopped):
    assert first_stop(Patience(steps=3), losses) == stopped


def test_steps_count_and_not_reports():
    losses = [-1.0, -1, -1, -1]

    assert first_stop(Patience(steps=10), losses, [4, 8, 12, 16]) == 16
    assert first_stop(Patience(steps=8), losses, [4, 8, 12, 16]) == 12
    assert first_stop(Patience(steps=13), losses, [4, 8, 12, 16]) is None


def test_a_gain_must_be_more_than_the_least():
    losses = [5.0, 4.5, 4.0, 3.5, 3.0, 2.5]

    assert first_stop(Patience(steps=2, least_gain=0.25), losses) is None
    # Against the best that counted: 5, then 3.5 (a gain of 1.5), then 2.5 would be too little.
    assert first_stop(Patience(steps=2, least_gain=1.0), losses) == 3
    assert first_stop(Patience(steps=3, least_gain=1.0), losses) is None


def test_a_plateau_is_left_also_where_the_objective_is_maximised():
    def learn(trial):
        for step in range(1, 30):
            trial.report(min(step, trial.params["x"]), step)
            if trial.should_stop():
                break
        return trial.params["x"]

    made = Study(
        Space(x=Float(3, 21)), maximize="score", scheduler=Patience(steps=4), sampler="random"
    ).run(learn, trials=12)

    for row in range(12):
        x, steps = made[row].params["x"], made.history.curve(row)[0]
        assert steps.max() == min(math.ceil(x) + 4, 29)
        assert made.history.stopped[row] == (math.ceil(x) + 4 <= 29)


@pytest.mark.parametrize(
    ("word", "wrong"), [("steps", 0), ("steps", 2.5), ("least_gain", -1), ("least_gain", math.nan)]
)
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"Patience: {word} must be"):
        Patience(**{word: wrong})
