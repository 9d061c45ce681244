"""The log in memory: gone with the process."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from luthier.errors import Conflict
from luthier.history import Event

ONCE = {"opened", "created", "finished"}  # kinds that a study, or a trial, has once


class Memory:
    """Keeps events in a list. Several study objects of a process may share one."""

    def __init__(self) -> None:
        self._events: list[tuple[int, Event]] = []
        self._once: set[tuple[str, int | None]] = set()
        self._lock = threading.Lock()

    def append(self, events: Sequence[Event]) -> None:
        """Add events, all or none.

        Raises
        ------
        Conflict
            If a number was taken, or a trial was finished, by another.
        """
        with self._lock:
            marks = [(event.kind, event.trial) for event in events if event.kind in ONCE]
            if not self._once.isdisjoint(marks) or len(set(marks)) < len(marks):
                raise Conflict(
                    "store: another study object wrote first. Read the log and try again."
                )
            self._once.update(marks)
            self._events.extend(enumerate(events, start=len(self._events) + 1))

    def read(self, after: int = 0) -> list[tuple[int, Event]]:
        """Events with a cursor above `after`."""
        return self._events[after:]

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        return f"Memory({len(self._events)} events)"
