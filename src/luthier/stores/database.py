"""A database and who may use it: its tables, its engine, and the locks between drivers.

Unique indices over ``opened``, ``created`` and ``finished`` are the only locks between drivers that
matter: a study begins once, a trial number is given once, and a trial ends once.

SQLite runs with a write-ahead log, which is quick and never blocks a reader. Versions before
3.51.3 can corrupt it when one connection writes while another moves the log into the database
("the WAL-reset bug", sqlite.org/wal.html). Both happen in a commit, and every commit is made under
a lock on a file beside the database, so at any moment one connection does either. The other
places where SQLite touches the log are safe without: a connection that closes moves it only when
it is the last and has shut out all others, and one that opens after a crash only reads it. That
matters, because the garbage collector closes connections too, and it may run in a thread that
holds the lock for another study.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from luthier.errors import Conflict, StoreError, need
from luthier.stores.lock import FileLock

VERSION = 1  # of the tables below; a file with a higher one is refused
WAIT = 60.0  # seconds for another program that holds an SQLite file

HINTS = (  # what to do, by a word of what the database says
    ("disk is full", "Free some space; what was stored before is safe."),
    ("no space", "Free some space; what was stored before is safe."),
    ("disk i/o error", "Is the disk full? What was stored before is safe."),
    ("readonly", "Is the file or its folder write-protected? Give another path."),
    ("read-only", "Is the file or its folder write-protected? Give another path."),
    ("permission", "Check the rights of the file and its folder, or give another path."),
    ("unable to open", "Check that its folder exists and can be written."),
    ("not a database", "It is some other kind of file; give another path."),
    ("malformed", "The file is damaged; restore a copy."),
    ("locked", "Another program holds it open for writing; close that."),
    ("connect", "Is the server running, and are host, user and password right?"),
)

metadata = sa.MetaData()
schema = sa.Table("luthier_schema", metadata, sa.Column("version", sa.Integer, primary_key=True))
study_table = sa.Table(
    "luthier_study",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)
event_table = sa.Table(
    "luthier_event",
    metadata,
    sa.Column(
        "cursor", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True,
        autoincrement=True,
    ),
    sa.Column("study", sa.Integer, sa.ForeignKey("luthier_study.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("trial", sa.Integer),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON; text, because NaN is no JSON to PostgreSQL
)  # fmt: skip
sa.Index("luthier_event_order", event_table.c.study, event_table.c.cursor)
for _kind, _columns in (
    ("opened", (event_table.c.study,)),
    ("created", (event_table.c.study, event_table.c.trial)),
    ("finished", (event_table.c.study, event_table.c.trial)),
):
    sa.Index(
        f"luthier_{_kind}_once",
        *_columns,
        unique=True,
        sqlite_where=event_table.c.kind == _kind,
        postgresql_where=event_table.c.kind == _kind,
    )


class Database:
    """One engine with its lock; shared by nothing, closed once.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL.
    durable : {"process", "disk"}
        What a commit survives, on SQLite.
    create : bool
        Make the file and the tables if they are not there.

    Raises
    ------
    StoreError
        If the database cannot be used, was written by a newer version, or is not there and
        `create` is off.
    """

    def __init__(self, url: str, *, durable: str, create: bool) -> None:
        try:
            self.url = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise StoreError(
                f"store: {url!r} is no database URL. Give a path such as 'runs.db', or a URL "
                "such as 'postgresql+psycopg://user@host/name'."
            ) from None
        backend = self.url.get_backend_name()
        if backend not in ("sqlite", "postgresql", "postgres"):
            raise StoreError(
                f"store: {backend!r} is no database that luthier can use. Give the path of an "
                "SQLite file, or a URL such as 'postgresql+psycopg://user@host/name'."
            )
        self.sqlite = backend == "sqlite"
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        if self.url.drivername.endswith("psycopg"):
            need("psycopg", "postgres", "A PostgreSQL store")
        self.shown = self.url.render_as_string(hide_password=True)
        self.lock: FileLock | None = None
        self.threads = threading.RLock()
        with self.explained():
            if self.sqlite:
                self._find_file(create)
            self.engine = self._sqlite(durable) if self.sqlite else self._server()
        self.closer = weakref.finalize(self, _close, self.engine, self.lock)
        _OPEN.add(self)
        try:
            with self.explained(), self.alone():
                self._check_version(create)
        except BaseException:
            self.closer()
            raise

    def _find_file(self, create: bool) -> None:
        """See that the file can be ours, before anything beside it is made or in it is changed."""
        name = self.url.database
        if not name or name == ":memory:":
            return
        path = Path(name)
        self.shown = str(path)
        if path.is_dir():
            raise StoreError(f"store: {name!r} is a folder. Give the path of a file in it.")
        if not path.parent.is_dir():
            raise StoreError(
                f"store: the folder {str(path.parent)!r} of {path.name!r} does not exist. "
                "Make it first, or give another path."
            )
        if path.exists():
            # By SQLite itself: closing the file after open() would undo its locks in this process.
            uri = f"file:{quote(str(path.resolve()))}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=WAIT)
            try:
                tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            finally:
                connection.close()
            if not create and (schema.name,) not in tables:
                raise StoreError(f"store: {self.shown} holds no luthier study. Check the path.")
        elif not create:
            raise StoreError(f"store: there is no file {name!r}. Check the path.")
        self.lock = FileLock(Path(f"{path.resolve()}.lock"))

    def _sqlite(self, durable: str) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": WAIT},
        )

        @sa.event.listens_for(engine, "connect")
        def connected(connection: Any, _: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={'FULL' if durable == 'disk' else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys=ON")

        @sa.event.listens_for(engine, "begin")
        def begun(connection: sa.Connection) -> None:
            # IMMEDIATE: a transaction that first reads and then writes cannot be saved by waiting.
            writes = connection.get_execution_options().get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def _server(self) -> sa.Engine:
        return sa.create_engine(self.url, pool_size=2, max_overflow=2, pool_pre_ping=True)

    def _check_version(self, create: bool) -> None:
        with self.engine.execution_options(writes=create).begin() as connection:
            if sa.inspect(connection).has_table(schema.name):
                version = connection.scalar(sa.select(sa.func.max(schema.c.version)))
                if version is not None and version > VERSION:
                    raise StoreError(
                        f"store: {self.shown} was written by a newer luthier (tables of version "
                        f"{version}, this one knows {VERSION}). Run: pip install -U luthier"
                    )
            elif not create:
                raise StoreError(f"store: {self.shown} holds no luthier study. Check the path.")
            if create:
                self.one_at_a_time(connection)
                metadata.create_all(connection)
                if connection.scalar(sa.select(sa.func.count()).select_from(schema)) == 0:
                    connection.execute(schema.insert().values(version=VERSION))

    def one_at_a_time(self, connection: sa.Connection) -> None:
        """Until the end of the transaction, no other driver makes tables or studies."""
        if not self.sqlite:  # which has one writer anyway
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7102604151)"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The only writer among threads, and on SQLite among processes."""
        with self.alone_here(), self.lock.held() if self.lock else nullcontext():
            yield

    @contextmanager
    def alone_here(self) -> Iterator[None]:
        """The only one in this process to use the connection."""
        with self.threads:
            if not self.closer.alive:
                raise StoreError(f"store: {self.shown} was closed. Open the study again.")
            yield

    def changes(self) -> int | None:
        """A mark that differs when another connection has written since; None if there is none."""
        if not self.sqlite:
            return None
        with self.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            found: int = raw.execute("PRAGMA data_version").fetchone()[0]
        return found

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except sa.exc.IntegrityError as error:
            raise Conflict(f"store: another process wrote first: {error.orig}") from error
        except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            told = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
            hint = next((hint for word, hint in HINTS if word in told.lower()), "Check it.")
            raise StoreError(
                f"store: {self.shown} cannot be used: {told.strip()}. {hint}"
            ) from error

    def forked(self) -> None:
        """In a child made by fork: leave the parent's connections and locks alone."""
        _INHERITED.append(self.engine.pool)
        self.engine.dispose(close=False)
        self.threads = threading.RLock()
        if self.lock:
            self.lock.forked()


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_INHERITED: list[Any] = []  # kept for good: closing them would meddle with the parent's


def _forked() -> None:
    for base in list(_OPEN):
        base.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _close(engine: sa.Engine, lock: FileLock | None) -> None:
    """Close connections. It takes no lock, see the top of this module."""
    engine.dispose()
    if lock:
        lock.close()
