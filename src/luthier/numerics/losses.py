"""Losses for trials that have none: those that failed, and those that were stopped early."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from luthier.numerics.warp import standardised

Array = npt.NDArray[np.float64]

UNREPORTED = 0.75  # the rank, from 0 to 1, of a trial that was stopped before it reported
PENALTY = 0.5  # standard deviations by which a failure is worse than the worst loss


def foreseen(last: Array, peers: list[Array], finals: Array) -> Array:
    """What trials that were stopped would have ended with.

    A trial is believed to keep the rank that it had, among those that went on, when it was
    stopped, but to end no better than their median: it was stopped for a reason.

    Parameters
    ----------
    last : (s,)
        The last loss that each reported; NaN if none.
    peers : (s,) arrays
        For each, the losses that finished trials reported at the same step.
    finals : (n,)
        The losses that finished trials ended with, at least one.

    Returns
    -------
    (s,)
    """
    ranks = np.full(len(last), UNREPORTED)
    for i, (loss, others) in enumerate(zip(last, peers, strict=True)):
        others = others[np.isfinite(others)]
        if np.isfinite(loss) and len(others):
            ranks[i] = max(0.5, float(np.mean(others < loss)))
    # Between two losses the worse, so that huge ones are not added up.
    return np.asarray(np.quantile(finals, ranks, method="higher"))


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
