"""Configurations that users give, and the default one, as raw values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luthier.errors import SpaceError
from luthier.parameters import MISSING, Choice, Parameter, Raw, short
from luthier.space.cube import Cube
from luthier.space.forbidden import Forbidden

Params = Mapping[str, Any]


def loose(params: Sequence[Params], cube: Cube) -> list[dict[str, Raw]]:
    """Raw values that may lie outside their ranges, of what is given and active.

    Raises
    ------
    SpaceError
        If a name is unknown, or a value is of the wrong type or none of the options.
    """
    if isinstance(params, Mapping):
        raise SpaceError(
            f"encode: expected a list of dicts, got one dict {dict(params)!r}. Wrap it in [ ]."
        )
    raws = []
    for given in params:
        cube.known(given)
        raw: dict[str, Raw] = {}
        for name in cube.conditions.order:
            if name in given and cube.conditions.on(name, raw):
                raw[name] = cube.parameters[name].loose(given[name], name)
        raws.append(raw)
    return raws


def check(params: Params, forbidden: Forbidden, *, partial: bool) -> dict[str, Raw]:
    """Raw values of a configuration that fits in every way; see `Space.check`."""
    cube = forbidden.cube
    if not isinstance(params, Mapping):
        raise SpaceError(
            f"Parameters must be a dict from names to values, got {params!r}. "
            f"The names are {', '.join(cube.names)}."
        )
    cube.known(params)
    made: dict[str, Raw] = {}
    for name in cube.conditions.order:
        p = cube.parameters[name]
        if cube.conditions.on(name, made):
            if name in params:
                made[name] = p.raw(params[name], name)
            elif p.cells == 1:
                made[name] = p.from_unit(0.5)
            elif not partial:
                raise SpaceError(
                    f"Parameters: {name!r} is missing from {dict(params)!r}. Give it a value."
                )
        elif name in params:
            needs = " and ".join(
                f"{parent} is {' or '.join(map(short, accepted))}"
                for parent, accepted in (p.when or {}).items()
            )
            raise SpaceError(
                f"Parameters: {name!r} is set to {params[name]!r}, but it is only active when "
                f"{needs}. Leave it out, or set that too."
            )
    made = cube.in_order(made)
    # A clause that holds for a part holds for the whole; a rule may need what is missing.
    if broken := forbidden.broken(made, rules=not partial):
        raise SpaceError(
            f"Parameters: {dict(params)!r} is forbidden by {broken}. Change one of the values."
        )
    return made


def default(forbidden: Forbidden) -> dict[str, Raw] | None:
    """The default configuration, or None unless every active parameter has a default."""
    cube = forbidden.cube
    made: dict[str, Raw] = {}
    told = False
    for name in cube.conditions.order:
        if cube.conditions.on(name, made):
            p = cube.parameters[name]
            raw = default_of(p)
            if raw is None:
                return None
            told = told or p.cells > 1
            made[name] = raw
    return cube.in_order(made) if told and not forbidden.broken(made) else None


def default_of(p: Parameter) -> Raw | None:
    """The default of one parameter, or its only value."""
    if p.cells == 1:
        return p.from_unit(0.5)
    if p.default is None and not isinstance(p, Choice):
        return None
    return None if p.default is MISSING else p.raw(p.default, "default")
