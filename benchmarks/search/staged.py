"""Grids over stages of an ensemble or depths of trees, and what else candidates may have alike."""

from __future__ import annotations

import statistics
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.search import tables
from benchmarks.search.turns import load, ratio, turns

Grid = dict[str, list[Any]]
STAGES = [50, 100, 200, 400]


def boosting() -> tuple[Any, Grid]:
    """Gradient boosting of four numbers of trees and two depths."""
    from sklearn.ensemble import GradientBoostingClassifier

    grid = {"n_estimators": STAGES, "max_depth": [2, 3]}
    return GradientBoostingClassifier(subsample=0.8, random_state=0), grid


def forest() -> tuple[Any, Grid]:
    """Forests of four numbers of trees and two shares of the columns."""
    from sklearn.ensemble import RandomForestClassifier

    grid = {"n_estimators": STAGES, "max_features": ["sqrt", 0.3]}
    return RandomForestClassifier(random_state=0), grid


def histograms() -> tuple[Any, Grid]:
    """Boosting on histograms, of four numbers of trees and two rates."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    grid = {"max_iter": STAGES, "learning_rate": [0.05, 0.1]}
    return HistGradientBoostingClassifier(max_leaf_nodes=8, random_state=0), grid


def depths() -> tuple[Any, Grid]:
    """Forests of four limits on depth, of which trees seldom reach three."""
    from sklearn.ensemble import RandomForestClassifier

    grid = {"max_depth": [None, 10, 20, 30], "max_features": ["sqrt", 0.3]}
    return RandomForestClassifier(random_state=0), grid


CASES = (
    ("breast_cancer", boosting), ("cells", forest), ("cells", histograms), ("cells", depths),
)  # fmt: skip


def run(repeats: int) -> tuple[str, dict[str, Any]]:
    """Every grid in turns with scikit-learn's search; then what is not shared."""
    grids = []
    for table, made in CASES:
        data = tables.read(tables.TABLES[table], 800)
        model, grid = made()
        grids.append({
            "table": table, "shape": data.X.shape, "model": type(model).__name__,
            "over": next(iter(grid)), "candidates": int(np.prod([len(v) for v in grid.values()])),
            "seconds": against(data.X, data.y, model, grid, repeats), "load": load(),
        })  # fmt: skip
        print(grids[-1], flush=True)
    records = {"grids": grids, "others": others()}
    return shown(records), records


def against(X: Any, y: Any, model: Any, grid: Grid, repeats: int) -> dict[str, list[float]]:
    """Seconds of both searches in each turn; every score of every fold is the same."""
    from sklearn.model_selection import GridSearchCV as Theirs

    from luthier.sklearn import GridSearchCV as Ours

    said: dict[str, Any] = {}

    def search(cls: Any, name: str) -> None:
        said[name] = cls(model, grid, cv=5).fit(X, y).cv_results_

    contest = {
        "scikit-learn": lambda: search(Theirs, "scikit-learn"),
        "luthier": lambda: search(Ours, "luthier"),
    }
    seconds = turns(contest, repeats, time.process_time)
    for fold in range(5):
        a, b = (said[name][f"split{fold}_test_score"] for name in contest)
        assert np.array_equal(a, b)
    return seconds


def others() -> list[dict[str, Any]]:
    """How often other work done once would leave a prediction as it is, to the last digit."""
    from sklearn.preprocessing import StandardScaler

    counts: dict[str, list[bool]] = {}
    for name in ("breast_cancer", "wine", "digits"):
        X, y = tables.own(name)
        X, test = StandardScaler().fit_transform(X), np.arange(len(y)) % 3 == 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for what, equal in (
                *kernels(X[~test], y[~test], X[test]),
                *neighbours(X[~test], y[~test], X[test]),
                *warm(X[~test], y[~test], X[test]),
            ):
                counts.setdefault(what, []).append(equal)
    return [{"what": k, "equal": sum(v), "of": len(v)} for k, v in counts.items()]


def kernels(X: Any, y: Any, new: Any) -> list[tuple[str, bool]]:
    """Support vectors from a kernel that was computed beforehand, for several C."""
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.svm import SVC

    made = []
    for gamma in (1e-3, 1e-2, 1e-1):
        inside, outside = rbf_kernel(X, gamma=gamma), rbf_kernel(new, X, gamma=gamma)
        for C in (0.1, 1.0, 10.0, 100.0):
            plain = SVC(C=C, gamma=gamma).fit(X, y).decision_function(new)
            from_it = SVC(C=C, kernel="precomputed").fit(inside, y).decision_function(outside)
            made.append(("kernel matrices, SVC", np.array_equal(plain, from_it)))
    return made


def neighbours(X: Any, y: Any, new: Any) -> list[tuple[str, bool]]:
    """The first of 25 neighbours, for smaller numbers; rounded values have ties."""
    from sklearn.neighbors import KNeighborsClassifier

    made = []
    for search in ("brute", "kd_tree"):
        for digits in (10, 1):
            rows, asked = np.round(X, digits), np.round(new, digits)
            model = KNeighborsClassifier(25, algorithm=search).fit(rows, y)
            most = model.kneighbors(asked, return_distance=False)
            for k in (1, 3, 5, 10):
                found = model.kneighbors(asked, k, return_distance=False)
                made.append(("graphs of neighbours", np.array_equal(found, most[:, :k])))
    return made


def warm(X: Any, y: Any, new: Any) -> list[tuple[str, bool]]:
    """Logistic regression that starts where that with a smaller C ended."""
    from sklearn.linear_model import LogisticRegression

    made = []
    going = LogisticRegression(warm_start=True, max_iter=500)
    for C in np.logspace(-3, 3, 7):
        going.set_params(C=C).fit(X, y)
        plain = LogisticRegression(C=C, max_iter=500).fit(X, y)
        equal = np.array_equal(plain.predict_proba(new), going.predict_proba(new))
        made.append(("warm starts, logistic regression", equal))
    return made


def shown(records: dict[str, Any]) -> str:
    """The records as two Markdown tables."""
    lines = [
        "| data | model | over | candidates | search | seconds "
        "| times as long as luthier | range |",
        "| --- | --- | --- | --: | --- | --: | --: | --: |",
    ]
    for r in records["grids"]:
        for name, each in r["seconds"].items():
            middle, span = ratio(r["seconds"], name, "luthier")
            lines.append(
                f"| {r['table']}, {r['shape'][0]} x {r['shape'][1]} | {r['model']} "
                f"| {r['over']} | {r['candidates']} | {name} | {statistics.median(each):.2f} "
                f"| {middle:.2f} | {span} |"
            )
    lines += [
        "",
        f"Numbers of stages {', '.join(map(str, STAGES))}, or depths None, 10, 20 and 30, and two "
        "values of another parameter; 5 folds and a refit; every score of every fold is the same "
        "to the last digit; CPU time of one process. Without scores and the refit stages would be "
        f"{sum(STAGES)} over {max(STAGES)}, {sum(STAGES) / max(STAGES):.2f} times. {load()}.",
        "",
        "| what else might be done once | predictions that stay the same to the last digit |",
        "| --- | --: |",
        *(f"| {r['what']} | {r['equal']} of {r['of']} |" for r in records["others"]),
        "",
        "On scikit-learn's breast_cancer, wine and digits. These are not shared.",
    ]
    return "\n".join(lines)
