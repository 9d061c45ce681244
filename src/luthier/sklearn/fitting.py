"""Fitting: the state of one call of a search's ``fit``: data, candidates, and what came of each."""

from __future__ import annotations

import math
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import clone, is_classifier
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import check_cv
from sklearn.utils.validation import _check_method_params, indexable

from luthier.errors import DataError, StudyError
from luthier.parameters import same
from luthier.sklearn import compat, judging, prefixes, sharing
from luthier.sklearn.budgets import Budgets
from luthier.sklearn.cv import Holdout, Reshuffle
from luthier.sklearn.evaluate import How, Outcome
from luthier.sklearn.families import Families, Wave, evaluated
from luthier.sklearn.fingerprints import digest
from luthier.sklearn.growing import Growing
from luthier.sklearn.guarded import Guarded
from luthier.sklearn.journal import Listed, score
from luthier.sklearn.mapped import large
from luthier.sklearn.progress import Line
from luthier.sklearn.results import table
from luthier.sklearn.running import Call, Workers

Candidate = Mapping[str, Any]
Split = tuple[Any, Any]  # rows to train on, rows to test on
Task = tuple[int, int]  # a candidate's row and a fold
Array = npt.NDArray[np.float64]

EARLIER = ("_evidence", "_honest", "finals_", "study_", "best_estimator_")  # of an earlier fit


class Log(Protocol):
    """Who is told of every fold that has run."""

    def fold(self, row: int, fold: int, outcome: Outcome) -> None:
        """A fold of a candidate has run."""

    def end(self, row: int, outcomes: Sequence[Outcome | None]) -> None:
        """A candidate has run on all folds, or was dropped."""


class Fitting:
    """One call of ``fit``: candidates, their folds, and what came of each.

    Parameters
    ----------
    search : Folded
        Whose settings count.
    X, y, params
        As ``fit`` got them.

    Attributes
    ----------
    candidates : list of dict
        In the order of ``cv_results_``.
    outcomes : list of list
        For each candidate and fold, its outcome, or None where the fold was not run.
    ended : str
        Why the search ended.
    """

    def __init__(self, search: Any, X: Any, y: Any, params: dict[str, Any]) -> None:
        self.search, self.started = search, time.monotonic()
        self.scorers, self.refit_metric = search._get_scorers()
        self.X, self.y = X, y = indexable(X, y)
        self.given = (X,) if y is None else (X, y)  # what the winner is fitted to
        if isinstance(search.cv, Holdout):
            if params:
                raise DataError(
                    f"Holdout: fit was given {', '.join(params)}, of which the rows kept aside "
                    "have none. Put them behind the others and use cv=PredefinedSplit."
                )
            self.X, self.y = X, y = search.cv.join(X, y)
        params = _check_method_params(X, params=params)
        self.routed = search._get_routed_params_for_fit(params)
        weights = params.get("sample_weight")
        metadata = None if weights is None else {"sample_weight": weights}
        self.calls = compat.Calls(search, {"X": X, "y": y, "metadata": metadata})
        if search.store is not None and getattr(search, "random_state", 0) is None:
            raise StudyError(
                "store: random_state=None draws other candidates at every call, so nothing stored "
                "would be of use to the next. Give random_state= an integer."
            )
        search._checked_cv_orig = self._splitter()
        if compat.CHECKS_IN_FIT:
            search._check_input_parameters(X=X, y=y, split_params=self.routed.splitter.split)
        search.n_splits_ = search._checked_cv_orig.get_n_splits(X, y, **self.routed.splitter.split)
        self.base = clone(search.estimator)
        self.token = uuid.uuid4().hex
        self.sharing = search.reuse and prefixes.shareable(self.base, self.routed.estimator.fit)
        self.growing = Growing.of(self)
        self.families = Families.of(self)
        self.workers = self._workers()
        self.candidates: list[dict[str, Any]] = []
        self.outcomes: list[list[Outcome | None]] = []
        self.more: dict[str, list[Any]] = defaultdict(list)
        self.results: dict[str, Any] = {}
        self.ended = ""
        self.listed = False  # whether all candidates of a batch are known before it runs
        self.closed: list[int] = []  # candidates that ran on all folds or were dropped, in order
        self.own: dict[int, list[Split]] = {}  # folds of candidates that have their own
        self.budgets: Budgets | None = None  # where candidates are judged with less at first
        self.line = Line(search.progress)
        self.total: int | None = None  # candidates that there will be, if that is known
        self.log: Log | None = None
        self._named: tuple[Sequence[Split], list[str]] | None = None
        self.splits: list[Split] | None = None  # None where candidates had different ones
        self.metric = search.refit if isinstance(search.refit, str) else None
        self.measure = judging.measure_of(self)
        for name in EARLIER:
            search.__dict__.pop(name, None)
        self.extras = bool(
            getattr(search, "threshold", False) or getattr(search, "ensemble", False)
        )

    def _workers(self) -> Workers | Guarded:
        search = self.search
        if search.limit is None and search.n_jobs != "auto":
            dispatch = getattr(search, "pre_dispatch", "2*n_jobs")
            return Workers(search.n_jobs, dispatch, once=search._warns_once)
        return Guarded(search.n_jobs, search.limit, self.started + (search.time_limit or math.inf))

    def _splitter(self) -> Any:
        search, classes = self.search, is_classifier(self.search.estimator)
        if isinstance(search.cv, str) and search.cv == "reshuffle":
            return Reshuffle(search.random_state or 0, stratified=classes)
        return check_cv(search.cv, self.y, classifier=classes)

    def __enter__(self) -> Fitting:
        self.workers.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if isinstance(self.log, Listed):
            self.log.close()
        self.line.close(self.ended)
        self.workers.__exit__(*error)
        sharing.KEPT.forget(self.token)

    def split(self, cv: Any) -> list[Split]:
        """The folds of a splitter, all of them.

        Raises
        ------
        ValueError
            If there are others than the splitter said.
        """
        splits = list(cv.split(self.X, self.y, **self.routed.splitter.split))
        self.splits = None if self.candidates or isinstance(cv, Reshuffle) else splits
        if len(splits) != self.search.n_splits_:
            raise ValueError(
                f"cv.split and cv.get_n_splits {compat.RETURN} inconsistent results. Expected "
                f"{self.search.n_splits_} splits, got {len(splits)}"
            )
        return splits

    def add(self, candidates: Sequence[dict[str, Any]], folds: int) -> range:
        """Take candidates in; returns their rows."""
        start = len(self.candidates)
        self.candidates.extend(candidates)
        self.outcomes.extend([None] * folds for _ in candidates)
        return range(start, len(self.candidates))

    def scores(self) -> Array:
        """(candidates, folds), larger is better; NaN where not run, -inf where it failed.

        Of candidates that were given less than the whole, NaN.
        """
        made = np.full((len(self.outcomes), self.search.n_splits_), np.nan)
        for row, outcomes in enumerate(self.outcomes):
            if not self.partial(row):
                made[row] = [self.score(outcome) for outcome in outcomes]
        return made

    def scored(self) -> bool:
        """Whether any candidate has a score on any fold."""
        return any(math.isfinite(self.score(one)) for row in self.outcomes for one in row)

    def partial(self, row: int) -> bool:
        """Whether a candidate was given less than the whole."""
        return self.budgets is not None and self.budgets.partial(row)

    def score(self, outcome: Outcome | None) -> float:
        """The score of a fold that counts: NaN where it was not run, -inf where it failed."""
        if outcome is None:
            return math.nan
        found = score(outcome, self.metric)
        # Asked for after every fold: NumPy's check took a third of a quick search.
        return -math.inf if math.isnan(found) else found

    def work(
        self,
        tasks: Sequence[tuple[int, int]],
        splits: Sequence[Split],
        contexts: Mapping[Task, Any] | None = None,
    ) -> None:
        """Run some folds of some candidates; their outcomes are noted as they come.

        Where something follows from what was noted, it is noted in the order of the tasks,
        whichever worker was faster: so the same number gives the same search.

        Parameters
        ----------
        tasks : sequence of (row, fold)
        splits : sequence of (train, test)
        contexts : dict, optional
            Of callbacks, for each task.
        """
        names, families = self._names(splits), self.families
        wave = Wave.plain(tasks) if families is None else families.wave(tasks)
        many = isinstance(self.workers, Workers) and self.workers.count > 1
        if many and large(self.X) and not self.ordered:
            wave = wave.abreast(tasks, self.workers.count)

        def make(number: int) -> Call:
            row, fold = tasks[number]
            train, test = self.own.get(row, splits)[fold]
            context = None if contexts is None else contexts[row, fold]
            plan = None if self.growing is None else self.growing.plan(train)
            rows = digest(np.asarray(train)) if self.sharing and row in self.own else names[fold]
            keep = (self.search.honest or self.extras) and not self.partial(row)
            share = wave.share(self.token, tasks[number], rows)
            together = fold in wave.together and row not in self.own
            how = How(self._prefix(row, rows), keep, plan, self.extras, share, together)
            return (clone(self.base), self.X, self.y, how), {
                "scorer": self.scorers,
                "fit_params": self.routed.estimator.fit,
                "score_params": self.routed.scorer.score,
                "return_train_score": self.search.return_train_score,
                "return_n_test_samples": True,
                "return_times": True,
                "return_parameters": False,
                "error_score": self.search.error_score,
                "verbose": self.search.verbose,
                "train": train,
                "test": test,
                "parameters": self.candidates[row],
                "split_progress": (fold, len(splits)),
                "candidate_progress": (row, len(self.candidates)),
                **self.calls.settings(context),
            }

        came: dict[int, Outcome] = {}  # those that overtook an earlier one
        turn, lost_patience = 0, False
        try:
            for number, outcome in evaluated(self.workers, wave.order, make, self.over):
                if self.listed and self.search.patience is None:  # their order decides nothing
                    self._take(tasks[number], outcome)
                    continue
                came[number] = outcome
                while turn in came and not lost_patience:
                    self._take(tasks[turn], came.pop(turn))
                    turn += 1
                    # What other workers have begun by then is as if it had never run.
                    lost_patience = self.listed and self.stale()
        finally:  # the one that they waited for may never come
            for number in sorted(came) if not lost_patience else ():
                self._take(tasks[number], came[number])

    @property
    def ordered(self) -> bool:
        """Whether a candidate that is complete early counts for more than work done once."""
        return self.search.time_limit is not None or self.search.patience is not None

    def _take(self, task: Task, outcome: Outcome) -> None:
        row, fold = task
        self.outcomes[row][fold] = outcome
        self._show()
        if self.log is not None:
            self.log.fold(row, fold, outcome)
        if complete(self.outcomes[row]):
            self.close(row)

    def close(self, row: int) -> None:
        """A candidate has run on all folds, or is dropped."""
        self.closed.append(row)
        if self.log is not None:
            self.log.end(row, self.outcomes[row])

    def _names(self, splits: Sequence[Split]) -> list[str]:
        """A digest of each fold's training rows, made once; racing asks after every few folds."""
        if not self.sharing and self.families is None:
            return [""] * len(splits)
        if self._named is None or self._named[0] is not splits:
            self._named = splits, [digest(np.asarray(train)) for train, _ in splits]
        return self._named[1]

    def _show(self) -> None:
        if not self.line.shown:
            return
        scores = self.scores()
        means = scores.mean(axis=1)
        best = np.max(means, initial=-np.inf, where=np.isfinite(means))
        ran = sum(outcome is not None for row in self.outcomes for outcome in row)
        self.line.update(ran, len(scores), self.total, best)

    def elsewhere(self, candidates: Sequence[Candidate], splits: Sequence[Split]) -> Array:
        """(candidates, folds) scores on other folds, which leave no other trace."""
        kept = self.candidates, self.outcomes, self.closed, self.own, self.log, self.ended
        self.candidates, self.closed, self.own = [dict(c) for c in candidates], [], {}
        self.outcomes, self.log, self.ended = [[None] * len(splits) for _ in candidates], None, ""
        listed, self.listed = self.listed, False  # patience counts the search's candidates alone
        budgets, self.budgets = self.budgets, None
        try:
            rows, folds = range(len(candidates)), range(len(splits))
            self.work([(row, fold) for row in rows for fold in folds], splits)
            return self.scores()
        finally:
            self.candidates, self.outcomes, self.closed, self.own, self.log, self.ended = kept
            self.listed, self.budgets = listed, budgets

    def _prefix(self, row: int, rows: str) -> sharing.Prefix | None:
        if not self.sharing:
            return None
        keys = prefixes.keys(self.base, self.candidates[row])
        return None if keys is None else sharing.Prefix(self.token, rows, keys)

    def over(self) -> bool:
        """Whether no further fold should start."""
        if self.listed and not self.ended:
            self.stale()
        limit = self.search.time_limit
        if limit is None or self.ended:
            return bool(self.ended)
        if time.monotonic() - self.started < limit or not any(map(complete, self.outcomes)):
            return False
        self.ended = f"the time limit of {limit:g} s was reached"
        return True

    def stale(self) -> bool:
        """Whether the last so many candidates brought nothing better, which ends the search."""
        patience = self.search.patience
        closed = [row for row in self.closed if not self.partial(row)]
        if patience is None or len(closed) <= patience:
            return False
        with np.errstate(invalid="ignore"):
            means = [np.mean([self.score(o) for o in self.outcomes[row]]) for row in closed]
        # A fold that failed makes a mean of -inf, one that was not run makes it NaN.
        best = np.nan_to_num(means, nan=-np.inf)
        if best.max() == -np.inf or len(best) - 1 - int(np.argmax(best)) < patience:
            return False
        self.ended = f"{patience} trials brought nothing better"
        return True

    def rescue(self) -> bool:
        """Make the most of a search that was interrupted; whether there is anything to make."""
        self.ended = self.ended or "it was interrupted"
        if not any(map(complete, self.outcomes)):
            return False
        self.results = table(self)
        return True

    def default_row(self) -> int:
        """The candidate with the estimator's own settings; -1 if there is none."""
        own = self.base.get_params(deep=True)
        for row, candidate in enumerate(self.candidates):
            same_as_own = (name in own and _equal(v, own[name]) for name, v in candidate.items())
            if not self.partial(row) and all(same_as_own):
                return row
        return -1

    def end(self) -> None:
        """Leave the rest of what a fitted search has."""
        many = isinstance(self.scorers, _MultimetricScorer)
        self.search.scorer_ = self.scorers._scorers if many else self.scorers
        self.search.cv_results_ = self.results
        self.search.ended_ = self.ended
        self.search._spared = "" if self.budgets is None else self.budgets.words()
        self.calls.end()


def complete(outcomes: Sequence[Outcome | None]) -> bool:
    """Whether a candidate ran on every fold."""
    return all(outcome is not None for outcome in outcomes)


def _equal(a: Any, b: Any) -> bool:
    """Whether a candidate has the estimator's own value; 1 and 1.0 are one to it."""
    numbers = all(isinstance(v, int | float | np.number) for v in (a, b))
    return bool(a == b) if numbers else same(a, b)
