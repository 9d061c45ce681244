"""Searches that propose candidates from what they have seen."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from luthier.errors import StudyError
from luthier.keywords import explained
from luthier.run.limit import Limit
from luthier.samplers import sampler
from luthier.sklearn import deciding
from luthier.sklearn.asking import Asking
from luthier.sklearn.base import Folded
from luthier.sklearn.budgets import Budgets
from luthier.sklearn.cv import Reshuffle
from luthier.sklearn.fingerprints import check, fingerprint
from luthier.sklearn.fitting import Fitting
from luthier.sklearn.journal import SCORE, Journal
from luthier.sklearn.wanted import Wanted
from luthier.study import Study


class SearchCV(Folded):
    """The best hyperparameters of an estimator, proposed from what was seen so far.

    Candidates come one after another (as many at a time as keep `n_jobs` workers busy), and each
    proposal has seen the scores of those before it. The estimator's own settings come first where
    the space holds them, else what parameters of such names usually are.

    `scoring`, `verbose`, `pre_dispatch`, `error_score` and `return_train_score` are those of
    scikit-learn's `GridSearchCV`. `n_jobs`, `refit`, `honest`, `reuse`, `time_limit`, `store`,
    `study`, `progress` and `limit` are those of ours.

    Parameters
    ----------
    estimator : estimator object
    space : Space, dict or list of dict, optional
        What to search: a `Space`, or scikit-learn's dictionaries of lists and SciPy
        distributions, which may hold our `Float`, `Int` and `Choice` too. None takes the default
        space of a well-known estimator, or raises `StudyError` if it has none. Its own settings
        come first, and where there is a portfolio up to nine that did well on other data, most of
        them chosen by how those before did on yours.
    method : str or Sampler
        Who proposes: the name of any sampler, "gp", "tpe", "forest", "genetic", "random", ...
        "auto" is what the class stands for. A stored search keeps the one it was begun with.
    trials : int, optional
        How many candidates, stored ones included; 60 where there is no `time_limit` either. A
        store that holds more gives all of them, as a study does. With a `fidelity`, what so many
        candidates with the whole are given in all: many more are tried for it, with less.
    patience : int, optional
        End after so many candidates in a row that brought nothing better.
    cv : int, splitter, iterable, Holdout or "reshuffle", optional
        As in scikit-learn, or a `Holdout`. "reshuffle" judges each candidate on one random fifth
        of the rows, another one for each: nothing races then, and there is no honest figure.
    racing : bool or {"lossless", "forgiving", "likely"}
        As in `GridSearchCV`, but on from the start. Folds run in a random order, the same for all
        candidates; those of a `TimeSeriesSplit` keep theirs.
    finalists : int
        As in `GridSearchCV`, but the best on fresh folds wins.
    random_state : int, RandomState or None
        The same number gives the same search, with the same `n_jobs` and no `time_limit`. A
        stored search keeps the one it was begun with, so give it a number.
    early_stopping : bool or float
        Grow the iterations of boosting and the epochs of networks instead of searching them: in
        each fold they stop by a share of its training rows, a tenth or what is given, that the
        estimator does not learn from. The last rows where `cv` is by time, whole groups
        where there are groups. The refit takes the mean number of the folds, in proportion to its
        rows; ``cv_results_`` has it as ``mean_n_estimators``, or what the estimator calls it.
    threshold : bool
        Of two classes, predict the second from another probability on than one half: the one at
        which the winner scored best on its folds, ``threshold_``.
    ensemble : bool
        Predict with a weighted mean of the best candidates instead of the best one, ``ensemble_``.
    fidelity : tuple, optional
        Judge candidates with less at first: ``("n_samples", 0.1, 1.0)``, shares of the training
        rows of each fold, where more rows hold the fewer ones and test rows stay whole; or a
        whole number that the estimator takes, ``("n_estimators", 10, 300)``, which is then not
        searched. Each amount is a fit anew and counts in `trials` as that share of the whole.
        ``n_resources`` of ``cv_results_`` says how much a row was given last. Only rows with the
        whole can win and are compared by `racing`, `patience` and `finalists`; they rank before
        all others. The estimator's own settings have the whole at once. The last whole goes to the
        best of the others if that has a better score with less, or no other had it. Who wins is
        fitted with the whole.
    scheduler : str or Scheduler, optional
        Who is given more: "auto", which is the default, "asha", "hyperband", "bohb", "dehb",
        "pasha", "freezethaw", or a rule that stops, such as "median"; needs a `fidelity`.

    Attributes
    ----------
    study_ : Study
        The log: its `space`, its `history` of trials. The other attributes are those of
        `GridSearchCV`.
    threshold_ : Threshold
        With ``threshold=True``: its `value`, and what to expect of it, `honest`.
    ensemble_ : Blend
        With ``ensemble=True``: `members`, `weights`, `params`, and what to expect, `honest`, beside
        the winner alone, `single`.
    """

    _auto: ClassVar[str] = "auto"
    _finalists_decide: ClassVar[bool] = True
    _warns_once: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        **Folded._more_constraints,
        "cv": ["cv_object", StrOptions({"reshuffle"})],
        "space": "no_validation",
        "method": "no_validation",
        "random_state": ["random_state"],
        "early_stopping": ["boolean", Interval(Real, 0, 1, closed="neither")],
        "threshold": ["boolean"],
        "ensemble": ["boolean"],
        "scheduler": "no_validation",
        "fidelity": "no_validation",
    }

    @explained
    def __init__(
        self,
        estimator: Any,
        space: Any = None,
        *,
        method: Any = "auto",
        trials: int | None = None,
        time_limit: float | None = None,
        patience: int | None = None,
        scoring: Any = None,
        n_jobs: int | str | None = None,
        refit: Any = True,
        cv: Any = None,
        racing: bool | str = True,
        honest: bool = True,
        reuse: bool = True,
        finalists: int = 0,
        random_state: Any = 0,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        store: Any = None,
        study: str = "search",
        progress: bool | None = None,
        early_stopping: bool | float = False,
        threshold: bool = False,
        ensemble: bool = False,
        limit: Limit | None = None,
        scheduler: Any = None,
        fidelity: tuple[str, float, float] | None = None,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.method = method
        self.trials = trials
        self.time_limit = time_limit
        self.patience = patience
        self.racing = racing
        self.honest = honest
        self.reuse = reuse
        self.finalists = finalists
        self.random_state = random_state
        self.store = store
        self.study = study
        self.progress = progress
        self.early_stopping = early_stopping
        self.threshold = threshold
        self.ensemble = ensemble
        self.limit = limit
        self.scheduler = scheduler
        self.fidelity = fidelity

    def _search(self, fitting: Fitting) -> None:
        self._check_extras(fitting)
        wanted = Wanted.of(fitting)
        if fitting.growing is not None:
            wanted = replace(fitting.growing.wanted(wanted), suggest=None)
        splits = fitting.split(self._checked_cv_orig)
        seed = self.random_state
        if not isinstance(seed, int):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        budgets = fitting.budgets = Budgets.of(fitting, splits, seed)
        if budgets is not None:
            wanted = replace(budgets.wanted(wanted), suggest=None)
        study = Study(
            wanted.space,
            maximize=SCORE,
            sampler=sampler(self._auto if self.method == "auto" else self.method, "method"),
            scheduler="full" if budgets is None else budgets.scheduler,
            fidelity=None if budgets is None else budgets.stated,
            store=self.store,
            name=self.study,
            seed=seed,
        )
        self.study_ = study
        if self.store is not None:
            check(study, fingerprint(self, fitting.X, fitting.y, splits))
        if not len(study) and wanted.suggest is None:
            for number, point in enumerate(wanted.first):
                study.enqueue(point, whole=number == 0)  # to compare with, if nothing else
        metric = self.refit if isinstance(self.refit, str) else None
        journal = Journal(
            study, metric, files=self.store is not None and (self.honest or fitting.extras)
        )
        Asking(fitting, wanted, journal, splits).run()

    def _check_extras(self, fitting: Fitting) -> None:
        """Refuse a threshold or an ensemble where there can be none.

        Raises
        ------
        StudyError
            As the message says.
        """
        shuffled = isinstance(self._checked_cv_orig, Reshuffle)
        if fitting.extras and (not self.refit or shuffled or (self.threshold and self.ensemble)):
            raise StudyError(
                "threshold= and ensemble= change what the fitted search predicts: give one of "
                'them, with refit, and cv= whose folds are the same for all, not "reshuffle".'
            )
        if self.threshold:
            deciding.check(fitting)


class BayesSearchCV(SearchCV):
    """Bayesian optimisation: `SearchCV` with a Gaussian process.

    Parameters are those of `SearchCV`; ``method="tpe"`` and "forest" are Bayesian too.
    """

    _auto: ClassVar[str] = "gp"


class GeneticSearchCV(SearchCV):
    """A genetic algorithm: `SearchCV` with selection, crossover and mutation.

    Parameters are those of `SearchCV`; ``method="differential"`` and "cmaes" evolve otherwise, and
    ``method=luthier.samplers.Genetic(population=40)`` has a population of another size than 20.
    """

    _auto: ClassVar[str] = "genetic"
