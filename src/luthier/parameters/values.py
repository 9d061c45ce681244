"""Values: which JSON can hold, which are the same, and how they read in a message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.errors import SpaceError

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Raw = float | int
When = Mapping[str, tuple[Any, ...]]

SCALARS = (bool, int, float, str, type(None))
NUMPY = (np.number, np.bool_, np.str_)  # scalars that have a plain Python twin


class _Missing:
    """No default was given; None cannot say so, because None may be an option."""

    def __repr__(self) -> str:
        return "<no default>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def condition(kind: str, when: Mapping[str, Any] | None) -> When | None:
    """The condition with every right-hand side as a tuple of accepted values."""
    if when is None or (isinstance(when, Mapping) and not when):
        return None
    if not isinstance(when, Mapping):
        raise SpaceError(
            f"{kind}: when must map a parent's name to the values that switch this parameter on, "
            f'got {when!r}. Write for example when={{"kernel": ["rbf", "poly"]}}.'
        )
    made: dict[str, tuple[Any, ...]] = {}
    for parent, accepted in when.items():
        made[str(parent)] = several(accepted)
        if not made[str(parent)]:
            raise SpaceError(
                f"{kind}: when[{parent!r}] is empty, so the parameter could never be active. "
                "Name at least one value of the parent, or drop the condition."
            )
    return made


def several(accepted: Any) -> tuple[Any, ...]:
    """The values that a condition or a forbidden combination accepts, in a fixed order."""
    if isinstance(accepted, set | frozenset):
        # The order of a set differs from process to process, and the log must not.
        return tuple(sorted(accepted, key=lambda value: (type(value).__name__, short(value))))
    return tuple(accepted) if isinstance(accepted, list | tuple | range) else (accepted,)


def listed(*parts: str | None) -> str:
    """The parts that there are, with commas."""
    return ", ".join(part for part in parts if part)


def is_plain(value: Any) -> bool:
    """Whether JSON can hold the value and give it back with the same type."""
    if type(value) is list:
        return all(map(is_plain, value))
    if type(value) is dict:  # {"label": ...} is how a label is written
        words = all(type(key) is str and key != "label" for key in value)
        return words and all(map(is_plain, value.values()))
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in SCALARS


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same option: one object, or same type and equal throughout."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):  # 1 == 1.0 == True, also inside a list
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    try:
        if isinstance(one, np.ndarray):
            return one.dtype == other.dtype and np.array_equal(one, other)
        return bool(one == other)
    except Exception:  # a data frame, say, does not know whether it equals another
        return False


def short(value: Any) -> str:
    """A repr that fits into a message and is the same in every process."""
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        text = name
    elif isinstance(value, set | frozenset):
        text = "{" + ", ".join(sorted(map(short, value))) + "}"
    else:
        text = " ".join(repr(value).split())
    if " at 0x" in text:
        text = type(value).__qualname__
    return text if len(text) <= 60 else text[:57] + "..."
