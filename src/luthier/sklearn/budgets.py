"""Budgets: candidates that are judged with less than there is to give, and go on if they do well.

What there is less of, the fidelity, is training rows or a whole number that the estimator takes,
such as its iterations. A candidate that goes on is fitted anew, as a trial of its own.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier
from sklearn.model_selection import TimeSeriesSplit
from sklearn.utils import _safe_indexing

from luthier import schedulers, settings
from luthier.errors import SpaceError, StudyError
from luthier.estimate.promoted import carried
from luthier.history import Fidelity, History, State
from luthier.models.lent import ROWS, iterations, lendable, whole
from luthier.models.splits import spread
from luthier.parts import Scheduler
from luthier.propose import propose
from luthier.samplers import Random
from luthier.schedulers.rungs import hopeful, ladder, reached
from luthier.sklearn.cv import Reshuffle
from luthier.sklearn.evaluate import Outcome
from luthier.sklearn.fingerprints import key
from luthier.sklearn.wanted import Wanted
from luthier.trial import Trial

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

ETA = 3  # from one amount to the next, where the scheduler does not say
WORDS = (
    "Write fidelity=('n_samples', 0.1, 1.0), shares of each training fold, or a whole number that "
    "the estimator takes, fidelity=('n_estimators', 10, 300)."
)
REFUSED = {
    "Full": "gives every candidate the whole",
    "Population": "changes parameters while a model trains, and a search fits anew",
    "Race": "compares folds, which racing= does here by itself",
}


class Budgets:
    """How much each candidate of a search is given.

    Parameters
    ----------
    fitting : Fitting
    splits : sequence of (train, test)
    given : tuple
        The search's `fidelity`.
    scheduler : Scheduler
    seed : int
        Of the order in which rows are added.

    Attributes
    ----------
    fidelity : Fidelity
        As the study has it: rows of the smallest training fold, or the parameter.
    given : dict
        For each candidate's row in the results, how much it was given last.

    Raises
    ------
    StudyError
        If the fidelity makes no sense, or does not fit the search.
    """

    def __init__(
        self,
        fitting: Fitting,
        splits: Sequence[tuple[Any, Any]],
        given: Any,
        scheduler: Scheduler,
        seed: int,
    ) -> None:
        self.fitting, self.splits, self.scheduler, self.seed = fitting, splits, scheduler, seed
        self.given: dict[int, int] = {}
        self._orders: dict[int, Ints] = {}
        if isinstance(fitting.search._checked_cv_orig, Reshuffle):
            raise StudyError(
                'fidelity: with cv="reshuffle" every candidate has other test rows, so that none '
                "can be told to go on. Give cv= a number or a splitter."
            )
        self.fidelity = self._read(given)
        self.most = self.fidelity.most
        self.name = "" if self.fidelity.name == ROWS else self.fidelity.name

    @classmethod
    def of(cls, fitting: Fitting, splits: Sequence[tuple[Any, Any]], seed: int) -> Budgets | None:
        """What a search asks for; None if nothing.

        Raises
        ------
        StudyError
            If there is a scheduler and nothing for it to give, or it can do nothing here.
        """
        search = fitting.search
        if search.fidelity is None:
            if search.scheduler is None:
                return None
            raise StudyError(
                f"scheduler: {search.scheduler!r} gives candidates less than the whole at first, "
                f"and it is not said of what. {WORDS}"
            )
        scheduler = schedulers.scheduler("auto" if search.scheduler is None else search.scheduler)
        why = REFUSED.get(type(scheduler).__name__)
        if why is not None:
            raise StudyError(
                f"scheduler: {scheduler!r} {why}. With a fidelity take 'asha', 'hyperband', "
                "'bohb', 'dehb', 'pasha', 'freezethaw' or 'auto'."
            )
        return cls(fitting, splits, search.fidelity, scheduler, seed)

    def _read(self, given: Any) -> Fidelity:
        if not isinstance(given, tuple | list) or len(given) != 3:
            raise StudyError(f"fidelity: expected a name and two numbers, got {given!r}. {WORDS}")
        name, least, most = given
        if name == ROWS:
            return self._rows(least, most)
        known = self.fitting.base.get_params(deep=True)
        if name not in known:
            inside = [one for one in known if one.endswith(f"__{name}")]
            close = ", ".join(map(repr, inside or get_close_matches(str(name), known, 3)))
            raise StudyError(
                f"fidelity: {name!r} is no parameter of {type(self.fitting.base).__name__}"
                f"{f', unlike {close}' if close else ''}. {WORDS}"
            )
        if not lendable(self.fitting.base, name):
            grow = ", ".join(
                repr(one) for one in iterations(known) if lendable(self.fitting.base, one)
            )
            raise StudyError(
                f"fidelity: {name!r} of {type(self.fitting.base).__name__} is {known[name]!r}, and "
                "no whole number that there can be less of"
                f"{f', unlike {grow}' if grow else ''}. {WORDS}"
            )
        growing = self.fitting.growing
        if growing is not None and name in {growing.prefix + n for n in growing.grower.names}:
            raise StudyError(
                f"fidelity: {name!r} is what early_stopping= finds in each fold by itself. Leave "
                "one of the two out, or give fidelity=('n_samples', 0.1, 1.0)."
            )
        made = settings.fidelity(given)
        assert made is not None
        return made

    def _rows(self, least: Any, most: Any) -> Fidelity:
        for share in (least, most):
            number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
            if not number or not 0 < share <= 1:
                raise StudyError(
                    f"fidelity: {share!r} is no share of the training rows, above 0 and at most "
                    f"1. {WORDS}"
                )
        if most != 1:
            raise StudyError(
                f"fidelity: the most of {ROWS!r} must be 1.0, all rows of a training fold, got "
                f"{most!r}: who wins is fitted to all rows."
            )
        rows = min(len(_positions(train)) for train, _ in self.splits)
        classes = len(np.unique(self.fitting.y)) if self._stratified else 1
        return Fidelity(ROWS, min(rows, max(round(float(least) * rows), classes)), rows)

    @property
    def _stratified(self) -> bool:
        y = self.fitting.y
        return y is not None and np.ndim(y) == 1 and is_classifier(self.fitting.base)

    def wanted(self, wanted: Wanted) -> Wanted:
        """What is to be searched, without what is given more and more of.

        Raises
        ------
        SpaceError
            If the user's space has it, or nothing else.
        """
        if self.name not in wanted.space:
            return wanted
        if self.fitting.search.space is not None or len(wanted.space) == 1:
            raise SpaceError(
                f"fidelity: {self.name!r} is in the space too. A parameter is either searched or "
                "given more and more of: leave it out of one of them."
            )
        first = [{k: v for k, v in point.items() if k != self.name} for point in wanted.first]
        distinct = [point for i, point in enumerate(first) if point and point not in first[:i]]
        return replace(wanted, space=wanted.space.without(self.name), first=distinct)

    # -- giving

    @property
    def stated(self) -> tuple[str, int, int]:
        """The fidelity as a study is told it."""
        return self.fidelity.name, self.fidelity.least, self.most

    @property
    def whole(self) -> dict[str, int]:
        """The parameter with all that there is; nothing where rows are given."""
        return whole(self.fidelity.name, self.most)

    def partial(self, row: int) -> bool:
        """Whether a candidate was given less than the whole so far."""
        return self.given.get(row, 0) < self.most

    def give(self, row: int, amount: int) -> None:
        """Let a candidate be judged with an amount from here on; nothing is known of that yet."""
        fitting = self.fitting
        self.given[row] = amount
        fitting.outcomes[row] = [None] * len(self.splits)
        if self.name:
            fitting.candidates[row] |= {self.name: amount}
        elif amount < self.most:
            folds = enumerate(self.splits)
            fitting.own[row] = [(self._cut(k, train, amount), test) for k, (train, test) in folds]
        else:
            fitting.own.pop(row, None)

    def _cut(self, fold: int, train: Any, amount: int) -> Ints:
        """Some of a fold's training rows, in their order; those of less are among those of more."""
        train = _positions(train)
        count = -(-amount * len(train) // self.most)
        if isinstance(self.fitting.search._checked_cv_orig, TimeSeriesSplit):
            return np.asarray(train[len(train) - count :])  # the latest
        if fold not in self._orders:
            labels = np.zeros(len(train))
            if self._stratified:
                labels = np.asarray(_safe_indexing(self.fitting.y, train))
            self._orders[fold] = spread(labels, np.random.default_rng([self.seed, fold]))
        return np.asarray(train[np.sort(self._orders[fold][:count])])

    @property
    def _lets_go_on(self) -> bool:
        """Whether who does well goes on as another trial, or runs on while it is watched."""
        scheduler = self.scheduler
        return getattr(scheduler, "needs_fidelity", False) or (
            hasattr(scheduler, "promote") and scheduler.promote is not False
        )

    @property
    def spent(self) -> int:
        """What all trials were given so far, each time anew."""
        return int(self.fitting.search.study_.history.seen().step.sum())

    @property
    def dearest(self) -> int:
        """The most that a trial may be given, all its amounts together."""
        return self._cost(self.most)

    def next_cost(self) -> int:
        """What the next trial will be given."""
        study = self.fitting.search.study_
        # How much is the scheduler's to say; what it is for is asked of the sampler once only.
        body = propose(study.history, Random(), study.scheduler, dynamic=False) or {}
        return self._cost(round(min(body.get("budget", self.most), self.most)))

    def _cost(self, until: int) -> int:
        rungs = [] if self._lets_go_on else self._rungs(self.fitting.search.study_.history)
        return sum(rung for rung in rungs if rung < until) + until

    def _rungs(self, history: History) -> list[int]:
        scheduler = self.scheduler
        if hasattr(scheduler, "rungs"):
            return list(scheduler.rungs(history))
        return ladder(history, getattr(scheduler, "eta", ETA), getattr(scheduler, "least", None))

    def steps(self, trial: Trial, history: History, judged: Callable[[int], int]) -> list[int]:
        """The amounts with which a trial is to be judged, one after another.

        A scheduler that lets trials go on says how far. One that watches them while they run
        sees each with more and more, as it would see a training that reports. `judged` says with
        how much a trial was judged last.
        """
        until = round(min(trial.budget, self.most))
        if self._lets_go_on:
            return [until]
        row, came, first = trial.parent, 0, trial.number
        while row >= 0 and not came:  # a lost attempt may have reported too
            came, lost = int(history.curve(row)[0].max(initial=0)), history.state[row] == State.LOST
            if lost and came and judged(row) == came:
                came -= 1  # nobody knows whether it was told to stop there: it is asked again
            first, row = (row, int(history.parent[row])) if lost else (first, -1)
        if not came and until == self.most:
            came = self._before(first, history)
        return [*(rung for rung in self._rungs(history) if came < rung < until), until]

    def _before(self, number: int, history: History) -> int:
        """With how much earlier trials with the same parameters were judged.

        There are some where it is given the last whole.
        """
        raw, key = history.raw(number), history.space.key
        known = history.tried(raw)
        if known is None or known >= number:
            return 0
        same = [row for row in range(number) if key(history.raw(row)) == key(raw)]
        return int(max(history.curve(row)[0].max(initial=0) for row in same))

    # -- what came of it

    def value(self, row: int, outcomes: Sequence[Outcome | None]) -> float:
        """The mean score of a candidate; of one that was dropped, what it would have been.

        On the folds that it lacks it is believed to differ from the best one as on those it has.
        """
        scores = np.array([self.fitting.score(outcome) for outcome in outcomes])
        ran = ~np.isnan(scores)
        if ran.all() or not ran.any():
            return float(scores.mean())
        others = self.fitting.scores()
        means = np.nan_to_num(others.mean(axis=1), nan=-np.inf)
        best = others[int(np.argmax(means))]
        with np.errstate(invalid="ignore"):
            return float(best.mean() + (scores[ran] - best[ran]).mean())

    def rank(self, results: dict[str, Any]) -> None:
        """Rank candidates by what they were given first, and only then by their score."""
        given = np.array([self.given.get(row, 0) for row in range(len(results["params"]))])
        results["n_resources"] = given
        for name in [name for name in results if name.startswith("rank_test_")]:
            means = results[f"mean_test_{name.removeprefix('rank_test_')}"]
            results[name] = ranks(given, means)

    def leader(self, queued: int) -> int | None:
        """The number of a trial with less that is to be given the whole in the end.

        The best of all with less, if that scores better than the best on the whole; else, where
        none but `queued` ones had the whole, the best of those that came furthest.
        """
        seen = self.fitting.search.study_.history.seen().merged()
        best = hopeful(seen)
        if best is not None:
            return int(seen.number[best])
        last, came = np.full(len(seen), np.nan), reached(seen)
        last[seen.owner] = seen.value[:, 0]
        waiting = np.flatnonzero(seen.stopped & (came < self.most) & np.isfinite(last))
        if not len(waiting) or sum(a >= self.most for a in self.given.values()) > queued:
            return None
        furthest = waiting[np.lexsort((last[waiting], -came[waiting]))[0]]
        return int(seen.number[furthest])

    def earlier(self, row: int) -> float:
        """What a candidate's score owes to its having been chosen with less."""
        fitting, rungs = self.fitting, defaultdict[int, dict[Hashable, Array]](dict)
        names = [
            key({k: v for k, v in one.items() if k != self.name}) for one in fitting.candidates
        ]
        for other, outcomes in enumerate(fitting.outcomes):
            scores = np.array([fitting.score(outcome) for outcome in outcomes])
            if np.isfinite(scores).all():
                rungs[self.given[other]][names[other]] = scores
        return carried(rungs, sorted(a for a, known in rungs.items() if names[row] in known))

    @property
    def ended(self) -> bool:
        """Whether a candidate ran on the whole."""
        folds = enumerate(self.fitting.outcomes)
        return any(not self.partial(row) and None not in one for row, one in folds)

    def crowned(self, row: int) -> dict[str, Any]:
        """The winner's parameters, with the whole; a warning where nobody was given that."""
        if not self.ended:
            self._warn(row)
        return self.fitting.candidates[row] | self.whole

    def _warn(self, row: int) -> None:
        more = ", no threshold and no ensemble" if self.fitting.extras else ""
        warnings.warn(
            f"fidelity: no candidate was given the whole, {self.most} of "
            f"{self.fidelity.name!r}. The best of those that came furthest was chosen, with "
            f"{self.given.get(row, 0)}; there is no honest figure{more}. Give more trials= or "
            "time_limit=.",
            UserWarning,
            stacklevel=2,
        )

    def words(self) -> str:
        """What the candidates were given, and what that spared, in a sentence."""
        outcomes, history = self.fitting.outcomes, self.fitting.search.study_.history
        candidates = len({history.space.key(history.raw(row)) for row in range(len(history))})
        ran = np.array([sum(o is not None for o in row) for row in outcomes]) / len(self.splits)
        whole = np.array([not self.partial(row) for row in range(len(outcomes))])
        spared = self.most * float((1 - ran[whole]).sum())  # of folds that racing left out
        share = (self.spent - spared) / (self.most * candidates)
        ends = int((whole & (ran == 1)).sum())
        return (
            f"{candidates} candidates were tried in {len(outcomes)} trials, with {self.fidelity}: "
            f"{ends} ran on the whole, and only these could win. All of it took {share:.0%} of "
            "what it takes to give every candidate the whole."
        )


def ranks(given: npt.NDArray[Any], means: Array) -> npt.NDArray[np.int32]:
    """(c,) ranks from 1: more given first, then the larger mean; equals share one, NaN is last."""
    unknown = np.isnan(means)
    order = np.lexsort((-means, -given, unknown))
    made = np.empty(len(means), dtype=np.int32)
    before, rank = None, 0
    for place, row in enumerate(order.tolist(), start=1):
        key = None if unknown[row] else (int(given[row]), float(means[row]))
        if place == 1 or key != before:
            rank = place
        made[row], before = rank, key
    return made


def _positions(train: Any) -> Ints:
    rows: Ints = np.asarray(train)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
