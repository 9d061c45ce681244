"""scikit-learn's grids and distributions as spaces."""

import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space


def points(space):
    return [space.values(raw) for raw in space.points()]


def as_sets(combinations):
    return {frozenset((k, repr(v)) for k, v in one.items()) for one in combinations}


def test_a_grid_has_the_points_that_sklearn_gives():
    grid = {"C": [1, 10, 100], "kernel": ["linear", "rbf"], "shrinking": [True, False]}

    space = Space.from_sklearn(grid)

    assert as_sets(points(space)) == as_sets(ParameterGrid(grid))
    assert space.size == 12


def test_numbers_that_ascend_are_ordered_and_words_are_not():
    space = Space.from_sklearn(
        {"C": [1, 10, 100], "k": ["a", "b", "c"], "n": [3, 2, 9], "b": [True, False]}
    )

    assert {name: p.ordered for name, p in space.items()} == {
        "C": True,
        "k": False,
        "n": False,
        "b": False,
    }


def test_numpy_values_become_python_values():
    space = Space.from_sklearn(
        {"C": np.logspace(-2, 1, 4), "n": np.arange(3, 6), "b": [np.True_, np.False_]}
    )

    assert [type(x) for _, p in space.items() for x in p.options] == [float] * 4 + [int] * 3 + [
        bool
    ] * 2


def test_values_that_are_given_twice_count_once():
    assert Space.from_sklearn({"C": [3, 4, 3]})["C"].options == (3, 4)


def test_any_object_may_be_a_value():
    svc, layers = SVC(C=2), [30, 40]

    space = Space.from_sklearn(
        {"model": [svc, None], "layers": [layers], "sizes": [(50,), (50, 50)]}
    )

    assert space["model"].options[0] is svc
    assert space["layers"].options[0] is layers
    assert space["sizes"].options == ((50,), (50, 50))


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (stats.uniform(-3, 12), Float(-3, 9)),
        (stats.uniform(loc=2, scale=5), Float(2, 7)),
        (stats.loguniform(1e-4, 30), Float(1e-4, 30, log=True)),
        (stats.reciprocal(1e-4, 30), Float(1e-4, 30, log=True)),
        (stats.randint(3, 10), Int(3, 9)),
        (stats.randint(-4, 10, loc=2), Int(-2, 11)),
        (stats.binom(7, 0.3), Int(0, 7)),
        (stats.beta(2, 5, loc=3, scale=4), Float(3, 7)),
    ],
)
def test_a_distribution_becomes_its_exact_range(distribution, expected):
    p = Space.from_sklearn({"x": distribution})["x"]

    assert (type(p), p.log) == (type(expected), expected.log)
    assert (p.low, p.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_both_ends_of_a_discrete_distribution_are_drawn():
    space = Space.from_sklearn({"n": stats.randint(3, 6)})

    got = {p["n"] for p in space.decode(space.sample(200, np.random.default_rng(2)))}

    assert got == {3, 4, 5}


def test_a_distribution_without_an_end_is_cut_at_its_tail():
    space = Space.from_sklearn(
        {"normal": stats.norm(5, 2), "half": stats.expon(scale=3), "n": stats.poisson(40)}
    )

    normal, half, n = (p for _, p in space.items())
    assert (normal.low, normal.high) == pytest.approx(tuple(stats.norm(5, 2).ppf([1e-3, 1 - 1e-3])))
    assert half.log
    assert (half.low, half.high) == pytest.approx(tuple(stats.expon(scale=3).ppf([1e-3, 1 - 1e-3])))
    assert (n.low, n.high) == (0, stats.poisson(40).ppf(1 - 1e-3))


def test_our_own_parameters_pass_through():
    assert Space.from_sklearn({"x": Float(2, 9), "y": [3, 4]})["x"] == Float(2, 9)


# -- several dicts --------------------------------------------------------------------------------

KERNELS = [
    {"kernel": ["linear"], "C": [1, 10]},
    {"kernel": ["rbf", "sigmoid"], "C": [1, 10, 100], "gamma": [0.1, 0.2]},
    {"kernel": ["poly"], "C": [1], "degree": [2, 3], "gamma": [0.3]},
]


def test_several_dicts_are_told_apart_by_options_that_differ():
    space = Space.from_sklearn(KERNELS)

    assert "branch" not in space
    assert space.names[0] == "kernel"
    assert space["degree"].when == {"kernel": ("poly",)}
    assert as_sets(points(space)) == as_sets(ParameterGrid(KERNELS))
    assert space.size == len(ParameterGrid(KERNELS))


def test_words_tell_dicts_apart_before_numbers_do():
    grid = [{"C": [1, 2], "kernel": ["linear"]}, {"C": [3, 4], "kernel": ["rbf"], "gamma": [5, 6]}]

    space = Space.from_sklearn(grid)

    assert space["gamma"].when == {"kernel": ("rbf",)}
    assert as_sets(points(space)) == as_sets(ParameterGrid(grid))


def test_several_dicts_without_such_options_get_a_branch():
    grid = [{"a": [1, 2], "b": [3, 4]}, {"a": [2, 5], "c": [6, 7]}]

    space = Space.from_sklearn(grid)

    got = points(space)
    assert space["branch"] == Choice(0, 1)
    assert as_sets({k: v for k, v in p.items() if k != "branch"} for p in got) == as_sets(
        ParameterGrid(grid)
    )


def test_the_branch_gets_a_name_of_its_own():
    space = Space.from_sklearn([{"branch": [1, 2]}, {"branch": [2, 3], "a": [4, 5]}])

    assert set(space.names) == {"branch_0", "branch", "a"}


def test_branches_may_hold_distributions_and_lone_lists():
    grid = [
        {"kernel": ["linear"], "C": stats.loguniform(1e-2, 9)},
        {
            "kernel": ["rbf"],
            "C": stats.loguniform(1e-2, 9),
            "layers": [[30, 40]],
            "n": stats.randint(3, 6),
        },
    ]

    space = Space.from_sklearn(grid)

    assert (space["C"].log, space["C"].when) == (True, None)
    assert space["layers"].options == ([30, 40],)
    assert space["layers"].when == space["n"].when == {"kernel": ("rbf",)}
    for params in space.decode(space.sample(30, np.random.default_rng(4))):
        assert ("n" in params) == ("layers" in params) == (params["kernel"] == "rbf")


def test_a_branch_may_be_empty():
    space = Space.from_sklearn([{}, {"a": [3, 4]}])

    assert sorted(map(len, points(space))) == [1, 2, 2]


def test_ordered_values_stay_ordered_in_branches():
    space = Space.from_sklearn([{"k": ["a"], "n": [3, 4, 5]}, {"k": ["b"], "n": [3, 4, 5, 6]}])

    assert space["n"].ordered
    assert space.size == 7


def test_a_grid_survives_the_round_trip():
    space = Space.from_sklearn(KERNELS)

    assert Space.from_json(space.to_json()) == space


class Drawn:
    def rvs(self, random_state=None):
        return 3


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (3, r"expected a dict, or a list of dicts, got 3"),
        ("C", r"expected a dict, or a list of dicts"),
        ([], r"expected a dict, or a list of dicts"),
        ([{"a": [3]}, 4], r"expected a dict, or a list of dicts"),
        ({"C": 3}, r"C: expected a list of values or a SciPy distribution, got 3. Put a single"),
        ({"k": "rbf"}, r"k: expected a list of values.*got 'rbf'"),
        ({"k": {"rbf": 3}}, r"k: expected a list of values"),
        ({"k": {"rbf", "poly"}}, r"k: expected a list of values"),
        ({"k": []}, r"k: the list of values is empty. Give at least one"),
        ({"k": Drawn()}, r"k: Drawn can be drawn from, but does not say its range. Use a frozen"),
        ({"k": stats.uniform}, r"k: .*does not say its range.*frozen"),
        (
            [{"a": [3], "C": stats.uniform(2, 3)}, {"a": [4], "C": stats.uniform(2, 9)}],
            r"C: has different ranges in different dicts",
        ),
        (
            [{"a": [3], "C": stats.uniform(2, 3)}, {"a": [4], "C": [5, 6]}],
            r"C: has different ranges",
        ),
    ],
)
def test_a_grid_that_makes_no_sense_is_explained(grid, message):
    with pytest.raises(SpaceError, match=message):
        Space.from_sklearn(grid)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1e-6, 10, "log-uniform"), r"Write Float\(1e-06, 10, log=True\), from luthier"),
        ((2, 30, "uniform"), r"Write Int\(2, 30\)"),
    ],
)
def test_ranges_of_scikit_optimize_are_refused(given, said):
    with pytest.raises(SpaceError, match=said):
        Space.from_sklearn({"C": given})


def test_a_pair_of_numbers_is_two_values_and_that_is_said():
    with pytest.warns(UserWarning, match=r"two values.*Write Int\(2, 30\) for what lies between"):
        space = Space.from_sklearn({"n": (2, 30)})

    assert space["n"].options == (2, 30)
    assert Space.from_sklearn({"k": ("a", "b"), "n": [2, 30], "m": (2, 3, 5)}).size == 12


def test_what_a_choice_is_believed_to_be_stays_in_its_branch():
    believed = Choice("scale", "auto", likely="auto", default="scale")

    space = Space.from_sklearn(
        [{"kernel": ["rbf"], "gamma": believed}, {"kernel": ["linear"], "C": [1, 10]}]
    )

    assert space["gamma"].likely == believed.likely
    assert space["gamma"].default == "scale"
    assert space["gamma"].when == {"kernel": ("rbf",)}
