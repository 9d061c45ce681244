"""Whether a model over- or underfits, from scores on rows that it learned from and on others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LARGER = 1.5  # validation error by training error from which a model overfits
REMAINS = 0.5  # training error by that of a guess from which it underfits


@dataclass(frozen=True)
class Gap:
    """The verdict, and what it rests on; errors are distances from a perfect score.

    Attributes
    ----------
    verdict : {"overfits", "underfits", "fits", "unclear"}
    gap : float
        Mean difference of the scores over folds; positive when validation is worse.
    error : float
        Standard error of the gap over folds; NaN with one fold.
    train_error, valid_error : float
        NaN where no perfect score is known.
    """

    verdict: Literal["overfits", "underfits", "fits", "unclear"]
    gap: float
    error: float
    train_error: float
    valid_error: float


def judged(train: Array, valid: Array, perfect: float, guess: float | None) -> Gap:
    """It overfits when the validation error is at least half as large again as the training
    error, by more than twice the standard error over folds; where only the first holds it is
    unclear. Else it underfits when more than half of the error of a guess remains in training.

    Parameters
    ----------
    train, valid : (K,)
        Scores of each fold, greater is better.
    perfect : float
        The best score there is; inf if there is none, and then nothing but the gap counts.
    guess : float, optional
        The score of always predicting the most frequent class or the mean.
    """
    gaps = train - valid
    gap = float(gaps.mean())
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else math.nan
    known = math.isfinite(perfect)
    missed = [perfect - float(s.mean()) if known else math.nan for s in (train, valid)]
    real = gap > 2 * (error if len(gaps) > 1 else 0.0)
    large = missed[1] > LARGER * missed[0] if known else True
    worst = None if guess is None or not known else perfect - guess
    if real and large:
        return Gap("overfits", gap, error, *missed)
    if worst is not None and worst > 0 and missed[0] > REMAINS * worst:
        return Gap("underfits", gap, error, *missed)
    doubtful = gap > 0 and large
    return Gap("unclear" if doubtful else "fits", gap, error, *missed)
