import math

import numpy as np
import pytest

from luthier.numerics.embedding import LEVEL, Embedding
from luthier.numerics.kernels import squared_distances

NAN = np.nan


def distances(measured, X):
    return squared_distances(measured(np.array(X)).F)


def test_numbers_are_measured_along_a_line():
    got = distances(Embedding((0, 0)), [[0.1, 0.9], [0.4, 0.5]])

    assert got[0, 1] == pytest.approx(0.3**2 + 0.4**2)


def test_two_options_are_at_distance_one():
    got = distances(Embedding((3,)), [[1 / 6], [0.5], [5 / 6], [0.6]])

    assert got[0, 1] == pytest.approx(1)
    assert got[0, 2] == pytest.approx(1)
    assert got[1, 3] == 0


def test_two_inactive_cells_are_alike_and_a_switch_tells_them_from_the_centre():
    got = distances(Embedding((0,), switches=(0,)), [[NAN], [NAN], [0.5]])

    assert got[0, 1] == 0
    assert got[0, 2] == 1


def test_options_that_were_taken_away_are_as_far_from_all_others():
    got = distances(Embedding((3,)), [[1 / 6], [0.5], [7 / 6]])

    assert got[0, 2] == got[1, 2] > 0


def test_single_values_are_left_out():
    got = Embedding((-1, 0))(np.array([[0.5, 0.2]]))

    assert got.F.tolist() == [[pytest.approx(-0.3)]]


def test_cells_far_outside_the_cube_are_brought_near():
    got = Embedding((0,))(np.array([[1e9], [-1e9]]))

    assert np.abs(got.F).max() == 1.5
    assert np.isfinite(got.T).all()


def test_every_feature_knows_its_length():
    measured = Embedding((0, 3, -1, 0, 2), switches=(3,))

    assert measured.block.tolist() == [0, 1, 2, 2, 2, 3, 3, 4]
    assert measured.blocks == 5
    assert measured(np.full((1, 5), 0.3)).F.shape == (1, 8)


def test_lines_and_parabolas_have_mean_zero_over_the_cube():
    cells = (np.arange(1000) + 0.5) / 1000

    line, bow, level = Embedding((0,))(cells[:, None]).T.T

    assert abs(line.mean()) < 1e-5
    assert abs(bow.mean()) < 1e-5
    assert np.ptp(level) == 0


def test_inactive_cells_have_no_trend_but_the_common_level():
    got = Embedding((0, 2))(np.array([[NAN, NAN]])).T

    assert got.tolist() == [[0, 0, 0, 0, LEVEL]]


def test_twins_share_half_of_their_trend():
    X = np.array([[0.9, 0.9, 0.5], [0.9, 0.1, 0.5], [0.9, 0.5, 0.5]])
    alone, together = (
        made.T @ made.T.T - LEVEL**2
        for made in (Embedding((0, 0, 0))(X), Embedding((0, 0, 0), twins=((0, 1),))(X))
    )

    line = 12 * 0.4**2 / 3  # variance of a line at 0.9, of three columns
    bow = 45 * (0.4**2 - 1 / 12) ** 2 / 3
    centre = 45 * (1 / 12) ** 2 / 3
    assert together[0, 0] == pytest.approx(alone[0, 0] + line + bow)
    assert together[1, 1] == pytest.approx(alone[1, 1] - line + bow)
    assert together[2, 2] == pytest.approx(alone[2, 2] - math.sqrt(bow * centre))


def test_options_of_twins_share_half_of_their_levels():
    X = np.array([[1 / 6, 1 / 6], [1 / 6, 0.5], [0.5, 1 / 6]])
    T = Embedding((3, 3), twins=((0, 1),))(X).T
    got = (T @ T.T - LEVEL**2) / (1.5**2 / 4)

    assert got[0, 0] == pytest.approx(3)  # twice the same option: 2 + 1
    assert got[1, 1] == pytest.approx(2)
    assert got[1, 2] == pytest.approx(1)  # without twins 0: the columns have changed places


@pytest.mark.parametrize("twins", [(), ((1, 3),), ((1, 2, 3), (0, 4))])
def test_the_slope_agrees_with_differences(twins):
    measured = Embedding((2, 0, 0, 0, 2), twins=twins)
    x, step = np.array([0.25, 0.8, NAN, 0.35, 0.75]), 1e-6
    rng = np.random.default_rng(0)
    e, t = (made.shape[1] for made in (measured(x[None]).F, measured(x[None]).T))
    along, trend = rng.standard_normal(e), rng.standard_normal(t)

    def value(x):
        points = measured(x[None])
        return points.F[0] @ along + points.T[0] @ trend

    for j, got in zip(measured.numeric, measured.slope(x, along, trend), strict=True):
        up, down = x.copy(), x.copy()
        up[j], down[j] = x[j] + step, x[j] - step
        assert got == pytest.approx((value(up) - value(down)) / (2 * step), abs=1e-8)
