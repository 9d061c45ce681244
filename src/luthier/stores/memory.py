"""The log in memory: gone with the process."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.history import Event


class Memory:
    """Keeps events in a list."""

    def __init__(self) -> None:
        self._events: list[tuple[int, Event]] = []

    def append(self, events: Sequence[Event]) -> None:
        """Add events. Nobody else writes here, so there is no conflict to find."""
        at = len(self._events)
        self._events.extend((at + i, event) for i, event in enumerate(events, start=1))

    def read(self, after: int = 0) -> list[tuple[int, Event]]:
        """Events with a cursor above `after`."""
        return self._events[after:]

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        return f"Memory({len(self._events)} events)"
