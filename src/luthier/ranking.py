"""Ranking: how far trials are beyond their constraints, which are best, which came furthest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from luthier.objectives import Constraint
from luthier.parameters import Array, Ints

if TYPE_CHECKING:
    from luthier.history import History


def violation(G: Array, constraints: Sequence[Constraint]) -> Array:
    """The excess (n, c) over constraints in units of their bounds, summed. Shape (n,)."""
    scale = np.array([max(abs(c.bound), 1e-12) for c in constraints])
    excess = np.maximum(np.nan_to_num(G, nan=math.inf), 0.0)
    return np.asarray((excess / scale).sum(axis=1)) if len(scale) else np.zeros(len(G))


def best(history: History, k: int) -> Ints:
    """Rows of the k best DONE trials; see `History.best`."""
    rows = np.flatnonzero(history.done)
    Y, bad = history.Y[rows], ~history.feasible[rows]
    if len(history.objectives) == 1:
        rank = Y[:, 0]
        if k == 1 and len(rows) and not (bad.any() or np.isnan(rank).any()):
            return rows[[np.argmin(rank)]]  # sorting takes 20 times as long, and runs ask often
        rank = np.where(bad, history.violation[rows], rank)
    else:
        from luthier.numerics.pareto import fronts

        rank = np.empty(len(rows))
        for group in (bad, ~bad):
            rank[group] = fronts(Y[group])
    return rows[np.lexsort((rows, rank, bad))[:k]]


def furthest(history: History, k: int) -> Ints:
    """Rows of the k stopped trials that came furthest; see `History.furthest`."""
    last = {int(row): i for i, row in enumerate(history.owner) if history.stopped[row]}
    rows, at = np.array([*last], dtype=np.int64), np.array([*last.values()], dtype=np.int64)
    losses = history.value[at, 0]
    return rows[np.lexsort((rows, losses, -history.step[at], ~np.isfinite(losses)))[:k]]
