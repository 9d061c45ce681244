"""Log: a store, and the history that follows it.

What only this process decides (a report, a result of its own trial) is applied to the history when
it happens and stored a little later, with others. What another process could decide first (a trial
number) is stored first and applied when it is read back.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

from luthier.errors import Conflict
from luthier.history import Event, History
from luthier.parts import Store
from luthier.space import Space

LATE = 0.5  # seconds that a report may wait to be stored with others


class Log:
    """The events of one study: those of the store, and those on their way to it.

    Parameters
    ----------
    store : Store
        Where events are kept.
    script : Space, optional
        Brings the objects behind options that the store knows by label only.
    """

    def __init__(self, store: Store, script: Space | None = None) -> None:
        self.store = store
        self.script = script
        self._ahead: list[Event]  # applied, and not stored yet
        self._ahead_since = 0.0
        self.rebuild()

    def rebuild(self) -> None:
        """Fold the whole log anew."""
        self.history = History()
        self._cursor = 0
        self._begin()
        self.sync()

    def _begin(self) -> None:
        self._by = uuid.uuid4().hex[:12]
        self._pid = os.getpid()
        self._ahead = []

    def _mind_forks(self) -> None:
        """A child made by fork is another writer; what waits is its parent's to store."""
        if self._pid != os.getpid():
            self._begin()

    def event(self, kind: str, trial: int | None, body: dict[str, Any]) -> Event:
        """An event of now, by this process."""
        self._mind_forks()
        return Event(kind, trial, time.time(), body, self._by)

    def sync(self) -> None:
        """Apply what was appended since the last look, by others or by this process."""
        self._mind_forks()
        for cursor, event in self.store.read(self._cursor):
            self._cursor = cursor
            if event.by == self._by and _is_ours(event):
                continue  # applied when it happened
            self.history.apply(event)
            if event.kind in ("opened", "grew") and self.script is not None:
                self.history.dress(self.history.space.dressed(self.script))

    def append(self, *events: Event) -> None:
        """Store events together with those that wait, then apply them.

        Raises
        ------
        Conflict
            If another process took one of the numbers; nothing was stored.
        """
        self.store.append([*self._ahead, *events])
        self._ahead = []
        self.sync()

    def apply(self, *events: Event) -> None:
        """Apply events that nobody else can decide; `flush` stores them."""
        if not self._ahead:
            self._ahead_since = time.monotonic()
        for event in events:
            self.history.apply(event)
            self._ahead.append(event)

    def heard(self) -> dict[int, float]:
        """When the process of each trial was last heard of: the latest event of its writer."""
        last: dict[str, float] = {}
        writers: dict[int, str] = {}
        for _, event in self.store.read():
            last[event.by] = max(event.at, last.get(event.by, event.at))
            if event.kind == "created" and event.trial is not None:
                writers[event.trial] = event.by
        return {trial: last[by] for trial, by in writers.items()}

    @property
    def late(self) -> bool:
        """Whether something has waited long enough to be stored."""
        return bool(self._ahead) and time.monotonic() - self._ahead_since > LATE

    def flush(self) -> None:
        """Store everything that happened; on return it survives a crash."""
        if not self._ahead:
            return
        try:
            self.store.append(self._ahead)
            self._ahead = []
        except Conflict:
            # Another process took this one for dead and ended a trial of its: what it says counts.
            waiting, self._ahead = self._ahead, []
            for event in waiting:
                try:
                    self.store.append([event])
                except Conflict:
                    continue
            self.rebuild()


def _is_ours(event: Event) -> bool:
    """Whether an event is of a kind that its own process applies at once."""
    return event.kind in ("reported", "finished", "noted") or (
        event.kind == "grew" and "parameters" in event.body
    )
