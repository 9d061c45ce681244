"""Refitting: a candidate of a search, above all its winner, fitted to all data."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _num_samples

from luthier.sklearn.guarded import Guarded

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting


def refit(fitting: Fitting) -> None:
    """Fit the best candidate to all data, and give it to the search."""
    search = fitting.search
    made = _unfitted(fitting, int(search.best_index_))
    with fitting.calls.refit(made):
        begun = time.time()
        search.best_estimator_ = _fit(fitting, made)
        search.refit_time_ = time.time() - begun
        if hasattr(search.best_estimator_, "feature_names_in_"):
            search.feature_names_in_ = search.best_estimator_.feature_names_in_


def fitted(fitting: Fitting, row: int) -> Any:
    """A candidate fitted to all data."""
    return _fit(fitting, _unfitted(fitting, row))


def _unfitted(fitting: Fitting, row: int) -> Any:
    # The values are cloned too: they may be estimators that a later fit would change.
    values = clone(dict(fitting.results["params"][row]), safe=False)
    if fitting.budgets is not None:
        values |= fitting.budgets.whole
    made = clone(fitting.base).set_params(**values)
    if fitting.growing is not None:
        fitting.growing.settle(made, row)
    return made


def _fit(fitting: Fitting, estimator: Any) -> Any:
    params, workers = fitting.routed.estimator.fit, fitting.workers
    with warnings.catch_warnings():
        if fitting.growing is not None:  # its folds said that it had learned enough
            warnings.simplefilter("ignore", ConvergenceWarning)
        if isinstance(workers, Guarded) and fitting.search.limit is not None:
            # Without the callbacks that were hung onto it: they are of this process.
            return workers.fit(clone(estimator), fitting.given, params, _learned_from(fitting))
        estimator.fit(*fitting.given, **params)  # some do not return themselves
        return estimator


def _learned_from(fitting: Fitting) -> int:
    """The training rows of a fold, the least."""
    splits = fitting.splits or next(iter(fitting.own.values()), [])
    sizes = [len(train) for train, _ in splits]
    return max(1, min(sizes, default=_num_samples(fitting.given[0])))
