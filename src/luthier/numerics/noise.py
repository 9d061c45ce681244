"""How much a loss would differ if a trial were tried again, from the folds that it reported."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def repeats(owner: Ints, value: Array, losses: Array) -> npt.NDArray[np.bool_]:
    """Which trials reported repeats, such as folds: their loss is the mean of what they reported.

    Parameters
    ----------
    owner : (r,) int
        The trial of each report.
    value : (r,)
    losses : (n,)
        NaN without a result.

    Returns
    -------
    (n,) bool
        False below two reports.
    """
    count = np.bincount(owner, minlength=len(losses))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.bincount(owner, value, minlength=len(losses)) / np.maximum(count, 1)
        gap = np.abs(mean - losses)
        flat = np.abs(value - mean[owner]) <= 1e-9 * np.abs(value)  # a curve that never moves
        moved = np.bincount(owner, ~flat, minlength=len(losses)) > 0
        made: npt.NDArray[np.bool_] = (count > 1) & moved & (gap <= 1e-6 * np.abs(losses) + 1e-12)
    return made


def standard_error(owner: Ints, step: Ints, value: Array, losses: Array) -> float:
    """The standard error of a trial's loss against that of another trial on the same folds.

    A fold that is hard for one point is hard for all, which is no noise in a comparison: what
    counts is what is left when the mean of each trial and that of each fold are taken away.

    Parameters
    ----------
    owner, step, value : (r,)
        Reports: trial, fold and loss.
    losses : (n,)
        NaN without a result.

    Returns
    -------
    float
        NaN where fewer than two trials reported the same folds.

    Source
    ------
    The residual of a two-way layout without replication: Scheffe (1959), The analysis of
    variance, section 4.2.
    """
    told = repeats(owner, value, losses)[owner] & np.isfinite(value)
    if not told.any():
        return math.nan
    trials, row = np.unique(owner[told], return_inverse=True)
    folds, column = np.unique(step[told], return_inverse=True)
    count = np.bincount(row)
    full = count[row] == len(folds)  # the layout is balanced where every trial has every fold
    if len(folds) * len(np.unique(row[full])) != full.sum() or len(np.unique(row[full])) < 2:
        return math.nan
    Y = np.empty((len(trials), len(folds)))
    Y[row, column] = value[told]
    Y = Y[count == len(folds)]
    # Diverged trials have a spread of their own: the median trial speaks for the others.
    left = Y - Y.mean(axis=1, keepdims=True) - Y.mean(axis=0) + Y.mean()
    t, f = Y.shape
    variances = (left**2).sum(axis=1) / (f - 1) * t / (t - 1)
    # The median of a chi-squared variable with k degrees is k (1 - 2 / 9k)**3, nearly.
    return math.sqrt(float(np.median(variances)) / (1 - 2 / (9 * (f - 1))) ** 3 / f)
