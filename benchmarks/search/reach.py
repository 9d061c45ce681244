"""How long each search takes to reach the score that 200 random candidates reach."""

from __future__ import annotations

import contextlib
import json
import math
import statistics
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search import tables
from benchmarks.search.turns import load

CANDIDATES = 200
WHOLE = 0.9  # of the rows, which halving's last turn may miss by a few
PATIENCE = 1.5  # times the reference; then a search has not reached the score


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


Space = dict[str, Range]
SPACES: dict[str, Space] = {
    "svm": {"C": Range(1e-2, 1e3, log=True), "gamma": Range(1e-5, 1e1, log=True),
            "tol": Range(1e-4, 1e-1, log=True)},
    "forest": {"max_features": Range(0.05, 1.0), "min_samples_leaf": Range(1, 30, True, True),
               "max_depth": Range(2, 20, whole=True), "ccp_alpha": Range(1e-5, 1e-1, log=True)},
    "boosting": {"learning_rate": Range(1e-3, 1.0, log=True), "subsample": Range(0.3, 1.0),
                 "max_depth": Range(1, 8, whole=True), "max_features": Range(0.1, 1.0),
                 "min_samples_leaf": Range(1, 30, True, True)},
}  # fmt: skip
TASKS = (
    ("breast_cancer", "svm"), ("OJ", "svm"), ("Pima", "boosting"), ("diabetes", "boosting"),
    ("spam7", "boosting"), ("concrete", "boosting"), ("Boston", "forest"), ("cells", "forest"),
)  # fmt: skip


def model(name: str, kind: str) -> Any:
    """The estimator, with the settings that are not searched."""
    from sklearn import ensemble

    if name == "boosting":
        made = ensemble.GradientBoostingClassifier
        made = made if kind != "numbers" else ensemble.GradientBoostingRegressor
        return made(n_estimators=30, random_state=0)
    return tables.learner(name, kind)


# -- who searches ---------------------------------------------------------------------------------


def scipy_space(space: Space) -> dict[str, Any]:
    from scipy import stats

    made: dict[str, Any] = {}
    for name, r in space.items():
        if r.whole and r.log:  # as a list: SciPy has no such distribution of whole numbers
            numbers = np.exp(np.linspace(math.log(r.low), math.log(r.high), 200))
            made[name] = [round(float(number)) for number in numbers]
        elif r.whole:
            made[name] = stats.randint(int(r.low), int(r.high) + 1)
        else:
            span = stats.loguniform(r.low, r.high)
            made[name] = span if r.log else stats.uniform(r.low, r.high - r.low)
    return made


@dataclass(frozen=True)
class Search:
    """What every contestant gets."""

    model: Any
    space: Space
    cv: Any
    scoring: Callable[..., float]
    X: Any
    y: Any
    seed: int


def random(s: Search) -> None:
    from sklearn.model_selection import RandomizedSearchCV

    RandomizedSearchCV(
        s.model, scipy_space(s.space), n_iter=CANDIDATES, cv=s.cv, scoring=s.scoring,
        random_state=s.seed, refit=False, error_score="raise",
    ).fit(s.X, s.y)  # fmt: skip


def luthier(s: Search, cls: str = "SearchCV", **more: Any) -> None:
    import luthier.sklearn
    from luthier import Float, Int
    from luthier import Space as Ours

    space = Ours({
        name: Int(int(r.low), int(r.high), log=r.log)
        if r.whole else Float(r.low, r.high, log=r.log)
        for name, r in s.space.items()
    })  # fmt: skip
    getattr(luthier.sklearn, cls)(
        s.model, space, trials=CANDIDATES, cv=s.cv, scoring=s.scoring, random_state=s.seed,
        refit=False, error_score="raise", **more,
    ).fit(s.X, s.y)  # fmt: skip


def halving(s: Search) -> None:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    # Its own choice of the least would end with half of the rows or less: 200, 67, 23 candidates.
    HalvingRandomSearchCV(
        s.model, scipy_space(s.space), n_candidates=CANDIDATES, min_resources=len(s.y) // 27,
        cv=s.cv, scoring=s.scoring, random_state=s.seed, refit=False, return_train_score=False,
    ).fit(s.X, s.y)  # fmt: skip


def optuna(s: Search) -> None:
    from optuna.distributions import FloatDistribution, IntDistribution
    from optuna.logging import ERROR, set_verbosity
    from optuna_integration import OptunaSearchCV

    set_verbosity(ERROR)
    space = {
        name: IntDistribution(int(r.low), int(r.high), log=r.log)
        if r.whole else FloatDistribution(r.low, r.high, log=r.log)
        for name, r in s.space.items()
    }  # fmt: skip
    OptunaSearchCV(
        s.model, space, n_trials=CANDIDATES, cv=s.cv, scoring=s.scoring, random_state=s.seed,
        refit=False, error_score="raise", verbose=0,
    ).fit(s.X, s.y)  # fmt: skip


def skopt(s: Search) -> None:
    from skopt import BayesSearchCV
    from skopt.space import Integer, Real

    prior = {True: "log-uniform", False: "uniform"}
    space = {
        name: Integer(int(r.low), int(r.high), prior[r.log])
        if r.whole else Real(r.low, r.high, prior[r.log])
        for name, r in s.space.items()
    }  # fmt: skip
    BayesSearchCV(
        s.model, space, n_iter=CANDIDATES, cv=s.cv, scoring=s.scoring, random_state=s.seed,
        refit=False, error_score="raise",
    ).fit(s.X, s.y)  # fmt: skip


def genetic(s: Search) -> None:
    from sklearn_genetic import GASearchCV
    from sklearn_genetic.space import Continuous, Integer

    prior = {True: "log-uniform", False: "uniform"}
    space = {
        name: Integer(int(r.low), int(r.high), random_state=s.seed)
        if r.whole else Continuous(r.low, r.high, distribution=prior[r.log], random_state=s.seed)
        for name, r in s.space.items()
    }  # fmt: skip
    GASearchCV(
        s.model, param_grid=space, population_size=20, generations=CANDIDATES // 20, cv=s.cv,
        scoring=s.scoring, refit=False, error_score="raise", verbose=False,
        return_train_score=False,
    ).fit(s.X, s.y)  # fmt: skip


def flaml(s: Search) -> None:
    from flaml import tune
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    def span(r: Range) -> Any:
        if r.whole:
            kind = tune.lograndint if r.log else tune.randint
            return kind(int(r.low), int(r.high) + 1)
        return (tune.loguniform if r.log else tune.uniform)(r.low, r.high)

    def objective(values: dict[str, Any]) -> dict[str, float]:
        made = clone(s.model).set_params(**values)
        scores = cross_val_score(made, s.X, s.y, cv=s.cv, scoring=s.scoring, error_score="raise")
        return {"score": float(scores.mean())}

    tune.run(
        objective, config={name: span(r) for name, r in s.space.items()}, metric="score",
        mode="max", num_samples=CANDIDATES, verbose=0,
    )  # fmt: skip


RANDOM = "RandomizedSearchCV"  # the reference
RIVALS: dict[str, Callable[[Search], None]] = {
    "luthier SearchCV": luthier,
    "luthier SearchCV, no racing": partial(luthier, racing=False),
    "luthier BayesSearchCV": partial(luthier, cls="BayesSearchCV"),
    "luthier GeneticSearchCV": partial(luthier, cls="GeneticSearchCV"),
    "HalvingRandomSearchCV": halving,
    "OptunaSearchCV": optuna,
    "skopt BayesSearchCV": skopt,
    "sklearn-genetic-opt GASearchCV": genetic,
    "FLAML tune": flaml,
}
PACKAGES = {
    "OptunaSearchCV": "optuna", "skopt BayesSearchCV": "scikit-optimize",
    "sklearn-genetic-opt GASearchCV": "sklearn-genetic-opt", "FLAML tune": "FLAML",
}  # fmt: skip


# -- the course of a search -----------------------------------------------------------------------


class Reached(KeyboardInterrupt):
    """Ends any search, whatever it catches."""


class Watch:
    """A scorer that notes when a candidate has all its folds, and ends the search when it may.

    Parameters
    ----------
    name : str
        Of the metric.
    folds : int
    rows : int
        Of the table. Folds of a part of them, as halving has, do not count.
    target : float
        The mean score at which the search ends.
    most : float
        Seconds of CPU time after which it ends anyway.
    """

    def __init__(self, name: str, folds: int, rows: int, target: float, most: float) -> None:
        from sklearn.metrics import get_scorer

        self.scorer, self.folds, self.target, self.most = get_scorer(name), folds, target, most
        self.rows = rows
        self.seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self.best, self.candidates = -math.inf, 0
        self.at: float | None = None
        self.began = time.process_time()

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        value = float(self.scorer(estimator, X, y))
        spent = time.process_time() - self.began
        if len(y) > self.rows / 2:  # rows that it has learned from, which some score too
            return value
        scores = self.seen[repr(sorted(estimator.get_params().items()))]
        scores.append((len(y), value))
        if len(scores) == self.folds:
            tested, mean = sum(n for n, _ in scores), float(np.mean([v for _, v in scores]))
            self.candidates += 1
            if tested >= WHOLE * self.rows:
                self.best = max(self.best, mean)
            scores.clear()
            if self.best >= self.target - 1e-12 and self.at is None:
                self.at = spent
                raise Reached
        if spent > self.most:
            raise Reached
        return value


def run(
    seeds: int, whos: Sequence[str], minutes: float, out: Path
) -> tuple[str, list[dict[str, Any]]]:
    """Every contestant on every task, after 200 random candidates of scikit-learn.

    Each run is a line of `out`; one that is there is not made again.
    """
    started = time.perf_counter()
    warnings.simplefilter("ignore")
    done = [] if not out.exists() else list(map(json.loads, out.read_text().splitlines()))
    with out.open("a") as file:
        for seed, (table, name) in product(range(seeds), TASKS):
            known = {r["who"]: r for r in done if key(r) == (table, name, seed)}
            missing = [who for who in [RANDOM, *whos] if who not in known]
            for who in missing:
                if time.perf_counter() - started > 60 * minutes:
                    break
                first = known.get(RANDOM, {"best": math.inf, "seconds": math.inf})
                rival = RIVALS.get(who, random)
                got = course(rival, table, name, seed, first["best"], PATIENCE * first["seconds"])
                known[who] = {
                    "table": table, "learner": name, "seed": seed, "who": who, "best": got.best,
                    "seconds": time.process_time() - got.began, "at": got.at,
                    "candidates": got.candidates, "load": load(),
                }  # fmt: skip
                done.append(known[who])
                print(json.dumps(known[who]), file=file, flush=True)
                print(known[who], flush=True)
    return shown(done, whos), done


def key(record: dict[str, Any]) -> tuple[str, str, int]:
    return record["table"], record["learner"], record["seed"]


def course(
    who: Callable[[Search], None], table: str, name: str, seed: int, target: float, most: float
) -> Watch:
    """One search, until it reaches a score or has taken too long."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = tables.TABLES[table].kind
    data = tables.read(tables.TABLES[table])
    splitter = StratifiedKFold if kind != "numbers" else KFold
    cv = list(splitter(5, shuffle=True, random_state=seed).split(data.X, data.y))
    metric = "r2" if kind == "numbers" else "roc_auc"
    watch = Watch(metric, len(cv), len(data.y), target, most)
    with contextlib.suppress(Reached):
        who(Search(model(name, kind), SPACES[name], cv, watch, data.X, data.y, seed))
    return watch


def share(record: dict[str, Any], whole: float) -> float:
    """The time until the score was reached, beside that of the reference."""
    return PATIENCE if record["at"] is None else min(PATIENCE, record["at"] / whole)


def shown(records: list[dict[str, Any]], whos: Sequence[str]) -> str:
    """The records as a Markdown table: a column of each task, the median and how many reached.

    Of seeds that one has run on all tasks; another may have run more.
    """
    whole = {key(r): r["seconds"] for r in records if r["who"] == RANDOM}
    ran: dict[str, list[dict[str, Any]]] = {who: [] for who in whos}
    for who, seed in product(whos, sorted({r["seed"] for r in records})):
        some = [r for r in records if r["who"] == who and r["seed"] == seed and key(r) in whole]
        if len(some) == len(TASKS):
            ran[who] += [r | {"share": share(r, whole[key(r)])} for r in some]
    lines = [
        "| search | seeds | median | reached | " + " | ".join(f"{t}, {n}" for t, n in TASKS) + " |",
        "| --- | --: | --: | --: |" + " --: |" * len(TASKS),
    ]
    for who, some in ran.items():
        if not some:
            continue
        cells = []
        for task in TASKS:
            shares = [r["share"] for r in some if (r["table"], r["learner"]) == task]
            middle = statistics.median(shares)
            cells.append(f"{middle:.2f}" if middle < PATIENCE else "-")
        middle = statistics.median(r["share"] for r in some)
        reached = np.mean([r["share"] < PATIENCE for r in some])
        told = f"{len(some) // len(TASKS)} | {middle:.2f} | {reached:.0%}"
        lines.append(f"| {who} | {told} | " + " | ".join(cells) + " |")
    if len(lines) == 2:
        return "No search was run on all tasks yet."
    lines += [
        "",
        "CPU time of one process until a candidate with all five folds of all rows has the score "
        f"that scikit-learn's RandomizedSearchCV has after {CANDIDATES} candidates, as a share of "
        "the time that this takes it; a dash: not within "
        f"{CANDIDATES} candidates or {PATIENCE} times that time. AUC or r2. Wanted for SearchCV: "
        f"a median of at most 0.25. {load()}.",
    ]
    return "\n".join(lines)
