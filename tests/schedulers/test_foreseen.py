import numpy as np
import pytest

from luthier import Float, Space
from luthier.schedulers.foreseen import WIDE, Foreseen
from luthier.testing import history

SPACE = Space(x=Float(0, 10))
STEPS = (1, 3, 9, 27)


def past(ended, left, space=SPACE):
    """Curves that fall to (x - 4)^2, with its name x; those `left` came to step 1 alone."""

    def loss(x, step):
        return (x - 4) ** 2 + 5 / step

    params = [dict.fromkeys(space, x) for x in (*ended, *left)]
    reports = [(i, s, loss(x, s)) for i, x in enumerate(ended) for s in STEPS]
    reports += [(len(ended) + i, 1, loss(x, 1)) for i, x in enumerate(left)]
    states = ["DONE"] * len(ended) + ["STOPPED"] * len(left)
    finals = [loss(x, 27) for x in ended] + [None] * len(left)
    return history(space, params, finals, states, reports=reports, fidelity=("epochs", 1, 27))


def losses(foreseen, standardised):
    return foreseen.curves.middle + foreseen.curves.scale * standardised


def test_new_points_are_judged_by_their_parameters():
    foreseen = Foreseen(SPACE, past(np.linspace(0, 10, 12), []))
    X = SPACE.rows([{"x": 4.1}, {"x": 9.3}])
    mean, sd = foreseen.new(X)

    assert losses(foreseen, mean) == pytest.approx([5 / 27, 5.3**2], abs=1.5)
    assert (sd > 0).all()


def test_the_best_is_that_of_trials_that_ended():
    seen = past([1.0, 2.0, 8.0], [4.0])
    foreseen = Foreseen(SPACE, seen)

    assert losses(foreseen, foreseen.best) == pytest.approx(4 + 5 / 27)
    assert Foreseen(SPACE, past([], [1.0, 2.0])).best == np.inf


def test_parameters_make_open_ends_surer_and_leave_known_ones_alone():
    foreseen = Foreseen(SPACE, past(np.linspace(0, 10, 12), [2.0, 7.0]))
    mean, sd = foreseen.leaned()

    assert (sd[:12] == 0).all()
    np.testing.assert_array_equal(mean[:12], foreseen.curves.mean[:12])
    assert (sd[12:] < foreseen.curves.sd[12:]).all()


def test_without_a_process_a_new_point_is_like_the_others():
    wide = Space({f"x{i}": Float(0, 10) for i in range(WIDE + 1)})
    seen = past(np.linspace(0, 10, 12), [], wide)
    foreseen = Foreseen(wide, seen)
    mean, sd = foreseen.new(wide.sample(2, np.random.default_rng(0)))

    ends = foreseen.curves.mean
    np.testing.assert_allclose(mean, ends.mean())
    np.testing.assert_allclose(sd, ends.std())
    np.testing.assert_array_equal(foreseen.leaned()[0], ends)


def test_before_anything_is_known_a_new_point_may_be_anything():
    mean, sd = Foreseen(SPACE, past([], [])).new(SPACE.rows([{"x": 1.0}]))

    assert (mean[0], sd[0]) == (0.0, 1.0)
