import math

import numpy as np
import pytest

from luthier.numerics.gap import judged

PERFECT = 1.0


def verdict(train, valid, guess=0.4, perfect=PERFECT):
    return judged(np.array(train), np.array(valid), perfect, guess).verdict


@pytest.mark.parametrize(
    ("train", "valid", "expected"),
    [
        ([0.99, 0.98, 0.97], [0.71, 0.74, 0.69], "overfits"),
        ([0.62, 0.61, 0.63], [0.61, 0.63, 0.6], "underfits"),  # 0.38 of a guess's 0.6 remains
        ([0.91, 0.92, 0.9], [0.9, 0.92, 0.91], "fits"),
        ([0.95, 0.93, 0.94], [0.99, 0.55, 0.98], "unclear"),  # large, and lost in the noise
        ([0.72, 0.73, 0.71], [0.69, 0.7, 0.68], "fits"),  # sure, and small beside what is missed
    ],
)
def test_the_verdict_weighs_the_gap_against_its_noise_and_the_errors(train, valid, expected):
    assert verdict(train, valid) == expected


def test_the_figures_are_the_gap_with_its_error_and_what_is_missed():
    made = judged(np.array([0.9, 0.95, 0.85]), np.array([0.7, 0.8, 0.6]), PERFECT, 0.3)

    gaps = [0.2, 0.15, 0.25]
    assert made.gap == pytest.approx(np.mean(gaps))
    assert made.error == pytest.approx(np.std(gaps, ddof=1) / math.sqrt(3))
    assert (made.train_error, made.valid_error) == pytest.approx((0.1, 0.3))


def test_one_fold_has_no_noise_to_weigh_against():
    made = judged(np.array([0.95]), np.array([0.7]), PERFECT, 0.3)

    assert made.verdict == "overfits"
    assert math.isnan(made.error)


def test_without_a_perfect_score_the_gap_alone_counts():
    made = judged(np.array([7.5, 7.3, 7.9]), np.array([3.1, 2.9, 3.2]), math.inf, 0.5)

    assert made.verdict == "overfits"
    assert math.isnan(made.train_error)
    assert verdict([3.1, 2.9, 3.2], [3.1, 2.9, 3.3], perfect=math.inf) == "fits"


def test_nobody_underfits_who_is_compared_with_no_guess_or_a_perfect_one():
    low = [0.2, 0.21, 0.19]

    assert verdict(low, low, guess=None) == "fits"
    assert verdict(low, low, guess=PERFECT) == "fits"
