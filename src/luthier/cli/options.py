"""What users type, read into clean values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.errors import DataError, StudyError

if TYPE_CHECKING:
    from luthier.run.limit import Limit

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.I)
AMOUNT = re.compile(r"([^:]+):(\d*\.?\d+):(\d*\.?\d+)")


@dataclass(frozen=True)
class Room:
    """How many trials run at the same time, and what each may take; `asked` as it was typed."""

    jobs: int | str = 1  # or "auto"
    limit: Limit | None = None
    asked: Mapping[str, str] = field(default_factory=dict)

    @property
    def threads(self) -> int:
        """How many threads the model of one trial should use."""
        from luthier.run.machine import cores

        if self.limit is not None and self.limit.cores is not None:
            return int(self.limit.cores)
        return 1 if isinstance(self.jobs, str) else max(1, cores() // self.jobs)


def room(jobs: str, time: str | None = None, memory: str | None = None) -> Room:
    """What ``--jobs``, ``--limit-time`` and ``--limit-memory`` say.

    Raises
    ------
    StudyError
        If one of them makes no sense.
    """
    from luthier.run.limit import Limit, size

    count: int | str = jobs
    if jobs != "auto":
        try:
            count = int(jobs)
        except ValueError:
            raise StudyError(
                f"--jobs {jobs!r} is neither a number nor auto. Write --jobs 4 or --jobs auto."
            ) from None
        at_least("--jobs", count, 1)
    if time is None and memory is None:
        return Room(count)
    most = seconds(time, "--limit-time")
    try:
        held = None if memory is None else size(memory)
    except ValueError:
        held = 0
    if held == 0:
        raise StudyError(f"--limit-memory {memory!r} is no size. Write 2GB or 512MB.")
    typed = {"time": time, "memory": memory}
    asked = {name: text for name, text in typed.items() if text is not None}
    return Room(count, Limit(seconds=most, memory=held), asked)


def seconds(text: str | None, name: str = "--time") -> float | None:
    """Seconds from ``90``, ``90s``, ``10m``, ``1h30m``, ``2d``; None from None.

    Raises
    ------
    StudyError
        If it is none of these, or not above 0.
    """
    if text is None:
        return None
    given = text.strip()
    parts = PART.findall(given)
    whole = "".join(PART.sub("", given).split())
    total = sum(float(number) * UNITS[unit.lower()] for number, unit in parts)
    if not parts or whole or total <= 0:
        raise StudyError(
            f"{name} {text!r} is no time. Write a number with a unit, such as 90s, 10m or 1h30m."
        )
    return total


def amount(
    text: str, wrong: str = "is not NAME:LEAST:MOST. Write for example epochs:1:81."
) -> tuple[str, float, float]:
    """Name, least and most of a fidelity from ``epochs:1:81``; `wrong` says how it is written.

    Raises
    ------
    StudyError
        If it is no name and two numbers.
    """
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        raise StudyError(f"--fidelity {text!r} {wrong}")
    least, most = (float(n) if "." in n else int(n) for n in found.groups()[1:])
    return found[1], least, most


def test_part(text: str) -> float | Path:
    """The share of rows to keep untouched, or the file that holds them.

    Raises
    ------
    DataError
        If it is neither a share between 0 and 1 nor a file.
    """
    try:
        share = float(text)
    except ValueError:
        path = Path(text)
        if not path.exists():
            raise DataError(
                f"--test {text!r} is neither a share such as 0.2 nor a file that exists. "
                "Give one of them."
            ) from None
        return path
    if not 0 < share < 1:
        raise DataError(
            f"--test {text}: the share of untouched rows must lie between 0 and 1. 0.2 is usual."
        )
    return share


def at_least(name: str, value: int | None, least: int) -> None:
    """Check a count.

    Raises
    ------
    StudyError
        If it is below `least`.
    """
    if value is not None and value < least:
        raise StudyError(f"{name} must be at least {least}, got {value}.")


def load_space(path: Path | None) -> Any:
    """The space in a TOML or JSON file, or None without one."""
    if path is None:
        return None
    from luthier.space import Space

    return Space.load(path)
