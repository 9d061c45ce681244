"""What every scheduler must keep to."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from luthier.history import History
from luthier.parts import Job, Scheduler
from luthier.samplers.random import Random
from luthier.study import Study
from luthier.testing.histories import fingerprint, history
from luthier.testing.problems import MIXED
from luthier.trial import Trial

STEPS = 9


class SchedulerContract:
    """Tests of a scheduler; set `scheduler`, which is never used itself: every test copies it."""

    scheduler: ClassVar[Any]

    def test_jobs_are_points_of_the_space(self) -> None:
        for n in (0, 1, 9):
            for k in (1, 7):
                jobs = self._next(_past(n), k)

                assert 1 <= len(jobs) <= k
                for job in jobs:
                    assert isinstance(job, Job)
                    assert job.x.shape == (len(MIXED),)
                    live = ~np.isnan(job.x)
                    assert ((job.x[live] >= 0) & (job.x[live] <= 1)).all()
                    assert -1 <= job.parent < n
                    assert job.budget > 0

    def test_the_history_is_untouched(self) -> None:
        past = _past(9)
        before = fingerprint(past)

        self._next(past, 3)
        [self._fresh().keep(past, row) for row in range(9)]

        assert fingerprint(past) == before

    def test_decisions_are_made_from_the_history_alone(self) -> None:
        used = self._fresh()
        for n in (1, 5, 9, 14):
            past = _past(n)
            for row in np.flatnonzero(past.running):
                assert used.keep(past, int(row)) == self._fresh().keep(past, int(row))
            assert _shown(self._next(past, 2, used)) == _shown(self._next(past, 2))

    def test_keep_says_yes_or_no_of_every_running_trial(self) -> None:
        for past in (_past(1), _past(9), _past(14)):
            for row in np.flatnonzero(past.running):
                assert type(self._fresh().keep(past, int(row))) is bool

    def test_a_single_trial_goes_on(self) -> None:
        """There is nothing to compare it with."""
        past = history(MIXED, _params(1), reports=[(0, step, 7.5) for step in range(1, STEPS)])

        assert self._fresh().keep(past, 0)

    def test_lost_trials_do_not_count(self) -> None:
        """A trial that was lost and tried again leaves the same decisions as one that was not."""
        params, n = _params(9), 9
        reports = [(i, s, _curve(i, s)) for s in range(1, STEPS) for i in range(n)]
        whole = history(MIXED, params, _ends(n), reports=reports)
        lost = history(
            MIXED,
            [params[2], *params],
            [None, *_ends(n)],
            ["LOST", *("DONE" if loss is not None else "RUNNING" for loss in _ends(n))],
            reports=[(0, 1, -99.0), *((i + 1, s, loss) for i, s, loss in reports)],
            draws=[2, 0, 1, 2, 3, 4, 5, 6, 7, 8],
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
        past = history(MIXED, _params(9), _ends(9), reports=reports)

        for row in np.flatnonzero(past.running):
            assert type(self._fresh().keep(past, int(row))) is bool
        self._next(past, 2)

    def test_steps_that_repeat_skip_and_come_late_are_survived(self) -> None:
        reports = [(i, s, _curve(i, s)) for i in range(9) for s in (0, 40, 3, 3, 2**40, 7)]
        past = history(MIXED, _params(9), _ends(9), reports=reports)

        for row in np.flatnonzero(past.running):
            assert type(self._fresh().keep(past, int(row))) is bool

    def test_a_study_reopened_after_every_trial_decides_the_same(self, tmp_path: Path) -> None:
        whole = self._study().run(_learn, trials=15)
        for n in range(1, 16):
            part = self._study(store=tmp_path / "runs.db").run(_learn, trials=n)
            part.close()

        told = [
            [(r.number, r.state, r.params, r.values, r.parent) for r in study.results]
            for study in (part, whole)
        ]
        assert told[0] == told[1]
        assert part.history.step.tolist() == whole.history.step.tolist()

    # -- parts of the tests -----------------------------------------------------------------------

    def _fresh(self) -> Scheduler:
        made: Scheduler = copy.deepcopy(self.scheduler)
        return made

    def _study(self, **settings: Any) -> Study:
        return Study(MIXED, sampler="random", scheduler=self._fresh(), seed=4, **settings)

    def _next(self, past: History, k: int, scheduler: Scheduler | None = None) -> list[Job]:
        chosen = self._fresh() if scheduler is None else scheduler
        return chosen.next(MIXED, past, Random(), k, np.random.default_rng(3))


def _params(n: int) -> list[dict[str, Any]]:
    return MIXED.decode(MIXED.sample(n, np.random.default_rng(11)))


def _curve(i: int, step: int) -> float:
    return -2.5 * ((i * 5) % 9) - 0.25 * step


def _ends(n: int) -> list[float | None]:
    """Losses of trials of which every third still runs."""
    return [None if i % 3 == 2 else _curve(i, STEPS) for i in range(n)]


def _past(n: int) -> History:
    reports = [(i, s, _curve(i, s)) for s in range(1, STEPS) for i in range(n)]
    return history(MIXED, _params(n), _ends(n), reports=reports)


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
