"""Tables and a figure from recorded runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from benchmarks.fidelity import tables
from benchmarks.fidelity.clock import Record
from benchmarks.fidelity.tables import TRIALS, Array
from benchmarks.quality.report import figure

__all__ = ["figure", "report"]

DRAWS = 2000  # of a bootstrap
FEW = 5  # seeds
OURS = ("luthier-", "random")  # so begin the names of contestants that are no rivals
POINTS = np.arange(1, TRIALS + 1)  # of a curve, in full trials
WORDS = f"""\
Each table holds learning curves that were recorded once, of 512 configurations; what a contestant
proposes is answered by the nearest of them in the unit cube, among those with the same categories.
Time is simulated from the seconds of the recording. A run has the epochs (stages, shares of the
rows) of {TRIALS} full trials; all amounts are told in full trials. A contestant recommends the best
of its trials that have ended and came furthest. *Regret* is what that configuration has at the end
of its curve, from 0 for the best of the table to 1 for the median. *To target* is what was spent
when the regret became, and stayed, at most that of random search after {TRIALS} full trials: the
median over seeds (the whole budget where it did not), then the geometric mean over tasks. *Ratio*
is that against the best rival from other libraries, *strict* against the best on each task by
itself. *Reached* is the share of runs that got there. *Against full* is the mean difference of
final regret to the same sampler without stopping, positive is worse, * marks intervals without 0
(from {FEW} seeds on). *Tried* are different configurations of the table per run, *wrong* is the
share of the trials left before their end that would have been better than all that had come there,
*missed* how many configurations per run were begun, left and better in the end than the best that
was finished. *ms* are CPU milliseconds per job. Intervals hold 95 % of {DRAWS:,} bootstrap samples
of seeds, within tasks. A trial that goes on from an earlier one pays only for what is new, whoever
asks for it; where each step is a fit on a larger share of the rows, there is nothing to go on from,
and a trial that is not watched fits once. Of Syne Tune's model-based methods BOHB ran everywhere;
MOBSTER, halving with a Gaussian process, thought for 63 CPU seconds in one run with one worker on
kernel-diamonds, thirty times as long as BOHB, and was left at that."""


@dataclass(frozen=True)
class Runs:
    """Runs with one number of workers.

    Parameters
    ----------
    hits : dict
        By task and rival, what was spent to reach the target, in full trials, one per seed;
        ``inf`` where it was not reached.
    curves : dict
        By task and rival, (seeds, points) regrets.
    seeds, records : dict
        By task and rival, the seeds in that order, and their records.
    """

    hits: dict[tuple[str, str], Array]
    curves: dict[tuple[str, str], Array]
    seeds: dict[tuple[str, str], list[int]]
    records: dict[tuple[str, str], list[Record]]

    @property
    def rivals(self) -> list[str]:
        return sorted({who for _, who in self.hits})


@cache
def measures(task: str) -> tuple[float, int]:
    """The regret to reach, and the most that a trial can be given."""
    table = tables.load(tables.registry()[task])
    return table.target, table.most


def hit(record: Record, target: float, most: int) -> float:
    """What was spent when the regret became, and stayed, at most the target; in full trials."""
    good = np.array(record["regret"]) <= target
    if not len(good) or not good[-1]:
        return np.inf
    bad = np.flatnonzero(~good)
    return float(record["units"][bad[-1] + 1 if len(bad) else 0]) / most


def curve(record: Record, most: int) -> Array:
    """The regret after so many full trials, not above 1."""
    at = np.searchsorted(record["units"], POINTS * most, side="right") - 1
    return np.minimum(np.where(at >= 0, np.append(record["regret"], 1.0)[at], 1.0), 1.0)


def gather(records: Iterable[Record], names: Sequence[str], workers: int) -> Runs:
    """The runs with so many workers; of two records of one run, the later."""
    kept = {
        (r["task"], r["rival"], r["seed"]): r
        for r in records
        if r["workers"] == workers and r["task"] in names
    }
    grouped: dict[tuple[str, str], list[Record]] = {}
    for (task, who, _), record in sorted(kept.items()):
        grouped.setdefault((task, who), []).append(record)
    made = Runs({}, {}, {}, grouped)
    for key, found in grouped.items():
        target, most = measures(key[0])
        made.hits[key] = np.array([hit(record, target, most) for record in found])
        made.curves[key] = np.stack([curve(record, most) for record in found])
        made.seeds[key] = [record["seed"] for record in found]
    return made


def typical(hits: Array, axis: int = -1) -> Array:
    """The median, where the whole budget stands for what did not reach the target."""
    return np.asarray(np.median(np.minimum(hits, TRIALS), axis=axis))


def resampled(runs: Runs, tasks: Sequence[str], who: str) -> Array:
    """Bootstrapped geometric means over tasks. Shape (draws,)."""
    rng = np.random.default_rng(0)
    logs = []
    for task in tasks:
        hits = runs.hits[task, who]
        logs.append(np.log(typical(hits[rng.integers(len(hits), size=(DRAWS, len(hits)))])))
    return np.asarray(np.exp(np.mean(logs, axis=0)))


def without_stopping(who: str, there: Sequence[str]) -> str | None:
    """The contestant with the same sampler and full trials, if it ran."""
    _, _, sampler = who.removeprefix("luthier-").partition("-")
    full = "random" if sampler == "random" else "luthier-full" + (f"-{sampler}" if sampler else "")
    return full if who.startswith("luthier-") and full in there and full != who else None


def rows(runs: Runs, tasks: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """One row per contestant that ran all the tasks, the fastest first; and who did not."""
    there = [who for who in runs.rivals if all((task, who) in runs.hits for task in tasks)]
    absent = [who for who in runs.rivals if who not in there]
    draws = {who: resampled(runs, tasks, who) for who in there}
    means = {
        who: float(np.exp(np.mean([np.log(typical(runs.hits[t, who])) for t in tasks])))
        for who in there
    }
    others = [who for who in there if not who.startswith(OURS)]
    best = min(others, key=lambda who: means[who], default=None)
    lead = [min((typical(runs.hits[t, who]) for who in others), default=1.0) for t in tasks]
    made = []
    for who in there:
        records = [record for task in tasks for record in runs.records[task, who]]
        curves = np.mean([runs.curves[task, who].mean(axis=0) for task in tasks], axis=0)
        row: dict[str, Any] = {
            "rival": who,
            "to": means[who],
            "interval": np.quantile(draws[who], [0.025, 0.975]).tolist(),
            "reached": float(np.mean([np.isfinite(runs.hits[t, who]).mean() for t in tasks])),
            "curve": [round(float(value), 5) for value in curves],
            "missed": float(np.mean([record["missed"] for record in records])),
            "tried": float(np.mean([record["tried"] for record in records])),
            "wrong": wrong(records),
            "ms": 1e3 * sum(r["thinking"] for r in records) / sum(r["jobs"] for r in records),
            "seeds": sorted({len(runs.seeds[task, who]) for task in tasks}),
            "each": {task: float(typical(runs.hits[task, who])) for task in tasks},
        }
        if best is not None:
            ratio = draws[who] / draws[best] if who != best else np.ones(DRAWS)
            row["ratio"] = means[who] / means[best], *np.quantile(ratio, [0.025, 0.975]).tolist()
            row["strict"] = means[who] / float(np.exp(np.mean(np.log(lead))))
        full = without_stopping(who, there)
        if full is not None:
            gaps = [gap(runs, task, who, full) for task in tasks]
            if all(len(x) for x in gaps):
                row["gap"] = float(np.mean([x.mean() for x in gaps])), *within(gaps)
        made.append(row)
    return sorted(made, key=lambda row: row["to"]), absent


def wrong(records: Sequence[Record]) -> float | None:
    """The share of trials left before the end that were better than all that had come there."""
    left = sum(record["left"] for record in records)
    return sum(record["wrong"] for record in records) / left if left else None


def stated(runs: Runs, who: str) -> str:
    """What a contestant says of the chance that the best is among those it stopped; and the truth.

    Empty where it says nothing.
    """
    groups = [found for (_, one), found in runs.records.items() if one == who]
    told = [np.array([r["stated"] for r in found if "stated" in r]) for found in groups]
    if not all(map(len, told)):
        return ""
    happened = [np.array([r["missed"] > 0 for r in found if "stated" in r]) for found in groups]
    low, high = within([x.astype(float) for x in happened])
    return (
        f"{who} says of its runs that with a probability of "
        f"{100 * np.mean([x.mean() for x in told]):.1f} %, on average, a configuration that it "
        "stopped would have been better than all that came to the end; so it was in "
        f"{100 * np.mean([x.mean() for x in happened]):.1f} % "
        f"[{100 * low:.1f}, {100 * high:.1f}] of them."
    )


def gap(runs: Runs, task: str, who: str, full: str) -> Array:
    """Differences of the final regret, seed by seed."""
    ends = [dict(zip(runs.seeds[task, x], runs.curves[task, x][:, -1], strict=True))
            for x in (who, full)]  # fmt: skip
    return np.array([ends[0][seed] - ends[1][seed] for seed in ends[0] if seed in ends[1]])


def within(per_task: Sequence[Array]) -> tuple[float, float]:
    """95 % of the means over tasks when seeds are drawn again within each."""
    rng = np.random.default_rng(0)
    means = [x[rng.integers(len(x), size=(DRAWS, len(x)))].mean(axis=1) for x in per_task]
    low, high = np.quantile(np.mean(means, axis=0), [0.025, 0.975])
    return float(low), float(high)


def table(made: list[dict[str, Any]], absent: list[str]) -> str:
    """Rows in Markdown."""
    marks = (10, 20, TRIALS)
    heads = ["contestant", "to target", "ratio", "strict", "reached"]
    heads += [*(f"regret@{m}" for m in marks), "against full", "tried", "wrong", "missed",
              "ms", "seeds"]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --: |" * (len(heads) - 1)]
    for row in made:
        low, high = row["interval"]
        cells = [row["rival"], f"{row['to']:.1f} [{low:.1f}, {high:.1f}]"]
        ratio, gap = row.get("ratio"), row.get("gap")
        cells.append("-" if ratio is None else "{:.2f} [{:.2f}, {:.2f}]".format(*ratio))
        cells.append(f"{row['strict']:.2f}" if "strict" in row else "-")
        cells.append(f"{100 * row['reached']:.0f} %")
        cells += [f"{row['curve'][m - 1]:.3f}" for m in marks]
        few = row["seeds"][0] < FEW  # their interval says nothing
        sure = "" if gap is None or few or gap[1] <= 0 <= gap[2] else " *"
        cells.append("-" if gap is None else "{:+.3f} [{:+.3f}, {:+.3f}]".format(*gap) + sure)
        cells.append(f"{row['tried']:.0f}")
        cells.append("-" if row["wrong"] is None else f"{100 * row['wrong']:.2g} %")
        cells += [f"{row['missed']:.1f}", f"{row['ms']:.2g}", "-".join(map(str, row["seeds"]))]
        lines.append("| " + " | ".join(cells) + " |")
    if absent:
        lines += ["", f"Without runs on all of these tasks: {', '.join(absent)}."]
    return "\n".join(lines)


def by_task(made: list[dict[str, Any]], tasks: Sequence[str]) -> str:
    """What each needed on each task, in Markdown."""
    whos = [row["rival"] for row in made]
    lines = ["| task | " + " | ".join(whos) + " |", "| --- |" + " --: |" * len(whos)]
    for task in tasks:
        found = [row["each"][task] for row in made]
        cells = ["-" if x >= TRIALS else f"**{x:.1f}**" if x == min(found) else f"{x:.1f}"
                 for x in found]  # fmt: skip
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(
    records: list[Record], names: Sequence[str], workers: Sequence[int],
    only: Sequence[str] | None = None,
) -> tuple[str, list[dict[str, Any]]]:  # fmt: skip
    """Markdown of all numbers of workers, and the same as data with a curve for each row."""
    if only is not None:
        records = [record for record in records if record["rival"] in only]
    versions = ", ".join(sorted({record["version"] for record in records}))
    parts, data = [" ".join(WORDS.split()), f"Contestants: {versions}."], []
    for count in workers:
        runs = gather(records, names, count)
        tasks = [name for name in names if any(task == name for task, _ in runs.hits)]
        if not tasks:
            continue
        made, absent = rows(runs, tasks)
        title = f"{count} worker{'s' if count > 1 else ''}"
        words = [told for who in runs.rivals if (told := stated(runs, who))]
        parts += [f"### {title} ({len(tasks)} tasks)", table(made, absent), *words,
                  f"Full trials to the target, {title}:", by_task(made, tasks)]  # fmt: skip
        data.append({"group": title, "tasks": tasks, "rows": made, "absent": absent})
    parts.append("![Mean regret by full trials](results/fidelity.svg)")
    return "\n\n".join(parts), data
