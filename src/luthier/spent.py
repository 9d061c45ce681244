"""What a study cost, and what stopping trials early saved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from luthier.events import GONE
from luthier.history import History, State
from luthier.parameters import Array, Ints


@dataclass(frozen=True, repr=False)
class Spent:
    """What a study cost so far; times in seconds, NaN where unknown.

    Printed, it says them in words: ``1 h 12 min of trials in 40 min``.

    Attributes
    ----------
    first, last : float
        When it began and its last trial ended, in UNIX seconds.
    busy : float
        Time in which at least one trial was running.
    work : float
        Summed over trials; `states` has the same for each state.
    median : float
        Of one trial.
    states : dict
        For each state that there is its trials and their seconds.
    steps : int
        Steps that trials did, as far as their reports tell.
    saved : int
        Steps that configurations which were stopped had left to the end, as far as it is known.
    saved_seconds : float
        How long these would have taken, at the seconds per step of the trials that were stopped.
    """

    first: float
    last: float
    busy: float
    work: float
    median: float
    states: dict[str, tuple[int, float]]
    steps: int
    saved: int
    saved_seconds: float

    def __str__(self) -> str:
        if not self.states:
            return "no trial has run yet"
        told = []
        if math.isfinite(self.busy):
            told.append(f"{duration(self.work)} of trials in {duration(self.busy)}")
        for name, (n, seconds) in self.states.items():
            told.append(f"{n} {name.lower()}" + (f" ({duration(seconds)})" if seconds else ""))
        if self.saved:
            told.append(
                f"stopping saved {self.saved} of {self.saved + self.steps} steps, "
                f"about {duration(self.saved_seconds)}"
            )
        return "; ".join(told)

    def __repr__(self) -> str:
        return f"Spent: {self}"


def duration(seconds: float) -> str:
    """A span of time in the two units that matter."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 0.0995:
        return f"{seconds * 1000:.2g} ms"
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    for size, unit, smaller, below in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"


def spent(history: History) -> Spent:
    """What a study cost so far."""
    seconds = np.array([history.seconds(i) for i in range(len(history))])
    known = seconds[np.isfinite(seconds)]
    start, end = history.started, history.finished.copy()
    for row in np.flatnonzero(history.lost | history.failed).tolist():
        if (history.error(row) or {}).get("kind") == GONE:  # later it was found to be gone
            end[row] = start[row] + seconds[row]
    whole = np.isfinite(start) & np.isfinite(end)
    busy, reached = 0.0, -math.inf
    for i in np.flatnonzero(whole)[np.argsort(start[whole], kind="stable")]:
        busy += max(0.0, float(end[i]) - max(float(start[i]), reached))
        reached = max(reached, float(end[i]))
    first = history.opened.get("at")
    if first is None:
        first = float(start[0]) if len(history) else math.nan
    ends = end[np.isfinite(end)]
    steps, saved, price = _saved(history, seconds)
    return Spent(
        first=float(first),
        last=float(ends.max()) if len(ends) else math.nan,
        busy=busy if whole.any() else math.nan,
        work=float(known.sum()) if len(known) else math.nan,
        median=float(np.median(known)) if len(known) else math.nan,
        states={
            state.name: (int(here.sum()), float(np.nansum(seconds[here])))
            for state in (State.DONE, State.STOPPED, State.FAILED, State.LOST, State.RUNNING)
            if (here := history.state == state).any()
        },
        steps=steps,
        saved=saved,
        saved_seconds=saved * price,
    )


def _saved(history: History, seconds: Array) -> tuple[int, int, float]:
    """Steps that were done, steps that were saved, and the seconds of one of the latter."""
    did = _did(history)
    done = int(did.sum())
    seen = history.seen().merged()
    came = _came(seen)
    here = seen.stopped & (came > 0)
    if not here.any():
        return done, 0, 0.0
    if history.fidelity is not None:
        most = history.fidelity.most
    else:  # as far as those went that ended
        most = int(came[seen.done].max(initial=0))
    left = np.maximum(most - came[here], 0)
    of_these = int(did[history.stopped].sum())
    price = float(np.nansum(seconds[history.stopped])) / of_these if of_these else 0.0
    return done, int(left.sum()), price


def _did(history: History) -> Ints:
    """(n,) steps that each trial did, those of its parent not among them.

    Who reports every tenth step, or at the end alone, did all of those until there.
    """
    reports, came = _reports(history), _came(history)
    if _folds(history):
        return came
    parents = np.append(came, 0)[history.parent]  # nothing for those without a parent
    return np.asarray(np.maximum(reports, (came - parents) * (reports > 0)))


def _came(history: History) -> Ints:
    """(n,) steps that each trial had come to: its last one, or how many folds it was judged on."""
    if _folds(history):
        return _reports(history)
    last = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(last, history.owner, history.step)
    return last


def _reports(history: History) -> Ints:
    """(n,) how many steps each trial reported at."""
    pairs = np.unique(np.column_stack([history.owner, history.step]), axis=0)
    return np.bincount(pairs[:, 0], minlength=len(history)).astype(np.int64)


def _folds(history: History) -> bool:
    """Whether steps are counted from 0, as folds are, which come in any order."""
    return history.fidelity is None and bool((history.step == 0).any())
