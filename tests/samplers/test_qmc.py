import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.samplers import QMC, Random
from luthier.samplers.qmc import _sobol
from luthier.testing import PROBLEMS, history

PLANE = Space(x=Float(-3, 9), y=Float(2, 5))


def points(sampler, space, n, seed=1):
    """As a study would ask: one by one, each with a generator of its own."""
    past = history(space, seed=seed)
    rows = []
    for draw in range(n):
        past.proposals = draw
        rows.append(sampler.ask(space, past, 1, np.random.default_rng((seed, draw))).X[0])
    return np.array(rows)


def test_points_fill_the_plane_more_evenly_than_chance():
    n, side = 256, 16
    filled = []
    for sampler in (QMC(), Random()):
        cells = np.floor(points(sampler, PLANE, n) * side).astype(int)
        filled.append(len(set(map(tuple, cells.tolist()))))

    # A Sobol sequence in base 2 is a (0, 8, 2)-net: one of 256 points in each of 16 x 16 boxes.
    # At random a box is missed with probability (1 - 1/256)**256, so 94 are, give or take 6.
    assert filled[0] == n
    assert filled[1] < 0.75 * n


def test_one_at_a_time_gives_the_same_points_as_all_at_once():
    past = history(PLANE, seed=4)

    at_once = QMC().ask(PLANE, past, 37, np.random.default_rng(0)).X

    np.testing.assert_array_equal(at_once, points(QMC(), PLANE, 37, seed=4))


def test_a_longer_sequence_begins_like_a_shorter_one():
    for m in range(9):
        np.testing.assert_array_equal(_sobol(5, 3, m), _sobol(5, 3, 9)[: 2**m])


def test_skipped_proposals_shift_the_sequence():
    whole, late = points(QMC(), PLANE, 9), points(QMC(skip=3), PLANE, 9)

    np.testing.assert_array_equal(late[3:], whole[:-3])


def test_seeds_give_different_sequences():
    assert not np.isclose(points(QMC(), PLANE, 9), points(QMC(), PLANE, 9, seed=2)).any()


def test_each_parameter_keeps_its_own_coordinate_when_others_are_inactive():
    flat = Space(a=Choice("u", "v"), x=Float(-3, 9), y=Float(2, 5))
    branching = Space(a=Choice("u", "v"), x=Float(-3, 9, when={"a": "u"}), y=Float(2, 5))

    whole, parts = points(QMC(), flat, 64), points(QMC(), branching, 64)

    off = np.isnan(parts)
    assert off[:, 1].sum() == 32
    assert not off[:, [0, 2]].any()
    np.testing.assert_array_equal(parts[~off], whole[~off])


def test_an_integer_gets_each_value_equally_often():
    space = Space(n=Int(-3, 4))

    values = [p["n"] for p in space.decode(points(QMC(), space, 64))]

    assert np.bincount(np.array(values) + 3).tolist() == [8] * 8


def test_a_queued_trial_takes_its_draw_and_leaves_the_rest_in_place():
    whole = Study(PLANE, sampler="qmc", seed=2).run(lambda t: 1.5, trials=6)
    study = Study(PLANE, sampler="qmc", seed=2)
    study.run(lambda t: 1.5, trials=2)
    study.enqueue({"x": 1.0, "y": 3.0})

    study.run(lambda t: 1.5, trials=6)

    assert study[2].params == {"x": 1.0, "y": 3.0}
    for i in (0, 1, 3, 4, 5):
        assert study[i].params == whole[i].params


def test_more_dimensions_than_there_are_direction_numbers(monkeypatch):
    monkeypatch.setattr("luthier.samplers.qmc.LONGEST", 3)
    space = Space({f"x{i}": Float(-3, 9) for i in range(5)})

    X = points(QMC(), space, 8)

    assert X.shape == (8, 5)
    assert len(np.unique(X)) == X.size


def test_forbidden_points_are_moved_to_allowed_ones():
    problem = PROBLEMS["forbidden"]

    X = points(QMC(), problem.space, 64)

    assert problem.space.allowed(X).all()


@pytest.mark.parametrize("skip", [-1, 1.5, True])
def test_skip_must_be_a_whole_number(skip):
    with pytest.raises(ValueError, match="skip must be a whole number >= 0"):
        QMC(skip=skip)
