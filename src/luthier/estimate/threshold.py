"""Where to cut the scores of a classifier of two classes, and how good that is on new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.measures import Measure
from luthier.estimate.pool import pooled
from luthier.estimate.result import Honest, Told
from luthier.estimate.winner import honest, standing

Array = npt.NDArray[np.float64]
MOST = 100  # thresholds that are tried
CELLS = 20_000_000  # labels that are held at once


@dataclass(frozen=True)
class Threshold(Told):
    """A threshold, what it is for, and what to expect of it.

    Attributes
    ----------
    value : float
        The second class is predicted where the score is at least this.
    candidate : int
        The classifier whose scores are cut.
    honest : Honest
        What to expect on new rows; its `gain` is that over the usual threshold.
    """

    value: float
    candidate: int
    honest: Honest

    @property
    def words(self) -> str:
        """The threshold, and whether it is worth having, in a few sentences."""
        over = self.honest.gain
        said = f"Predict the second class from {self.value:.4g} on. {self.honest.words}"
        return said if over is None else f"{said} Beside the usual threshold: {over.words}"


def best_threshold(
    scores: npt.ArrayLike,
    y: npt.NDArray[Any],
    fold: npt.NDArray[Any],
    measure: Measure,
    *,
    usual: float = 0.5,
    **options: Any,
) -> Threshold:
    """The threshold that does best on out-of-fold scores, and an honest figure for it.

    Thresholds are candidates like any others, so the figure is that of
    `luthier.estimate.honest`: on each part of the rows, the threshold that is best on the other
    parts is applied. With the scores of several classifiers, classifier and threshold are chosen
    together.

    Parameters
    ----------
    scores : (M,) or (C, M)
        Probabilities of the second class, or any number that grows with it.
    y : (N,)
        Two classes.
    measure : Measure
        One that reads predicted labels.
    usual : float
        The threshold that is used otherwise: 0.5 for probabilities, 0 for decision functions.
        It is that of the first classifier.
    **options
        As `luthier.estimate.honest` takes them: ``rows``, ``blocks``, ``weights``, ``train``,
        ``level``, ``seed``.

    Raises
    ------
    DataError
        If there are not two classes, or the measure reads no labels.
    """
    classes = np.unique(y)
    if len(classes) != 2 or measure.reads != "predict":
        raise DataError(
            f"best_threshold: got {len(classes)} classes and {measure.name}, which reads "
            f"{measure.reads}. Give targets of two classes and a measure of predicted labels."
        )
    given = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    inside = np.asarray(fold) >= 0
    count = int(np.clip(CELLS // given.size, 10, MOST))
    cuts = [_cuts(one[inside], count) for one in given]
    cuts[0] = np.append(cuts[0], usual)
    who = np.repeat(np.arange(len(given)), [len(some) for some in cuts])
    at = np.concatenate(cuts)
    labels = classes[(given[who] >= at[:, None]).astype(np.int64)]
    default = len(cuts[0]) - 1
    chosen = {key: options.get(key) for key in ("rows", "blocks", "weights", "train")}
    pool, _ = pooled(y, fold, measure, **chosen)
    # By the score of all rows: F1 and the like say little on a fold.
    top = int(np.nanargmax(standing(pool, labels, inside)[0]))
    made = honest(labels, y, fold, measure, best=top, default=default, **options)
    best = _middle(made.best, labels[:, inside], who, at)
    return Threshold(float(at[best]), int(who[best]), made)


def _cuts(scores: Array, count: int) -> Array:
    """Thresholds between neighbouring scores, about equally many rows apart."""
    distinct = np.unique(scores)
    between = (distinct[1:] + distinct[:-1]) / 2
    if len(between) <= count:
        return between if len(between) else distinct
    return np.unique(np.quantile(between, np.linspace(0, 1, count), method="nearest"))


def _middle(best: int, labels: npt.NDArray[Any], who: npt.NDArray[Any], at: Array) -> int:
    """Of the thresholds that give the same labels as the best, the one in the middle."""
    same = np.flatnonzero((who == who[best]) & (labels == labels[best]).all(axis=1))
    return int(same[np.argsort(at[same])[len(same) // 2]])
