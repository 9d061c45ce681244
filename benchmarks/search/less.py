"""What it costs to judge candidates with less at first, and how good the winner is."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.search import reach, tables
from benchmarks.search.reach import Search
from benchmarks.search.turns import load

TRIALS, AS_HALVING = 27, 4  # 27 candidates, halved by three from a 27th of the whole: four wholes
HALVING = "HalvingRandomSearchCV"
TASKS = {
    ("diabetes", "boosting"): ("n_estimators", 3, 81),
    ("digits", "svm"): ("n_samples", 0.1, 1.0),
}  # data and model, and what there is less of


def random(s: Search, fidelity: Any) -> dict[str, Any]:
    from sklearn.model_selection import RandomizedSearchCV

    whole = {} if fidelity[0] == "n_samples" else {fidelity[0]: fidelity[2]}
    search = RandomizedSearchCV(
        s.model.set_params(**whole), reach.scipy_space(s.space), n_iter=TRIALS, cv=s.cv,
        scoring=s.scoring, random_state=s.seed, refit=False, error_score="raise",
    ).fit(s.X, s.y)  # fmt: skip
    return whole | dict(search.best_params_)


def halving(s: Search, fidelity: Any) -> dict[str, Any]:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    name, least, most = fidelity
    n = len(s.y)
    least, most = (round(least * n), n) if name == "n_samples" else (least, most)
    search = HalvingRandomSearchCV(
        s.model, reach.scipy_space(s.space), n_candidates=TRIALS, factor=3, resource=name,
        min_resources=least, max_resources=most, cv=s.cv,
        scoring=s.scoring, random_state=s.seed, refit=False, error_score="raise",
    ).fit(s.X, s.y)  # fmt: skip
    return dict(search.best_params_) | ({} if name == "n_samples" else {name: most})


def ours(s: Search, fidelity: Any, trials: int = TRIALS, **more: Any) -> dict[str, Any]:
    from luthier import Float, Int, Space
    from luthier.sklearn import SearchCV

    space = Space({
        name: Int(int(r.low), int(r.high), log=r.log)
        if r.whole else Float(r.low, r.high, log=r.log)
        for name, r in s.space.items()
    })  # fmt: skip
    whole = {} if fidelity[0] == "n_samples" else {fidelity[0]: fidelity[2]}
    if more:
        more |= {"fidelity": fidelity}
    search = SearchCV(
        s.model.set_params(**whole), space, trials=trials, cv=s.cv, scoring=s.scoring,
        random_state=s.seed, refit=False, error_score="raise", **more,
    ).fit(s.X, s.y)  # fmt: skip
    return whole | dict(search.best_params_)


RIVALS: dict[str, Callable[..., dict[str, Any]]] = {
    "RandomizedSearchCV, all whole": random,
    HALVING: halving,
    "luthier SearchCV, all whole, raced": ours,
    **{
        f"luthier SearchCV, {name}, {trials}": partial(ours, scheduler=name, trials=trials)
        for trials in (AS_HALVING, TRIALS)
        for name in ("asha", "hyperband", "auto")
    },
}


def run(seeds: int, minutes: float) -> tuple[str, list[dict[str, Any]]]:
    """Every contestant on every task; each winner is judged on all folds with the whole."""
    from sklearn.base import clone
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    records, started = [], time.perf_counter()
    warnings.simplefilter("ignore")
    for seed in range(seeds):
        for (table, name), fidelity in TASKS.items():
            if time.perf_counter() - started > 60 * minutes:
                break
            kind = tables.TABLES[table].kind
            data = tables.read(tables.TABLES[table])
            splitter = (StratifiedKFold if kind != "numbers" else KFold)(
                5, shuffle=True, random_state=seed
            )
            cv = list(splitter.split(data.X, data.y))
            scoring = "r2" if kind == "numbers" else "accuracy"
            for who, search in RIVALS.items():
                # scikit-learn's halving splits the rows that it draws, so it needs the splitter.
                folds = splitter if search is halving else cv
                model = reach.model(name, kind)
                given = Search(model, reach.SPACES[name], folds, scoring, data.X, data.y, seed)
                began = time.process_time()
                best = search(given, fidelity)
                spent = time.process_time() - began
                winner = clone(reach.model(name, kind)).set_params(**best)
                score = cross_val_score(winner, data.X, data.y, cv=cv, scoring=scoring).mean()
                records.append({
                    "table": table, "learner": name, "fidelity": list(fidelity), "seed": seed,
                    "who": who, "seconds": spent, "score": float(score), "load": load(),
                })  # fmt: skip
                print(records[-1], flush=True)
    return shown(records), records


def task_of(record: dict[str, Any]) -> tuple[str, str, str]:
    return record["table"], record["learner"], record["fidelity"][0]


def shown(records: list[dict[str, Any]]) -> str:
    """The records as a Markdown table: of each task the CPU time and the winner's score."""
    tasks = list(dict.fromkeys(map(task_of, records)))
    counts = [len({r["seed"] for r in records if task_of(r) == task}) for task in tasks]
    seeds = ", ".join(f"{task[0]} {n}" for task, n in zip(tasks, counts, strict=True))
    head = [f"{t}, {n}, {f}: s | score | beside halving" for t, n, f in tasks]
    lines = ["| search | " + " | ".join(head) + " |", "| --- |" + " --: |" * (3 * len(tasks))]
    for who in dict.fromkeys(r["who"] for r in records):
        cells = []
        for task in tasks:
            mine, halved = of(records, task, who), of(records, task, HALVING)
            apart = [mine[s]["score"] - halved[s]["score"] for s in mine if s in halved]
            cells += [
                f"{statistics.median(r['seconds'] for r in mine.values()):.1f}",
                f"{statistics.mean(r['score'] for r in mine.values()):.4f}",
                "" if who == HALVING or len(apart) < 2 else
                f"{statistics.mean(apart):+.4f} ± "
                f"{statistics.stdev(apart) / len(apart) ** 0.5:.4f}",
            ]  # fmt: skip
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Whole searches of {TRIALS} candidates, or {TRIALS} first candidates that are halved by a "
        "factor of 3. The number behind a scheduler is `trials`, with a fidelity what so many "
        f"candidates with the whole are given; halving gives {AS_HALVING} of them where its "
        "resource is the number of trees. CPU time of one process, the median; the mean score of "
        "winners on the search's folds with the whole, accuracy or r2, and its difference from "
        "halving's with its standard error, paired by seed. There are few seeds: "
        f"{seeds}. {records[-1]['load']}.",
    ]
    return "\n".join(lines)


def of(
    records: list[dict[str, Any]], task: tuple[str, str, str], who: str
) -> dict[int, dict[str, Any]]:
    """What a contestant did on a task, by seed."""
    return {r["seed"]: r for r in records if r["who"] == who and task_of(r) == task}
