"""What every scheduler must keep to."""

from __future__ import annotations

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from luthier.history import History
from luthier.parts import Job, Scheduler
from luthier.samplers.random import Random
from luthier.study import Study
from luthier.testing.histories import fingerprint, history
from luthier.testing.problems import MIXED
from luthier.testing.training import (
    FIDELITY,
    assert_follows,
    assert_sound,
    by_turns,
    told,
    train,
)
from luthier.trial import Trial

STEPS = 9
TRIALS = 30


class SchedulerContract:
    """Tests of a scheduler; set `scheduler`, which is never used itself: every test copies it.

    One that has ``needs_fidelity = True`` is only tried in studies with a fidelity.
    """

    scheduler: ClassVar[Any]

    def test_jobs_are_points_of_the_space(self) -> None:
        for past in (self._past(0), self._past(1), self._past(9), _paused()):
            for k in (1, 7):
                jobs = self._next(past, k)

                assert 1 <= len(jobs) <= k
                for job in jobs:
                    assert isinstance(job, Job)
                    assert job.x.shape == (len(MIXED),)
                    live = ~np.isnan(job.x)
                    assert ((job.x[live] >= 0) & (job.x[live] <= 1)).all()
                    assert -1 <= job.parent < len(past)
                    assert job.budget > 0
                    assert job.parent < 0 or past.stopped[job.parent]
                    assert job.parent < 0 or job.budget > past.budget[job.parent]

    def test_the_history_is_untouched(self) -> None:
        for past in (self._past(9), _paused()):
            before = fingerprint(past)

            self._next(past, 3)
            [self._fresh().keep(past, row) for row in range(9)]

            assert fingerprint(past) == before

    def test_decisions_are_made_from_the_history_alone(self) -> None:
        used = self._fresh()
        for past in (*(self._past(n) for n in (1, 5, 9, 14)), _paused()):
            for row in np.flatnonzero(past.running):
                assert used.keep(past, int(row)) == self._fresh().keep(past, int(row))
            assert _shown(self._next(past, 2, used)) == _shown(self._next(past, 2))

    def test_keep_says_yes_or_no_of_every_running_trial(self) -> None:
        for past in (self._past(1), self._past(9), self._past(14), _paused()):
            for row in np.flatnonzero(past.running):
                assert type(self._fresh().keep(past, int(row))) is bool

    def test_a_single_trial_goes_on(self) -> None:
        """There is nothing to compare it with."""
        reports = [(0, step, 7.5 - step / 4) for step in range(1, STEPS)]
        past = history(MIXED, _params(1), reports=reports, fidelity=self._fidelity())

        assert self._fresh().keep(past, 0)

    def test_lost_trials_do_not_count(self) -> None:
        """A trial that was lost and tried again leaves the same decisions as one that was not."""
        params, n = _params(9), 9
        reports = [(i, s, _curve(i, s)) for s in range(1, STEPS) for i in range(n)]
        fidelity = self._fidelity()
        whole = history(MIXED, params, _ends(n), reports=reports, fidelity=fidelity)
        lost = history(
            MIXED,
            [params[2], *params],
            [None, *_ends(n)],
            ["LOST", *("DONE" if loss is not None else "RUNNING" for loss in _ends(n))],
            reports=[(0, 1, -99.0), *((i + 1, s, loss) for i, s, loss in reports)],
            draws=[2, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            fidelity=fidelity,
        ).seen()

        assert len(lost) == n
        for row in np.flatnonzero(whole.running):
            assert self._fresh().keep(lost, int(row)) == self._fresh().keep(whole, int(row))
        assert _shown(self._next(lost, 2)) == _shown(self._next(whole, 2))

    def test_reports_without_a_number_are_survived(self) -> None:
        reports = [
            (i, s, (math.nan, math.inf, -math.inf, 1.5)[(i + s) % 4])
            for s in range(1, STEPS)
            for i in range(9)
        ]
        past = history(MIXED, _params(9), _ends(9), reports=reports, fidelity=self._fidelity())

        for row in np.flatnonzero(past.running):
            assert type(self._fresh().keep(past, int(row))) is bool
        self._next(past, 2)

    def test_steps_that_repeat_skip_and_come_late_are_survived(self) -> None:
        reports = [(i, s, _curve(i, s)) for i in range(9) for s in (0, 40, 3, 3, 2**40, 7)]
        past = history(MIXED, _params(9), _ends(9), reports=reports, fidelity=self._fidelity())

        for row in np.flatnonzero(past.running):
            assert type(self._fresh().keep(past, int(row))) is bool

    def test_a_study_that_is_reopened_decides_the_same(self, tmp_path: Path) -> None:
        whole = self._study().run(_learn, trials=15)
        for n in (1, 2, 4, 9, 15):
            part = self._study(store=tmp_path / "runs.db").run(_learn, trials=n)
            part.close()

        assert told(part) == told(whole)

    # -- in studies with a fidelity ---------------------------------------------------------------

    def test_with_a_fidelity_trials_keep_to_their_budgets(self, tmp_path: Path) -> None:
        made = self._study(folder=tmp_path, fidelity=FIDELITY).run(train, trials=TRIALS)

        assert made.history.ended == TRIALS
        assert_sound(made.history)
        assert_follows(made, Random(), self._fresh())

    def test_stragglers_are_not_waited_for(self, tmp_path: Path) -> None:
        """Four workers always have something to do; what they do follows from the log."""
        once, again = (self._study(folder=tmp_path / n, fidelity=FIDELITY) for n in "ab")
        by_turns(once, TRIALS)
        by_turns(again, TRIALS)

        assert_sound(once.history)
        assert_follows(once, Random(), self._fresh())
        assert told(once) == told(again)  # the same order of results gives the same decisions

    def test_a_pool_of_threads_decides_by_the_log(self, tmp_path: Path) -> None:
        made = self._study(folder=tmp_path, fidelity=FIDELITY)
        made.run(train, trials=TRIALS, executor=lambda: ThreadPoolExecutor(4))

        assert made.history.ended == TRIALS
        assert_sound(made.history)
        assert_follows(made, Random(), self._fresh())

    def test_with_a_fidelity_a_study_reopened_decides_the_same(self, tmp_path: Path) -> None:
        whole = self._study(folder=tmp_path / "whole", fidelity=FIDELITY).run(train, trials=TRIALS)
        again: dict[str, Any] = {"store": tmp_path / "runs.db", "folder": tmp_path / "part"}
        for n in (1, 8, 9, 19, TRIALS):
            part = self._study(fidelity=FIDELITY, **again).run(train, trials=n)
            part.close()

        assert told(part) == told(whole)

    def test_trials_that_are_lost_and_go_on_change_nothing(self, tmp_path: Path) -> None:
        whole = self._study(folder=tmp_path / "whole", fidelity=FIDELITY)
        by_turns(whole, TRIALS, workers=1)
        part = self._study(folder=tmp_path / "part", fidelity=FIDELITY)
        by_turns(part, TRIALS, workers=1, lost=4)

        assert part.history.lost.any()
        assert_sound(part.history)
        assert told(part) == told(whole)

    # -- parts of the tests -----------------------------------------------------------------------

    def _fresh(self) -> Scheduler:
        made: Scheduler = copy.deepcopy(self.scheduler)
        return made

    def _study(self, **settings: Any) -> Study:
        settings = {"fidelity": self._fidelity()} | settings
        return Study(MIXED, sampler="random", scheduler=self._fresh(), seed=4, **settings)

    def _next(self, past: History, k: int, scheduler: Scheduler | None = None) -> list[Job]:
        chosen = self._fresh() if scheduler is None else scheduler
        return chosen.next(MIXED, past, Random(), k, np.random.default_rng(3))

    def _fidelity(self) -> tuple[str, int, int] | None:
        return FIDELITY if getattr(self.scheduler, "needs_fidelity", False) else None

    def _past(self, n: int) -> History:
        reports = [(i, s, _curve(i, s)) for s in range(1, STEPS) for i in range(n)]
        fidelity = self._fidelity()
        return history(MIXED, _params(n), _ends(n), reports=reports, fidelity=fidelity)


def _params(n: int) -> list[dict[str, Any]]:
    return MIXED.decode(MIXED.sample(n, np.random.default_rng(11)))


def _curve(i: int, step: int) -> float:
    return -2.5 * ((i * 5) % 9) - 0.25 * step


def _ends(n: int) -> list[float | None]:
    """Losses of trials of which every third still runs."""
    return [None if i % 3 == 2 else _curve(i, STEPS) for i in range(n)]


def _paused() -> History:
    """With a fidelity: of twelve trials up to step 1 or 3 one has gone on, and two still run."""
    n, budgets = 12, [1.0, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3]
    states = ["RUNNING" if i in (5, 11) else "STOPPED" for i in range(n)]
    reports = [
        (i, s, _curve(i, s))
        for i in range(n)
        for s in range(1 if i < n - 1 else 2, int(budgets[i]) + 1)
        if states[i] == "STOPPED"
    ]
    params = _params(n - 1)
    return history(MIXED, [*params, params[2]], [None] * n, states, reports=reports,
                   parents=[*[-1] * (n - 1), 2], budgets=budgets, fidelity=FIDELITY)  # fmt: skip


def _shown(jobs: list[Job]) -> list[Any]:
    return [(job.x.tobytes(), job.tag, job.budget, job.parent) for job in jobs]


def _learn(trial: Trial) -> float:
    """A learning curve that falls to a level of its own."""
    level = trial.params["layers"] - 4 * trial.params["drop"]
    for step in range(1, STEPS):
        trial.report(level + 5.0 / step, step)
        if trial.should_stop():
            break
    return float(level)
