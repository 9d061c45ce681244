"""Learning curves: how those will end that are not finished, from those that went further.

A curve goes along a ladder of steps. From one rung to the next a loss is believed to change as it
did for the curves that have both: along a line for all, which bad curves leave faster than good
ones where they did so before, and beside it as those did that were alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from luthier.numerics.threads import one_thread
from luthier.numerics.warp import winsorised

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WIDTH = 0.7  # standard deviations within which curves are alike at a step
BELIEF = 1.0  # how many curves the line counts for, where those that are alike speak
LIKELY = (1.0, 6.0, 6.0)  # how many the line of the rung before counts for: height and slopes
FLATTER = 0.7  # of the line of the rung before is believed in for the next
STEEPEST = -1.0, 0.2  # slopes by which bad curves neither pass good ones nor run away
FAR = 0.5  # of a change along the line is in doubt as far as nobody was near
MEMORY = 150  # curves that each step learns from: the last ones
SEVERAL = 4  # curves whose changes tell how much changes differ
LEAST = 0.02  # standard deviation of a change, however alike curves were so far
DOUBT = 0.4  # standard deviation of a change that nobody has seen


def ladder(step: Ints, most: float, factor: float = 1.6) -> Ints:
    """Rungs among the reported steps, each about `factor` times the one before.

    Parameters
    ----------
    step : (r,)
        Steps that were reported.
    most : float
        The last rung; where it is infinite, the highest step.

    Returns
    -------
    (K,)
    """
    steps = np.unique(step[step > 0])
    top = int(most) if math.isfinite(most) else int(steps.max(initial=1))
    made: list[int] = []
    for s in steps[steps < top].tolist():
        if not made or s >= made[-1] * factor:
            made.append(s)
    return np.array([*made, top], dtype=np.int64)


def at_steps(steps: Ints, owner: Ints, step: Ints, value: Array, finals: Array) -> Array:
    """Losses at steps: those of the last report up to each, for curves that came to it.

    Parameters
    ----------
    steps : (K,)
    owner, step, value : (r,)
        Reports, in the order in which they came.
    finals : (n,)
        Losses at the last step, NaN where it was not reached.

    Returns
    -------
    (n, K)
        NaN for steps that a curve did not come to. A loss that is not finite counts as the worst.
    """
    came = reached(owner, step, len(finals))
    made = np.full((len(finals), len(steps)), np.nan)
    finite = value[np.isfinite(value)]
    losses = np.where(np.isfinite(value), value, finite.max(initial=0.0))
    for k, s in enumerate(steps.tolist()):
        upto = step <= s
        made[owner[upto], k] = losses[upto]
        made[came < s, k] = np.nan
    known = np.isfinite(finals)
    made[known, -1] = finals[known]
    return made


def reached(owner: Ints, step: Ints, n: int) -> Ints:
    """(n,) the last step that each curve reported, 0 for none."""
    made = np.zeros(n, dtype=np.int64)
    np.maximum.at(made, owner, step)
    return made


def ends(V: Array, steps: Ints, rung: Mask) -> tuple[Array, Array, Array]:
    """What curves end with: mean and standard deviation; and how uncertain it is at each step.

    Parameters
    ----------
    V : (n, K)
        Losses at steps, NaN from where a curve is not known on; on a scale on which one is as
        easily off here as there, standardised for instance.
    steps : (K,)
    rung : (K,)
        Which steps are rungs, the last among them; at the others some curves were left, and go on
        to the next rung from there.

    Returns
    -------
    mean, sd : (n,)
        NaN for a curve that is not known at all; sd 0 for one that is at its end.
    left : (K,)
        Standard deviation of the end for a curve that came to this step.

    Source
    ------
    Local linear regression (Cleveland 1979) on the loss and on its last change, around a line for
    all, in which the line of the rung before is believed. Errors of the rungs add up: those of the
    line as they are, for it is off for all of them, and the others by their squares.
    """
    n, K = V.shape
    known = ~np.isnan(V)
    place = _last(known)
    told = place >= 0
    mean, was = np.full(n, np.nan), np.full(n, np.nan)  # the loss here, and at the rung before
    mean[told] = V[told, place[told]]
    own, common = np.zeros(n), np.zeros(n)  # standard deviations: of each curve, of the line
    rungs, following, spread = np.flatnonzero(rung), np.full(K, K - 1), np.zeros(K)
    line, unit, error = np.zeros(3), np.ones(2), DOUBT
    for k in range(K - 1):
        i = int(np.searchsorted(rungs, k))
        to = following[k] = int(rungs[i + bool(rung[k])])
        before = V[:, rungs[i - 1]] if i else np.full(n, np.nan)
        new = place == k
        was[new] = before[new]
        here = np.flatnonzero(new | (told & (place < k)) if rung[k] else new)
        hop = _Hop.of(before, V[:, k], V[:, to], unit, error)
        part = math.log(steps[to] / steps[k])
        made = hop.line(part * line)
        change = hop.changes(made, mean[here], np.nan_to_num(mean[here] - was[here]))
        common[here] = np.abs(1 + change.slope) * common[here] + change.common
        own[here] = np.hypot(np.abs(1 + change.slope) * own[here], change.own)
        spread[k] = _median(np.hypot(change.own, change.common), error)
        if rung[k]:
            was[here] = mean[here]
            line, error = FLATTER * made.weights / part, max(change.noise, LEAST)
            unit = hop.unit
        mean[here] += change.mean
    left = np.zeros(K)
    for k in range(K - 1)[::-1]:
        left[k] = np.hypot(spread[k], left[following[k]])
    return mean, np.where(told, np.hypot(own, common), np.nan), left


def _last(known: Mask) -> Ints:
    """(n,) the last step at which each curve is known, -1 for none."""
    return np.where(known.any(axis=1), known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1), -1)


@dataclass(frozen=True)
class _Line:
    """How all losses change, by how high they are and by how they changed last.

    Parameters
    ----------
    weights : (3,)
        The change where both are 0, and its slopes.
    centre, unit : (2,)
        Where the losses and last changes lie that it was fitted to, and how far apart.
    inverse : (3, 3)
        Of the information in these units.
    """

    weights: Array
    centre: Array
    unit: Array
    inverse: Array

    def __call__(self, at: Array, last: Array) -> Array:
        """(q,) changes."""
        height, slope, pull = self.weights
        return np.asarray(height + slope * at + pull * last)

    def doubt(self, at: Array, last: Array) -> Array:
        """(q,) standard deviations of the line, in those of a single change."""
        F = _features(at, last, self.centre, self.unit)
        return np.asarray(np.sqrt(np.einsum("qi,ij,qj->q", F, self.inverse, F)))


@dataclass(frozen=True)
class _Change:
    """What is believed of changes.

    Parameters
    ----------
    mean, slope : (q,)
        The change, and how it grows with the loss.
    own, common : (q,)
        Standard deviations: of each curve by itself, and of the line for all.
    noise : float
        Standard deviation of a change around what is believed.
    """

    mean: Array
    slope: Array
    own: Array
    common: Array
    noise: float


@dataclass(frozen=True)
class _Hop:
    """How losses changed from one step to a later one, of the curves that have both.

    Parameters
    ----------
    u, last, gain : (m,)
        Loss at the first step, its change up to there from the rung before, and from there on.
    unit : (2,)
        Standard deviations of `u` and `last` among all that came to the first step.
    middle : float
        Median of `u` among these.
    error : float
        Standard deviation of a change before any is seen.
    """

    u: Array
    last: Array
    gain: Array
    unit: Array
    middle: float
    error: float

    @classmethod
    def of(cls, before: Array, here: Array, there: Array, unit: Array, error: float) -> _Hop:
        """From losses at the rung before, at the first step and at the later one, NaN where a curve
        did not come; `unit` is that of the hop before."""
        came = ~np.isnan(here)
        moved = here - before
        unit = np.array([_spread(here[came], unit[0]), _spread(moved[~np.isnan(moved)], unit[1])])
        middle = float(np.median(here[came])) if came.any() else 0.0
        both = np.flatnonzero(came & ~np.isnan(there))[-MEMORY:]
        seen = np.stack([here, np.nan_to_num(moved), there - here])[:, both]
        # One curve twice tells no more.
        once = np.sort(np.unique(np.round(seen, 9), axis=1, return_index=True)[1])
        u, last, gain = seen[:, once]
        return cls(u, last, gain, unit, middle, error)

    def line(self, usual: Array) -> _Line:
        """The line for all, where that with the weights `usual` (3,) is believed in."""
        seen = len(self.gain) > 0
        centre = np.array([self.u.mean(), self.last.mean()] if seen else [self.middle, 0.0])
        F = _features(self.u, self.last, centre, self.unit)
        excess = self.gain - usual[0] - usual[1] * self.u - usual[2] * self.last
        inverse = np.asarray(np.linalg.inv(F.T @ F + np.diag(LIKELY)), dtype=np.float64)
        height, *slopes = inverse @ (F.T @ excess)
        height += usual[0] + usual[1:] @ centre
        slope = np.clip(usual[1] + slopes[0] / self.unit[0], *STEEPEST)
        pull = np.clip(usual[2] + slopes[1] / self.unit[1], -1, 1)
        weights = np.array([height - slope * centre[0] - pull * centre[1], slope, pull])
        return _Line(weights, centre, self.unit, inverse)

    def changes(self, line: _Line, at: Array, last: Array) -> _Change:
        """The change of curves that have the loss `at` (q,) here and changed by `last` (q,)."""
        mean, excess = line(at, last), self.gain - line(self.u, self.last)
        error = self.error
        if len(excess) >= SEVERAL:  # what is left is not much more than changes differ
            error = min(error, max(2 * float(np.std(excess)), LEAST))
        common = np.hypot(error, FAR * np.abs(mean)) * line.doubt(at, last)
        more, slope, sd, noise = self._alike(excess, at, last, error)
        slope = np.clip(line.weights[1] + slope, *STEEPEST)
        return _Change(mean + more, slope, sd, common, _median(noise, error))

    def _alike(
        self, excess: Array, at: Array, last: Array, error: float
    ) -> tuple[Array, Array, Array, Array]:
        """What curves that are alike leave the line by: mean, slope, standard deviation, noise."""
        off = (self.u[None, :] - at[:, None]) / self.unit[0]
        faster = np.clip((self.last[None, :] - last[:, None]) / self.unit[1], -5, 5)
        weight = np.exp(-0.5 * (off**2 + faster**2) / WIDTH**2) + 1e-3
        F = np.stack([np.ones_like(off), np.clip(off, -5, 5), faster], axis=2)  # (q, m, 3)
        heavy = (weight[:, :, None] * F).transpose(0, 2, 1)  # (q, 3, m)
        inverse = np.linalg.inv(heavy @ F + np.diag([BELIEF / 2, BELIEF, BELIEF]))
        beta = (inverse @ (heavy @ excess)[:, :, None])[:, :, 0]
        residual = excess - (F @ beta[:, :, None])[:, :, 0]
        squares = (weight * residual**2).sum(axis=1) + BELIEF * error**2
        total = weight.sum(axis=1) + BELIEF
        variance = squares / (total - 1.5 * (1 - BELIEF / total))  # a line was fitted to them
        sd = np.sqrt(variance * (1 + inverse[:, 0, 0]))
        return beta[:, 0], beta[:, 1] / self.unit[0], sd, np.sqrt(variance)


def _features(u: Array, last: Array, centre: Array, unit: Array) -> Array:
    """(m, 3) of a line: 1, and both in units from the centre."""
    return np.stack([np.ones(len(u)), (u - centre[0]) / unit[0], (last - centre[1]) / unit[1]], 1)


def _median(x: Array, otherwise: float) -> float:
    return float(np.median(x)) if len(x) else otherwise


def _spread(x: Array, usual: float) -> float:
    """Standard deviation, in which `usual` is believed as of several values."""
    squares = len(x) * float(np.var(x)) if len(x) else 0.0
    return max(math.sqrt((squares + SEVERAL * usual**2) / (len(x) + SEVERAL)), LEAST)


@dataclass(frozen=True)
class Outlook:
    """How curves are expected to end, on a standardised scale.

    Parameters
    ----------
    rungs : (K,)
        Steps; the last is the end.
    place : (n,) int
        The last rung that each curve came to, -1 for none.
    mean, sd : (n,)
        Of the end; NaN for a curve of which nothing is known.
    left : (K,)
        Standard deviation of the end for a curve that came to this rung.
    middle, scale : float
        A loss is ``middle + scale * mean``.
    """

    rungs: Ints
    place: Ints
    mean: Array
    sd: Array
    left: Array
    middle: float
    scale: float


def outlook(owner: Ints, step: Ints, value: Array, finals: Array, most: float) -> Outlook:
    """How trials will end, by their reports.

    Parameters
    ----------
    owner, step, value : (r,)
        Reports, in the order in which they came.
    finals : (n,)
        Losses of the trials that ended with one, else NaN.
    most : float
        The step at which a trial ends; infinite where unknown.
    """
    rungs, came = ladder(step, most), reached(owner, step, len(finals))
    stops = came[~np.isfinite(finals) & (came > 0) & (came < rungs[-1])]
    steps = np.union1d(rungs, stops)
    V = at_steps(steps, owner, step, value, finals)
    known = ~np.isnan(V)
    middle, scale = 0.0, 1.0
    if known.any():
        pooled = winsorised(V[known], 3.0)
        middle, scale = float(pooled.mean()), max(float(pooled.std()), 1e-300)
        V[known] = (pooled - middle) / scale
    rung = np.isin(steps, rungs)
    with one_thread():
        mean, sd, left = ends(V, steps, rung)
    place = np.cumsum(rung)[_last(known)] - 1
    place[~known.any(axis=1)] = -1
    return Outlook(rungs, place, mean, sd, left[rung], middle, scale)
