"""Declared: what users write for a parameter, and what they may have meant where it is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.errors import SpaceError
from luthier.parameters import NUMPY, SCALARS, Choice, Float, Int, Parameter, short


def declared(given: Mapping[str, Any]) -> dict[str, Parameter]:
    """Parameters under checked names; a plain value is a constant."""
    return {_name(name): _parameter(name, value) for name, value in given.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise SpaceError(
            f"Space: a parameter's name must be a string that is not empty, got {name!r}. "
            "Name it as the objective will ask for it."
        )
    return name


def _parameter(name: str, given: Any) -> Parameter:
    """A parameter as it is; a plain value as a constant."""
    if isinstance(given, Parameter):
        return given
    if isinstance(given, SCALARS + NUMPY):
        return Choice(given)
    if isinstance(given, type) and issubclass(given, Float | Int | Choice):
        raise SpaceError(f"{name}: got the class {given.__name__} itself. Give it a range.")
    if isinstance(given, list | tuple | set | range):
        raise SpaceError(
            f"{name}: got a {type(given).__name__}, {short(given)}. Write {_range(given)}"
            "Choice(*options) to choose among its values, or Space.from_sklearn(...) for a "
            "scikit-learn grid."
        )
    if hasattr(given, "rvs"):
        raise SpaceError(
            f"{name}: got a SciPy distribution. Use Space.from_sklearn({{...}}) to convert it."
        )
    raise SpaceError(
        f"{name}: expected Float, Int, Choice or a constant, got {short(given)} "
        f"({type(given).__name__}). Wrap any other object in Choice(...)."
    )


def _range(given: Any) -> str:
    """What to write for a pair of numbers, which is a range in other libraries; else nothing."""
    kinds = {type(end) for end in given} if isinstance(given, tuple) and len(given) == 2 else set()
    if not kinds or not kinds <= {int, float}:
        return ""
    return f"{'Int' if kinds == {int} else 'Float'}{given!r} for a range, "
