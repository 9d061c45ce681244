"""Stores: where the events of a study are kept. `open` finds the right one."""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

from luthier.errors import StoreError
from luthier.parts import Store
from luthier.stores.memory import Memory

__all__ = ["Memory", "Store", "open", "studies", "url_of"]


def url_of(store: str | PathLike[str]) -> str:
    """The database URL that a path or URL stands for; a path is an SQLite file."""
    text = fspath(store)
    if not text:
        raise StoreError("store: got an empty string. Give a path such as 'runs.db', or None.")
    return text if "://" in text else f"sqlite:///{text}"


def open(
    store: Any = None, study: str = "study", *, durable: str = "process", create: bool = True
) -> Store:
    """The store behind a name.

    Parameters
    ----------
    store : None, str, path or Store
        None keeps the log in memory; a path is an SQLite file; else a database URL. A `Store`
        comes back as it is.
    study : str
        The name of the study; one database holds many.
    durable : {"process", "disk"}
        What an event survives once it is appended: the death of any process, or a power cut too.
    create : bool
        Make the file and the study if they are not there.

    Raises
    ------
    StoreError
        If the database cannot be opened, or was written by a newer version.
    """
    if durable not in ("process", "disk"):
        raise StoreError(f"durable: must be 'process' or 'disk', got {durable!r}.")
    if store is None:
        return Memory()
    if isinstance(store, str | PathLike):
        from luthier.stores.sql import Sql

        return Sql(url_of(store), study, durable=durable, create=create)
    if hasattr(store, "append") and hasattr(store, "read"):
        made: Store = store
        return made
    raise StoreError(
        f"store: expected a path, a database URL or a store, got {store!r}. "
        "Write for example store='runs.db', or None to keep the study in memory."
    )


def studies(store: str | PathLike[str]) -> list[str]:
    """The names of the studies in a database, oldest first.

    Raises
    ------
    StoreError
        If there is no such database, or it cannot be read.
    """
    from luthier.stores.sql import names

    return names(url_of(store))
