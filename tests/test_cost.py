"""Proposals that are weighed against what trials cost."""

import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.errors import StudyError
from luthier.samplers import Mixed, Narrow, Startup

SPACE = Space(x=Float(-3, 9), kind=Choice("cheap", "dear"), y=Float(2, 5))


def objective(trial):
    """Both kinds are as good; one costs ten times as much."""
    p = trial.params
    loss = (p["x"] - 4) ** 2 + (p["y"] - 3) ** 2
    return {"loss": loss, "price": 10.0 if p["kind"] == "dear" else 1.0}


def study(cost="price", trials=24, seed=1, **more):
    return Study(SPACE, cost=cost, seed=seed, **more).run(objective, trials=trials)


def spent(made):
    return np.cumsum([result.metrics["price"] for result in made.results])


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gp", "auto"])
def test_it_makes_more_trials_for_the_same_cost(sampler):
    budget, blind, aware = 60, [], []
    for seed in (1, 2, 3):
        blind.append(np.searchsorted(spent(study(None, seed=seed, sampler=sampler)), budget))
        made = study(seed=seed, sampler=sampler)
        aware.append(np.searchsorted(spent(made), budget))
        assert made.best.value < 0.1

    assert sum(aware) > 1.4 * sum(blind)


def test_what_is_dear_is_tried_where_it_is_better():
    def better(trial):
        made = objective(trial)
        return made | {"loss": made["loss"] + 20 * (trial.params["kind"] == "cheap")}

    made = Study(SPACE, cost="price", seed=2, sampler="gp").run(better, trials=30)

    assert made.best.params["kind"] == "dear"
    assert made.best.value < 0.3


def test_with_a_metric_a_study_is_repeated_exactly_and_resumed(tmp_path):
    whole = study(trials=16)
    assert [r.params for r in study(trials=16).results] == [r.params for r in whole.results]

    for trials in (7, 12, 16):
        with study(trials=trials, store=tmp_path / "s.db") as part:
            last = [result.params for result in part.results]
    assert last == [result.params for result in whole.results]


def test_seconds_are_those_of_the_log(tmp_path):
    with study("seconds", 9, store=tmp_path / "s.db") as made:
        expected = [result.seconds for result in made.results]

        np.testing.assert_allclose(made.history.costs(), expected)
        assert "expected cost (seconds)" in made.explain()


def test_the_cost_is_stored_and_compared(tmp_path):
    study(trials=3, store=tmp_path / "s.db").close()

    with Study.open(tmp_path / "s.db") as again:
        assert again.history.cost == "price"
        assert again.history.seen().only(np.arange(2)).cost == "price"
    with pytest.raises(StudyError, match="with cost 'price', and now cost is None"):
        Study(SPACE, seed=1, store=tmp_path / "s.db")


@pytest.mark.parametrize("price", [None, "much", 0.0, -2.0, float("inf")])
def test_a_trial_without_a_positive_cost_fails_with_that_word(price):
    made = Study(SPACE, cost="price", sampler="gp").run(
        lambda t: {"loss": 1.5} | ({} if price is None else {"price": price}), trials=1
    )

    assert made[0].state == "FAILED"
    assert "which is the cost that the study goes by" in made[0].error["message"]


def test_constraints_are_kept_at_the_same_time():
    made = Study(SPACE, cost="price", constraints={"far": "<= 2"}, sampler="gp", seed=1)
    made.run(lambda t: objective(t) | {"far": t.params["x"]}, trials=24)

    assert made.best.params["x"] == pytest.approx(2, abs=0.3)
    assert sum(r.params["kind"] == "cheap" for r in made.results[8:]) > 10


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cost": 3}, "expected a name, got 3"),
        ({"cost": "loss"}, "Return it under a second name"),
        ({"cost": "ms", "minimize": ("a", "b")}, "weighed against one objective, and there are 2"),
        ({"cost": "ms", "sampler": "tpe"}, r"TPE\(usual=True\) takes no .* Use 'auto' or 'gp'"),
        ({"cost": "ms", "sampler": "random"}, "takes no notice"),
        ({"cost": "ms", "sampler": Startup("gp", 3, "qmc")}, "takes no notice"),
    ],
)
def test_what_cannot_be_is_an_error(settings, words):
    with pytest.raises(StudyError, match=words):
        Study(SPACE, **settings)


@pytest.mark.parametrize(
    "sampler", [Startup("qmc", 3), Narrow("gp"), Mixed([("gp", 1.0), ("random", 0.2)])]
)
def test_samplers_that_ask_others_hand_it_on(sampler):
    assert len(study(trials=6, sampler=sampler)) == 6
