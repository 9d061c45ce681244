import sys

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import MissingExtra, StudyError
from luthier.samplers.cmaes import CMAES, _Axes, _Batch, _Search
from luthier.samplers.offspring import FIRST
from luthier.testing import SamplerContract, history
from luthier.testing.problems import PROBLEMS

PLANE = Space(x=Float(-3, 9), y=Float(2, 5))
MIXED = Space(x=Float(-3, 9), n=Int(2, 12), kind=Choice("a", "b", "c"), on=Choice("yes", "no"))


class TestCMAES(SamplerContract):
    sampler = CMAES()
    budget = 40
    seeds = 8


def loss(params):
    return (params["x"] - 4.2) ** 2 + 9 * (params["y"] - 2.7) ** 2 - 7


def past(space, n, states=(), value=loss, tags=(), seed=2):
    params = space.decode(space.sample(n, np.random.default_rng(seed)))
    return history(space, params, [value(p) for p in params], states, tags=tags)


def asked(space, seen, k=1, seed=1, sampler=None):
    return (sampler or CMAES()).ask(space, seen, k, np.random.default_rng(seed))


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)

    with pytest.raises(MissingExtra, match=r"pip install 'luthier\[cmaes\]'"):
        asked(PLANE, history(PLANE))


def test_it_starts_around_the_best_of_what_was_tried_before():
    params = [{"x": 7 + i / 10, "y": 3.0} for i in range(5)] + [{"x": -2.0, "y": 4.5}] * 10
    seen = history(PLANE, params, [-9.0 + i / 10 for i in range(5)] + [4.0 + i for i in range(10)])

    X = asked(PLANE, seen, k=200).X

    got = X[:, 0].mean() * 12 - 3
    # The mean lies between 7 and 7.4, less what is cut off at 9, where it is 0.2 * 12 wide.
    assert 5.7 < got < 7.4


@pytest.mark.slow
def test_it_settles_a_smooth_function():
    space = Space({f"x{i}": Float(-5, 4) for i in range(4)})
    study = Study(space, sampler=CMAES(), seed=4)

    study.run(lambda t: sum((v - 1.3) ** 2 for v in t.params.values()), trials=200)

    assert study.best.value < 0.02  # 0.9 is the best of 200 uniform draws


def test_the_generation_waits_for_nobody_and_takes_stragglers_later():
    size = 4 + int(3 * np.log(2))
    running = past(PLANE, FIRST + size, ["DONE"] * (FIRST + size - 1) + ["RUNNING"],
                   tags=[0] * FIRST + [1] * size)  # fmt: skip
    ended = past(PLANE, FIRST + size, tags=[0] * FIRST + [1] * size)
    early = past(PLANE, FIRST + size + 1,
                 ["DONE"] * FIRST + ["RUNNING"] + ["DONE"] * size,
                 tags=[0] * FIRST + [1] * (size + 1))  # fmt: skip

    assert asked(PLANE, running).tag.tolist() == [1]
    assert asked(PLANE, ended).tag.tolist() == [2]
    assert asked(PLANE, early).tag.tolist() == [2]


def test_a_used_one_forgets_what_a_straggler_has_changed():
    used = CMAES()
    tags = [0] * FIRST + [1] * 24
    for straggler in (range(8, 12), range(10, 12), ()):
        states = ["RUNNING" if i in straggler else "DONE" for i in range(30)]
        seen = past(PLANE, 30, states, tags=tags)

        np.testing.assert_array_equal(
            asked(PLANE, seen, 2, sampler=used).X, asked(PLANE, seen, 2).X
        )


def test_its_own_points_are_told_as_they_were_drawn():
    """Before they were brought into the range and rounded: else the ends would hold it back."""
    seen = past(MIXED, 9, value=lambda p: -p["x"])
    search = CMAES()._search(MIXED, seen)
    drawn = search.draws(42)
    x = search.rows(drawn)[3]

    told, other = search._solution(x, 42), search._solution(x, 43)

    np.testing.assert_array_equal(told._v_raw, drawn[3]._v_raw)
    assert not np.array_equal(other._v_raw, drawn[3]._v_raw)
    np.testing.assert_array_equal(search.rows([other])[0], x)


def test_points_from_elsewhere_come_no_further_than_one_expects():
    search = _Search.around(
        _Axes.of(PLANE),
        3,
        0,
        _Batch(np.array([[0.2, 0.3]]), np.zeros(1), np.zeros(1)),
        np.arange(1),
    )  # mean (0.2, 0.3), standard deviation 0.2

    far, near = search._near(np.array([0.2, 9.0])), search._near(np.array([0.3, 0.2]))

    assert far == pytest.approx([0.2, 0.3 + 0.2 * (np.sqrt(2) + 2 * 2 / 4)])  # Hansen (2011)
    assert near == pytest.approx([0.3, 0.2])


@pytest.mark.parametrize("change", [lambda y: 3e200 * y, lambda y: y**3 - 5e7, np.arctan])
def test_only_the_order_of_losses_counts(change):
    tags = [0] * FIRST + [1] * 34
    one = past(PLANE, 40, tags=tags)
    other = past(PLANE, 40, value=lambda p: float(change(loss(p))), tags=tags)

    np.testing.assert_array_equal(asked(PLANE, one, 3).X, asked(PLANE, other, 3).X)


def test_options_that_do_well_become_likely():
    tags = [0] * FIRST + [1] * 54
    seen = past(MIXED, 60, value=lambda p: 4.0 * (p["kind"] != "b") + p["x"] / 9, tags=tags)

    got = MIXED.decode(asked(MIXED, seen, k=30).X)

    assert sum(p["kind"] == "b" for p in got) > 15  # 10 by chance


def test_trials_that_fail_drive_it_away():
    params = PLANE.decode(PLANE.sample(60, np.random.default_rng(2)))
    states = ["FAILED" if p["x"] > 4 else "DONE" for p in params]
    losses = [-p["x"] for p in params]
    tags = [0] * FIRST + [1] * 54

    def mean(states):
        seen = history(PLANE, params, losses, states, tags=tags)
        return asked(PLANE, seen, k=40).X[:, 0].mean() * 12 - 3

    assert mean(states) < mean(["DONE"] * 60) - 1.5


@pytest.mark.slow
def test_a_narrow_search_starts_elsewhere_with_more_trials_per_generation():
    problem = PROBLEMS["bowl"]
    sampler = CMAES(population=6)
    study = Study(problem.space, sampler=sampler, seed=4).run(problem, trials=500)

    search = sampler._search(study.space, study.history.seen())

    assert search.restarts >= 1
    assert search.inner.population_size == 6 * 2**search.restarts
    assert study.best.value == pytest.approx(problem.best, abs=1e-6)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(StudyError, match=r"population must be a whole number >= 4, got 3"):
        CMAES(population=3)
