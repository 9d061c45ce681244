"""What a history says, as plain numbers: no words and no drawings here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.history import History, State
from luthier.numerics.pareto import front
from luthier.parameters import Array, Choice, Ints, Parameter

EDGE = 0.02  # of the range: closer than this to an end, a value lies at the edge
FAR = 1e300  # beyond it, a sum or a difference of losses would overflow
MOST_STEPS = 60  # reports of a trial; with more they are surely no folds


def values(history: History, j: int = 0) -> Array:
    """(n,) objective j with the user's sign; NaN unless the trial is DONE."""
    return np.asarray(history.objectives[j].sign * history.Y[:, j])


def ranked(history: History) -> Ints:
    """Every row, best first: DONE, then STOPPED, RUNNING, FAILED and LOST, by number.

    With several objectives, the front comes first, ordered by the first objective.
    """
    rows = np.arange(len(history))
    order = np.array([2, 0, 1, 3, 4])[history.state]  # in the order of State
    loss = np.where(history.done, history.Y[:, 0], 0.0)
    behind = np.where(history.done, ~history.feasible, False).astype(np.int64)
    if len(history.objectives) > 1:
        behind[best_front(history)] -= 1
    return np.asarray(np.lexsort((rows, loss, behind, order)), dtype=np.int64)


def best_front(history: History) -> Ints:
    """Rows that no other beats in all objectives, by the first objective."""
    rows = np.flatnonzero(history.done & history.feasible)
    rows = rows[front(history.Y[rows])]
    order = np.argsort(history.Y[rows, 0], kind="stable")
    return np.asarray(rows[order], dtype=np.int64)


def winner(history: History) -> int | None:
    """The row of the best trial; with several objectives the first of the front."""
    if not history.done.any():
        return None
    rows = history.best() if len(history.objectives) == 1 else best_front(history)
    return int(rows[0]) if len(rows) else None


def improvements(history: History, j: int = 0) -> Ints:
    """Rows of the DONE trials that were better than every one before, in one objective."""
    rows = np.flatnonzero(history.done & history.feasible)
    if not len(rows):
        return rows
    loss = history.Y[rows, j]
    before = np.concatenate([[np.inf], np.minimum.accumulate(loss)[:-1]])
    return np.asarray(rows[loss < before], dtype=np.int64)


@dataclass(frozen=True)
class Cause:
    """Trials that ended for the same reason, by number."""

    kind: str
    message: str
    rows: tuple[int, ...]
    state: str


def causes(history: History) -> list[Cause]:
    """Why trials failed or were lost, the most frequent first.

    Messages that differ only in numbers count as one; the first of them is kept.
    """
    made: dict[tuple[str, str, str], list[int]] = {}
    for i in np.flatnonzero(history.failed | history.lost).tolist():
        kind, message = _error(history, i)
        alike = re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?|0x[0-9a-f]+", "#", message)
        made.setdefault((State(int(history.state[i])).name, kind, alike), []).append(i)
    found = [Cause(kind, _error(history, rows[0])[1], tuple(rows), state)
             for (state, kind, _), rows in made.items()]  # fmt: skip
    return sorted(found, key=lambda cause: (-len(cause.rows), cause.rows[0]))


def _error(history: History, row: int) -> tuple[str, str]:
    error = history.error(row) or {}
    message = str(error.get("message", "")).strip()
    return str(error.get("kind", "unknown")), message.split("\n")[0][:300]


def steps_are_folds(history: History) -> bool:
    """Whether the reports of a trial are folds: then its result is their mean.

    Judged by up to 50 DONE trials with at least two reports; with a learning curve, the result
    is the last report or the best one instead.
    """
    reports = by_trial(history)
    found = 0
    for i in np.flatnonzero(history.done).tolist():
        at = reports.get(i)
        if at is None or len(at) < 2:
            continue
        loss, result = np.clip(history.value[at, 0], -FAR, FAR), float(history.Y[i, 0])
        near = abs(float(np.mean(loss)) - result) <= 1e-6 * max(1e-12, abs(result))
        if len(at) > MOST_STEPS or not near:
            return False
        found += bool(np.ptp(loss) > 0)  # equal reports say nothing
        if found == 50:
            break
    return found > 0


def by_trial(history: History) -> dict[int, Ints]:
    """The places of the reports of each trial that made any."""
    owner = history.owner
    if not len(owner):
        return {}
    order = np.argsort(owner, kind="stable")
    cuts = np.flatnonzero(np.diff(owner[order])) + 1
    return {int(owner[part[0]]): part for part in np.split(order, cuts)}


@dataclass(frozen=True)
class Curve:
    """What one trial reported of the first objective, by step, with the user's sign.

    `train` is NaN where ``train_<objective>`` was not reported beside it.
    """

    row: int
    step: Ints
    valid: Array
    train: Array


def curve(history: History, row: int, at: Ints | None = None) -> Curve:
    """The reports of one trial."""
    objective = history.objectives[0]
    if at is None:
        at = np.flatnonzero(history.owner == row)
    at = at[np.argsort(history.step[at], kind="stable")]
    step, valid = history.step[at], objective.sign * history.value[at, 0]
    told = history.reported(row)
    train = [as_float(told.get(int(s), {}).get(f"train_{objective.name}")) for s in step]
    return Curve(row, step, valid, np.array(train, dtype=np.float64))


def association(history: History, name: str, loss: Array) -> float:
    """How much of the ranks of the results one parameter explains by itself, 0 to 1.

    The share of their variance that lies between groups: options, or up to five bins of equal
    count. One parameter alone cannot show an interaction, and chance explains a little.

    Parameters
    ----------
    loss : (n,)
        NaN where there is no result.
    """
    u = history.X[:, history.space.names.index(name)]
    both = np.isfinite(u) & np.isfinite(loss)
    n = int(both.sum())
    if n < 8:
        return 0.0
    u, rank = u[both], np.argsort(np.argsort(loss[both], kind="stable")).astype(np.float64)
    if isinstance(history.space[name], Choice):
        _, group = np.unique(u, return_inverse=True)
    else:
        edges = np.quantile(u, np.linspace(0, 1, min(5, n // 4) + 1)[1:-1])
        group = np.searchsorted(edges, u, side="right")
    means = np.array([rank[group == g].mean() for g in np.unique(group)])
    sizes = np.array([(group == g).sum() for g in np.unique(group)])
    return float((sizes * (means - rank.mean()) ** 2).sum() / ((rank - rank.mean()) ** 2).sum())


def at_edge(p: Parameter, raw: float | int) -> str:
    """``"low"`` or ``"high"`` where a value lies at an end of its range, else nothing."""
    if isinstance(p, Choice) or p.cells < 5:
        return ""
    u = p.to_unit(raw)
    if raw <= p.low or u < EDGE:
        return "low"
    return "high" if raw >= p.high or u > 1 - EDGE else ""


def as_float(value: Any) -> float:
    """A number as a float, NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def drawn_range(results: Array, maximize: bool) -> tuple[float, float]:
    """The range of results to draw: from the best to where only far worse ones follow.

    Its length is four times the distance of the median from the best, if that is less than half
    of everything; or else a third of the trials, which may be hopeless, would press all others
    onto one line.
    """
    low, high = float(results.min()), float(results.max())
    best, worst = (high, low) if maximize else (low, high)
    usual = float(np.median(results))
    far = best + 4 * (usual - best)
    if len(results) < 8 or usual == best or abs(far / 2 - best / 2) > abs(worst / 4 - best / 4):
        return low, high
    return (far, high) if maximize else (low, far)
