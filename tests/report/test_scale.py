import numpy as np
import pytest

from luthier.report.scale import Scale, padded, power, steps


@pytest.mark.parametrize(
    ("low", "high", "room"),
    [(0.91, 0.9932, 4), (-3.0, 9.0, 3), (1e-9, 7e-9, 5), (-1e300, 1e300, 4), (1e6, 1e6 + 3, 6)],
)
def test_ticks_lie_on_the_axis_and_differ(low, high, room):
    made = steps(low, high, room)

    assert 2 <= len(made) <= room
    assert all(low - 1e-9 * (high - low) <= at <= high + 1e-9 * (high - low) for at, _ in made)
    assert len({text for _, text in made}) == len(made)


def test_whole_numbers_get_whole_ticks():
    assert steps(1.84, 5.16, 3, whole=True) == [(2.0, "2"), (4.0, "4")]


def test_powers_of_ten_are_ticks_of_a_logarithmic_axis():
    scale = Scale(1e-7, 1e3, 0, 100, log=True)

    assert [text for _, text in scale.ticks(6)] == ["10⁻⁷", "10⁻⁵", "0.001", "0.1", "10", "1000"]
    assert scale(1e-2) == pytest.approx(50)
    assert power(-4) == "10⁻⁴"


def test_numbers_beyond_the_axis_lie_beyond_its_pixels_and_the_axis_may_run_downwards():
    scale = Scale(-3.0, 9.0, 200, 20)

    assert scale.many(np.array([-3.0, 0.0, 9.0])).tolist() == pytest.approx([200, 155, 20])
    assert scale(12.0) < 20


def test_a_short_logarithmic_axis_has_ticks_as_a_plain_one():
    assert [text for _, text in Scale(2.0, 9.0, 0, 100, log=True).ticks(5)] == ["2", "4", "6", "8"]


@pytest.mark.parametrize(("low", "high"), [(-3.0, 9.0), (7.5, 7.5), (0.0, 0.0), (-1e308, 1e308)])
def test_a_padded_range_is_wider_and_never_empty(low, high):
    made = padded(low, high)

    assert made[0] < made[1]
    assert made[0] < low or low < -1e300
    assert np.isfinite(made[1] - made[0])
