"""Searches that propose candidates from what they have seen."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import TimeSeriesSplit
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _num_samples

from luthier.errors import AllFailed, SpaceError, StudyError
from luthier.history import State
from luthier.keywords import explained
from luthier.run.limit import Limit
from luthier.run.loop import HOPELESS
from luthier.samplers import sampler
from luthier.sklearn import choosing, deciding
from luthier.sklearn.base import Folded
from luthier.sklearn.budgets import Budgets
from luthier.sklearn.cv import Reshuffle
from luthier.sklearn.evaluate import Outcome
from luthier.sklearn.fitting import Fitting, Split, complete
from luthier.sklearn.journal import SCORE, Journal, check, fingerprint
from luthier.space import Space
from luthier.study import Study
from luthier.trial import Trial

TRIALS = 60  # where neither a number nor a time is given


Tried = Sequence[tuple[Mapping[str, Any], float | None]]
Suggest = Callable[[Tried], dict[str, Any] | None]


@dataclass
class Wanted:
    """What a search is to look through, and where it starts.

    Parameters
    ----------
    space : Space
    settings : callable
        From a point of the space to what ``set_params`` takes.
    first : list of dict
        Points that are tried before anything is proposed.
    suggest : callable, optional
        What else is tried before, by how those before it did: `Preset.suggest`.
    """

    space: Space
    settings: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    first: Sequence[Mapping[str, Any]] = field(default_factory=list)
    suggest: Suggest | None = None


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
        "pasha", or a rule that stops, such as "median"; needs a `fidelity`.

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
        wanted = self._wanted(fitting)
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
        Asking(self, fitting, wanted, journal, splits).run()

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

    def _wanted(self, fitting: Fitting) -> Wanted:
        """The space, and the estimator's own settings as the first point where it holds them.

        Raises
        ------
        SpaceError
            If there is no space, or a name is no parameter of the estimator.
        """
        given = self.space
        if given is None:
            return _preset(self.estimator, fitting)
        if isinstance(given, Space):
            space, named = given, set(given.names)
        else:
            space = Space.from_sklearn(given)
            # From a list of dicts comes a parameter more, that says which of them is meant.
            named = {name for part in _parts(given) for name in part}
        known = self.estimator.get_params(deep=True)
        _check_names(named, known, self.estimator)
        if self.refit == "one_se":
            choosing.ordered(named)

        def settings(point: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in point.items() if name in named}

        own = {name: known[name] for name in space.names if name in known}
        try:
            inside = np.isfinite(space.encode([own])[0])  # an estimator has inactive ones too
            own = {n: own[n] for n, on in zip(space.names, inside, strict=True) if on}
            space.check(own, partial=True)
        except SpaceError:
            return Wanted(space, settings)
        return Wanted(space, settings, [own] if own else [])


def _parts(given: Any) -> list[Any]:
    return [given] if isinstance(given, Mapping) else list(given)


def _check_names(named: Collection[str], known: Mapping[str, Any], estimator: Any) -> None:
    """Refuse names that the estimator does not have; parts of what is searched itself may be new.

    Raises
    ------
    SpaceError
    """
    for name in named:
        parents = [name[: match.start()] for match in re.finditer("__", name)]
        if name not in known and not any(parent in named for parent in parents):
            inside = [one for one in known if one.endswith(f"__{name}")]
            close = inside or get_close_matches(name, known, 3) or sorted(known)
            raise SpaceError(
                f"{name!r} is no parameter of {type(estimator).__name__}. Its parameters are "
                f"named {', '.join(map(repr, close))}; parts of a pipeline as 'step__name'."
            )


def _preset(estimator: Any, fitting: Fitting) -> Wanted:
    """The shipped space of a well-known estimator."""
    from luthier.models.presets import preset

    shape = np.shape(fitting.X)
    classes = None if fitting.y is None or not is_classifier(estimator) else len(set(fitting.y))
    spread = _spread(fitting.y) if is_regressor(estimator) else None
    made = preset(
        estimator,
        rows=_num_samples(fitting.X),
        columns=shape[1] if len(shape) == 2 else None,
        classes=classes,
        spread=spread,
    )
    first = [made.default, *made.portfolio]
    return Wanted(made.space, made.settings, first, made.suggest)


def _spread(y: Any) -> float | None:
    """The standard deviation of one target; None where there is none, or no number for it."""
    try:
        found = float(np.std(np.asarray(y, dtype=float))) if np.ndim(y) == 1 else 0.0
    except (TypeError, ValueError):
        return None
    return found if 0 < found < math.inf else None


class Asking:
    """Asks for candidates and races their folds, until the search has had enough.

    Parameters
    ----------
    search : SearchCV
    fitting : Fitting
    wanted : Wanted
    journal : Journal
    splits : sequence of (train, test)
    """

    def __init__(
        self,
        search: SearchCV,
        fitting: Fitting,
        wanted: Wanted,
        journal: Journal,
        splits: Sequence[Split],
    ) -> None:
        self.search, self.fitting, self.wanted = search, fitting, wanted
        self.journal, self.splits, self.study = journal, splits, journal.study
        self.most = search.trials or (TRIALS if search.time_limit is None else math.inf)
        self.order = self._order()
        self.steps: dict[int, list[int]] = {}  # what trials are still to be given
        self.trials: dict[int, Trial] = {}
        self.points: list[Mapping[str, Any]] = []  # of every row of the fitting
        fitting.log = self
        known = self.most < math.inf and fitting.budgets is None
        fitting.total = int(self.most) if known else None

    def _order(self) -> list[int]:
        """The folds in a random order, so that no easy one is always first; not those of time."""
        folds = list(range(len(self.splits)))
        if not isinstance(self.search._checked_cv_orig, TimeSeriesSplit):
            np.random.default_rng([self.study.seed, len(folds)]).shuffle(folds)
        return folds

    def run(self) -> None:
        """Ask, evaluate, tell.

        Raises
        ------
        AllFailed
            If no candidate has a score, at the end or after the first ten.
        ValueError
            If no fold could be fitted, in scikit-learn's words.
        """
        fitting = self.fitting
        self._recall()
        while not fitting.over():
            if len(fitting.candidates) >= HOPELESS and not fitting.scored():
                fitting.ended = f"the first {HOPELESS} candidates have no score"
                break
            count = self._affordable(max(1, math.ceil(fitting.workers.count / len(self.splits))))
            if not count:
                what = "trials were run" if fitting.budgets is None else "whole trials were spent"
                fitting.ended = f"all {self.most} {what}"
                break
            if fitting.stale():
                break
            if self.wanted.suggest is not None:
                self._suggest(self.wanted.suggest, count)
            asked = self.study.ask(count)
            if not asked:
                fitting.ended = "every point of the space was tried"
                break
            self._evaluate(asked)
        ran = range(len(fitting.candidates))
        fitting.complain(ran)
        if ran and not fitting.scored():
            raise AllFailed(
                f"scoring: none of the {len(ran)} candidates that were tried has a score: the "
                f"folds failed, or scoring={self.search.scoring!r} gave NaN for all of them. The "
                "warnings above say why; error_score='raise' stops at the first error. Fit and "
                "score the estimator by itself before it is searched."
            )
        fitting.results = fitting.table()

    def _affordable(self, jobs: int) -> int:
        """How many trials to ask for next, up to `jobs`; 0 where the rest does not allow one.

        With a fidelity one whole is kept for the end, for who leads with less by then.
        """
        budgets = self.fitting.budgets
        if budgets is None:
            return int(min(jobs, max(0, self.most - len(self.fitting.candidates))))
        left = self.most * budgets.most - budgets.spent
        sure = (left - budgets.most) / budgets.dearest
        if sure >= 1:
            return int(min(jobs, sure))
        cost = budgets.next_cost()
        if cost + budgets.most <= left:
            return 1
        if left >= budgets.most or (left > 0 and not budgets.ended):
            history, leader = self.study.history, budgets.leader(len(self.wanted.first[:1]))
            if leader is not None and not history.retries() and not history.queue:
                self.study.enqueue(history.params(leader), again=True)
                return 1
        return int(cost <= left or not self.fitting.candidates)

    def _suggest(self, suggest: Suggest, count: int) -> None:
        """Queue what is worth trying by what was seen on other data, while there is any."""
        waiting = len(self.study.history.retries()) + len(self.study.history.queue)
        tried = self._tried()
        for _ in range(count - waiting):
            point = suggest(tried)
            if point is None or not self.study.enqueue(point):
                return
            tried.append((point, None))

    def _tried(self) -> list[tuple[Mapping[str, Any], float | None]]:
        """Each candidate with what it lost to the first whole one on the folds that it ran on."""
        S = self.fitting.scores()
        whole = S[np.isfinite(S).all(axis=1)][:1]
        made: list[tuple[Mapping[str, Any], float | None]] = []
        for point, scores in zip(self.points, S, strict=True):
            lost = whole[0] - scores if len(whole) else np.array([np.nan])
            known = np.isfinite(lost).any() and not np.isinf(lost).any()
            made.append((point, float(np.nanmean(lost)) if known else None))
        return made

    def _recall(self) -> None:
        """Take what the store has of the trials that ended."""
        history = self.study.history
        for number in range(len(history)):
            if history.state[number] in (State.DONE, State.STOPPED, State.FAILED):
                fitting, budget = self.fitting, None
                self.points.append(history.params(number))
                settings = self.wanted.settings(self.points[-1])
                (row,) = fitting.add([settings], len(self.splits))
                if fitting.budgets is not None:
                    budget = self.journal.budget(number)
                    fitting.budgets.give(row, budget)
                fitting.outcomes[row] = self.journal.known(number, len(self.splits), budget)
                fitting.closed.append(row)

    def _evaluate(self, asked: Sequence[Trial]) -> None:
        fitting, folds = self.fitting, len(self.splits)
        rows = fitting.add([self.wanted.settings(trial.params) for trial in asked], folds)
        self.trials = dict(zip(rows, asked, strict=True))
        self.points += [trial.params for trial in asked]
        splitter = self.search._checked_cv_orig
        if isinstance(splitter, Reshuffle):
            for row in rows:
                fitting.own[row] = splitter.of(row, fitting.X, fitting.y)
        try:
            if fitting.budgets is None:
                self._known()
                fitting.race(rows, self.splits, order=self.order)
            else:
                self._climb(fitting.budgets)
        finally:
            for trial in self.trials.values():
                # Out of time, or interrupted: it is asked for again when the search goes on.
                self.study.driver.lose(trial.number, "Interrupted", fitting.ended or "interrupted")
            self.study.flush()

    def _known(self) -> None:
        """Take what is known of trials that go on from an attempt that was lost."""
        fitting, budgets, history = self.fitting, self.fitting.budgets, self.study.history
        for row, trial in list(self.trials.items()):
            if trial.parent < 0 or history.state[trial.parent] != State.LOST:
                continue
            budget = None if budgets is None else budgets.given[row]
            known = self.journal.known(trial.parent, len(self.splits), budget)
            for fold, outcome in enumerate(known):
                if outcome is not None:
                    fitting.outcomes[row][fold] = outcome
                    self.fold(row, fold, outcome)
            if complete(fitting.outcomes[row]):  # killed after its last fold
                fitting.close(row)

    def _climb(self, budgets: Budgets) -> None:
        """Judge trials with what they are given, and then with more, if they go on.

        Candidates race on the whole alone: with less it is not the best that matters, but who is
        among the better part.
        """
        fitting, history, judged = self.fitting, self.study.history, self.journal.budget
        self.steps = {r: budgets.steps(t, history, judged) for r, t in self.trials.items()}
        going = True
        while going:
            for row in self.trials:
                budgets.give(row, self.steps[row].pop(0))
            self._known()
            rows = list(self.trials)
            partial = [row for row in rows if budgets.partial(row)]
            missing = [(r, k) for r in partial for k in self.order if not fitting.outcomes[r][k]]
            fitting.work(missing, self.splits)
            fitting.race([row for row in rows if row not in partial], self.splits, order=self.order)
            going = bool(self.trials) and not fitting.over()

    def fold(self, row: int, fold: int, outcome: Outcome) -> None:
        """A fold of a candidate has run."""
        budgets = self.fitting.budgets
        given = None if budgets is None else budgets.given[row]
        self.journal.fold(self.trials[row], fold, outcome, given)

    def end(self, row: int, outcomes: Sequence[Outcome | None]) -> None:
        """A candidate has run on all folds, or was dropped."""
        if self.fitting.budgets is not None and self._goes_on(self.fitting.budgets, row, outcomes):
            self.fitting.closed.remove(row)
            return
        self.journal.end(self.trials.pop(row), outcomes)

    def _goes_on(self, budgets: Budgets, row: int, outcomes: Sequence[Outcome | None]) -> bool:
        """Report how a trial stands with what it was given; whether it goes on with more."""
        trial, value = self.trials[row], budgets.value(row, outcomes)
        # One that was dropped after a fold that failed reports too, or it would be tried again.
        trial.report({SCORE: value}, step=budgets.given[row])
        return bool(self.steps[row]) and math.isfinite(value) and not trial.should_stop()


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
