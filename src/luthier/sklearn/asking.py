"""Asking: candidates that a study proposes, one after another, and the race of their folds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import TimeSeriesSplit

from luthier.errors import AllFailed
from luthier.history import State
from luthier.run.loop import HOPELESS
from luthier.sklearn.budgets import Budgets
from luthier.sklearn.cv import Reshuffle
from luthier.sklearn.evaluate import Outcome
from luthier.sklearn.fitting import Fitting, Split, complete
from luthier.sklearn.journal import SCORE, Journal
from luthier.sklearn.racing import race
from luthier.sklearn.results import complain, table
from luthier.sklearn.wanted import Suggest, Wanted
from luthier.trial import Trial

TRIALS = 60  # where neither a number nor a time is given


class Asking:
    """Asks for candidates and races their folds, until the search has had enough.

    Parameters
    ----------
    fitting : Fitting
    wanted : Wanted
    journal : Journal
    splits : sequence of (train, test)
    """

    def __init__(
        self,
        fitting: Fitting,
        wanted: Wanted,
        journal: Journal,
        splits: Sequence[Split],
    ) -> None:
        self.search, self.fitting, self.wanted = fitting.search, fitting, wanted
        self.journal, self.splits, self.study = journal, splits, journal.study
        most = TRIALS if self.search.time_limit is None else math.inf
        self.most = self.search.trials or most
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
        complain(fitting, ran)
        if ran and not fitting.scored():
            raise AllFailed(
                f"scoring: none of the {len(ran)} candidates that were tried has a score: the "
                f"folds failed, or scoring={self.search.scoring!r} gave NaN for all of them. The "
                "warnings above say why; error_score='raise' stops at the first error. Fit and "
                "score the estimator by itself before it is searched."
            )
        fitting.results = table(fitting)

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
                race(fitting, rows, self.splits, order=self.order)
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
            race(
                fitting, [row for row in rows if row not in partial], self.splits, order=self.order
            )
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
