"""Conditions: which parameters of a space are active, by the values of their parents."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from luthier.errors import SpaceError, nearest
from luthier.parameters import Array, Mask, Parameter, Raw


def countable(p: Parameter, name: str, what: str) -> Parameter:
    """The parameter `name`, whose single values can be met; an error names `what` speaks of it."""
    if p.cells == math.inf:
        raise SpaceError(
            f"{what}: {name!r} is continuous, so no value of it is ever met exactly. Use an "
            f"Int or a Choice, give {name!r} a step, or forbid by a function."
        )
    return p


@dataclass(frozen=True)
class Among:
    """Tells which rows hold one of some values in a column that has cells."""

    column: int
    parameter: Parameter
    cells: Array  # (a,) positions

    @classmethod
    def of(cls, column: int, p: Parameter, accepted: Iterable[Raw]) -> Among:
        """For raw values; those that the parameter has lost are in no row."""
        cells = [cell for raw in accepted if (cell := p.cell_of(raw)) is not None]
        return cls(column, p, np.array(cells, dtype=np.float64))

    def holds(self, X: Array) -> Mask:
        """Shape (k,)."""
        at = self.parameter.floor(X[:, self.column])
        if len(self.cells) > 16:
            return np.isin(at, self.cells)
        made: Mask = (at[:, None] == self.cells).any(axis=1)  # 5 times as fast for few
        return made


class Conditions:
    """The conditions of some parameters. Immutable.

    Parameters
    ----------
    parameters : mapping
        From names to parameters, in the order of the columns.
    checked : container of str
        Names whose conditions are to be checked against the values that their parents have. The
        others were, when they were written: since then, the values they name may have gone out
        of the parent's range.

    Attributes
    ----------
    accepted : dict
        For each name its parents, each with the raw values that switch it on.
    order : tuple of str
        The names, parents before children.
    flat : bool
        No parameter has a condition.
    """

    def __init__(
        self, parameters: Mapping[str, Parameter], *, checked: Container[str] = ()
    ) -> None:
        self.accepted = {
            name: _accepted(name, parameters, strict=name in checked) for name in parameters
        }
        self.order = self._sorted()
        self.flat = not any(self.accepted.values())
        column = {name: j for j, name in enumerate(parameters)}
        self._switches = tuple(
            (column[name], Among.of(column[parent], parameters[parent], accepted))
            for name in self.order
            for parent, accepted in self.accepted[name]
        )

    def _sorted(self) -> tuple[str, ...]:
        done: dict[str, None] = {}
        path: list[str] = []

        def visit(name: str) -> None:
            if name in path:
                ring = " -> ".join([*path[path.index(name) :], name])
                raise SpaceError(
                    f"Space: the conditions form a ring, {ring}. "
                    "Remove one of them: a parameter cannot depend on itself."
                )
            if name not in done:
                path.append(name)
                for parent, _ in self.accepted[name]:
                    visit(parent)
                path.pop()
                done[name] = None

        for name in self.accepted:
            visit(name)
        return tuple(done)

    def on(self, name: str, raw: Mapping[str, Raw]) -> bool:
        """Whether a parameter is active beside raw values, which hold its active parents."""
        for parent, accepted in self.accepted[name]:  # noqa: SIM110 - all() is twice as slow
            if raw.get(parent) not in accepted:
                return False
        return True

    def active(self, X: Array) -> Mask:
        """Which cells of rows are switched on. Shape (k, d)."""
        on = np.ones(np.shape(X), dtype=bool)
        for j, above in self._switches:
            on[:, j] &= on[:, above.column] & above.holds(X)
        return on


def _accepted(
    name: str, parameters: Mapping[str, Parameter], *, strict: bool
) -> tuple[tuple[str, frozenset[Raw]], ...]:
    """For each parent of one parameter, the raw values that switch it on."""
    made = []
    for parent, accepted in (parameters[name].when or {}).items():
        if parent not in parameters:
            raise SpaceError(
                f"{name}: when names the parent {parent!r}, which is not in the space."
                f"{nearest(parent, tuple(parameters))} Declare it, or correct the name."
            )
        above = countable(parameters[parent], parent, f"{name}: when")
        parse = above.raw if strict else above.loose
        what = f"{name}: when[{parent!r}]"
        made.append((parent, frozenset(parse(value, what) for value in accepted)))
    return tuple(made)
