import math

import numpy as np

from luthier import Choice, Float, Int, Space
from luthier.samplers.candidates import Candidates, settled
from luthier.testing import history

NESTED = Space(
    kind=Choice("a", "b", "c"),
    x=Float(-3, 9, when={"kind": "b"}),
    n=Int(2, 8),
    forbid={"kind": "c", "n": [2, 3]},
)
SMALL = Space(n=Int(2, 8), kind=Choice("a", "b"))


def candidates(space, params=(), seed=3):
    seen = history(space, list(params), [float(i) for i in range(len(params))])
    return Candidates(space, seen, np.random.default_rng(seed))


def test_a_full_row_stands_for_a_point_without_what_is_inactive():
    rows = np.array([[0.1, 0.42, 0.33], [0.5, 0.42, 0.33], [0.9, 0.42, 0.01]])

    X, allowed = settled(NESTED, rows)

    assert [sorted(params) for params in NESTED.decode(X)] == [
        ["kind", "n"], ["kind", "n", "x"], ["kind", "n"]
    ]  # fmt: skip
    assert allowed.tolist() == [True, True, False]
    np.testing.assert_array_equal(X[allowed], NESTED.repair(X[allowed]))


def test_a_listed_space_gives_each_point_once_the_most_promising_first_and_then_none():
    tried = {"n": 5, "kind": "a"}
    left = candidates(SMALL, [tried])

    got = []
    while (row := left.listed(lambda X: X[:, 0] - 2 * X[:, 1])) is not None:
        left.take(row)
        got += SMALL.decode(row[None])

    wanted = [{"n": n, "kind": kind} for kind in "ab" for n in range(8, 1, -1)]
    wanted.remove(tried)
    assert got == wanted


def test_climbs_end_at_the_best_allowed_point_that_is_new():
    def promise(X):
        return np.where(np.isnan(X[:, 1]), 0.0, 1 - np.abs(X[:, 1] - 0.6)) + X[:, 2]

    best = {"kind": "b", "x": 4.2, "n": 8}  # 4.2 lies at 0.6
    places = candidates(NESTED)
    got = places.climbed(promise, places.pool(NESTED.encode([best]), 40, 0.2))

    (params,) = NESTED.decode(got[None])
    assert (params["kind"], params["n"]) == ("b", 8)
    assert abs(params["x"] - 4.2) < 0.2


def test_what_is_forbidden_promises_nothing():
    rows = np.array([[0.9, 0.5, 0.01], [0.9, 0.5, 0.99]])

    got = candidates(NESTED).scored(lambda X: X[:, 2], rows)

    assert (got[0], math.isfinite(got[1])) == (-math.inf, True)


def test_climbs_find_nothing_where_all_was_tried():
    every = [SMALL.values(raw) for raw in SMALL.points()]
    places = candidates(SMALL, every)

    pool = places.pool(SMALL.encode(every[:3]), 20, 0.2)

    assert places.climbed(lambda X: X[:, 0], pool) is None
