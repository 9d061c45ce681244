import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.samplers.forest import FIRST, MOST, RANDOM, Forest
from luthier.samplers.refits import EVERY
from luthier.testing import PROBLEMS, SamplerContract, history

MIXED = Space(
    x=Float(-3, 9),
    n=Int(1, 300, log=True),
    kind=Choice("a", "b", "c", "d"),
    slope=Float(0.5, 7, when={"kind": "b"}),
)


class TestForest(SamplerContract):
    sampler = Forest()
    budget = 35
    seeds = 8


def loss(params):
    return (params["x"] - 4) ** 2 + np.log(params["n"]) + 5 * (params["kind"] != "b") - 7


def past(space, n, states=(), value=loss, **more):
    params = space.decode(space.sample(n, np.random.default_rng(2)))
    return history(space, params, [value(p) for p in params], states, **more)


def asked(space, seen, k=1, sampler=None, seed=1):
    X = (sampler or Forest()).ask(space, seen, k, np.random.default_rng(seed)).X
    return X, space.decode(X)


def test_the_default_comes_first_and_then_every_option():
    space = Space(x=Float(-3, 9, default=1.5), kind=Choice("a", "b", "c", default="c"))

    _, got = asked(space, history(space), k=FIRST)

    assert got[0] == {"x": 1.5, "kind": "c"}
    assert {params["kind"] for params in got} == {"a", "b", "c"}


def test_it_goes_to_the_best_of_what_it_has_seen():
    _, got = asked(MIXED, past(MIXED, 61), k=8)

    assert sum(params["kind"] == "b" for params in got) >= 7
    assert np.median([params["x"] for params in got]) == pytest.approx(4, abs=2)


def test_now_and_then_it_goes_anywhere():
    seen = past(Space(x=Float(-3, 9)), RANDOM - 4, value=lambda p: p["x"])

    X, _ = asked(seen.space, seen, k=5)

    anywhere = np.random.default_rng(1)  # untouched before the draw that is due
    assert (X[:3, 0] < 0.2).all()
    alone, _ = asked(seen.space, past(seen.space, RANDOM - 1, value=lambda p: p["x"]))
    np.testing.assert_array_equal(alone, seen.space.sample(1, anywhere))


def test_points_that_are_running_are_not_asked_for_again():
    seen = past(MIXED, 20, ["DONE"] * 12 + ["RUNNING"] * 8)

    X, _ = asked(MIXED, seen, k=8)

    everything = np.nan_to_num(np.vstack([seen.X, X]), nan=-1)
    assert len(np.unique(everything.round(6), axis=0)) == len(everything)


def test_it_keeps_away_from_where_trials_fail():
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    params = space.decode(space.sample(40, np.random.default_rng(2)))
    # The best losses would lie where x is large, but there every trial fails.
    states = ["FAILED" if p["x"] > 5 else "DONE" for p in params]

    _, got = asked(space, history(space, params, [-p["x"] for p in params], states), k=6)

    assert sum(p["x"] > 6 for p in got) <= 2


def test_between_growths_new_trials_still_count():
    """At 62 trials the splits are those of 60; what was seen since is in the leaves."""
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    params = space.decode(space.sample(EVERY, np.random.default_rng(2)))
    corner = [{"x": -2.9, "y": 2.1}, {"x": -2.8, "y": 2.2}]
    losses = [-p["x"] for p in params]

    _, without = asked(space, history(space, params, losses))
    _, got = asked(space, history(space, [*params, *corner], [*losses, -90.0, -91.0]))

    assert without[0]["x"] > 7
    assert got[0]["x"] < 0


def test_the_scale_of_losses_does_not_matter():
    seen = past(MIXED, 31)
    grown = past(MIXED, 31, value=lambda p: 64 * loss(p))  # without rounding

    np.testing.assert_allclose(asked(MIXED, seen, k=3)[0], asked(MIXED, grown, k=3)[0], atol=1e-9)


def test_without_any_result_points_are_drawn():
    X, _ = asked(MIXED, past(MIXED, 9, ["RUNNING"] * 9), k=3)

    assert len(np.unique(X[:, 0])) == 3


@pytest.mark.slow
def test_it_beats_random_search_in_a_hundred_parameters():
    space = Space({f"x{i}": Float(-3, 9) for i in range(100)})

    def value(trial):
        return sum((trial.params[f"x{i}"] - i) ** 2 for i in range(5))

    best = [
        Study(space, sampler=name, seed=4).run(value, trials=150).best.value
        for name in ("forest", "random")
    ]

    assert best[0] < 0.7 * best[1]


@pytest.mark.slow
def test_thousands_of_trials_are_drawn_from():
    seen = past(MIXED, 3 * MOST)

    _, got = asked(MIXED, seen, k=4)

    assert all(params["kind"] == "b" for params in got)


@pytest.mark.slow
def test_it_finds_the_best_of_a_conditional_problem():
    problem = PROBLEMS["conditional"]

    best = [
        Study(problem.space, sampler="forest", seed=seed).run(problem, trials=60).best.value
        for seed in range(3)
    ]

    assert min(best) < problem.best + 0.1
