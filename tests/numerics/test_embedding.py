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


def test_the_slope_of_the_trend_agrees_with_differences():
    measured = Embedding((2, 0, 0, 0))
    x, step = np.array([0.25, 0.8, NAN, 0.35]), 1e-6
    p = len(measured.numeric)
    got = measured.slope(x)

    for place, j in enumerate(measured.numeric):
        up, down = x.copy(), x.copy()
        up[j], down[j] = x[j] + step, x[j] - step
        change = (measured(up[None]).T - measured(down[None]).T)[0] / (2 * step)
        for part, slope in enumerate(got):
            assert slope[place] == pytest.approx(change[part * p + place], abs=1e-8)
