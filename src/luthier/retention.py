"""Which trials' folders are still of use, and the removal of the others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import StudyError
from luthier.history import History
from luthier.space import Mask


def tidy(history: History, scheduler: Any, keep: int, folder: Path) -> list[int]:
    """Remove the folders of trials that nobody needs; returns their numbers.

    Raises
    ------
    StudyError
        If a folder cannot be removed.
    """
    there = _there(history, folder)
    if not there:
        return []
    gone = sorted(set(there) - needed(history, scheduler, keep, there))
    for number in gone:
        try:
            shutil.rmtree(there[number])
        except OSError as error:
            raise StudyError(
                f"tidy: {there[number]} cannot be removed: {error}. See who owns it, or what has "
                "it open."
            ) from error
    return gone


def _there(history: History, folder: Path) -> dict[int, Path]:
    """The folders of trials of this study that exist, by number."""
    if not folder.is_dir():
        return {}
    named = {f"{number:05d}": number for number in range(len(history))}
    found = (path for path in folder.iterdir() if path.name in named)
    return {named[path.name]: path for path in found if path.is_dir() and not path.is_symlink()}


def needed(history: History, scheduler: Any, keep: int, there: dict[int, Path]) -> set[int]:
    """The numbers of trials whose folders are of use.

    Those of the best trials; of running ones, lost ones that are tried again, and all before them;
    and of stopped ones that may be gone on from. Where one left no files, it is the nearest before
    it that did.
    """
    made: set[int] = set()
    for row in [*np.flatnonzero(history.running).tolist(), *history.retries()]:
        made.update(_before(history, row))
    seen = history.seen()
    told = getattr(scheduler, "forkable", None)
    may = seen.number[forkable(seen) if told is None else told(seen)].tolist()
    for row in [*history.best(keep).tolist(), *may]:
        chain = _before(history, row)
        left = (one for one in chain if one in there and any(there[one].iterdir()))
        made.add(next(left, row))
    return made


def forkable(history: History) -> Mask:
    """(n,) stopped trials of a study with a fidelity that none has gone on from as they were."""
    made = np.asarray(history.stopped & (history.fidelity is not None))
    place = {number: row for row, number in enumerate(history.number.tolist())}
    for row in np.flatnonzero(history.parent >= 0).tolist():
        before = place.get(int(history.parent[row]))
        if before is not None and history.alike(before, row):
            made[before] = False
    return made


def _before(history: History, row: int) -> list[int]:
    """A trial, the one that it goes on from, and so on."""
    made = [row]
    while (row := int(history.parent[row])) >= 0:
        made.append(row)
    return made
