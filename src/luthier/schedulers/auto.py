"""Goes on with a trial as long as there is a chance that it ends as the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from luthier.errors import StudyError
from luthier.history import History
from luthier.numerics.curves import Outlook, ladder
from luthier.numerics.gaussian import Hyper, Posterior, fit
from luthier.numerics.threads import one_thread
from luthier.observed import embedding, outlook_of, prior
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets
from luthier.space import Space

WHOLE = 2  # trials that run to their end before any is judged
BLIND = 0.6  # of the spread of ends: a rung that leaves more than this open is not judged at
WORTH = 1.5  # how much more likely than the limit one must be to be gone on with later
MOST = 200  # curves that the process is shown: the last ones
FITTED = 60  # of these, how many its hyperparameters are fitted to
WIDE = 200  # parameters beyond which there is no process


@dataclass(frozen=True)
class Auto:
    """Stops a trial when it is unlikely to end as the best, and goes on with it when that changes.

    How curves end is learned from the curves that went further; what parameters promise, from a
    Gaussian process over the ends. At some ten steps on its way a trial is asked for the chance
    that it ends better than the best so far. In a study with a fidelity, one that was stopped
    goes on, as a new trial with it as `parent`, when its chance has become better than that of
    the point that the sampler would start.

    `risk` says how likely it is, at most, that a trial which was stopped would have been the best.

    Parameters
    ----------
    chance : float
        The chance below which a trial is stopped.

    Raises
    ------
    StudyError
        If it is no number between 0 and 1.

    Source
    ------
    Domhan, Springenberg and Hutter (2015) for the rule; Swersky, Snoek and Adams (2014) for going
    on later. With several objectives the first counts.
    """

    chance: float = 0.15

    def __post_init__(self) -> None:
        number = isinstance(self.chance, int | float) and not isinstance(self.chance, bool)
        if not number or not 0 < self.chance < 1:
            raise StudyError(f"Auto: chance must lie between 0 and 1, got {self.chance!r}.")

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Trials to go on with where one is likely enough to be the best, else new points."""
        seen, most = history.merged(), budgets(history)[1]
        jobs = start(space, history, sampler, k, rng, most)
        if not math.isfinite(most) or not seen.done.any():
            return jobs
        view = _View(space, seen)
        paused = np.flatnonzero(view.paused)
        chances = view.chances(paused)
        order = np.argsort(-chances, kind="stable").tolist()
        better: list[Job] = []
        for i in order[:k]:
            job = jobs[len(better)] if len(better) < len(jobs) else None
            fresh = view.chance_at(job.x) if job is not None else 0.0
            if chances[i] <= max(fresh, WORTH * self.chance):
                break
            row = int(paused[i])
            better.append(Job(seen.X[row], int(seen.tag[row]), most, int(seen.number[row])))
        return [*better, *jobs[len(better) :]]

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial may still end as the best."""
        seen, (least, most) = history.merged(), budgets(history)
        if seen.done.sum() < WHOLE:
            return True
        row = int(np.flatnonzero(seen.number == history.number[row])[0])
        now = int(seen.step[seen.owner == row][-1])
        if now < least or now not in ladder(seen.step, most)[:-1]:
            return True
        view = _View(seen.space, seen)
        return view.blind(row) or bool(view.chances(np.array([row]))[0] >= self.chance)

    def risk(self, history: History) -> float:
        """A bound on the chance that a trial which was stopped would have been the best of all.

        Errors of trials count as independent of each other, which overstates it. 0 where none was
        stopped, or none has ended.
        """
        seen = history.seen().merged()
        if not seen.done.any():
            return 0.0
        view = _View(seen.space, seen)
        return float(1 - np.prod(1 - view.chances(np.flatnonzero(view.paused))))

    def explain(self, space: Space, history: History) -> str:
        """What it does and how sure it is, in words."""
        seen = history.merged()
        stopped = int(seen.stopped.sum())
        if not stopped:
            return f"No trial was stopped; one is when its chance is below {self.chance:.0%}."
        risk = self.risk(history)
        return (
            f"{stopped} configurations were stopped for a chance below {self.chance:.0%} to be "
            f"the best; that the best is among them has a chance of at most {risk:.0%}."
        )


class _View:
    """How trials are expected to end, by their curves and by their parameters.

    Parameters
    ----------
    seen : History
        Merged.
    """

    def __init__(self, space: Space, seen: History) -> None:
        self.curves: Outlook = outlook_of(seen)
        curves = self.curves
        self.known = curves.place >= 0
        self.paused = seen.stopped & self.known & (curves.place < len(curves.rungs) - 1)
        self.mean, self.sd = curves.mean.copy(), curves.sd.copy()
        self.best = float(curves.mean[seen.done & self.known].min(initial=np.inf))
        self._model: Posterior | None = None
        if len(space) <= WIDE and self.known.sum() > 2:
            self._lean(space, seen)

    def _lean(self, space: Space, seen: History) -> None:
        """Let a process over the parameters speak where curves leave much open."""
        rows = np.flatnonzero(self.known)[-MOST:]
        self._measured = embedding(space)
        points, block = self._measured(seen.X[rows]), self._measured.block
        y = self.mean[rows]
        self._middle, self._scale = float(y.mean()), max(float(y.std()), 1e-9)
        z, extra = (y - self._middle) / self._scale, (self.sd[rows] / self._scale) ** 2
        with one_thread():
            before, some = prior(self._measured, trend=True), slice(-FITTED, None)
            fitted = points[np.arange(len(rows))[some]]
            theta = fit(fitted, z[some], block, before, before.mean[None], 20, extra[some])
            hyper = Hyper.from_log(theta)
            self._model = Posterior(points, z, block, hyper, extra)
            belief = self._model(points)
        # An end is the process and something of its own, of which only the curve tells.
        own = hyper.noise / (hyper.noise + extra)
        mean = (1 - own) * belief.mean + own * z
        variance = (1 - own) ** 2 * belief.variance + own * extra
        open_ = self.sd[rows] > 0
        at = rows[open_]
        self.mean[at] = self._middle + self._scale * mean[open_]
        self.sd[at] = self._scale * np.sqrt(variance[open_])

    def chances(self, rows: Any) -> Array:
        """(k,) chances that trials end better than the best."""
        return np.asarray(ndtr((self.best - self.mean[rows]) / np.maximum(self.sd[rows], 1e-9)))

    def chance_at(self, x: Array) -> float:
        """The chance of a new point (d,)."""
        if self._model is None:
            return 0.5
        with one_thread():
            belief = self._model(self._measured(x[None]))
        sd = math.sqrt(float(belief.variance[0]) + self._model.hyper.noise)
        lead = (self.best - self._middle) / self._scale - float(belief.mean[0])
        return float(ndtr(lead / sd))

    def blind(self, row: int) -> bool:
        """Whether too little is known of ends at the rung of a trial to judge it."""
        curves = self.curves
        spread = float(np.std(curves.mean[self.known]))
        return bool(curves.left[curves.place[row]] > BLIND * spread)
