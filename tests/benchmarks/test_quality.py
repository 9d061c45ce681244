"""The benchmark of proposals runs, goes on where it stopped, and measures what it says."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def command(folder, *words):
    """What ``python -m benchmarks.quality`` prints with a few short runs of two formulas."""
    short = ["--tasks", "wide/valley-50,wide/waves-50", "--rivals", "random,luthier-tpe",
             "--trials", "12", "--out", str(folder / "runs.jsonl"),
             "--cache", str(folder)]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.quality", *short, *words],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def records(folder):
    return [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_the_command_runs_and_reports_and_goes_on_where_it_stopped(tmp_path):
    shown = command(tmp_path, "--seeds", "2")
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    (tmp_path / "runs.jsonl").write_text("\n".join(lines[:5]) + "\n" + lines[5][:40] + "\n")

    again = command(tmp_path, "--seeds", "2")

    assert "### Many parameters (tasks: 2, seeds: 2)" in shown
    assert (tmp_path / "runs.svg").read_text().startswith("<svg")
    assert len(lines) == 8
    assert "[3/3, " in again
    assert "[4/" not in again
    fields = "task", "rival", "seed", "values"
    assert sorted([r[f] for f in fields] for r in map(json.loads, lines)) == sorted(
        [r[f] for f in fields] for r in _read(tmp_path)
    )


def _read(folder):
    from benchmarks.quality.running import read

    return list(read(folder / "runs.jsonl"))


@pytest.mark.slow
def test_runs_side_by_side_with_trials_in_flight_are_the_same_runs(tmp_path):
    for name, words in (("one", ()), ("two", ("--jobs", "2"))):
        (tmp_path / name).mkdir()
        command(tmp_path / name, "--seeds", "1", "--outstanding", "4", *words)

    one, two = ({(r["task"], r["rival"]): r["values"] for r in records(tmp_path / name)}
                for name in ("one", "two"))  # fmt: skip
    assert one == two
    assert len(one) == 4


class Scripted:
    """A rival that tries x = 0, 1, 2, ... and notes when it learns of each."""

    package, flies, log = "luthier", True, None

    def __init__(self, space, seed, trials, flight):
        type(self).log = []
        self.asked = 0

    def ask(self):
        self.log.append(("ask", self.asked))
        self.asked += 1
        return self.asked - 1, {"x": float(self.asked - 1)}

    def tell(self, token, loss):
        self.log.append(("tell", token, loss))


@pytest.fixture
def scripted(monkeypatch):
    from benchmarks.quality.rivals import RIVALS

    monkeypatch.setitem(RIVALS, "scripted", Scripted)


def ladder(**more):
    from benchmarks.quality.task import Task

    from luthier import Float, Space

    return Task("wide/ladder", Space(x=Float(0, 99)), lambda params: -3.0 * params["x"], **more)


def test_one_trial_at_a_time_is_told_before_the_next_is_asked_for(scripted):
    from benchmarks.quality.running import run

    record = run(ladder(), "scripted", 3, 4, 1)

    assert [entry[:2] for entry in Scripted.log] == [
        (what, i) for i in range(4) for what in ("ask", "tell")
    ]
    assert record["values"] == [0.0, -3.0, -6.0, -9.0]


def test_so_many_are_in_flight_and_all_are_told_in_the_order_in_which_they_end(scripted):
    from benchmarks.quality.running import run

    record = run(ladder(), "scripted", 3, 20, 6)

    pending, most = 0, 0
    for what, *_ in Scripted.log:
        pending += 1 if what == "ask" else -1
        most = max(most, pending)
    told = [entry[1] for entry in Scripted.log if entry[0] == "tell"]
    assert most == 6
    assert sorted(told) == list(range(20))
    assert told != sorted(told)
    assert record["values"] == [-3.0 * i for i in told]


def test_a_noisy_task_counts_the_expected_loss_of_what_looks_best(scripted):
    from benchmarks.quality import report
    from benchmarks.quality.running import run

    noise = [0.0, -9.0, 5.0, -9.5]
    task = ladder(noisy=lambda p, rng: -3.0 * p["x"] + noise[int(p["x"])])
    record = run(task, "scripted", 3, 4, 1)

    assert record["values"] == [0.0, -12.0, -1.0, -18.5]
    assert record["true"] == [0.0, -3.0, -6.0, -9.0]
    assert report.so_far(record).tolist() == [0.0, -3.0, -3.0, -9.0]


def test_ties_share_their_rank():
    from benchmarks.quality.report import ranks

    assert ranks(np.array([[3.0, -1.0, 3.0, 8.0]])).tolist() == [[2.5, 1.0, 2.5, 4.0]]


def made_up(who, seed, values, task="wide/valley-50", flight=1):
    return {"task": task, "rival": who, "seed": seed, "trials": len(values), "flight": flight,
            "values": values, "thinking": 0.6, "version": "x 1"}  # fmt: skip


def test_regret_is_between_the_best_known_and_the_median_of_random_draws():
    from benchmarks.quality.report import gather

    draws = [*np.linspace(2.0, 8.0, 21)]  # their median is 5, and the minimum of the task is 0

    runs = gather([made_up("random", 0, draws), made_up("luthier-auto", 0, [9.0, 4.0, 1.0])], 1)

    assert runs.curves["wide/valley-50"]["luthier-auto"][0] == pytest.approx([1.0, 0.8, 0.2])
    assert runs.seconds["wide/valley-50", "luthier-auto"] == pytest.approx(0.2)


def test_a_difference_is_paired_by_seed():
    from benchmarks.quality.report import gather, rows

    rng = np.random.default_rng(5)
    starts = rng.uniform(1, 4, 8)
    records = [made_up("random", 0, [*np.linspace(2.0, 8.0, 21)])]
    for seed, start in enumerate(starts):
        records += [made_up("luthier-auto", seed, [start]), made_up("other", seed, [start + 0.5])]
    records += [made_up("random", seed, [5.0]) for seed in range(1, 8)]
    made, _ = rows(gather(records, 1), ["wide/valley-50"], "luthier-auto")

    gap = next(row["gap"] for row in made if row["rival"] == "other")

    assert gap == pytest.approx((0.1, 0.1, 0.1))  # 0.5 of a span of 5, without any spread


def test_a_rival_with_few_seeds_stands_beside_the_base_alone():
    from benchmarks.quality.report import report

    records = []
    for task in ("wide/valley-50", "wide/waves-50"):
        for seed in range(6):
            records += [
                made_up("random", seed, [*np.linspace(2.0, 8.0, 21)], task),
                made_up("luthier-auto", seed, [3.0 + 0.1 * seed] * 21, task),
            ]
        records += [made_up("smac", seed, [4.0] * 21, task) for seed in range(2)]

    told, groups = report(records, 1, "luthier-auto")

    assert {row["rival"] for row in groups[0]["rows"]} == {"random", "luthier-auto"}
    assert "seeds: 6)" in told
    few = told.partition("On fewer seeds (2):")[2]
    assert "| smac | " in few
    assert "| random | " not in few


def test_hyperopt_is_shown_what_depends_on_a_number():
    pytest.importorskip("hyperopt")
    from benchmarks.quality.layers import formula
    from benchmarks.quality.rivals import rival

    space = formula(0).space
    optimiser = rival("hyperopt-tpe")(space, 3, 10, 1)

    for i in range(10):
        token, params = optimiser.ask()
        space.check(params)
        optimiser.tell(token, math.sin(i))


def test_configurations_keep_to_the_conditions_of_their_space():
    from benchmarks.quality.cash import space
    from benchmarks.quality.rivals import inside, rival

    made = space()
    full = {name: p.value(p.from_unit(0.3)) for name, p in made.items()}
    for model in ("svm", "network"):
        made.check(inside(made, {**full, "model": model}))
    for name in ("random", "luthier-tpe", "running-auto", "optuna-tpe", "optuna-luthier"):
        optimiser = rival(name)(made, 3, 10, 1)
        for i in range(10):
            token, params = optimiser.ask()
            made.check(params)
            optimiser.tell(token, math.sin(i))


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    from benchmarks.quality.rivals import rival
    from benchmarks.quality.task import select

    with pytest.raises(SystemExit, match=r"cash/digits"):
        select("cassh/*")
    with pytest.raises(SystemExit, match=r"luthier-tpe"):
        rival("luthier-tpee")


def test_a_loss_is_remembered_on_disk(tmp_path, monkeypatch):
    from benchmarks.quality.cash import Remembered

    monkeypatch.setenv("LUTHIER_BENCHMARK_CACHE", str(tmp_path))
    calls = []
    for _ in range(2):
        loss = Remembered("slow", lambda params: calls.append(params) or 4.5)
        assert [loss({"a": 1, "b": "x"}), loss({"b": "x", "a": 1})] == [4.5, 4.5]

    assert len(calls) == 1
