"""The benchmark of schedulers: its clock, its tables, and what it says of runs."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def toy(**changes):
    """Three configurations of four epochs; the second is the best in the end, the third first."""
    from benchmarks.fidelity.tables import Table

    made = {
        "name": "toy",
        "space": Space(x=Float(-3, 9), kind=Choice("b", "a")),
        "X": np.array([[0.125, 0.25], [0.625, 0.25], [0.75, 0.75]]),
        "steps": np.array([1, 2, 3, 4]),
        "losses": np.array([[9.0, 8, 7, 6], [7, 5, 3, 2], [4, 4, 4, 4]]),
        "seconds": np.array([[1.0, 1, 1, 1], [2, 2, 2, 2], [0.5, 0.5, 0.5, 0.5]]),
    }
    return Table(**{**made, **changes})


class Script:
    """Asks for rows of the toy table in turn: (row, upto, since, stop at)."""

    package = "luthier"

    def __init__(self, table, jobs, walks=True):
        from benchmarks.fidelity.clock import Job

        rows = table.space.decode(table.X)
        self.stops = [stop for *_, stop in jobs]
        self.jobs = [
            Job(rows[row], i, upto, since, walks) for i, (row, upto, since, _) in enumerate(jobs)
        ]
        self.heard, self.ended, self.turn = [], [], 0

    def ask(self):
        if self.turn == len(self.jobs):
            return None
        self.turn += 1
        return self.jobs[self.turn - 1]

    def report(self, job, step, loss):
        self.heard.append((job.token, step, loss))
        return step == self.stops[job.token]

    def end(self, job, step, loss, stopped):
        self.ended.append((job.token, step, loss, stopped))


def test_the_nearest_configuration_of_the_same_kind_answers():
    table = toy()

    assert table.find({"x": 0.0, "kind": "b"}) == 0
    assert table.find({"x": 6.5, "kind": "b"}) == 1  # x of the third is nearer
    assert table.find({"x": -3.0, "kind": "a"}) == 2


def test_regret_is_0_for_the_best_and_1_for_the_median():
    assert toy().regrets.tolist() == [2.0, 0.0, 1.0]


def test_the_target_is_what_random_search_has_after_its_full_trials():
    # A tenth of the space has the best, and a hundredth nearly: among 60 draws, one is the best.
    X = np.linspace(0.05, 0.95, 10)[:, None]
    losses = np.arange(3.0, 13)[:, None]
    table = toy(space=Space(x=Float(-3, 9)), X=X, losses=losses, steps=np.array([1]))

    assert table.target == 0.0
    assert table.budget == 60


def test_a_worker_pays_for_each_step_and_stops_where_it_is_told():
    from benchmarks.fidelity import clock

    table = toy()
    script = Script(table, [(0, 4, 0, 2), (1, 4, 0, None), (2, 1, 0, None)])

    got = clock.run(table, script, 1)

    assert script.heard[:2] == [(0, 1, 9.0), (0, 2, 8.0)]
    assert script.ended == [(0, 2, 8.0, True), (1, 4, 2.0, False), (2, 1, 4.0, False)]
    assert got["spent"] == 2 + 4 + 1
    assert got["seconds"] == 2 * 1 + 4 * 2 + 1 * 0.5
    assert (got["stopped"], got["full"], got["tried"]) == (1, 1, 3)
    # The third leads at its first step, but who came furthest is recommended.
    assert (got["units"], got["clock"], got["regret"]) == ([2, 6], [2.0, 10.0], [2.0, 0.0])


def test_workers_run_side_by_side_and_who_goes_on_pays_for_new_steps_only():
    from benchmarks.fidelity import clock

    table = toy()
    script = Script(table, [(1, 2, 0, None), (2, 3, 0, None), (1, 4, 2, None)])

    got = clock.run(table, script, 2)

    assert [token for token, *_ in script.ended] == [1, 0, 2]
    assert got["spent"] == 2 + 3 + 2
    # The third job begins when the second has ended, after 1.5 s, and lasts 4 s.
    assert got["seconds"] == 5.5


def test_a_share_of_the_rows_is_a_fit_of_its_own():
    from benchmarks.fidelity import clock

    table = toy(steps=np.array([1, 3, 9, 27]), afresh=True)
    watched = clock.run(table, Script(table, [(1, 9, 0, None)]), 1)
    alone = clock.run(table, Script(table, [(1, 9, 0, None), (1, 27, 9, None)], walks=False), 1)

    assert (watched["spent"], watched["seconds"]) == (1 + 3 + 9, 6.0)
    assert (alone["spent"], alone["seconds"]) == (9 + 27, 4.0)


def test_a_run_ends_with_its_budget_and_counts_who_was_missed():
    from benchmarks.fidelity import clock

    table = toy()
    jobs = [(1, 1, 0, None), (2, 4, 0, None), (1, 3, 0, None), (0, 3, 0, None)]
    script = Script(table, [*jobs, *[(2, 4, 0, None)] * 99])

    got = clock.run(table, script, 1)

    assert got["spent"] >= table.budget
    assert got["missed"] == 1  # the second
    assert (got["left"], got["wrong"]) == (2, 1)  # of those after the first that came to the end


def test_schedulers_of_luthier_go_on_from_their_parents():
    from benchmarks.fidelity import clock, rivals

    table = toy()
    made = rivals.rival("luthier-asha-random")(table, 3, 1)

    got = clock.run(table, made, 1)

    history = made.study.history
    went_on = np.flatnonzero(history.parent >= 0)
    assert len(went_on) > 3
    for row in went_on:
        first = history.step[history.owner == row].min()
        assert first == history.step[history.owner == history.parent[row]].max() + 1
    assert got["spent"] == len(history.step)


def test_stopping_is_a_study_without_a_fidelity_that_nobody_goes_on_in():
    from benchmarks.fidelity import clock, rivals

    made = rivals.rival("luthier-stopping")(toy(), 3, 1)
    got = clock.run(toy(), made, 1)

    history = made.study.history
    assert history.fidelity is None
    assert (history.parent < 0).all()
    assert got["stated"] == made.stated()


@pytest.mark.parametrize(
    ("regret", "spent"),
    [([0.9, 0.2, 0.5, 0.1], 2.0), ([0.1, 0.05], 0.25), ([0.1, 0.9], np.inf), ([], np.inf)],
)
def test_the_target_is_reached_when_it_is_not_lost_again(regret, spent):
    from benchmarks.fidelity.report import hit

    units = [1, 3, 6, 8][: len(regret)]

    assert hit({"units": units, "regret": regret}, 0.3, 4) == spent


def test_a_curve_is_that_of_the_recommended_and_1_before_there_is_one():
    from benchmarks.fidelity.report import POINTS, curve

    got = curve({"units": [6, 12], "regret": [1.7, 0.25]}, 4)

    assert got[:4].tolist() == [1.0, 1.0, 0.25, 0.25]
    assert len(got) == len(POINTS)


def test_the_best_rival_is_the_one_that_needs_least_over_all_tasks(monkeypatch):
    from benchmarks.fidelity import report

    monkeypatch.setattr(report, "measures", lambda task: (0.5, 10))

    def runs(who, task, *spent):
        return [
            {"task": task, "rival": who, "seed": seed, "workers": 1, "units": [10 * x],
             "regret": [0.4], "jobs": 5, "thinking": 0.01, "missed": 0, "left": 4, "tried": 9,
             "wrong": seed, "version": "v"}
            for seed, x in enumerate(spent)
        ]  # fmt: skip

    records = [
        *runs("luthier-asha", "a", 2, 2, 40), *runs("luthier-asha", "b", 8, 8, 8),
        *runs("optuna-asha", "a", 4, 4, 4), *runs("optuna-asha", "b", 16, 16, 16),
        *runs("dehb", "a", 1, 1, 1), *runs("dehb", "b", 100, 100, 100),
        *runs("syne-asha", "a", 1, 1, 1),
    ]  # fmt: skip
    made, absent = report.rows(report.gather(records, ["a", "b"], 1), ["a", "b"])

    assert absent == ["syne-asha"]
    by = {row["rival"]: row for row in made}
    assert [row["rival"] for row in made] == ["luthier-asha", "dehb", "optuna-asha"]
    assert by["luthier-asha"]["to"] == pytest.approx(4.0)  # of medians 2 and 8
    assert by["dehb"]["to"] == pytest.approx(60**0.5)  # what is not reached counts as 60
    assert by["luthier-asha"]["ratio"][0] == pytest.approx(4 / 60**0.5)
    assert by["luthier-asha"]["strict"] == pytest.approx(4 / (1 * 16) ** 0.5)
    assert by["luthier-asha"]["wrong"] == pytest.approx(1 / 4)
    assert by["luthier-asha"]["interval"][1] > 4.0
    assert "**2.0** | 1.0" not in report.by_task(made, ["a", "b"])
    assert "| b | **8.0** | - | 16.0 |" in report.by_task(made, ["a", "b"])


def test_a_stated_probability_is_held_against_what_happened(monkeypatch):
    from benchmarks.fidelity import report

    monkeypatch.setattr(report, "measures", lambda task: (0.5, 10))
    records = [
        {"task": task, "rival": who, "seed": seed, "workers": 1, "units": [], "regret": [],
         "missed": missed, **told}
        for task in "ab"
        for who, told in (("luthier-auto", {"stated": 0.25}), ("luthier-asha", {}))
        for seed, missed in enumerate([0, 3, 0, 0, 1])
    ]  # fmt: skip
    runs = report.gather(records, ["a", "b"], 1)

    assert "25.0 %, on average" in report.stated(runs, "luthier-auto")
    assert "in 40.0 % [" in report.stated(runs, "luthier-auto")
    assert report.stated(runs, "luthier-asha") == ""


def test_a_run_has_what_its_contestant_states():
    from benchmarks.fidelity import clock

    script = Script(toy(), [(0, 4, 0, None)])
    script.stated = lambda: 0.125

    assert clock.run(toy(), script, 1)["stated"] == 0.125
    assert "stated" not in clock.run(toy(), Script(toy(), [(0, 4, 0, None)]), 1)


def test_stopping_is_held_against_the_same_sampler():
    from benchmarks.fidelity.report import without_stopping

    there = ["random", "luthier-full", "luthier-full-tpe", "luthier-asha-tpe", "optuna-asha"]

    assert without_stopping("luthier-asha-tpe", there) == "luthier-full-tpe"
    assert without_stopping("luthier-hyperband-random", there) == "random"
    assert without_stopping("luthier-auto", there) == "luthier-full"
    assert without_stopping("luthier-full", there) is None
    assert without_stopping("optuna-asha", there) is None


@pytest.mark.slow
def test_the_command_goes_on_where_it_stopped_and_takes_tables_of_others(tmp_path):
    from benchmarks.fidelity.tables import load

    keep(tmp_path / "toy.npz", toy())
    out = tmp_path / "runs.jsonl"
    words = ["--tasks", "toy", "--rivals", "random,luthier-asha-random", "--seeds", "2",
             "--out", str(out)]  # fmt: skip

    def command(what):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.fidelity", what, *words], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path),
                 "LUTHIER_CURVES": str(tmp_path)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("run")
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:6]) + "\n" + lines[6][:30] + "\n")
    again = command("run")
    shown = command("report")

    assert len(lines) == 8
    assert "[2/2, " in again

    def told(lines):
        return sorted([r["rival"], r["seed"], r["workers"], r["regret"], r["clock"]]
                      for r in map(json.loads, lines))  # fmt: skip

    whole = [line for line in out.read_text().splitlines() if line.endswith("}")]
    assert told(whole) == told(lines)
    assert "### 16 workers (1 tasks)" in shown
    assert "| random |" in shown
    assert np.array_equal(load(tmp_path / "toy.npz").losses, toy().losses)


def keep(path, table):
    """As `record` keeps a table."""
    about = {"name": table.name, "afresh": table.afresh, "space": table.space.to_json()}
    np.savez(path, about=np.array(json.dumps(about)), X=table.X, steps=table.steps,
             losses=table.losses, seconds=table.seconds)  # fmt: skip


@pytest.mark.slow
def test_recorded_tables_are_whole():
    from benchmarks.fidelity import tables

    for name, path in tables.registry().items():
        table = tables.load(path)
        n, s = table.losses.shape

        assert table.name == name
        assert n >= 300
        assert s == len(table.steps)
        assert np.isfinite(table.losses).all()
        assert (table.seconds >= 0).all()
        assert [table.nearest(x) for x in table.X[::29]] == list(range(0, n, 29))
        assert 0 <= table.target < 1


def test_recording_goes_on_with_the_curves_that_are_there(tmp_path, monkeypatch):
    from benchmarks.fidelity import learners, record, tables
    from benchmarks.portfolio.tables import Source

    asked = []

    def curve(data, params, rng):
        asked.append(params["C"])
        return np.array([3.0, params["C"]]), np.array([0.5, 0.25])

    learner = learners.Learner("toy", lambda data: Space(C=Float(2, 7), depth=Int(3, 9)), curve,
                               (1, 5))  # fmt: skip
    recipe = record.Recipe(learner, Source("sklearn", "diabetes", "target"), False)
    monkeypatch.setattr(record, "RECIPES", (recipe,))
    monkeypatch.setattr(record, "CONFIGURATIONS", 8)

    record.record(tmp_path, tmp_path / "cache", minutes=-1.0)
    assert not asked
    data = record.load(recipe)
    space = recipe.learner.space(data)
    first = record.curve(recipe, data, space, record.points(space, recipe.name)[0], 0)
    (tmp_path / "cache" / "toy-diabetes.jsonl").write_text(json.dumps(first) + '\n{"lo')
    record.record(tmp_path, tmp_path / "cache", minutes=5.0)
    table = tables.load(tmp_path / "toy-diabetes.npz")

    assert len(asked) == 8
    assert table.losses[:, 1] == pytest.approx([p["C"] for p in table.space.decode(table.X)])
    assert table.losses[:, 1] == pytest.approx(asked)
    assert abs(data.y.mean()) < 1e-9
    assert len(data.y_test) == pytest.approx(len(data.y) / 2, abs=1)


@pytest.mark.parametrize("classes", [3, 0])
def test_gradients_of_the_network_are_those_of_its_loss(classes):
    from benchmarks.fidelity.learners import backward, forward, softmax

    rng = np.random.default_rng(5)
    X = rng.standard_normal((7, 4))
    sizes = [4, 6, 5, classes or 1]
    weights = []
    for a, b in itertools.pairwise(sizes):
        weights += [rng.standard_normal((a, b)), rng.standard_normal(b)]
    target = np.eye(3)[rng.integers(3, size=7)] if classes else rng.standard_normal((7, 1))

    def loss():
        out = forward(weights, X)[-1]
        if classes:
            return -np.log(softmax(out)[target == 1]).mean()
        return 0.5 * ((out - target) ** 2).mean()

    for w, g in zip(weights, backward(weights, X, target, 1.0, bool(classes), rng), strict=True):
        place = tuple(0 for _ in w.shape)
        w[place] += 1e-6
        above = loss()
        w[place] -= 2e-6
        below = loss()
        w[place] += 1e-6
        assert g[place] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-8)


def test_what_diverges_has_the_worst_loss_and_no_more():
    from benchmarks.fidelity.learners import WORST, Data

    y = np.array([0, 1, 1, 0, 1])
    data = Data(np.ones((5, 2)), y, np.ones((5, 2)), y, 2)

    assert data.loss(np.full((5, 2), np.nan)) == WORST * data.plain
    assert data.loss(np.eye(2)[1 - y]) == WORST * data.plain
    assert data.loss(np.eye(2)[y] * 0.8 + 0.1) == pytest.approx(-np.log(0.9))


def test_runs_with_other_workers_are_not_forgotten(tmp_path):
    from benchmarks.fidelity.__main__ import forget
    from benchmarks.quality.running import read

    rows = [
        {"task": task, "rival": rival, "workers": workers, "seed": 0}
        for task in ("a", "b") for rival in ("auto", "dehb") for workers in (1, 16)
    ]  # fmt: skip
    out = tmp_path / "runs.jsonl"
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))

    forget(out, ["a"], ["auto"], [16])

    assert list(read(out)) == [r for r in rows if r != rows[1]]
