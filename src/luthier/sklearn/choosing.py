"""Which candidate wins: the simplest good one, or the best of a few on fresh folds."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)

from luthier.errors import StudyError
from luthier.estimate import Overtuning, finalists, one_se

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

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


def fresh(cv: Any, seed: int) -> Any:
    """A splitter like another one, with new folds; None where there is no way to make them."""
    if isinstance(cv, StratifiedKFold):
        return StratifiedKFold(cv.n_splits, shuffle=True, random_state=seed)
    if isinstance(cv, RepeatedStratifiedKFold):
        return RepeatedStratifiedKFold(**cv.cvargs, n_repeats=cv.n_repeats, random_state=seed)
    if isinstance(cv, RepeatedKFold):
        return RepeatedKFold(**cv.cvargs, n_repeats=cv.n_repeats, random_state=seed)
    if type(cv) is KFold:
        return KFold(cv.n_splits, shuffle=True, random_state=seed)
    if type(cv) is GroupKFold and hasattr(cv, "shuffle"):
        return GroupKFold(cv.n_splits, shuffle=True, random_state=seed)
    if getattr(cv, "random_state", None) is not None and hasattr(cv, "n_splits"):
        made = type(cv)(**{k: v for k, v in vars(cv).items() if not k.startswith("_")})
        made.random_state = seed
        return made
    return None


def rescored(fitting: Fitting, count: int, seed: int) -> tuple[Overtuning, list[int]] | None:
    """The best few candidates on fresh folds, the estimator's own settings beside them.

    Returns
    -------
    tuple or None
        The comparison with the estimator's own settings, and the finalists' rows, the search's
        winner first; its `choice` counts along them. None, with a warning, where no fresh folds
        can be made; None where no candidate has all folds.
    """
    splitter = fresh(fitting.search._checked_cv_orig, seed)
    scores = fitting.scores()
    means = np.where(np.isfinite(scores).all(axis=1), scores.mean(axis=1), -np.inf)
    rows = [int(row) for row in np.argsort(-means, kind="stable")[:count] if means[row] > -np.inf]
    if splitter is None:
        warnings.warn(
            f"finalists: no fresh folds like those of {fitting.search._checked_cv_orig!r} can be "
            "made, so the best on its folds wins. Give cv= a number or a splitter that shuffles.",
            UserWarning,
            stacklevel=2,
        )
        return None
    if not rows:
        return None
    splits = list(splitter.split(fitting.X, fitting.y, **fitting.routed.splitter.split))
    asked = [fitting.candidates[row] for row in rows]
    own = fitting.default_row()
    if own not in rows:
        asked.append({})  # the estimator's own settings
    made = fitting.elsewhere(asked, splits)
    told, default = made[: len(rows)], made[rows.index(own) if own in rows else -1]
    if not np.isfinite(default).all() or not np.isfinite(told).all(axis=1).any():
        return None
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    # Where two draw level on fresh folds, the first stands: the one that won the search.
    return finalists(np.where(np.isfinite(told), told, -1e300), default, ratio), rows
