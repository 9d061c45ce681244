"""What hyperparameters of well-known names usually are, as a place to begin.

A space says what may be, and a name often says what is sensible: nobody begins with a learning rate
in the middle between 1e-5 and 1. Values are the defaults of the libraries that the names come from,
scikit-learn, Keras, PyTorch, XGBoost, LightGBM and CatBoost, rounded where these differ, and of
what is 1 or 0 there because a regulariser is off, what their guides and papers advise:

Bengio (2012), Practical recommendations for gradient-based training of deep architectures (batches
of 32, momentum 0.9); Kingma and Ba (2015), Adam (rates and betas); Srivastava et al. (2014),
Dropout, for inputs; Friedman (2002), Stochastic gradient boosting (shares of rows below 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from luthier.parameters import MISSING, Choice, Int, Parameter
from luthier.space.likely import Belief, Bell

SD = 0.2  # of a range, or of its logarithm: how far from there the best may well be

# The same name means another thing for a network and for boosted trees. Any of these names tells.
NETWORK = {
    "activation", "activation_fn", "batch_size", "dropout", "dropout_rate", "epochs", "hidden_dim",
    "hidden_layer_sizes", "hidden_size", "hidden_units", "max_dropout", "max_units", "momentum",
    "n_hidden", "n_layers", "n_units", "num_layers", "num_units", "optimiser", "optimizer", "units",
    "weight_decay",
}  # fmt: skip
BOOSTING = {
    "colsample_bylevel", "colsample_bytree", "feature_fraction", "iterations", "l2_leaf_reg",
    "max_depth", "max_leaf_nodes", "min_child_samples", "min_child_weight", "min_data_in_leaf",
    "min_samples_leaf", "n_estimators", "num_boost_round", "num_leaves", "reg_alpha", "reg_lambda",
    "subsample",
}  # fmt: skip
RATES = {"eta", "init_lr", "initial_lr", "learning_rate", "learning_rate_init", "lr"}

ANYWHERE: Mapping[str, Any] = {
    **dict.fromkeys(("dropout", "dropout_rate", "max_dropout"), 0.2),
    **dict.fromkeys(("n_layers", "num_layers"), 2),
    **dict.fromkeys(("hidden_dim", "hidden_size", "hidden_units", "n_hidden"), 128),
    **dict.fromkeys(("max_units", "n_units", "num_units", "units"), 128),
    **dict.fromkeys(("activation", "activation_fn"), ("relu",)),
    **dict.fromkeys(("optimiser", "optimizer"), ("adam", "adamw")),
    **dict.fromkeys(("beta1", "beta_1"), 0.9),
    **dict.fromkeys(("beta2", "beta_2"), 0.999),
    **dict.fromkeys(("colsample_bytree", "feature_fraction", "subsample"), 0.8),
    **dict.fromkeys(("max_leaf_nodes", "num_leaves"), 31),
    "batch_size": 32,
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "n_estimators": 100,
    "min_child_weight": 1.0,
    "min_child_samples": 20,
    "min_samples_split": 2,
    "reg_lambda": 1.0,
    "l2_leaf_reg": 3.0,
    "C": 1.0,
    "kernel": ("rbf",),
    "penalty": ("l2",),
    "l1_ratio": 0.5,
    "n_neighbors": 5,
}
OF_NETWORKS: Mapping[str, Any] = {"alpha": 1e-4, "depth": 2, "width": 128}
OF_BOOSTING: Mapping[str, Any] = {"depth": 6, "max_depth": 5, "min_samples_leaf": 1}

Pairs = Iterable[tuple[str, Parameter]]


def usual(pairs: Pairs) -> dict[int, float]:
    """The unit of the usual value, by column.

    Of parameters whose name is known and whose range or options hold that value, and of which
    nothing else is said: no `default`, no `likely`.
    """
    pairs = list(pairs)
    bases = [_base(name) for name, _ in pairs]
    known = _known(set(bases))
    made = {}
    for j, (base, (_, p)) in enumerate(zip(bases, pairs, strict=True)):
        told = p.likely is not None or p.default not in (None, MISSING)
        unit = None if told or base not in known else _unit(p, known[base])
        if unit is not None:
            made[j] = unit
    return made


def beliefs(pairs: Pairs) -> dict[int, Belief]:
    """Around the usual values of numbers, and of options that are numbers in order, by column."""
    listed = list(pairs)
    return {
        j: Bell(unit, SD)
        for j, unit in usual(listed).items()
        if not isinstance(p := listed[j][1], Choice) or p.ordered
    }


def _known(names: set[str]) -> Mapping[str, Any]:
    if names & NETWORK:
        rate = 0.01 if "momentum" in names else 0.001  # plain descent takes larger steps than Adam
        return {**ANYWHERE, **OF_NETWORKS, **dict.fromkeys(RATES, rate)}
    if names & BOOSTING and names & RATES:
        return {**ANYWHERE, **OF_BOOSTING, **dict.fromkeys(RATES, 0.1)}
    return ANYWHERE


def _base(name: str) -> str:
    """The name without that of a step or a model before it, and without the number of a layer."""
    last = re.split(r"__|[./:]", name)[-1]
    return last if last in ANYWHERE else re.sub(r"(_?l(ayer)?)?_?\d+$", "", last)


def _unit(p: Parameter, value: Any) -> float | None:
    """Where a number, or the first of some words, lies in a range; None where it is not in it."""
    if not isinstance(p, Choice):
        if isinstance(value, tuple) or not p.low <= value <= p.high:
            return None
        return p.to_unit(round(value) if isinstance(p, Int) else float(value))
    if isinstance(value, tuple):
        labels = [label.lower() for label in p.labels]
        place = next((labels.index(word) for word in value if word in labels), None)
        return None if place is None else (place + 0.5) / p.cells
    numbers = [float(x) for x in p.options if isinstance(x, Real) and not isinstance(x, bool)]
    if len(numbers) < p.cells or not min(numbers) <= value <= max(numbers):
        return None
    gaps = [abs(x - value) / max(abs(x), abs(value)) for x in numbers]  # as on a logarithmic scale
    return (gaps.index(min(gaps)) + 0.5) / p.cells
