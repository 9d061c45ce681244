"""Points: counting and walking through the configurations of a finite space.

Everything here takes what is `Forbidden`, which knows the cube that it is forbidden in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from luthier.errors import SpaceError
from luthier.parameters import Raw
from luthier.space.conditions import Conditions
from luthier.space.forbidden import Forbidden

COUNTED = 200_000  # points of a finite space that are counted one by one before giving up


def size(forbidden: Forbidden) -> int | float:
    """How many distinct configurations there are; see `Space.size`."""
    if any(p.cells == math.inf for _, p in forbidden.cube.pairs):
        return math.inf
    total = 1
    for group in _groups(forbidden):
        made = _count(forbidden, group)
        if made is None:
            return math.inf
        total *= made
    return total


def _groups(forbidden: Forbidden) -> list[set[str]]:
    """Names in sets, such that neither conditions nor rules reach from one to another."""
    above = forbidden.cube.conditions.accepted
    links = [{name, *(parent for parent, _ in above[name])} for name in above]
    links += [{name for name, _ in item.clause} for item in forbidden.items]
    links += [set(above)] if forbidden.ruled else []
    groups: list[set[str]] = []
    for link in links:
        groups = [g for g in groups if not g & link] + [
            link.union(*(g for g in groups if g & link))
        ]
    return [g for g in groups if g]


def _count(forbidden: Forbidden, group: set[str]) -> int | None:
    """How many configurations the names of a group have, or None if too many to count."""
    parameters, conditions = forbidden.cube.parameters, forbidden.cube.conditions
    # Parents and what clauses name are walked; every other parameter only multiplies.
    walked = {parent for name in group for parent, _ in conditions.accepted[name]}
    walked |= {name for item in forbidden.items for name, _ in item.clause if name in group}
    walked = group if forbidden.ruled else walked
    order = [name for name in conditions.order if name in group]
    if any(parameters[name].cells > COUNTED for name in walked):
        return None
    levels = {name: parameters[name].levels() for name in walked}
    total = 0
    for seen, (raw, rest) in enumerate(_walk(levels, order, conditions)):
        if seen == COUNTED:
            return None
        if not forbidden.broken(raw):
            total += math.prod(int(parameters[name].cells) for name in rest)
    return total


def points(forbidden: Forbidden) -> Iterator[dict[str, Raw]]:
    """Every configuration of a finite space once; see `Space.points`."""
    pairs = forbidden.cube.pairs
    for name, p in pairs:
        if p.cells == math.inf:
            raise SpaceError(
                f"points: {name!r} is continuous, so there is no end of points. "
                f"Give {name!r} a step, or use sample."
            )
    yield from walk(forbidden, {name: p.levels() for name, p in pairs})


def walk(forbidden: Forbidden, levels: Mapping[str, Sequence[Raw]]) -> Iterator[dict[str, Raw]]:
    """Every allowed configuration made of the given raw values; see `Space.walk`."""
    cube = forbidden.cube
    for raw, _ in _walk(levels, cube.conditions.order, cube.conditions):
        if not forbidden.broken(raw):
            yield cube.in_order(raw)


def _walk(
    levels: Mapping[str, Sequence[Raw]], order: Sequence[str], conditions: Conditions
) -> Iterator[tuple[dict[str, Raw], list[str]]]:
    """Each combination of the walked parameters, and the active ones that are not walked."""

    def visit(
        depth: int, made: dict[str, Raw], rest: list[str]
    ) -> Iterator[tuple[dict[str, Raw], list[str]]]:
        for at in range(depth, len(order)):
            name = order[at]
            if not conditions.on(name, made):
                continue
            if name in levels:
                for raw in levels[name]:
                    yield from visit(at + 1, {**made, name: raw}, rest)
                return
            rest = [*rest, name]
        yield made, rest

    yield from visit(0, {}, [])
