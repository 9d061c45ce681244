import itertools
import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space
from luthier.errors import StudyError
from luthier.samplers.differential import (
    BELIEF,
    PATIENCE,
    RATE,
    RESET,
    STEPS,
    TAGS,
    WEIGHT,
    Differential,
    _Crew,
    _seated,
    learned,
)
from luthier.samplers.offspring import FIRST
from luthier.testing import SamplerContract, history

LINE = Space(x=Float(-3, 9))
PLANE = Space(x=Float(-3, 9), y=Float(2, 5))


class TestDifferential(SamplerContract):
    sampler = Differential()
    budget = 30
    seeds = 6


@pytest.mark.slow
class TestWithoutModel(SamplerContract):
    sampler = Differential(offspring=1)
    budget = 100
    seeds = 8


def tag(F, CR, search=0):
    return 1 + round(F * STEPS) * (STEPS + 1) + round(CR * STEPS) + search * TAGS


def asked(space, seen, k=1, seed=1, **settings):
    proposal = Differential(**settings).ask(space, seen, k, np.random.default_rng(seed))
    return proposal, space.decode(proposal.X)


def test_the_default_comes_first_and_then_every_option():
    space = Space(x=Float(-3, 9, default=1.5), kind=Choice("a", "b", "c", default="c"))

    _, got = asked(space, history(space), k=FIRST)

    assert got[0] == {"x": 1.5, "kind": "c"}
    assert {params["kind"] for params in got} == {"a", "b", "c"}


def test_the_best_trial_of_a_seat_keeps_it():
    seat = np.array([0, 1, 2, 0, 1, 2, 0])
    place = np.array([4.0, 1.0, np.inf, 2.0, 5.0, 0.0, 3.0])

    got = _seated(np.array([0, 1, 3, 4, 5, 6]), seat, place)

    assert got == ({0: 3, 1: 1, 2: 5}, [0], [3])


def test_what_worked_is_averaged_with_what_is_believed():
    got = learned(np.array([tag(0.9, 0.2), tag(0.3, 0.4, search=3)]))

    F = [0.9, 0.3] + [WEIGHT] * BELIEF
    assert got == pytest.approx(
        (sum(f * f for f in F) / sum(F), (0.2 + 0.4 + BELIEF * RATE) / (2 + BELIEF))
    )


def test_only_successes_are_learned_from():
    params = PLANE.decode(PLANE.sample(12, np.random.default_rng(2)))
    tags = [0] * 4 + [tag(1.0, 0.1)] * 4 + [tag(0.1, 0.9)] * 4
    losses = [9.0, 8.0, 7.0, 6.0, 1.0, 2.0, 3.0, 4.0, 12.0, 13.0, 14.0, 15.0]

    crew = _Crew(PLANE, history(PLANE, params, losses, tags=tags), 4, np.random.default_rng(1))

    assert (crew.weight, crew.rate) == learned(np.array(tags[4:8]))


def test_children_lie_where_the_equation_says():
    params = LINE.decode(LINE.sample(5, np.random.default_rng(2)))
    seen = history(LINE, params, [3.0, 1.0, 5.0, 2.0, 4.0])
    crew = _Crew(LINE, seen, 5, np.random.default_rng(1))
    u = seen.X[:, 0][np.argsort(seen.Y[:, 0])]
    x = seen.X[2, 0]

    X, tags = crew.bred(2, 50)

    for child, tag in zip(X[:, 0], tags, strict=True):
        F = (tag - crew.stranger) // (STEPS + 1) / STEPS
        ends = [x + F * (lead - x) + F * (a - b) for lead, a, b in itertools.product(u[:2], u, u)]
        ends = [x / 2 if v < 0 else (1 + x) / 2 if v > 1 else v for v in ends]
        assert np.abs(np.array(ends) - child).min() < 1e-9


def test_options_have_no_order():
    space = Space(kind=Choice(*"abcdef"))
    params = [{"kind": "a"}, {"kind": "f"}] * 4
    crew = _Crew(space, history(space, params, [1.0] * 8), 8, np.random.default_rng(1))

    X, _ = crew.bred(3, 2000)

    between = (X[:, 0] > 1 / 6) & (X[:, 0] < 5 / 6)
    expected = RESET * 4 / 6
    assert abs(between.mean() - expected) < 5 * np.sqrt(expected / 2000)


@pytest.mark.parametrize("change", [lambda y: 3e200 * y, lambda y: y**3 - 5e7, np.arctan])
def test_without_a_model_only_the_order_of_losses_counts(change):
    params = PLANE.decode(PLANE.sample(40, np.random.default_rng(2)))
    losses = [(p["x"] - 4) ** 2 + p["y"] - 7 for p in params]
    one = history(PLANE, params, losses)
    other = history(PLANE, params, [float(change(y)) for y in losses])

    np.testing.assert_array_equal(
        asked(PLANE, one, 3, offspring=1)[0].X, asked(PLANE, other, 3, offspring=1)[0].X
    )


def test_a_population_that_has_collapsed_makes_place_for_strangers():
    params = [{"x": 2 + i * 1e-5, "y": 3.0} for i in range(15)]
    seen = history(PLANE, params, [-1.0 * i for i in range(15)], tags=[tag(0.5, 0.5)] * 15)

    proposal, got = asked(PLANE, seen, k=30, offspring=1)

    assert (proposal.tag // TAGS == 1).all()
    assert np.ptp([p["x"] for p in got]) > 6


def test_a_search_in_which_no_seat_changes_for_long_ends():
    def tags(idle):
        params = PLANE.decode(PLANE.sample(12 + idle, np.random.default_rng(2)))
        losses = [float(i) for i in range(12 + idle)]
        return asked(PLANE, history(PLANE, params, losses), offspring=1)[0].tag

    assert tags(PATIENCE * 12 + 1) // TAGS == 1
    assert tags(PATIENCE * 12) // TAGS == 0


def test_it_keeps_away_from_where_trials_fail():
    params = PLANE.decode(PLANE.sample(60, np.random.default_rng(2)))
    states = ["FAILED" if p["x"] > 5 else "DONE" for p in params]

    _, got = asked(PLANE, history(PLANE, params, [-p["x"] for p in params], states), k=10)

    assert sum(p["x"] > 6.5 for p in got) <= 2


def test_many_at_once_keep_apart():
    params = PLANE.decode(PLANE.sample(40, np.random.default_rng(2)))
    seen = history(PLANE, params, [(p["x"] - 4) ** 2 + p["y"] for p in params])

    X = asked(PLANE, seen, k=32)[0].X

    gap = np.abs(X[:, None] - X).max(axis=2)[~np.eye(len(X), dtype=bool)]
    assert gap.min() > 1e-4
    assert np.median(gap.reshape(len(X), -1).min(axis=1)) > 0.01


def test_in_a_small_space_it_proposes_what_was_not_tried():
    space = Space(a=Int(1, 5), b=Choice("u", "v", "w"))
    params = list(space.decode(space.snap(space.sample(400, np.random.default_rng(3)))))
    distinct = list({tuple(p.values()): p for p in params}.values())[:13]
    seen = history(space, distinct, [float(p["a"]) for p in distinct])

    _, got = asked(space, seen, k=2)

    assert len({tuple(p.values()) for p in [*distinct, *got]}) == 15


def test_what_makes_no_sense_is_refused():
    with pytest.raises(StudyError, match=r"Differential: population must be .* >= 4, got 2"):
        Differential(population=2)


def test_it_is_its_settings():
    made = Differential(offspring=7)

    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(made) == "Differential(population=12, offspring=7)"
