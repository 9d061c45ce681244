"""What to expect of a choice, from predictions that it made for rows that had no say in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.estimate.pool import CELLS, Pool
from luthier.estimate.result import Gain, gain

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# 5: with 2 or 3, as with a bootstrap, the choice is made from much fewer rows than the search had,
# and the figure falls too low where candidates differ; with 10 it rests on few choices.
PARTS = 5
REPEATS = 20
GROUPS = 20  # of the jackknife
RESAMPLES = 200
ROUNDING = 1e-12  # scores that differ by less are the same, added up in another order
MIXED = 8  # mixtures that the resamples are scored on


@dataclass(frozen=True)
class Expected:
    """A score with its interval, and the gain over a default."""

    score: float
    low: float
    high: float
    gain: Gain | None


def expected(
    pool: Pool, mixed: Any, plain: Any | None, shift: float, level: float, rng: np.random.Generator
) -> Expected:
    """The mean score of mixtures, less its bias in small samples, and how far the truth may be.

    Parameters
    ----------
    mixed : (R, M, ...)
        For each cut of the rows, predictions of each part by what was chosen on the others.
    plain : (1, M, ...) or (R, M, ...) or None
        Those of the default: one candidate, or what was chosen otherwise on the same cuts.
    shift : float
        To be added to the score.
    """
    count = min(MIXED if pool.measure.fast else 1, len(mixed))
    some = mixed[:count] if plain is None else np.concatenate([mixed[:count], plain[:count]])
    draws = _resampled(pool, some, rng)
    groups = pool.parts(min(GROUPS, pool.units), rng)
    made = _unbiased(pool, mixed, groups) + shift
    score = min(max(made, pool.measure.low), pool.measure.high)
    spread = _spread(draws[:, :count])
    if math.isfinite(pool.measure.high - pool.measure.low):
        spread = max(spread, 1 / pool.units)  # as if one row more were wrong: none may be so far
    wider, freedom = math.sqrt(1 + pool.rows / pool.train), pool.units - 1
    around = gain(score, spread * wider, freedom, level)
    over = None
    if plain is not None:
        apart = _spread(draws[:, :count] - draws[:, count:]) * wider
        other = _unbiased(pool, plain, groups)
        more = 0.0 if math.isclose(score, other, rel_tol=ROUNDING) else score - other
        over = gain(more, apart, freedom, level)
    low, high = max(around.low, pool.measure.low), min(around.high, pool.measure.high)
    return Expected(score, low, high, over)


def _unbiased(pool: Pool, given: Any, groups: Ints) -> float:
    """The mean score of predictions (R, M, ...), less what small samples add to it.

    A ratio such as R² or F1, or a root, is on average not what it is on many rows. The grouped
    jackknife takes off the first term of that, and nothing at all from a mean over rows.

    Source
    ------
    Quenouille (1956), Notes on bias in estimation, *Biometrika* 43; for groups of unequal size
    Busing, Meijer and van der Leeden (1999), Delete-m jackknife for unequal m.
    """
    whole = float(np.nanmean(pool.score(given, np.ones((1, pool.units)))))
    if not pool.measure.smooth:
        return whole
    count = int(groups.max()) + 1
    without = pool.score(given, (groups != np.arange(count)[:, None]).astype(np.float64))
    if np.isnan(without).any():  # too few rows of a class
        return whole
    share = np.bincount(groups[pool.unit], pool.weights, count) / pool.weights.sum()
    return float(whole + (1 - share) @ (whole - without.mean(axis=1)))


def _spread(draws: Array) -> float:
    return float(np.mean(np.nanstd(draws, axis=0, ddof=1)))


def _resampled(pool: Pool, given: Any, rng: np.random.Generator) -> Array:
    """Scores (resamples, C) of predictions when units are drawn with replacement."""
    units, total = pool.units, RESAMPLES if pool.measure.fast else RESAMPLES // 2
    step, made = max(1, CELLS // len(pool.y)), []
    for start in range(0, total, step):
        W = rng.multinomial(units, np.full(units, 1 / units), size=min(step, total - start))
        made.append(pool.score(given, W.astype(np.float64)))
    return np.concatenate(made)
