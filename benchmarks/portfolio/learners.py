"""The learners that get a portfolio, and the settings of each that are tried on every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.portfolio.tables import Table
from luthier.models.presets import Preset, preset
from luthier.models.presets.portfolio import absolute
from luthier.space import Space

# Forests only gain by more trees, and a network's rounds are a limit: neither is searched here, and
# both are small so that recording stays cheap. What boosts is capped for the same reason, and
# because a portfolio is for the first minutes of a search.
STAY = {
    "RandomForest": ("n_estimators",),
    "ExtraTrees": ("n_estimators",),
    "MLP": ("max_iter",),
}
CAPS = {"n_estimators": 200, "max_iter": 200, "units_1": 100, "units_2": 100, "units_3": 100}
# A kernel's width goes with the number of columns: 1 / columns is the library's own "auto".
RELATIVE = {"gamma_value": (0.01, 100.0)}
# What portable configurations say relative to the columns or to the spread of the target.
RELATIVES = {
    "SVC": {"gamma_value": "*columns"},
    "SVR": {"gamma_value": "*columns", "C": "/spread", "epsilon": "/spread"},
}


@dataclass(frozen=True)
class Learner:
    """A learner by its classes, with settings that keep one fit short and repeatable."""

    name: str
    classifier: str
    regressor: str
    draws: int
    fixed: Mapping[str, Any]

    def estimator(self, task: str) -> Any:
        """The estimator with the library's defaults, but for what is fixed."""
        dotted = self.classifier if task == "classification" else self.regressor
        module, _, name = dotted.rpartition(".")
        return getattr(import_module(module), name)(**self.fixed)

    def does(self, task: str) -> bool:
        """Whether it can do a task."""
        return bool(self.classifier if task == "classification" else self.regressor)


SEED = {"random_state": 0}
FEW = {**SEED, "n_estimators": 25}
LEARNERS = (
    Learner("LogisticRegression", "sklearn.linear_model.LogisticRegression", "", 30, SEED),
    Learner("Ridge", "", "sklearn.linear_model.Ridge", 20, {}),
    Learner("ElasticNet", "", "sklearn.linear_model.ElasticNet", 30, {}),
    # Very large C on what cannot be separated would not end.
    Learner("SVC", "sklearn.svm.SVC", "", 36, {"max_iter": 30_000}),
    Learner("SVR", "", "sklearn.svm.SVR", 36, {"max_iter": 30_000}),
    Learner(
        "KNeighbors",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.neighbors.KNeighborsRegressor",
        30,
        {},
    ),
    Learner(
        "DecisionTree",
        "sklearn.tree.DecisionTreeClassifier",
        "sklearn.tree.DecisionTreeRegressor",
        40,
        SEED,
    ),
    Learner(
        "RandomForest",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble.RandomForestRegressor",
        16,
        FEW,
    ),
    Learner(
        "ExtraTrees",
        "sklearn.ensemble.ExtraTreesClassifier",
        "sklearn.ensemble.ExtraTreesRegressor",
        16,
        FEW,
    ),
    Learner(
        "GradientBoosting",
        "sklearn.ensemble.GradientBoostingClassifier",
        "sklearn.ensemble.GradientBoostingRegressor",
        16,
        SEED,
    ),
    Learner(
        "HistGradientBoosting",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        16,
        SEED,
    ),
    Learner(
        "MLP",
        "sklearn.neural_network.MLPClassifier",
        "sklearn.neural_network.MLPRegressor",
        14,
        {**SEED, "max_iter": 60},
    ),
    Learner(
        "XGB",
        "xgboost.XGBClassifier",
        "xgboost.XGBRegressor",
        30,
        {**SEED, "n_jobs": 1, "verbosity": 0},
    ),
    Learner(
        "LGBM",
        "lightgbm.LGBMClassifier",
        "lightgbm.LGBMRegressor",
        30,
        {**SEED, "n_jobs": 1, "verbosity": -1},
    ),
)


def made_for(learner: Learner, table: Table) -> Preset:
    """As `SearchCV` makes it of a table."""
    return preset(
        learner.estimator(table.task), rows=table.rows, columns=table.columns,
        classes=table.classes or None, spread=table.spread,
    )  # fmt: skip


def capped(space: Space) -> Space:
    """Without what would make a fit long."""
    found = {name: space[name] for name in space.names}
    for name, cap in CAPS.items():
        if name in found:
            found[name] = replace(found[name], high=cap)
    return Space(found)


def configurations(learner: Learner, task: str) -> list[dict[str, Any]]:
    """The default and, seeded by the learner's name, uniform draws of its default space.

    A name that ends in ``*columns`` holds a number that is divided by the number of columns.
    """
    made = preset(learner.estimator(task), rows=500)
    staying = STAY.get(learner.name, ())
    space = capped(Space({n: made.space[n] for n in made.space.names if n not in staying}))
    rng = np.random.default_rng([*learner.name.encode(), len(task)])
    drawn = space.decode(space.sample(learner.draws, rng))
    for params in drawn:
        for name, (low, high) in RELATIVE.items():
            if name in params:
                del params[name]
                params[f"{name}*columns"] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    rounded = [{k: _short(v) for k, v in params.items()} for params in drawn]
    return [{k: v for k, v in made.default.items() if k not in staying}, *rounded]


def _short(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def settings(made: Preset, params: Mapping[str, Any], columns: int) -> dict[str, Any]:
    """Arguments of the estimator for a configuration on a table."""
    return made.settings(absolute(params, columns, None))
