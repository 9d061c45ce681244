import math

import numpy as np
import pytest
from scipy import stats

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Race
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def raced(done, running, *, order=None, first=0):
    """A history of trials with all their folds, then of running ones with some of theirs."""
    rows = [*done, *running]
    reports = [(i, k + first, loss) for i, row in enumerate(rows) for k, loss in enumerate(row)]
    if order is not None:  # of the trials among each other
        keys = order.random(len(reports)) + np.array([k for _, k, _ in reports])
        reports = [reports[i] for i in np.argsort(keys)]
    return history(
        SPACE, [{"x": 1.5}] * len(rows), [float(np.mean(row)) for row in done], reports=reports
    )


def test_one_against_one_is_a_t_test_on_the_differences():
    """Of one pair with as many folds as the prior counts, worked out by hand."""
    best, other = [-5.0, -4.0, -7.0, -5.5, -6.0, -4.5], [-4.2, -3.4, -5.9]
    gaps = np.array(other) - np.array(best[:3])
    n, K = 3, 6
    own = np.var(best) * K / (K - 1)
    squares = ((gaps - gaps.mean()) ** 2).sum()
    shared = (3 * own + squares) / (3 + n - 1)
    variance = (4 * shared + squares) / (4 + n - 1)
    spread = math.sqrt(variance * (K - n) / (n * K))
    chance = stats.t(4 + n - 1).cdf(-gaps.mean() / spread)
    past = raced([best], [other])

    assert 0.0005 < chance < 0.1
    assert Race(error=0.95 * chance * (K - 1)).keep(past, 1)
    assert not Race(error=1.05 * chance * (K - 1)).keep(past, 1)


@pytest.mark.slow
def test_of_trials_that_end_ahead_no_more_are_stopped_than_the_error_says():
    error, ahead, stopped, worse, saved = 0.1, 0, 0, 0, 0
    rng = np.random.default_rng(6)
    for _ in range(500):
        fold = rng.normal(-20, 3, size=8)  # hard and easy ones
        done = (fold + rng.normal(0, 1, size=(3, 8)) + rng.normal(0, 0.5, size=(3, 1))).tolist()
        mine = (fold + rng.normal(0, 1, size=8) + rng.normal(0.2, 1)).tolist()
        wins = np.mean(mine) < min(np.mean(row) for row in done)
        told = next(
            (n for n in range(1, 8) if not Race(error).keep(raced(done, [mine[:n]]), 3)), None
        )
        ahead, worse = ahead + wins, worse + (not wins)
        stopped += wins and told is not None
        saved += 0 if wins or told is None else 8 - told

    assert ahead > 80
    assert stopped <= error * ahead + 3 * math.sqrt(error * (1 - error) * ahead)
    assert saved / (8 * worse) > 0.2  # it is worth it


def test_the_order_in_which_trials_report_does_not_matter():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        done = rng.normal(-3, 1, size=(4, 5)).tolist()
        running = [rng.normal(-1, 1, size=n).tolist() for n in (1, 2, 4)]
        plain = raced(done, running)
        mixed = raced(done, running, order=rng, first=7)
        rule = Race(error=0.3)
        for row in (4, 5, 6):
            assert rule.keep(plain, row) == rule.keep(mixed, row)


def test_nothing_is_stopped_before_a_trial_has_all_its_folds():
    assert Race().keep(raced([], [[1.0, 2.0, 1.5], [90.0, 80.0]]), 1)
    assert not Race().keep(raced([[1.0, 2.0, 1.5]], [[90.0, 80.0]]), 1)


def test_a_fold_without_a_number_cannot_be_made_up_for():
    assert not Race().keep(raced([[-1.0, -2.0, -1.5]], [[math.nan]]), 1)
    assert not Race().keep(raced([[-1.0, -2.0, -1.5]], [[-9.0, math.inf]]), 1)


def test_learning_curves_are_not_compared_like_folds():
    """What was returned is the last report, not their mean."""
    reports = [(0, k, loss) for k, loss in enumerate([-1.0, -3.0, -5.0])] + [(1, 0, 80.0)]
    past = history(SPACE, [{"x": 1.5}] * 2, [-5.0], reports=reports)

    assert Race().keep(past, 1)


@pytest.mark.parametrize("sign", ["minimize", "maximize"])
def test_in_a_study_it_saves_folds_and_keeps_the_best(sign):
    folds = np.random.default_rng(3).normal(0, 2, size=5)
    up = -1 if sign == "maximize" else 1

    def validate(trial):
        bend = np.random.default_rng(trial.number).normal(0, 0.1, size=5)
        scores = up * ((trial.params["x"] - 2.5) ** 2 + folds + bend)
        for fold, score in enumerate(scores):
            trial.report(float(score), fold)
            if trial.should_stop():
                break
        return float(np.mean(scores))

    def run(scheduler):
        settings = {"scheduler": scheduler, "sampler": "random", "seed": 2, sign: "score"}
        return Study(SPACE, **settings).run(validate, trials=40)

    race, full = run("race"), run("full")
    assert len(race.history.step) < 0.6 * len(full.history.step)
    assert (race.best.number, race.best.values) == (full.best.number, full.best.values)


@pytest.mark.parametrize("wrong", [0, 1, -0.1, "5%", True])
def test_settings_must_make_sense(wrong):
    with pytest.raises(StudyError, match="Race: error must be"):
        Race(error=wrong)
