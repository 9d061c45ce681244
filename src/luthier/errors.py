"""Every error that luthier raises on purpose.

LuthierError
├── SpaceError (ValueError)        a parameter, a condition, a value that does not fit the space
├── DataError (ValueError)         a table, an array, a file of data that cannot be used
├── StudyError (ValueError)        a study is asked for something that it cannot do
│   ├── NothingFinished (LookupError)   there is no finished trial to speak of
│   ├── AllFailed (RuntimeError)        the first trials of a run all failed
│   └── UnknownArgument (TypeError)     a function is given a keyword that it does not have
├── StoreError (OSError)           the log cannot be read or written
│   └── Conflict                   another process wrote that trial first
└── MissingExtra (ImportError)     an optional package is needed; names the ``pip install``

``Stop`` is no error: an objective raises it to end its trial after ``trial.should_stop()`` said so.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any


class LuthierError(Exception):
    """The root of every error that luthier raises on purpose."""


class SpaceError(LuthierError, ValueError):
    """A parameter, a condition or a value does not fit the space."""


class DataError(LuthierError, ValueError):
    """A table, an array or a file of data cannot be used."""


class StudyError(LuthierError, ValueError):
    """A study is asked for something that it cannot do."""


class NothingFinished(StudyError, LookupError):
    """There is no finished trial to speak of yet."""


class AllFailed(StudyError, RuntimeError):
    """The first trials of a run all failed; the message holds the first traceback."""


class UnknownArgument(StudyError, TypeError):
    """A function is given a keyword that it does not have; the message names the one meant."""


class StoreError(LuthierError, OSError):
    """The log of a study cannot be read or written."""


class Conflict(StoreError):
    """Another process wrote that trial first; read the log and try again."""


class MissingExtra(LuthierError, ImportError):
    """An optional package is not installed; the message names the ``pip install``."""


class Stop(Exception):
    """Raised by an objective to end its trial as stopped; its reports remain."""


def need(module: str, extra: str, purpose: str) -> Any:
    """Import `module`, or raise a `MissingExtra` that names the ``pip install`` to run."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise  # the package is there but something inside it is missing: not ours to explain
        raise MissingExtra(
            f"{purpose} needs {module.split('.')[0]}, which is not installed. "
            f"Run: pip install 'luthier[{extra}]'"
        ) from error


def nearest(word: str, words: Iterable[str]) -> str:
    """``" Did you mean 'x'?"`` for the closest of `words`, or nothing when none is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
