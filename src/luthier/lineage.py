"""Lineage: what a history shows of trials that go on from others, kept up to date by events.

`History.seen`, `History.merged` and `History.learned` are histories of their own. They are made
once and then follow the log: an event costs the same however long the study is. Where an event
changes what came before, which is rare, it is made anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from luthier.parameters import Ints, Raw
from luthier.switches import Switches

if TYPE_CHECKING:
    from luthier.history import History

Raws = Mapping[str, Raw]


def alike(one: Raws, other: Raws) -> bool:
    """Whether two sets of raw parameters agree wherever both have a value."""
    return all(value == other[name] for name, value in one.items() if name in other)


class View(Protocol):
    """A history that is made of another one."""

    source: History
    made: History

    def follow(self, kind: str, row: int, at: float, body: dict[str, Any]) -> bool:
        """Take an event of one row of the source; False where it must be made anew."""


def shown(view: View) -> History:
    """The history that was made, which shares with its source what was tried."""
    view.source._share_keys(view.made)
    return view.made


def chained(source: History, rows: Ints, chains: Sequence[Sequence[int]]) -> History:
    """Some rows alone; the last row of a chain gets what the others had reported.

    But for steps that were done again: of these the later reports count.
    """
    heir = np.arange(len(source))
    until = np.full(len(source), np.inf)
    if chains:
        first = np.full(len(source), np.inf)
        np.minimum.at(first, source.owner, source.step)
        for chain in chains:
            heir[chain] = chain[-1]
            for row, after in zip(chain[-2::-1], chain[:0:-1], strict=True):
                until[row] = min(until[after], first[after])
            begun = np.isfinite(first[chain[-1]]) or not source.running[chain[-1]]
            if not begun and source.lost[chain[0]]:
                until[chain[:-1]] = -np.inf  # nobody knows yet where a retry begins
    reports = np.flatnonzero(source.step < until[source.owner])
    made = source._pick(rows, reports, heir)
    made.queue = source.queue  # one list: what is queued and taken later shows in both
    return made


class Seen:
    """One row per draw, none of them lost; see `History.seen`."""

    def __init__(self, source: History) -> None:
        rows = np.flatnonzero(~source.lost)
        rows = rows[np.argsort(source.draw[rows], kind="stable")]
        chains = []
        for row in rows[source.parent[rows] >= 0].tolist():
            chain = [row]
            while (before := int(source.parent[chain[-1]])) >= 0 and source.lost[before]:
                chain.append(before)
            chains.append(chain[::-1])
        self.source, self.made = source, chained(source, rows, chains)
        self._place = {int(row): i for i, row in enumerate(rows)}
        self._retries = {chain[-1] for chain in chains if len(chain) > 1}
        for chain in chains:
            self.made._put(self._place[chain[-1]], parent=source.parent[chain[0]])

    def follow(self, kind: str, row: int, at: float, body: dict[str, Any]) -> bool:
        if kind == "created":
            parent, last = body.get("parent", -1), self.made.draw[-1:].max(initial=-1)
            if body["draw"] <= last or (parent >= 0 and self.source.lost[parent]):
                return False
            self._place[row] = len(self.made)
        place = self._place.get(row)
        if place is None:
            return kind == "noted"  # about a lost trial
        lost = kind == "finished" and body["state"] == "LOST"
        if lost or row in self._retries:
            return False  # reports of a retry decide on those of the lost attempt
        self.made._take(kind, place, row, at, body)
        return True


class Merged:
    """One row for all trials of a configuration that went on; see `History.merged`."""

    def __init__(self, source: History) -> None:
        place = {number: row for row, number in enumerate(source.number.tolist())}
        chains: dict[int, list[int]] = {}  # by their last row
        for row, parent in enumerate(source.parent.tolist()):
            before = place.get(parent, -1) if parent >= 0 else -1
            goes_on = before in chains and alike(source.raw(before), source.raw(row))
            chains[row] = [*(chains.pop(before) if goes_on else ()), row]
        found = sorted(chains.values())
        rows = np.array([chain[-1] for chain in found], dtype=np.int64)
        first = np.array([chain[0] for chain in found], dtype=np.int64)
        made = chained(source, rows, [chain for chain in found if len(chain) > 1])
        for name in ("draw", "tag", "started", "parent"):
            made._put(slice(None), **{name: getattr(source, name)[first]})
        made._whole = True
        self.source, self.made = source, made
        self._last = {number: row for row, number in enumerate(made.number.tolist())}
        # Of rows that went on: the parameters of the trial before the last, and the first step
        # that the last one reported.
        self._before: dict[int, Raws] = {}
        self._begun: dict[int, float] = {}
        for row, chain in enumerate(found):
            if len(chain) > 1:
                self._before[row] = source.raw(chain[-2])
                steps = source.step[source.owner == chain[-1]]
                self._begun[row] = float(steps.min()) if len(steps) else math.inf

    def follow(self, kind: str, row: int, at: float, body: dict[str, Any]) -> bool:
        number = int(self.source.number[row])
        if kind == "created":
            return self._created(number, at, body)
        place = self._last.get(number)
        if place is None:
            return kind == "noted"  # of facts, those of the last trial count
        if kind == "finished" and not self._ends(number, place, body):
            return False
        if kind == "reported" and body["step"] < self._begun.get(place, -math.inf):
            self.made._unreport(place, body["step"], self._begun[place])  # steps done again
            self._begun[place] = body["step"]
        self.made._take(kind, place, number, at, body)
        return True

    def _created(self, number: int, at: float, body: dict[str, Any]) -> bool:
        parent = body.get("parent", -1)
        place = self._last.get(parent) if parent >= 0 else None
        if place is None or not alike(self.made.raw(place), body["params"]):
            place = len(self.made)
            self.made._take("created", place, number, at, body)
        else:
            del self._last[parent]
            self._before[place], self._begun[place] = self.made.raw(place), math.inf
            self.made._go_on(place, number, body)
        self._last[number] = place
        return True

    def _ends(self, number: int, place: int, body: dict[str, Any]) -> bool:
        """Whether the end of a trial leaves it open who went on from whom."""
        if body["state"] == "LOST":
            return False
        if "params" not in body:
            return True
        if (self.source.parent == number).any():
            return False
        if place in self._before:
            return alike(self._before[place], body["params"])
        return bool(self.made.parent[place] < 0)


class Learned:
    """The conditions of a space that is defined by running; see `History.learned`.

    What a trial asked for is known of those that were done, and of those that were stopped after
    a report: of the others, what was proposed is kept.
    """

    def __init__(self, source: History) -> None:
        self.source, self._switches = source, Switches(source.space)
        told = np.zeros(len(source), dtype=bool)
        told[source.owner] = True
        self._switches.add(source.X[source.done | (source.stopped & told)])
        self._conditions = self._switches.conditions()
        self.made = source.within(self._switches.applied()) if self._conditions else source

    def follow(self, kind: str, row: int, at: float, body: dict[str, Any]) -> bool:
        if kind == "reported" and not self.source.running[row]:
            return False  # a trial that had been stopped without a report
        if kind == "finished" and self._told(row, body["state"]):
            self._switches.add(self.source.X[[row]])
            if self._switches.conditions() != self._conditions:
                return False
        if self.made is not self.source:
            self.made._take(kind, row, int(self.source.number[row]), at, body)
        return True

    def _told(self, row: int, state: str) -> bool:
        """Whether a trial that has just ended asked for all that it was going to."""
        return state == "DONE" or (state == "STOPPED" and bool((self.source.owner == row).any()))
