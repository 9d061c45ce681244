"""What an estimator can be given less of: rows, or a whole number such as its iterations."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

ROWS = "n_samples"  # the name that scikit-learn's halving searches have for it
# What grows while a model learns, as libraries call it; other whole numbers may be given too.
ITERATIONS = ("n_estimators", "max_iter", "iterations", "num_iterations", "epochs", "n_iter")
NEVER = ("random_state", "n_jobs", "verbose", "verbosity")  # whole numbers that are no amounts


def whole(name: str, most: float) -> dict[str, int]:
    """The parameter `name` with all that there is; nothing where that is rows."""
    return {} if name == ROWS else {name: int(most)}


def lendable(estimator: Any, name: str) -> bool:
    """Whether a parameter, `step__name` for one inside it, is a whole number that is an amount.

    scikit-learn's estimators say so; of others the value tells, and None may be any.
    """
    from sklearn.utils._param_validation import Interval

    known = estimator.get_params(deep=True)
    outer, _, last = name.rpartition("__")
    if name not in known or last in NEVER:
        return False
    rules = getattr(known.get(outer, estimator), "_parameter_constraints", {}).get(last)
    if isinstance(rules, list):
        return any(isinstance(rule, Interval) and rule.type is Integral for rule in rules)
    value = known[name]
    return value is None or (isinstance(value, Integral) and not isinstance(value, bool))


def iterations(known: Iterable[str]) -> list[str]:
    """Those of some parameters that grow while a model learns."""
    return [name for name in known if name.rpartition("__")[2] in ITERATIONS]
