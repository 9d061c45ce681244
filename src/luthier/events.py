"""Events: what can happen in a study, as its log keeps it.

Kinds of events, and what their bodies hold:

========  =========================================================================================
opened    space, objectives, seed, sampler, scheduler; about: versions and machine; where there are:
          fidelity (name, least and most), constraints (name, >= or <=, bound), cost (its name)
grew      space: all parameters from here on; or parameters: those added or widened
queued    params: a configuration to try next; again: even if it was tried before; whole: false if
          the scheduler says how much it is given
created   draw, params; where they matter: parent, tag, budget, queued (which entry), owner; usual:
          numbers with names that are not known yet get what is usual
reported  step, loss: one number per objective; metrics: whatever else was reported
finished  state; for DONE loss and metrics; params if the trial asked for others than it was given;
          error (kind, message, traceback) for FAILED and LOST; seconds
noted     facts: anything worth keeping, about a trial or about the study; ``scheduler now``: one
          that took the place of the first, and ``alive ...``: a sign of life
========  =========================================================================================

``params`` are raw values (see `luthier.parameters`), and a loss is always minimised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

KINDS = ("opened", "grew", "queued", "created", "reported", "finished", "noted")

GONE = "Lost"  # the kind of error of a trial whose process was found to be gone


class State(IntEnum):
    """How a trial stands."""

    RUNNING = 0
    DONE = 1  #: returned a valid result
    STOPPED = 2  #: ended early after `should_stop` said so; its reports remain
    FAILED = 3  #: raised, gave no valid number, or broke a limit
    LOST = 4  #: its process is gone


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    trial : int or None
        The trial's number; None for what concerns the study.
    at : float
        When, in UNIX seconds.
    body : dict
        Plain data, see the top of this module.
    by : str
        Which open study wrote it, so that it knows its own events when it reads them back.
    """

    kind: str
    trial: int | None
    at: float
    body: dict[str, Any] = field(default_factory=dict)
    by: str = ""
