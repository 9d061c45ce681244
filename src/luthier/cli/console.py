"""What the command line says, where, and with which exit code.

Results go to standard output; progress, notes and errors to standard error, so that a script
can read the first and a person still sees the second.

======  ==========================================================
code    meaning
======  ==========================================================
0       done
1       the run ended, but no trial has a result
2       the input cannot be used; the message says what to do
130     stopped by Ctrl-C; the same command goes on
======  ==========================================================
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from luthier.errors import AllFailed, LuthierError, NothingFinished

NOTHING, BAD_INPUT, INTERRUPTED = 1, 2, 130


@dataclass(frozen=True)
class Voice:
    """How much a command says.

    Attributes
    ----------
    json : bool
        Standard output gets one JSON document and nothing else.
    quiet : bool
        No progress and no notes; errors are still told.
    """

    json: bool = False
    quiet: bool = False

    def out(self, *shown: Any) -> None:
        """Say something on standard output, unless it is kept for JSON."""
        if not self.json and not self.quiet:
            _console().print(*shown)

    def note(self, text: str) -> None:
        """Say something on standard error."""
        if not self.quiet:
            _console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)

    def data(self, made: Any) -> None:
        """Give the result to a script, as JSON on standard output."""
        if self.json:
            sys.stdout.write(json.dumps(plain(made), indent=2, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinity become null, strange things a string."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return str(value)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what a user can mend into one paragraph and an exit code."""
    try:
        yield
    except (AllFailed, NothingFinished) as error:
        _fail(str(error), NOTHING)
    except LuthierError as error:
        _fail(str(error), BAD_INPUT)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nobody is left to tell.
        with suppress(OSError, ValueError):  # a stream without a file, as in a notebook
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or str(error)
        _fail(f"{what}{reason}. Free space or rights there, or give another --out.", BAD_INPUT)
    except KeyboardInterrupt:
        interrupted()


def guard(command: Callable[..., None]) -> Callable[..., None]:
    """`command`, within `guarded`; its signature stays, because Typer reads it."""
    from functools import wraps

    @wraps(command)
    def made(*args: Any, **kwargs: Any) -> None:
        with guarded():
            command(*args, **kwargs)

    return made


def interrupted() -> NoReturn:
    """End after Ctrl-C."""
    _fail("Stopped by Ctrl-C. Everything finished is stored; the same command goes on.",
          INTERRUPTED, head="")  # fmt: skip


def _fail(message: str, code: int, head: str = "Error: ") -> NoReturn:
    _console(stderr=True).print(head + message, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(code)


def _console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    # Made anew each time: tests and callers replace the streams.
    return Console(stderr=stderr)
