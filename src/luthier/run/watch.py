"""Watching a child: how long its trial runs, what it and all that it started use, what it prints.

A thread of the driver looks every few milliseconds, the more often the nearer a bound is, so that
a trial which allocates as fast as memory can be written is caught soon behind its bound.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from luthier.run import tree
from luthier.run.limit import Limit, above, shown
from luthier.run.output import Output

TICK = 0.05  # seconds between two looks where nothing grows
CLOSE = 0.025, 0.005  # the same with a bound on memory or disk: far from it, and near to it
FAST = 4e9  # bytes per second that a trial may be expected to take at most
GRACE = 0.2  # seconds from should_stop() to SIGTERM, and from there to SIGKILL
LOADING = 60.0  # seconds in which an objective may be loaded, before its time begins


@dataclass
class Watched:
    """One trial of a child."""

    folder: str | None
    sent: float = field(default_factory=time.monotonic)
    began: float = inf
    before: float = 0.0  # processor seconds of its processes when it began
    cpu: float = 0.0  # and of this trial
    peak: int = 0  # bytes of memory
    asked: bool = False  # its time is over, and should_stop() says so
    heard: bool = False  # it has called should_stop() since
    hit: bool = False  # its process was sent a signal
    broken: tuple[str, str] | None = None  # kind and message of the bound that it broke

    def overdue(self, seconds: float) -> float:
        """Seconds beyond a limit; negative before."""
        now = time.monotonic()
        return max(now - self.began - seconds, now - self.sent - seconds - LOADING)


class Watch:
    """Follows the trials of one child, and ends one that breaks a bound.

    Attributes
    ----------
    output : Output
        Of the child, which is started with the other end of it.
    """

    def __init__(self, limit: Limit) -> None:
        self.output = Output()
        self._limit, self._keeper = limit, 0
        self._lock = threading.Lock()
        self._now: Watched | None = None
        self._closed = False
        self._cost = {"memory": 0.0, "disk": 0.0}  # seconds that the last slow look took
        self._last = {"memory": 0.0, "disk": 0.0, "cpu": 0.0}  # and when it was
        self._spent_before: float | None = None  # processor seconds before the next trial
        self._many = False  # whether the child has been seen with processes of its own
        self._thread = threading.Thread(target=self._run, name="luthier-guard", daemon=True)

    def start(self, keeper: int) -> None:
        """Begin, now that there is a child; it and all that it starts are below its keeper."""
        self._keeper = keeper
        self._thread.start()

    def expect(self, folder: str | None) -> Watched:
        """A trial is sent to the child."""
        self.output.clear()
        trial = Watched(folder)
        with self._lock:
            self._now = trial
        return trial

    def begins(self, trial: Watched) -> None:
        """The objective is loaded and called."""
        if self._spent_before is None:
            self._spent_before = tree.cpu(tree.descendants(self._keeper))
        trial.before = self._spent_before
        trial.began = time.monotonic()

    def over(self) -> None:
        """The trial has ended."""
        with self._lock:
            self._now = None

    def others(self, trial: Watched, process: int) -> float:
        """Processor seconds of a trial that has just ended, if there are several processes, else 0.

        Parameters
        ----------
        process : int
            The process that runs trials.
        """
        processes = tree.descendants(self._keeper) if self._many else [process]
        self._spent_before = tree.cpu(processes)  # what the next trial begins with
        return self._spent_before - trial.before if self._many else 0.0

    def leftovers(self, process: int) -> list[int]:
        """What a trial left behind whose own parents are gone, such as a daemon."""
        # A child of the keeper's, as the process is that runs trials; the keeper has one thread.
        orphans = [one for one in tree.children(self._keeper, threads=False) if one != process]
        return orphans + [below for one in orphans for below in tree.descendants(one)]

    def close(self) -> None:
        """The child is gone."""
        self._closed = True
        if self._keeper:
            self._thread.join()
        self.output.close()

    def _run(self) -> None:
        said = select.poll()
        said.register(self.output.ours, select.POLLIN)
        due = 0.0
        while not self._closed:
            left = max(0.0, due - time.monotonic())
            if not self.output.open:
                time.sleep(left)
            elif said.poll(1e3 * left):
                self.output.drain()
            if time.monotonic() >= due:
                trial = self._now
                due = time.monotonic() + (TICK if trial is None else self._look(trial))

    def _look(self, trial: Watched) -> float:
        """Look once; returns in how many seconds to look again."""
        limit, pause, began = self._limit, TICK, time.monotonic()
        left = inf if limit.seconds is None else self._time(trial, limit.seconds)
        processes = tree.descendants(self._keeper)
        self._many |= len(processes) > 1
        room = self._memory(trial, processes)
        if limit.disk is not None and trial.folder is not None:
            room = min(room, self._disk(trial, int(limit.disk)))
        if room < inf:
            pause = min(CLOSE[0], max(CLOSE[1], room / FAST))
        if began - self._last["cpu"] > 0.2:
            self._last["cpu"] = began
            self._spent(trial, processes)
        cost = time.monotonic() - began
        return min(max(pause, 2 * cost), max(0.001, left - cost))

    def _memory(self, trial: Watched, processes: list[int]) -> float:
        """How many bytes are left."""
        bound = self._limit.bytes_of_memory
        used = tree.resident(processes)
        if len(processes) > 1 and used > trial.peak:
            # Forked processes share most of what they hold: counted by each, 50 children of a
            # process of 300 MB would have 15 GB. What is shared is told apart, which takes longer.
            waited = time.monotonic() - self._last["memory"]
            if used <= bound and waited < 10 * self._cost["memory"]:
                return bound - max(used, trial.peak)
            began = time.monotonic()
            used = tree.proportional(processes)
            self._last["memory"] = time.monotonic()
            self._cost["memory"] = self._last["memory"] - began
        trial.peak = max(trial.peak, used)
        if used > bound:
            self._end(trial, *too_much(used, bound, trial.began < inf))
        return bound - used

    def _disk(self, trial: Watched, bound: int) -> float:
        """How many bytes are left; looks into a large folder only now and then."""
        assert trial.folder is not None
        began = time.monotonic()
        if began - self._last["disk"] < 10 * self._cost["disk"]:
            return inf
        used = tree.held(trial.folder)
        self._last["disk"] = time.monotonic()
        self._cost["disk"] = self._last["disk"] - began
        if used > bound:
            held = f"the trial's folder held {above(used, bound)}, and its limit is {shown(bound)}"
            self._end(trial, "DiskLimit", held)
        return bound - used

    def _time(self, trial: Watched, bound: float) -> float:
        """Ask, tell, kill; returns the seconds to the next of these."""
        over = trial.overdue(bound)
        trial.asked = over >= 0
        if over >= GRACE and not trial.hit:
            self._end(trial, "TimeLimit", time_is_up(trial, bound), ask=True)
        if over >= 2 * GRACE:
            self._end(trial, "TimeLimit", time_is_up(trial, bound))
        return next((at - over for at in (0.0, GRACE, 2 * GRACE) if at > over), 0.05)

    def _spent(self, trial: Watched, processes: list[int]) -> None:
        if trial.began < inf:  # what it took to load the objective is not the trial's
            trial.cpu = max(trial.cpu, tree.cpu(processes) - trial.before)

    def _end(self, trial: Watched, kind: str, message: str, *, ask: bool = False) -> None:
        """End the child, unless the trial came to its end in the meantime."""
        with self._lock:
            if self._now is not trial:
                return
            trial.broken = trial.broken or (kind, message)
            processes = tree.descendants(self._keeper)
            self._spent(trial, processes)
            trial.hit = True
            if ask:
                with suppress(ProcessLookupError):
                    os.kill(self._keeper, signal.SIGTERM)
            else:
                tree.kill(processes or [self._keeper])


def too_much(used: int, bound: float, begun: bool = True) -> tuple[str, str]:
    """Kind and message of a trial that took too much memory, perhaps before it had begun."""
    if begun:
        return "MemoryLimit", (
            f"the trial took {above(used, bound)} of memory, and its limit is {shown(bound)}"
        )
    return "MemoryLimit", (
        f"its process took {above(used, bound)} of memory before the objective was called, and the "
        f"limit is {shown(bound)}: no trial can run with that. Python and luthier alone take some "
        "40 MB, and what the objective imports comes on top. Give more; of a trial that ran with "
        "Limit(), which has no bounds, used['memory'] says how much it took"
    )


def time_is_up(trial: Watched, bound: float) -> str:
    """What is said of a trial that did not end in its time."""
    if trial.began == inf:
        return f"the objective was not loaded within {LOADING:g} s and the trial's {bound:g} s"
    return f"the trial's {bound:g} s were over"
