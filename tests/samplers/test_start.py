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


BRANCHES = Space(
    model=Choice("u", "v", "w"),
    depth=Int(2, 9, log=True, when={"model": "v"}),
    slope=Float(-3, 9, when={"model": "w"}),
    width=Float(2, 5, default=4.5, when={"model": "u"}),
    rate=Float(1e-3, 7, log=True),
)


def test_options_begin_with_the_defaults_and_centres_of_their_numbers():
    plain = {"u": ("width", 4.5), "v": ("depth", 4), "w": ("slope", 3.0)}

    for seed in range(9):
        centre, *others = BRANCHES.decode(start(BRANCHES, seed))

        others = [params for params in others if params["model"] != centre["model"]]
        assert len(others) == 2
        for params in others:
            name, value = plain[params["model"]]
            assert params[name] == value


def test_what_depends_on_nothing_is_spread_all_the_same():
    _, *others = BRANCHES.decode(start(BRANCHES, seed=7))

    assert len({params["rate"] for params in others}) == 3


def test_a_number_of_layers_begins_with_others_too():
    space = Space(layers=Int(1, 3), drop=Float(-3, 9, when={"layers": [2, 3]}))

    got = [params["drop"] for params in space.decode(start(space, seed=7))[1:] if "drop" in params]

    assert 3.0 not in got or len(set(got)) > 1
