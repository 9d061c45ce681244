import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Median
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def by_hand(past, row, startup, warmup):
    """The rule, read from the paper one trial at a time."""
    steps, losses = past.curve(row)
    if not len(steps) or steps.max() <= warmup:
        return True
    averages = []
    for other in range(len(past)):
        their_steps, their_losses = past.curve(other)
        kept = [
            loss
            for step, (loss,) in zip(their_steps, their_losses, strict=True)
            if step <= steps.max() and math.isfinite(loss)
        ]
        if past.done[other] and kept:
            averages.append(sum(kept) / len(kept))
    if len(averages) < startup:
        return True
    mine = [loss for loss in losses[:, 0] if not math.isnan(loss)]
    return bool(mine) and min(mine) <= np.median(averages)


def test_it_agrees_with_the_rule_done_by_hand():
    decided = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, startup, warmup = 14, int(rng.integers(1, 6)), int(rng.integers(0, 4))
        reports = []
        for i in range(n):
            for step in range(1, int(rng.integers(0, 8))):
                loss = float(rng.normal(-2, 3))
                reports.append((i, step, math.nan if rng.random() < 0.1 else loss))
        rng.shuffle(reports)
        states = [str(s) for s in rng.choice(["DONE", "FAILED", "STOPPED", "RUNNING"], n,
                                             p=[0.6, 0.1, 0.1, 0.2])]  # fmt: skip
        past = history(SPACE, [{"x": 1.5}] * n, [1.5] * n, states,
                       reports=[(int(i), int(s), float(v)) for i, s, v in reports])  # fmt: skip
        for row in np.flatnonzero(past.running):
            decided.append(Median(startup, warmup).keep(past, int(row)))
            assert decided[-1] == by_hand(past, int(row), startup, warmup)

    assert 10 < sum(decided) < len(decided) - 10  # both answers were seen often


def test_a_trial_at_the_median_goes_on_and_one_above_it_does_not():
    reports = [(i, 1, loss) for i, loss in enumerate([-5.0, -3.0, 4.0, -3.0, -2.9])]
    states = ["DONE", "DONE", "DONE", "RUNNING", "RUNNING"]
    past = history(SPACE, [{"x": 1.5}] * 5, [1.0] * 3, states, reports=reports)

    assert Median(startup=3).keep(past, 3)
    assert not Median(startup=3).keep(past, 4)
    assert Median(startup=4).keep(past, 4)
    assert Median(startup=3, warmup=1).keep(past, 4)


def test_only_steps_that_the_trial_has_reached_count():
    reports = [(0, 1, 2.0), (0, 2, -90.0), (1, 1, 4.0), (1, 2, -90.0), (2, 1, 2.5)]
    past = history(SPACE, [{"x": 1.5}] * 3, [1.0, 1.0], reports=reports)

    assert Median(startup=2).keep(past, 2)


def test_a_trial_that_reports_nothing_but_nan_is_stopped():
    reports = [(0, 1, 2.0), (1, 1, 4.0), (2, 1, math.nan)]
    past = history(SPACE, [{"x": 1.5}] * 3, [1.0, 1.0], reports=reports)

    assert not Median(startup=2).keep(past, 2)


def test_in_a_study_it_saves_reports_and_keeps_the_best():
    def learn(trial):
        for step in range(1, 10):
            trial.report((trial.params["x"] - 2.5) ** 2 + 9 / step, step)
            if trial.should_stop():
                break
        return (trial.params["x"] - 2.5) ** 2

    full = Study(SPACE, sampler="random", seed=1).run(learn, trials=40)
    median = Study(SPACE, sampler="random", seed=1, scheduler="median").run(learn, trials=40)

    assert len(median.history.step) < 0.8 * len(full.history.step) == 0.8 * 360
    assert median.history.stopped.sum() > 5
    assert median.best == full.best or median.best.value == full.best.value


@pytest.mark.parametrize("settings", [{"startup": 0}, {"startup": 1.5}, {"warmup": -1}])
def test_settings_must_make_sense(settings):
    with pytest.raises(StudyError, match=f"{next(iter(settings))} must be a whole number"):
        Median(**settings)
