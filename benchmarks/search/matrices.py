"""All fold scores of whole grids, kept on disk, so that rules can be replayed without fitting."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from benchmarks.search import tables

Array = npt.NDArray[np.float64]

METRICS = {
    "binary": ("accuracy", "roc_auc", "neg_log_loss"),
    "classes": ("accuracy", "f1_macro"),
    "numbers": ("r2", "neg_root_mean_squared_error"),
}
HIGHEST = {
    "accuracy": 1.0, "roc_auc": 1.0, "f1_macro": 1.0, "r2": 1.0,
    "neg_log_loss": 0.0, "neg_root_mean_squared_error": 0.0,
}  # fmt: skip


def score(model: Any, X: Any, y: Any, kind: str) -> list[float]:
    """The metrics of a fitted model in the order of METRICS; NaN where it has no such scores.

    Written out, because scikit-learn's checks of their input take longer than most fits here.
    """
    if kind == "numbers":
        squares = float(((y - model.predict(X)) ** 2).sum())
        return [1 - squares / float(((y - y.mean()) ** 2).sum()), -math.sqrt(squares / len(y))]
    if kind == "classes":
        said = model.predict(X)
        f1 = []
        for c in np.union1d(y, said):
            both = np.sum((y == c) & (said == c))
            f1.append(2 * both / (np.sum(y == c) + np.sum(said == c)))
        return [float(np.mean(said == y)), float(np.mean(f1))]
    if not hasattr(model, "predict_proba"):
        side = model.decision_function(X)
        return [float(np.mean((side > 0) == y)), area(side, y), np.nan]
    p = np.clip(model.predict_proba(X), 1e-15, 1 - 1e-15)
    exact = float(np.mean((p[:, 1] > p[:, 0]) == y))
    return [exact, area(p[:, 1], y), float(np.mean(np.log(p[np.arange(len(y)), y])))]


def area(side: Array, y: Any) -> float:
    """The area under the ROC curve, by ranks."""
    positive = int(np.sum(y))
    ranks = rankdata(side)[np.asarray(y, bool)].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def compute(table: tables.Table, name: str, K: int) -> dict[str, Array]:
    """``folds`` (metrics, C, K) and ``out`` (metrics, C), the latter on rows held out."""
    from sklearn import config_context
    from sklearn.base import clone
    from sklearn.model_selection import KFold, StratifiedKFold

    data = tables.read(table)
    kind = StratifiedKFold if table.kind != "numbers" else KFold
    splits = list(kind(K, shuffle=True, random_state=7).split(data.X, data.y))
    rows = tables.candidates(name, table.kind)
    folds = np.empty((len(METRICS[table.kind]), len(rows), K))
    out = np.empty(folds.shape[:2])
    base = tables.learner(name, table.kind)
    quick = config_context(skip_parameter_validation=True, assume_finite=True)
    with warnings.catch_warnings(), quick:
        warnings.simplefilter("ignore")
        for c, values in enumerate(rows):
            model = clone(base).set_params(**values)
            for k, (train, test) in enumerate(splits):
                model.fit(data.X[train], data.y[train])
                folds[:, c, k] = score(model, data.X[test], data.y[test], table.kind)
            model.fit(data.X, data.y)
            out[:, c] = score(model, data.X_out, data.y_out, table.kind)
    return {"folds": folds, "out": out}


def matrix(table: tables.Table, name: str, K: int, folder: Path) -> dict[str, Array]:
    """The same from disk, made where it is missing."""
    path = folder / f"{table.name}-{name}-{K}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new.npz")
        np.savez_compressed(fresh, **compute(table, name, K))
        fresh.replace(path)
    with np.load(path) as file:
        return dict(file)
