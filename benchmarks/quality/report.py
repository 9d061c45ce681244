"""Tables and a figure from recorded runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.quality.running import Record
from benchmarks.quality.task import registry

Array = np.ndarray[Any, Any]
FLOOR = 1e-4  # regrets below are called equal where logarithms are taken
LEAST = 20  # random draws that a task's median is taken from, at least
DRAWS = 2000  # of a bootstrap
GROUPS = {
    "tables": ("hpobench", "hpolib", "nasbench201"),
    "noisy tables": ("noisy-hpobench", "noisy-hpolib", "noisy-nasbench201"),
    "model choice": ("cash",),
    "layers": ("layers",),
    "COCO": ("bbob", "bbob-mixint"),
    "many parameters": ("wide",),
}
WORDS = f"""\
Normalised regret after n trials is (the best so far - the best known) / (the median of random
draws - the best known), within 0 and 1; the best known is the exact minimum where there is one,
else the best of all recorded runs. *regret@n* is its mean over tasks and seeds, *log10* the mean
logarithm at the end (not below {FLOOR:g}), *AUC* its mean over all trials. Intervals hold 95 % of
{DRAWS:,} bootstrap samples of tasks and, within tasks, of seeds. Differences are of AUC, paired by
task and seed: positive is worse than what it is held against, and * marks intervals without 0.
*rank* is the mean over tasks and seeds of the rank by final regret, *ms* CPU milliseconds per
proposal. Where results are noisy, what counts is the expected loss of the trial that looks best. Of
tables and layers some parameters have names that our samplers know: they begin with what these
usually are, and the others do not. *running-auto* is told no space: the objective asks for its
parameters as it runs, as Optuna's does; *optuna-luthier* is luthier's sampler in a study of
Optuna's."""


@dataclass(frozen=True)
class Runs:
    """Curves of normalised regret of one number of trials in flight.

    Parameters
    ----------
    curves : dict
        By task, rival and seed, arrays of one regret per trial.
    seconds : dict
        By task and rival, the least CPU seconds per proposal.
    """

    curves: dict[str, dict[str, dict[int, Array]]]
    seconds: dict[tuple[str, str], float]

    def of(self, whos: Sequence[str]) -> Runs:
        """The runs of some rivals, on tasks that one of them ran."""
        kept = {
            task: {who: seeds for who, seeds in by.items() if who in whos}
            for task, by in self.curves.items()
        }
        return Runs({task: by for task, by in kept.items() if by}, self.seconds)

    def rivals(self) -> list[str]:
        return sorted({who for runs in self.curves.values() for who in runs})


def gather(records: Iterable[Record], flight: int) -> Runs:
    """The runs with so many in flight; of two records of one run, the longer."""
    kept: dict[tuple[str, str, int], Record] = {}
    drawn: dict[str, list[float]] = defaultdict(list)
    least: dict[str, float] = {}
    for record in records:
        task, values = record["task"], record.get("true", record["values"])
        least[task] = min([least.get(task, np.inf), *values])
        if record["rival"] == "random":
            drawn[task] += values
        key = (task, record["rival"], record["seed"])
        if record["flight"] == flight and (
            key not in kept or record["trials"] > kept[key]["trials"]
        ):
            kept[key] = record
    made: dict[str, dict[str, dict[int, Array]]] = {}
    seconds: dict[tuple[str, str], float] = {}
    floors: dict[str, float] = {}
    for (task, who, seed), record in sorted(kept.items()):
        if len(drawn[task]) < LEAST:
            continue  # nothing to compare with: run --rivals random
        if task not in floors:
            known = registry()[task]().optimum
            floors[task] = least[task] if known is None else known
        best = floors[task]
        span = max(float(np.median(drawn[task])) - best, 1e-300)
        regret = np.clip((so_far(record) - best) / span, 0.0, 1.0)
        made.setdefault(task, {}).setdefault(who, {})[seed] = regret
        each = record["thinking"] / record["trials"]
        seconds[task, who] = min(seconds.get((task, who), np.inf), each)
    return Runs(made, seconds)


def so_far(record: Record) -> Array:
    """The loss of the trial that looks best after each trial; the true one, where told."""
    values = np.array(record["values"], dtype=np.float64)
    best = np.minimum.accumulate(values)
    fresh = np.append(True, best[1:] < best[:-1])
    at = np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0))
    return np.asarray(np.array(record.get("true", record["values"]))[at], dtype=np.float64)


def interval(per_task: Sequence[Array], seed: int = 0) -> tuple[float, float]:
    """95 % of the bootstrapped means of task means; one array of values per task."""
    rng = np.random.default_rng(seed)
    means = np.stack(
        [x[rng.integers(len(x), size=(DRAWS, len(x)))].mean(axis=1) for x in per_task], axis=1
    )
    tasks = rng.integers(len(per_task), size=(DRAWS, len(per_task)))
    low, high = np.quantile(np.take_along_axis(means, tasks, axis=1).mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def ranks(values: Array) -> Array:
    """Ranks of each row's values, 1 for the smallest; ties share their mean."""
    smaller = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return np.asarray(smaller + (equal + 1) / 2)


def slow(runs: Runs, tasks: Sequence[str], base: str) -> list[str]:
    """Rivals that ran all the tasks, with fewer than half the seeds of the base."""

    def seeds(who: str) -> int:
        return min(len(runs.curves[task].get(who, {})) for task in tasks)

    return [who for who in runs.rivals() if 0 < 2 * seeds(who) < seeds(base)]


def rows(runs: Runs, tasks: Sequence[str], base: str) -> tuple[list[dict[str, Any]], list[str]]:
    """One row per rival that ran all the tasks, best AUC first; and who did not."""
    there = [who for who in runs.rivals() if all(who in runs.curves[task] for task in tasks)]
    absent = [
        who
        for who in runs.rivals()
        if who not in there and any(who in runs.curves[task] for task in tasks)
    ]
    if not there:
        return [], absent
    shared = {
        task: sorted(set.intersection(*(set(runs.curves[task][who]) for who in there)))
        for task in tasks
    }
    tasks = [task for task in tasks if shared[task]]
    if not tasks:
        return [], there + absent
    n = min(len(runs.curves[t][who][s]) for t in tasks for who in there for s in shared[t])
    curves = {
        who: [np.stack([runs.curves[t][who][s][:n] for s in shared[t]]) for t in tasks]
        for who in there
    }
    ends = np.concatenate(
        [np.stack([curves[who][i][:, -1] for who in there], axis=1) for i in range(len(tasks))]
    )
    placed = ranks(np.round(ends, 12)).mean(axis=0)
    marks = sorted({m for m in (10, 25, 50) if m < n} | {n})
    made = []
    for who in there:
        auc = [c.mean(axis=1) for c in curves[who]]
        row: dict[str, Any] = {
            "rival": who,
            "regret": {m: float(np.mean([c[:, m - 1].mean() for c in curves[who]])) for m in marks},
            "log10": float(
                np.mean([np.log10(np.maximum(c[:, -1], FLOOR)).mean() for c in curves[who]])
            ),
            "auc": float(np.mean([a.mean() for a in auc])),
            "interval": interval(auc),
            "rank": float(placed[there.index(who)]),
            "ms": 1e3 * float(np.mean([runs.seconds[t, who] for t in tasks])),
            "tasks": len(tasks),
            "seeds": sorted({len(shared[t]) for t in tasks}),
            "curve": np.mean([c.mean(axis=0) for c in curves[who]], axis=0).tolist(),
        }
        if base in there and who != base:
            gap = [a - c.mean(axis=1) for a, c in zip(auc, curves[base], strict=True)]
            row["gap"] = float(np.mean([g.mean() for g in gap])), *interval(gap)
        made.append(row)
    return sorted(made, key=lambda row: row["auc"]), absent


def table(made: list[dict[str, Any]], absent: list[str], base: str) -> str:
    """Rows in Markdown."""
    marks = list(made[0]["regret"])
    heads = ["rival", *(f"regret@{m}" for m in marks), "log10", "AUC", f"against {base}", "rank",
             "ms"]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --: |" * (len(heads) - 1)]
    for row in made:
        low, high = row["interval"]
        cells = [row["rival"], *(f"{row['regret'][m]:.3f}" for m in marks), f"{row['log10']:.2f}",
                 f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]"]  # fmt: skip
        gap = row.get("gap")
        sure = "" if gap is None or gap[1] <= 0 <= gap[2] else " *"
        cells.append(f"{gap[0]:+.3f} [{gap[1]:+.3f}, {gap[2]:+.3f}]{sure}" if gap else "-")
        cells += [f"{row['rank']:.2f}", f"{row['ms']:.3g}"]
        lines.append("| " + " | ".join(cells) + " |")
    if absent:
        lines += ["", f"Without runs on all of these tasks: {', '.join(absent)}."]
    return "\n".join(lines)


def report(
    records: list[Record], flight: int, base: str, only: Sequence[str] | None = None
) -> tuple[str, list[dict[str, Any]]]:
    """Markdown of all groups of tasks, and the same as data with a curve for each row.

    Rivals other than `only` still count for what is the best known.
    """
    runs = gather(records, flight)
    if only is not None:
        runs = runs.of(only)
    groups = {
        title: [t for t in registry() if t in runs.curves and t.partition("/")[0] in suites]
        for title, suites in GROUPS.items()
    }
    present = {title: tasks for title, tasks in groups.items() if tasks}
    if len(present) > 1:
        present = {"all": [t for tasks in present.values() for t in tasks], **present}
    parts, data = [" ".join(WORDS.split())], []
    for title, tasks in present.items():
        few = slow(runs, tasks, base)
        made, absent = rows(runs.of([w for w in runs.rivals() if w not in few]), tasks, base)
        if not made:
            continue
        found = made[0]["seeds"]
        seeds = " to ".join(map(str, sorted({found[0], found[-1]})))
        sizes = f"tasks: {made[0]['tasks']}, seeds: {seeds}"
        parts += [f"### {title[:1].upper()}{title[1:]} ({sizes})", table(made, absent, base)]
        # Beside the base alone, or all would be shown on these few seeds; of one task they say
        # too little.
        for who in few if len(tasks) > 1 else ():
            pair, _ = rows(runs.of([who, base]), tasks, base)
            counts = " to ".join(map(str, pair[0]["seeds"]))
            parts += [f"On fewer seeds ({counts}):", table(pair, [], base)]
        data.append({"group": title, "tasks": tasks, "rows": made, "absent": absent})
    return "\n\n".join(parts), data


# -- the figure ------------------------------------------------------------------------------------

COLOURS = ["#b3541e", "#1f6f8b", "#5b8c3e", "#7a4fa3", "#c79a00", "#c2185b", "#4f5d75", "#00897b",
           "#8d6e63", "#3949ab", "#9e9d24", "#757575"]  # fmt: skip


def figure(data: list[dict[str, Any]]) -> str:
    """Mean regret by trial, one panel for each group of tasks, as SVG."""
    wide, high, left, top = 420, 260, 56, 34
    whos = list(dict.fromkeys(row["rival"] for group in data for row in group["rows"]))
    colour = {who: COLOURS[i % len(COLOURS)] for i, who in enumerate(whos)}
    across = 2
    down = -(-len(data) // across)
    width, height = across * wide, down * high + 24 * (1 + len(whos) // 6) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for i, group in enumerate(data):
        x0, y0 = (i % across) * wide + left, (i // across) * high + top
        w, h = wide - left - 16, high - top - 40
        curves = {row["rival"]: np.maximum(row["curve"], FLOOR) for row in group["rows"]}
        low = np.floor(np.log10(min(c.min() for c in curves.values())) * 2) / 2
        n = max(len(c) for c in curves.values())
        parts.append(f'<text x="{x0}" y="{y0 - 10}" font-weight="bold">{group["group"]}</text>')
        for exponent in np.arange(low, 0.1, 0.5):
            y = y0 + h * exponent / low
            parts.append(f'<path d="M{x0} {y:.1f}h{w}" stroke="#ddd"/>')
            parts.append(f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">'
                         f"{10.0**exponent:.2g}</text>")  # fmt: skip
        for trial in sorted({1, n // 4, n // 2, 3 * n // 4, n} - {0}):
            x = x0 + w * (trial - 1) / max(n - 1, 1)
            parts.append(f'<text x="{x:.1f}" y="{y0 + h + 16}" text-anchor="middle">{trial}</text>')
        for who, curve in curves.items():
            xs = x0 + w * np.arange(len(curve)) / max(n - 1, 1)
            ys = y0 + h * np.log10(curve) / low
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
            thick = 2.5 if who.startswith("luthier") else 1.3
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour[who]}" '
                         f'stroke-width="{thick}"><title>{who}</title></path>')  # fmt: skip
    for i, who in enumerate(whos):
        x, y = 20 + (i % 6) * (width - 20) / 6, down * high + 16 + 22 * (i // 6)
        parts.append(f'<path d="M{x:.0f} {y - 4}h18" stroke="{colour[who]}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 24:.0f}" y="{y}">{who}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
