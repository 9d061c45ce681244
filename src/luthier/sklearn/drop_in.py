"""scikit-learn's four searches, by name, signature and result."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn import model_selection as theirs
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from luthier.run.limit import Limit
from luthier.sklearn.base import Folded
from luthier.sklearn.figures import Figures


class Quiet:
    """Hides what scikit-learn's searches have not from `dir`, and from nothing else.

    scikit-learn's own tests ask each attribute that `dir` lists of one search of another one,
    which has it not.
    """

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in Figures.HIDDEN]


class GridSearchCV(Quiet, theirs.GridSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `GridSearchCV`, that can be stopped and resumed and does no work twice.

    Parameters up to `return_train_score` are scikit-learn's, and with those alone so is every
    digit of ``cv_results_``, times aside. ``refit="one_se"`` is new: it takes the simplest
    candidate within one standard error of the best, or raises `StudyError` if of none of the
    parameters it is known which way is simpler. ``n_jobs="auto"`` is new too: folds run in
    processes of luthier's own, one for each processor, but no more at a time than there is memory
    for, by what the first ones took. They share the processors, and one that was killed for want
    of memory is tried again alone. What is found is the same as with as many jobs as processors.
    The rest is ours, is given by name, and is the same for `RandomizedSearchCV`,
    `HalvingGridSearchCV` and `HalvingRandomSearchCV`.

    Parameters
    ----------
    racing : bool or {"lossless", "forgiving", "likely"}, default=False
        Whether candidates that will not win are spared their other folds. "lossless" spares those
        that could not win with the highest score there is on all of these, so it never changes
        the winner; where nobody knows the highest score it spares those that failed only.
        "forgiving" adds those whose mean so far is no better than the worst fold of the best
        candidate; "likely", which True stands for, adds to the first those that end ahead with a
        probability below 2 %, judged on the folds that both have. Only a candidate that ran on
        every fold can be the best.
    honest : bool, default=True
        Keep what candidates predict for the test rows of their folds, for `honest_`. The scorer
        asks for it anyway, so it costs memory only: candidates times rows, in the store too.
    reuse : bool, default=True
        Fit the first steps of a pipeline once for each training fold, not once for each candidate
        that has them with the same parameters; and of ensembles that differ in their number of
        stages alone only the largest, from which the others are cut. No score changes: what
        cannot be shared safely, a step that draws from a global random generator for example, is
        fitted as ever. Each process keeps up to 1 GiB. ``mean_fit_time`` is then the time for
        what was left to do.
    finalists : int, default=0
        Score so many of the best again, on fresh folds, beside the estimator's own settings, and
        leave the comparison in ``finals_``; it does not change the winner here. Less than 2 is
        none. Nothing is scored if there is no way to make fresh folds (a splitter that has no
        other ones), the estimator's own settings were no candidate, or time ran out.
    time_limit : float, optional
        Seconds after which no further fold starts. At least one candidate runs on every fold;
        what has started is waited for, and the fit of the winner comes on top.
    trials : int, optional
        Only the first so many candidates; in a halving search one that goes on to the next
        iteration counts again.
    patience : int, optional
        How many candidates may come without a better one, in the order of ``cv_results_``.
    store : str or path, optional
        An SQLite file, or the URL of a database, in which every fold is logged as it ends. The
        same call fits nothing that is there again, however the last one ended; with more
        candidates it adds those. `StudyError` if it holds a search of another kind, estimator,
        scoring, data or folds under that name.
    study : str, default="search"
        The name of the search in its store, which can hold many.
    progress : bool, optional
        Show a line on the standard error stream, with candidates, folds and the best score so
        far; None does so on a terminal only. ``verbose`` is scikit-learn's.
    limit : Limit, optional
        What the fit and the scoring of one fold may take: time, memory, cores. Folds then run in
        processes of luthier's own, as many as `n_jobs` says; one that takes more gets
        `error_score`, and the others go on. The refit of the winner runs so too, with the same
        memory and more time in proportion to its rows; if it takes more, `fit` raises
        `StudyError`, and `best_params_` and ``cv_results_`` are there.

    Attributes
    ----------
    cv_results_ : dict
        As in scikit-learn, like the attributes that are not named here. Where a candidate did not
        run on every fold, its other folds and its mean are NaN, its rank is the last, and
        ``cv_results_["n_folds"]`` says for each candidate on how many it ran.
    ended_ : str
        Why the search ended before its candidates did: the limit that was met. Empty if it did not.
    finals_ : Overtuning
        The best few on fresh folds; only with `finalists`.
    study_ : Study
        The log; only with `store`.
    """

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
        n_jobs: int | str | None = None,
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
        limit: Limit | None = None,
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
        self.limit = limit


class RandomizedSearchCV(Quiet, theirs.RandomizedSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `RandomizedSearchCV`, that can be stopped and resumed.

    Parameters up to `return_train_score` are scikit-learn's, the rest is explained at
    `GridSearchCV`. With `store`, give `random_state` a number: without one, the same call draws
    other candidates.
    """

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
        n_jobs: int | str | None = None,
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
        limit: Limit | None = None,
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
        self.limit = limit


class HalvingGridSearchCV(Quiet, theirs.HalvingGridSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `HalvingGridSearchCV`, that can be stopped and resumed.

    Parameters up to `verbose` are scikit-learn's, the rest is explained at `GridSearchCV`. With
    `store`, give `random_state` a number: the rows of each iteration depend on it. There is no
    honest figure after more than one iteration, for candidates were not scored on the same rows.
    """

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
        n_jobs: int | str | None = None,
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
        limit: Limit | None = None,
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
        self.limit = limit


class HalvingRandomSearchCV(Quiet, theirs.HalvingRandomSearchCV, Folded):  # type: ignore[misc]
    """scikit-learn's `HalvingRandomSearchCV`, that can be stopped and resumed.

    Parameters up to `verbose` are scikit-learn's, the rest is explained at `GridSearchCV`. With
    `store`, give `random_state` a number: candidates, and the rows of each iteration, depend on
    it. There is no honest figure after more than one iteration, as in `HalvingGridSearchCV`.
    """

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
        n_jobs: int | str | None = None,
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
        limit: Limit | None = None,
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
        self.limit = limit
