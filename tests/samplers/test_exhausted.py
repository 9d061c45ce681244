import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Float, Space, Study
from luthier.observed import embedding
from luthier.samplers import exhausted
from luthier.samplers.exhausted import GAIN, PATIENCE, SHARE, USUAL, WIDE, Exhausted, stale
from luthier.samplers.gp import GP
from luthier.testing.histories import history

IDLE = [f"idle_of_{chr(97 + j)}" for j in range(WIDE - 1)]
SPACE = Space({"x": Float(-3, 9), "y": Float(0, 1)} | dict.fromkeys(IDLE, Float(2, 5)))
LENGTHS = np.array([0.3, 0.3] + [50.0] * len(IDLE))


def trials(*spots, seed=1):
    """(params, losses): each spot is (x, y, loss, how many trials around it)."""
    rng = np.random.default_rng(seed)
    params, losses = [], []
    for x, y, loss, count in spots:
        for _ in range(count):
            here = {"x": x + rng.normal(0, 0.05), "y": y + rng.normal(0, 0.005)}
            params.append(here | {name: rng.uniform(2, 5) for name in IDLE})
            losses.append(loss + rng.uniform(0, 1e-3))
    return params, losses


SCATTERED = [(x, y, 8 + x, 1) for x in (-2, 3, 8) for y in (0.1, 0.9)]


def past(*spots, **more):
    params, losses = trials(*spots)
    return history(SPACE, params, losses, **more)


def left(seen):
    return Exhausted.of(SPACE, seen, embedding(SPACE), LENGTHS)


def where(*points):
    rows = [{"x": x, "y": y} | dict.fromkeys(IDLE, 3.0) for x, y in points]
    return embedding(SPACE)(SPACE.encode(rows))


def test_a_place_is_exhausted_after_many_trials_without_a_gain():
    assert left(past(*SCATTERED, (0, 0.3, 1.0, PATIENCE))) is None

    made = left(past(*SCATTERED, (0, 0.3, 1.0, PATIENCE + 1)))

    assert made is not None
    assert made(where((0, 0.3), (0.2, 0.32), (8, 0.9))).tolist() == [True, True, False]


def test_small_steps_downwards_are_no_gain():
    params, losses = trials(*SCATTERED, (0, 0.3, 1.0, PATIENCE + 1))
    tiny = 0.5 * GAIN * (np.median(losses[:USUAL]) - 1) / (PATIENCE + 1)
    creeping = [*losses[:6], *(1 - tiny * np.arange(PATIENCE + 1))]
    falling = [*losses[:6], *(1 - 10 * tiny * np.arange(PATIENCE + 1))]

    assert left(history(SPACE, params, creeping)) is not None
    assert left(history(SPACE, params, falling)) is None


def test_the_next_place_has_a_patience_of_its_own():
    first = [*SCATTERED, (0, 0.3, 1.0, PATIENCE + 1)]
    more = left(past(*first, (7, 0.8, 3.0, PATIENCE)))
    both = left(past(*first, (7, 0.8, 3.0, PATIENCE + 1)))

    assert more is not None
    assert both is not None
    assert more(where((0, 0.3), (7, 0.8))).tolist() == [True, False]
    assert both(where((0, 0.3), (7, 0.8))).tolist() == [True, True]


def test_a_better_place_is_not_left_for_what_another_one_took():
    seen = past(*SCATTERED, (0, 0.3, 3.0, PATIENCE + 9), (7, 0.8, 1.0, 3))

    assert left(seen) is None


def test_a_parameter_that_does_not_matter_makes_no_other_place():
    made = left(past(*SCATTERED, (0, 0.3, 1.0, PATIENCE + 1)))
    ends = SPACE.encode([{"x": 0, "y": 0.3} | dict.fromkeys(IDLE, end) for end in (2, 5)])

    assert made is not None
    assert made(embedding(SPACE)(ends)).all()


def test_trials_that_break_a_constraint_are_in_the_middle_of_nothing():
    spots = [*SCATTERED, (7, 0.8, -5.0, 1), (0, 0.3, 1.0, PATIENCE + 1)]
    params, losses = trials(*spots)
    study = Study(SPACE, constraints={"ms": "<= 10"})
    for given_, loss in zip(params, losses, strict=True):
        study.enqueue(given_)
        (trial,) = study.ask(1)
        study.tell(trial, {"loss": loss, "ms": 50.0 if loss < 0 else 1.0})

    made = left(study.history)

    assert made is not None
    assert made(where((0, 0.3), (7, 0.8))).tolist() == [True, False]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_stale_counts_from_the_last_gain(values):
    losses = np.array(values)
    n = stale(losses, losses)

    assert 0 <= n < len(losses)
    enough = losses.min() + GAIN * max(np.median(losses[:USUAL]) - losses.min(), 0)
    assert (losses[: len(losses) - 1 - n] > enough).all()
    assert losses[len(losses) - 1 - n] <= enough


@given(st.integers(0, 2**32 - 1))
def test_a_place_holds_its_share_of_the_space(seed):
    made = left(past(*SCATTERED, (0, 0.3, 1.0, PATIENCE + 1), seed=seed))
    X = SPACE.sample(4000, np.random.default_rng(seed + 1))

    assert made is not None
    assert made(embedding(SPACE)(X)).mean() == pytest.approx(SHARE, abs=0.12)


def test_one_point_of_three_is_sought_elsewhere(monkeypatch):
    rng = np.random.default_rng(7)
    wide = [
        (x, y, 1 + abs(x) + 9 * abs(y - 0.3), 1) for x, y in rng.uniform((-3, 0), (9, 1), (40, 2))
    ]
    seen = past(*wide, (0, 0.3, 1.0, 2 * PATIENCE))

    def near():
        X = GP().ask(SPACE, seen, 6, np.random.default_rng(1)).X
        return np.hypot(X[:, 0] - 0.25, X[:, 1] - 0.3) < 0.15

    turns = (np.arange(6) + seen.proposals) % 3
    assert not near()[turns == 1].any()
    monkeypatch.setattr(exhausted, "PATIENCE", np.inf)
    assert near()[turns == 1].any()


def test_what_is_sought_elsewhere_is_said():
    seen = past(*SCATTERED, (0, 0.3, 1.0, 3 * PATIENCE + 1))

    assert seen.proposals % 3 == 1
    assert "Nothing was gained around the best trial" in GP().explain(SPACE, seen)
    fresh = past(*SCATTERED, (0, 0.3, 1.0, 4))
    assert "Nothing was gained" not in GP().explain(SPACE, fresh)


def test_few_parameters_have_no_exhausted_places():
    params, losses = trials(*SCATTERED, (0, 0.3, 1.0, 3 * PATIENCE))
    few = SPACE.without(IDLE[0])
    params = [{k: v for k, v in p.items() if k != IDLE[0]} for p in params]

    assert len(few) == WIDE
    assert not Exhausted.some(few, history(few, params, losses))
    assert Exhausted.some(SPACE, past(*SCATTERED, (0, 0.3, 1.0, 3 * PATIENCE)))
