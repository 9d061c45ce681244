import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.samplers import Random
from luthier.schedulers import FreezeThaw
from luthier.schedulers.freeze_thaw import FIRST
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def past(curves, done, space=SPACE):
    """Trials with losses at the steps of a dict; the first `done` of them ended."""
    params = [dict.fromkeys(space, 0.1 * i) for i in range(len(curves))]
    states = ["DONE"] * done + ["STOPPED"] * (len(curves) - done)
    finals = [curve[max(curve)] for curve in curves[:done]] + [None] * (len(curves) - done)
    reports = [(i, step, loss) for i, curve in enumerate(curves) for step, loss in curve.items()]
    return history(space, params, finals, states, reports=reports, fidelity=("epochs", 1, 27))


def nexts(seen, draws=20, space=SPACE):
    """The job of each of several draws."""
    scheduler, sampler = FreezeThaw(), Random()
    return [
        scheduler.next(space, seen, sampler, 1, np.random.default_rng(seed))[0]
        for seed in range(draws)
    ]


def crossing(upto=9):
    """Some start low and stay there, others start high and end lowest; two are left on the way."""
    rng = np.random.default_rng(3)
    steps = (1, 3, 9, 27)
    flat = [{s: 5 - 0.1 * i + 0.01 * rng.normal() for i, s in enumerate(steps)} for _ in range(6)]
    steep = [{s: 9 - 2 * i + 0.01 * rng.normal() for i, s in enumerate(steps)} for _ in range(6)]
    leading, late = {1: 5.02, 3: 4.92, 9: 4.81}, {1: 9.03, 3: 7.02, 9: 5.01}
    left = [{s: loss for s, loss in curve.items() if s <= upto} for curve in (leading, late)]
    return past([*flat, *steep, *left], 12)


def test_who_is_behind_and_falls_faster_goes_on_before_who_leads():
    gone_on = [job.parent for job in nexts(crossing()) if job.parent >= 0]

    assert len(gone_on) > 2
    assert set(gone_on) == {13}


def test_a_thawed_trial_goes_on_to_its_next_rung_with_its_parameters():
    job = next(job for job in nexts(crossing(upto=3)) if job.parent >= 0)

    assert job.budget == 9
    np.testing.assert_array_equal(job.x, crossing().X[job.parent])


def test_where_frozen_trials_promise_little_a_new_one_begins():
    good, bad = {1: 3.0, 3: 2.0, 9: 1.0, 27: 0.5}, {1: 8.0, 3: 7.9, 9: 7.8, 27: 7.7}
    rng = np.random.default_rng(0)
    noisy = [{s: v + 0.01 * rng.normal() for s, v in c.items()} for c in [good] * 6 + [bad] * 6]
    left = [{s: bad[s] + 0.01 * i for s in (1, 3, 9)} for i in range(1, 4)]

    jobs = nexts(past(noisy + left, 12))

    assert {job.parent for job in jobs} == {-1}
    assert {job.budget for job in jobs} == {1}


def falling(n, left):
    """Curves that fall alike, of which n ended; and as many as in `left`, lower by so much."""
    rng = np.random.default_rng(1)
    noise = 0.01 * rng.normal(size=(n, 4))
    ended = [{s: 9 - 2 * i + noise[j, i] for i, s in enumerate((1, 3, 9, 27))} for j in range(n)]
    return past([*ended, *({1: 9 - low, 3: 7 - low, 9: 5 - low} for low in left)], n)


def test_the_likeliest_goes_on_first():
    jobs = FreezeThaw().next(
        SPACE, falling(9, [0.5, 2.0, 1.0]), Random(), 3, np.random.default_rng(0)
    )

    assert [job.parent for job in jobs] == [10, 11, 9]


def test_nobody_goes_on_among_the_first_few():
    assert {job.parent for job in nexts(falling(FIRST - 2, [2.0]))} == {-1}
    assert {job.parent for job in nexts(falling(FIRST - 1, [2.0]))} != {-1}


def test_losses_that_are_not_finite_stop_nothing():
    diverged = past([{1: math.nan, 3: math.nan}] * 9, 0)

    assert all(job.budget in (1, 9) for job in nexts(diverged, 3))


def test_in_a_space_too_wide_for_a_process_it_still_goes_on():
    wide = Space({f"x{i}": Float(0, 9) for i in range(201)})
    rng = np.random.default_rng(1)
    falling = [{s: 5 - i + rng.normal() for i, s in enumerate((1, 3, 9, 27))} for _ in range(9)]
    leading = {1: 2.0, 3: 0.5, 9: -1.0}

    jobs = nexts(past([*falling, leading], 9, wide), space=wide)

    assert 9 in {job.parent for job in jobs}


def train(trial):
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, int(trial.budget) + 1):
        (trial.folder / "epoch").write_text(str(epoch))
        trial.note(first=first)
        loss = (trial.params["x"] - 2.5) ** 2 / 10 + math.exp(-epoch / 9)
        trial.report(loss, epoch)
    return loss


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_study_ends_with_good_trials_that_had_the_whole_and_no_step_twice(jobs, tmp_path):
    study = Study(
        SPACE, scheduler="freezethaw", fidelity=("epochs", 1, 27), folder=tmp_path, seed=1
    )
    study.run(train, trials=90, jobs=jobs)
    history = study.history

    assert study.best.reached[0] == 27
    assert abs(study.best.params["x"] - 2.5) < 0.5
    assert 1 <= history.done.sum() < 30
    seen = history.merged()
    assert len(seen.step) == len(set(zip(seen.owner.tolist(), seen.step.tolist(), strict=True)))
    assert len(seen.step) == len(history.step)


def test_the_same_seed_gives_the_same_study(tmp_path):
    made = []
    for name in ("one", "two"):
        study = Study(SPACE, scheduler="freezethaw", fidelity=("epochs", 1, 27),
                      folder=tmp_path / name, seed=4)  # fmt: skip
        study.run(train, trials=40)
        made.append([(result.params, result.parent) for result in study.results])

    assert made[0] == made[1]


@pytest.mark.parametrize("eta", [1, 2.5, True, "3"])
def test_a_factor_that_makes_no_sense_is_refused(eta):
    with pytest.raises(StudyError, match="eta"):
        FreezeThaw(eta=eta)


def test_without_a_fidelity_it_says_what_to_give():
    with pytest.raises(StudyError, match="fidelity"):
        Study(SPACE, scheduler="freezethaw").run(train, trials=1)


@pytest.mark.parametrize(("n", "near"), [(12, False), (13, True)])
def test_new_points_are_the_sampler_s_and_promising_random_ones_in_turn(n, near):
    xs = np.linspace(-3, 9, n)
    curves = [{s: (x - 2.5) ** 2 + 5 / s for s in (1, 3, 9, 27)} for x in xs]
    reports = [(i, s, loss) for i, curve in enumerate(curves) for s, loss in curve.items()]
    seen = history(SPACE, [{"x": x} for x in xs], [curve[27] for curve in curves], ["DONE"] * n,
                   reports=reports, fidelity=("epochs", 1, 27))  # fmt: skip

    off = [abs(SPACE.raw(job.x)["x"] - 2.5) for job in nexts(seen)]

    assert (np.median(off) < 1) == near
