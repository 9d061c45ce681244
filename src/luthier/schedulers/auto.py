"""Looks at many configurations for a little, as far as that tells who will be good."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from luthier.errors import StudyError
from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.curves import ladder
from luthier.numerics.unfinished import ahead
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.foreseen import Foreseen
from luthier.schedulers.full import start
from luthier.schedulers.mixed import mixed
from luthier.schedulers.rungs import budgets, distinct, promotable, reached, standing
from luthier.schedulers.rungs import ladder as halving
from luthier.space import Mask, Space

ETA = 3  # one in so many goes on
RUNGS = 3  # below the whole; the first is about a 27th of it
ALIKE = 2  # trials: as of so many TRUST is believed in where the risk is told
FIRST = 8  # configurations that are begun before one begins at the last rung
TRUST, PAIRS = 0.6, 5  # the agreement that is believed in before any is seen, as of so many pairs
LEAST, MOST = 0.1, 0.9  # shares of all steps that go to the last rung at once
JUDGES = 2  # trials that run to their end before any is judged while it runs
BLIND = 0.3  # of the spread of ends: a rung that leaves more than this open is not judged at


@explained
@dataclass(frozen=True)
class Auto:
    """Gives many configurations a little, and the best of them more; or stops the hopeless.

    In a study with a fidelity, one in three goes on from each of the last three rungs, as with
    `luthier.schedulers.ASHA`. The sampler proposes every second new point, by all that was seen, of
    running trials too, and the other is random; so are all, while the sampler repeats what was seen
    and random points do not. Some new points begin at the last rung: a share of all steps that
    follows from how well the order at the first rung agreed with that at the last among such
    trials, a tenth where it always did and nine tenths where it was the other way round. A curve
    that repeats another one to the last digit does not go on.

    Without a fidelity a trial is stopped when it is unlikely to end as the best. How curves end is
    learned from the curves that went further; what parameters promise, from a Gaussian process
    over the ends. At some ten steps on its way a trial is asked for its chance.

    `risk` says how likely it is, at most, that a trial which was stopped would have been the best.

    Parameters
    ----------
    chance : float
        The chance below which a trial is stopped, where the study has no fidelity.

    Raises
    ------
    StudyError
        If it is no number between 0 and 1.

    Source
    ------
    Li et al. (2020) for the rungs, see `luthier.schedulers.ASHA`; Falkner, Klein and Hutter (2018)
    for random points among the others; Li et al. (2022), Hyper-Tune (VLDB), for trusting rungs as
    far as they agree with the end; Domhan, Springenberg and Hutter (2015) for stopping. With
    several objectives the first counts.
    """

    chance: float = 0.05

    def __post_init__(self) -> None:
        number = isinstance(self.chance, int | float) and not isinstance(self.chance, bool)
        if not number or not 0 < self.chance < 1:
            raise StudyError(f"Auto: chance must lie between 0 and 1, got {self.chance!r}.")

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """With a fidelity who may go on, from the highest rung down, and then new points."""
        if history.fidelity is None:
            return start(space, history, sampler, k, rng)
        seen, levels = history.merged(), _levels(history)
        jobs = _risen(seen, levels)[:k]
        given = _given(history, seen, levels, k - len(jobs))
        X = space.sample(len(given), rng)
        return jobs + mixed(space, seen, int(levels[0]), sampler, X, given, rng)

    def rungs(self, history: History) -> list[int]:
        """The steps below the whole at which trials are compared, where there is a fidelity."""
        return _rungs(history)

    def keep(self, history: History, row: int) -> bool:
        """Whether the trial may still end as the best; with a fidelity, always: its budget says
        how far it goes."""
        if history.fidelity is not None:
            return True
        seen, (least, most) = history.merged(), budgets(history)
        if seen.done.sum() < JUDGES:
            return True
        row = int(np.flatnonzero(seen.number == history.number[row])[0])
        now = int(seen.step[seen.owner == row][-1])
        if now < least or now not in ladder(seen.step, most)[:-1]:
            return True
        foreseen = Foreseen(seen.space, seen)
        return _blind(foreseen, row) or bool(_chances(foreseen, [row])[0] >= self.chance)

    def risk(self, history: History) -> float:
        """The chance that a trial which was stopped would have been the best of all.

        With a fidelity, by how well the order at each rung agreed with that at the next, among
        those that came to both. Without one, a bound: errors of trials count as independent of
        each other, which overstates it. 0 where none was stopped, or none has ended.
        """
        history = history.seen()
        seen = history.merged()
        if not seen.done.any() or not seen.stopped.any():
            return 0.0
        if seen.fidelity is not None:
            rng = np.random.default_rng((history.seed, 0xA0))
            return ahead(_losses(history, _levels(history)), TRUST, ALIKE, rng)
        foreseen = Foreseen(seen.space, seen)
        place, rungs = foreseen.curves.place, foreseen.curves.rungs
        paused = seen.stopped & foreseen.known & (place < len(rungs) - 1)
        return float(1 - np.prod(1 - _chances(foreseen, np.flatnonzero(paused))))

    def explain(self, space: Space, history: History) -> str:
        """What it does and how sure it is, in words."""
        seen = history.merged()
        stopped = int(seen.stopped.sum())
        if stopped and seen.fidelity is not None:
            if not seen.done.any():
                return (
                    f"No configuration got the whole yet, {seen.fidelity}; {stopped} got less, and "
                    "the best of these goes on."
                )
            return (
                f"{int(seen.done.sum())} configurations got the whole, and {stopped} less; that "
                f"the best is among these has a chance of about {self.risk(history):.0%}."
            )
        if not stopped:
            return f"No trial was stopped; one is when its chance is below {self.chance:.0%}."
        risk = self.risk(history)
        return (
            f"{stopped} configurations were stopped for a chance below {self.chance:.0%} to be "
            f"the best; that the best is among them has a chance of at most {risk:.0%}."
        )


# -- little for many -------------------------------------------------------------------------------


def _rungs(history: History) -> list[int]:
    return halving(history, ETA)[-RUNGS:]


def _levels(history: History) -> list[float]:
    """The rungs, and the whole."""
    return [*map(float, _rungs(history)), budgets(history)[1]]


def _risen(seen: History, levels: list[float]) -> list[Job]:
    """Trials that go on to the next level, from the highest rung down."""
    jobs: list[Job] = []
    for i in range(len(levels) - 1)[::-1]:
        rung = int(levels[i])
        for row in promotable(seen, rung, ETA, distinct(seen, rung)):
            number, tag = int(seen.number[row]), int(seen.tag[row])
            jobs.append(Job(seen.X[row], tag, levels[i + 1], number))
    return jobs


def _given(history: History, seen: History, levels: list[float], k: int) -> list[float]:
    """Up to where k new configurations run: to the first level, or to the last rung at once, or to
    the end where there is one rung alone."""
    high = levels[-2] if len(levels) > 2 else levels[-1]
    probes = _first(history, seen) >= high
    steps = np.where(seen.running | seen.done, np.minimum(seen.budget, levels[-1]), reached(seen))
    share = float(np.clip((1 - _agreement(seen, probes, levels[0], high)) / 2, LEAST, MOST))
    spent, probed = steps.sum(), np.minimum(steps[probes], high).sum()
    made: list[float] = []
    for n in range(len(seen), len(seen) + k):
        probe = n >= FIRST and probed < share * spent
        made.append(high if probe else levels[0])
        spent, probed = spent + made[-1], probed + made[-1] * probe
    return made


def _agreement(seen: History, probes: Mask, low: float, high: float) -> float:
    """Kendall's tau of losses at two levels, among trials of which none was chosen by its
    beginning."""
    early, late = standing(seen, int(low)), standing(seen, int(high))
    # An objective that reports at its end alone says nothing of the lower level.
    first = np.full(len(seen), np.inf)
    np.minimum.at(first, seen.owner[seen.step >= low], seen.step[seen.step >= low])
    there = probes & (first < high) & np.isfinite(early) & np.isfinite(late)
    a, b = early[there], late[there]
    agree = np.sign((a[:, None] - a) * (b[:, None] - b))[np.triu_indices(len(a), 1)]
    return float((agree.sum() + TRUST * PAIRS) / (len(agree) + PAIRS))


def _first(history: History, seen: History) -> Array:
    """(n,) up to where each configuration was to run when it was begun."""
    # Rows of the history are in the order of their draws.
    return np.asarray(history.budget[np.searchsorted(history.draw, seen.draw)])


def _losses(history: History, levels: list[float]) -> Array:
    """(n, levels) of each configuration, NaN where it did not come; of curves that repeat each
    other up to a level the one that went furthest has a loss there."""
    seen = history.merged()
    made = np.full((len(seen), len(levels)), np.nan)
    for i, (low, high) in enumerate(itertools.pairwise(levels)):
        reported = np.zeros(len(seen), dtype=bool)
        # An objective that reports at its end alone says nothing of the lower levels.
        reported[seen.owner[(seen.step >= low) & (seen.step < high)]] = True
        came = reported & distinct(seen, int(low), several=1)
        made[came, i] = standing(seen, int(low))[came]
    made[:, -1] = seen.Y[:, 0]
    return made


# -- chances ---------------------------------------------------------------------------------------


def _chances(foreseen: Foreseen, rows: Any) -> Array:
    """(k,) chances that trials end better than the best."""
    mean, sd = foreseen.leaned()
    return np.asarray(ndtr((foreseen.best - mean[rows]) / np.maximum(sd[rows], 1e-9)))


def _blind(foreseen: Foreseen, row: int) -> bool:
    """Whether too little is known of ends at the rung of a trial to judge it."""
    curves = foreseen.curves
    spread = float(np.std(curves.mean[foreseen.known]))
    return bool(curves.left[curves.place[row]] > BLIND * spread)
