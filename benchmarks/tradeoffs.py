"""Error against size: hypervolumes with several objectives, and the best within a bound.

    pip install '.[optuna]'
    python -m benchmarks.tradeoffs             # records two tables once, then 20 seeds each

Two problems on the digits of scikit-learn: a random forest, its validation error against its
nodes; and a network, its error against its weights. Each was recorded once for 1,000
configurations; what a contestant proposes is answered by the nearest of them in the unit cube.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import optuna  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

from benchmarks.results import surroundings, write  # noqa: E402
from luthier import Float, Int, Space, Study  # noqa: E402

Array = np.ndarray[Any, Any]
FOLDER = Path(__file__).parent / "results" / "tradeoffs"
RECORDED, TRIALS, DRAWS = 1000, 100, 5000

FOREST = Space(
    n_estimators=Int(2, 64, log=True), max_depth=Int(2, 20), max_features=Float(0.02, 1.0),
    min_samples_leaf=Int(1, 20, log=True),
)  # fmt: skip
NETWORK = Space(
    units=Int(4, 128, log=True), layers=Int(1, 3), alpha=Float(1e-6, 1.0, log=True),
    learning_rate_init=Float(1e-4, 0.1, log=True),
)  # fmt: skip


def forest(params: dict[str, Any], data: list[Array]) -> tuple[float, float]:
    """Validation error and nodes of a random forest."""
    X, X_valid, y, y_valid = data
    model = RandomForestClassifier(**params, random_state=0).fit(X, y)
    nodes = sum(tree.tree_.node_count for tree in model.estimators_)
    return 1 - model.score(X_valid, y_valid), float(nodes)


def network(params: dict[str, Any], data: list[Array]) -> tuple[float, float]:
    """Validation error and weights of a network."""
    X, X_valid, y, y_valid = data
    told = {k: v for k, v in params.items() if k not in ("units", "layers")}
    shape = (params["units"],) * params["layers"]
    model = MLPClassifier(shape, **told, max_iter=25, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is meant to be trained for so long
        model.fit(X, y)
    return 1 - model.score(X_valid, y_valid), float(sum(w.size for w in model.coefs_))


PROBLEMS: dict[str, tuple[Space, Callable[..., tuple[float, float]]]] = {
    "forest": (FOREST, forest),
    "network": (NETWORK, network),
}


class Table:
    """Recorded errors and sizes; `bound` is a size that a third of the configurations keep to."""

    def __init__(self, name: str) -> None:
        self.space, _ = PROBLEMS[name]
        with np.load(FOLDER / f"{name}.npz") as file:
            self.X, self.Y = file["X"], file["Y"]
        self.bound = float(np.quantile(self.Y[:, 1], 1 / 3))
        logs = np.column_stack([self.Y[:, 0], np.log(self.Y[:, 1])])
        self._low, self._span = logs.min(axis=0), np.ptp(logs, axis=0)
        self.whole = hypervolume(self.scaled(self.Y))

    def __call__(self, params: dict[str, Any]) -> tuple[float, float]:
        """Error and size."""
        x = self.space.encode([params])[0]
        error, size = self.Y[int(np.argmin(((self.X - x) ** 2).sum(axis=1)))]
        return float(error), float(size)

    def scaled(self, Y: Array) -> Array:
        """(n, 2) errors and logarithms of sizes, from 0 to 1 over the table."""
        return (np.column_stack([Y[:, 0], np.log(Y[:, 1])]) - self._low) / self._span


def hypervolume(Y: Array) -> float:
    """The area that points dominate, up to (1, 1)."""
    area, height = 0.0, 1.0
    for error, size in Y[np.lexsort((Y[:, 1], Y[:, 0]))]:
        if size < height:
            area += max(0.0, 1 - error) * (height - size)
            height = size
    return area


def record() -> None:
    """Record the tables that are not there."""
    X, y = load_digits(return_X_y=True)
    data = train_test_split(X / 16, y, test_size=0.4, random_state=0, stratify=y)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (space, learn) in PROBLEMS.items():
        path = FOLDER / f"{name}.npz"
        if path.exists():
            continue
        X = space.sample(RECORDED, np.random.default_rng(1))
        Y = np.array([learn(params, data) for params in space.decode(X)])
        np.savez_compressed(path, X=X.astype(np.float32), Y=Y.astype(np.float32))
        print(f"recorded {name}", flush=True)


# -- contestants: the (trials, 2) results of a run -------------------------------------------------


def luthier(table: Table, sampler: str, seed: int, bounded: bool) -> Array:
    """A study of ours, with two objectives or with a bound."""
    found = []

    def objective(trial: Any) -> dict[str, float]:
        found.append(table(trial.params))
        return {"error": found[-1][0], "size": found[-1][1]}

    aim: dict[str, Any] = {"minimize": ("error", "size")}
    if bounded:
        aim = {"minimize": "error", "constraints": {"size": f"<= {table.bound}"}}
    Study(table.space, sampler=sampler, seed=seed, **aim).run(objective, trials=TRIALS)
    return np.array(found)


def rival(table: Table, sampler: str, seed: int, bounded: bool) -> Array:
    """A study of Optuna's, the same."""
    found = []

    def excess(trial: Any) -> tuple[float]:
        return (trial.user_attrs["size"] - table.bound,)

    def objective(trial: Any) -> Any:
        params = {
            name: (trial.suggest_int if isinstance(p, Int) else trial.suggest_float)(
                name, p.low, p.high, log=p.log
            )
            for name, p in table.space.items()
        }
        error, size = table(params)
        found.append((error, size))
        trial.set_user_attr("size", size)
        return error if bounded else (error, size)

    kind = {"nsga2": optuna.samplers.NSGAIISampler, "tpe": optuna.samplers.TPESampler}[sampler]
    made = kind(seed=seed, constraints_func=excess) if bounded else kind(seed=seed)
    study = optuna.create_study(directions=["minimize"] * (1 if bounded else 2), sampler=made)
    study.optimize(objective, n_trials=TRIALS)
    return np.array(found)


FRONTS = {
    "random": (luthier, "random"), "luthier auto": (luthier, "auto"),
    "luthier genetic": (luthier, "genetic"),
    "luthier tpe": (luthier, "tpe"), "optuna nsga2": (rival, "nsga2"),
    "optuna tpe": (rival, "tpe"),
}  # fmt: skip
BOUNDED = {
    "random": (luthier, "random"), "luthier auto": (luthier, "auto"),
    "luthier tpe": (luthier, "tpe"), "optuna tpe": (rival, "tpe"),
}  # fmt: skip


def front(table: Table, found: Array) -> float:
    """The share of the hypervolume of the whole table."""
    return hypervolume(table.scaled(found)) / table.whole


def within(table: Table, found: Array) -> float:
    """The least error within the bound, above the least of the table, in points."""
    kept = found[found[:, 1] <= table.bound, 0]
    best = table.Y[table.Y[:, 1] <= table.bound, 0].min()
    return 100 * float((kept.min() if len(kept) else 1.0) - best)


def interval(values: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Of the mean, by bootstrap, 95 %."""
    picks = rng.integers(len(values), size=(DRAWS, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    record()
    rng, raw = np.random.default_rng(0), {}
    lines = ["| problem | aim | contestant | mean | 95 % |", "| --- | --- | --- | --: | --- |"]
    for name in PROBLEMS:
        table = Table(name)
        for aim, whos, measure, bounded in (
            ("front: share of the hypervolume, more is better", FRONTS, front, False),
            ("bound: points of error above the best, less is better", BOUNDED, within, True),
        ):
            for who, (run, sampler) in whos.items():
                values = np.array(
                    [measure(table, run(table, sampler, s, bounded)) for s in range(given.seeds)]
                )
                raw[f"{name} {aim.split(':')[0]} {who}"] = values.round(5).tolist()
                low, high = interval(values, rng)
                lines.append(f"| {name} | {aim} | {who} | {values.mean():.3f} | "
                             f"{low:.3f} to {high:.3f} |")  # fmt: skip
                print(lines[-1], flush=True)
    body = (
        f"{TRIALS} trials, {given.seeds} seeds. Sizes count by their logarithms; the bound is a "
        "size that a third of the table keeps to.\n\n" + "\n".join(lines)
    )
    write("tradeoffs", "Error against size", body,
          {"surroundings": surroundings(["optuna", "scikit-learn"]), "values": raw})  # fmt: skip


if __name__ == "__main__":
    main()
