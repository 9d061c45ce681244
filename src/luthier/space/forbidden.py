"""Forbidden: the combinations that a space leaves out, by values or by rules.

A clause is made of values and holds where all of them do; a rule is a function of the active
parameters, under a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.errors import LuthierError, SpaceError, nearest
from luthier.parameters import Array, Mask, Raw, several, short
from luthier.space.conditions import Among, countable
from luthier.space.cube import Cube

Rule = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Combination:
    """A combination never to try: values that all hold at once, or a rule with a name.

    With neither, it is a rule whose function is in a script and not in the file.
    """

    name: str = ""
    clause: tuple[tuple[str, tuple[Raw, ...]], ...] = ()
    rule: Rule | None = None


class Forbidden:
    """Forbidden combinations of the parameters of a cube. Immutable.

    Raises
    ------
    SpaceError
        If a clause names a parameter that is continuous.
    """

    def __init__(self, cube: Cube, items: Iterable[Combination] = ()) -> None:
        self.cube = cube
        self.items = tuple(items)
        for item in self.items:
            for name, _ in item.clause:
                countable(cube.parameters[name], name, "forbid")

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def ruled(self) -> bool:
        """Whether a rule must be asked about every single configuration."""
        return any(not item.clause for item in self.items)

    @property
    def lost(self) -> bool:
        """Whether a rule is known by name only."""
        return any(item.rule is None and not item.clause for item in self.items)

    # -- what holds -------------------------------------------------------------------------------

    def allowed(self, X: Array) -> Mask:
        """Which rows avoid every combination. Shape (k,)."""
        good = np.ones(len(X), dtype=bool)
        for item in self.items:
            if item.clause:
                hit = np.ones(len(X), dtype=bool)
                for name, accepted in item.clause:
                    p = self.cube.parameters[name]
                    hit &= Among.of(self.cube.column[name], p, accepted).holds(X)
                good &= ~hit
        if self.ruled:
            for i in np.flatnonzero(good):
                good[i] = not self.broken(self.cube.raw(X[i]))
        return good

    def broken(self, raw: Mapping[str, Raw], *, rules: bool = True) -> str | None:
        """The combination that holds, in words, or None."""
        for item in self.items:
            if item.clause:
                if all(raw.get(name) in accepted for name, accepted in item.clause):
                    return self._text(item)
            elif rules and _holds(item, self.cube.values(raw), self.cube):
                return repr(item.name)
        return None

    # -- more of them -----------------------------------------------------------------------------

    def more(
        self, clauses: Iterable[Mapping[str, Any] | Rule], rules: Mapping[str, Rule]
    ) -> Forbidden:
        """These and others; a rule takes the place of an earlier one of its name."""
        made = []
        for place, item in enumerate(clauses, len(self.items)):
            name = getattr(item, "__name__", "<lambda>")
            name = f"rule {place}" if name == "<lambda>" else name
            made.append(combination(item, self.cube, name))
        made += [combination(rule, self.cube, name) for name, rule in rules.items()]
        names = [item.name for item in made if item.name]
        for name in names:
            if names.count(name) > 1:
                raise SpaceError(
                    f"forbid: two rules are named {name!r}, so a file could not tell them apart. "
                    "Name them: forbid(first=..., second=...)."
                )
        kept = (item for item in self.items if not item.name or item.name not in names)
        return Forbidden(self.cube, (*kept, *made))

    def moved(self, cube: Cube) -> Forbidden:
        """The same for another cube, in which options may have other ids."""
        return Forbidden(
            cube,
            (
                combination(self._values(item), cube, strict=False) if item.clause else item
                for item in self.items
            ),
        )

    def without(self, names: Iterable[str]) -> Iterator[Combination]:
        """The combinations that name none of these parameters."""
        gone = {*names}
        return (item for item in self.items if not {name for name, _ in item.clause} & gone)

    def dressed(self, script: Forbidden) -> Iterator[Combination]:
        """The combinations with the functions that a script has under the names of rules."""
        rules = {item.name: item for item in script.items if item.rule is not None}
        return (item if item.clause else rules.get(item.name, item) for item in self.items)

    # -- to be read -------------------------------------------------------------------------------

    def listed(self) -> list[dict[str, list[Any]] | str]:
        """Clauses with values in place of raw values, and the names of rules."""
        return [self._values(item) if item.clause else item.name for item in self.items]

    def __str__(self) -> str:
        return "; ".join(map(self._text, self.items))

    def _text(self, item: Combination) -> str:
        if not item.clause:
            return item.name
        shown = (
            f"{name!r}: {' or '.join(map(short, values))}"
            for name, values in self._values(item).items()
        )
        return "{" + ", ".join(shown) + "}"

    def _values(self, item: Combination) -> dict[str, list[Any]]:
        return {
            name: [self.cube.parameters[name].value(raw) for raw in accepted]
            for name, accepted in item.clause
        }


def combination(
    item: Mapping[str, Any] | Rule, cube: Cube, name: str = "", *, strict: bool = True
) -> Combination:
    """What a user forbids: a dict of values, or a function, which gets `name`.

    A value that the parameter does not have is an error where `strict`.
    """
    if callable(item):
        made = Combination(name, rule=item)
        # Called on a few points, so that a typo in it shows before anything has run.
        for x in cube.draw(8, np.random.default_rng(0), {}):
            _holds(made, cube.values(cube.raw(x)), cube)
        return made
    if not isinstance(item, Mapping) or not item:
        raise SpaceError(
            f"forbid: expected a dict of values or a function of the parameters, got {item!r}. "
            'Write for example forbid({"kernel": "poly", "degree": 5}).'
        )
    cube.known(item)
    clause = []
    for key, accepted in item.items():
        p = countable(cube.parameters[key], key, "forbid")
        parse = p.raw if strict else p.loose
        raws = {parse(value, f"forbid[{key!r}]") for value in several(accepted)}
        if not raws:
            raise SpaceError(
                f"forbid[{key!r}]: there is no value in the list. Name at least one, or leave "
                f"{key!r} out to forbid all of them."
            )
        clause.append((key, tuple(sorted(raws))))
    return Combination(clause=tuple(clause))


def _holds(item: Combination, params: dict[str, Any], cube: Cube) -> bool:
    """What a rule says of parameters."""
    if item.rule is None:
        raise SpaceError(
            f"forbid {item.name!r}: its function is not stored. Give the space with "
            f"forbid({item.name}=...) again, as the script that made the study did."
        )
    try:
        return bool(item.rule(dict(params)))
    except KeyError as error:
        missing = error.args[0] if error.args else "?"
        if missing in cube.parameters:
            return False  # the rule speaks of a parameter that is inactive here
        raise SpaceError(
            f"forbid {item.name!r}: the rule asks for {missing!r}, which is not in the space."
            f"{nearest(str(missing), cube.names)} The names are {', '.join(cube.names)}."
        ) from error
    except LuthierError:
        raise
    except Exception as error:
        raise SpaceError(
            f"forbid {item.name!r}: the rule raised {type(error).__name__}: {error} "
            f"for {params!r}. It must return True or False for every configuration."
        ) from error
