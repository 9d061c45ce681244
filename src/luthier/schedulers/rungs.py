"""Rungs: the steps at which trials are compared, and how they stood there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from luthier.history import History
from luthier.parameters import Array, Ints
from luthier.space import Mask


def ladder(history: History, eta: int, least: int | None = None) -> list[int]:
    """Steps at which trials are compared, each `eta` times the one before, below the whole.

    Without a fidelity nobody knows the whole: the ladder then goes to the highest step that was
    reported.

    Parameters
    ----------
    least : int, optional
        The first of them, by default the fidelity's least.
    """
    fidelity = history.fidelity
    low = fidelity.least if fidelity is not None else 1
    low = low if least is None else max(low, least)
    top = fidelity.most if fidelity is not None else int(history.step.max(initial=0)) + 1
    made: list[int] = []
    step = float(low)
    while step < top:
        if not made or round(step) > made[-1]:
            made.append(round(step))
        step *= eta
    return made


def standing(history: History, step: int) -> Array:
    """(n,) losses of trials at a step: at the first report from there on.

    NaN for those that did not come so far; infinity for a loss that is NaN.
    """
    made = np.full(len(history), np.nan)
    at = np.flatnonzero(history.step >= step)[::-1]
    # Reports of a trial come in the order of its steps: written backwards, the first one stays.
    losses = history.value[at, 0]
    made[history.owner[at]] = np.where(np.isnan(losses), np.inf, losses)
    return made


def reached(history: History) -> Ints:
    """(n,) the highest step that each trial reported, 0 for none."""
    made = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(made, history.owner, history.step)
    return made


def budgets(history: History) -> tuple[int, float]:
    """The least and the most that a trial can be given; the most is infinite where unknown."""
    fidelity = history.fidelity
    return (1, math.inf) if fidelity is None else (fidelity.least, float(fidelity.most))


def promotable(seen: History, rung: int, eta: int, among: Mask | None = None) -> list[int]:
    """Rows that stopped at a rung and are among the best 1/`eta` that came to it, best first.

    Parameters
    ----------
    seen : History
        Merged, see `History.merged`.
    among : (n,) bool, optional
        The others are left out.
    """
    losses = standing(seen, rung)
    if among is not None:
        losses[~among] = np.nan
    came = np.flatnonzero(~np.isnan(losses))
    best = came[np.argsort(losses[came], kind="stable")][: len(came) // eta]
    here = seen.stopped & (reached(seen) == rung) & np.isfinite(losses)
    made: list[int] = best[here[best]].tolist()
    return made


def distinct(seen: History, rung: int, several: int = 2) -> Mask:
    """(n,) of trials whose reports up to a rung, `several` or more, are the same, the one that went
    furthest; they would crowd out the others."""
    order = np.argsort(seen.owner, kind="stable")
    steps, losses = seen.step[order], seen.value[order, 0]
    ends = np.searchsorted(seen.owner[order], np.arange(len(seen) + 1))
    far = np.where(seen.running, seen.budget, reached(seen))
    leads: dict[bytes, int] = {}
    made = np.ones(len(seen), dtype=bool)
    for row in range(len(seen)):
        mine = slice(ends[row], ends[row + 1])
        n = int(np.searchsorted(steps[mine], rung)) + 1
        if n < several or n > ends[row + 1] - ends[row]:  # too few, or it did not come here
            continue
        key = steps[mine][:n].tobytes() + losses[mine][:n].tobytes()
        other = leads.setdefault(key, row)
        if other != row:
            lead, rest = (row, other) if far[row] > far[other] else (other, row)
            leads[key], made[rest] = lead, False
    return made


def hopeful(seen: History, among: Mask | None = None) -> int | None:
    """The row, among those that stopped before the whole, whose last loss is below that of any
    trial with the whole; None where there is none.

    Parameters
    ----------
    seen : History
        Merged, see `History.merged`.
    among : (n,), optional
        The rows that count.
    """
    last = np.full(len(seen), np.nan)
    last[seen.owner] = seen.value[:, 0]
    left = seen.stopped & (reached(seen) < budgets(seen)[1]) & np.isfinite(last)
    waiting = np.flatnonzero(left if among is None else left & among)
    if not len(waiting):
        return None
    best = int(waiting[np.argmin(last[waiting])])
    return best if last[best] < np.min(seen.Y[seen.done, 0], initial=np.inf) else None


def stays(
    history: History, row: int, rungs: Sequence[int], eta: int, among: Mask | None = None
) -> bool:
    """Whether a trial that has just reported is among the best 1/`eta` of those that came to its
    rung before it; the first `eta` are. Where it has not come to another rung, it stays."""
    steps = history.step[history.owner == row]
    before = steps[:-1].max(initial=0)
    come = [rung for rung in rungs if before < rung <= steps[-1]]
    if not come:
        return True
    losses = standing(history, come[-1])
    if among is not None:
        losses[~among] = np.nan
    known = losses[~np.isnan(losses)]
    if len(known) < eta:
        return True
    return bool((known < losses[row]).sum() < math.ceil(len(known) / eta))
