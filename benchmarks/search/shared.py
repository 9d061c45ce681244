"""Grids behind costly steps, against scikit-learn's and against the least work there is."""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from functools import partial
from typing import Any

import numpy as np

from benchmarks.search import tables
from benchmarks.search.turns import load, ratio, turns

Grid = dict[str, list[Any]]
BY_HAND = "by hand, nothing twice"


def quantiles() -> tuple[list[Any], Grid]:
    """Quantiles, polynomials and principal components; ten values of C."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer

    steps = [
        QuantileTransformer(n_quantiles=200, random_state=0), PolynomialFeatures(2),
        PCA(20, random_state=0), LogisticRegression(max_iter=1000),
    ]  # fmt: skip
    return steps, {"C": np.logspace(-3, 3, 10).tolist()}


def chosen() -> tuple[list[Any], Grid]:
    """Columns chosen by a forest; five values of C, six of gamma."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_selection import SelectFromModel
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    forest = ExtraTreesClassifier(100, random_state=0)
    steps = [SelectFromModel(forest), StandardScaler(), SVC(random_state=0)]
    return steps, {"C": np.logspace(-1, 3, 5).tolist(), "gamma": np.logspace(-4, 1, 6).tolist()}


def informed() -> tuple[list[Any], Grid]:
    """Columns chosen by mutual information; five values of C, six of gamma."""
    from sklearn.feature_selection import SelectKBest, mutual_info_classif
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    best = SelectKBest(partial(mutual_info_classif, random_state=0), k=15)
    steps = [StandardScaler(), best, SVC(random_state=0)]
    return steps, {"C": np.logspace(-1, 3, 5).tolist(), "gamma": np.logspace(-4, 1, 6).tolist()}


CASES = (
    ("breast_cancer", quantiles), ("cells", quantiles),
    ("breast_cancer", chosen), ("breast_cancer", informed),
)  # fmt: skip


def run(repeats: int) -> tuple[str, list[dict[str, Any]]]:
    """Every case in turns, with scikit-learn's search with and without `memory`."""
    records = []
    for table, made in CASES:
        data = tables.read(tables.TABLES[table], 800)
        steps, values = made()
        seconds = behind(data.X, data.y, steps, values, repeats)
        last = type(steps[-1]).__name__
        records.append({
            "table": table, "shape": data.X.shape, "steps": made.__name__, "last": last,
            "candidates": int(np.prod([len(v) for v in values.values()])),
            "seconds": seconds, "load": load(),
        })  # fmt: skip
        print(records[-1], flush=True)
    return shown(records), records


def shown(records: list[dict[str, Any]]) -> str:
    """The records as a Markdown table."""
    lines = [
        "| data | steps | candidates | search | seconds | times as long as luthier | range |",
        "| --- | --- | --: | --- | --: | --: | --: |",
    ]
    for r in records:
        for name, each in r["seconds"].items():
            middle, span = ratio(r["seconds"], name, "luthier")
            lines.append(
                f"| {r['table']}, {r['shape'][0]} x {r['shape'][1]} | {r['steps']}, {r['last']} "
                f"| {r['candidates']} | {name} | {statistics.median(each):.2f} | {middle:.2f} "
                f"| {span} |"
            )
    lines += [
        "",
        "*quantiles* are quantiles, polynomials of degree 2 and 20 principal components; *chosen* "
        "are columns chosen by a forest, *informed* by mutual information. 5 folds and a refit; "
        "the same scores; CPU time of one process. *By hand* is a loop that fits each step once "
        "for each fold, transforms the rows of the test once and fits and scores the last step "
        "for each candidate: no search with the same scores can do with less, so scikit-learn's "
        "time over its own is the most that sharing can save. Wanted: at least 5 times faster "
        f"than scikit-learn. {load()}.",
    ]
    return "\n".join(lines)


def behind(X: Any, y: Any, steps: list[Any], values: Grid, repeats: int) -> dict[str, list[float]]:
    """Seconds of each search in each turn."""
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV as Theirs
    from sklearn.pipeline import make_pipeline

    from luthier.sklearn import GridSearchCV as Ours

    name = type(steps[-1]).__name__.lower()
    grid = {f"{name}__{key}": each for key, each in values.items()}
    said: dict[str, Any] = {}

    def search(cls: Any, key: str, memory: str | None = None) -> None:
        made = make_pipeline(*[clone(step) for step in steps], memory=memory)
        said[key] = cls(made, grid, cv=5).fit(X, y).cv_results_["mean_test_score"]

    def remembered() -> None:
        with tempfile.TemporaryDirectory() as folder:
            search(Theirs, "memory", folder)

    def hand() -> None:
        said["hand"] = by_hand(X, y, steps, values)

    contest = {
        "scikit-learn": lambda: search(Theirs, "scikit-learn"),
        "scikit-learn, `memory=`": remembered,
        "luthier": lambda: search(Ours, "luthier"),
        BY_HAND: hand,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = turns(contest, repeats, time.process_time)
    for scores in said.values():
        assert np.allclose(scores, said["scikit-learn"], rtol=0, atol=1e-12)
    return seconds


def by_hand(X: Any, y: Any, steps: list[Any], values: Grid) -> Any:
    """Mean scores of the candidates, with as little work as that takes, and a refit."""
    from sklearn.base import clone
    from sklearn.model_selection import ParameterGrid, StratifiedKFold
    from sklearn.pipeline import make_pipeline

    candidates, scores = list(ParameterGrid(values)), []
    for train, test in StratifiedKFold(5).split(X, y):
        before = make_pipeline(*[clone(step) for step in steps[:-1]])
        inside, outside = before.fit_transform(X[train], y[train]), before.transform(X[test])
        fits = [clone(steps[-1]).set_params(**c).fit(inside, y[train]) for c in candidates]
        scores.append([fit.score(outside, y[test]) for fit in fits])
    means = np.mean(scores, axis=0)
    best = clone(steps[-1]).set_params(**candidates[int(np.argmax(means))])
    make_pipeline(*[clone(step) for step in steps[:-1]], best).fit(X, y)
    return means
