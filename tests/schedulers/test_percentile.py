import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Median, Percentile
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def by_hand(past, row, share, startup, warmup):
    """The rule, one trial at a time; the percentile between two is where the line crosses."""
    steps, losses = past.curve(row)
    if not len(steps) or max(steps) <= warmup:
        return True
    means = []
    for other in np.flatnonzero(past.done):
        kept = [
            loss
            for step, (loss,) in zip(*past.curve(other), strict=True)
            if step <= max(steps) and math.isfinite(loss)
        ]
        if kept:
            means.append(sum(kept) / len(kept))
    if len(means) < startup:
        return True
    means.sort()
    place = share / 100 * (len(means) - 1)
    low = math.floor(place)
    high = min(low + 1, len(means) - 1)
    limit = means[low] + (place - low) * (means[high] - means[low])
    return min((loss for (loss,) in losses if not math.isnan(loss)), default=math.inf) <= limit


def drawn(seed, n=14):
    rng = np.random.default_rng(seed)
    reports = [
        (i, step, math.nan if rng.random() < 0.1 else float(rng.normal(-2, 3)))
        for i in range(n)
        for step in range(1, int(rng.integers(0, 8)))
    ]
    states = [str(s) for s in rng.choice(["DONE", "FAILED", "RUNNING"], n, p=[0.6, 0.1, 0.3])]
    return history(SPACE, [{"x": 1.5}] * n, [1.5] * n, states, reports=reports)


def test_it_agrees_with_the_rule_done_by_hand():
    decided = []
    for seed in range(60):
        past, share = drawn(seed), (10, 25, 62.5)[seed % 3]
        for row in np.flatnonzero(past.running):
            rule = Percentile(share, startup=3, warmup=1)
            decided.append(rule.keep(past, int(row)))
            assert decided[-1] == by_hand(past, int(row), share, 3, 1)

    assert 20 < sum(decided) < len(decided) - 20


def test_who_is_stricter_keeps_no_more_and_fifty_is_the_median_rule():
    for seed in range(30):
        past = drawn(seed)
        for row in np.flatnonzero(past.running).tolist():
            kept = [Percentile(share, startup=2).keep(past, row) for share in (5, 30, 50, 90)]
            assert kept == sorted(kept)
            assert kept[2] == Median(startup=2).keep(past, row)


def test_in_a_study_it_stops_more_than_the_median_rule():
    def learn(trial):
        for step in range(1, 10):
            trial.report((trial.params["x"] - 2.5) ** 2 + 9 / step, step)
            if trial.should_stop():
                break
        return (trial.params["x"] - 2.5) ** 2

    by = {
        name: Study(SPACE, sampler="random", seed=1, scheduler=name).run(learn, trials=40)
        for name in ("median", "percentile")
    }

    assert by["percentile"].history.stopped.sum() > by["median"].history.stopped.sum() > 5
    assert by["percentile"].best.value == by["median"].best.value


@pytest.mark.parametrize(
    ("word", "wrong"), [("percentile", 100), ("percentile", True), ("startup", 0), ("warmup", 1.5)]
)
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"Percentile: {word} must be"):
        Percentile(**{word: wrong})
