"""What quick learners are scored on besides: nothing of it tells of tables that are left out."""

import json

import numpy as np
import pytest
from benchmarks.portfolio import refine, tables
from benchmarks.portfolio.choose import Judged, judged, left_out, left_out_asking, regrets
from benchmarks.portfolio.learners import LEARNERS

from luthier.models.presets.portfolio import absolute


def learner(name):
    return next(one for one in LEARNERS if one.name == name)


def table(name="made/up", rows=60, scale=40.0):
    rng = np.random.default_rng(len(name))
    X = rng.normal(size=(rows, 3))
    y = scale * (X[:, 0] + 0.3 * rng.normal(size=rows))
    cuts = np.array_split(np.arange(rows), tables.FOLDS)
    folds = tuple(
        tables.Fold(np.delete(X, cut, 0), np.delete(y, cut), X[cut], y[cut]) for cut in cuts
    )
    return tables.Table(name, "regression", rows, 3, 0, folds)


def test_portable_settings_say_the_same_on_a_table_of_the_same_shape():
    params = {"C": 35.0, "gamma": "value", "gamma_value": 0.05, "epsilon": 2.0}

    made = refine.portable("SVR", params, 6, 20.0)

    assert made == {"C/spread": 1.75, "gamma": "value", "gamma_value*columns": 0.3,
                    "epsilon/spread": 0.1}  # fmt: skip
    assert absolute(made, 6, 20.0) == pytest.approx(params)
    assert absolute(made, 3, 2.0)["gamma_value"] == pytest.approx(0.1)
    assert absolute(made, 3, 2.0)["C"] == pytest.approx(3.5)


def test_a_search_begins_from_what_was_drawn_and_its_best_is_known(monkeypatch):
    monkeypatch.setattr(refine, "SEARCHED", 5)
    case = refine.Case(learner("SVR"), table())
    drawn = refine.drawn(learner("SVR"), "regression")[:6]

    found = case.search(drawn)

    assert len(found) == 5
    assert len(case.known) == len({refine.key_of(p) for p in [*drawn, *found]})
    top = max(s["r2"] for s in case.known.values() if s["r2"] is not None)
    assert case.known[refine.key_of(case.best("r2"))]["r2"] == top
    assert all("C/spread" in params for params in found)


def test_what_is_held_out_is_never_learned_from():
    for task, names in tables.HELD_OUT.items():
        learned = {source.name for source in tables.to_learn_from(task)}

        assert len(names) == 3
        assert not learned & set(names)
        assert len(learned) > 20


def test_a_record_goes_on_where_it_stopped(tmp_path, monkeypatch):
    sources = [tables.Source("made", "a", "y"), tables.Source("made", "bb", "y")]
    monkeypatch.setattr(refine, "QUICK", ("Ridge",))
    monkeypatch.setattr(refine, "SEARCHED", 2)
    monkeypatch.setattr(tables, "to_learn_from", lambda task: sources)
    monkeypatch.setattr(tables, "load", lambda source, task: table(source.name))
    old, out = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    drawn = refine.drawn(learner("Ridge"), "regression")
    old.write_text(json.dumps({"configurations": {"Ridge regression": drawn}}) + "\n")

    refine.refine(old, out, minutes=-1, count=2)
    assert not out.exists()
    refine.refine(old, out, minutes=9, count=2)
    once = out.read_text()
    refine.refine(old, out, minutes=9, count=2)

    assert out.read_text() == once
    lines = [json.loads(line) for line in once.splitlines()]
    assert [line["stage"] for line in lines] == ["drawn"] * 2 + ["searched"] * 2 + ["shared"] * 2
    (one,) = judged(old, out)
    assert one.drawn == len(drawn)
    assert one.regrets.shape[0] == 2
    assert one.regrets.shape[1] > len(drawn)
    assert {frozenset(found) for found in one.finders.values()} <= {
        frozenset({"made/a"}), frozenset({"made/bb"}), frozenset({"made/a", "made/bb"})
    }  # fmt: skip


def test_the_median_is_that_of_what_was_drawn():
    got = regrets([0.6, 0.9, 0.5, 0.7, 1.0, 1.1], 4)

    # Of 0.9, 0.5 and 0.7 the median is 0.7, and the best of all is 1.1.
    assert got.tolist() == pytest.approx([1, 0.5, 1, 1, 0.25, 0])


def test_what_a_search_found_on_a_table_is_not_there_where_it_is_left_out():
    # Setting 2 was found on table a, where it is perfect; without a, only 0 and 1 are left.
    R = np.array([[1.0, 0.6, 0.0], [1.0, 0.6, 0.2], [1.0, 0.6, 0.2]])
    one = Judged("x", [], R, ("a", "b", "c"), 2, {2: {"a"}})

    chosen, _ = left_out(one, np.random.default_rng(3))
    asking = left_out_asking(one)

    assert chosen[:, -1].tolist() == asking[:, -1].tolist() == [0.6, 0.2, 0.2]


def test_asking_follows_what_was_seen_on_the_table_that_is_left_out():
    rng = np.random.default_rng(4)
    kind = np.repeat([0, 1], 15)
    quality = np.linspace(0, 1, 20)
    R = np.where(kind[:, None] == 0, quality, 1 - quality) + 0.02 * rng.random((30, 20))
    R[:, 0] = 0.7  # the default says nothing
    R = np.clip(R[:, [0, *(1 + rng.permutation(19))]], 0, 1)
    one = Judged("x", [], R, tuple(f"t{i}" for i in range(30)))

    asking = left_out_asking(one)

    best_of_8 = np.sort(R, axis=1)[:, 0]
    assert (asking[:, -1] - best_of_8).mean() < 0.02
