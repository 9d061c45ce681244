"""The threshold is the best one, and what is said of it holds on new rows."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from luthier.errors import DataError
from luthier.estimate import best_threshold, honest, measure


def rare(rng, rows, share=0.15, shift=1.3):
    """Scores that are higher for a rare class, targets, folds."""
    y = (rng.random(rows) < share).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + shift * y - 2)))
    return scores, y, np.arange(rows) % 5


def test_the_threshold_is_the_best_there_is():
    scores, y, fold = rare(np.random.default_rng(0), 80)

    made = best_threshold(scores, y, fold, measure("f1", y))

    tried = np.concatenate([np.sort(scores), [0.5]])
    best = max(f1_score(y, scores >= cut) for cut in tried)
    assert f1_score(y, scores >= made.value) == pytest.approx(best)
    assert made.value < 0.5


@pytest.mark.slow
def test_its_figure_holds_on_new_rows():
    rng = np.random.default_rng(1)
    errors, inside = [], []
    for _ in range(40):
        scores, y, fold = rare(rng, 120)
        made = best_threshold(scores, y, fold, measure("balanced_accuracy", y))
        fresh, truth, _ = rare(rng, 20_000)
        real = balanced_accuracy_score(truth, fresh >= made.value)
        errors.append(made.honest.score - real)
        inside.append(made.honest.low <= real <= made.honest.high)

    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(40)
    assert np.mean(inside) > 0.9 - 3 * np.sqrt(0.9 * 0.1 / 40)


def test_the_gain_is_over_the_usual_threshold():
    scores, y, fold = rare(np.random.default_rng(2), 400)

    made = best_threshold(scores, y, fold, measure("balanced_accuracy", y), usual=0.5)

    # Both lose the bias of few rows, by the same jackknife.
    usual = (scores >= 0.5).astype(int)
    plain = honest(usual[None], y, fold, measure("balanced_accuracy", y)).score
    assert plain == pytest.approx(balanced_accuracy_score(y, usual), abs=0.001)
    assert made.honest.gain.mean == pytest.approx(made.honest.score - plain, rel=1e-12)
    assert made.honest.gain.verdict == "better"
    assert "Beside the usual threshold: It is better" in made.words


def test_classifier_and_threshold_are_chosen_together():
    rng = np.random.default_rng(3)
    scores, y, fold = rare(rng, 300, shift=2.5)
    names = np.array(["bad", "good"])[y]

    made = best_threshold(
        np.stack([rng.random(300), 10 * scores - 4, rng.random(300)]), names, fold,
        measure("balanced_accuracy", names), usual=0.0,
    )  # fmt: skip

    assert made.candidate == 1
    assert -4 < made.value < 6


def test_equally_good_thresholds_give_the_middle():
    y = np.array([0, 1] * 10)
    scores = np.where(y == 1, 0.9, 0.1) + np.linspace(0, 0.01, 20)

    made = best_threshold(scores, y, np.arange(20) % 4, measure("accuracy", y), usual=0.3)

    assert 0.3 <= made.value <= 0.51


@pytest.mark.parametrize(
    ("y", "name"), [(np.arange(30) % 3, "accuracy"), (np.arange(30) % 2, "roc_auc")]
)
def test_only_labels_of_two_classes_have_a_threshold(y, name):
    with pytest.raises(DataError, match="two classes and a measure of predicted labels"):
        best_threshold(np.linspace(0, 1, 30), y, np.arange(30) % 5, measure(name, y))
