"""Tables: how far what was said lies from the truth, how often intervals hold it, and alarms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.honesty.luck import OF
from benchmarks.honesty.search import METHOD

METHODS = {
    "naive": "mean over folds of the winner, as searches report it",
    "honest": "`luthier.estimate.honest`",
    "folds": "`luthier.estimate.from_folds`",
    "bbc": "BBC-CV (Tsamardinos et al. 2018), pooled, 500 resamples",
    "tibshirani": "Tibshirani and Tibshirani (2009)",
    "nested": "nested cross-validation, 5 outer folds",
}
SHORT = ("naive", "honest", "folds", "bbc")
MARGIN = 1.0  # points beyond which a gain counts as real
SUSPECT = 0.2  # as in luthier.estimate
FEW = 20  # winners that a slope needs at least


@dataclass(frozen=True)
class Row:
    """One metric of one repetition; figures in points, errors in per cent of the truth.

    `luck` is of its training rows, in a hundredth of its own unit; NaN where it was not measured.
    """

    case: str
    seed: int
    metric: str
    errors: dict[str, float]
    inside: dict[str, bool]
    alarms: dict[str, tuple[float, float]]  # the chance of no gain, and the true gain
    gains: dict[str, tuple[float, bool]]  # error of the gain, and whether its interval holds it
    luck: float = math.nan


def rows(records: Iterable[dict[str, Any]]) -> list[Row]:
    """Every metric of every repetition."""
    made = []
    for record in records:
        for metric, told in record["metrics"].items():
            truth = told["truth"]
            unit = 100 / abs(truth) if "error" in metric else 100
            figures = {name: told[name] for name in METHODS if name in told}
            gains = {
                key.removeprefix("gain "): value
                for key, value in told.items()
                if key.startswith("gain ")
            }
            made.append(
                Row(
                    record["case"],
                    record["seed"],
                    metric,
                    {name: unit * (value[0] - truth) for name, value in figures.items()},
                    {n: v[1] <= truth <= v[2] for n, v in figures.items() if len(v) == 3},
                    {name: (value[3], unit * value[4]) for name, value in gains.items()},
                    {
                        name: (unit * (mean - real), low <= real <= high)
                        for name, (mean, low, high, _, real) in gains.items()
                    },
                    100 * record.get("luck", {}).get(OF.get(metric, metric), math.nan),
                )
            )
    return made


def mean_of_runs(some: list[Row], value: Callable[[Row], float]) -> tuple[float, float]:
    """The mean, and its standard error over repetitions, whose metrics share their rows."""
    by: dict[tuple[str, int], list[float]] = {}
    for row in some:
        by.setdefault((row.case, row.seed), []).append(value(row))
    sums = np.array([sum(values) for values in by.values()])
    counts = np.array([len(values) for values in by.values()])
    mean = sums.sum() / counts.sum()
    spread = np.sqrt(((sums - mean * counts) ** 2).sum()) / counts.sum()
    return float(mean), float(spread)


def less_luck(some: list[Row]) -> list[Row]:
    """The same with errors less what the luck of the rows explains of them; without it, left out.

    What it explains is a straight line through zero luck, one for each metric and method: the
    usual control variate. Its slope is that of the errors on luck.
    """
    made = []
    for metric in dict.fromkeys(row.metric for row in some):
        there = [row for row in some if row.metric == metric and math.isfinite(row.luck)]
        if len(there) < FEW:
            continue
        x = np.array([row.luck for row in there])
        slope = {
            name: float(np.cov(x, [row.errors[name] for row in there])[0, 1] / x.var(ddof=1))
            for name in METHODS
            if all(name in row.errors for row in there)
        }
        for row in there:
            left = {name: row.errors[name] - b * row.luck for name, b in slope.items()}
            made.append(replace(row, errors=left))
    return made


def root(values: Iterable[float]) -> float:
    return float(np.sqrt(np.mean(np.square(list(values)))))


def report(records: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Markdown, and the numbers behind it."""
    all_rows = rows(records)
    cases = {record["case"] for record in records}
    old = sum(record.get("method") != METHOD for record in records)
    mixed = f" {old} of them were made with an older `honest`: run `--again`." if old else ""
    seconds = sum(record["seconds"] for record in records)
    paragraphs = [
        f"{len(records)} searches on {len(cases)} cases (36 or 40 candidates, 100 to 600 rows, 5 "
        f"or 10 folds; {seconds / 60:.0f} minutes of CPU time), each judged by one to four "
        f"metrics: {len(all_rows)} winners. Truth: the winner, fitted to all training rows, on "
        "up to 4,000 rows that the search never saw. Errors are in points (hundredths of a "
        "score); for errors of regression in per cent of the truth. ± is one standard error over "
        "searches. Cases whose searches take long have fewer of them." + mixed,
        "### Said minus true, and how often the 90 % interval holds the truth",
        methods(all_rows),
        "### By metric",
        groups(all_rows, lambda row: row.metric),
        "### By case",
        groups(all_rows, lambda row: row.case),
        *clearer(all_rows),
        "### Beside nested cross-validation",
        "Only the searches that were also nested; a nested search fits five times as many models.",
        methods([row for row in all_rows if "nested" in row.errors]),
        "### Did tuning gain anything?",
        f"The alarm rings where the chance that nothing was gained is above {SUSPECT}. `finalists` "
        "fits the three best and the default again on fresh splits; the others fit nothing.",
        alarms(all_rows),
    ]
    raw = {
        "bias": {
            name: mean_of_runs(there, lambda row, name=name: row.errors[name])
            for name in METHODS
            if (there := [row for row in all_rows if name in row.errors])
        }
    }
    return "\n\n".join(paragraphs), raw


def clearer(some: list[Row]) -> list[str]:
    """The section without the luck of the rows; nothing where it was not measured."""
    there = less_luck(some)
    if not there:
        return []
    lines = ["| | winners | " + " | ".join(SHORT) + " |", "| --- | --: " + "| --: " * 4 + "|"]
    for name in ("all", *sorted({row.metric for row in there})):
        rows = [row for row in there if name in ("all", row.metric)]
        cells = []
        for method in SHORT:
            bias, error = mean_of_runs(rows, lambda row, method=method: row.errors[method])
            cells.append(f"{bias:+.2f} ± {error:.2f}")
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    return [
        "### Said minus true, less the luck of the rows",
        "A hundred rows are easy or hard for every candidate alike, which says nothing of a method "
        "and hides its mean error. The models of the folds were scored on untouched rows too; what "
        "the truly best quarter of candidates got beyond that on its test rows has mean zero. What "
        "this explains of an error is taken off (a control variate, one slope per metric and "
        "method). Regression: by squared errors, for which mean zero holds in small samples too.",
        "\n".join(lines),
    ]


def methods(some: list[Row]) -> str:
    lines = [
        "| method | winners | mean error | root mean square | interval holds truth |",
        "| --- | --: | --: | --: | --: |",
    ]
    for name, words in METHODS.items():
        there = [row for row in some if name in row.errors]
        if not there:
            continue
        bias, error = mean_of_runs(there, lambda row, name=name: row.errors[name])
        held = [row.inside[name] for row in there if name in row.inside]
        share = f"{np.mean(held):.0%}" if held else "-"
        spread = root(row.errors[name] for row in there)
        lines.append(
            f"| {words} | {len(there)} | {bias:+.2f} ± {error:.2f} | {spread:.2f} | {share} |"
        )
    return "\n".join(lines)


def groups(some: list[Row], key: Callable[[Row], str]) -> str:
    lines = [
        "| | winners | naive | honest | naive, root mean square | honest | bbc | interval holds |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for name in sorted({key(row) for row in some}):
        there = [row for row in some if key(row) == name]
        cells = [name, str(len(there))]
        for method in ("naive", "honest"):
            bias, error = mean_of_runs(there, lambda row, method=method: row.errors[method])
            cells.append(f"{bias:+.2f} ± {error:.2f}")
        cells += [
            f"{root(row.errors[method] for row in there):.2f}"
            for method in ("naive", "honest", "bbc")
        ]
        cells.append(f"{np.mean([row.inside['honest'] for row in there]):.0%}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def alarms(some: list[Row]) -> str:
    lines = [
        "| alarm | rings where nothing was gained | rings where something was | rings where more "
        f"than {MARGIN:g} point was | gain, mean error | its interval holds |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for name in ("honest", "folds", "finalists"):
        told = [row.alarms[name] for row in some]
        rings = np.array([chance > SUSPECT for chance, _ in told])
        real = np.array([gain for _, gain in told])
        cells = [name]
        for which in (real <= 0, real > 0, real > MARGIN):
            cells.append(f"{rings[which].mean():.0%} of {which.sum()}")
        bias, error = mean_of_runs(some, lambda row, name=name: row.gains[name][0])
        held = np.mean([row.gains[name][1] for row in some])
        lines.append("| " + " | ".join(cells) + f" | {bias:+.2f} ± {error:.2f} | {held:.0%} |")
    return "\n".join(lines)
