"""Tried: the trial that had a configuration first, found by its parameters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from luthier.events import State
from luthier.parameters import Raw

if TYPE_CHECKING:
    from luthier.history import History

Raws = Mapping[str, Raw]


class Tried:
    """What was tried in a history; entered when somebody asks."""

    def __init__(self) -> None:
        self._first: dict[Hashable, int] = {}
        self._entered = 0  # trials that are in it

    def row(self, history: History, raw: Raws) -> int | None:
        """The first trial with these parameters that is not lost, or None."""
        self._enter(history)
        return self._first.get(history.space.key(raw))

    def shared(self, history: History, n: int) -> Tried:
        """What was tried, for another history of the same trials that has n rows.

        It finds trials under the numbers of this one.
        """
        self._enter(history)
        made = Tried()
        made._first, made._entered = self._first, n
        return made

    def changed(self, history: History, row: int) -> None:
        """A trial has other parameters now; those that it had still count."""
        if row < self._entered:
            self._first.setdefault(history.space.key(history.raw(row)), row)

    def _enter(self, history: History) -> None:
        if self._entered < len(history):
            key, enter = history.space.key, self._first.setdefault
            for row, state in enumerate(history.state[self._entered :].tolist(), self._entered):
                if state != State.LOST:
                    for raw in history.asked(row):
                        enter(key(raw), row)
            self._entered = len(history)
