import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Auto

SPACE = Space(x=Float(-3, 9), y=Float(0, 1))
MOST = 30


def level(params):
    return (params["x"] - 2.5) ** 2 / 10 + (params["y"] - 0.4) ** 2


def falling(params, epoch):
    return level(params) + math.exp(-epoch / 5)


def crossing(params, epoch):
    """Those that end well are slow."""
    return level(params) + 3 * math.exp(-epoch * (0.05 + 0.1 * abs(params["x"] - 2.5)))


def train(trial, loss_at=falling):
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, MOST + 1):
        (trial.folder / "epoch").write_text(str(epoch))
        trial.note(epochs=epoch - first + 1)
        loss = loss_at(trial.params, epoch)
        trial.report(loss, epoch)
        if trial.should_stop():
            break
    return loss


def epochs(study):
    return sum(result.facts["epochs"] for result in study.results)


def made(scheduler="auto", seed=3, trials=40, objective=train, **settings):
    settings = {"sampler": "random", "fidelity": ("epochs", 1, MOST)} | settings
    return Study(SPACE, scheduler=scheduler, seed=seed, **settings).run(objective, trials=trials)


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", [("epochs", 1, MOST), None])
def test_it_spends_less_and_finds_the_same(fidelity, tmp_path):
    for seed in range(3):
        auto = made(seed=seed, fidelity=fidelity, folder=tmp_path / str(seed))
        full = made("full", seed, folder=tmp_path / f"full {seed}")
        began = {tuple(r.params.values()) for r in auto.results}

        assert epochs(auto) < 0.7 * epochs(full)
        best = min((r for r in full.results if tuple(r.params.values()) in began),
                   key=lambda r: r.value)  # fmt: skip
        assert auto.best.params == best.params  # it was not stopped


@pytest.mark.slow
def test_who_is_stopped_may_go_on_from_where_it_was(tmp_path):
    """With few curves a judgement may be wrong; it is made again when there are more."""
    went_on = 0
    for seed in range(4):
        study = made(
            Auto(chance=0.3), seed, 40, lambda t: train(t, crossing), folder=tmp_path / str(seed)
        )
        history = study.history
        for row in np.flatnonzero(history.parent >= 0):
            parent = int(history.parent[row])
            assert history.raw(row) == history.raw(parent)
            assert history.curve(row)[0][0] == history.curve(parent)[0][-1] + 1
            went_on += 1
    assert went_on >= 1


@pytest.mark.slow
def test_the_risk_that_it_states_is_about_right(tmp_path):
    """Over many studies, the share in which a stopped trial would have been the best."""
    stated, wrong = [], []
    for seed in range(12):
        study = made(Auto(chance=0.3), seed=seed, trials=25, folder=tmp_path / str(seed))
        stated.append(study.scheduler.risk(study.history))
        ends = [level(r.params) for r in study.results]
        done = [level(r.params) for r in study.results if r.state == "DONE"]
        wrong.append(min(ends) < min(done))

    # The standard error of the share is 0.14 at most; the statement is on the careful side.
    assert abs(np.mean(stated) - np.mean(wrong)) < 0.4
    assert 0 <= min(stated) <= max(stated) <= 1


@pytest.mark.slow
def test_it_says_what_it_does(tmp_path):
    assert "No trial was stopped" in Study(SPACE, scheduler="auto").explain()
    study = made(folder=tmp_path)

    assert "were stopped for a chance below 15%" in study.explain()


@pytest.mark.parametrize("wrong", [0, 1, -0.5, "0.1", True, None])
def test_a_chance_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(StudyError, match="chance must lie between 0 and 1"):
        Auto(chance=wrong)
