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

TRIALS = 27
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


def ours(s: Search, fidelity: Any, **more: Any) -> dict[str, Any]:
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
        s.model.set_params(**whole), space, trials=TRIALS, cv=s.cv, scoring=s.scoring,
        random_state=s.seed, refit=False, error_score="raise", **more,
    ).fit(s.X, s.y)  # fmt: skip
    return whole | dict(search.best_params_)


RIVALS: dict[str, Callable[..., dict[str, Any]]] = {
    "RandomizedSearchCV, all whole": random,
    "HalvingRandomSearchCV": halving,
    "luthier SearchCV, all whole, raced": ours,
    "luthier SearchCV, asha": partial(ours, scheduler="asha"),
    "luthier SearchCV, hyperband": partial(ours, scheduler="hyperband"),
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
    head = [f"{t}, {n}, {f}: s | score" for t, n, f in tasks]
    lines = ["| search | " + " | ".join(head) + " |", "| --- |" + " --: |" * (2 * len(tasks))]
    for who in dict.fromkeys(r["who"] for r in records):
        cells = []
        for task in tasks:
            some = [r for r in records if r["who"] == who and task_of(r) == task]
            cells += [f"{statistics.median(r['seconds'] for r in some):.1f}",
                      f"{statistics.mean(r['score'] for r in some):.4f}"]  # fmt: skip
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Whole searches of {TRIALS} trials, or {TRIALS} first candidates that are halved by a "
        "factor of 3. CPU time of one process, the median, and the mean score of winners on the "
        f"search's folds with the whole, accuracy or r2; seeds: {seeds}. A promotion "
        "is a trial, so searches with a fidelity tried fewer candidates than the others. "
        f"{records[-1]['load']}.",
    ]
    return "\n".join(lines)
