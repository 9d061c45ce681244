"""Checks of what users set in a sampler or a scheduler."""

from __future__ import annotations

import math
from typing import Any

from luthier.errors import StudyError


def whole(owner: str, least: int, /, **settings: Any) -> None:
    """See that settings are whole numbers of at least `least`.

    Raises
    ------
    StudyError
        If one is not.
    """
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise StudyError(f"{owner}: {name} must be a whole number >= {least}, got {value!r}.")


def number(owner: str, above: float, below: float, /, **settings: Any) -> None:
    """See that settings are numbers between two bounds, which are not allowed themselves.

    Raises
    ------
    StudyError
        If one is not.
    """
    for name, value in settings.items():
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not (real and above < value < below):
            told = f"between {above:g} and {below:g}" if math.isfinite(below) else "finite"
            raise StudyError(f"{owner}: {name} must be a number {told}, got {value!r}.")
