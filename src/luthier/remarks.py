"""Remarks: what the first results say against how a study was set up."""

from __future__ import annotations

import numpy as np

from luthier.history import Fidelity, History, State
from luthier.parts import Scheduler
from luthier.schedulers.full import Full

FIRST = 3  # trials with a result, after which it is looked at once


def remark(history: History, scheduler: Scheduler) -> str:
    """What to say when a trial has just ended as DONE; nothing, nearly always."""
    if history.counts[State.DONE] != FIRST:
        return ""
    lent = history.fidelity
    return _unheard(history, scheduler) if lent is None else _short(history, lent)


def unmoved(scheduler: Scheduler, trials: int) -> str:
    """What to say when one more trial reported on after it was told to stop, and ran to its end."""
    if trials != FIRST:
        return ""
    return (
        f"scheduler: {scheduler!r} wanted to stop {FIRST} trials, which reported on and ran to "
        "their end. Ask after each report: if trial.should_stop(): return."
    )


def _unheard(history: History, scheduler: Scheduler) -> str:
    """No trial reports, and the scheduler goes by reports."""
    if len(history.step) or isinstance(scheduler, Full):
        return ""
    return (
        f"scheduler: {scheduler!r} stops trials by what they report, and none has reported "
        "anything, so all run to their end. Call trial.report(value, step) and "
        "trial.should_stop() in the objective, or leave the scheduler out."
    )


def _short(history: History, lent: Fidelity) -> str:
    """All trials that were given everything end at one step, which is less than that."""
    done = np.flatnonzero(history.done).tolist()
    ends = {int(history.curve(row)[0].max(initial=0)) for row in done}
    end = max(ends)
    if len(ends) > 1 or not 0 < end < lent.most:
        return ""
    return (
        f"fidelity: trials may have up to {lent.most} {lent.name}, and the first {FIRST} that may "
        f"all ended at {end}. Write fidelity=({lent.name!r}, {min(lent.least, end)}, {end}), or "
        "have the objective go on up to trial.budget."
    )
