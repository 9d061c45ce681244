"""Cube: the map between raw values and rows of the unit cube.

What is allowed is not known here: forbidden combinations stand in `luthier.space.forbidden`.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator

from luthier.errors import SpaceError, nearest
from luthier.parameters import Array, Choice, Parameter, Raw
from luthier.space.conditions import Conditions
from luthier.space.likely import Belief


class Cube:
    """One column per parameter, NaN where it is inactive. Immutable.

    Parameters
    ----------
    parameters : dict
        From names to parameters, in the order of the columns.
    retired : dict
        Parameters that had a column until a later script left them out. Their ids stay taken, and
        raw values of theirs can still be shown.
    checked : container of str
        Names whose conditions are checked strictly, see `Conditions`.

    Raises
    ------
    SpaceError
        If a condition names an unknown parent or value, or conditions form a ring.
    """

    def __init__(
        self,
        parameters: dict[str, Parameter],
        retired: Mapping[str, Parameter] = MappingProxyType({}),
        *,
        checked: Container[str] = (),
    ) -> None:
        self.parameters = parameters
        self.retired = dict(retired)
        self.conditions = Conditions(parameters, checked=checked)
        self.names: tuple[str, ...] = tuple(parameters)
        self.column = {name: j for j, name in enumerate(self.names)}
        self.pairs = tuple(parameters.items())
        self._from_unit = tuple((name, p.from_unit) for name, p in self.pairs)
        known = {**retired, **parameters}
        self._choices = tuple((name, p) for name, p in known.items() if isinstance(p, Choice))
        finite = [(j, p) for j, (_, p) in enumerate(self.pairs) if p.cells != math.inf]
        even = [(j, p) for j, p in finite if not p.log]
        self._even = [j for j, _ in even], np.array([p.cells for _, p in even], dtype=np.float64)
        self._uneven = [(j, p) for j, p in finite if p.log]

    def known(self, names: Iterable[str]) -> None:
        """Refuse names that are not in the space."""
        for name in names:
            if name not in self.parameters:
                raise SpaceError(
                    f"Parameters: {name!r} is not in the space.{nearest(str(name), self.names)} "
                    f"The names are {', '.join(self.names) or '(none)'}."
                )

    # -- rows -------------------------------------------------------------------------------------

    def checked(self, X: Array) -> Array:
        """A copy of rows, or of one row, as (k, d)."""
        X = np.array(X, dtype=np.float64)
        d = len(self.names)
        if X.ndim == 1:
            X = X.reshape(0 if X.size == 0 else 1, -1 if X.size else d)
        if X.ndim != 2 or X.shape[1] != d:
            raise SpaceError(
                f"Space: expected rows of {d} cells, one per parameter, "
                f"got an array of shape {X.shape}. Check which space made it."
            )
        return X

    def draw(self, k: int, rng: Generator, beliefs: Mapping[int, Belief]) -> Array:
        """Rows (k, d), uniform but for columns of which something is believed."""
        X = rng.random((k, len(self.names)))
        for j, belief in beliefs.items():
            X[:, j] = belief.draw(k, rng)
        if not self.conditions.flat:
            X[~self.conditions.active(X)] = np.nan
        return X

    def snap(self, X: Array) -> Array:
        """A copy with each cell in the middle of its value's cell; continuous ones stay."""
        X = self.checked(X)
        even, cells = self._even
        X[:, even] = (np.clip(np.floor(X[:, even] * cells), 0, cells - 1) + 0.5) / cells
        for j, p in self._uneven:
            X[:, j] = p.centre(p.floor(X[:, j]))
        return X

    def onehot(self, X: Array) -> Array:
        """The rows with each unordered choice spread over one column per option. Shape (k, e)."""
        columns = []
        for j, (_, p) in enumerate(self.pairs):
            u = X[:, j]
            if isinstance(p, Choice) and not p.ordered:
                live = (u >= 0) & (u <= 1)  # False for NaN
                at = p.cell(np.where(live, u, 0.5))
                columns.append((at[:, None] == np.arange(p.cells)) & live[:, None])
            else:
                columns.append(u[:, None])
        return np.hstack(columns).astype(np.float64) if columns else np.empty((len(X), 0))

    # -- raw values -------------------------------------------------------------------------------

    def raw(self, x: Array) -> dict[str, Raw]:
        """The raw values of one row, active names only, in the order of the columns."""
        made: dict[str, Raw] = {}
        cells = x.tolist()
        conditions = self.conditions
        if conditions.flat:
            for (name, from_unit), u in zip(self._from_unit, cells, strict=True):
                if u == u:  # not NaN
                    made[name] = from_unit(u)
            return made
        for name in conditions.order:
            u = cells[self.column[name]]
            if u == u and conditions.on(name, made):
                made[name] = self.parameters[name].from_unit(u)
        return self.in_order(made)

    def in_order(self, raw: dict[str, Raw]) -> dict[str, Raw]:
        """Raw values in the order of the columns."""
        if self.conditions.order == self.names:
            return raw
        return {name: raw[name] for name in self.names if name in raw}

    def rows(self, raws: Sequence[Mapping[str, Raw]]) -> Array:
        """Rows for raw values, NaN where a name is missing. Shape (k, d)."""
        X = np.empty((len(raws), len(self.names)))
        for j, (name, p) in enumerate(self.pairs):
            to_unit = p.to_unit
            X[:, j] = [math.nan if (at := raw.get(name)) is None else to_unit(at) for raw in raws]
        return X

    def values(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters as the objective gets them."""
        made: dict[str, Any] = dict(raw)
        for name, p in self._choices:
            if name in made:
                made[name] = p.value(made[name])
        return made

    def labels(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters for tables and figures: numbers, and the names of options."""
        made: dict[str, Any] = dict(raw)
        for name, p in self._choices:
            if name in made:
                made[name] = p.label(made[name])
        return made
