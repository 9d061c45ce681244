"""Parts by name: ``sampler="qmc"`` becomes an object, imported when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from luthier.errors import StudyError, nearest

# What other tools hang on their names: TPESampler, MedianPruner, RandomSearch.
KINDS = re.compile("(sampler|pruner|scheduler|searcher|search|optimizer|algorithm)$")


def find(
    kind: str,
    group: str,
    table: Mapping[str, str],
    given: Any,
    method: str,
    words: Mapping[str, str],
) -> Any:
    """The part that a name stands for; a part comes back as it is.

    Parameters
    ----------
    kind : str
        For messages: "sampler", "scheduler".
    group : str
        Entry points under which plug-ins add names.
    table : mapping
        From names to "module:Class".
    method : str
        What every part of that kind can do.
    words : mapping
        What others call it, in small letters and digits alone, and how it is written here.

    Raises
    ------
    StudyError
        If there is no part of that name, or an object is no part.
    """
    if isinstance(given, str):
        from importlib.metadata import entry_points

        where = table.get(given.lower())
        if where is not None:
            module, _, name = where.partition(":")
            return getattr(import_module(module), name)()
        plugged = {point.name: point for point in entry_points(group=group)}
        if given in plugged:
            return plugged[given].load()()
        names = sorted({*table, *plugged})
        raise StudyError(
            f"{kind}: there is none named {given!r}.{_meant(given, table, names, words)} "
            f"The names are {', '.join(names)}."
        )
    if isinstance(given, type) or not callable(getattr(given, method, None)):
        hint = f" Write {given.__name__}() to make one." if isinstance(given, type) else ""
        raise StudyError(
            f"{kind}: expected a name or an object with a method {method!r}, got {given!r}.{hint} "
            f"The names are {', '.join(sorted(table))}."
        )
    return given


def _meant(
    given: str, table: Mapping[str, str], names: Sequence[str], words: Mapping[str, str]
) -> str:
    plain = re.sub("[^a-z0-9]", "", given.lower())
    for word in (plain, KINDS.sub("", plain)):
        if word in table or word in words:
            return f" Write {words.get(word, repr(word))}."
    return nearest(given.lower(), names)


def lazy(module: str, table: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that imports the classes of `table` when they are asked for."""
    where = {path.partition(":")[2]: path.partition(":")[0] for path in table.values()}

    def attribute(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(import_module(where[name]), name)

    return attribute


def lazily(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """`lazy` for a package, given which names are in which of its own modules."""
    names = [(module, name) for module, listed in modules.items() for name in listed]
    return lazy(package, {name: f"{package}.{module}:{name}" for module, name in names})
