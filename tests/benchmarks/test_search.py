"""The benchmark of searches measures what it says."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model, metrics, svm

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
def made():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 4)) * [1, 3, 5, 7]
    return X, X[:, 0] + 0.3 * X[:, 1] + rng.normal(size=90)


def test_metrics_written_out_are_those_of_scikit_learn(made):
    from benchmarks.search.matrices import score

    X, y = made
    two, many = (y > 0.2).astype(int), np.digitize(y, [-1, 0.5])
    logistic, vectors = linear_model.LogisticRegression(), svm.SVC()
    p = logistic.fit(X[:60], two[:60]).predict_proba(X[60:])
    side = vectors.fit(X[:60], two[:60]).decision_function(X[60:])

    assert score(logistic, X[60:], two[60:], "binary") == pytest.approx([
        logistic.score(X[60:], two[60:]),
        metrics.roc_auc_score(two[60:], p[:, 1]), -metrics.log_loss(two[60:], p),
    ])  # fmt: skip
    assert score(vectors, X[60:], two[60:], "binary")[:2] == pytest.approx(
        [vectors.score(X[60:], two[60:]), metrics.roc_auc_score(two[60:], side)]
    )
    said = vectors.fit(X[:60], many[:60]).predict(X[60:])
    assert score(vectors, X[60:], many[60:], "classes") == pytest.approx(
        [np.mean(said == many[60:]), metrics.f1_score(many[60:], said, average="macro")]
    )
    ridge = linear_model.Ridge().fit(X[:60], y[:60])
    said = ridge.predict(X[60:])
    assert score(ridge, X[60:], y[60:], "numbers") == pytest.approx(
        [
            ridge.score(X[60:], y[60:]),
            -metrics.root_mean_squared_error(y[60:], ridge.predict(X[60:])),
        ]
    )


def test_a_replay_fills_in_what_a_race_would_run():
    from benchmarks.search.racing import RULES, replay

    rng = np.random.default_rng(5)
    full = 0.7 + rng.normal(size=(20, 1)) * 0.1 + 0.02 * rng.normal(size=(20, 6))
    count = {
        name: int(np.isfinite(replay(full, partial(rule, highest=1.5), True)).sum())
        for name, rule in RULES.items()
    }

    assert max(count.values()) == count["lossless"] <= full.size
    assert min(count.values()) == count["aggressive"] >= 6 + 19


def test_the_watch_counts_candidates_with_all_folds_and_ends_the_search(made):
    from benchmarks.search.reach import Reached, Watch

    X, y = made
    good, bad = (linear_model.Ridge(alpha).fit(X, y) for alpha in (1e-3, 1e6))
    watch = Watch("r2", 3, 3 * len(y), good.score(X, y), np.inf)
    for _ in range(3):
        watch(good, X[: len(y) // 2], y[: len(y) // 2])  # of half the rows: it does not end
    assert watch.candidates == 1
    watch.candidates = 0
    for _ in range(3):
        watch(good, np.tile(X, (2, 1)), np.tile(y, 2))  # rows that it has learned from
    assert watch.candidates == 0
    watch.candidates = 0
    for model in (good, bad, bad, bad, good):
        watch(model, X, y)
    assert (watch.candidates, watch.at) == (1, None)

    with pytest.raises(Reached):
        watch(good, X, y)
    assert watch.candidates == 2
    assert watch.best == pytest.approx(good.score(X, y))
    assert watch.at >= 0


def test_what_was_run_is_not_run_again(tmp_path, monkeypatch):
    from benchmarks.search import reach

    out, ran = tmp_path / "runs.jsonl", []

    def course(who, table, name, seed, target, most):
        ran.append((who is reach.random, most))
        watch = reach.Watch("r2", 5, 10, target, most)
        watch.best, watch.at = 0.5, None if who is reach.random else 0.0
        return watch

    monkeypatch.setattr(reach, "course", course)
    text, records = reach.run(1, ["FLAML tune"], 1.0, out)
    assert len(ran) == len(records) == 2 * len(reach.TASKS)
    assert [most == np.inf for _, most in ran[:2]] == [True, False]
    assert "| FLAML tune | 1 | 0.00 | 100% |" in text

    assert reach.run(1, ["FLAML tune"], 1.0, out)[0] == text
    assert len(ran) == 2 * len(reach.TASKS)
    both = reach.run(1, ["FLAML tune", "OptunaSearchCV"], 0.0, out)[0]
    assert "FLAML" in both
    assert "Optuna" not in both
    assert reach.run(1, ["OptunaSearchCV"], 0.0, out)[0].startswith("No search")


@pytest.mark.slow
def test_turns_change_who_begins():
    from benchmarks.search.turns import ratio, turns

    order = []
    seconds = turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3,
                    clock=iter([0, 2, 2, 3, 0, 1, 1, 5, 0, 6, 6, 8]).__next__)  # fmt: skip

    assert "".join(order) == "abbaab"
    assert seconds == {"a": [2, 4, 6], "b": [1, 1, 2]}
    assert ratio(seconds, "a", "b") == (3, "2.00 to 4.00")
