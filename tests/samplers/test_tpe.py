import math
import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.samplers.tpe import FIRST, MOST, NEAR, TPE, layout, ranked, split
from luthier.testing import SamplerContract, history

MIXED = Space(
    x=Float(-3, 9),
    n=Int(1, 300, log=True),
    kind=Choice("a", "b", "c", "d"),
    slope=Float(0.5, 7, when={"kind": "b"}),
)
LINE = Space(x=Float(-3, 9))


class TestTPE(SamplerContract):
    sampler = TPE()
    budget = 30
    seeds = 8


def loss(params):
    return (params["x"] - 4) ** 2 + np.log(params["n"]) + 5 * (params["kind"] != "b") - 7


def past(space, n, states=(), value=loss, **more):
    params = space.decode(space.sample(n, np.random.default_rng(2)))
    return history(space, params, [value(p) for p in params], states, **more)


def on_a_line(losses, states=(), **more):
    """Trials at -2, -1.9, -1.8 and so on."""
    params = [{"x": -2 + i / 10} for i in range(len(losses))]
    return history(LINE, params, losses, states, **more)


def asked(space, seen, k=1, seed=1):
    X = TPE().ask(space, seen, k, np.random.default_rng(seed)).X
    return X, space.decode(X)


# -- the start -------------------------------------------------------------------------------------


def test_the_default_comes_first_and_then_every_option():
    space = Space(x=Float(-3, 9, default=1.5), kind=Choice("a", "b", "c", default="c"))

    _, got = asked(space, history(space), k=FIRST)

    assert got[0] == {"x": 1.5, "kind": "c"}
    assert {params["kind"] for params in got} == {"a", "b", "c"}


def test_the_start_depends_on_the_seed_of_the_study_alone():
    one, other = history(MIXED, seed=3), history(MIXED, seed=4)

    np.testing.assert_array_equal(asked(MIXED, one, 5, seed=1)[0], asked(MIXED, one, 5, seed=2)[0])
    assert not np.array_equal(asked(MIXED, one, 5)[0], asked(MIXED, other, 5)[0], equal_nan=True)


def test_many_at_once_before_anything_has_ended_keep_apart():
    space = Space(x=Float(-3, 9), y=Float(2, 5))

    X, _ = asked(space, history(space), k=FIRST + 26)

    gap = np.abs(X[:, None] - X).max(axis=2)[~np.eye(len(X), dtype=bool)]
    assert gap.reshape(len(X), -1).min(axis=1).mean() > 0.1  # 0.085 in uniform draws


# -- where it goes ---------------------------------------------------------------------------------


def test_it_goes_where_good_trials_are():
    _, got = asked(MIXED, past(MIXED, 60), k=8)

    assert sum(params["kind"] == "b" for params in got) >= 5
    assert np.median([params["x"] for params in got]) == pytest.approx(4, abs=2)


@pytest.mark.parametrize("change", [lambda y: 3e200 * y, lambda y: y**3 - 5e7, np.arctan])
def test_only_the_order_of_losses_counts(change):
    one, other = past(MIXED, 40), past(MIXED, 40, value=lambda p: float(change(loss(p))))

    np.testing.assert_array_equal(asked(MIXED, one, 3)[0], asked(MIXED, other, 3)[0])


def test_it_keeps_away_from_where_trials_fail():
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    params = space.decode(space.sample(60, np.random.default_rng(2)))
    # The best losses would lie where x is large, but there every trial fails.
    states = ["FAILED" if p["x"] > 5 else "DONE" for p in params]

    _, got = asked(space, history(space, params, [-p["x"] for p in params], states), k=10)

    assert sum(p["x"] > 6 for p in got) <= 2


def test_running_trials_drive_new_ones_away():
    losses = [abs(i - 50.0) for i in range(110)]
    params = [{"x": -2 + i / 10} for i in range(110)] + [{"x": 3 + i / 400} for i in range(40)]
    alone, crowded = history(LINE, params[:110], losses), history(LINE, params, losses)

    def distance(seen):
        found = [asked(LINE, seen, seed=seed)[1][0]["x"] for seed in range(20)]
        return np.mean(np.abs(np.array(found) - 3))

    assert distance(crowded) > 2 * distance(alone)


def test_children_follow_the_trials_in_which_they_were_active():
    space = Space(kind=Choice("a", "b"), slope=Float(0.5, 7, when={"kind": "b"}))
    params = [{"kind": "a"}] * 30 + [{"kind": "b", "slope": 0.5 + i / 10} for i in range(60)]
    losses = [9.0] * 30 + [abs(i - 45.0) for i in range(60)]

    _, got = asked(space, history(space, params, losses), k=12)

    slopes = [p["slope"] for p in got if p["kind"] == "b"]
    assert len(slopes) >= 9
    assert np.median(slopes) == pytest.approx(5, abs=0.6)


def test_a_grid_is_tried_without_repeats():
    for space in (
        Space(a=Int(1, 6), b=Int(-3, 2)),
        Space(a=Choice(*"uvwxyz"), b=Choice(*"klmnop")),
    ):
        study = Study(space, sampler="tpe", seed=3).run(
            lambda trial: float(len(set(map(str, trial.params.values())) & set("1uv2"))), trials=36
        )

        assert len({tuple(r.params.values()) for r in study.results}) == 36


def test_in_a_small_space_it_proposes_what_was_not_tried():
    space = Space(a=Int(1, 5), b=Choice("u", "v", "w"))
    params = list(space.decode(space.snap(space.sample(400, np.random.default_rng(3)))))
    distinct = list({tuple(p.values()): p for p in params}.values())[:13]
    seen = history(space, distinct, [float(p["a"]) for p in distinct])

    _, got = asked(space, seen, k=2)

    assert len({tuple(p.values()) for p in [*distinct, *got]}) == 15


def test_it_settles_a_smooth_function():
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    study = Study(space, sampler="tpe", seed=4)

    study.run(lambda t: (t.params["x"] - 4.2) ** 2 + 9 * (t.params["y"] - 2.7) ** 2, trials=80)

    assert study.best.value < 0.5


def test_the_global_generator_plays_no_part():
    seen = past(MIXED, 12)
    np.random.seed(1)  # noqa: NPY002 - it must make no difference
    one, _ = asked(MIXED, seen)
    np.random.seed(2)  # noqa: NPY002
    other, _ = asked(MIXED, seen)

    np.testing.assert_array_equal(one, other)


def test_its_one_setting_is_kept():
    sampler = TPE(usual=False)

    assert sampler != TPE()
    assert pickle.loads(pickle.dumps(sampler)) == sampler


# -- good and bad ----------------------------------------------------------------------------------


def test_good_are_the_best_few_and_the_best_weigh_most():
    good, weights, bad, shares = split(on_a_line([float((i * 7) % 40) for i in range(40)]))

    assert [(row * 7) % 40 for row in good.tolist()] == list(range(6))  # 0.15 of 40
    assert (np.diff(weights) < 0).all()
    assert len(bad) == 34
    assert shares.tolist() == [1.0] * 34


def test_of_long_histories_some_stand_for_the_rest():
    n = 3000
    seen = history(LINE, [{"x": i / 1000} for i in range(n)], [float(i) for i in range(n)])

    good, _, bad, shares = split(seen)

    assert good.tolist() == list(range(MOST))
    assert bad[:NEAR].tolist() == list(range(MOST, MOST + NEAR))
    assert shares.sum() == pytest.approx(n - MOST)
    assert bad.max() == n - 1


def test_stopped_trials_rank_below_by_how_far_they_came_and_what_they_said():
    states = ["DONE", "STOPPED", "STOPPED", "STOPPED", "FAILED", "DONE", "STOPPED"]
    reports = [(1, 1, 0.5), (1, 2, 7.0), (2, 1, -9.0), (3, 2, 6.0), (4, 2, -50.0)]

    got = ranked(on_a_line([3.0, 0, 0, 0, 0, -1.0, 0], states, reports=reports))

    assert got.tolist() == [5, 0, 3, 1, 2]


def test_where_hardly_anything_ended_well_not_all_of_it_is_good():
    states = ["DONE"] * 4 + ["FAILED"] * 60

    good, _, bad, _ = split(on_a_line([4.0, 2.0, 3.0, 1.0] + [0.0] * 60, states))

    assert good.tolist() == [3, 1]
    assert len(bad) == 62


def test_of_several_objectives_the_front_is_good():
    params = [{"x": -2 + i / 10} for i in range(60)]
    losses = [(float(i), 59.0 - i) if i % 6 == 0 else (i + 70.0, 140.0 - i) for i in range(60)]

    good, weights, *_ = split(history(LINE, params, losses, objectives=2))

    assert (good % 6 == 0).all()
    assert np.ptp(good) > 40
    assert np.ptp(weights) == 0


@pytest.mark.parametrize("objectives", [2, 5])
def test_several_objectives_are_searched(objectives):
    names, inside = tuple("abcde"[:objectives]), []
    for seed in range(4):
        study = Study(MIXED, minimize=names, sampler="tpe", seed=seed)
        study.run(lambda t: {k: abs(t.params["x"] - i) for i, k in enumerate(names)}, trials=30)
        late = [r.params["x"] for r in study.results][-15:]
        inside += [-1 <= x <= objectives for x in late]

    by_chance = (objectives + 1) / 12
    assert np.mean(inside) > by_chance + 4 * math.sqrt(by_chance * (1 - by_chance) / len(inside))


# -- the space as columns --------------------------------------------------------------------------


def test_every_parameter_has_its_kind_of_column():
    space = Space(
        a=Float(-3, 9),
        b=Int(2, 7),
        c=Choice("u", "v", "w"),
        d=Choice(1, 2, 4, ordered=True),
        e=Int(1, 40, log=True),
        f=Int(1, 10**9),
        g=Float(0.5, 2.5, step=0.5),
        h="fixed",
    )

    got = layout(space)

    assert got.smooth.tolist() == [0, 5]
    assert got.stepped.tolist() == [1, 3, 4, 6]
    assert got.loose.tolist() == [2, 7]
    assert got.counts.tolist() == [0, 6, 3, 3, 40, 0, 5, 1]


@pytest.mark.parametrize(
    "p", [Int(1, 40, log=True), Int(3, 900, log=True), Float(0.25, 9, log=True, step=0.5)]
)
def test_edges_of_logarithmic_cells_are_where_one_value_becomes_the_next(p):
    got = layout(Space(p=p)).edges[0]

    assert got[0] == 0
    assert got[-1] == pytest.approx(1, abs=1e-9)
    cells = np.arange(len(got) - 1)
    np.testing.assert_array_equal(p.cell(got[:-1] + 1e-7), cells)
    np.testing.assert_array_equal(p.cell(got[1:] - 1e-7), cells)


def test_proposals_in_a_long_history_take_few_kernels():
    space = Space(x=Float(-3, 9), y=Float(2, 5))
    rows = [{"x": -3 + 12 * math.sin(i) ** 2, "y": 3.0} for i in range(2000)]

    X, _ = asked(space, history(space, rows, [float(i % 97) for i in range(2000)]), k=3)

    assert X.shape == (3, 2)
