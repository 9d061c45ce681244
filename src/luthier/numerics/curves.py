"""Learning curves: how those will end that are not finished, from those that went further.

A curve is read at a ladder of steps. From one rung to the next a loss is believed to change as it
did for the curves that have both, most of all for those that were as good at the lower one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from luthier.numerics.warp import winsorised

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WIDTH = 0.7  # standard deviations within which curves are alike at a rung
BELIEF = 1.0  # how many curves the belief counts for that a loss stays as it is
MEMORY = 150  # curves that each rung learns from: the last ones
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


def at_rungs(rungs: Ints, owner: Ints, step: Ints, value: Array, finals: Array) -> Array:
    """Losses at rungs: those of the last report up to each, for curves that came to it.

    Parameters
    ----------
    owner, step, value : (r,)
        Reports, in the order in which they came.
    finals : (n,)
        Losses at the last rung, NaN where it was not reached.

    Returns
    -------
    (n, K)
        NaN for rungs that a curve did not come to. A loss that is not finite counts as the worst.
    """
    n = len(finals)
    reached = np.zeros(n, dtype=np.int64)
    np.maximum.at(reached, owner, step)
    made = np.full((n, len(rungs)), np.nan)
    finite = value[np.isfinite(value)]
    losses = np.where(np.isfinite(value), value, finite.max(initial=0.0))
    for k, rung in enumerate(rungs.tolist()):
        upto = step <= rung
        made[owner[upto], k] = losses[upto]
        made[reached < rung, k] = np.nan
    # A curve that ended between two rungs is known best by its last report.
    between = np.searchsorted(rungs, reached, side="right") - 1
    last = np.full(n, np.nan)
    last[owner] = losses
    inside = between >= 0
    made[inside, between[inside]] = last[inside]
    known = np.isfinite(finals)
    made[known, -1] = finals[known]
    return made


def ends(V: Array) -> tuple[Array, Array, Array]:
    """What curves end with: mean and standard deviation; and how uncertain it is at each rung.

    Parameters
    ----------
    V : (n, K)
        Losses at rungs, NaN from where a curve is not known on; on a scale on which one is as
        easily off here as there, standardised for instance.

    Returns
    -------
    mean, sd : (n,)
        NaN for a curve that is not known at all; sd 0 for one that is at its end.
    left : (K,)
        Standard deviation of the end for a curve that came to this rung.

    Source
    ------
    Local linear regression (Cleveland 1979) from rung to rung, on the loss and on its last change,
    with a belief that losses change as they did on average; errors of the rungs add up.
    """
    n, K = V.shape
    known = ~np.isnan(V)
    place = np.where(known.any(axis=1), K - 1 - np.argmax(known[:, ::-1], axis=1), -1)
    mean, sd = np.full(n, np.nan), np.full(n, np.nan)
    told = place >= 0
    mean[told], sd[told] = V[told, place[told]], 0.0
    before = np.zeros(n)  # the last change
    up = told & (place > 0)
    before[up] = V[up, place[up]] - V[up, place[up] - 1]
    before[np.isnan(before)] = 0.0
    shift, error = 0.0, DOUBT
    steps = np.zeros(K)
    for k in range(K - 1):
        here = np.flatnonzero(told & (place <= k))
        both = np.flatnonzero(known[:, k] & known[:, k + 1])[-MEMORY:]
        if len(both) and len(here):
            last = V[both, k] - V[both, k - 1] if k else np.zeros(len(both))
            last = np.where(np.isnan(last), 0.0, last)
            gain = V[both, k + 1] - V[both, k]
            alike = np.round(np.stack([V[both, k], last, gain]), 9)
            once = np.sort(np.unique(alike, axis=1, return_index=True)[1])
            both, last, gain = both[once], last[once], gain[once]  # one curve twice tells no more
            if len(both) >= SEVERAL:  # what is left is not much more than changes differ
                error = min(error, max(2 * float(np.std(gain)), LEAST))
            change, slope, spread = _change(
                V[both, k], last, gain, mean[here], before[here], shift, error
            )
            mean[here] += change
            before[here] = change
            sd[here] = np.hypot(np.abs(1 + slope) * sd[here], spread)
            steps[k] = float(np.median(spread))
            shift = float(np.median(gain))
            error = max(steps[k], LEAST)
        else:
            mean[here] += shift
            sd[here] = np.hypot(sd[here], error)
            steps[k] = error
    left = np.sqrt(np.cumsum(steps[::-1] ** 2))[::-1]
    return mean, sd, left


def _change(
    u: Array, last: Array, gain: Array, at: Array, before: Array, shift: float, error: float
) -> tuple[Array, Array, Array]:
    """Mean, slope and standard deviation of the change from one rung to the next.

    Parameters
    ----------
    u, last, gain : (m,)
        Loss at the lower rung, its change up to there and from there on, of the curves that have
        all of it.
    at, before : (q,)
        Loss at the lower rung and its change up to there, of those that are foreseen.
    shift, error : float
        Mean and standard deviation of the change as it is believed in before anything is seen.
    """
    scale = max(float(np.std(u)), 1e-9)
    speed = max(float(np.std(last)), 1e-9)
    off = (u[None, :] - at[:, None]) / scale
    faster = np.clip((last[None, :] - before[:, None]) / speed, -5, 5)
    weight = np.exp(-0.5 * (off**2 + faster**2) / WIDTH**2) + 1e-3
    F = np.stack([np.ones_like(off), np.clip(off, -5, 5), faster], axis=2)  # (q, m, 3)
    excess = gain - shift
    A = np.einsum("qm,qmi,qmj->qij", weight, F, F)
    # The belief counts as so many curves at this very place that changed by `shift`.
    A += np.diag([BELIEF / 2, BELIEF, BELIEF])
    b = np.einsum("qm,qmi,m->qi", weight, F, excess)
    inverse = np.linalg.inv(A)
    beta = np.einsum("qij,qj->qi", inverse, b)
    residual = excess[None, :] - np.einsum("qmi,qi->qm", F, beta)
    squares = (weight * residual**2).sum(axis=1) + BELIEF * error**2
    total = weight.sum(axis=1) + BELIEF
    variance = squares / np.maximum(total - 1.5, 0.5 * total)  # a line was fitted to them
    return shift + beta[:, 0], beta[:, 1] / scale, np.sqrt(variance * (1 + inverse[:, 0, 0]))


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
    rungs = ladder(step, most)
    V = at_rungs(rungs, owner, step, value, finals)
    known = ~np.isnan(V)
    middle, scale = 0.0, 1.0
    if known.any():
        pooled = winsorised(V[known], 3.0)
        middle, scale = float(pooled.mean()), max(float(pooled.std()), 1e-300)
        V[known] = (pooled - middle) / scale
    mean, sd, left = ends(V)
    place = np.where(known.any(axis=1), len(rungs) - 1 - np.argmax(known[:, ::-1], axis=1), -1)
    return Outlook(rungs, place, mean, sd, left, middle, scale)
