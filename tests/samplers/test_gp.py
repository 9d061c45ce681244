import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.samplers.gp import CAP, GP
from luthier.testing import SamplerContract
from luthier.testing.histories import history

NAN = np.nan
MIXED = Space(
    x=Float(-3, 9),
    n=Int(1, 300, log=True),
    kind=Choice("a", "b", "c", "d"),
    slope=Float(0.5, 7, when={"kind": "b"}),
)


class TestGP(SamplerContract):
    sampler = GP()
    budget = 30
    seeds = 8


def loss(params):
    return (params["x"] - 4) ** 2 + np.log(params["n"]) + 5 * (params["kind"] != "b")


def asked(space, past, k=1, sampler=None, seed=1):
    made = (sampler or GP()).ask(space, past, k, np.random.default_rng(seed)).X
    return made, space.decode(made)


def past(space, n, states=None, value=loss, **more):
    params = space.decode(space.sample(n, np.random.default_rng(2)))
    return history(space, params, [value(p) for p in params], states, **more)


def test_it_goes_to_the_best_of_what_it_has_seen():
    _, got = asked(MIXED, past(MIXED, 30), k=4)

    assert sum(params["kind"] == "b" for params in got) >= 3
    assert np.median([params["x"] for params in got]) == pytest.approx(4, abs=2)


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


def test_stopped_trials_count_as_no_better_than_the_median():
    space = Space(x=Float(-3, 9))
    params = [{"x": x} for x in np.linspace(-2.5, 8.5, 23).tolist()]
    states = ["STOPPED" if p["x"] > 3 else "DONE" for p in params]

    def reports(bad):
        return [(i, 1, bad if p["x"] > 3 else p["x"]) for i, p in enumerate(params)]

    seen = history(space, params, [-p["x"] for p in params], states, reports=reports(99.0))

    _, got = asked(space, seen, k=3)

    assert all(p["x"] < 4.5 for p in got)


def test_all_points_of_a_small_space_are_looked_at():
    space = Space(a=Int(1, 9), b=Choice("u", "v", "w"))
    params = space.decode(space.sample(12, np.random.default_rng(3)))
    seen = history(space, params, [(p["a"] - 4) ** 2 + (p["b"] != "v") for p in params])
    tried = {tuple(p.values()) for p in params}

    X, got = asked(space, seen, k=27)

    assert len(X) == 27 - len(tried)
    assert len({tuple(p.values()) for p in got} | tried) == 27


def test_it_is_not_moved_by_what_losses_are_measured_in():
    _, first_got = asked(MIXED, past(MIXED, 15))
    _, second_got = asked(MIXED, past(MIXED, 15, value=lambda p: 1000 * loss(p) - 7e4))

    assert first_got[0]["kind"] == second_got[0]["kind"]
    assert first_got[0]["x"] == pytest.approx(second_got[0]["x"], abs=1e-2)


@pytest.mark.parametrize("n", [61, 75, CAP + 30])
def test_it_copes_with_long_histories_and_a_fresh_one_agrees(n):
    seen, used = past(MIXED, n), GP()
    asked(MIXED, past(MIXED, n - 1), sampler=used)

    from_used, _ = asked(MIXED, seen, sampler=used)
    from_fresh, _ = asked(MIXED, seen, sampler=pickle.loads(pickle.dumps(used)))

    np.testing.assert_array_equal(from_used, from_fresh)


def test_the_global_generator_plays_no_part():
    seen = past(MIXED, 12)
    np.random.seed(1)  # noqa: NPY002 - it must make no difference
    one, _ = asked(MIXED, seen)
    np.random.seed(2)  # noqa: NPY002
    other, _ = asked(MIXED, seen)

    np.testing.assert_array_equal(one, other)


def test_without_warping_and_trend_it_works_too():
    sampler = GP(warp=False, trend=False)

    study = Study(MIXED, sampler=sampler, seed=4).run(lambda t: loss(t.params), trials=25)

    assert study.best.value < 4
    assert repr(sampler) == "GP(warp=False, trend=False, usual=True)"


def test_it_settles_a_smooth_function_to_a_thousandth():
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    study = Study(space, sampler="gp", seed=4)

    study.run(lambda t: (t.params["x"] - 4.2) ** 2 + 9 * (t.params["y"] - 2.7) ** 2, trials=25)

    assert study.best.value < 1e-2


def test_where_losses_say_nothing_beliefs_decide():
    space = Space(x=Float(-3, 9, likely=(6, 7.5)), y=Float(2, 5))

    xs = []
    for seed in range(3):
        study = Study(space, sampler="gp", seed=seed)
        for _ in range(6):
            (trial,) = study.ask()
            study.tell(trial, (trial.params["y"] - 3.5) ** 2)
        xs.append(study.ask()[0].params["x"])

    assert all(5.5 < x < 8 for x in xs)
