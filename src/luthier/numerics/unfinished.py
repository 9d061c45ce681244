"""Those who left before the last of several levels: whether one would have come out ahead."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy.special import log_ndtr, ndtri

Array = npt.NDArray[np.float64]

DRAWS = 500  # of lines, from what is believed of them; the chance has an error of about 0.02


def ahead(losses: Array, agreement: float, points: int, rng: Generator) -> float:
    """The chance that somebody who left would have been ahead of all that came to the last level.

    Ranks at a level, as normal scores, are believed to follow those at the level before along a
    line, up to a normal error. Who left is taken along all the lines that are above.

    Parameters
    ----------
    losses : (n, s)
        At each level, NaN for those that did not come there; somebody came to the last.
    agreement : float
        Kendall's tau of two levels that is believed in before any is seen, as of so many `points`.
    """
    scores, last = _scores(losses), losses.shape[1] - 1
    there = ~np.isnan(scores)
    far = np.where(there.any(axis=1), last - there[:, ::-1].argmax(axis=1), last)
    left, far = scores[far < last], far[far < last]
    mean, variance = np.full((2, DRAWS, len(left)), np.nan)
    for level in range(last):
        here = far == level
        mean[:, here], variance[:, here] = left[here, level], 0.0
        both = there[:, level] & there[:, level + 1]
        x, y = scores[both, level], scores[both, level + 1]
        start, slope, error = _lines(x, y, agreement, points, rng)
        mean, variance = start + slope * mean, slope**2 * variance + error
    front = np.nanmin(scores[:, last])
    behind = log_ndtr((mean - front) / np.sqrt(variance)).sum(axis=1)
    return float(-np.expm1(behind).mean())


def _scores(losses: Array) -> Array:
    """Normal scores of each column's ranks; equal losses share theirs."""
    made = np.full(losses.shape, np.nan)
    for column, score in zip(losses.T, made.T, strict=True):
        there = ~np.isnan(column)
        ordered = np.sort(column[there])
        ends = [np.searchsorted(ordered, column[there], side) for side in ("left", "right")]
        score[there] = ndtri((ends[0] + ends[1]) / (2 * max(len(ordered), 1)))
    return made


def _lines(
    x: Array, y: Array, agreement: float, points: int, rng: Generator
) -> tuple[Array, Array, Array]:
    """Draws of a line's start and slope, and of the variance around it. Shape (DRAWS, 1) each."""
    n, slope = max(len(x), 1), math.sin(math.pi / 2 * agreement)  # of normal variables
    middle = x.sum() / n, y.sum() / n
    x, y = x - middle[0], y - middle[1]
    weight = x @ x + points
    likely = (x @ y + points * slope) / weight
    squares = points * (1 - slope**2) + y @ y + points * slope**2 - weight * likely**2
    error = squares / rng.chisquare(points + n - 1, (DRAWS, 1))
    slopes = likely + np.sqrt(error / weight) * rng.standard_normal((DRAWS, 1))
    starts = middle[1] + np.sqrt(error / n) * rng.standard_normal((DRAWS, 1)) - slopes * middle[0]
    return starts, slopes, error
