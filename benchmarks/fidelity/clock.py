"""One run: a contestant on a table, with some workers, in simulated time.

A worker takes a job and goes through the table's steps, each of which lasts as long as it did when
it was recorded. Nothing sleeps. A trial that goes on from an earlier one of the same configuration
pays only for what is new, whoever asks for it, except where every step is a fit of its own.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from benchmarks.fidelity.tables import Table

Record = dict[str, Any]


@dataclass(eq=False)
class Job:
    """What a worker should do.

    Parameters
    ----------
    upto : int
        The last step that the trial may do.
    since : int
        The step that it goes on from.
    walks : bool
        It reports on the way, and may be stopped there; else only its last step tells anything.
    """

    params: dict[str, Any]
    token: Any
    upto: int
    since: int = 0
    walks: bool = True


class Contestant(Protocol):
    """An optimiser in one run: made from ``(table, seed, workers)``."""

    package: str  # whose version is recorded

    def ask(self) -> Job | None:
        """What a free worker should do; None when there is nothing before others have ended."""
        ...

    def report(self, job: Job, step: int, loss: float) -> bool:
        """Hear how a job stands; whether to stop it here."""
        ...

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        """Hear how a job ended."""
        ...


@dataclass
class Ledger:
    """Who is the best so far: least loss among the trials that have ended and came furthest."""

    table: Table
    best: tuple[float, float, int] = (0, np.inf, -1)  # minus the step, the loss, the row
    changes: list[tuple[int, float, float]] = field(default_factory=list)

    def enter(self, row: int, step: int, loss: float, units: int, now: float) -> None:
        found = (-step, loss, row)
        if found < self.best:
            fresh = row != self.best[2]
            self.best = found
            if fresh:
                self.changes.append((units, now, float(self.table.regrets[row])))


def run(table: Table, made: Contestant, workers: int) -> Record:
    """What a contestant recommended, and when, until the table's budget is spent.

    Returns
    -------
    dict
        ``units``, ``clock`` and ``regret``: after so many units and simulated seconds, the regret
        of the recommended configuration is this, for each change. Counts: ``jobs``; those that
        were ``stopped`` or came to the end, ``full``; of those that ended before when another had
        come to the end, ``left``, how many would have been better than all these, ``wrong``;
        configurations ``tried``, and of these ``missed``: better than all that came to the end.
        ``stated`` is the chance that there are some of these, where the contestant tells one.
    """
    ledger, thinking = Ledger(table), 0.0
    running: list[tuple[float, int, Job, int, list[int]]] = []  # ends, turn, job, row, places
    now, units, turn, idle = 0.0, 0, 0, workers
    counts = {"jobs": 0, "stopped": 0, "full": 0, "left": 0, "wrong": 0}
    final, least = table.losses[:, -1], np.inf  # of the trials that came to the end
    furthest: dict[int, int] = {}  # per row, the last step that was reached
    while units < table.budget:
        while idle:
            began = time.process_time()
            job = made.ask()
            thinking += time.process_time() - began
            if job is None:
                break
            counts["jobs"] += 1
            row = table.find(job.params)
            places = table.walk(job.since, job.upto).tolist()
            if not places:  # nothing is recorded up to there: the first step is what there is
                places = [int(np.searchsorted(table.steps, job.since, side="right"))]
            if not job.walks and table.afresh:
                places = places[-1:]
            idle, turn = idle - 1, turn + 1
            heapq.heappush(running, (now + cost(table, job, row, places), turn, job, row, places))
        if not running:
            break  # nothing is left to try
        now, _, job, row, places = heapq.heappop(running)
        done = places[:1] if job.walks else places
        units += sum(table.units(place) for place in done)
        place, left = done[-1], places[len(done) :]
        step, loss = int(table.steps[place]), float(table.losses[row, place])
        began = time.process_time()
        stop = job.walks and made.report(job, step, loss)
        if left and not stop:
            turn += 1
            heapq.heappush(running, (now + cost(table, job, row, left), turn, job, row, left))
        else:
            made.end(job, step, loss, bool(left))
            idle += 1
            counts["stopped"] += bool(left)
            counts["full"] += step == table.most
            if step == table.most:
                least = min(least, loss)
            elif np.isfinite(least):
                counts["left"] += 1
                counts["wrong"] += bool(final[row] < least)
            furthest[row] = max(furthest.get(row, 0), step)
            ledger.enter(row, step, loss, units, now)
        thinking += time.process_time() - began
    missed = int(sum(final[row] < least for row in furthest)) if np.isfinite(least) else 0
    stated = getattr(made, "stated", lambda: None)()
    return {
        "units": [change[0] for change in ledger.changes],
        "clock": [float(f"{change[1]:.6g}") for change in ledger.changes],
        "regret": [float(f"{change[2]:.6g}") for change in ledger.changes],
        "spent": units, "seconds": round(now, 3), "thinking": round(thinking, 3), **counts,
        "tried": len(furthest), "missed": missed,
        **({} if stated is None else {"stated": round(stated, 5)}),
    }  # fmt: skip


def cost(table: Table, job: Job, row: int, places: list[int]) -> float:
    """Seconds to the next event of a job: its next step, or its end where it reports nothing."""
    return float(table.seconds[row, places[0] if job.walks else places].sum())
