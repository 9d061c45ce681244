"""Space: named parameters, and the map between their values and rows of the unit cube.

A row of ``X`` has one cell per parameter, in the order in which they were declared. A cell is
NaN where the parameter is inactive: its conditions do not hold, or, when a space is defined by
running, the trial never asked for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from luthier import space_json, space_sklearn
from luthier.errors import LuthierError, SpaceError, nearest
from luthier.parameters import (
    MISSING,
    Array,
    Choice,
    Float,
    Int,
    Label,
    Parameter,
    Raw,
    _short,
)

__all__ = ["Choice", "Float", "Int", "Label", "Parameter", "Space"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Params = Mapping[str, Any]
Rule = Callable[[dict[str, Any]], bool]

COUNTED = 1_000_000  # points of a finite space that are counted one by one before giving up
TRIES = 10_000  # draws in search of an allowed point before the space is called empty


@dataclass(frozen=True)
class _Forbidden:
    """A combination that must not be tried: values that all hold at once, or a named rule."""

    name: str
    clause: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    rule: Rule | None = None


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
        forbid: Sequence[Mapping[str, Any] | Rule] = (),
        **named: Any,
    ) -> None:
        if parameters is not None and not isinstance(parameters, Mapping):
            raise SpaceError(
                f"Space: expected a dict from names to parameters, got {parameters!r}. "
                "Write Space(lr=Float(1e-5, 0.1, log=True)), or Space.load(path) for a file."
            )
        given = {**(parameters or {}), **named}
        self._build({_name(k): _parameter(k, v) for k, v in given.items()}, {}, ())
        if isinstance(forbid, Mapping) or callable(forbid):
            forbid = [forbid]
        made = tuple(self._forbidden(item, f"rule {i}") for i, item in enumerate(forbid))
        self._forbid: tuple[_Forbidden, ...] = made

    def _build(
        self,
        parameters: dict[str, Parameter],
        retired: dict[str, Parameter],
        forbid: tuple[_Forbidden, ...],
    ) -> None:
        self._parameters = parameters
        self._retired = retired  # columns that a later script left out; their ids stay taken
        self._forbid = forbid
        self.names: tuple[str, ...] = tuple(parameters)
        self._index = {name: j for j, name in enumerate(self.names)}
        self._pairs = tuple(parameters.items())
        self._conditions = {name: self._condition(name, p) for name, p in parameters.items()}
        self._order = self._sorted()
        self._flat = not any(self._conditions.values())

    @classmethod
    def _made(
        cls,
        parameters: dict[str, Parameter],
        retired: dict[str, Parameter],
        forbid: tuple[_Forbidden, ...],
    ) -> Space:
        space = cls.__new__(cls)
        space._build(parameters, retired, forbid)
        return space

    # -- conditions ---------------------------------------------------------------------------

    def _condition(self, name: str, p: Parameter) -> tuple[tuple[str, frozenset[Raw]], ...]:
        """For each parent, the raw values that switch the parameter on."""
        made = []
        for parent, accepted in (p.when or {}).items():
            if parent not in self._parameters:
                raise SpaceError(
                    f"{name}: when names the parent {parent!r}, which is not in the space."
                    f"{nearest(parent, self.names)} Declare it, or correct the name."
                )
            above = self._parameters[parent]
            if above.cells == math.inf:
                raise SpaceError(
                    f"{name}: its parent {parent!r} is continuous, so no value of it is ever met "
                    f"exactly. Use an Int or a Choice as the parent, or give {parent!r} a step."
                )
            gone = {label: stable for stable, label in getattr(above, "retired", ())}
            raws = set()
            for value in accepted:
                if isinstance(above, Choice) and above.find(value) is None:
                    label = value.text if isinstance(value, Label) else _short(value)
                    if label in gone:
                        raws.add(gone[label])
                        continue
                raws.add(above.raw(value, f"{name}: when[{parent!r}]"))
            made.append((parent, frozenset(raws)))
        return tuple(made)

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
        return all(raw.get(parent) in accepted for parent, accepted in self._conditions[name])

    def active(self, X: Array) -> Mask:
        """Which cells of rows in the cube are switched on by their parents' values.

        Returns
        -------
        (k, d) bool
            A child of an inactive parent is inactive.
        """
        on = ~np.isnan(X) if not self._flat else np.ones(np.shape(X), dtype=bool)
        if self._flat:
            return on
        on = np.ones(np.shape(X), dtype=bool)
        for name in self._order:
            j = self._index[name]
            for parent, accepted in self._conditions[name]:
                p = self._index[parent]
                above = self._parameters[parent]
                cells = [c for raw in accepted if (c := above.cell_of(raw)) is not None]
                known = ~np.isnan(X[:, p])
                at = above.cell(np.where(known, X[:, p], 0.5))
                on[:, j] &= on[:, p] & known & np.isin(at, cells)
        return on

    # -- arrays -------------------------------------------------------------------------------

    def sample(self, k: int, rng: Generator) -> Array:
        """Draw allowed points uniformly.

        Parameters
        ----------
        k : int
            How many.

        Returns
        -------
        (k, d)
            Rows of the unit cube, NaN where inactive.

        Raises
        ------
        SpaceError
            If no allowed point is found in 10,000 draws.
        """
        X = rng.random((k, len(self)))
        if self._flat and not self._forbid:
            return X
        X[~self.active(X)] = np.nan
        tries = 0
        while not (good := self.allowed(X)).all():
            bad = np.flatnonzero(~good)
            tries += 1
            if tries > TRIES / max(1, min(len(bad), 100)):
                raise SpaceError(
                    f"Space: no allowed point was found in {TRIES} draws; forbid rules out "
                    f"{self._rules()}. Loosen one of these rules."
                )
            fresh = rng.random((len(bad), len(self)))
            fresh[~self.active(fresh)] = np.nan
            X[bad] = fresh
        return X

    def allowed(self, X: Array) -> Mask:
        """Which rows avoid every forbidden combination. Shape (k,)."""
        good = np.ones(len(X), dtype=bool)
        if not self._forbid:
            return good
        for item in self._forbid:
            if item.rule is None:
                hit = np.ones(len(X), dtype=bool)
                for name, accepted in item.clause:
                    p, u = self._parameters[name], X[:, self._index[name]]
                    known = ~np.isnan(u)
                    if p.cells == math.inf:
                        raws = np.array([p.from_unit(v) for v in np.where(known, u, 0.5)])
                        hit &= known & np.isin(raws, list(accepted))
                    else:
                        cells = [c for raw in accepted if (c := p.cell_of(raw)) is not None]
                        hit &= known & np.isin(p.cell(np.where(known, u, 0.5)), cells)
                good &= ~hit
        if any(item.rule is not None for item in self._forbid):
            rows = np.flatnonzero(good)
            for i, params in zip(rows, self.decode(X[rows]), strict=True):
                good[i] = not self._broken(params, rules_only=True)
        return good

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
        for j, (_, p) in enumerate(self._pairs):
            if p.cells != math.inf:
                known = ~np.isnan(X[:, j])
                X[known, j] = p.centre(p.cell(X[known, j]))
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
        X = np.array(X, dtype=np.float64, ndmin=2)
        if X.size == 0:
            return X.reshape(len(X) if X.shape[-1] == len(self) else 0, len(self))
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
        if self._flat:
            for (name, p), u in zip(self._pairs, x.tolist(), strict=True):
                if u == u:
                    made[name] = p.from_unit(u)
            return made
        for name in self._order:
            u = float(x[self._index[name]])
            if u == u and self._on(name, made):
                made[name] = self._parameters[name].from_unit(u)
        return {name: made[name] for name in self.names if name in made}

    def values(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters as the objective gets them."""
        known = self._parameters
        return {
            name: known[name].value(at) if name in known else self._old(name, at)
            for name, at in raw.items()
        }

    def _old(self, name: str, raw: Raw) -> Any:
        return self._retired[name].value(raw) if name in self._retired else raw

    def labels(self, raw: Mapping[str, Raw]) -> dict[str, Any]:
        """Parameters for tables and figures: numbers, and the names of options."""
        known = {**self._retired, **self._parameters}
        return {
            name: p.label(at) if isinstance(p := known.get(name), Choice) else at
            for name, at in raw.items()
        }

    def rows(self, raws: Sequence[Mapping[str, Raw]]) -> Array:
        """Rows for raw values, NaN where a name is missing. Shape (k, d)."""
        X = np.full((len(raws), len(self)), np.nan)
        for j, (name, p) in enumerate(self._pairs):
            to_unit = p.to_unit
            for i, raw in enumerate(raws):
                at = raw.get(name)
                if at is not None:
                    X[i, j] = to_unit(at)
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
            if self._on(name, made):
                if name in params:
                    made[name] = self._parameters[name].raw(params[name], name)
                elif not partial:
                    raise SpaceError(
                        f"Parameters: {name!r} is missing from {dict(params)!r}. Give it a value."
                    )
            elif name in params and not (
                partial and any(parent not in made for parent, _ in self._conditions[name])
            ):
                needs = " and ".join(
                    f"{parent} is {' or '.join(map(_short, accepted))}"
                    for parent, accepted in (self._parameters[name].when or {}).items()
                )
                raise SpaceError(
                    f"Parameters: {name!r} is set to {params[name]!r}, but it is only active when "
                    f"{needs}. Leave it out, or set that too."
                )
        made = {name: made[name] for name in self.names if name in made}
        broken = None if partial else self._broken(self.values(made))
        if broken:
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
        """`raw` with what is missing taken from the defaults, else drawn uniformly."""
        for _ in range(TRIES):
            made: dict[str, Raw] = {}
            for name in self._order:
                if not self._on(name, made):
                    continue
                p = self._parameters[name]
                if name in raw:
                    made[name] = raw[name]
                elif (default := self._default(p)) is not None:
                    made[name] = default
                else:
                    made[name] = p.from_unit(float(rng.random()))
            if not self._broken(self.values(made)):
                break
        return {name: made[name] for name in self.names if name in made}

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
        if not told or self._broken(self.values(made)):
            return None
        return {name: made[name] for name in self.names if name in made}

    @staticmethod
    def _default(p: Parameter) -> Raw | None:
        if p.cells == 1:
            return p.from_unit(0.5)
        if p.default is None and not isinstance(p, Choice):
            return None
        return None if p.default is MISSING else p.raw(p.default, "default")

    @property
    def size(self) -> int | float:
        """How many distinct configurations there are.

        ``inf`` where a parameter is continuous, and where forbidden combinations leave more
        than a million to count one by one.
        """
        if any(p.cells == math.inf for p in self._parameters.values()):
            return math.inf
        rules = any(item.rule is not None for item in self._forbid)
        # Parents and what clauses name are walked; every other parameter only multiplies.
        walked = {parent for name in self.names for parent, _ in self._conditions[name]}
        walked |= {name for item in self._forbid for name, _ in item.clause}
        walked = set(self.names) if rules else walked
        total = 0
        levels = {name: range(int(self._parameters[name].cells)) for name in walked}
        for count, (_, rest) in enumerate(self._walk(levels)):
            if count > COUNTED:
                return math.inf
            total += math.prod(int(self._parameters[name].cells) for name in rest)
        return total

    def points(self) -> Iterator[dict[str, Raw]]:
        """Every configuration of a finite space once, in raw values, in a fixed order."""
        yield from self.walk({n: range(int(p.cells)) for n, p in self._parameters.items()})

    def walk(self, cells: Mapping[str, Iterable[int]]) -> Iterator[dict[str, Raw]]:
        """Every allowed configuration whose parameters lie in the given cells, once each.

        Parameters
        ----------
        cells : mapping
            For each name, positions of cells. The last name varies fastest.
        """
        for raw, _ in self._walk(cells):
            yield {name: raw[name] for name in self.names if name in raw}

    def _walk(
        self, cells: Mapping[str, Iterable[int]]
    ) -> Iterator[tuple[dict[str, Raw], list[str]]]:
        """Each combination of the walked parameters, and the active ones that are not walked."""
        order = self._order
        raws = {}
        for name, chosen in cells.items():
            p = self._parameters[name]
            raws[name] = [p.ids[c] if isinstance(p, Choice) else p._at(c) for c in chosen]

        def visit(
            depth: int, made: dict[str, Raw], rest: list[str]
        ) -> Iterator[tuple[dict[str, Raw], list[str]]]:
            while depth < len(order):
                name = order[depth]
                if self._on(name, made):
                    if name in raws:
                        for raw in raws[name]:
                            yield from visit(depth + 1, {**made, name: raw}, rest)
                        return
                    rest = [*rest, name]
                depth += 1
            if not self._forbid or not self._broken_raw(made):
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
        made = [self._forbidden(item, f"rule {len(self._forbid) + i}") for i, item in
                enumerate(clauses)]
        made += [self._forbidden(rule, name) for name, rule in rules.items()]
        names = {item.name for item in made}
        kept = tuple(item for item in self._forbid if item.rule is None or item.name not in names)
        return self._made(dict(self._parameters), self._retired, kept + tuple(made))

    def _forbidden(self, item: Mapping[str, Any] | Rule, name: str) -> _Forbidden:
        if callable(item):
            own = getattr(item, "__name__", "<lambda>")
            made = _Forbidden(name if own == "<lambda>" or not name.startswith("rule ") else own,
                              rule=item)
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
            several = isinstance(accepted, list | tuple | set | frozenset | range)
            p = self._parameters[key]
            raws = tuple(p.raw(v, f"forbid[{key!r}]") for v in (accepted if several else [accepted]))
            clause.append((key, raws))
        return _Forbidden(name, clause=tuple(clause))

    def _try_rule(self, item: _Forbidden) -> None:
        """Call a rule on a few points, so that a typo in it shows before anything has run."""
        if not self.names:
            return
        rng = np.random.default_rng(0)
        X = rng.random((8, len(self)))
        X[~self.active(X)] = np.nan
        for params in self.decode(X):
            self._apply(item, params)

    def _apply(self, item: _Forbidden, params: dict[str, Any]) -> bool:
        assert item.rule is not None
        try:
            return bool(item.rule(dict(params)))
        except KeyError as error:
            if error.args and error.args[0] in self._parameters:
                return False  # the rule speaks of a parameter that is inactive here
            missing = error.args[0] if error.args else "?"
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

    def _broken_raw(self, raw: Mapping[str, Raw]) -> str | None:
        for item in self._forbid:
            if item.rule is None and all(raw.get(n) in accepted for n, accepted in item.clause):
                return repr(item.name)
        if any(item.rule is not None for item in self._forbid):
            return self._broken(self.values(raw), rules_only=True)
        return None

    def _broken(self, params: dict[str, Any], *, rules_only: bool = False) -> str | None:
        """The name of a forbidden combination that holds, or None."""
        for item in self._forbid:
            if item.rule is not None:
                if self._apply(item, params):
                    return repr(item.name)
            elif not rules_only and all(
                name in params and self._parameters[name].raw(params[name], name) in accepted
                for name, accepted in item.clause
            ):
                return str(self._clause(item))
        return None

    def _clause(self, item: _Forbidden) -> dict[str, Any]:
        """A clause with values in place of raw values."""
        made = {}
        for name, accepted in item.clause:
            values = [self._parameters[name].value(raw) for raw in accepted]
            made[name] = values[0] if len(values) == 1 and not isinstance(values[0], list) else values
        return made

    def _rules(self) -> str:
        return "; ".join(
            item.name if item.rule else str(self._clause(item)) for item in self._forbid
        )

    # -- growing ------------------------------------------------------------------------------------

    def grow(self, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space with parameters added, or their ranges and options changed.

        Earlier trials are kept: where a range becomes narrower or an option goes away, their
        cells lie outside [0, 1].
        """
        given = {**(parameters or {}), **named}
        fresh = {_name(k): _parameter(k, v) for k, v in given.items()}
        return self.adopt(Space({**self._parameters, **fresh}), forbid=self._forbid)

    def fix(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Space:
        """A space in which some parameters have only the given value left."""
        fresh: dict[str, Parameter] = {}
        given = {**(values or {}), **named}
        self._known(given)
        for name, value in given.items():
            p = self._parameters[name]
            kept = p.value(p.raw(value, name))
            if isinstance(p, Choice):
                fresh[name] = Choice(kept, ordered=p.ordered, when=p.when)
            else:
                fresh[name] = replace(p, low=kept, high=kept, step=p.step, default=None)
        return self.grow(fresh)

    def adopt(self, later: Space, *, forbid: tuple[_Forbidden, ...] | None = None) -> Space:
        """`later`, with the ids that this space gave to options, matched by label.

        Raises
        ------
        SpaceError
            If a parameter changed its type: earlier values would lose their meaning.
        """
        old = {**self._retired, **self._parameters}
        made: dict[str, Parameter] = {}
        for name, p in later._parameters.items():
            before = old.get(name)
            if before is not None and type(before) is not type(p):
                raise SpaceError(
                    f"{name}: was {before!r} and is now {p!r}; a parameter cannot change its type, "
                    "because earlier trials would lose theirs. Use another name."
                )
            if isinstance(p, Choice) and isinstance(before, Choice):
                made[name] = _adopt_choice(before, p)
            else:
                made[name] = p
        retired = {name: p for name, p in old.items() if name not in made}
        space = self._made(made, retired, ())
        if forbid is None:
            # Clauses hold raw values of `later`; its options may have other ids here.
            forbid = tuple(
                space._forbidden(later._clause(item), item.name) if item.rule is None else item
                for item in later._forbid
            )
        space._forbid = forbid
        return space

    def without_values(self) -> bool:
        """Whether an option is known by label only, so that its script is needed to run."""
        return any(
            isinstance(option, Label)
            for p in self._parameters.values()
            if isinstance(p, Choice)
            for option in p.options
        )

    # -- to and from files ------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns into an equal space; options by label where need be."""
        made: dict[str, Any] = {
            "parameters": {name: space_json.dump(p) for name, p in self._pairs},
            "forbid": [
                item.name
                if item.rule is not None
                else {
                    name: [space_json.dump_value(self._parameters[name].value(raw)) for raw in raws]
                    for name, raws in item.clause
                }
                for item in self._forbid
            ],
        }
        if self._retired:
            made["retired"] = {name: space_json.dump(p) for name, p in self._retired.items()}
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
        space = cls(parameters, forbid=[item for item in forbid if not isinstance(item, str)])
        lost = tuple(_Forbidden(item, rule=_lost(item)) for item in forbid if isinstance(item, str))
        space._forbid += lost
        space._retired = retired
        return space

    def save(self, path: str | Path) -> None:
        """Write the space to a JSON file."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

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
        return self._pairs == other._pairs and self._forbid == other._forbid

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        if not self.names:
            return "Space()"
        lines = [f"    {name}={p!r}," for name, p in self._pairs]
        if not all(name.isidentifier() for name in self.names):
            lines = ["{", *(f"    {name!r}: {p!r}," for name, p in self._pairs), "}"]
            return "Space(" + "\n".join(lines) + (f", forbid: {self._rules()}" if self._forbid else
                                                  "") + ")"
        if self._forbid:
            lines.append(f"    # forbidden: {self._rules()}")
        return "Space(\n" + "\n".join(lines) + "\n)"


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise SpaceError(
            f"Space: a parameter's name must be a string that is not empty, got {name!r}. "
            "Name it as the objective will ask for it."
        )
    return name


def _parameter(name: str, given: Any) -> Parameter:
    """A parameter as it is; a plain value as a constant."""
    if isinstance(given, Float | Int | Choice):
        return given
    if given is None or isinstance(given, bool | int | float | str):
        return Choice(given)
    if isinstance(given, type) and issubclass(given, Float | Int | Choice):
        raise SpaceError(f"{name}: got the class {given.__name__} itself. Give it a range.")
    if isinstance(given, list | tuple | set | range):
        raise SpaceError(
            f"{name}: got a {type(given).__name__}, {_short(given)}. Write Choice(*options) to "
            "choose among its values, or Space.from_sklearn(...) for a scikit-learn grid."
        )
    if hasattr(given, "rvs"):
        raise SpaceError(
            f"{name}: got a SciPy distribution. Use Space.from_sklearn({{...}}) to convert it."
        )
    raise SpaceError(
        f"{name}: expected Float, Int, Choice or a constant, got {_short(given)} "
        f"({type(given).__name__}). Wrap any other object in Choice(...)."
    )


def _lost(name: str) -> Rule:
    """Stands for a rule whose function is in a script and not in the file."""

    def rule(params: dict[str, Any]) -> bool:
        raise SpaceError(
            f"forbid {name!r}: its function is not stored. Give the space with "
            f"forbid({name}=...) again, as the script that made the study did."
        )

    return rule


def _adopt_choice(before: Choice, later: Choice) -> Choice:
    """`later` with the ids of `before` for equal labels, fresh ids for new ones."""
    known = {label: stable for stable, label in before.retired}
    known |= dict(zip(before.labels, before.ids, strict=True))
    free = max(known.values(), default=-1) + 1
    ids = []
    for label in later.labels:
        if label not in known:
            known[label] = free
            free += 1
        ids.append(known[label])
    retired = tuple((stable, label) for label, stable in known.items() if stable not in ids)
    return Choice(
        *later.options,
        ordered=later.ordered,
        default=later.default,
        when=later.when,
        _ids=tuple(ids),
        _retired=retired,
    )
