"""Space: named parameters, and the map between their values and rows of the unit cube.

A row of ``X`` has one cell per parameter, in the order in which they were declared. A cell is
NaN where the parameter is inactive: its conditions do not hold, or, when a space is defined by
running, the trial never asked for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from keyword import iskeyword
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from luthier import space_json, space_likely, space_sklearn
from luthier.errors import LuthierError, SpaceError, nearest
from luthier.parameters import (
    MISSING,
    NUMPY,
    SCALARS,
    Array,
    Choice,
    Float,
    Int,
    Label,
    Parameter,
    Raw,
    Weights,
    is_plain,
    several,
    short,
)

__all__ = ["Choice", "Float", "Int", "Label", "Parameter", "Space"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Params = Mapping[str, Any]
Rule = Callable[[dict[str, Any]], bool]

COUNTED = 200_000  # points of a finite space that are counted one by one before giving up
TRIES = 10_000  # draws in search of an allowed point before the space is called empty


@dataclass(frozen=True)
class _Forbidden:
    """A combination never to try: values that all hold at once, or a rule with a name.

    With neither, it is a rule whose function is in a script and not in the file.
    """

    name: str = ""
    clause: tuple[tuple[str, tuple[Raw, ...]], ...] = ()
    rule: Rule | None = None


@dataclass(frozen=True)
class _Among:
    """Tells which rows hold one of some values in a column that has cells."""

    column: int
    parameter: Parameter
    cells: Array  # (a,) positions

    def holds(self, X: Array) -> Mask:
        at = self.parameter.floor(X[:, self.column])
        if len(self.cells) > 16:
            return np.isin(at, self.cells)
        made: Mask = (at[:, None] == self.cells).any(axis=1)  # 5 times as fast for few
        return made


class Space:
    """Named parameters to search over. Immutable: what changes it returns a new one.

    Parameters
    ----------
    parameters : mapping, optional
        From names to `Float`, `Int` or `Choice`; a plain number, string, bool or None is a
        constant. Names that are no Python identifiers go here.
    forbid : sequence, optional
        Combinations never to try, each as for `forbid`: a dict, or a function of the parameters.
    **named
        More parameters.

    Raises
    ------
    SpaceError
        If a condition names an unknown parent or value, or conditions form a ring.

    Examples
    --------
    >>> space = Space(C=Float(1e-3, 1e3, log=True), kernel=Choice("linear", "rbf", "poly"),
    ...               degree=Int(2, 5, when={"kernel": "poly"}))
    """

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        /,
        *,
        forbid: Mapping[str, Any] | Rule | Sequence[Mapping[str, Any] | Rule] = (),
        **named: Any,
    ) -> None:
        if parameters is not None and not isinstance(parameters, Mapping):
            raise SpaceError(
                f"Space: expected a dict from names to parameters, got {parameters!r}. "
                "Write Space(lr=Float(1e-5, 0.1, log=True)), or Space.load(path) for a file."
            )
        if isinstance(forbid, Float | Int | Choice):
            raise SpaceError(
                "Space: forbid= takes combinations never to try. For a parameter of that name "
                'write Space({"forbid": ...}).'
            )
        given = {**(parameters or {}), **named}
        made = {_name(name): _parameter(name, value) for name, value in given.items()}
        self._build(made, {}, (), checked=made)
        if isinstance(forbid, Mapping) or callable(forbid):
            forbid = [forbid]
        self._forbid = self._with(forbid, {})

    def _build(
        self,
        parameters: dict[str, Parameter],
        retired: dict[str, Parameter],
        forbid: tuple[_Forbidden, ...],
        *,
        checked: Container[str] = (),
    ) -> None:
        self._parameters = parameters
        self._retired = retired  # columns that a later script left out; their ids stay taken
        self._forbid = forbid
        self.names: tuple[str, ...] = tuple(parameters)
        self._index = {name: j for j, name in enumerate(self.names)}
        self._pairs = tuple(parameters.items())
        self._from_unit = tuple((name, p.from_unit) for name, p in self._pairs)
        known = {**retired, **parameters}
        self._choices = tuple((name, p) for name, p in known.items() if isinstance(p, Choice))
        self._conditions = {
            name: self._condition(name, p, strict=name in checked) for name, p in self._pairs
        }
        finite = [(j, p) for j, (_, p) in enumerate(self._pairs) if p.cells != math.inf]
        even = [(j, p) for j, p in finite if not p.log]
        self._even = [j for j, _ in even], np.array([p.cells for _, p in even], dtype=np.float64)
        self._uneven = [(j, p) for j, p in finite if p.log]
        self._order = self._sorted()
        self._flat = not any(self._conditions.values())
        self._switches = tuple(
            (self._index[name], self._among(parent, accepted))
            for name in self._order
            for parent, accepted in self._conditions[name]
        )
        for item in forbid:
            for name, _ in item.clause:
                self._countable(name, "forbid")

    @classmethod
    def _made(
        cls,
        parameters: dict[str, Parameter],
        retired: dict[str, Parameter],
        forbid: tuple[_Forbidden, ...] = (),
        *,
        checked: Container[str] = (),
    ) -> Space:
        """A space from its parts. Conditions of names that are not `checked` were, when they
        were written: since then, the values they name may have gone out of the parent's range.
        """
        space = cls.__new__(cls)
        space._build(parameters, retired, forbid, checked=checked)
        return space

    # -- conditions ---------------------------------------------------------------------------

    def _condition(
        self, name: str, p: Parameter, *, strict: bool
    ) -> tuple[tuple[str, frozenset[Raw]], ...]:
        """For each parent, the raw values that switch the parameter on."""
        made = []
        for parent, accepted in (p.when or {}).items():
            if parent not in self._parameters:
                raise SpaceError(
                    f"{name}: when names the parent {parent!r}, which is not in the space."
                    f"{nearest(parent, self.names)} Declare it, or correct the name."
                )
            above = self._countable(parent, f"{name}: when")
            parse = above.raw if strict else above.loose
            what = f"{name}: when[{parent!r}]"
            made.append((parent, frozenset(parse(value, what) for value in accepted)))
        return tuple(made)

    def _countable(self, name: str, what: str) -> Parameter:
        p = self._parameters[name]
        if p.cells == math.inf:
            raise SpaceError(
                f"{what}: {name!r} is continuous, so no value of it is ever met exactly. Use an "
                f"Int or a Choice, give {name!r} a step, or forbid by a function."
            )
        return p

    def _sorted(self) -> tuple[str, ...]:
        """The names, parents before children."""
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
                for parent, _ in self._conditions[name]:
                    visit(parent)
                path.pop()
                done[name] = None

        for name in self.names:
            visit(name)
        return tuple(done)

    def _on(self, name: str, raw: Mapping[str, Raw]) -> bool:
        for parent, accepted in self._conditions[name]:  # noqa: SIM110 - all() is twice as slow
            if raw.get(parent) not in accepted:
                return False
        return True

    def active(self, X: Array) -> Mask:
        """Which cells of rows in the cube are switched on by their parents' values.

        Returns
        -------
        (k, d) bool
            A child of an inactive parent is inactive.
        """
        on = np.ones(np.shape(X), dtype=bool)
        for j, above in self._switches:
            on[:, j] &= on[:, above.column] & above.holds(X)
        return on

    def _among(self, name: str, accepted: Iterable[Raw]) -> _Among:
        p = self._parameters[name]
        cells = [cell for raw in accepted if (cell := p.cell_of(raw)) is not None]
        return _Among(self._index[name], p, np.array(cells, dtype=np.float64))

    # -- arrays -------------------------------------------------------------------------------

    def sample(self, k: int, rng: Generator, *, likely: bool = False) -> Array:
        """Draw allowed points uniformly.

        Parameters
        ----------
        k : int
            How many.
        likely : bool
            Draw parameters that have `likely` from what is believed of them.

        Returns
        -------
        (k, d)
            Rows of the unit cube, NaN where inactive.

        Raises
        ------
        SpaceError
            If no allowed point is found in 10,000 draws.
        """
        X = self._drawn(k, rng, likely)
        if not self._forbid:
            return X
        found, in_vain = [X[self.allowed(X)]], 0
        while (missing := k - sum(map(len, found))) > 0:
            X = self._drawn(max(missing, 64), rng, likely)
            good = X[self.allowed(X)][:missing]
            in_vain = 0 if len(good) else in_vain + len(X)
            if in_vain > TRIES:
                raise SpaceError(
                    f"Space: no allowed point was found in {TRIES} draws; forbid rules out "
                    f"{self._rules()}. Loosen one of these rules."
                )
            found.append(good)
        return np.vstack(found)

    def _drawn(self, k: int, rng: Generator, likely: bool = False) -> Array:
        X = rng.random((k, len(self)))
        if likely:
            for j, belief in self._beliefs.items():
                X[:, j] = belief.draw(k, rng)
        if not self._flat:
            X[~self.active(X)] = np.nan
        return X

    # -- what the user believes ---------------------------------------------------------------

    @cached_property
    def _beliefs(self) -> dict[int, space_likely.Belief]:
        return space_likely.beliefs(self._pairs)

    @property
    def believed(self) -> bool:
        """Whether a parameter has `likely`."""
        return bool(self._beliefs)

    def log_likely(self, X: Array) -> Array:
        """How likely points are by what is believed of their active parameters, as a logarithm.

        Returns
        -------
        (k,)
            0 for a point as likely as in a uniform draw.
        """
        made = np.zeros(len(X))
        for j, belief in self._beliefs.items():
            on = ~np.isnan(X[:, j])
            made[on] += belief.log_density(np.clip(X[on, j], 0.0, 1.0))
        return made

    def log_likely_slope(self, X: Array) -> Array:
        """The derivatives of `log_likely` with respect to each cell. Shape (k, d)."""
        made = np.zeros(np.shape(X))
        for j, belief in self._beliefs.items():
            on = ~np.isnan(X[:, j])
            made[on, j] = belief.slope(np.clip(X[on, j], 0.0, 1.0))
        return made

    def allowed(self, X: Array) -> Mask:
        """Which rows avoid every forbidden combination. Shape (k,)."""
        good = np.ones(len(X), dtype=bool)
        for item in self._forbid:
            if item.clause:
                hit = np.ones(len(X), dtype=bool)
                for name, accepted in item.clause:
                    hit &= self._among(name, accepted).holds(X)
                good &= ~hit
        if self._ruled:
            for i in np.flatnonzero(good):
                good[i] = not self._broken(self.raw(X[i]))
        return good

    @property
    def _ruled(self) -> bool:
        """Whether a rule must be asked about every single configuration."""
        return any(not item.clause for item in self._forbid)

    def decode(self, X: Array) -> list[dict[str, Any]]:
        """Parameters of each row, as plain Python values; inactive names are left out.

        Parameters
        ----------
        X : (k, d)
            Rows of the unit cube; cells outside [0, 1] are brought inside first.
        """
        return [self.values(self.raw(x)) for x in self._rows(X)]

    def encode(self, params: Sequence[Params]) -> Array:
        """Rows of the unit cube for parameters. Undone by `decode`.

        Numbers outside their range land outside [0, 1]; names that are missing or inactive
        become NaN.

        Returns
        -------
        (k, d)

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
            self._known(given)
            raw: dict[str, Raw] = {}
            for name in self._order:
                if name in given and self._on(name, raw):
                    raw[name] = self._parameters[name].loose(given[name], name)
            raws.append(raw)
        return self.rows(raws)

    def repair(self, X: Array) -> Array:
        """The nearest rows that are points of this space.

        Cells are brought into [0, 1] and, where a parameter has cells, to the middle of theirs;
        missing ones that should be active are put to 0.5; inactive ones become NaN; a forbidden
        row is replaced by the nearest of 256 allowed draws.

        Returns
        -------
        (k, d)
        """
        X = self._rows(X)
        X = np.where(np.isnan(X), 0.5, np.clip(X, 0.0, 1.0))
        X = self.snap(X)
        X[~self.active(X)] = np.nan
        if self._forbid:
            for i in np.flatnonzero(~self.allowed(X)):
                # Seeded by the row itself, so that the same row is always repaired the same way.
                rng = np.random.default_rng(np.frombuffer(X[i].tobytes(), dtype=np.uint32))
                pool = self.snap(self.sample(256, rng))
                gap = np.nansum((self.fill(pool) - self.fill(X[i : i + 1])) ** 2, axis=1)
                X[i] = pool[np.argmin(gap)]
        return X

    def snap(self, X: Array) -> Array:
        """Each cell moved to the middle of its value's cell; continuous ones stay. Shape (k, d)."""
        X = self._rows(X)
        even, cells = self._even
        X[:, even] = (np.clip(np.floor(X[:, even] * cells), 0, cells - 1) + 0.5) / cells
        for j, p in self._uneven:
            X[:, j] = p.centre(p.floor(X[:, j]))
        return X

    def fill(self, X: Array) -> Array:
        """The rows with NaN put to 0.5, for methods that need numbers. Shape (k, d)."""
        return np.where(np.isnan(X), 0.5, X)

    def onehot(self, X: Array) -> Array:
        """The rows with each unordered choice spread over one column per option.

        Returns
        -------
        (k, e)
            1 in the column of the option that is set, else 0; all 0 where the choice is
            inactive or its option was taken away. Other parameters keep their one column.
        """
        columns = []
        for j, (_, p) in enumerate(self._pairs):
            u = X[:, j]
            if isinstance(p, Choice) and not p.ordered:
                live = (u >= 0) & (u <= 1)  # False for NaN
                at = p.cell(np.where(live, u, 0.5))
                columns.append((at[:, None] == np.arange(p.cells)) & live[:, None])
            else:
                columns.append(u[:, None])
        return np.hstack(columns).astype(np.float64) if columns else np.empty((len(X), 0))

    def _rows(self, X: Array) -> Array:
        """A copy of rows, or of one row, as (k, d)."""
        X = np.array(X, dtype=np.float64)
        if X.ndim == 1:
            X = X.reshape(0 if X.size == 0 else 1, -1 if X.size else len(self))
        if X.ndim != 2 or X.shape[1] != len(self):
            raise SpaceError(
                f"Space: expected rows of {len(self)} cells, one per parameter, "
                f"got an array of shape {X.shape}. Check which space made it."
            )
        return X

    # -- raw values: what the log keeps ---------------------------------------------------------

    def raw(self, x: Array) -> dict[str, Raw]:
        """The raw values of one row, active names only, in the order of the space."""
        made: dict[str, Raw] = {}
        cells = x.tolist()
        if self._flat:
            for (name, from_unit), u in zip(self._from_unit, cells, strict=True):
                if u == u:  # not NaN
                    made[name] = from_unit(u)
            return made
        for name in self._order:
            u = cells[self._index[name]]
            if u == u and self._on(name, made):
                made[name] = self._parameters[name].from_unit(u)
        return self._in_order(made)

    def _in_order(self, raw: dict[str, Raw]) -> dict[str, Raw]:
        if self._order == self.names:
            return raw
        return {name: raw[name] for name in self.names if name in raw}

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

    def rows(self, raws: Sequence[Mapping[str, Raw]]) -> Array:
        """Rows for raw values, NaN where a name is missing. Shape (k, d)."""
        X = np.empty((len(raws), len(self)))
        for j, (name, p) in enumerate(self._pairs):
            to_unit = p.to_unit
            X[:, j] = [math.nan if (at := raw.get(name)) is None else to_unit(at) for raw in raws]
        return X

    def key(self, raw: Mapping[str, Raw]) -> Hashable:
        """Equal for two configurations exactly when their parameters are."""
        return tuple(map(raw.get, self.names))

    def check(self, params: Params, *, partial: bool = False) -> dict[str, Raw]:
        """The raw values of parameters that a user gave.

        Parameters
        ----------
        params : mapping
            From names to values.
        partial : bool
            Let active names be missing.

        Raises
        ------
        SpaceError
            If a name is unknown, inactive or missing, a value does not fit, or the combination
            is forbidden.
        """
        if not isinstance(params, Mapping):
            raise SpaceError(
                f"Parameters must be a dict from names to values, got {params!r}. "
                f"The names are {', '.join(self.names)}."
            )
        self._known(params)
        made: dict[str, Raw] = {}
        for name in self._order:
            p = self._parameters[name]
            if self._on(name, made):
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
        made = self._in_order(made)
        # A clause that holds for a part holds for the whole; a rule may need what is missing.
        if broken := self._broken(made, rules=not partial):
            raise SpaceError(
                f"Parameters: {dict(params)!r} is forbidden by {broken}. Change one of the values."
            )
        return made

    def _known(self, params: Params) -> None:
        for name in params:
            if name not in self._parameters:
                raise SpaceError(
                    f"Parameters: {name!r} is not in the space.{nearest(str(name), self.names)} "
                    f"The names are {', '.join(self.names) or '(none)'}."
                )

    def complete(self, raw: Mapping[str, Raw], rng: Generator) -> dict[str, Raw]:
        """`raw` with what is missing taken from the defaults, else drawn uniformly.

        Where the defaults are forbidden, they are drawn too.

        Raises
        ------
        SpaceError
            If no allowed configuration is found in 10,000 draws.
        """
        for attempt in range(TRIES):
            made: dict[str, Raw] = {}
            for name in self._order:
                if not self._on(name, made):
                    continue
                p = self._parameters[name]
                default = None if attempt else self._default(p)
                if name in raw:
                    made[name] = raw[name]
                elif default is not None:
                    made[name] = default
                else:
                    made[name] = p.from_unit(float(rng.random()))
            if not (broken := self._broken(made)):
                return self._in_order(made)
        raise SpaceError(
            f"Parameters: no allowed configuration with {self.values(raw)!r} was found in {TRIES} "
            f"draws; the last was forbidden by {broken}. Change one of the values."
        )

    # -- defaults, size, every point --------------------------------------------------------------

    def default(self) -> dict[str, Any] | None:
        """The default configuration, or None unless every active parameter has a default."""
        raw = self.default_raw()
        return None if raw is None else self.values(raw)

    def default_raw(self) -> dict[str, Raw] | None:
        """`default` in raw values."""
        made: dict[str, Raw] = {}
        told = False
        for name in self._order:
            if self._on(name, made):
                p = self._parameters[name]
                raw = self._default(p)
                if raw is None:
                    return None
                told = told or p.cells > 1
                made[name] = raw
        return self._in_order(made) if told and not self._broken(made) else None

    @staticmethod
    def _default(p: Parameter) -> Raw | None:
        if p.cells == 1:
            return p.from_unit(0.5)
        if p.default is None and not isinstance(p, Choice):
            return None
        return None if p.default is MISSING else p.raw(p.default, "default")

    @cached_property
    def size(self) -> int | float:
        """How many distinct configurations there are.

        ``inf`` where a parameter is continuous, and where forbidden combinations leave more
        than 200,000 to count one by one.
        """
        if any(p.cells == math.inf for _, p in self._pairs):
            return math.inf
        total = 1
        for group in self._groups():
            made = self._count(group)
            if made is None:
                return math.inf
            total *= made
        return total

    def _groups(self) -> list[set[str]]:
        """Names in sets, such that neither conditions nor rules reach from one to another."""
        links = [{name, *(parent for parent, _ in self._conditions[name])} for name in self.names]
        links += [{name for name, _ in item.clause} for item in self._forbid]
        links += [set(self.names)] if self._ruled else []
        groups: list[set[str]] = []
        for link in links:
            groups = [g for g in groups if not g & link] + [
                link.union(*(g for g in groups if g & link))
            ]
        return [g for g in groups if g]

    def _count(self, group: set[str]) -> int | None:
        """How many configurations the names of a group have, or None if too many to count."""
        # Parents and what clauses name are walked; every other parameter only multiplies.
        walked = {parent for name in group for parent, _ in self._conditions[name]}
        walked |= {name for item in self._forbid for name, _ in item.clause if name in group}
        walked = group if self._ruled else walked
        order = [name for name in self._order if name in group]
        if any(self._parameters[name].cells > COUNTED for name in walked):
            return None
        levels = {name: self._parameters[name].levels() for name in walked}
        total = 0
        for seen, (raw, rest) in enumerate(self._walk(levels, order)):
            if seen == COUNTED:
                return None
            if not self._broken(raw):
                total += math.prod(int(self._parameters[name].cells) for name in rest)
        return total

    def points(self) -> Iterator[dict[str, Raw]]:
        """Every configuration of a finite space once, in raw values, in a fixed order."""
        for name, p in self._pairs:
            if p.cells == math.inf:
                raise SpaceError(
                    f"points: {name!r} is continuous, so there is no end of points. "
                    f"Give {name!r} a step, or use sample."
                )
        yield from self.walk({name: p.levels() for name, p in self._pairs})

    def walk(self, levels: Mapping[str, Sequence[Raw]]) -> Iterator[dict[str, Raw]]:
        """Every allowed configuration made of the given raw values, once each.

        Parameters
        ----------
        levels : mapping
            For each name, the raw values to use. The last name varies fastest.
        """
        for raw, _ in self._walk(levels, self._order):
            if not self._broken(raw):
                yield self._in_order(raw)

    def _walk(
        self, levels: Mapping[str, Sequence[Raw]], order: Sequence[str]
    ) -> Iterator[tuple[dict[str, Raw], list[str]]]:
        """Each combination of the walked parameters, and the active ones that are not walked."""

        def visit(
            depth: int, made: dict[str, Raw], rest: list[str]
        ) -> Iterator[tuple[dict[str, Raw], list[str]]]:
            for at in range(depth, len(order)):
                name = order[at]
                if not self._on(name, made):
                    continue
                if name in levels:
                    for raw in levels[name]:
                        yield from visit(at + 1, {**made, name: raw}, rest)
                    return
                rest = [*rest, name]
            yield made, rest

        yield from visit(0, {}, [])

    # -- forbidden combinations -------------------------------------------------------------------

    def forbid(self, *clauses: Mapping[str, Any] | Rule, **rules: Rule) -> Space:
        """A space that also leaves out some combinations.

        Parameters
        ----------
        *clauses
            Dicts such as ``{"solver": "liblinear", "penalty": ["l1", None]}``: forbidden where
            all of it holds, a list meaning any of its values.
        **rules
            Functions of the dict of active parameters, under a name; True means forbidden. Asking
            one for an inactive parameter (KeyError) counts as not forbidden. A study that is
            reopened needs the function again.
        """
        return self._made(dict(self._parameters), self._retired, self._with(clauses, rules))

    def _with(
        self, clauses: Iterable[Mapping[str, Any] | Rule], rules: Mapping[str, Rule]
    ) -> tuple[_Forbidden, ...]:
        """What is forbidden, with more; a rule takes the place of an earlier one of its name."""
        made = []
        for place, item in enumerate(clauses, len(self._forbid)):
            name = getattr(item, "__name__", "<lambda>")
            made.append(self._forbidden(item, f"rule {place}" if name == "<lambda>" else name))
        made += [self._forbidden(rule, name) for name, rule in rules.items()]
        names = [item.name for item in made if item.name]
        for name in names:
            if names.count(name) > 1:
                raise SpaceError(
                    f"forbid: two rules are named {name!r}, so a file could not tell them apart. "
                    "Name them: forbid(first=..., second=...)."
                )
        kept = (item for item in self._forbid if not item.name or item.name not in names)
        return (*kept, *made)

    def _forbidden(
        self, item: Mapping[str, Any] | Rule, name: str, *, strict: bool = True
    ) -> _Forbidden:
        if callable(item):
            made = _Forbidden(name, rule=item)
            self._try_rule(made)
            return made
        if not isinstance(item, Mapping) or not item:
            raise SpaceError(
                f"forbid: expected a dict of values or a function of the parameters, got {item!r}. "
                'Write for example forbid({"kernel": "poly", "degree": 5}).'
            )
        self._known(item)
        clause = []
        for key, accepted in item.items():
            p = self._countable(key, "forbid")
            parse = p.raw if strict else p.loose
            raws = {parse(value, f"forbid[{key!r}]") for value in several(accepted)}
            if not raws:
                raise SpaceError(
                    f"forbid[{key!r}]: there is no value in the list. Name at least one, or leave "
                    f"{key!r} out to forbid all of them."
                )
            clause.append((key, tuple(sorted(raws))))
        return _Forbidden(clause=tuple(clause))

    def _try_rule(self, item: _Forbidden) -> None:
        """Call a rule on a few points, so that a typo in it shows before anything has run."""
        for x in self._drawn(8, np.random.default_rng(0)):
            self._apply(item, self.values(self.raw(x)))

    def _apply(self, item: _Forbidden, params: dict[str, Any]) -> bool:
        if item.rule is None:
            raise SpaceError(
                f"forbid {item.name!r}: its function is not stored. Give the space with "
                f"forbid({item.name}=...) again, as the script that made the study did."
            )
        try:
            return bool(item.rule(dict(params)))
        except KeyError as error:
            missing = error.args[0] if error.args else "?"
            if missing in self._parameters:
                return False  # the rule speaks of a parameter that is inactive here
            raise SpaceError(
                f"forbid {item.name!r}: the rule asks for {missing!r}, which is not in the space."
                f"{nearest(str(missing), self.names)} The names are {', '.join(self.names)}."
            ) from error
        except LuthierError:
            raise
        except Exception as error:
            raise SpaceError(
                f"forbid {item.name!r}: the rule raised {type(error).__name__}: {error} "
                f"for {params!r}. It must return True or False for every configuration."
            ) from error

    def _broken(self, raw: Mapping[str, Raw], *, rules: bool = True) -> str | None:
        """The forbidden combination that holds, in words, or None."""
        for item in self._forbid:
            if item.clause:
                if all(raw.get(name) in accepted for name, accepted in item.clause):
                    return self._text(item)
            elif rules and self._apply(item, self.values(raw)):
                return repr(item.name)
        return None

    def _clause(self, item: _Forbidden) -> dict[str, list[Any]]:
        """A clause with values in place of raw values."""
        return {
            name: [self._parameters[name].value(raw) for raw in accepted]
            for name, accepted in item.clause
        }

    def _text(self, item: _Forbidden) -> str:
        if not item.clause:
            return item.name
        shown = (
            f"{name!r}: {' or '.join(map(short, values))}"
            for name, values in self._clause(item).items()
        )
        return "{" + ", ".join(shown) + "}"

    def _rules(self) -> str:
        return "; ".join(map(self._text, self._forbid))

    # -- growing ---------------------------------------------------------------------------------

    def grow(self, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space with parameters added, or their ranges and options changed.

        Earlier trials are kept: where a range becomes narrower or an option goes away, their
        cells lie outside [0, 1].
        """
        given = {**(parameters or {}), **named}
        fresh = {_name(name): _parameter(name, value) for name, value in given.items()}
        return self._with_parameters({**self._parameters, **fresh}, self._forbid, checked=fresh)

    def fix(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space in which some parameters have only the given value left.

        A parameter that is fixed keeps its conditions: where it is active, it has that value.

        Raises
        ------
        SpaceError
            If a name is unknown, a value does not fit, one value makes another parameter of these
            inactive, or together they are forbidden.
        """
        fresh: dict[str, Parameter] = {}
        given = {**(values or {}), **named}
        self._known(given)
        self._check_together({name: self[name].raw(value, name) for name, value in given.items()})
        for name, value in given.items():
            p = self._parameters[name]
            kept = p.value(p.raw(value, name))
            if isinstance(p, Choice):
                fresh[name] = Choice(
                    kept, ordered=p.ordered, when=p.when, _ids=(p.raw(kept, name),)
                )
            elif isinstance(p, Int):
                low = high = int(kept)
                fresh[name] = replace(p, low=low, high=high, default=None, likely=None)
            else:
                fresh[name] = replace(p, low=kept, high=kept, default=None, likely=None)
        return self._with_parameters({**self._parameters, **fresh}, self._forbid)

    def without(self, *names: str) -> Space:
        """A space that lacks some parameters, and the forbidden combinations that name them.

        Raises
        ------
        SpaceError
            If a name is unknown, or a parameter that stays depends on it.
        """
        self._known(dict.fromkeys(names))
        left = {name: p for name, p in self._parameters.items() if name not in names}
        kept = (item for item in self._forbid if not {n for n, _ in item.clause} & {*names})
        return self._with_parameters(left, tuple(kept))

    def _check_together(self, raw: Mapping[str, Raw]) -> None:
        """Refuse fixed values that exclude each other."""
        off: dict[str, str] = {}  # names that are never active, and the fixed name that says so
        for name in self._order:
            for parent, accepted in self._conditions[name]:
                if parent in off or (parent in raw and raw[parent] not in accepted):
                    off[name] = off.get(parent, parent)
            if name in raw and name in off:
                above = off[name]
                value = self._parameters[above].value(raw[above])
                raise SpaceError(
                    f"fix: {name!r} is never active while {above!r} is {short(value)}. "
                    "Leave one of them out."
                )
        if broken := self._broken(raw, rules=False):
            raise SpaceError(
                f"fix: these values are forbidden together, by {broken}. Change one of them."
            )

    def within(self, parameters: Mapping[str, Parameter]) -> Space:
        """A space in which some parameters have less than their range or options.

        Conditions stay as they are, also where they name values that are left out.
        """
        return self._with_parameters({**self._parameters, **parameters}, self._forbid)

    def adopt(self, later: Space) -> Space:
        """`later`, with the ids that this space gave to options, matched by value or label.

        Raises
        ------
        SpaceError
            If a parameter changed its type: earlier values would lose their meaning.
        """
        space = self._with_parameters(later._parameters, ())
        # Clauses hold raw values of `later`; its options may have other ids here.
        space._forbid = tuple(
            space._forbidden(later._clause(item), "", strict=False) if item.clause else item
            for item in later._forbid
        )
        return space

    def _with_parameters(
        self,
        parameters: Mapping[str, Parameter],
        forbid: tuple[_Forbidden, ...],
        *,
        checked: Container[str] = (),
    ) -> Space:
        old = {**self._retired, **self._parameters}
        made = {name: _adopted(name, old.get(name), p) for name, p in parameters.items()}
        retired = {name: p for name, p in old.items() if name not in made}
        return self._made(made, retired, forbid, checked=checked)

    def dressed(self, script: Space) -> Space:
        """This space with the objects and rules of a script's, matched by label and name."""
        made: dict[str, Parameter] = {}
        for name, p in self._pairs:
            own = script._parameters.get(name)
            if isinstance(p, Choice) and isinstance(own, Choice):
                known = dict(zip(own.labels, own.options, strict=True))
                options = [known.get(x.text, x) if isinstance(x, Label) else x for x in p.options]
                p = Choice(
                    *options,
                    ordered=p.ordered,
                    default=MISSING if p.default is MISSING else options[p.find(p.default) or 0],
                    when=p.when,
                    likely=None if p.likely is None else Weights(p.likely),
                    _ids=p.ids,
                    _retired=p.retired,
                )
            made[name] = p
        rules = {item.name: item for item in script._forbid if item.rule is not None}
        forbid = tuple(item if item.clause else rules.get(item.name, item) for item in self._forbid)
        return self._made(made, self._retired, forbid)

    def without_values(self) -> bool:
        """Whether an option or a rule is known by name only, so that its script must be run."""
        lost = any(item.rule is None and not item.clause for item in self._forbid)
        return lost or any(
            isinstance(option, Label)
            for _, p in self._pairs
            if isinstance(p, Choice)
            for option in p.options
        )

    # -- to and from files ------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns into an equal space; options by label where need be."""
        known = {**self._retired, **self._parameters}
        made: dict[str, Any] = {
            "parameters": {name: space_json.dump(p, known) for name, p in self._pairs},
            "forbid": [
                {
                    name: [space_json.dump_value(value, known[name]) for value in values]
                    for name, values in self._clause(item).items()
                }
                if item.clause
                else item.name
                for item in self._forbid
            ],
        }
        if self._retired:
            made["retired"] = {n: space_json.dump(p, known) for n, p in self._retired.items()}
        return made

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """The space that plain data describes, as `to_json` makes it or a file holds it.

        Raises
        ------
        SpaceError
            If a key is unknown or a parameter is not well formed.
        """
        parameters, forbid, retired = space_json.parse(data)
        made = {_name(name): _parameter(name, value) for name, value in parameters.items()}
        # `to_json` writes a heading; a range may have become narrower than a condition says.
        by_hand = "parameters" not in data
        space = cls._made(made, retired, checked=made if by_hand else ())
        space._forbid = tuple(
            _Forbidden(item)
            if isinstance(item, str)
            else space._forbidden(item, "", strict=by_hand)
            for item in forbid
        )
        return space

    def save(self, path: str | Path) -> None:
        """Write the space to a ``.json`` file.

        Raises
        ------
        SpaceError
            If the file cannot be written, or its name ends otherwise.
        """
        space_json.write(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Space:
        """The space that a ``.toml`` or ``.json`` file describes.

        Raises
        ------
        SpaceError
            If the file cannot be read, or says something that is not understood.
        """
        data = space_json.read(Path(path))
        try:
            return cls.from_json(data)
        except SpaceError as error:
            raise SpaceError(f"{path}: {error}") from None

    @classmethod
    def from_sklearn(cls, grid: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Space:
        """The space of scikit-learn's ``param_grid`` or ``param_distributions``.

        Parameters
        ----------
        grid : dict or list of dicts
            Values are lists, or frozen SciPy distributions, whose scale is kept: ``loguniform``
            becomes a logarithmic range. Several dicts become branches, under a parameter whose
            options tell them apart where there is one, else under a choice named ``branch``.
        """
        parameters, forbid = space_sklearn.parameters_of(grid)
        return cls(parameters, forbid=forbid)

    # -- a mapping of names ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._parameters:
            raise SpaceError(
                f"Space: there is no parameter {name!r}.{nearest(str(name), self.names)} "
                f"The names are {', '.join(self.names) or '(none)'}."
            )
        return self._parameters[name]

    def items(self) -> Iterator[tuple[str, Parameter]]:
        """Names and parameters, in order."""
        return iter(self._pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return (
            self._pairs == other._pairs
            and self._conditions == other._conditions
            and self._forbid == other._forbid
        )

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        if not self.names:
            return "Space()"
        words = all(name.isidentifier() and not iskeyword(name) for name in self.names)
        lines = [
            f"    {name}={p!r}," if words else f"    {name!r}: {p!r}," for name, p in self._pairs
        ]
        if self._forbid:
            lines.append(f"    # forbidden: {self._rules()}")
        inside = "\n".join(lines)
        return f"Space(\n{inside}\n)" if words else f"Space({{\n{inside}\n}})"


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
            f"{name}: got a {type(given).__name__}, {short(given)}. Write Choice(*options) to "
            "choose among its values, or Space.from_sklearn(...) for a scikit-learn grid."
        )
    if hasattr(given, "rvs"):
        raise SpaceError(
            f"{name}: got a SciPy distribution. Use Space.from_sklearn({{...}}) to convert it."
        )
    raise SpaceError(
        f"{name}: expected Float, Int, Choice or a constant, got {short(given)} "
        f"({type(given).__name__}). Wrap any other object in Choice(...)."
    )


def _adopted(name: str, before: Parameter | None, later: Parameter) -> Parameter:
    """`later` with the ids that its options had `before`, and fresh ids for new ones."""
    if before is not None and type(before) is not type(later):
        raise SpaceError(
            f"{name}: was {before!r} and is now {later!r}; a parameter cannot change its type, "
            "because earlier trials would lose theirs. Use another name."
        )
    if later is before:
        return later
    if not isinstance(later, Choice) or not isinstance(before, Choice):
        return _widest(before, later)
    ids: list[int | None] = [_id_of(before, option, None) for option in later.options]
    for place, (option, label) in enumerate(zip(later.options, later.labels, strict=True)):
        if ids[place] is None and (found := _id_of(before, option, label)) not in ids:
            ids[place] = found
    names = dict(before.retired) | dict(zip(before.ids, before.labels, strict=True))
    fresh = count(max(names) + 1)
    taken = tuple(next(fresh) if stable is None else stable for stable in ids)
    retired = tuple((stable, label) for stable, label in names.items() if stable not in taken)
    return Choice(
        *later.options,
        ordered=later.ordered,
        default=later.default,
        when=later.when,
        likely=None if later.likely is None else Weights(later.likely),
        _ids=taken,
        _retired=retired,
    )


def _widest(before: Parameter | None, later: Parameter) -> Parameter:
    """`later` with what its range was widened to `before`, when it is the one it was widened from.

    A script declares the range that it began with, each time it runs.
    """
    if isinstance(later, Choice) or isinstance(before, Choice) or before is None:
        return later
    if not later.extend or (before.extend, before.log, before.step) != (
        later.extend,
        later.log,
        later.step,
    ):
        return later
    low, high = min(before.low, later.low), max(before.high, later.high)
    return replace(later, low=low, high=high)  # type: ignore[arg-type]  # of an Int both are whole


def _id_of(before: Choice, option: Any, label: str | None) -> int | None:
    """The id of an option that is the same or, when a label is given, has that label."""
    if label is None:
        place = before.find(option)
        return None if place is None else before.ids[place]
    for stable, other, known in zip(before.ids, before.options, before.labels, strict=True):
        # 1 and "1" have one label but are told apart by value, which both sides know.
        if known == label and not (is_plain(option) and is_plain(other)):
            return stable
    return next((stable for stable, known in before.retired if known == label), None)
