"""What the scores of folds alone allow: honest figures, intervals, the simplest candidate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.result import EARLIER, Gain, Honest, gain

Array = npt.NDArray[np.float64]


def from_folds(
    scores: npt.ArrayLike,
    *,
    repeats: int = 1,
    ratio: float | None = None,
    best: int | None = None,
    default: int | None = None,
    earlier: float = 0.0,
    level: float = 0.9,
) -> Honest:
    """What to expect of the winner, where only the scores of folds were kept.

    For each fold the best candidate on the other folds is found and its score on this fold is
    taken: the mean of these is the figure. `luthier.estimate.honest` needs predictions, and is
    better: it cuts the rows in many ways, not in one.

    Parameters
    ----------
    scores : (C, K)
        Greater is better. Candidates with a NaN are left out.
    repeats : int
        How often cross-validation was repeated; folds of one repeat stand together.
    ratio : float, optional
        Test rows divided by training rows of a fold; otherwise that of K-fold cross-validation.
    best : int, optional
        The winner, if it was not chosen for its mean.
    default : int, optional
        The candidate that needs no search.
    earlier : float
        To be taken off because the candidates were chosen, on the same rows, before they were
        judged like this.
    level : float
        Of the intervals.

    Raises
    ------
    DataError
        If there are fewer than two folds, or no candidate has them all.

    Source
    ------
    The interval: `over_folds`. The estimate of Tibshirani and Tibshirani, `optimism_of_folds`,
    reads the same numbers, but is far too low with many candidates or small folds.
    """
    Y, full = _complete(scores)
    folds = _per_repeat(Y, repeats)
    share = 1 / (folds - 1) if ratio is None else ratio
    whole = np.where(full, Y.mean(axis=1), -np.inf)
    top = int(np.argmax(whole))
    winner = top if best is None else best
    told = np.empty(Y.shape[1])
    for k in range(Y.shape[1]):
        # The same rows are in the folds of other repeats, so these may not choose.
        first = k - k % folds
        others = [j for j in range(first, first + folds) if j != k]
        means = np.where(full, Y[:, others].mean(axis=1), -np.inf)
        told[k] = Y[int(np.argmax(means)), k]
    shift = whole[winner] - whole[top] - earlier
    figure = float(told.mean() + shift)
    error = over_folds(Y[winner], ratio=share, level=level)
    half = error.high - error.mean
    over = None
    if default is not None:
        against = over_folds(told + shift - Y[default], share, level)
        over = against
    return Honest(
        figure,
        figure - half,
        figure + half,
        level,
        float(whole[winner]),
        winner,
        len(Y),
        "folds",
        over,
        EARLIER.format(earlier) if earlier > 0 else "",
    )


def optimism_of_folds(scores: npt.ArrayLike) -> float:
    """By how much the best mean over folds is too good, after Tibshirani and Tibshirani.

    Parameters
    ----------
    scores : (C, K)
        Greater is better. Candidates with a NaN are left out.

    Returns
    -------
    float
        To be subtracted from the best mean; not negative.

    Source
    ------
    Tibshirani and Tibshirani (2009), A bias correction for the minimum error rate in
    cross-validation, *Annals of Applied Statistics* 3.
    """
    Y, full = _complete(scores)
    Y = Y[full]
    return float(np.mean(Y.max(axis=0) - Y[int(np.argmax(Y.mean(axis=1)))]))


def over_folds(values: npt.ArrayLike, ratio: float, level: float = 0.9) -> Gain:
    """The mean of what was measured on each fold, with an interval: the corrected t interval.

    Folds share most of their training rows, so their scores are alike, and the usual standard
    error is too small; this one has ``1 / K + ratio`` in place of ``1 / K``.

    Parameters
    ----------
    values : (K,)
        Scores, or differences of two candidates on the same folds.
    ratio : float
        Test rows divided by training rows of a fold: 1 / (K - 1) for K-fold cross-validation.

    Raises
    ------
    DataError
        If there are no values.

    Source
    ------
    Nadeau and Bengio (2003), Inference for the generalization error, *Machine Learning* 52; for
    repeated cross-validation Bouckaert and Frank (2004).
    """
    v = np.asarray(values, dtype=np.float64)
    if not v.size:
        raise DataError("over_folds: got no values. Give one for each fold.")
    count = len(v)
    error = math.nan if count < 2 else float(v.std(ddof=1)) * math.sqrt(1 / count + ratio)
    return gain(float(v.mean()), error, count - 1, level)


def over_default(
    winner: npt.ArrayLike, default: npt.ArrayLike, ratio: float, level: float = 0.9
) -> Gain:
    """The gain of one candidate over another on the same folds; it knows nothing of choosing.

    Where `winner` was chosen on these very folds, take the `gain` of `from_folds` or `honest`.

    Parameters
    ----------
    winner, default : (K,)
        Greater is better.
    ratio : float
        As in `over_folds`.
    """
    w, d = np.asarray(winner, dtype=np.float64), np.asarray(default, dtype=np.float64)
    if w.shape != d.shape:
        raise DataError(
            f"over_default: got {w.size} and {d.size} scores. Give those of the same folds."
        )
    return over_folds(w - d, ratio, level)


def one_se(scores: npt.ArrayLike, complexity: npt.ArrayLike) -> int:
    """The simplest candidate that is not clearly worse than the best.

    Not clearly: its mean difference from the best is at most one standard error of that
    difference over folds. The usual rule takes the standard error of the best itself, which is
    larger where folds differ in how hard they are.

    Parameters
    ----------
    scores : (C, K)
        Greater is better. Candidates with a NaN are left out.
    complexity : (C,)
        Greater is more complex; of equally simple ones the better is taken.

    Returns
    -------
    int
        Its index.

    Source
    ------
    Breiman, Friedman, Olshen and Stone (1984), section 3.4.3; here in pairs.
    """
    Y, full = _complete(scores)
    order = np.asarray(complexity, dtype=np.float64)
    if len(order) != len(Y):
        raise DataError(
            f"one_se: got {len(order)} complexities for {len(Y)} candidates. Give one each."
        )
    means = np.where(full, Y.mean(axis=1), -np.inf)
    top = int(np.argmax(means))
    apart = Y[top] - Y
    error = apart.std(axis=1, ddof=1) / math.sqrt(Y.shape[1])
    fine = np.flatnonzero(full & (apart.mean(axis=1) <= error))
    fine = np.union1d(fine, [top])
    return int(fine[np.lexsort((-means[fine], order[fine]))[0]])


def _complete(scores: npt.ArrayLike) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Scores, and which candidates have all folds."""
    Y = np.asarray(scores, dtype=np.float64)
    if Y.ndim != 2 or Y.shape[1] < 2:
        raise DataError(
            f"Scores have shape {Y.shape}. Give (candidates, folds), with two folds at least."
        )
    full = np.asarray(np.isfinite(Y).all(axis=1))
    if not full.any():
        raise DataError("No candidate has a score on every fold. Run all folds of one at least.")
    return np.where(full[:, None], Y, np.nan), full


def _per_repeat(Y: Array, repeats: int) -> int:
    folds, left = divmod(Y.shape[1], repeats)
    if left or folds < 2:
        raise DataError(
            f"{Y.shape[1]} folds are no {repeats} repeats of two or more. Give repeats as the "
            "splitter has it."
        )
    return int(folds)
