import numpy as np
import pytest

from luthier import Choice, Float, Int, Space
from luthier.samplers.branches import FREE, HELD, rarest
from luthier.samplers.gp import GP
from luthier.testing.histories import history

TURN = 2 * HELD + HELD - 1
SPACE = Space(
    rate=Float(1e-3, 7, log=True),
    model=Choice("u", "v", "w"),
    depth=Int(2, 9, when={"model": "v"}),
    slope=Float(-3, 9, when={"model": "w"}),
    shape=Choice("p", "q", when={"model": "w"}),
    knots=Int(3, 8, when={"shape": "p"}),
)


def points(*models):
    rng = np.random.default_rng(3)
    X = SPACE.sample(len(models), rng)
    X = np.where(np.isnan(X), rng.random(X.shape), X)
    X[:, 1] = [("uvw".index(model) + 0.5) / 3 for model in models]
    return SPACE.repair(X)


def test_it_is_the_option_that_came_least_often():
    got = rarest(SPACE, points(*"uvuuwwvuww"), TURN)

    assert got is not None
    assert (got.column, got.cell, got.words) == (1, pytest.approx(0.5), "model=v")


def test_of_options_that_came_equally_often_it_is_the_first():
    got = rarest(SPACE, points(*"uvuw"), TURN)

    assert got is not None
    assert got.words == "model=v"


def test_of_several_choices_it_is_the_rarest_option_of_all():
    space = SPACE.grow(scale=Choice("a", "b"), width=Float(2, 5, when={"scale": "b"}))
    X = np.hstack([points(*"uvwuvwuvw"), np.full((9, 1), 0.25), np.full((9, 1), np.nan)])

    got = rarest(space, X, TURN)

    assert got is not None
    assert (got.column, got.words) == (6, "scale=b")


def test_it_is_the_turn_of_one_point_in_four_after_the_first():
    X = points(*"uvw")

    turns = [draw for draw in range(20) if rarest(SPACE, X, draw)]

    assert turns == [11, 15, 19]
    assert turns[0] >= FREE


@pytest.mark.parametrize("parent", [Int(1, 3), Choice(1, 2, 3, ordered=True), Choice(2)])
def test_numbers_and_constants_have_no_branches(parent):
    first = 2 if isinstance(parent, Choice) and not parent.ordered else [2, 3]
    space = Space(layers=parent, x=Float(-3, 9, when={"layers": first}), y=Choice("a", "b"))

    assert rarest(space, space.sample(9, np.random.default_rng(1)), TURN) is None


def worst(params):
    return {"u": 0.5, "v": 700.0, "w": 1.5}[params["model"]] + abs(np.log(params["rate"]))


def past(models, space=SPACE):
    params = SPACE.decode(points(*models))
    return history(space, params, [worst(p) for p in params])


SEEN = "uuwuwuuwwuwuuwv"


def test_the_process_comes_back_to_an_option_that_was_bad_once():
    got = SPACE.decode(GP().ask(SPACE, past(SEEN), 1, np.random.default_rng(5)).X)

    assert got[0]["model"] == "v"


def test_points_that_are_asked_for_together_count(monkeypatch):
    told = []
    monkeypatch.setattr(
        "luthier.samplers.gp.rarest", lambda space, X, draw: told.append((len(X), draw))
    )

    GP().ask(SPACE, past(SEEN), 3, np.random.default_rng(5))

    assert told == [(15, 15), (16, 16), (17, 17)]


def test_an_option_that_is_forbidden_is_not_insisted_on():
    space = SPACE.forbid({"model": "v"})

    seen = past("uuwuwuuwwuwuuwu", space)

    got = space.decode(GP().ask(space, seen, 1, np.random.default_rng(5)).X)

    assert got[0]["model"] != "v"
