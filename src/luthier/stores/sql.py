"""The log in a database, by SQLAlchemy Core: an SQLite file, or PostgreSQL for many machines.

One table holds the events of all studies, in the order in which they were committed. How a database
is opened and shared stands in `luthier.stores.database`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from luthier.errors import StoreError, nearest
from luthier.history import Event
from luthier.stores.database import Database, event_table, study_table


class Sql:
    """The events of one study in a database.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL.
    study : str
        The study's name.
    durable : {"process", "disk"}
        What an appended event survives.
    create : bool
        Make the tables and the study if they are not there.

    Raises
    ------
    StoreError
        If the database cannot be used, or there is no such study and `create` is off.
    """

    def __init__(
        self, url: str, study: str, *, durable: str = "process", create: bool = True
    ) -> None:
        self._database = Database(url, durable=durable, create=create)
        self.study = study
        self._forget()
        try:
            self._id = self._study_id(create)
        except BaseException:
            self.close()
            raise

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._version: Any = None  # SQLite's mark of changes by others, when we last looked
        self._read_to = math.inf  # up to this cursor everything was read,
        self._own: list[tuple[int, Event]] = []  # and this is all that came after

    def _study_id(self, create: bool) -> int:
        base = self._database
        with base.explained(), base.alone():  # noqa: SIM117 - the lock is released last
            with base.engine.execution_options(writes=create).begin() as connection:
                if create:
                    base.one_at_a_time(connection)
                find = sa.select(study_table.c.id).where(study_table.c.name == self.study)
                found = connection.scalar(find)
                if found is None and not create:
                    names = list(connection.scalars(sa.select(study_table.c.name)))
                    raise StoreError(
                        f"store: {base.shown} has no study {self.study!r}."
                        f"{nearest(self.study, names)} "
                        f"It has {', '.join(map(repr, names)) or 'none'}."
                    )
                if found is None:
                    made = connection.execute(study_table.insert().values(name=self.study))
                    assert made.inserted_primary_key is not None
                    found = made.inserted_primary_key[0]
        return int(found)

    @property
    def many_machines(self) -> bool:
        """Whether drivers on other machines may share this store."""
        return not self._database.sqlite

    def append(self, events: Sequence[Event]) -> None:
        """Add events, all or none; on return they survive ``kill -9``.

        Raises
        ------
        Conflict
            If a number was taken, or a trial was finished, by another process.
        StoreError
            If the database refuses: a full disk, a lost connection.
        """
        if not events:
            return
        base = self._database
        rows = [
            {
                "study": self._id,
                "kind": event.kind,
                "trial": event.trial,
                "at": event.at,
                "by": event.by,
                "body": json.dumps(event.body, separators=(",", ":")),
            }
            for event in events
        ]
        with base.explained(), base.alone():
            if self._pid != os.getpid():
                self._forget()
            with base.engine.execution_options(writes=True).begin() as connection:
                if base.sqlite:
                    last = connection.scalar(sa.select(sa.func.max(event_table.c.cursor)))
                    for i, row in enumerate(rows, start=1):
                        row["cursor"] = (last or 0) + i
                    connection.execute(event_table.insert(), rows)
                    cursors = list(range((last or 0) + 1, (last or 0) + 1 + len(rows)))
                else:
                    # Cursors must be committed in order, or a reader would skip the later one.
                    connection.execute(
                        sa.select(study_table.c.id)
                        .where(study_table.c.id == self._id)
                        .with_for_update()
                    )
                    connection.execute(event_table.insert(), rows)
                    cursors = []  # unknown, and not needed: every read looks
            self._own.extend(zip(cursors, events, strict=False))

    def read(self, after: int = 0) -> list[tuple[int, Event]]:
        """Events with a cursor above `after`, in order."""
        base = self._database
        with base.explained(), base.alone_here():
            if self._pid != os.getpid():
                self._forget()
            version = base.changes()
            if version is not None and version == self._version and after >= self._read_to:
                made = [pair for pair in self._own if pair[0] > after]
            else:
                made = self._query(after)
                self._version = version
            self._own = []
            self._read_to = made[-1][0] if made else after
        return made

    def _query(self, after: int) -> list[tuple[int, Event]]:
        base, column = self._database, event_table.c
        find = (
            sa.select(column.cursor, column.kind, column.trial, column.at, column.by, column.body)
            .where(column.study == self._id, column.cursor > after)
            .order_by(column.cursor)
        )
        with base.engine.begin() as connection:
            rows = connection.execute(find).all()
        try:
            bodies = json.loads(f"[{','.join([row[5] for row in rows])}]")  # at once: twice as fast
        except ValueError as error:
            raise StoreError(
                f"store: {base.shown} holds an event that is no JSON ({error}). The file is "
                "damaged; restore a copy."
            ) from error
        return [
            (cursor, Event(kind, trial, at, body, by))
            for (cursor, kind, trial, at, by, _), body in zip(rows, bodies, strict=True)
        ]

    def close(self) -> None:
        """Close the connection."""
        self._database.closer()

    def __repr__(self) -> str:
        return f"Sql({self._database.shown!r}, study={self.study!r})"


def names(url: str) -> list[str]:
    """The names of the studies in a database, oldest first."""
    base = Database(url, durable="process", create=False)
    with base.explained(), base.alone(), base.engine.begin() as connection:
        found = list(connection.scalars(sa.select(study_table.c.name).order_by(study_table.c.id)))
    base.closer()
    return found
