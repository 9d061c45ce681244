"""Points worth trying first: for each learner a few settings that together did well on real tables.

They were chosen by ``python -m benchmarks.portfolio choose`` and lie in ``portfolios.json``: lists
of parameters without a prefix, the best first, under the name of the class. A name that ends in
``*columns`` holds a number that is divided by the number of columns, one that ends in ``/spread``
a number of standard deviations of the target.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from luthier.errors import SpaceError
from luthier.models.presets.entry import Part
from luthier.models.presets.experience import Experience, recorded
from luthier.parameters import Choice, Parameter, same
from luthier.space import Space

COLUMNS = 10  # where their number is not known
ENSEMBLES = ("AdaBoost", "Bagging", "Stacking", "Voting")


@cache
def _chosen() -> Mapping[str, list[dict[str, Any]]]:
    file = resources.files(__package__) / "portfolios.json"
    made: Mapping[str, list[dict[str, Any]]] = json.loads(file.read_text())["points"]
    return made


def points(space: Space, parts: Sequence[Part], columns: int | None) -> Iterator[dict[str, Any]]:
    """The points of a space that set one model to what its portfolio holds.

    Everything else is at its default. There is a portfolio where exactly one model inside the
    estimator has one, and it is no member of an ensemble: what is good alone need not be there.
    """
    part = _one(parts, _chosen())
    if part is None:
        return
    seen = [space.default()]
    for entry in _chosen()[part.kind]:
        point = _within(space, part, entry, columns)
        if point is not None and not any(same(point, other) for other in seen):
            seen.append(point)
            yield point


def tried_elsewhere(
    space: Space, parts: Sequence[Part], columns: int | None
) -> tuple[tuple[dict[str, Any], ...], Experience] | None:
    """The points of a space that were scored on other tables, and how they did there."""
    part = _one(parts, recorded())
    if part is None:
        return None
    found: list[dict[str, Any]] = []
    kept: list[int] = []
    for number, entry in enumerate(recorded()[part.kind]["points"]):
        point = _within(space, part, entry, columns)
        if point is not None and not any(same(point, other) for other in found):
            found.append(point)
            kept.append(number)
    regrets = np.array(recorded()[part.kind]["regrets"])[:, kept] / 100
    return tuple(found), Experience(regrets)


def _one(parts: Sequence[Part], kinds: Container[str]) -> Part | None:
    """The one model inside an estimator of which something is known."""
    known = [part for part in parts if part.kind in kinds]
    if len(known) != 1 or any(part.kind.startswith(ENSEMBLES) for part in parts):
        return None
    return known[0]


def _within(
    space: Space, part: Part, entry: Mapping[str, Any], columns: int | None
) -> dict[str, Any] | None:
    """The point with these settings of one model."""
    here = columns if part.shape.columns is None else part.shape.columns
    given = absolute(entry, here, part.shape.spread)
    return placed(space, {f"{part.prefix}{n}": v for n, v in given.items()})


def absolute(entry: Mapping[str, Any], columns: int | None, spread: float | None) -> dict[str, Any]:
    """Parameters from those that are relative to the columns or to the spread of the target."""
    made = {}
    for name, value in entry.items():
        base = name.removesuffix("*columns").removesuffix("/spread")
        if name.endswith("*columns"):
            value = value / (columns or COLUMNS)
        elif name.endswith("/spread"):
            value = value * (spread or 1.0)
        made[base] = value
    return made


def _spoken(space: Space, given: Mapping[str, Any]) -> dict[str, Any]:
    """With ``"value"`` where the estimator's own setting made a word of what usually is none."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        there = space[name] if name in space.names else None
        spoken = isinstance(there, Choice) and there.find(value) is None
        if spoken and f"{name}_value" in space.names and not isinstance(value, str):
            made |= {name: "value", f"{name}_value": value}
        elif there is not None:
            made[name] = value
    return made


def placed(space: Space, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The nearest point of the space with these settings, and all else at its default.

    None where an option is not there.
    """
    params = {**{name: space[name].default for name in space.names}, **_spoken(space, given)}
    inside = {name: _clipped(space[name], value) for name, value in params.items()}
    try:
        there = space.decode(space.repair(space.encode([inside])))[0]
        return space.values(space.check({name: inside[name] for name in there}))
    except SpaceError:
        return None


def _clipped(p: Parameter, value: Any) -> Any:
    return value if isinstance(p, Choice) else min(max(value, p.low), p.high)
