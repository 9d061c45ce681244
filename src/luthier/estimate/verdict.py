"""Verdicts: whether candidates over- or underfit, and whether tuning gained anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.folds import over_folds
from luthier.estimate.result import Gain, Told
from luthier.numerics.gap import Gap, judged

# Measured on searches whose truth is known: 0.2 finds four of five searches that gained nothing,
# and suspects one in five of those that did (benchmarks/RESULTS.md, "Honest figures").
SUSPECT = 0.2


@dataclass(frozen=True)
class Fit(Told):
    """Whether a candidate over- or underfits.

    Attributes
    ----------
    verdict : {"overfits", "underfits", "fits", "unclear"}
    train, valid : float
        Mean scores over folds, greater is better.
    gap, error : float
        Of the scores of folds: the mean of training minus validation, and its standard error.
    """

    verdict: str
    train: float
    valid: float
    gap: float
    error: float

    @property
    def words(self) -> str:
        """The verdict in one sentence."""
        seen = (
            f"{self.train:.4g} on the rows it learned from, {self.valid:.4g} on others "
            f"(gap {self.gap:.2g} ± {self.error:.1g})"
        )
        return {
            "overfits": f"It overfits: {seen}. Simpler settings or more data may help.",
            "underfits": f"It underfits: {seen}. A more flexible model or better columns may help.",
            "fits": f"It fits about right: {seen}.",
            "unclear": f"Whether it overfits is unclear: {seen}. More folds would tell.",
        }[self.verdict]


def fits(
    train: npt.ArrayLike,
    valid: npt.ArrayLike,
    *,
    perfect: float = math.inf,
    guess: float | None = None,
) -> list[Fit]:
    """Whether each candidate over- or underfits; the definition is `luthier.numerics.gap`'s.

    Parameters
    ----------
    train, valid : (C, K)
        Scores of each fold, greater is better. Folds with a NaN are left out; a candidate without
        any is "unclear".
    perfect : float
        The best score there is (1 for accuracy, 0 for negative errors): `Measure.high`. Without
        it every gap of more than two standard errors counts, and nothing underfits.
    guess : float, optional
        The score of always predicting the most frequent class or the mean.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    T, V = np.asarray(train, dtype=np.float64), np.asarray(valid, dtype=np.float64)
    if T.ndim != 2 or T.shape != V.shape:
        raise DataError(
            f"fits: training scores have shape {T.shape}, validation scores {V.shape}. "
            "Give (candidates, folds) of both."
        )
    made = []
    for t, v in zip(T, V, strict=True):
        there = np.isfinite(t) & np.isfinite(v)
        t, v = t[there], v[there]
        if not len(t):
            made.append(Fit("unclear", math.nan, math.nan, math.nan, math.nan))
            continue
        seen: Gap = judged(t, v, perfect, guess)
        made.append(Fit(seen.verdict, float(t.mean()), float(v.mean()), seen.gap, seen.error))
    return made


@dataclass(frozen=True)
class Overtuning(Told):
    """Whether tuning gained anything over a candidate that needs no search.

    Attributes
    ----------
    gain : Gain
        Of the chosen candidate over the default.
    choice : int
        The chosen candidate: for finalists the best on the fresh splits; -1 if not asked.
    alarm : bool
        Whether the chance that nothing was gained is above `SUSPECT`.
    """

    gain: Gain
    choice: int
    alarm: bool

    @property
    def words(self) -> str:
        """The finding, and what to do, in two sentences."""
        said = f"Tuning against the default: {self.gain.words}"
        if self.alarm:
            return said + " The default may do as well: keep it, or get more data."
        return said


def overtuning(gain: Gain) -> Overtuning:
    """Whether tuning gained anything, from the `gain` of `honest` or `from_folds`.

    This one counts that the winner was chosen on these rows; it needs no more fits.
    """
    return Overtuning(gain, -1, gain.chance > SUSPECT)


def finalists(
    scores: npt.ArrayLike,
    default: npt.ArrayLike,
    ratio: float,
    *,
    level: float = 0.9,
) -> Overtuning:
    """The best of a few finalists on fresh splits, and whether it still beats the default.

    Fresh splits undo what was gained by luck with the splits. They are of the same rows, so what
    was gained by luck with the rows remains: `overtuning` counts that too.

    Parameters
    ----------
    scores : (F, K)
        Scores of the finalists on the folds of fresh, repeated splits; greater is better. The
        search's winner first: at equal means the first is chosen.
    default : (K,)
        Scores of the default on the same folds.
    ratio : float
        Test rows divided by training rows of a fold.

    Raises
    ------
    DataError
        If the folds differ in number, or no finalist has them all.

    Source
    ------
    Schneider, Bischl and Feurer (2025), Overtuning in hyperparameter optimization, AutoML 2025:
    repeated cross-validation is the best remedy that they found. The interval: `over_folds`.
    """
    Y, d = np.asarray(scores, dtype=np.float64), np.asarray(default, dtype=np.float64)
    if Y.ndim != 2 or d.shape != Y.shape[1:] or not len(d):
        raise DataError(
            f"finalists: scores have shape {Y.shape}, those of the default {d.shape}. Give "
            "(finalists, folds) and (folds,) of the same folds."
        )
    means = Y.mean(axis=1)
    if not np.isfinite(means).any() or not np.isfinite(d).all():
        raise DataError("finalists: a fold has no score. Run all folds of one finalist at least.")
    choice = int(np.nanargmax(means))
    # Choosing the best of few is paid for as in `from_folds`: on each fold, who wins the others.
    told = [Y[int(np.nanargmax(np.delete(Y, k, axis=1).mean(axis=1))), k] for k in range(len(d))]
    found = over_folds(np.asarray(told if len(d) > 1 else Y[choice]) - d, ratio, level)
    return Overtuning(found, choice, found.chance > SUSPECT)
