"""Schedulers: who starts, who goes on, who stops. One algorithm, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from luthier.named import find
from luthier.parts import Scheduler

if TYPE_CHECKING:
    from luthier.schedulers.full import Full
    from luthier.schedulers.median import Median

NAMES = {
    "full": "luthier.schedulers.full:Full",
    "median": "luthier.schedulers.median:Median",
}

__all__ = ["Full", "Median", "scheduler"]


def scheduler(given: str | Scheduler) -> Scheduler:
    """The scheduler that a name stands for; plug-ins add names by the entry point
    ``luthier.schedulers``.

    Raises
    ------
    StudyError
        If there is no such scheduler.
    """
    found: Scheduler = find("scheduler", "luthier.schedulers", NAMES, given, "keep")
    return found


def __getattr__(name: str) -> Any:
    where = {path.partition(":")[2]: path for path in NAMES.values()}.get(name)
    if where is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(where.partition(":")[0]), name)
