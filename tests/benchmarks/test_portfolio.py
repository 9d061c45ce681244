"""Portfolios: what is chosen complements what was chosen before."""

import json

import numpy as np
import pytest
from benchmarks.portfolio import against, regret, tables
from benchmarks.portfolio.choose import Judged, curves, greedy, left_out, regrets
from benchmarks.portfolio.learners import LEARNERS, configurations

from luthier.sklearn import SearchCV


def test_regret_is_0_for_the_best_and_1_from_the_median_of_the_random_ones_on():
    got = regrets([0.6, 0.9, 0.5, 0.7, None, 0.8])

    # Of 0.9, 0.5, 0.7, a failure and 0.8 the median is 0.7.
    assert got.tolist() == pytest.approx([1, 0, 1, 1, 1, 0.5])
    assert regrets([0.4, 0.4, 0.4]) is None


def test_each_point_complements_the_ones_before():
    # Point 1 is best on average, point 3 where 1 fails; point 2 is a weaker twin of 1.
    R = np.array([[0.8, 0.1, 0.2, 1.0], [0.8, 0.1, 0.2, 1.0], [0.8, 0.9, 0.7, 0.3]])

    assert greedy(R, most=2, least=0) == [0, 1, 3]
    assert greedy(R, least=0) == [0, 1, 3]
    assert greedy(R, least=3) == [0, 1, 3, 2]


def test_a_curve_is_the_best_so_far():
    R = np.array([[0.8, 0.9, 0.2]])

    assert curves(R, [0, 1, 2]).tolist() == [[0.8, 0.8, *[0.2] * 6]]


def test_a_table_has_no_say_in_the_portfolio_that_is_tested_on_it():
    # What is good on table b is useless on table a, and the other way round.
    R = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    chosen, drawn = left_out(Judged("x", [], R, ("a", "b")), np.random.default_rng(3))

    assert chosen[:, 1].tolist() == [1.0, 1.0]
    assert np.allclose(drawn[:, 1], 0.5, atol=5 * np.sqrt(0.25 / 300))


@pytest.mark.parametrize("name", ["SVC", "SVR", "KNeighbors", "DecisionTree", "RandomForest"])
def test_configurations_begin_with_the_default_and_are_the_same_each_time(name):
    learner = next(learner for learner in LEARNERS if learner.name == name)
    task = "classification" if learner.classifier else "regression"
    made = configurations(learner, task)

    assert made == configurations(learner, task)
    assert len(made) == learner.draws + 1
    assert "n_estimators" not in made[0]
    assert not [p for p in made if "gamma_value" in p]


# -- against other optimisers ---------------------------------------------------------------------


def table(rows=90, columns=4):
    """A small table of two classes, in the folds of `StratifiedKFold`, and what it is cut from."""
    from sklearn.datasets import make_classification
    from sklearn.model_selection import StratifiedKFold

    X, y = make_classification(rows, columns, n_redundant=0, flip_y=0.2, random_state=3)
    cut = StratifiedKFold(tables.FOLDS, shuffle=True, random_state=7)
    folds = tuple(
        tables.Fold(X[train], y[train], X[test], y[test]) for train, test in cut.split(X, y)
    )
    return tables.Table("made/up", "classification", rows, columns, 2, folds), X, y, cut


def contest(learner="KNeighbors", rows=90):
    made, X, y, cut = table(rows)
    known = next(one for one in LEARNERS if one.name == learner)
    return against.Contest(known, made, {}), X, y, cut


def test_the_contestant_of_ours_begins_as_the_search_does():
    mine, X, y, cut = contest(rows=400)  # with fewer, points of the portfolio fall together
    against.luthier(mine, 5, 10)

    search = SearchCV(
        mine.learner.estimator("classification"), trials=10, cv=cut, scoring="roc_auc",
        random_state=5, racing=False, honest=False, refit=False,
    ).fit(X, y)  # fmt: skip

    found = search.cv_results_["mean_test_score"]
    assert mine.scores == pytest.approx(found.tolist(), abs=1e-5)  # ours are rounded
    assert len(mine.made.portfolio) == 8
    assert len(set(mine.scores)) > 5


def test_everybody_tries_as_many_points_of_the_same_space_and_each_is_scored_once():
    mine, *_ = contest("DecisionTree")

    against.CONTESTANTS["random"](mine, 3, 6)
    again = against.Contest(mine.learner, mine.table, mine.known)
    against.CONTESTANTS["random"](again, 3, 6)

    assert len(mine.scores) == 6
    assert again.scores == mine.scores
    assert len(mine.known) <= 6


def test_a_fit_that_fails_counts_as_the_worst():
    mine, *_ = contest("DecisionTree")

    assert mine.score_of({"max_depth": -4}) == 0.0
    assert mine.scores == [0.0]


def test_contests_are_on_tables_that_were_not_recorded(tmp_path):
    used = {"table": tables.CLASSES[0].name, "task": "classification"}
    path = tmp_path / "record.jsonl"
    path.write_text("{}\n" + json.dumps(used) + "\n")

    found = against.contests(path)

    names = list(dict.fromkeys(source.name for source, *_ in found))
    assert names[::2] == [source.name for source in tables.CLASSES[1 : 1 + against.EACH]]
    assert names[1::2] == [source.name for source in tables.NUMBERS[: against.EACH]]
    assert {learner.name for _, task, learner in found if task == "regression"} == {
        "SVR", "KNeighbors", "DecisionTree", "LGBM"
    }  # fmt: skip


def run(who, scores, seed=0, name="a"):
    return {"table": name, "learner": "x", "contestant": who, "seed": seed, "scores": scores,
            "trials": 60, "seconds": 1.0, "task": "regression"}  # fmt: skip


def test_regret_counts_from_the_median_of_random_candidates_to_the_best_of_all():
    random = [0.1, 0.3, 0.5, 0.2, 0.4] * 12  # median 0.3
    ours = [0.2] * 9 + [0.5] + [0.6] * 20 + [0.7] * 30
    theirs = [0.1] * 59 + [0.5]

    made = regret.regrets([run("random", random), run("luthier", ours), run("optuna", theirs)])

    assert made["a", "x", "luthier"] == pytest.approx({10: 0.5, 60: 0.0})
    assert made["a", "x", "optuna"] == pytest.approx({10: 1.0, 60: 0.5})
    assert made["a", "x", "random"] == pytest.approx({10: 0.5, 60: 0.5})


def test_tables_are_drawn_as_a_whole():
    found = {"a": [(0.2, 0.4), (0.0, 0.8)], "b": [(0.6, 0.6)]}

    mean, drawn = regret.over_tables(found)

    assert mean.tolist() == pytest.approx([0.8 / 3, 0.6])
    assert {round(value, 6) for value in drawn[:, 0]} == {0.1, 0.6, round(0.8 / 3, 6)}


def test_the_table_compares_on_the_same_tasks_only():
    flat = [0.1, 0.3] * 30
    records = [
        run("random", flat), run("luthier", [0.5] * 60), run("flaml", [0.4] * 60),
        run("random", flat, name="b"), run("luthier", [0.2] * 60, name="b"),
    ]  # fmt: skip

    lines, raw = regret.table(records)

    told = next(one for one in raw if one["contestant"] == "flaml" and one["after"] == 10)
    assert told["ours"] == pytest.approx(0.0)
    assert told["regret"] == pytest.approx(1 / 3)
    assert any("FLAML" in line and "| 10 | 1 | 1 |" in line for line in lines)


def test_the_promise_is_half_after_10_and_less_after_60():
    def one(who, after, ratio):
        return {"contestant": who, "after": after, "ratio": [ratio, 0.1, 2.0]}

    told = regret.verdict([
        one("luthier", 10, 1.0), one("flaml", 10, 0.5), one("flaml", 60, 1.0),
        one("random", 10, 0.6), one("random", 60, 0.9), one("hebo", 10, 0.6),
    ])  # fmt: skip

    flaml, random, hebo = told.split("; ")
    assert hebo == "HEBO: missed after 10."
    assert "FLAML" in flaml
    assert flaml.endswith("kept after 10, missed after 60")
    assert random == "random: missed after 10, kept after 60"
