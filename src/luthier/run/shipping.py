"""Objectives and tasks as bytes that another process can read."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import cloudpickle

from luthier.errors import StudyError


def ship(thing: Any, what: str) -> bytes:
    """`thing` pickled: by reference where it can be imported, by value where it cannot.

    Raises
    ------
    StudyError
        If it cannot be pickled; names the part that stands in the way.
    """
    by_value_if_need_be(thing)
    try:
        packed: bytes = cloudpickle.dumps(thing)
    except Exception as error:  # whatever a __reduce__ raises
        raise StudyError(
            f"{what} cannot be sent to another process, because {_culprit(thing, what)} cannot be "
            f"pickled: {error}. Make that object inside the objective, or stay in this process "
            "with executor=None or a ThreadPoolExecutor, and without limit=."
        ) from error
    return packed


def unship(packed: bytes) -> Any:
    """What was shipped."""
    return cloudpickle.loads(packed)


def by_value_if_need_be(thing: Any) -> None:
    """Let the module of `thing` travel by value if another process would not find it.

    It was loaded from a file that is not on the path, as test runners and notebooks do.
    """
    while isinstance(thing, partial):
        thing = thing.func
    thing = getattr(thing, "__self__", thing)  # of a method, its object
    kind = thing if hasattr(thing, "__qualname__") else type(thing)
    module = sys.modules.get(str(getattr(kind, "__module__", None)))
    if module is not None and not _importable(module):
        cloudpickle.register_pickle_by_value(module)


def _importable(module: types.ModuleType) -> bool:
    """Whether importing the name of `module` afresh would load the same file."""
    file = getattr(module, "__file__", None)
    if file is None:
        return True  # built in, or __main__, of which cloudpickle knows
    path, spec = None, None
    parts = module.__name__.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        finders = (finder for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((s for f in finders if (s := f.find_spec(name, path))), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    if spec is None or spec.origin is None or not spec.has_location:
        return True
    return bool(os.path.realpath(spec.origin) == os.path.realpath(file))


def _culprit(thing: Any, name: str, depth: int = 6) -> str:
    """The name of the innermost part of `thing` that cannot be pickled."""
    for part_name, part in _parts(thing) if depth else ():
        try:
            cloudpickle.dumps(part)
        except Exception:
            return _culprit(part, part_name, depth - 1)
    return f"{name} (of type {type(thing).__name__})"


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What pickling `thing` also pickles, as far as it has names."""
    if isinstance(thing, types.MethodType):
        yield f"the object of {thing.__name__}()", thing.__self__
    elif isinstance(thing, partial):
        yield "the partial's function", thing.func
        yield "the partial's arguments", (*thing.args, *thing.keywords.values())
    elif isinstance(thing, types.FunctionType):
        names = thing.__code__.co_names
        yield from ((f"{n!r}", thing.__globals__[n]) for n in names if n in thing.__globals__)
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            if cell != types.CellType():  # a variable that was never set
                yield f"{name!r}", cell.cell_contents
        yield "a default argument", thing.__defaults__
    elif isinstance(thing, Mapping):
        yield from ((f"{key!r}", value) for key, value in thing.items())
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from (("an item", item) for item in thing)
    elif hasattr(thing, "__dict__") and not isinstance(thing, type):
        yield from ((f"attribute {name!r}", value) for name, value in vars(thing).items())
