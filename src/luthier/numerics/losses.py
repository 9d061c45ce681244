"""Losses for trials that have none: those that failed, and those that were stopped early."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from luthier.numerics.warp import standardised

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

UNREPORTED = 0.75  # the rank, from 0 to 1, of a trial that was stopped before it reported
PENALTY = 0.5  # standard deviations by which a failure is worse than the worst loss


def paired(
    owner: Ints, step: Ints, value: Array, finals: Array, complete: Mask, rows: Ints
) -> Array:
    """What trials that were stopped after some folds would have ended with.

    A fold that is hard for one trial is hard for all: a trial is believed to differ on the folds
    that are left, from those that ran on all of them, as it did on the folds it has.

    Parameters
    ----------
    owner, step, value : (r,)
        Reports: trial, fold and loss.
    finals : (n,)
        The loss of each trial; only those of complete ones are read.
    complete : (n,) bool
        Trials that reported every fold, and whose loss is the mean over them; at least one.
    rows : (s,) int
        The trials to foresee.

    Returns
    -------
    (s,)
        NaN for a trial that reported nothing.
    """
    folds, column = np.unique(step, return_inverse=True)
    known = complete[owner] & np.isfinite(value)
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.bincount(column[known], minlength=len(folds))
        usual = np.bincount(column[known], value[known], minlength=len(folds)) / count
        gap = value - usual[column]
        told = np.isfinite(gap)
        n = len(finals)
        mean = np.bincount(owner[told], gap[told], minlength=n) / np.bincount(
            owner[told], minlength=n
        )
    return np.asarray(finals[complete].mean() + mean[rows])


def with_failures(y: Array, failed: npt.NDArray[np.bool_]) -> Array:
    """Standardised losses in which failures are a little worse than the worst.

    Parameters
    ----------
    y : (n,)
        Standardised losses; anything where a trial failed.
    failed : (n,) bool

    Returns
    -------
    (n,)
    """
    if not failed.any():
        return y
    worst = y[~failed].max(initial=0.0)
    return standardised(np.where(failed, worst + PENALTY, y))
