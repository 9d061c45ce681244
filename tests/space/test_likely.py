import math

import numpy as np
import pytest
from scipy.stats import truncnorm

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import SpaceError
from luthier.samplers import TPE
from luthier.space.likely import Bell

SPACE = Space(
    rate=Float(1e-5, 0.5, log=True, likely=(1e-3, 1e-2)),
    plain=Float(-3, 9),
    layers=Int(2, 40, log=True, likely=(5, 9)),
    kind=Choice("a", "b", print, likely=["a", print]),
    size=Choice(1, 2.5, None, likely={1: 3, None: 1}),
    child=Float(-3, 9, likely=(0, 1), when={"kind": "b"}),
)


def drawn(n=20_000):
    return SPACE.decode(SPACE.sample(n, np.random.default_rng(3), likely=True))


def close(share, expected, n):
    return abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / n)


def test_two_thirds_of_the_bell_lie_in_the_interval():
    # 0.9 (2/3) and 0.1 of the uniform share, log(10) / log(5e4); the bell's tails are all inside
    params = drawn()

    share = np.mean([1e-3 <= p["rate"] <= 1e-2 for p in params])

    assert close(share, 0.9 * 2 / 3 + 0.1 * math.log(10) / math.log(5e4), len(params))


def test_cells_at_the_ends_of_an_interval_of_integers_are_inside():
    p = Int(2, 9, likely=(3, 3))

    assert p.likely_units() == pytest.approx((1 / 8, 2 / 8))


def test_two_thirds_of_a_choice_go_to_the_options_that_are_named():
    params = drawn()
    n = len(params)

    assert close(np.mean([p["kind"] == "a" for p in params]), 1 / 3 + 1 / 9, n)
    assert close(np.mean([p["kind"] == "b" for p in params]), 1 / 9, n)
    assert close(np.mean([p["size"] == 1 for p in params]), 2 / 3 * 3 / 4 + 1 / 9, n)
    assert close(np.mean([p["size"] is None for p in params]), 2 / 3 / 4 + 1 / 9, n)


def test_log_likely_is_the_sum_over_active_parameters():
    X = SPACE.encode([{"rate": 2e-3, "plain": 8.5, "layers": 7, "kind": "b", "size": 1,
                       "child": 0.5}])  # fmt: skip
    without = X.copy()
    without[0, 3] = SPACE["kind"].to_unit(0)
    without[0, 5] = np.nan

    low, high = SPACE["child"].likely_units()
    bell = Bell((low + high) / 2, (high - low) / 2 / 0.9674215661017012)
    at = bell.log_density(X[:, 5])[0]
    kind = math.log(3 * (1 / 3 + 1 / 9)) - math.log(3 * 1 / 9)
    assert SPACE.log_likely(without)[0] == pytest.approx(SPACE.log_likely(X)[0] - at + kind)


def test_the_slope_is_the_derivative_in_each_active_cell():
    X, h = SPACE.sample(40, np.random.default_rng(7)), 1e-6
    X = np.clip(X, 0.01, 0.99)

    got = SPACE.log_likely_slope(X)

    for j in range(X.shape[1]):
        step = h * (np.arange(X.shape[1]) == j)
        wanted = (SPACE.log_likely(X + step) - SPACE.log_likely(X - step)) / (2 * h)
        np.testing.assert_allclose(got[:, j], wanted, rtol=1e-4, atol=1e-5)
    assert np.isnan(X[:, 5]).any()
    assert got[:, 5].any()


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.11), (0.95, 0.4), (0.02, 0.05)])
def test_the_density_of_a_bell_is_that_of_scipy_mixed_with_the_uniform_one(mean, sd):
    u = np.linspace(0.01, 0.99, 37)
    other = truncnorm(-mean / sd, (1 - mean) / sd, loc=mean, scale=sd)
    bell = Bell(mean, sd)

    np.testing.assert_allclose(bell.log_density(u), np.log(0.9 * other.pdf(u) + 0.1), rtol=1e-9)
    step = 1e-6
    slope = (bell.log_density(u + step) - bell.log_density(u - step)) / (2 * step)
    np.testing.assert_allclose(bell.slope(u), slope, rtol=1e-4, atol=1e-6)


def test_nothing_is_believed_without_likely():
    space = Space(x=Float(-3, 9), a=Choice("u", "v"))

    assert SPACE.believed
    assert not space.believed
    assert space.log_likely(space.sample(5, np.random.default_rng(1))).tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Float(-3, 9, likely=0.5), r"Give its two ends, likely=\(a, b\)"),
        (lambda: Float(-3, 9, likely=(4, 2)), "its lower end first"),
        (lambda: Float(-3, 9, likely=(4, 4)), "must be an interval inside the range"),
        (lambda: Float(-3, 9, likely=(4, 10)), "Correct its ends, or widen the range"),
        (lambda: Int(2, 9, likely=(2.5, 4)), "must be a whole number"),
        (lambda: Choice("a", "b", likely="c"), "none of the options"),
        (lambda: Choice("a", "b", likely=[]), "Name one, or leave likely out"),
        (lambda: Choice("a", "b", likely={"a": 0}), "Give a positive number"),
    ],
)
def test_what_cannot_be_believed_is_an_error(make, words):
    with pytest.raises(SpaceError, match=words):
        make()


def test_what_is_believed_survives_json_with_its_objects():
    again = Space.from_json(SPACE.to_json())

    assert again.dressed(SPACE) == SPACE
    assert again["kind"].likely == (1.0, 0.0, 1.0)
    assert again["size"].likely == (1.0, 0.0, 1 / 3)


def test_repr_shows_what_is_believed():
    assert repr(Float(-3, 9, likely=(1, 2))) == "Float(-3.0, 9.0, likely=(1.0, 2.0))"
    assert repr(Choice("a", 2, likely="a")) == "Choice('a', 2, likely=['a'])"
    assert repr(Choice("a", 2, likely={"a": 1, 2: 4})) == "Choice('a', 2, likely={'a': 0.25, 2: 1})"


def test_what_is_believed_belongs_to_a_parameter_that_is_equal():
    assert Float(-3, 9, likely=(1, 2)) != Float(-3, 9)
    assert Choice("a", "b", likely="a") != Choice("a", "b")


def test_a_fixed_parameter_needs_no_belief():
    assert SPACE.fix(rate=0.4, layers=30, kind="b")["rate"].cells == 1


def test_options_that_came_later_keep_the_beliefs_of_their_own():
    grown = SPACE.grow(size=Choice(2.5, None, 7, likely=7))

    assert grown["size"].likely == (0.0, 0.0, 1.0)


def test_a_study_is_reopened_with_another_belief(tmp_path):
    def objective(trial):
        return trial.params["x"] ** 2

    for likely in ((1, 2), (-2, -1), None):
        with Study(Space(x=Float(-3, 9, likely=likely)), store=tmp_path / "a.db") as study:
            study.run(objective, more=3)
            assert study.space["x"].likely == likely
    assert len(study) == 9


def bend(trial):
    p = trial.params
    rate, kind = math.log10(p["rate"]), {"a": 0.0, "b": 0.5, "c": 1.0}[p["kind"]]
    return (rate + 2.3) ** 2 + 3 * (p["x"] - 6) ** 2 / 144 + 0.15 * abs(p["n"] - 12) + kind


def believing(rate, x, n, kind):
    return Space(
        rate=Float(1e-6, 1, log=True, likely=rate),
        x=Float(-3, 9, likely=x),
        n=Int(2, 40, likely=n),
        kind=Choice("a", "b", "c", likely=kind),
    )


NOTHING = believing(None, None, None, None)
RIGHT = believing((1e-3, 1e-2), (4, 7), (8, 16), "a")
WRONG = believing((1e-6, 1e-5), (-3, -1), (30, 40), "c")


def best(space, sampler, trials, seeds):
    made = [Study(space, sampler=sampler, seed=seed) for seed in range(seeds)]
    return np.array([study.run(bend, trials=trials).best.value for study in made])


@pytest.mark.parametrize(
    ("sampler", "seeds", "trials"), [("random", 12, 10), (TPE(), 9, 10), ("gp", 12, 5)]
)
def test_a_belief_that_is_right_helps(sampler, seeds, trials):
    wins = best(RIGHT, sampler, trials, seeds) < best(NOTHING, sampler, trials, seeds)

    # By chance, 8 of 9 or 10 of 12 come up less than once in 50 times.
    assert wins.sum() >= {9: 8, 12: 10}[seeds]


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "seeds"), [(TPE(), 8), ("gp", 4)])
def test_a_belief_that_is_wrong_is_recovered_from(sampler, seeds):
    early, late = best(WRONG, sampler, 6, seeds), best(WRONG, sampler, 45, seeds)

    # Nothing believed and 15 random draws: what 45 trials must at least undo of it.
    assert np.median(early) > np.median(best(NOTHING, "random", 15, 12)) > np.median(late)
    assert np.median(late) < 0.5
