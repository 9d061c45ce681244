from luthier import Choice, Int, Space
from luthier.samplers.taken import Taken
from luthier.testing import history

GRID = Space(n=Int(2, 8), kind=Choice("a", "b"))


def test_only_points_that_are_new_are_fresh_and_each_once():
    seen = history(GRID, [{"n": 2, "kind": "a"}], [1.0])
    X = GRID.encode(
        [{"n": 2, "kind": "a"}, {"n": 2, "kind": "b"}, {"n": 2, "kind": "b"}, {"n": 7, "kind": "a"}]
    )
    taken = Taken(GRID, seen)

    taken.add(X[3])

    assert taken.fresh(X).tolist() == [False, True, False, False]


def test_what_was_added_to_one_is_new_to_another():
    seen = history(GRID, [{"n": 2, "kind": "a"}], [1.0])
    X = GRID.encode([{"n": 7, "kind": "b"}])
    one, other = Taken(GRID, seen), Taken(GRID, seen)

    one.add(X[0])

    assert (one.new(GRID.raw(X[0])), other.new(GRID.raw(X[0]))) == (False, True)
