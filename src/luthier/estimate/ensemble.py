"""An ensemble of candidates by greedy selection, and how good it is on new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.estimate.measures import Measure
from luthier.estimate.mixtures import PARTS, REPEATS, expected
from luthier.estimate.pool import Pool, pooled
from luthier.estimate.result import Honest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MEMBERS = 20  # candidates that may take part: the best by themselves
CUTS = REPEATS // 5  # ways to cut the rows: each costs five selections


@dataclass(frozen=True)
class Ensemble:
    """Weights of candidates, and what to expect of their weighted mean.

    Attributes
    ----------
    weights : (C,)
        Not negative; they sum to 1.
    honest : Honest
        What to expect on new rows, fitted to all rows; its `best` is the best single candidate,
        and its `gain` that over choosing a single candidate, honestly too.
    """

    weights: Array
    honest: Honest

    @property
    def members(self) -> list[int]:
        """Candidates with a weight, the heaviest first."""
        order = np.argsort(-self.weights, kind="stable")
        return [int(c) for c in order if self.weights[c] > 0]


def greedy_ensemble(
    predictions: npt.NDArray[Any],
    y: npt.NDArray[Any],
    fold: npt.NDArray[Any],
    measure: Measure,
    *,
    steps: int = 25,
    rows: npt.NDArray[Any] | None = None,
    blocks: npt.NDArray[Any] | None = None,
    weights: npt.NDArray[Any] | None = None,
    train: float | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> Ensemble:
    """Candidates added one by one, with replacement, each time the one that helps most.

    The best of the ensembles on the way is taken, so a single candidate may be the answer. The
    honest figure is found as in `luthier.estimate.honest`: on each part of the rows, an ensemble
    that was selected on the other parts.

    Parameters
    ----------
    predictions : (C, M) or (C, M, classes)
        For regression, predicted numbers; for classification, probabilities, whatever the
        measure reads: the mean of probabilities decides labels.
    steps : int
        How many candidates are added.
    y, fold, measure, rows, blocks, weights, train, level, seed
        As in `luthier.estimate.honest`.

    Raises
    ------
    DataError
        If shapes differ, or the measure is not defined for any candidate.

    Source
    ------
    Caruana, Niculescu-Mizil, Crew and Ksikes (2004), Ensemble selection from libraries of models,
    ICML. Only the best candidates by themselves take part, and there is no bagging.
    """
    pool, inside = pooled(y, fold, measure, rows, blocks, weights, train)
    given = np.asarray(predictions, dtype=np.float64)
    if given.ndim not in (2, 3) or given.shape[1] != len(inside):
        raise DataError(
            f"predictions have shape {given.shape}, but there are {len(inside)} entries of fold. "
            "Give (candidates, rows) or (candidates, rows, classes)."
        )
    classes = np.unique(np.asarray(y)) if given.ndim == 3 else None
    given = given[:, inside]
    rng = np.random.default_rng([seed, 0xCA2])
    ones = np.ones((1, pool.units))
    single = pool.score(_read(pool, given, classes), ones)[0]
    if not np.isfinite(single).any():
        raise DataError(f"{measure.name} is not defined for any candidate on these rows.")
    order = np.argsort(-np.where(np.isfinite(single), single, -np.inf), kind="stable")
    able = order[np.isfinite(single[order])][:MEMBERS]
    shares = _select(pool, given[able], classes, ones, steps)
    cuts = [pool.parts(min(PARTS, pool.units), rng) for _ in range(CUTS)]
    mixed, plain = (
        pool.comparable(np.stack([_mixture(pool, given[able], classes, n, cut) for cut in cuts]))
        for n in (steps, 1)
    )
    told = expected(pool, mixed, plain, 0.0, level, rng)
    whole = np.zeros(len(given))
    whole[able] = shares
    naive = pool.score(_read(pool, np.tensordot(whole, given, 1)[None], classes), ones)[0, 0]
    made = Honest(
        told.score, told.low, told.high, level, float(naive), int(order[0]), len(given),
        "predictions", told.gain,
    )  # fmt: skip
    return Ensemble(whole, made)


def _read(pool: Pool, mixed: Array, classes: npt.NDArray[Any] | None) -> Any:
    """What the measure reads, from mean predictions (C, M) or (C, M, classes)."""
    if classes is not None and pool.measure.reads == "predict":
        mixed = classes[mixed.argmax(axis=2)]
    return pool.measure.answers(mixed)


def _select(
    pool: Pool, given: Array, classes: npt.NDArray[Any] | None, W: Array, steps: int
) -> Array:
    """Weights (C,) of the greedy ensemble when units count `W`, (1, units)."""
    count, total = np.zeros(len(given)), np.zeros(given.shape[1:])
    best, shares = -np.inf, count
    for step in range(1, steps + 1):
        scores = pool.score(_read(pool, (total + given) / step, classes), W)[0]
        scores = np.where(np.isnan(scores), -np.inf, scores)
        added = int(np.argmax(scores))
        count, total = count.copy(), total + given[added]
        count[added] += 1
        if scores[added] > best:
            best, shares = scores[added], count / step
    return shares


def _mixture(
    pool: Pool,
    given: Array,
    classes: npt.NDArray[Any] | None,
    steps: int,
    part: Ints,
) -> Any:
    """Predictions (M, ...) of each part by the ensemble that was selected on the others."""
    mean = np.empty(given.shape[1:])
    for p in range(int(part.max()) + 1):
        W = (part != p).astype(np.float64)[None]
        shares = _select(pool, given, classes, W, steps)
        mine = part[pool.unit] == p
        mean[mine] = np.tensordot(shares, given[:, mine], 1)
    return _read(pool, mean[None], classes)[0]
