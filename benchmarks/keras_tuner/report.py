"""What the records say, as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.keras_tuner.memory import WAYS
from benchmarks.keras_tuner.problems import BATCH, PROBLEMS
from benchmarks.keras_tuner.searches import OURS, RIVALS

Record = dict[str, Any]
EARLY = 10  # trials after which memory is first looked at
TEXT = """
A contestant trains {budget} epochs in all, at most {epochs} in a trial, in batches of {batch}, on
{backends}; a trial that is not over by then does not count. What does is the model that it hands
back: KerasTuner's `get_best_models`, and luthier's `best.keras` of `study.best`, both with the
weights of their best epoch. *digits* is its error rate, *churn* the log loss, *concrete* the mean
squared error of a target of unit variance: less is better. Both libraries have their defaults, by
which KerasTuner's Bayesian optimisation first draws three trials per parameter at random; luthier
has a fidelity and the scheduler that is named (*full* gives every trial all its epochs). All have
the same seeds. A difference is the mean over seeds of luthier's validation loss less KerasTuner's,
with the 95 % interval of Student's t: negative is better. *CPU* are seconds of a run, training
included.
"""


def report(runs: list[Record], sizes: list[Record], epochs: int, budget: int) -> str:
    """Both tables, and what they mean."""
    head = TEXT.format(
        budget=budget,
        epochs=epochs,
        batch=BATCH,
        backends=", ".join(sorted({run["backend"] for run in runs})),
    )
    return "\n".join([" ".join(head.split()), "", *_quality(runs), "", *_memory(sizes)])


def _quality(runs: Iterable[Record]) -> list[str]:
    by: dict[tuple[str, str], dict[int, Record]] = defaultdict(dict)
    for run in runs:
        by[run["problem"], run["contestant"]][run["seed"]] = run
    lines = [
        "| problem | contestant | validation | test | trials | CPU | "
        + " | ".join(f"less than {name}" for name in RIVALS) + " | seeds |",
        "| --- | --- | --: | --: | --: | --: | " + "--: | " * len(RIVALS) + "--: |",
    ]  # fmt: skip
    for name in PROBLEMS:
        for contestant in (*OURS, *RIVALS):
            mine = by[name, contestant]
            if not mine:
                continue
            valid, test, trials, cpu = (
                np.mean([run[key] for run in mine.values()])
                for key in ("valid", "test", "trials", "seconds")
            )
            against = [
                "-" if contestant in RIVALS else difference(mine, by[name, rival])
                for rival in RIVALS
            ]
            lines.append(
                f"| {name} | {contestant} | {valid:.4f} | {test:.4f} | {trials:.0f} | {cpu:.0f} | "
                f"{' | '.join(against)} | {len(mine)} |"
            )
    return lines


def difference(mine: dict[int, Record], other: dict[int, Record]) -> str:
    """Mean and interval over the seeds that both have."""
    seeds = sorted(mine.keys() & other.keys())
    gaps = np.array([mine[seed]["valid"] - other[seed]["valid"] for seed in seeds])
    if len(gaps) < 2:
        return "-"
    half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    mean = gaps.mean()
    return f"{mean:+.4f} [{mean - half:+.4f}, {mean + half:+.4f}]"


def _memory(sizes: list[Record]) -> list[str]:
    if not sizes:
        return []
    lines = [
        "Resident size in MB of the process that trains, after trials of one epoch on *churn*; *a "
        f"trial* is the growth from trial {EARLY} on. With `executor=1` the process ends with the "
        "run; *beside it* is the one that asks and records.",
        "",
        f"| backend | trials in | after {EARLY} | at the end | a trial | beside it | trials |",
        "| --- | --- | --: | --: | --: | --: | --: |",
    ]
    for one in sorted(sizes, key=lambda one: (one["backend"], WAYS.index(one["way"]))):
        early, last = one["sizes"][EARLY - 1], one["sizes"][-1]
        beside = f"{one['own']:.0f}" if one["way"] == "luthier process" else "-"
        lines.append(
            f"| {one['backend']} | {one['way']} | {early:.0f} | {last:.0f} | "
            f"{(last - early) / (one['trials'] - EARLY):.2f} | {beside} | {one['trials']} |"
        )
    return lines
