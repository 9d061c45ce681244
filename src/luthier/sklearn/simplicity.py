"""Simplicity: which of several candidates makes the simplest model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import StudyError
from luthier.estimate import one_se

Array = npt.NDArray[np.float64]

# 1: a larger value makes the model more complex; -1: simpler. By the last part of the name.
COMPLEXITY: dict[str, int] = {
    **dict.fromkeys(
        (
            "C", "gamma", "degree", "max_depth", "max_leaf_nodes", "n_estimators", "max_iter",
            "n_components", "k", "num_leaves", "hidden_layer_sizes", "iterations", "depth",
            "max_leaves", "n_knots", "max_features", "learning_rate",
        ),
        1,
    ),
    **dict.fromkeys(
        (
            "alpha", "n_neighbors", "radius", "min_samples_leaf", "min_samples_split",
            "min_impurity_decrease", "ccp_alpha", "min_weight_fraction_leaf", "reg_alpha",
            "reg_lambda", "l2_regularization", "min_child_weight", "min_child_samples",
            "shrinkage", "reg_param", "var_smoothing", "lambda_l1", "lambda_l2", "epsilon",
        ),
        -1,
    ),
}  # fmt: skip


def simplest(scores: Array, candidates: Sequence[Mapping[str, Any]]) -> int:
    """The row of the simplest candidate that is within a standard error of the best.

    Simpler means a lower sum of ranks over the parameters of which it is known which way makes
    the model simpler, such as ``C`` and ``max_depth``.

    Parameters
    ----------
    scores : (C, K)
        Larger is better; NaN where not run.
    """
    names = dict.fromkeys(name for candidate in candidates for name in candidate)
    total = np.zeros(len(candidates))
    for name in names:
        way = COMPLEXITY.get(name.split("__")[-1])
        sizes = np.array([_size(candidate.get(name), name) for candidate in candidates])
        if way is None or np.isnan(sizes).any() or (sizes == sizes[0]).all():
            continue
        total += way * np.unique(sizes, return_inverse=True)[1] / max(1, len(np.unique(sizes)) - 1)
    return one_se(scores, total)


def _size(value: Any, name: str) -> float:
    if value is None:  # no limit: a depth, a number of leaves
        return np.inf if name.split("__")[-1].startswith("max_") else np.nan
    if isinstance(value, tuple | list) and all(isinstance(v, int | float) for v in value):
        return float(sum(value))
    return float(value) if isinstance(value, int | float | np.number) else np.nan


def ordered(names: Iterable[str]) -> None:
    """Refuse parameters of none of which it is known which way makes the model simpler.

    Raises
    ------
    StudyError
    """
    names = list(dict.fromkeys(names))
    if not any(name.split("__")[-1] in COMPLEXITY for name in names):
        raise StudyError(
            'refit="one_se": it is not known which of '
            f"{', '.join(map(repr, names)) or 'no parameters'} makes the model simpler. Give "
            "refit= a function of cv_results_ that returns the index."
        )
