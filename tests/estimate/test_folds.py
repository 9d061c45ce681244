"""What scores of folds allow, against formulas and against simulated truth."""

import numpy as np
import pytest
from scipy import stats

from luthier.errors import DataError
from luthier.estimate import from_folds, one_se, optimism_of_folds, over_default, over_folds

Y = np.array([
    [0.71, 0.83, 0.64, 0.80],
    [0.75, 0.79, 0.66, 0.74],
    [0.61, 0.90, 0.70, 0.70],
    [np.nan, 0.99, 0.99, 0.99],
])  # fmt: skip


def test_the_figure_is_the_score_on_each_fold_of_who_wins_the_others():
    made = from_folds(Y)

    # Means of the other folds, 0 to 2: fold 0 .757 .730 .767; 1 .717 .717 .670; 2 .780 .760 .737;
    # 3 .727 .733 .737. So candidates 2, 0, 0, 2 are taken.
    assert made.score == pytest.approx(np.mean([0.61, 0.83, 0.64, 0.70]))
    assert made.best == 0
    assert made.naive == pytest.approx(Y[0].mean())
    assert made.optimism == pytest.approx(Y[0].mean() - 0.695)
    assert made.how == "folds"


def test_the_best_of_equals_is_not_flattered_and_the_published_bias_overdoes_it():
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for _ in range(400):
        scores = rng.binomial(10, 0.6, (60, 10)) / 10
        made = from_folds(scores)
        ours.append(made.score - 0.6)
        theirs.append(made.naive - optimism_of_folds(scores) - 0.6)

    assert abs(np.mean(ours)) < 3 * np.std(ours) / 20
    assert np.mean(theirs) < -0.05


def test_the_published_bias_is_its_formula():
    # Folds' best are .75, .90, .70, .80; the winner is candidate 0.
    assert optimism_of_folds(Y) == pytest.approx(np.mean([0.04, 0.07, 0.06, 0.0]))


def test_repeats_choose_within_themselves():
    rng = np.random.default_rng(1)
    scores = rng.normal(0.5, 0.2, (20, 5))

    made = from_folds(np.tile(scores, 3), repeats=3, ratio=0.25)

    assert made.score == pytest.approx(from_folds(scores).score)


def test_the_corrected_interval_is_its_formula():
    values = np.array([0.03, -0.01, 0.05, 0.02, 0.04, 0.07])

    made = over_folds(values, ratio=1 / 5, level=0.95)

    error = values.std(ddof=1) * np.sqrt(1 / 6 + 1 / 5)
    low, high = stats.t.interval(0.95, 5, values.mean(), error)
    assert (made.mean, made.low, made.high) == pytest.approx((values.mean(), low, high))
    assert made.chance == pytest.approx(stats.t.cdf(0, 5, values.mean(), error))
    assert made.verdict == "unclear"


def test_a_gain_is_judged_in_pairs():
    hard = np.array([0.4, 0.9, 0.6, 0.7, 0.5])
    step = np.array([0.03, 0.05, 0.04, 0.03, 0.05])

    made = over_default(hard + step, hard, ratio=1 / 4)

    assert made.verdict == "better"
    assert made.mean == pytest.approx(0.04)
    assert "better by +0.04" in made.words
    assert over_default(hard, hard + step, ratio=1 / 4).verdict == "worse"


def test_one_fold_tells_no_spread():
    made = over_folds([0.3], ratio=0.25)

    assert made.verdict == "unclear"
    assert made.chance == 0.5
    assert made.low == -np.inf


def test_equal_folds_leave_no_doubt():
    assert over_folds([0.0, 0.0, 0.0], ratio=0.5).chance == 0.5
    assert over_folds([0.2, 0.2, 0.2], ratio=0.5).chance < 1e-9


def test_a_gain_of_chosen_winners_is_honest():
    rng = np.random.default_rng(2)
    gains = [from_folds(rng.normal(0.6, 0.1, (40, 5)), default=7).gain.mean for _ in range(300)]

    assert abs(np.mean(gains)) < 3 * np.std(gains) / np.sqrt(300)


def test_one_standard_error_takes_the_simplest_in_pairs():
    hard = np.array([0.5, 0.9, 0.7, 0.6])
    wobble = np.array([0.01, -0.01, 0.02, -0.02])
    scores = np.stack([hard, hard - 0.005 + wobble, hard - 0.03 + wobble, hard - 0.2])

    # The best's own standard error is 0.085: by the unpaired rule the third would be good enough.
    assert one_se(scores, [4, 3, 2, 1]) == 1
    assert one_se(scores, [1, 3, 2, 1]) == 0
    assert one_se(scores[:, :2] * 0 + hard[:2], [4, 3, 2, 2]) == 2


def test_incomplete_candidates_are_never_chosen():
    assert from_folds(Y).best == 0
    assert one_se(Y, [9, 9, 9, 1]) != 3


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: from_folds(Y[:, :1]), "two folds at least"),
        (lambda: from_folds(Y[3:]), "Run all folds"),
        (lambda: from_folds(Y, repeats=3), "Give repeats as the splitter"),
        (lambda: over_folds([], 0.2), "one for each fold"),
        (lambda: over_default([1.0, 2.0], [1.0], 0.2), "same folds"),
        (lambda: one_se(Y, [1, 2]), "Give one each"),
    ],
)
def test_what_does_not_fit_is_refused(call, told):
    with pytest.raises(DataError, match=told):
        call()
