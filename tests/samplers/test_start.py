import numpy as np

from luthier import Choice, Float, Int, Space
from luthier.samplers.start import first, start

MIXED = Space(
    x=Float(-3, 9),
    n=Int(1, 300, log=True),
    kind=Choice("a", "b", "c", "d"),
    slope=Float(0.5, 7, when={"kind": "b"}),
)


def test_the_start_has_every_option_once_and_the_default_first():
    space = Space(x=Float(-3, 9, default=1.5), kind=Choice("a", "b", "c", "d", default="c"))

    got = space.decode(start(space, seed=7))

    assert len(got) == first(space) == 5
    assert got[0] == {"x": 1.5, "kind": "c"}
    assert len({params["kind"] for params in start_without_default()}) == 4


def test_without_a_default_the_centre_comes_first():
    got = MIXED.decode(start(MIXED, seed=7))

    assert got[0]["x"] == 3
    assert got[0]["n"] == MIXED.decode(MIXED.repair(np.full((1, 4), 0.5)))[0]["n"]
    assert len({tuple(params.items()) for params in got}) == first(MIXED)


def test_the_start_differs_from_seed_to_seed_and_not_otherwise():
    assert not np.array_equal(start(MIXED, 1), start(MIXED, 2), equal_nan=True)
    assert np.array_equal(start(MIXED, 1), start(MIXED, 1), equal_nan=True)


def start_without_default():
    space = Space(x=Float(-3, 9), kind=Choice("a", "b", "c", "d"))
    return space.decode(start(space, seed=7))
