"""Points worth trying first: for each learner a few settings that together did well on real tables.

They were chosen by ``python -m benchmarks.portfolio choose`` and lie in ``portfolios.json``: lists
of parameters without a prefix, the best first, under the name of the class. A name that ends in
``*columns`` holds a number that is divided by the number of columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from luthier.errors import SpaceError
from luthier.models.presets.entry import Part
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
    with_one = [part for part in parts if part.kind in _chosen()]
    if len(with_one) != 1 or any(part.kind.startswith(ENSEMBLES) for part in parts):
        return
    part = with_one[0]
    usual = {name: space[name].default for name in space.names}
    seen = [space.default()]
    for entry in _chosen()[part.kind]:
        here = columns if part.shape.columns is None else part.shape.columns
        given = dict(_absolute(entry, here or COLUMNS))
        own = {f"{part.prefix}{name}": value for name, value in given.items()}
        point = _point(space, {**usual, **_spoken(space, own)})
        if point is not None and not any(same(point, other) for other in seen):
            seen.append(point)
            yield point


def _absolute(entry: Mapping[str, Any], columns: int) -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        base, _, relative = name.partition("*")
        yield base, (value / columns if relative else value)


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


def _point(space: Space, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The nearest point of the space, or None where an option is not there."""
    inside = {name: _clipped(space[name], value) for name, value in params.items()}
    try:
        there = space.decode(space.repair(space.encode([inside])))[0]
        return space.values(space.check({name: inside[name] for name in there}))
    except SpaceError:
        return None


def _clipped(p: Parameter, value: Any) -> Any:
    return value if isinstance(p, Choice) else min(max(value, p.low), p.high)
