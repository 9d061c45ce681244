import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.numerics.racing import OWN, PRIOR, Race, hopeless, incumbent, next_tasks

NAN = np.nan


def race(full, jobs=1, promising=True, **rule):
    """Scores and dropped rows after a search in which J workers finish together."""
    scores, dropped = np.full(full.shape, NAN), np.zeros(len(full), dtype=bool)
    while tasks := next_tasks(scores, dropped, jobs, promising=promising):
        for row, fold in tasks:
            scores[row, fold] = full[row, fold]
        dropped |= hopeless(scores, **rule)
    return scores, dropped


def gaussian(rng, C=40, K=10, candidates=1.0, noise=1.0):
    """Scores around means of candidates and of folds."""
    return (
        -7 + candidates * rng.normal(size=(C, 1)) + 0.8 * rng.normal(size=K)
        + noise * rng.normal(size=(C, K))
    )  # fmt: skip


# -- the incumbent --------------------------------------------------------------------------------


def test_only_complete_rows_without_a_failure_can_lead_and_the_first_of_equals_does():
    scores = np.array([[9, NAN, 9], [2, 4, 3], [9, 9, -np.inf], [4, 3, 2]])

    assert incumbent(scores) == 1
    assert incumbent(scores[[0, 2]]) == -1
    assert incumbent(np.empty((0, 3))) == -1


# -- lossless -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(2, 6), st.integers(1, 3),
    st.integers(1, 12), st.booleans(),
)  # fmt: skip
def test_lossless_never_changes_the_winner(seed, C, K, jobs, steps, promising):
    rng = np.random.default_rng(seed)
    full = 1 - rng.integers(0, steps + 1, size=(C, K)) / steps * rng.random((C, 1))

    scores, dropped = race(full, jobs, promising, rule="lossless", highest=1.0)

    assert incumbent(scores) == np.argmax(full.mean(axis=1))
    assert (np.isnan(scores).any(axis=1) == dropped).all()


def test_lossless_drops_exactly_what_no_outcome_could_save():
    """Each outcome of the open folds is tried, where a fold is 0, 1 or 2 out of 2."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        scores = rng.integers(0, 3, size=(4, 3)) / 2
        scores[1:, 1:][rng.random((3, 2)) < 0.6] = NAN
        best = incumbent(scores)
        could = np.array([
            max((np.where(np.isnan(row), fill, row).mean(), -r) for fill in (0, 0.5, 1))
            >= (scores[best].mean(), -best)
            for r, row in enumerate(scores)
        ])  # fmt: skip
        open_ = np.isnan(scores).any(axis=1)

        assert (hopeless(scores, rule="lossless", highest=1.0) == (open_ & ~could)).all()


def test_without_a_highest_score_lossless_drops_failures_only():
    scores = np.array([[5.0, 6, 7], [-1e30, NAN, NAN], [6, -np.inf, NAN], [NAN, NAN, NAN]])

    assert hopeless(scores, rule="lossless").tolist() == [False, False, True, False]


# -- forgiving ------------------------------------------------------------------------------------


def test_forgiving_compares_the_mean_so_far_with_the_worst_fold():
    scores = np.array([[0.5, 0.8, 0.9], [0.4, 0.6, NAN], [0.5, 0.6, NAN], [NAN, NAN, NAN]])

    assert hopeless(scores, rule="forgiving").tolist() == [False, True, False, False]


# -- likely ---------------------------------------------------------------------------------------


def switch(scores, row):
    """The `chance` at which the row begins to be dropped, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if hopeless(scores, chance=middle)[row] else (middle, high)
    return high


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_chance_is_that_of_drawing_the_folds_that_are_left(n):
    """Against draws from the posterior: variance, then mean gap, then the other folds."""
    rng, draws, K = np.random.default_rng(n), 200_000, 5
    scores = np.array([[3.0, 5, 4, 7, 6], [NAN] * 5])
    scores[1, :n] = scores[0, :n] - np.array([1.9, 0.7, 2.5, 1.1])[:n]
    gap, own = np.mean([1.9, 0.7, 2.5, 1.1][:n]), scores[0].var(ddof=1)
    squares = n * np.var([1.9, 0.7, 2.5, 1.1][:n])
    shared = (OWN * own + squares) / (OWN + n - 1)

    v = (PRIOR * shared + squares) / rng.chisquare(PRIOR + n - 1, size=draws)
    mean = rng.normal(gap, np.sqrt(v / n))
    rest = rng.normal(mean, np.sqrt(v / (K - n)))
    ahead = np.mean(n * gap + (K - n) * rest <= 0)

    assert abs(switch(scores, 1) - ahead) < 5 * np.sqrt(ahead * (1 - ahead) / draws)


@pytest.mark.slow
@pytest.mark.parametrize("promising", [True, False])
def test_the_winner_is_rarely_lost_and_half_the_folds_are_saved(promising):
    rng, searches, lost, folds = np.random.default_rng(8), 60, 0, 0
    for _ in range(searches):
        full = gaussian(rng, C=20, candidates=2.0)
        scores, _ = race(full, promising=promising)
        lost += incumbent(scores) != np.argmax(full.mean(axis=1))
        folds += np.isfinite(scores).sum()

    assert lost <= 0.02 * searches + 5 * np.sqrt(0.02 * 0.98 * searches)
    assert folds < 0.5 * searches * full.size


def test_a_row_that_would_end_ahead_is_dropped_no_more_often_than_stated():
    """One candidate as good as the incumbent: it ends ahead in half of the searches."""
    rng, searches, chance, wrong = np.random.default_rng(4), 2000, 0.05, 0
    for _ in range(searches):
        full = gaussian(rng, C=2, candidates=0.0)
        scores = np.where(np.arange(10) < [[10], [3]], full, NAN)
        ahead = full[1].mean() > full[0].mean()
        wrong += ahead and hopeless(scores, chance=chance)[1]

    assert wrong <= chance * searches + 5 * np.sqrt(chance * (1 - chance) * searches)


@pytest.mark.parametrize("rule", ["forgiving", "likely"])
def test_units_and_order_of_rows_do_not_matter(rule):
    rng = np.random.default_rng(6)
    scores = gaussian(rng, C=30, candidates=3.0)
    scores[1:][np.arange(10) >= rng.integers(1, 11, size=(29, 1))] = NAN
    before = hopeless(scores, rule=rule)
    order = rng.permutation(30)

    assert 3 < before.sum() < 27
    assert (hopeless(1e-7 * scores - 20e-7, rule=rule) == before).all()
    assert (hopeless(scores[order], rule=rule) == before[order]).all()


def test_twins_of_the_incumbent_do_not_make_one_fold_of_another_decide():
    best = np.array([0.90, 0.80, 0.95, 0.85, 0.88])
    scores = np.vstack([np.tile(best, (20, 1)), [0.80, NAN, NAN, NAN, NAN]])

    assert not hopeless(scores).any()


def test_a_perfect_incumbent_without_a_known_highest_score_drops_nothing():
    scores = np.array([[1.0, 1, 1, 1], [0.99, NAN, NAN, NAN], [1, 1, NAN, NAN]])

    assert not hopeless(scores).any()
    assert hopeless(scores, highest=1.0).tolist() == [False, True, True]


@pytest.mark.parametrize("rule", ["lossless", "forgiving", "likely"])
def test_strange_scores_neither_raise_nor_end_in_a_wrong_winner(rule):
    cases = [
        np.array([[1e308, 1e308], [-1e308, 1e308], [1e308, 1.1e308]]),
        np.array([[-1e200, 1e200, 3], [2, 1, 5], [-np.inf, 1, 2]]),
        np.array([[-np.inf, 2.0], [-np.inf, -np.inf]]),
        np.array([[0.7, 0.2, 0.4]]),
        np.full((5, 2), 0.5),
        np.array([[0.3], [0.9], [0.9]]),
    ]
    for full in cases:
        for promising in (True, False):
            scores, _ = race(full, jobs=2, promising=promising, rule=rule)

            assert incumbent(scores) == incumbent(full)


# -- what to run next -----------------------------------------------------------------------------


def test_one_row_is_completed_first_and_then_each_worker_takes_another():
    scores, none = np.full((3, 4), NAN), np.zeros(3, dtype=bool)

    assert next_tasks(scores, none, 3, promising=False) == [(0, 0), (0, 1), (0, 2)]
    assert next_tasks(scores, none, 4) == [(0, 0), (1, 0), (2, 0)]
    scores[0] = [0.3, 0.4, 0.5, 0.3]
    assert next_tasks(scores, none, 3, promising=False) == [(1, 0), (2, 0), (1, 1)]


def test_the_promising_go_first_and_hard_folds_are_allowed_for():
    scores = np.array([[0.9, 0.5, NAN], [0.8, NAN, NAN], [0.6, NAN, NAN], [0.1, -0.3, NAN]])

    got = next_tasks(scores, np.array([False, False, True, False]), 9)

    assert got == [(0, 2), (1, 1), (1, 2), (3, 2)]


def test_what_runs_is_not_handed_out_again_and_jobs_bound_the_list():
    scores, none = np.full((3, 3), NAN), np.zeros(3, dtype=bool)
    running = np.zeros((3, 3), dtype=bool)
    handed = []
    while tasks := next_tasks(scores, none, 2, running=running):
        assert len(tasks) <= 2
        handed += tasks
        running[tuple(np.transpose(tasks))] = True

    assert sorted(handed) == [(r, k) for r in range(3) for k in range(3)]
    assert next_tasks(scores, none, 0) == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_fold_is_run_once_where_nothing_is_dropped(jobs):
    full = gaussian(np.random.default_rng(2), C=7, K=3)

    scores, dropped = race(full, jobs, rule="lossless")

    assert not dropped.any()
    assert (scores == full).all()


# -- the same, remembered -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["lossless", "forgiving", "likely"]),
    st.integers(1, 4), st.booleans(),
)  # fmt: skip
def test_a_race_that_is_told_fold_by_fold_says_what_the_functions_say(seed, rule, jobs, promising):
    rng = np.random.default_rng(seed)
    full = gaussian(rng, C=12, K=5) if seed % 2 else rng.integers(0, 5, size=(12, 5)) / 4
    full[rng.random(full.shape) < 0.03] = -np.inf
    told = Race(np.full(full.shape, NAN), rule=rule, highest=1.0)
    scores, dropped = np.full(full.shape, NAN), np.zeros(12, dtype=bool)

    while tasks := next_tasks(scores, dropped, jobs, promising=promising):
        assert told.next_tasks(dropped, jobs, promising=promising) == tasks
        for row, fold in tasks:
            scores[row, fold] = full[row, fold]
            told.put(row, fold, full[row, fold])
        assert told.best == incumbent(scores)
        lost = hopeless(scores, rule=rule, highest=1.0)
        assert (told.hopeless() == lost).all()
        dropped |= lost

    assert told.next_tasks(dropped, jobs, promising=promising) == []


def test_a_race_keeps_scores_of_its_own():
    scores = np.full((2, 3), NAN)

    Race(scores).put(0, 0, 1.0)

    assert np.isnan(scores).all()
