"""Schedulers: who starts, who goes on, who stops. One algorithm, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import find, lazy
from luthier.parts import Scheduler

if TYPE_CHECKING:
    from luthier.schedulers.asha import ASHA
    from luthier.schedulers.auto import Auto
    from luthier.schedulers.full import Full
    from luthier.schedulers.median import Median

NAMES = {
    "auto": "luthier.schedulers.auto:Auto",
    "asha": "luthier.schedulers.asha:ASHA",
    "full": "luthier.schedulers.full:Full",
    "median": "luthier.schedulers.median:Median",
}

__all__ = ["ASHA", "Auto", "Full", "Median", "scheduler"]


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


__getattr__ = lazy(__name__, NAMES)
