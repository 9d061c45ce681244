"""Out-of-fold predictions of many candidates, scored under any weighting of their rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.measures import Measure

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CELLS = 4_000_000  # of a chunk of predictions or weights: 32 MB


@dataclass(frozen=True)
class Pool:
    """Which rows were predicted, in which fold, and what they count.

    Attributes
    ----------
    y : (M,)
        The target of each prediction, prepared.
    fold : (M,) int
        From 0.
    unit : (M,) int
        What is drawn as one: the row, or the block of rows, that a prediction belongs to; from 0.
    weights : (M,)
    rows : int
        How many different rows were predicted.
    train : float
        Rows that a model of a fold learned from.
    """

    measure: Measure
    y: npt.NDArray[Any]
    fold: Ints
    unit: Ints
    weights: Array
    rows: int
    train: float

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.unit.max()) + 1

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    def score(self, given: Any, W: Array) -> Array:
        """Scores (B, C) of prepared predictions (C, M, ...) when unit u counts W[:, u] times."""
        rows = W[:, self.unit] * self.weights
        if self.measure.pooling == "folds":
            return _mean(self._each(given, rows))
        return self.measure.many(self.y, given, rows)

    def of_folds(self, given: Any) -> Array:
        """Scores (K, C) of each fold by itself, as a search sees them."""
        return self._each(given, self.weights[None, :])[:, 0]

    def _each(self, given: Any, rows: Array) -> Array:
        made = []
        for k in range(self.folds):
            inside = self.fold == k
            made.append(self.measure.many(self.y[inside], given[:, inside], rows[:, inside]))
        return np.stack(made)

    def comparable(self, given: Any) -> Any:
        """Predictions of which rows of different candidates may be mixed."""
        if self.measure.pooling == "rows":
            return given
        from scipy.stats import rankdata

        made = np.empty(given.shape)
        for k in range(self.folds):
            inside = self.fold == k
            made[:, inside] = rankdata(given[:, inside], axis=1) / inside.sum()
        return made

    def parts(self, count: int, rng: np.random.Generator) -> Ints:
        """A random part (units,) for each unit, each with its share of every fold and class."""
        first = np.unique(self.unit, return_index=True)[1]
        single = len(first) == len(self.unit) and self.measure.classes is not None
        kind = self.y[first] if single else np.zeros(len(first))
        order = np.lexsort((rng.random(len(first)), kind, self.fold[first]))
        made = np.empty(len(first), dtype=np.int64)
        made[order] = (np.arange(len(first)) + rng.integers(count)) % count
        return made


def pooled(
    y: npt.NDArray[Any],
    fold: npt.NDArray[Any],
    measure: Measure,
    rows: npt.NDArray[Any] | None,
    blocks: npt.NDArray[Any] | None,
    weights: npt.NDArray[Any] | None,
    train: float | None,
) -> tuple[Pool, npt.NDArray[np.bool_]]:
    """The pool of what `honest` is given, and which of the predictions (M,) are in it.

    Raises
    ------
    DataError
        If lengths differ, or fewer than two units or folds were predicted.
    """
    y, fold = np.asarray(y), np.asarray(fold)
    at = np.arange(len(y)) if rows is None else np.asarray(rows)
    for what, given, right in (
        ("fold", fold, at),
        ("blocks", blocks, y),
        ("weights", weights, y),
    ):
        if given is not None and len(given) != len(right):
            raise DataError(
                f"{what} has {len(given)} entries for {len(right)} rows. Give one for each."
            )
    inside = fold >= 0
    at, numbers = at[inside], np.unique(fold[inside], return_inverse=True)[1]
    unit = np.unique(at if blocks is None else np.asarray(blocks)[at], return_inverse=True)[1]
    if not len(at) or unit.max() < 1 or numbers.max() < 1:
        raise DataError(
            f"An honest figure needs two folds and two rows or blocks at least; got {len(at)} "
            "predicted rows. Use more folds, or smaller blocks."
        )
    codes = measure.targets(y)
    share = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    learned = len(y) - len(at) / (numbers.max() + 1) if train is None else float(train)
    return Pool(measure, codes[at], numbers, unit, share[at], len(np.unique(at)), learned), inside


def _mean(values: Array) -> Array:
    """Over folds, of those that define the measure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(np.nanmean(values, axis=0))
