"""The objective that a command line names: ``module:function`` or ``file.py:function``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luthier.errors import StudyError, nearest


def load_objective(text: str) -> Callable[..., Any]:
    """The function that ``module:name`` or ``file.py:name`` names.

    Raises
    ------
    StudyError
        If there is no such module or function.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not name:
        raise StudyError(
            f"{text!r} names no function. Write module:function, such as train:objective."
        )
    if where.endswith(".py"):
        path = Path(where)
        if not path.is_file():
            raise StudyError(f"{where}: there is no such file. Check the path.")
        sys.path.insert(0, str(path.parent.resolve()))
        where = path.stem
        known = getattr(sys.modules.get(where), "__file__", None)
        if known and Path(known).resolve() != path.resolve():
            del sys.modules[where]  # another file of that name
    else:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name != where.partition(".")[0] and error.name != where:
            raise StudyError(
                f"{where}: its import of {error.name!r} failed. Install that package."
            ) from error
        raise StudyError(
            f"There is no module {where!r} here. Run the command where {where}.py lies, or give "
            f"its path: {where}.py:{name}"
        ) from error
    except Exception as error:
        raise StudyError(
            f"{where} cannot be imported: {type(error).__name__}: {error}. Correct it first."
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        public = [n for n in dir(module) if not n.startswith("_") and callable(getattr(module, n))]
        raise StudyError(
            f"{where} has no function {name!r}.{nearest(name, public)} "
            f"It has {', '.join(public[:8]) or 'none'}."
        )
    made: Callable[..., Any] = found
    return made
