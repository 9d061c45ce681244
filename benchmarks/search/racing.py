"""Rules that drop candidates, replayed on full matrices of fold scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from benchmarks.search import matrices, tables
from luthier.numerics.racing import hopeless, incumbent, next_tasks

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# All tables, but what takes hours: vector machines on many words or prices without a logarithm.
PAIRS = (
    *((name, "tree") for name in tables.TABLES),
    *((name, "svm") for name in tables.TABLES
      if name not in ("cells", "OJ", "penguins", "leaves", "ames")),
    ("breast_cancer", "linear"), ("spam7", "linear"), ("diabetes", "linear"),
    ("OJ", "neighbours"), ("diabetes", "neighbours"), ("wine", "neighbours"),
)  # fmt: skip


def aggressive(scores: Array, *, highest: float) -> Flags:
    """Behind the incumbent's mean so far: Bergman et al. (2024)."""
    made = hopeless(scores, rule="lossless", highest=highest)
    best, seen = incumbent(scores), ~np.isnan(scores)
    if best < 0:
        return made
    mean = np.where(seen, scores, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return made | (seen.any(axis=1) & ~seen.all(axis=1) & (mean <= scores[best].mean()))


def paired(scores: Array, *, highest: float, alpha: float, least: int) -> Flags:
    """A t test of the differences to the incumbent, from so many folds on."""
    made = hopeless(scores, rule="lossless", highest=highest)
    best, seen = incumbent(scores), ~np.isnan(scores)
    if best < 0:
        return made
    n = seen.sum(axis=1)
    gaps = np.where(seen, scores[best] - scores, 0)
    with np.errstate(all="ignore"):
        gap = gaps.sum(axis=1) / n
        squares = np.where(seen, (gaps - gap[:, None]) ** 2, 0).sum(axis=1)
        p = stdtr(np.maximum(n - 1, 1), -gap / np.sqrt(squares / (n - 1) / n))
        return made | ((n >= least) & (n < scores.shape[1]) & (gap > 0) & (p < alpha))


Ruled = Callable[..., Flags]
RULES: dict[str, Ruled] = {
    "lossless": partial(hopeless, rule="lossless"),
    "forgiving": partial(hopeless, rule="forgiving"),
    "aggressive": aggressive,
    "paired t, 0.1, 3 folds": partial(paired, alpha=0.1, least=3),
    "paired t, 0.2, 2 folds": partial(paired, alpha=0.2, least=2),
    "likely, 0.01": partial(hopeless, rule="likely", chance=0.01),
    "likely, 0.02 (default)": partial(hopeless, rule="likely"),
    "likely, 0.05": partial(hopeless, rule="likely", chance=0.05),
}


CASES = (
    *((rule, False) for rule in ("lossless", "forgiving", "likely, 0.02 (default)")),
    *((rule, True) for rule in RULES),
)  # rules, and whether the promising go first


def replay(full: Array, rule: Ruled, promising: bool) -> Array:
    """The scores that a race of one worker fills in, out of all."""
    scores, dropped = np.full(full.shape, np.nan), np.zeros(len(full), dtype=bool)
    while tasks := next_tasks(scores, dropped, 1, promising=promising):
        scores[tuple(tasks[0])] = full[tuple(tasks[0])]
        dropped |= rule(scores)
    return scores


def grids(K: int, folder: Path) -> Iterator[tuple[str, str, str, Array, Array]]:
    """Table, learner and metric, with fold scores and those on rows held out."""
    for name, learner in PAIRS:
        table = tables.TABLES[name]
        kept = matrices.matrix(table, learner, K, folder)
        for at, metric in enumerate(matrices.METRICS[table.kind]):
            if not np.isnan(kept["folds"][at]).any():
                yield name, learner, metric, kept["folds"][at], kept["out"][at]


def measured(job: tuple[str, str, str, Array, Array], orders: int) -> list[dict[str, Any]]:
    """All rules on one matrix, each in the same random orders of rows and of folds."""
    table, learner, metric, full, out = job
    means = full.mean(axis=1)
    spread = max(float(means.max() - np.median(means)), 1e-12)
    records = []
    for rule, promising in CASES:
        decide = partial(RULES[rule], highest=matrices.HIGHEST[metric])
        rng = np.random.default_rng(11)
        for _ in range(orders):
            rows, folds = rng.permutation(len(full)), rng.permutation(full.shape[1])
            shown = full[rows][:, folds]
            scores = replay(shown, decide, promising)
            won, best = incumbent(scores), int(np.argmax(shown.mean(axis=1)))
            lost = float(shown.mean(axis=1)[best] - shown.mean(axis=1)[won])
            records.append({
                "table": table, "learner": learner, "metric": metric, "K": full.shape[1],
                "rule": rule, "promising": promising,
                "saving": full.size / int(np.isfinite(scores).sum()),
                "same": won == best, "equal": lost <= 1e-12 * spread, "lost": lost / spread,
                "out": float(out[rows[won]] - out[rows[best]]) / spread,
            })  # fmt: skip
    return records


def run(orders: int, folder: Path, jobs: int) -> tuple[str, list[dict[str, Any]]]:
    """Replay everything; the table, and means over orders of each matrix and rule."""
    means, parts = [], []
    for K in (10, 5):
        work = list(grids(K, folder))
        with ProcessPoolExecutor(jobs) as pool:
            parcels = pool.map(partial(measured, orders=orders), work)
            records = [record for parcel in parcels for record in parcel]
        parts.append(f"### {K} folds, {len(work)} matrices, {orders} random orders each\n")
        parts.append(shown(records))
        means += averages(records)
    parts.append(
        "Matrices of 60 to 80 candidates: trees on all, support vector machines on most, nearest "
        f"neighbours and linear models on three of {len(tables.TABLES)} tables of up to 400 rows; "
        "accuracy, AUC, log loss, F1, r2 and RMSE. *Saving* is how many times fewer folds run: the "
        "mean over "
        "searches, the median, and all folds over all folds run. *Same* is how often the first of "
        "the best candidates wins, *equal* how often one with the same score does. *Lost* is the "
        "mean score of cross-validation that is lost, *p95* its 95 % quantile, and *held out* "
        "what losing it changes on rows that no fold saw, in units of the distance from the best "
        "candidate to the median one. "
        "*In order* takes candidate after candidate, in a random order; *promising first* begins "
        "with one fold of each."
    )
    return "\n\n".join(parts), means


def shown(records: list[dict[str, Any]]) -> str:
    """The records as a Markdown table."""
    lines = [
        "| rule | order | saving | median | overall | same | equal | lost | p95 | held out |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for rule, promising in CASES:
        some = [r for r in records if (r["rule"], r["promising"]) == (rule, promising)]
        get = {key: np.array([r[key] for r in some], float)
               for key in ("saving", "same", "equal", "lost", "out")}  # fmt: skip
        lines.append(
            f"| {rule} | {'promising first' if promising else 'in order'} "
            f"| {get['saving'].mean():.2f} | {np.median(get['saving']):.2f} "
            f"| {1 / np.mean(1 / get['saving']):.2f} "
            f"| {get['same'].mean():.1%} | {get['equal'].mean():.1%} "
            f"| {get['lost'].mean():.4f} | {np.quantile(get['lost'], 0.95):.4f} "
            f"| {get['out'].mean():+.4f} |"
        )
    return "\n".join(lines)


def averages(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One record of each matrix, rule and order."""
    names = ("table", "learner", "metric", "K", "rule", "promising")
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for r in records:
        groups.setdefault(tuple(r[name] for name in names), []).append(r)
    return [
        dict(zip(names, key, strict=True))
        | {k: round(float(np.mean([r[k] for r in some])), 6)
           for k in ("saving", "same", "equal", "lost", "out")}
        for key, some in groups.items()
    ]  # fmt: skip
