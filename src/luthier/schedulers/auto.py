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
from luthier.numerics.curves import Outlook, ladder
from luthier.numerics.gaussian import Hyper, Posterior, fit
from luthier.numerics.threads import one_thread
from luthier.numerics.unfinished import ahead
from luthier.observed import embedding, outlook_of, prior
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import budgets, promotable, reached, standing
from luthier.schedulers.rungs import ladder as halving
from luthier.space import Mask, Space

ETA = 3  # one in so many goes on
RUNGS = 3  # below the whole; the first is about a 27th of it
ALIKE = 2  # trials: as of so many TRUST is believed in where the risk is told
FIRST = 8  # configurations that are begun before one begins at the last rung
LATELY = 12  # points of each kind by which it is seen whether a sampler repeats itself
TRUST, PAIRS = 0.6, 5  # the agreement that is believed in before any is seen, as of so many pairs
LEAST, MOST = 0.1, 0.9  # shares of all steps that go to the last rung at once
TOLD = 100  # configurations that the sampler is told of: those that came furthest, and the last
JUDGES = 2  # trials that run to their end before any is judged while it runs
BLIND = 0.3  # of the spread of ends: a rung that leaves more than this open is not judged at
SHOWN = 200  # curves that the process is shown: the last ones
FITTED = 60  # of these, how many its hyperparameters are fitted to
WIDE = 200  # parameters beyond which there is no process


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
        fresh = _fresh(seen, levels)
        asked = [i for i in range(len(given)) if fresh and (len(seen) + i) % 2 == 0]
        X, tags = space.sample(len(given), rng), [0] * len(given)
        if asked:
            made = start(space, _told(seen), sampler, len(asked), rng)
            if len(made) < len(asked):  # nothing is left to begin
                given, X = given[: len(made)], np.array([job.x for job in made])
                asked = list(range(len(made)))
            for i, job in zip(asked, made, strict=True):
                X[i], tags[i] = job.x, job.tag
        return jobs + [Job(x, tag, level) for x, tag, level in zip(X, tags, given, strict=True)]

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
        view = _View(seen.space, seen)
        return view.blind(row) or bool(view.chances(np.array([row]))[0] >= self.chance)

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
        view = _View(seen.space, seen)
        return float(1 - np.prod(1 - view.chances(np.flatnonzero(view.paused))))

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
        distinct = _distinct(seen, int(levels[i]))
        for row in promotable(seen, int(levels[i]), ETA, distinct):
            number, tag = int(seen.number[row]), int(seen.tag[row])
            jobs.append(Job(seen.X[row], tag, levels[i + 1], number))
    return jobs


def _distinct(seen: History, rung: int, several: int = 2) -> Mask:
    """(n,) of trials whose reports up to a rung, `several` or more, are the same, the one that went
    furthest; they would crowd out the others."""
    order = np.argsort(seen.owner, kind="stable")
    steps, losses = seen.step[order], seen.value[order, 0]
    ends = np.searchsorted(seen.owner[order], np.arange(len(seen) + 1))
    far = np.where(seen.running, seen.budget, reached(seen))
    leads: dict[bytes, int] = {}
    made = np.ones(len(seen), dtype=bool)
    for row in range(len(seen)):
        mine = slice(ends[row], ends[row + 1])
        n = int(np.searchsorted(steps[mine], rung)) + 1
        if n < several or n > ends[row + 1] - ends[row]:  # too few, or it did not come here
            continue
        key = steps[mine][:n].tobytes() + losses[mine][:n].tobytes()
        other = leads.setdefault(key, row)
        if other != row:
            lead, rest = (row, other) if far[row] > far[other] else (other, row)
            leads[key], made[rest] = lead, False
    return made


def _told(seen: History) -> History:
    """What the sampler is shown: who came furthest, so that a proposal costs no more in the end.

    Those that go on are the best. With many workers most of them run, and a sampler that waits for
    how they end would know the others only.
    """
    far = np.where(seen.done | seen.running, np.inf, reached(seen))
    order = np.lexsort((-np.arange(len(seen)), -far))[:TOLD]
    return (seen if len(seen) <= TOLD else seen.only(np.sort(order))).halted()


def _fresh(seen: History, levels: list[float]) -> bool:
    """Whether points at the sampler's turns still tell something new, half as often as others.

    A loss that was there before tells nothing. While the sampler waits, its turns are random too,
    so that old repeats are forgotten and it is asked again.
    """
    losses = standing(seen, int(levels[0]))
    new = np.zeros(len(seen), dtype=bool)
    new[np.unique(losses, return_index=True)[1]] = True
    turns = np.arange(len(seen)) % 2
    told = ~np.isnan(losses)
    shares = [new[told & (turns == j)][-LATELY:] for j in (0, 1)]
    return min(map(len, shares)) == 0 or bool(2 * shares[0].mean() >= shares[1].mean())


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
        came = reported & _distinct(seen, int(low), several=1)
        made[came, i] = standing(seen, int(low))[came]
    made[:, -1] = seen.Y[:, 0]
    return made


# -- chances ---------------------------------------------------------------------------------------


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
        rows = np.flatnonzero(self.known)[-SHOWN:]
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

    def blind(self, row: int) -> bool:
        """Whether too little is known of ends at the rung of a trial to judge it."""
        curves = self.curves
        spread = float(np.std(curves.mean[self.known]))
        return bool(curves.left[curves.place[row]] > BLIND * spread)
