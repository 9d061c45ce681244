import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
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


@pytest.mark.parametrize("name", ["cmaes", "differential", "forest", "genetic", "gp", "tpe"])
def test_half_of_the_first_points_are_where_the_best_is_believed_to_be(name):
    believing = Space(x=Float(-3, 9, likely=(7, 7.5)), y=Float(2, 5))
    plain = Space(x=Float(-3, 9), y=Float(2, 5))

    def share(space):
        hits = n = 0
        for seed in range(12):
            study = Study(space, sampler=name, seed=seed)
            xs = [trial.params["x"] for trial in study.ask(4)]
            hits, n = hits + sum(6.5 <= x <= 8 for x in xs), n + len(xs)
        return hits / n

    assert share(plain) < 0.3
    assert share(believing) > share(plain) + 0.25


@pytest.mark.parametrize("name", ["grid", "qmc"])
def test_plans_over_the_whole_range_take_no_notice_of_beliefs(name):
    believing = Space(x=Float(-3, 9, likely=(7, 7.5)), y=Float(2, 5))
    plain = Space(x=Float(-3, 9), y=Float(2, 5))

    one, other = (Study(space, sampler=name, seed=2).ask(9) for space in (believing, plain))

    assert [trial.params for trial in one] == [trial.params for trial in other]


def test_points_asked_for_at_once_differ_in_every_number():
    space = Space(x=Float(-3, 9), lr=Float(1e-5, 1.0, log=True), dropout=Float(0.0, 0.7))

    asked = [trial.params for trial in Study(space, sampler="gp", seed=3).ask(16)]

    # Four starts of four points: only the first begins at its middle and in the middle of strata.
    for name in space.names:
        assert len({params[name] for params in asked}) >= 14
    later = [params["lr"] for params in asked[4::4]]
    assert all(1e-5 < lr < 0.1 for lr in later)  # around 0.001, as is usual
