"""The honest figure is about right where truth is known, whatever the rows are like."""

import numpy as np
import pytest
from sklearn.metrics import make_scorer

from luthier.errors import DataError
from luthier.estimate import honest, measure

K = 5


def guesses(rng, count, rows, right):
    """Labels of candidates that are right with given probabilities, and the fold of each row."""
    y = rng.integers(3, 5, rows)
    hit = rng.random((count, rows)) < np.broadcast_to(right, count)[:, None]
    return np.where(hit, y, 7 - y), y, np.arange(rows) % K


def repeated(runs, count, rows, right, seed=0):
    """Errors against truth, and whether the interval holds it, over fresh draws."""
    rng = np.random.default_rng(seed)
    naive, error, inside = [], [], []
    for run in range(runs):
        P, y, fold = guesses(rng, count, rows, right)
        made = honest(P, y, fold, measure("accuracy", y), seed=run)
        truth = np.broadcast_to(right, count)[made.best]
        naive.append(made.naive - truth)
        error.append(made.score - truth)
        inside.append(made.low <= truth <= made.high)
    return np.array(naive), np.array(error), np.array(inside)


def test_the_best_of_equals_is_not_flattered():
    naive, error, inside = repeated(60, 40, 100, 0.6)

    assert naive.mean() > 0.07
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(60)
    assert inside.mean() > 0.9 - 3 * np.sqrt(0.9 * 0.1 / 60)


def test_candidates_that_differ_cost_little_pessimism():
    right = np.linspace(0.5, 0.8, 40)

    naive, error, _ = repeated(60, 40, 100, right)

    assert naive.mean() > 0.01
    assert -0.02 < error.mean() < 0.02
    assert np.mean(error**2) < np.mean(naive**2) * 1.5


def test_one_candidate_has_its_own_score():
    P, y, fold = guesses(np.random.default_rng(1), 1, 90, 0.7)

    made = honest(P, y, fold, measure("accuracy", y))

    assert made.score == pytest.approx(np.mean(P[0] == y))
    assert made.naive == pytest.approx(np.mean(P[0] == y))
    assert made.low < made.score < made.high


def test_the_interval_of_one_candidate_is_the_binomial_one_widened_for_the_training_set():
    P, y, fold = guesses(np.random.default_rng(2), 1, 400, 0.7)

    made = honest(P, y, fold, measure("accuracy", y))

    p = np.mean(P[0] == y)
    want = 2 * 1.645 * np.sqrt(p * (1 - p) / 400 * (1 + K / (K - 1)))
    assert made.high - made.low == pytest.approx(want, rel=4 / np.sqrt(2 * 200))  # of 200 resamples


def test_perfect_predictions_leave_doubt():
    y = np.arange(30) % 2
    made = honest(np.stack([y, 1 - y]), y, np.arange(30) % K, measure("accuracy", y))

    # With no error in 30, error rates up to about 3 / 30 are believable.
    assert 0.85 < made.low < 0.97
    assert made.high == 1.0


def test_the_same_seed_gives_the_same_figure_and_the_arguments_stay():
    P, y, fold = guesses(np.random.default_rng(4), 25, 80, 0.6)
    before = P.copy()

    one, other = (honest(P, y, fold, measure("f1_macro", y), seed=7) for _ in range(2))

    assert one == other
    assert np.array_equal(P, before)


def test_rows_in_no_fold_do_not_count():
    P, y, fold = guesses(np.random.default_rng(5), 8, 80, 0.6)
    more = np.concatenate([P, 7 - np.tile(y, (8, 1))], axis=1)  # all wrong
    told = np.concatenate([fold, np.full(80, -1)])

    made = honest(more, np.tile(y, 2), told, measure("accuracy", y), train=64)

    assert made == honest(P, y, fold, measure("accuracy", y), train=64)


def test_the_order_of_labels_and_their_names_do_not_matter():
    P, y, fold = guesses(np.random.default_rng(6), 8, 80, 0.6)
    names = np.array(["?", "?", "?", "ant", "bee"])

    made = honest(names[P], names[y], fold, measure("accuracy", names[y]))

    assert made == honest(P, y, fold, measure("accuracy", y))


def test_repeated_folds_are_no_more_rows():
    P, y, fold = guesses(np.random.default_rng(7), 6, 100, 0.65)
    twice = {"rows": np.tile(np.arange(100), 2), "train": 80}

    once = honest(P, y, fold, measure("accuracy", y), train=80)
    made = honest(
        np.tile(P, 2), y, np.concatenate([fold, fold + K]), measure("accuracy", y), **twice
    )

    assert made.score == pytest.approx(once.score, abs=0.02)
    assert made.high - made.low == pytest.approx(once.high - once.low, rel=0.2)


def test_blocks_that_are_alike_widen_the_interval_and_are_not_cut():
    rng = np.random.default_rng(8)
    y = np.repeat(rng.integers(2, size=40), 10)
    hit = np.repeat(rng.random((30, 40)) < 0.6, 10, axis=1)  # right or wrong by whole blocks
    P, fold, blocks = np.where(hit, y, 1 - y), np.repeat(np.arange(40) % K, 10), np.repeat(
        np.arange(40), 10)  # fmt: skip

    rows = honest(P, y, fold, measure("accuracy", y))
    made = honest(P, y, fold, measure("accuracy", y), blocks=blocks)

    assert made.high - made.low > 2 * (rows.high - rows.low)
    assert rows.score > 0.7 > made.score  # cut blocks tell who is lucky on the rest of them


def test_weights_are_those_of_the_scorer():
    P, y, fold = guesses(np.random.default_rng(9), 1, 60, 0.6)
    weights = np.where(P[0] == y, 3.0, 1.0)

    made = honest(P, y, fold, measure("accuracy", y), weights=weights)

    assert made.score == pytest.approx(weights[P[0] == y].sum() / weights.sum())


def test_areas_compare_within_folds_only():
    rng = np.random.default_rng(10)
    y, fold = rng.integers(2, size=200), np.arange(200) % K
    scores = y + rng.normal(size=(3, 200))

    shifted = honest(scores + 100 * fold, y, fold, measure("roc_auc", y))

    assert shifted == honest(scores, y, fold, measure("roc_auc", y))
    assert shifted.score > 0.65


@pytest.mark.slow
def test_average_precision_is_pooled_and_not_flattered_by_small_folds():
    rng = np.random.default_rng(11)
    made, truth = [], 0.36  # of 200,000 rows: a tenth positive, scores 1.2 higher
    y, fold = (np.arange(100) < 10).astype(int), np.arange(100) % K
    for _ in range(60):
        made.append(honest(rng.normal(size=(1, 100)) + 1.2 * y, y, fold,
                           measure("average_precision", y)))  # fmt: skip

    score, naive = (np.mean([getattr(m, name) for m in made]) for name in ("score", "naive"))
    assert abs(score - truth) < 4 * 0.13 / np.sqrt(60)
    assert naive > truth + 0.1


@pytest.mark.slow
def test_ratios_are_not_crooked_by_few_rows():
    # One candidate, so nothing is chosen: half of the target's variance is told.
    rng = np.random.default_rng(19)
    made, plain = [], []
    fold = np.arange(25) % K
    for _ in range(400):
        told = rng.normal(4, 1, (1, 25))
        y = told[0] + rng.normal(size=25)
        how = measure("r2", y)
        made.append(honest(told, y, fold, how).score)
        plain.append(1 - np.mean((y - told[0]) ** 2) / np.var(y))

    error = np.std(made) / np.sqrt(400)
    assert abs(np.mean(made) - 0.5) < 3 * error
    assert np.mean(plain) < 0.5 - 3 * error


def test_nothing_is_taken_off_from_a_mean_whatever_rows_count():
    rng = np.random.default_rng(20)
    y = rng.normal(9, 2, 67)
    told, weights, blocks = y[None] + rng.normal(size=(1, 67)), rng.gamma(2, size=67), np.arange(
        67) // 3  # fmt: skip

    made = honest(told, y, np.arange(67) % K, measure("neg_mean_squared_error", y),
                  weights=weights, blocks=blocks)  # fmt: skip

    assert made.score == pytest.approx(-np.average((y - told[0]) ** 2, weights=weights))


def test_a_candidate_without_a_score_never_wins():
    rng = np.random.default_rng(12)
    y = rng.normal(5, 2, 60)
    P = y + rng.normal(size=(3, 60))
    P[1, 7] = np.nan

    made = honest(P, y, np.arange(60) % K, measure("neg_mean_absolute_error", y))

    assert made.best != 1
    assert made.score == pytest.approx(-np.mean(np.abs(P[[0, 2]] - y)), rel=0.1)


def test_a_slow_scorer_gives_about_the_same_with_less_work_and_says_so():
    P, y, fold = guesses(np.random.default_rng(13), 30, 100, 0.6)

    def share(y, given):
        return float(np.mean(y == given))

    slow = honest(P, y, fold, measure(make_scorer(share), y))
    fast = honest(P, y, fold, measure("accuracy", y))

    assert slow.score == pytest.approx(fast.score, abs=0.04)
    assert slow.naive == pytest.approx(fast.naive)
    assert "20 of 30 candidates" in slow.note
    assert not fast.note


def test_the_gain_over_the_default_is_honest():
    rng = np.random.default_rng(14)
    right = np.full(30, 0.6)
    gains = []
    for run in range(40):
        P, y, fold = guesses(rng, 30, 100, right)
        gains.append(honest(P, y, fold, measure("accuracy", y), default=3, seed=run).gain)

    mean = np.mean([g.mean for g in gains])
    error = np.std([g.mean for g in gains]) / np.sqrt(40)
    assert abs(mean) < 3 * error
    assert np.mean([g.verdict == "unclear" for g in gains]) > 0.8


def test_a_real_gain_is_seen():
    right = np.full(30, 0.9)
    right[0] = 0.6
    P, y, fold = guesses(np.random.default_rng(15), 30, 200, right)

    made = honest(P, y, fold, measure("accuracy", y), default=0).gain

    assert made.verdict == "better"
    assert made.chance < 0.001
    assert made.low < 0.3 < made.high


def test_another_winner_stands_below_the_best():
    P, y, fold = guesses(np.random.default_rng(16), 12, 100, np.linspace(0.5, 0.8, 12))
    chosen = honest(P, y, fold, measure("accuracy", y))

    other = honest(P, y, fold, measure("accuracy", y), best=2)

    apart = np.mean(P[2] == y) - np.mean(P[chosen.best] == y)
    assert other.score == pytest.approx(chosen.score + apart)
    assert other.best == 2


def test_words_say_what_to_expect():
    P, y, fold = guesses(np.random.default_rng(17), 30, 100, 0.6)

    words = honest(P, y, fold, measure("accuracy", y)).words

    assert "on new rows (90% interval" in words
    assert "best of 30 candidates" in words
    assert "too much" in words


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fold": np.zeros(60, int)}, "two folds"),
        ({"blocks": np.zeros(60, int)}, "smaller blocks"),
        ({"weights": np.ones(7)}, "weights has 7"),
        ({"fold": np.arange(9) % 3}, "one for each"),
        ({"predictions": np.zeros((2, 59))}, r"\(2, 59\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, told):
    P, y, fold = guesses(np.random.default_rng(18), 4, 60, 0.6)
    given = {"predictions": P, "y": y, "fold": fold, "measure": measure("accuracy", y)} | change

    with pytest.raises(DataError, match=told):
        honest(**given)


@pytest.mark.parametrize("seed", range(4))
def test_the_only_candidate_gains_nothing_over_itself(seed):
    """Sums in two orders differ in the last digit, which is no gain."""
    P, y, fold = guesses(np.random.default_rng(seed), 1, 97, 0.7)

    made = honest(P, y, fold, measure("accuracy", y), default=0)

    assert (made.gain.mean, made.gain.low, made.gain.high) == (0, 0, 0)
    assert "nothing is gained" in made.gain.words
