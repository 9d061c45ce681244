import math
from functools import partial

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.samplers import Random
from luthier.schedulers import ASHA, Auto
from luthier.schedulers.auto import _risen

SPACE = Space(x=Float(-3, 9), y=Float(0, 1))
MOST = 30


def level(params):
    return (params["x"] - 2.5) ** 2 / 10 + (params["y"] - 0.4) ** 2


def falling(params, epoch):
    return level(params) + math.exp(-epoch / 5)


def turning(params, epoch):
    """Who is ahead at first ends last."""
    return level(params) * (epoch - 15) / 15


def train(trial, loss_at=falling):
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, int(min(trial.budget, MOST)) + 1):
        (trial.folder / "epoch").write_text(str(epoch))
        trial.note(epochs=epoch - first + 1)
        loss = loss_at(trial.params, epoch)
        trial.report(loss, epoch)
        if trial.should_stop():
            break
    return loss


def epochs(study):
    return sum(result.facts["epochs"] for result in study.results)


def made(scheduler="auto", seed=3, trials=40, objective=train, until=None, **settings):
    settings = {"sampler": "random", "fidelity": ("epochs", 1, MOST)} | settings
    study = Study(SPACE, scheduler=scheduler, seed=seed, **settings)
    return study.run(objective, trials=trials, until=until)


# -- with a fidelity -------------------------------------------------------------------------------


def test_one_in_three_goes_on_from_where_it_was(tmp_path):
    history = made(trials=80, folder=tmp_path).history
    begun = [int((history.budget[history.parent < 0] == level).sum()) for level in (3, 27)]
    goes_on = [int((history.budget[history.parent >= 0] == level).sum()) for level in (9, 27)]

    assert history.ended == sum(begun) + sum(goes_on) + int(
        ((history.budget == MOST) & (history.parent >= 0)).sum()
    )
    assert begun[0] > goes_on[0] > goes_on[1] > 0
    for row in np.flatnonzero(history.parent >= 0):
        parent = int(history.parent[row])
        assert history.raw(row) == history.raw(parent)
        assert history.curve(row)[0][0] == history.curve(parent)[0][-1] + 1


@pytest.mark.slow
def test_for_the_same_epochs_it_finds_better(tmp_path):
    """Where early ranks agree with the ends; each has the epochs of ten whole trials."""
    ahead = 0
    for seed in range(5):
        found = {}
        for name in ("auto", "full"):
            study = made(name, seed, folder=tmp_path / f"{name} {seed}", trials=500,
                         until=lambda study: epochs(study) >= 10 * MOST)  # fmt: skip
            found[name] = level(study.best.params)
        ahead += found["auto"] < found["full"]

    assert ahead >= 3


@pytest.mark.slow
def test_more_begin_at_the_last_rung_where_the_first_misleads(tmp_path):
    """Shares of the epochs."""
    shares = []
    for name, loss_at in (("falling", falling), ("turning", turning)):
        history = made(trials=60, objective=partial(train, loss_at=loss_at),
                       folder=tmp_path / name).history  # fmt: skip
        probes = (history.budget >= 27) & (history.parent < 0)
        shares.append(probes[history.owner].mean())

    assert shares[0] < 0.3
    assert shares[1] > 0.6


class Corner:
    """Knows one place, and asks nobody."""

    uses_losses = False

    def __init__(self):
        self.asked = 0

    def ask(self, space, history, k, rng):
        self.asked += 1
        return Proposal(np.full((k, 2), 0.125) + 0.001 * rng.random((k, 2)))


def test_every_second_point_is_the_sampler_s(tmp_path):
    sampler = Corner()
    history = made(sampler=sampler, trials=60, folder=tmp_path).history
    mine, new = (history.X < 0.13).all(axis=1), history.parent < 0

    assert abs(2 * int(mine[new].sum()) - int(new.sum())) <= 1
    assert sampler.asked == int(mine[new].sum())


def test_a_sampler_that_repeats_itself_gives_way(tmp_path):
    def coarse(params, epoch):
        return falling({name: round(value, 1) for name, value in params.items()}, epoch)

    history = made(sampler=Corner(), trials=60, objective=partial(train, loss_at=coarse),
                   folder=tmp_path).history  # fmt: skip
    mine, new = (history.X < 0.13).all(axis=1), history.parent < 0

    assert 0.05 < mine[new].mean() < 0.35


def test_a_curve_that_repeats_does_not_go_on(tmp_path):
    study = made(trials=60, objective=partial(train, loss_at=lambda params, epoch: 7 - epoch / 9),
                 folder=tmp_path)  # fmt: skip
    went_on = study.history.budget[study.history.parent >= 0]

    # The first rung has three reports, so that all are known to be alike there.
    assert sorted(went_on) == sorted(set(went_on))


def test_curves_that_repeat_do_not_crowd_out_others(tmp_path):
    """Of 30 configurations of which 21 are one, the best third is that one and two others."""
    study = Study(SPACE, scheduler=ASHA(least=3), sampler="random", fidelity=("epochs", 1, MOST))
    for i, trial in enumerate(study.ask(30)):
        loss = 0.5 if i % 10 < 7 else 0.6 + i / 100
        for epoch in (1, 2, 3):
            trial.report(loss + 1 / epoch, epoch)
        study.tell(trial, loss + 1 / 3)
    history = study.history
    jobs = _risen(history.merged(), [3.0, 9.0, 27.0, float(MOST)])

    assert sorted(history.value[history.owner == job.parent][-1, 0] for job in jobs) == (
        pytest.approx([0.5 + 1 / 3, 0.67 + 1 / 3, 0.68 + 1 / 3])
    )


def test_the_sampler_is_told_of_those_who_came_furthest(monkeypatch, tmp_path):
    monkeypatch.setattr("luthier.schedulers.mixed.TOLD", 12)
    told = []

    class Watching(Random):
        def ask(self, space, history, k, rng):
            told.append((len(history), int(history.done.sum())))
            return Random().ask(space, history, k, rng)

    study = made(sampler=Watching(), trials=60, folder=tmp_path)

    assert max(n for n, _ in told) == 12
    assert told[-1][1] >= int(study.history.done.sum()) - 1


def test_the_sampler_hears_of_trials_that_are_running_as_far_as_they_came():
    """Those that go on are the best there are; a sampler that waits for them knows the worst."""
    told = []

    class Watching(Random):
        uses_losses = True

        def ask(self, space, history, k, rng):
            told.append(history)
            return Random().ask(space, history, k, rng)

    study = Study(SPACE, sampler=Watching(), scheduler="auto", fidelity=("epochs", 1, MOST), seed=3)
    for i, trial in enumerate(study.ask(6)):
        for epoch in (1, 2, 3):
            trial.report(i + 1 / epoch, epoch)
        study.tell(trial, i + 1 / 3)
    risen = [study.ask()[0] for _ in range(2)]  # the best two go on
    study.ask(2)
    seen = told[-1]

    assert [trial.parent for trial in risen] == [0, 1]
    assert seen.stopped.tolist() == [True] * 6 + [False] * (len(seen) - 6)
    assert seen.value[seen.owner == 0, 0].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert study.history.merged().running[[0, 1]].all()
    assert seen.running[6:].all()  # these have not told anything yet


@pytest.mark.slow
def test_the_risk_is_larger_where_the_first_rung_misleads(tmp_path):
    risks = {}
    for loss_at in (falling, turning):
        for seed in range(3):
            folder = tmp_path / f"{loss_at.__name__} {seed}"
            study = made(seed=seed, trials=80, objective=partial(train, loss_at=loss_at),
                         folder=folder)  # fmt: skip
            risks.setdefault(loss_at, []).append(study.scheduler.risk(study.history))

    assert max(risks[falling]) < 0.5
    assert np.mean(risks[turning]) > np.mean(risks[falling]) + 0.1, risks


@pytest.mark.slow
def test_the_risk_that_it_states_with_a_fidelity_is_on_the_careful_side(tmp_path):
    """Over many studies, the share in which a stopped configuration would have been the best."""
    stated, wrong = [], []
    for seed in range(10):
        study = made(seed=seed, trials=60, folder=tmp_path / str(seed))
        stated.append(study.scheduler.risk(study.history))
        ends = [level(r.params) for r in study.results]
        done = [level(r.params) for r in study.results if r.state == "DONE"]
        wrong.append(min(ends) < min(done))

    # The standard error of the share is 0.16 at most.
    assert np.mean(stated) > np.mean(wrong) - 0.4
    assert 0 <= min(stated) <= max(stated) < 0.95  # it says something


def test_those_that_repeat_the_best_do_not_add_to_the_risk():
    """An objective that reports nothing on its way, and a sampler that asks for the same again."""
    study = Study(SPACE, scheduler="auto", fidelity=("epochs", 3, 81), seed=5)
    rng, losses = np.random.default_rng(4), {}
    while study.history.done.sum() < 6:
        trial = study.ask()[0]
        fresh = float(rng.choice(12)) - 3.5
        losses[trial.number] = losses.get(trial.parent, fresh)
        study.tell(trial, losses[trial.number])

    assert study.scheduler.risk(study.history) < 0.1


def test_no_risk_is_stated_before_anything_has_ended(tmp_path):
    study = Study(SPACE, scheduler="auto", fidelity=("epochs", 1, MOST), seed=3)

    assert study.scheduler.risk(study.history) == 0

    study.run(lambda trial: trial.params["x"], trials=3)

    told = "No configuration got the whole yet, epochs from 1 to"
    assert told in study.explain()
    assert "chance" not in study.explain().splitlines()[-1]


@pytest.mark.slow
def test_it_says_what_it_does_with_a_fidelity(tmp_path):
    assert "No trial was stopped" in Study(SPACE, scheduler="auto").explain()
    study = made(folder=tmp_path)

    assert "configurations got the whole, and" in study.explain()
    assert 0 <= study.scheduler.risk(study.history) <= 1


# -- without ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_spends_less_and_finds_the_same(tmp_path):
    for seed in range(3):
        auto = made(seed=seed, fidelity=None, folder=tmp_path / str(seed))
        full = made("full", seed, folder=tmp_path / f"full {seed}")

        assert epochs(auto) < 0.7 * epochs(full)
        assert auto.best.params == full.best.params  # it was not stopped


@pytest.mark.slow
def test_the_risk_that_it_states_is_about_right(tmp_path):
    """Over many studies, the share in which a stopped trial would have been the best."""
    stated, wrong = [], []
    for seed in range(12):
        study = made(Auto(chance=0.3), seed, 25, fidelity=None, folder=tmp_path / str(seed))
        stated.append(study.scheduler.risk(study.history))
        ends = [level(r.params) for r in study.results]
        done = [level(r.params) for r in study.results if r.state == "DONE"]
        wrong.append(min(ends) < min(done))

    # The standard error of the share is 0.14 at most; the statement is on the careful side.
    assert abs(np.mean(stated) - np.mean(wrong)) < 0.4
    assert 0 <= min(stated) <= max(stated) <= 1


def test_it_says_what_it_does(tmp_path):
    study = made(fidelity=None, folder=tmp_path)

    assert "were stopped for a chance below 5%" in study.explain()


@pytest.mark.parametrize("wrong", [0, 1, -0.5, "0.1", True, None])
def test_a_chance_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(StudyError, match="chance must lie between 0 and 1"):
        Auto(chance=wrong)
