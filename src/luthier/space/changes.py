"""Changes: what becomes of a parameter when its space grows, is fixed or meets its script again.

Trials that were logged earlier keep their meaning: an option that stays keeps its id.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from luthier.errors import SpaceError
from luthier.parameters import (
    MISSING,
    Choice,
    Int,
    Label,
    Parameter,
    Raw,
    Weights,
    is_plain,
    short,
)
from luthier.space.cube import Cube
from luthier.space.forbidden import Forbidden


def changed(
    cube: Cube, parameters: Mapping[str, Parameter], *, checked: Container[str] = ()
) -> Cube:
    """A cube with other parameters, which keep the ids that those of their names had."""
    old = {**cube.retired, **cube.parameters}
    made = {name: _adopted(name, old.get(name), p) for name, p in parameters.items()}
    retired = {name: p for name, p in old.items() if name not in made}
    return Cube(made, retired, checked=checked)


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


def fixed(p: Parameter, value: Any, name: str) -> Parameter:
    """The parameter with one value left; it keeps its conditions and the id of its option."""
    kept = p.value(p.raw(value, name))
    if isinstance(p, Choice):
        return Choice(kept, ordered=p.ordered, when=p.when, _ids=(p.raw(kept, name),))
    if isinstance(p, Int):
        low = high = int(kept)
        return replace(p, low=low, high=high, default=None, likely=None)
    return replace(p, low=kept, high=kept, default=None, likely=None)


def check_together(raw: Mapping[str, Raw], forbidden: Forbidden) -> None:
    """Refuse fixed values that exclude each other."""
    parameters, conditions = forbidden.cube.parameters, forbidden.cube.conditions
    off: dict[str, str] = {}  # names that are never active, and the fixed name that says so
    for name in conditions.order:
        for parent, accepted in conditions.accepted[name]:
            if parent in off or (parent in raw and raw[parent] not in accepted):
                off[name] = off.get(parent, parent)
        if name in raw and name in off:
            above = off[name]
            value = parameters[above].value(raw[above])
            raise SpaceError(
                f"fix: {name!r} is never active while {above!r} is {short(value)}. "
                "Leave one of them out."
            )
    if broken := forbidden.broken(raw, rules=False):
        raise SpaceError(
            f"fix: these values are forbidden together, by {broken}. Change one of them."
        )


def dressed(p: Parameter, script: Parameter | None) -> Parameter:
    """The parameter with the objects of a script's in place of labels."""
    if not isinstance(p, Choice) or not isinstance(script, Choice):
        return p
    known = dict(zip(script.labels, script.options, strict=True))
    options = [known.get(x.text, x) if isinstance(x, Label) else x for x in p.options]
    return Choice(
        *options,
        ordered=p.ordered,
        default=MISSING if p.default is MISSING else options[p.find(p.default) or 0],
        when=p.when,
        likely=None if p.likely is None else Weights(p.likely),
        _ids=p.ids,
        _retired=p.retired,
    )
