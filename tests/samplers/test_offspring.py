import numpy as np
import pytest

from luthier import Choice, Float, Int, Space
from luthier.samplers.offspring import FIRST, Nursery, Screen, genes, started
from luthier.testing import history

LINE = Space(x=Float(-3, 9))
GRID = Space(n=Int(2, 8), kind=Choice("a", "b"))


def rng(seed=1):
    return np.random.default_rng(seed)


def on_a_line(n, states=(), value=lambda x: (x - 4) ** 2):
    places = np.linspace(-2.9, 8.8, n)
    return history(LINE, [{"x": float(x)} for x in places], [value(x) for x in places], states)


def test_the_start_holds_every_option_and_depends_on_the_seed():
    X = started(GRID, 3)

    assert len(X) == FIRST
    assert {params["kind"] for params in GRID.decode(X)} == {"a", "b"}
    assert not np.array_equal(X, started(GRID, 4))


def test_the_model_expects_most_where_losses_are_low():
    screen = Screen(LINE, on_a_line(9), rng())

    got = screen(np.array([[0.1], [0.58], [0.9]]))  # 4 lies at 0.583

    assert np.argmin(got) == 1


def test_the_model_shuns_failures():
    failing = [("FAILED" if i > 5 else "DONE") for i in range(9)]

    whole = Screen(LINE, on_a_line(9, value=lambda x: -x), rng())(np.array([[0.93]]))
    failed = Screen(LINE, on_a_line(9, failing, lambda x: -x), rng())(np.array([[0.93]]))

    assert failed > whole + 1


def test_what_runs_promises_less_than_before_and_what_was_seen_nothing():
    screen = Screen(LINE, on_a_line(3), rng())
    X = np.array([[0.76], [0.27]])
    before = screen(X)

    screen.believe(X[:1])
    once = screen(X)
    screen.believe(X[[0, 0, 0]])
    again = screen(X)

    assert once[0] > before[0] + 0.05  # standard deviations of the losses
    assert again[0] > 100 > again[1]


def test_a_nursery_picks_the_child_that_promises_most_nearly_always():
    seen, children = on_a_line(9), np.array([[0.1], [0.57], [0.9]])

    picked = [Nursery(LINE, seen, rng(i), screened=True).pick(children)[1] for i in range(100)]
    unseen = [Nursery(LINE, seen, rng(i)).pick(children)[1] for i in range(9)]

    # One in ten takes the first child, whatever it is.
    assert abs(picked.count(1) / 100 - 0.9) < 5 * np.sqrt(0.9 * 0.1 / 100)
    assert unseen == [0] * 9


def test_a_stranger_comes_where_no_child_is_new():
    seen = history(GRID, [{"n": 5, "kind": "a"}], [1.0])
    nursery = Nursery(GRID, seen, rng())

    x, at = nursery.pick(np.asarray(seen.X))

    assert at == -1
    assert GRID.decode(x[None]) != [{"n": 5, "kind": "a"}]


def test_alike_are_points_that_differ_nowhere_by_much():
    space = Space(x=Float(-3, 9), kind=Choice("a", "b"), y=Float(2, 5, when={"kind": "a"}))

    def alike(*params):
        return genes(space).alike(space.encode(list(params)))

    close = {"x": 4.0, "kind": "a", "y": 3.0}, {"x": 4.0001, "kind": "a", "y": 3.0}
    assert alike(*close)
    assert not alike(*close, {"x": 4.1, "kind": "a", "y": 3.0})
    assert not alike(*close, {"x": 4.0, "kind": "b"})


def test_several_objectives_are_weighed_anew_each_time():
    params = [{"x": float(x)} for x in np.linspace(-2.9, 8.8, 9)]
    seen = history(LINE, params, [(p["x"], -p["x"]) for p in params], objectives=2)
    X = np.array([[0.01], [0.99]])

    best = {int(np.argmin(Screen(LINE, seen, rng(i))(X))) for i in range(20)}

    assert best == {0, 1}


@pytest.mark.parametrize("y", [[np.inf, 2.0, -1.0] * 3, [7.0] * 9, [1e308, -1e308, 3.0] * 3])
def test_odd_losses_give_finite_expectations(y):
    params = [{"x": float(x)} for x in np.linspace(-2.9, 8.8, 9)]

    got = Screen(LINE, history(LINE, params, y), rng())(np.array([[0.2], [0.7]]))

    assert np.isfinite(got).all()
