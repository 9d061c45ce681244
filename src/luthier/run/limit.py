"""Limit: what one trial may take of the machine."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from numbers import Real
from typing import Any

from luthier.errors import StudyError
from luthier.keywords import explained

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
         "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}  # fmt: skip
SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?\s*", re.I)
SMALLEST = 10**6  # bytes of memory; an empty process of Python takes ten times as much


@explained
@dataclass(frozen=True)
class Limit:
    """What one trial may take; a trial that takes more is ended, and counts as failed.

    With a limit, even one without bounds, the objective runs in a child process of ours, whatever
    the executor, and a run's ``seconds=`` ends running trials too. A trial that goes beyond a bound
    is kept with the kind of its error: ``TimeLimit``, ``MemoryLimit`` or ``DiskLimit``.

    Parameters
    ----------
    seconds : float, optional
        Wall time. At its end `Trial.should_stop` says True; a fifth of a second later the trial's
        process is asked to end (SIGTERM), and a fifth of a second after that it is killed.
    memory : int or str, optional
        Resident memory of the trial's process and of all that it starts, in bytes or as text:
        "2GB", "512MB", "1.5GiB". Pages that several of its processes share count once.
    cores : int, optional
        How many threads numerical libraries may use: OpenMP, BLAS, joblib's ``n_jobs=-1``.
    gpus : float, optional
        How many whole GPUs each trial gets, or a share of one: with 0.5, two trials have one
        together. 0 hides them all.
    disk : int or str, optional
        What ``trial.folder`` may hold.
    pin : bool
        Bind each process to `cores` processors of its own, so that nothing in it can use more.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Examples
    --------
    >>> Limit(seconds=60, memory="2GB").memory
    2000000000
    """

    seconds: float | None = None
    memory: int | str | None = None
    cores: int | None = None
    gpus: float | None = None
    disk: int | str | None = None
    pin: bool = False

    def __post_init__(self) -> None:
        for name in ("memory", "disk"):
            object.__setattr__(self, name, _bytes(name, getattr(self, name)))
        if self.bytes_of_memory < SMALLEST:
            raise StudyError(
                f"Limit: memory={self.memory} means {shown(self.bytes_of_memory)}, which every "
                'process is above. Write "2GB", "512MB" or 2_000_000_000.'
            )
        seconds, cores, gpus = self.seconds, self.cores, self.gpus
        if seconds is not None and not (_is_number(seconds) and 0 < seconds < math.inf):
            raise StudyError(
                f"Limit: seconds must be a number above 0, got {seconds!r}. "
                "Ten minutes are seconds=600."
            )
        if cores is not None and not (_is_number(cores) and cores == int(cores) >= 1):
            raise StudyError(f"Limit: cores must be a whole number >= 1, got {cores!r}.")
        if gpus is not None and not (
            _is_number(gpus) and (0 <= gpus < 1 or (1 <= gpus < math.inf and gpus == int(gpus)))
        ):
            raise StudyError(
                f"Limit: gpus must be a whole number, or a share between 0 and 1, got {gpus!r}. "
                "Two trials on one GPU are gpus=0.5."
            )
        if self.pin and cores is None:
            raise StudyError("Limit: pin=True needs cores=, how many processors to bind to.")

    @property
    def bytes_of_memory(self) -> float:
        """`memory` as a number; ``inf`` where there is no bound."""
        return math.inf if self.memory is None else float(self.memory)


def size(text: str) -> int:
    """Bytes from text such as ``"2GB"``, ``"512 MB"`` or ``"1.5GiB"``.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = SIZE.fullmatch(text)
    if not found:
        raise ValueError(text)
    return int(float(found[1]) * UNITS[found[2].upper()])


def shown(count: float, digits: int = 3) -> str:
    """Bytes as people write them."""
    power = 0
    while count >= 999.5 and power < 4:
        count, power = count / 1000, power + 1
    return f"{count:.{digits}g} {('bytes', 'kB', 'MB', 'GB', 'TB')[power]}"


def above(count: int, bound: float) -> str:
    """Bytes as people write them, with enough digits to be seen to be more than a bound."""
    digits = 3
    while shown(count, digits) == shown(bound, digits):
        digits += 1
    return shown(count, digits)


def _bytes(name: str, given: Any) -> int | None:
    made = given
    if isinstance(given, str):
        try:
            made = size(given)
        except ValueError:
            made = None
    if given is None:
        return None
    if not _is_number(made) or not 1 <= made < math.inf:
        raise StudyError(
            f"Limit: {name} must be a number of bytes or a size in words, got {given!r}. "
            'Write "2GB", "512MB" or 2_000_000_000.'
        )
    return int(made)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
