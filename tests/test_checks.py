import math

import pytest

from luthier.checks import number, whole
from luthier.errors import StudyError


@pytest.mark.parametrize("value", [True, 2.0, "3", None, 2, math.nan])
def test_what_is_no_whole_number_or_too_small_is_an_error_that_names_it(value):
    with pytest.raises(StudyError, match=r"Median: trials must be a whole number >= 3, got "):
        whole("Median", 3, steps=4, trials=value)


@pytest.mark.parametrize("value", [True, "0.2", None, 0, 1, math.nan, math.inf])
def test_a_bound_of_a_number_is_not_allowed_itself(value):
    with pytest.raises(StudyError, match=r"Race: level must be a number between 0 and 1, got "):
        number("Race", 0, 1, level=value)


def test_what_makes_sense_passes():
    whole("Median", 3, trials=3)
    number("Race", 0, 1, level=0.5)
    number("Race", -math.inf, math.inf, level=-7)


def test_without_bounds_a_number_must_be_finite():
    with pytest.raises(StudyError, match="must be a number finite, got inf"):
        number("Threshold", -math.inf, math.inf, most=math.inf)
