"""The ConvergenceWarnings of a search's many fits: kept back, counted, and said once."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.exceptions import ConvergenceWarning


def heard(
    once: bool, work: Callable[..., Any], *given: Any, **settings: Any
) -> tuple[Any, list[str]]:
    """What a call returns and, with `once`, the ConvergenceWarnings that it would have shown."""
    if not once:
        return work(*given, **settings), []
    with _kept_back() as found:
        return work(*given, **settings), found


class Convergence:
    """How often fits of a search did not converge, and the first one's words."""

    def __init__(self) -> None:
        self._fits = 0
        self._found: list[str] = []

    def add(self, fits: int, found: list[str]) -> None:
        """What was kept back in so many fits."""
        self._fits += fits
        self._found += found

    def say(self) -> None:
        """One warning for all; none where there was nothing."""
        if self._found:
            warnings.warn(
                f"ConvergenceWarning came {len(self._found)} times in {self._fits} fits of the "
                f"search, first as: {self._found[0].strip().splitlines()[0]}",
                ConvergenceWarning,
                stacklevel=2,
            )


@contextmanager
def _kept_back() -> Iterator[list[str]]:
    """The words of ConvergenceWarnings in a block, which are not shown.

    Filters stay as they are: what they turn into an error is one, and what they hide is not found.
    In a thread of several nothing is kept back, as what shows warnings is the whole process's.
    """
    found: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    before = warnings.showwarning

    def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
        if issubclass(category, ConvergenceWarning):
            found.append(str(message))
        else:
            before(message, category, *where, **more)

    warnings.showwarning = show
    try:
        yield found
    finally:
        warnings.showwarning = before
