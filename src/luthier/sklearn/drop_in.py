"""scikit-learn's four searches, by name, signature and result."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from luthier.sklearn.base import Folded
from luthier.sklearn.figures import Figures
from sklearn import model_selection as theirs


class Quiet:
    """Hides what scikit-learn's searches have not from `dir`, and from nothing else.

    scikit-learn's own tests ask each attribute that `dir` lists of one search of another one,
    which has it not.
    """

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in Figures.HIDDEN]


class GridSearchCV(Quiet, theirs.GridSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `GridSearchCV`, that can be stopped and resumed and does no work twice."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **theirs.GridSearchCV._parameter_constraints,
        **Folded._more_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        racing: bool | str = False,
        honest: bool = True,
        reuse: bool = True,
        finalists: int = 0,
        time_limit: float | None = None,
        trials: int | None = None,
        patience: int | None = None,
        store: Any = None,
        study: str = "search",
        progress: bool | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.racing = racing
        self.honest = honest
        self.reuse = reuse
        self.finalists = finalists
        self.time_limit = time_limit
        self.trials = trials
        self.patience = patience
        self.store = store
        self.study = study
        self.progress = progress


class RandomizedSearchCV(Quiet, theirs.RandomizedSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `RandomizedSearchCV`, that can be stopped and resumed."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **theirs.RandomizedSearchCV._parameter_constraints,
        **Folded._more_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        racing: bool | str = False,
        honest: bool = True,
        reuse: bool = True,
        finalists: int = 0,
        time_limit: float | None = None,
        trials: int | None = None,
        patience: int | None = None,
        store: Any = None,
        study: str = "search",
        progress: bool | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.racing = racing
        self.honest = honest
        self.reuse = reuse
        self.finalists = finalists
        self.time_limit = time_limit
        self.trials = trials
        self.patience = patience
        self.store = store
        self.study = study
        self.progress = progress


class HalvingGridSearchCV(Quiet, theirs.HalvingGridSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `HalvingGridSearchCV`."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **theirs.HalvingGridSearchCV._parameter_constraints,
        **Folded._more_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: Any = "auto",
        min_resources: Any = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        racing: bool | str = False,
        honest: bool = True,
        reuse: bool = True,
        finalists: int = 0,
        time_limit: float | None = None,
        trials: int | None = None,
        patience: int | None = None,
        store: Any = None,
        study: str = "search",
        progress: bool | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.racing = racing
        self.honest = honest
        self.reuse = reuse
        self.finalists = finalists
        self.time_limit = time_limit
        self.trials = trials
        self.patience = patience
        self.store = store
        self.study = study
        self.progress = progress


class HalvingRandomSearchCV(Quiet, theirs.HalvingRandomSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `HalvingRandomSearchCV`."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **theirs.HalvingRandomSearchCV._parameter_constraints,
        **Folded._more_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_candidates: Any = "exhaust",
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: Any = "auto",
        min_resources: Any = "smallest",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        racing: bool | str = False,
        honest: bool = True,
        reuse: bool = True,
        finalists: int = 0,
        time_limit: float | None = None,
        trials: int | None = None,
        patience: int | None = None,
        store: Any = None,
        study: str = "search",
        progress: bool | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_candidates=n_candidates,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.racing = racing
        self.honest = honest
        self.reuse = reuse
        self.finalists = finalists
        self.time_limit = time_limit
        self.trials = trials
        self.patience = patience
        self.store = store
        self.study = study
        self.progress = progress
