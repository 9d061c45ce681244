"""Which candidate wins: the simplest good one, or the best of a few on fresh folds."""

from __future__ import annotations

import warnings
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

from luthier.estimate import Overtuning, finalists
from luthier.sklearn.judging import Evidence
from luthier.sklearn.results import first
from luthier.sklearn.simplicity import simplest

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Array = npt.NDArray[np.float64]
Finals = tuple[Overtuning, list[int]]  # the comparison, and the finalists' rows


def choose(fitting: Fitting, finals: Finals | None) -> None:
    """Give the search its best candidate, and the evidence for it.

    Parameters
    ----------
    finals : tuple, optional
        What `compare` found.
    """
    search, metric, results = fitting.search, fitting.refit_metric, fitting.results
    if metric == "one_se":
        metric = "score"
    scores = first(fitting)["test_scores"]
    search.multimetric_ = isinstance(scores, dict)
    search._perfect = np.inf if fitting.measure is None else fitting.measure.high
    if callable(search.scoring) and search.multimetric_:
        search._check_refit_for_multimetric(scores)
        metric = search.refit
    if search.refit or not search.multimetric_:
        search.best_index_ = _winner(fitting, metric, finals)
        if not callable(search.refit):
            search.best_score_ = results[f"mean_test_{metric}"][search.best_index_]
        search.best_params_ = results["params"][search.best_index_]
        search._honest = None
        if fitting.budgets is not None:
            search.best_params_ = fitting.budgets.crowned(int(search.best_index_))
        evidence = Evidence.of(fitting) if search.honest else None
        if evidence is not None:
            search._evidence = evidence


def _winner(fitting: Fitting, metric: Any, finals: Finals | None) -> int:
    search = fitting.search
    whole = fitting.budgets is None or fitting.budgets.ended
    if isinstance(search.refit, str) and search.refit == "one_se" and whole:
        return simplest(fitting.scores(), fitting.candidates)
    chosen = int(search._select_best_index(search.refit, metric, fitting.results))
    if finals is not None:
        search.finals_, rows = finals
        if search._finalists_decide and not callable(search.refit):
            return int(rows[search.finals_.choice])
    return chosen


def compare(fitting: Fitting) -> Finals | None:
    """Score the best few on fresh folds, if the search is to."""
    count = fitting.search.finalists
    if count < 2 or fitting.ended.startswith("the time limit") or not fitting.candidates:
        return None
    return _rescored(fitting, count, seed=1)


def _rescored(fitting: Fitting, count: int, seed: int) -> Finals | None:
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
            stacklevel=5,  # behind `compare`, `fit` and scikit-learn's wrapper of it
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
