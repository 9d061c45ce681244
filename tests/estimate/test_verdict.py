"""Verdicts follow one definition, and the alarm rings where tuning gained nothing."""

import numpy as np
import pytest

from luthier.errors import DataError
from luthier.estimate import finalists, fits, honest, measure, overtuning
from luthier.estimate.result import gain
from luthier.models import METRICS, fit_verdict

TRAIN = [[0.99, 0.98, 0.99], [0.62, 0.61, 0.60], [0.91, 0.90, 0.92], [0.99, 0.99, 0.99]]
VALID = [[0.81, 0.80, 0.83], [0.60, 0.62, 0.61], [0.90, 0.89, 0.91], [0.99, 0.55, 0.98]]


def test_each_candidate_gets_its_verdict():
    made = fits(TRAIN, VALID, perfect=1.0, guess=0.5)

    assert [one.verdict for one in made] == ["overfits", "underfits", "fits", "unclear"]
    assert made[0].gap == pytest.approx(np.mean(np.subtract(TRAIN[0], VALID[0])))
    assert "(gap 0.17" in made[0].words
    assert "unclear" in made[3].words


def test_negative_errors_read_alike():
    made = fits(np.array([[-1.0, -1.1]]), np.array([[-2.0, -2.2]]), perfect=0.0, guess=-5.0)

    assert made[0].verdict == "overfits"


def test_the_definition_is_that_of_models():
    metric = METRICS["accuracy"]
    rng = np.random.default_rng(0)
    train = rng.uniform(0.4, 1.0, (200, 4))
    valid = train - rng.normal(0.05, 0.15, (200, 4))

    ours = [made.verdict for made in fits(train, valid, perfect=1.0, guess=0.5)]
    theirs = [
        fit_verdict(t, v, metric, guess=0.5)["verdict"] for t, v in zip(train, valid, strict=True)
    ]

    assert ["fits" if one == "unclear" else one for one in ours] == theirs
    assert len(set(ours)) == 4


def test_without_a_perfect_score_only_the_gap_counts():
    made = fits(TRAIN, VALID, guess=0.5)

    assert [one.verdict for one in made] == ["overfits", "fits", "overfits", "unclear"]


def test_missing_folds_are_left_out():
    made = fits([[0.99, np.nan, 0.98], [np.nan] * 3], [[0.7, 0.7, 0.71], [0.5] * 3], perfect=1.0)

    assert [one.verdict for one in made] == ["overfits", "unclear"]


def test_shapes_must_agree():
    with pytest.raises(DataError, match=r"\(candidates, folds\) of both"):
        fits(TRAIN, VALID[:2])


def test_finalists_are_chosen_on_fresh_splits_and_held_against_the_default():
    hard = np.linspace(-0.2, 0.2, 10)
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.01, (3, 10))
    scores = np.array([[0.70], [0.75], [0.73]]) + hard + noise

    made = finalists(scores, 0.65 + hard, ratio=0.25)

    assert made.choice == 1
    assert not made.alarm
    assert made.gain.mean == pytest.approx(0.1, abs=0.01)
    assert "keep it" not in made.words


def test_finalists_no_better_than_the_default_ring_the_alarm():
    rng = np.random.default_rng(2)
    rung = [
        finalists(rng.normal(0.7, 0.03, (3, 10)), rng.normal(0.7, 0.03, 10), ratio=0.25)
        for _ in range(100)
    ]

    share = np.mean([made.alarm for made in rung])
    assert share > 0.7
    assert "The default may do as well" in next(made for made in rung if made.alarm).words


def test_the_alarm_reads_the_honest_gain():
    rng = np.random.default_rng(3)
    y, fold = rng.integers(2, size=150), np.arange(150) % 5
    same = np.where(rng.random((25, 150)) < 0.7, y, 1 - y)
    better = np.where(rng.random((25, 150)) < 0.95, y, 1 - y)
    better[0] = same[0]

    rung = [
        overtuning(honest(P, y, fold, measure("accuracy", y), default=0).gain)
        for P in (same, better)
    ]

    assert [made.alarm for made in rung] == [True, False]
    assert rung[0].choice == -1


@pytest.mark.parametrize(
    ("scores", "default", "told"),
    [
        ([[0.1, 0.2]], [0.1], "of the same folds"),
        ([[0.1, np.nan]], [0.1, 0.2], "Run all folds"),
    ],
)
def test_finalists_that_do_not_fit_are_refused(scores, default, told):
    with pytest.raises(DataError, match=told):
        finalists(scores, default, ratio=0.25)


def test_findings_are_printed_in_words():
    found = gain(0.1, 0.02, 9, 0.9)
    assert str(found) == found.words
    assert str(overtuning(found)) == overtuning(found).words
