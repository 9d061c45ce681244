"""Spaces and parameters as plain data, for the log and for files that people write.

A file holds one table per parameter, as TOML or JSON::

    C      = { float = [1e-3, 1e3], log = true }
    kernel = { choice = ["linear", "rbf", "poly"] }
    degree = { int = [2, 5], when = { kernel = "poly" } }
    cache_size = 500                                    # a constant
    forbid = [{ kernel = "poly", degree = 5 }]

The same tables may stand under ``parameters``, which is how `Space.to_json` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from luthier.errors import SpaceError, nearest
from luthier.parameters import (
    MISSING,
    Choice,
    Float,
    Int,
    Label,
    Parameter,
    is_plain,
    label_of,
    short,
)
from luthier.space.cube import Cube
from luthier.space.declared import declared
from luthier.space.forbidden import Combination, Forbidden, combination

KEYS = {
    "float": {"float", "log", "step", "default", "when", "likely", "extend"},
    "int": {"int", "log", "step", "default", "when", "likely", "extend"},
    "choice": {"choice", "ordered", "default", "when", "likely", "ids", "retired"},
}


def dump_space(forbidden: Forbidden) -> dict[str, Any]:
    """Plain data for all that a space holds; see `Space.to_json`."""
    parameters, retired = forbidden.cube.parameters, forbidden.cube.retired
    known = {**retired, **parameters}
    made: dict[str, Any] = {
        "parameters": {name: dump(p, known) for name, p in parameters.items()},
        "forbid": [
            {
                name: [_dump_value(value, known[name]) for value in values]
                for name, values in item.items()
            }
            if isinstance(item, dict)
            else item
            for item in forbidden.listed()
        ],
    }
    if retired:
        made["retired"] = {name: dump(p, known) for name, p in retired.items()}
    return made


def dump(p: Parameter, known: Mapping[str, Parameter] = MappingProxyType({})) -> dict[str, Any]:
    """One parameter as plain data; its parents are in `known`."""
    made: dict[str, Any]
    if isinstance(p, Choice):
        made = {"choice": [_dump_value(option, p) for option in p.options]}
        if p.ordered:
            made["ordered"] = True
        if p.default is not MISSING:
            made["default"] = _dump_value(p.default, p)
        if p.likely is not None:
            made["likely"] = _dump_weights(p, p.likely)
        if p.ids != tuple(range(len(p.options))) or p.retired:
            made |= {"ids": list(p.ids), "retired": [list(pair) for pair in p.retired]}
    else:
        made = {"int" if isinstance(p, Int) else "float": [p.low, p.high]}
        if p.log:
            made["log"] = True
        if p.step is not None and not (isinstance(p, Int) and p.step == 1):
            made["step"] = p.step
        if p.default is not None:
            made["default"] = p.default
        if p.likely is not None:
            made["likely"] = list(p.likely)
        if isinstance(p.extend, tuple):
            made["extend"] = list(p.extend)
    if p.when:
        made["when"] = {
            name: [_dump_value(value, known.get(name)) for value in values]
            for name, values in p.when.items()
        }
    return made


def _dump_value(value: Any, p: Parameter | None) -> Any:
    """A value of `p` as JSON holds it; an object that JSON cannot hold becomes its label."""
    if is_plain(value):
        return value
    if isinstance(p, Choice) and (place := p.find(value)) is not None:
        return {"label": p.labels[place]}
    return {"label": label_of(value)}


def _dump_weights(p: Choice, weights: tuple[float, ...]) -> Any:
    """`Choice.likely` as a list of options, or as a table from labels to weights."""
    if set(weights) <= {0.0, 1.0}:
        return [_dump_value(x, p) for x, w in zip(p.options, weights, strict=True) if w]
    return {label: w for label, w in zip(p.labels, weights, strict=True) if w}


def load_space(data: Mapping[str, Any]) -> Forbidden:
    """Undoes `dump_space`, and understands what people write; see `Space.from_json`.

    Raises
    ------
    SpaceError
        If a key is unknown or a parameter is not well formed.
    """
    parameters, forbid, retired = _parse(data)
    made = declared(parameters)
    # `dump_space` writes a heading; a range may have become narrower than a condition says.
    by_hand = "parameters" not in data
    cube = Cube(made, retired, checked=made if by_hand else ())
    items = (
        Combination(item) if isinstance(item, str) else combination(item, cube, strict=by_hand)
        for item in forbid
    )
    return Forbidden(cube, items)


def _parse(
    data: Mapping[str, Any],
) -> tuple[dict[str, Any], list[dict[str, Any] | str], dict[str, Parameter]]:
    """Parameters, forbidden combinations (names of rules as strings) and retired parameters."""
    if not isinstance(data, Mapping):
        raise SpaceError(f"a space must be a table of parameters, got {data!r}. See the docs.")
    tables = dict(data)
    forbid, retired = tables.pop("forbid", []), {}
    inner = tables.get("parameters")
    if isinstance(inner, Mapping) and not _is_parameter(inner):
        retired = tables.pop("retired", {})
        extra = set(tables) - {"parameters"}
        if extra:
            raise SpaceError(
                f"beside 'parameters' and 'forbid' there is {sorted(extra)[0]!r}. "
                "Move it under 'parameters', or drop that heading."
            )
        tables = dict(inner)
    if not isinstance(forbid, list) or not all(isinstance(x, Mapping | str) for x in forbid):
        raise SpaceError(
            f"'forbid' must be a list of tables, got {forbid!r}. "
            'Write for example forbid = [{ kernel = "poly", degree = 5 }].'
        )
    clauses: list[dict[str, Any] | str] = [
        item if isinstance(item, str) else {k: _values(v) for k, v in item.items()}
        for item in forbid
    ]
    parameters = {name: _declaration(name, table) for name, table in tables.items()}
    return parameters, clauses, {n: _parameter(n, t) for n, t in retired.items()}


def _values(given: Any) -> list[Any]:
    return [_load_value(v) for v in given] if isinstance(given, list) else [_load_value(given)]


def _load_value(value: Any) -> Any:
    """The value behind its JSON form; a label becomes a `Label`."""
    if isinstance(value, Mapping) and set(value) == {"label"}:
        return Label(str(value["label"]))
    return value


def _is_parameter(table: Mapping[str, Any]) -> bool:
    return bool(set(KEYS) & set(table)) and not any(
        isinstance(table.get(kind), Mapping) for kind in KEYS
    )


def _declaration(name: str, table: Any) -> Any:
    """The parameter that a table describes; anything that is no table is a constant."""
    if isinstance(table, list):
        raise SpaceError(
            f"{name}: got the bare list {short(table)}. "
            f"Write {name} = {{ choice = [...] }} to choose among its values."
        )
    return _parameter(name, table) if isinstance(table, Mapping) else table


def _parameter(name: str, table: Mapping[str, Any]) -> Parameter:
    kinds = [kind for kind in KEYS if kind in table]
    if len(kinds) != 1:
        known = ", ".join(KEYS)
        hint = next((h for key in table if (h := nearest(str(key), KEYS))), "")
        raise SpaceError(
            f"{name}: needs exactly one of {known}, got the keys {', '.join(table) or '(none)'}."
            f"{hint} Write for example {name} = {{ float = [0.1, 10.0] }}."
        )
    kind = kinds[0]
    for key in table:
        if key not in KEYS[kind]:
            raise SpaceError(
                f"{name}: {kind!r} has no {key!r} beside it.{nearest(str(key), KEYS[kind])} "
                f"It has {', '.join(sorted(KEYS[kind] - {kind, 'ids', 'retired'}))}."
            )
    when = table.get("when")
    if when is not None:
        if not isinstance(when, Mapping):
            raise SpaceError(
                f"{name}: 'when' must be a table from parents to values, got {when!r}. "
                'Write for example when = { kernel = "poly" }.'
            )
        when = {parent: _values(values) for parent, values in when.items()}
    for key in ("log", "ordered"):
        if not isinstance(table.get(key, False), bool):
            raise SpaceError(f"{name}: {key!r} must be true or false, got {table[key]!r}.")
    values = table[kind]
    if not isinstance(values, list) or (kind != "choice" and len(values) != 2):
        raise SpaceError(
            f"{name}: {kind!r} must be a list of {'options' if kind == 'choice' else 'two numbers'}"
            f", got {values!r}. Write for example {kind} = "
            + ('["a", "b"].' if kind == "choice" else "[1, 10].")
        )
    try:
        if kind == "choice":
            default = _load_value(table["default"]) if "default" in table else MISSING
            ids = table.get("ids", list(range(len(values))))
            retired = table.get("retired", [])
            _check_ids(ids, retired, len(values))
            return Choice(
                *map(_load_value, values),
                ordered=table.get("ordered", False),
                default=default,
                when=when,
                likely=_load_weights(table["likely"]) if "likely" in table else None,
                _ids=tuple(ids),
                _retired=tuple((stable, label) for stable, label in retired),
            )
        more = {key: table[key] for key in ("log", "step", "default", "likely", "extend")
                if key in table}  # fmt: skip
        return (Int if kind == "int" else Float)(values[0], values[1], when=when, **more)
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None


def _load_weights(likely: Any) -> Any:
    """Undoes `_dump_weights`."""
    if isinstance(likely, Mapping):
        return {Label(label): weight for label, weight in likely.items()}
    return _values(likely)


def _check_ids(ids: Any, retired: Any, options: int) -> None:
    try:
        taken = [*ids, *(stable for stable, label in retired if isinstance(label, str))]
        good = all(type(stable) is int for stable in taken)
        good = good and len(ids) == options and len(set(taken)) == len(ids) + len(retired)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise SpaceError(
            f"'ids' and 'retired' do not fit the {options} options. They are written by luthier; "
            "leave both out of a file written by hand."
        )
