import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import StudyError
from luthier.samplers.genetic import (
    CROSS,
    FOREIGN,
    PATIENCE,
    PRIOR,
    WAYS,
    Genetic,
    _Herd,
    rates,
)
from luthier.samplers.offspring import FIRST
from luthier.testing import SamplerContract, history

MIXED = Space(
    x=Float(-3, 9),
    n=Int(1, 300, log=True),
    kind=Choice("a", "b", "c", "d"),
    slope=Float(0.5, 7, when={"kind": ["a", "b"]}),
)
PLANE = Space(x=Float(-3, 9), y=Float(2, 5))


class TestGenetic(SamplerContract):
    sampler = Genetic()
    budget = 30
    seeds = 6


@pytest.mark.slow
class TestWithoutModel(SamplerContract):
    sampler = Genetic(offspring=1)
    budget = 100
    seeds = 8


def loss(params):
    return (params["x"] - 4) ** 2 + np.log(params["n"]) + 5 * (params["kind"] != "b") - 7


def past(space, n, states=(), value=loss, **more):
    params = space.decode(space.sample(n, np.random.default_rng(2)))
    return history(space, params, [value(p) for p in params], states, **more)


def asked(space, seen, k=1, seed=1, **settings):
    proposal = Genetic(**settings).ask(space, seen, k, np.random.default_rng(seed))
    return proposal, space.decode(proposal.X)


def test_the_default_comes_first_and_then_every_option():
    space = Space(x=Float(-3, 9, default=1.5), kind=Choice("a", "b", "c", default="c"))

    _, got = asked(space, history(space), k=FIRST)

    assert got[0] == {"x": 1.5, "kind": "c"}
    assert {params["kind"] for params in got} == {"a", "b", "c"}


def test_it_goes_where_good_trials_are():
    _, got = asked(MIXED, past(MIXED, 60), k=8)

    assert sum(params["kind"] == "b" for params in got) >= 5
    assert np.median([params["x"] for params in got]) == pytest.approx(4, abs=2)


@pytest.mark.parametrize("change", [lambda y: 3e200 * y, lambda y: y**3 - 5e7, np.arctan])
def test_without_a_model_only_the_order_of_losses_counts(change):
    one, other = past(MIXED, 40), past(MIXED, 40, value=lambda p: float(change(loss(p))))

    np.testing.assert_array_equal(
        asked(MIXED, one, 3, offspring=1)[0].X, asked(MIXED, other, 3, offspring=1)[0].X
    )


def test_an_option_comes_together_with_what_it_switches_on():
    params = [{"x": 1, "n": 7, "kind": "a", "slope": 2.0}] * 5
    params += [{"x": 5, "n": 90, "kind": "b", "slope": 6.0}] * 5
    params += [{"x": 3, "n": 30, "kind": "d"}] * 5
    seen = history(MIXED, params, [float(i) for i in range(15)])
    herd = _Herd(MIXED, seen, 20, np.random.default_rng(1))
    A, B = herd._parents(300), herd._parents(300)

    made = MIXED.decode(MIXED.repair(herd._crossed(A, B)))

    assert {p["kind"] for p in made} == {"a", "b", "d"}
    assert {(p["kind"], p["slope"]) for p in made if "slope" in p} == {("a", 2.0), ("b", 6.0)}
    assert {(p["x"], p["kind"]) for p in made} >= {(1, "b"), (5, "a")}, "other genes are mixed"


def test_a_gene_that_becomes_active_comes_from_those_that_have_it():
    params = [{"x": 1, "n": 7, "kind": "c"}] * 9 + [{"x": 1, "n": 7, "kind": "a", "slope": 2.0}]
    herd = _Herd(MIXED, history(MIXED, params, [1.0] * 10), 20, np.random.default_rng(1))

    full = herd._genes.filled(herd.parents[[0] * 400], herd.parents, np.random.default_rng(2))

    share = np.isclose(full[:, 3], herd.parents[-1, 3]).mean()
    assert abs(share - 0.1) < 5 * np.sqrt(0.1 * 0.9 / 400)  # one member in ten has it


def test_ways_that_succeed_are_used_more():
    params = PLANE.decode(PLANE.sample(9, np.random.default_rng(2)))
    # Every crossing is the best so far, every stranger the worst.
    losses = [5.0, 4.0, 6.0, 3.0, 7.0, 2.0, 8.0, 1.0, 9.0]
    tags = [0, *[1 + CROSS, 1 + FOREIGN] * 4]
    seen = history(PLANE, params, losses, tags=tags)

    got = rates(seen, np.argsort(losses), 1)

    # 4 of 4 and 0 of 4, beside half of what is believed at first
    raw = PRIOR / 2
    raw[CROSS] = (raw[CROSS] + 4) / (PRIOR[CROSS] + 4) * PRIOR[CROSS]
    raw[FOREIGN] = raw[FOREIGN] / (PRIOR[FOREIGN] + 4) * PRIOR[FOREIGN]
    np.testing.assert_allclose(got, raw / raw.sum())


def test_tags_say_how_a_child_was_bred():
    proposal, _ = asked(MIXED, past(MIXED, 30), k=40, offspring=1)

    assert set(np.unique(proposal.tag)) <= set(range(1, 6))
    assert len(np.unique(proposal.tag)) >= 4


def test_a_population_that_has_collapsed_makes_place_for_strangers():
    params = [{"x": 2 + i * 1e-5, "y": 3.0} for i in range(25)]
    seen = history(PLANE, params, [-1.0 * i for i in range(25)], tags=[0] * 6 + [1] * 19)

    proposal, got = asked(PLANE, seen, k=30, offspring=1)

    assert (proposal.tag == 1 + FOREIGN + WAYS).all()
    assert np.ptp([p["x"] for p in got]) > 6


def test_a_search_that_finds_nothing_better_for_long_ends():
    def tags(idle):
        params = PLANE.decode(PLANE.sample(20 + idle, np.random.default_rng(2)))
        losses = [float(i) for i in range(20 + idle)]
        return asked(PLANE, history(PLANE, params, losses), offspring=1)[0].tag

    assert tags(PATIENCE * 20 + 4) // WAYS == 1
    assert tags(PATIENCE * 20 - 20) // WAYS == 0


def test_a_queued_configuration_belongs_to_the_search_it_came_in():
    params = PLANE.decode(PLANE.sample(40, np.random.default_rng(2)))
    tags = [1] * 30 + [1 + WAYS] * 9 + [0]
    seen = history(PLANE, params, [float(i) for i in range(40)], tags=tags)

    herd = _Herd(PLANE, seen, 20, np.random.default_rng(1))

    np.testing.assert_array_equal(herd.parents, seen.X[30:])


def test_it_keeps_away_from_where_trials_fail():
    params = PLANE.decode(PLANE.sample(60, np.random.default_rng(2)))
    # The best losses would lie where x is large, but there every trial fails.
    states = ["FAILED" if p["x"] > 5 else "DONE" for p in params]

    _, got = asked(PLANE, history(PLANE, params, [-p["x"] for p in params], states), k=10)

    assert sum(p["x"] > 6.5 for p in got) <= 2


def test_many_at_once_keep_apart():
    seen = past(PLANE, 40, value=lambda p: (p["x"] - 4) ** 2 + p["y"])

    X = asked(PLANE, seen, k=32)[0].X

    gap = np.abs(X[:, None] - X).max(axis=2)[~np.eye(len(X), dtype=bool)]
    assert gap.min() > 1e-4
    assert np.median(gap.reshape(len(X), -1).min(axis=1)) > 0.01


@pytest.mark.parametrize("offspring", [1, 100])
def test_in_a_small_space_it_proposes_what_was_not_tried(offspring):
    space = Space(a=Int(1, 5), b=Choice("u", "v", "w"))
    params = list(space.decode(space.snap(space.sample(400, np.random.default_rng(3)))))
    distinct = list({tuple(p.values()): p for p in params}.values())[:13]
    seen = history(space, distinct, [float(p["a"]) for p in distinct])

    _, got = asked(space, seen, k=2, offspring=offspring)

    assert len({tuple(p.values()) for p in [*distinct, *got]}) == 15


def test_several_objectives_are_spread_along_their_front():
    """Against random search, by the area that a front leaves uncovered."""
    space = Space({f"x{i}": Float(0, 1) for i in range(5)})

    def zdt1(trial):  # Zitzler, Deb and Thiele (2000)
        x, *rest = trial.params.values()
        g = 1 + 9 * np.mean(rest)
        return {"a": x, "b": float(g * (1 - np.sqrt(x / g)))}

    def covered(sampler):
        study = Study(space, sampler=sampler, seed=2, minimize=("a", "b"))
        Y = study.run(zdt1, trials=60).history.Y
        area, height = 0.0, 6.0
        for a, b in Y[np.argsort(Y[:, 0])]:
            area += max(0.0, 1.1 - a) * max(0.0, height - b)
            height = min(height, b)
        return area

    assert covered(Genetic()) > covered("random") + 1  # of about 6.3 that the true front covers


def test_what_makes_no_sense_is_refused():
    with pytest.raises(StudyError, match=r"population must be a whole number >= 4, got 3"):
        Genetic(population=3)
    with pytest.raises(StudyError, match=r"offspring must be a whole number >= 1, got 0.5"):
        Genetic(offspring=0.5)  # type: ignore[arg-type]


def test_it_is_its_settings():
    made = Genetic(population=12)

    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(made) == "Genetic(population=12, offspring=100)"
