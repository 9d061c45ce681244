import itertools

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import SpaceError
from luthier.samplers import Grid, grid
from luthier.testing import history


def tried(study):
    return [tuple(result.params.values()) for result in study.results]


def loss(trial):
    return -1.5


def test_a_grid_has_every_combination_with_the_last_parameter_fastest():
    space = Space(x=Float(-3, 9), n=Int(2, 4), a=Choice("u", "v"))

    study = Study(space, sampler=Grid(points=3)).run(loss)

    assert tried(study) == list(itertools.product([-3.0, 3.0, 9.0], [2, 3, 4], ["u", "v"]))
    assert study.points == Grid(points=3).size(space) == 18


@pytest.mark.parametrize(
    ("parameter", "points", "values"),
    [
        (Float(-3, 9), 5, [-3.0, 0.0, 3.0, 6.0, 9.0]),
        (Float(-3, 9), 1, [3.0]),
        (Float(1e-3, 1e3, log=True), 3, [1e-3, 1.0, 1e3]),
        (Float(0.1, 0.7, step=0.2), 5, [0.1, 0.3, 0.5, 0.7]),
        (Float(0.1, 0.7, step=0.1), 3, [0.1, 0.4, 0.7]),
        (Int(-4, 5), 2, list(range(-4, 6))),
        (Int(-4, 6), 3, [-4, 1, 6]),
        (Int(3, 33, step=10), 2, [3, 13, 23, 33]),
        (Int(1, 1000, log=True), 3, [1, 22, 1000]),
        (Choice("u", None, 2.5), 1, ["u", None, 2.5]),
        (Float(7, 7), 5, [7.0]),
        (Int(7, 7), 5, [7]),
    ],
)
def test_the_values_of_one_parameter(parameter, points, values):
    study = Study(Space(p=parameter, q=Int(8, 8)), sampler=Grid(points=points)).run(loss)

    assert [p for p, _ in tried(study)] == pytest.approx(values)


def test_conditions_and_forbidden_combinations_leave_points_out():
    space = Space(
        kernel=Choice("linear", "poly"), degree=Int(2, 4, when={"kernel": "poly"}), n=Int(5, 6)
    ).forbid({"degree": 3, "n": 6})

    study = Study(space, sampler="grid").run(loss)

    assert tried(study) == [
        ("linear", 5), ("linear", 6), ("poly", 2, 5), ("poly", 2, 6), ("poly", 3, 5),
        ("poly", 4, 5), ("poly", 4, 6),
    ]  # fmt: skip


def test_queued_points_do_not_shift_the_grid():
    space = Space(n=Int(2, 4), m=Int(-3, -1))
    study = Study(space, sampler="grid")
    study.enqueue({"n": 3, "m": -2})
    study.run(loss, trials=4)
    study.enqueue({"n": 4, "m": -1})

    study.run(loss)

    got = tried(study)
    assert got[0] == (3, -2)
    assert got[4] == (4, -1)
    rest = got[1:4] + got[5:]
    assert rest == [p for p in itertools.product([2, 3, 4], [-3, -2, -1]) if p not in got[:5:4]]
    assert len(got) == 9


def test_a_grid_goes_on_after_the_space_grew():
    space = Space(n=Int(2, 4), a=Choice("u", "v"))
    past = history(
        space,
        [{"n": 2, "a": "u"}, {"n": 2, "a": "v"}, {"n": 3, "a": "u"}],
        [1.5, 2.5, 3.5],
        tags=[1, 2, 3],
    )
    grown = space.grow(n=Int(1, 4))
    past.dress(grown)

    proposal = Grid().ask(grown, past, 9, np.random.default_rng(1))

    got = {tuple(p.values()) for p in grown.decode(proposal.X)}
    assert got == {(1, "u"), (1, "v"), (3, "v"), (4, "u"), (4, "v")}
    assert len(proposal.X) == 5


def test_lost_trials_leave_their_points_to_be_tried():
    space = Space(n=Int(2, 4))
    past = history(space, [{"n": 2}, {"n": 3}], [1.5, None], ["DONE", "LOST"], tags=[1, 2])

    proposal = Grid().ask(space, past, 3, np.random.default_rng(1))

    assert space.decode(proposal.X) == [{"n": 4}, {"n": 3}]
    assert proposal.tag.tolist() == [3, 2]


def test_a_grid_that_is_too_large_says_what_to_do(monkeypatch):
    monkeypatch.setattr(grid, "LARGEST", 100)
    space = Space({f"x{i}": Float(-3, 9) for i in range(7)})

    with pytest.raises(SpaceError, match=r"78,125\)\. Use fewer points, .* or sampler='qmc'"):
        Study(space, sampler="grid").run(loss)


def test_a_grid_whose_points_are_all_forbidden_says_what_to_do():
    space = Space(x=Float(-3, 9)).forbid(ends=lambda p: p["x"] in (-3.0, 9.0))

    with pytest.raises(SpaceError, match="Use more points"):
        Grid(points=2).size(space)


@pytest.mark.parametrize("points", [0, -1, 2.5, True, "5"])
def test_points_must_be_a_whole_number(points):
    with pytest.raises(SpaceError, match="whole number >= 1"):
        Grid(points=points)
