"""Choice: one of some options, each of which may be any Python object."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from luthier.errors import SpaceError, nearest
from luthier.parameters.values import (
    MISSING,
    NUMPY,
    SCALARS,
    Array,
    Ints,
    Raw,
    When,
    condition,
    listed,
    same,
    short,
)


@dataclass(frozen=True)
class Label:
    """Stands for an option that the log knows only by its label.

    Options such as functions and estimators are never stored, only named. The script that made
    the study brings them back; without it, this is shown in their place.
    """

    text: str

    def __repr__(self) -> str:
        return f"<{self.text}>"


@dataclass(frozen=True)
class Weights:
    """What `Choice.likely` is worked out to: a weight for each option, by position."""

    of: tuple[float, ...]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Choice:
    """One of the given options, each of which may be any Python object.

    Options are told apart by position, so ``1``, ``1.0`` and ``True`` are three options, and
    the objective gets the very object (in another process, a copy of it). NumPy's scalars become
    Python's, as everywhere.

    Parameters
    ----------
    *options
        At least one.
    ordered : bool
        The options stand in a meaningful order, so that neighbours are alike.
    default
        One of the options: what a library uses when nobody chooses.
    when : dict, optional
        As for `Float`.
    likely : optional
        An option, a list of options, or a dict from options to weights: which of them may well
        be the best. Two thirds of the belief go by these weights, equal ones for a list, and the
        last third is spread evenly over all options.

    Raises
    ------
    SpaceError
        If there is no option, or one is given twice, or a weight is no positive number.
    """

    options: tuple[Any, ...]
    ordered: bool
    default: Any  # one of the options, or MISSING
    when: When | None
    likely: tuple[float, ...] | None  # a weight for each option, 0 for those not named
    ids: tuple[int, ...]  # of each option, stable while the space grows
    retired: tuple[tuple[int, str], ...]  # ids and labels of options that were taken away
    labels: tuple[str, ...]  # of the options: short, all different, equal in every process
    cells: int  # how many options there are
    _place: dict[Raw, int]  # position of each id
    _units: dict[Raw, float]  # unit of each id, retired ones included

    log: ClassVar[bool] = False

    def __init__(
        self,
        *options: Any,
        ordered: bool = False,
        default: Any = MISSING,
        when: Mapping[str, Any] | None = None,
        likely: Any = None,
        _ids: tuple[int, ...] | None = None,
        _retired: tuple[tuple[int, str], ...] = (),
    ) -> None:
        if not options:
            raise SpaceError(
                'Choice(): needs at least one option. Write for example Choice("a", "b").'
            )
        if _ids is None and len(options) == 1 and isinstance(options[0], list | set | range):
            raise SpaceError(
                f"Choice({options[0]!r}): its only option is a {type(options[0]).__name__}. "
                "Write Choice(*options) to choose among what is in it."
            )
        options = tuple(x.item() if isinstance(x, NUMPY) else x for x in options)
        kind = f"Choice({', '.join(map(short, options))})"
        # A set finds out at once whether plain values differ; anything else is compared in pairs.
        distinct = {(type(x), x) for x in options if isinstance(x, SCALARS)}
        if len(distinct) < len(options):
            for index, option in enumerate(options):
                for other, earlier in enumerate(options[:index]):
                    if same(option, earlier):
                        raise SpaceError(
                            f"{kind}: options {other} and {index} are the same, {short(option)}. "
                            "Drop one of them."
                        )
        ids = tuple(range(len(options))) if _ids is None else _ids
        in_order = (*ids, *(stable for stable, _ in _retired))
        put = object.__setattr__
        put(self, "options", options)
        put(self, "ordered", bool(ordered))
        put(self, "cells", len(options))
        put(self, "ids", ids)
        put(self, "retired", tuple(_retired))
        put(self, "labels", _labels(options))
        put(self, "when", condition(kind, when))
        put(self, "_place", {stable: place for place, stable in enumerate(ids)})
        put(self, "_units", {x: (place + 0.5) / len(ids) for place, x in enumerate(in_order)})
        put(self, "likely", None if likely is None else self._weights(likely, kind))
        put(self, "default", MISSING)
        if default is not MISSING:
            put(self, "default", self.options[self._place[self.raw(default, f"{kind}: default")]])

    def _weights(self, likely: Any, kind: str) -> tuple[float, ...]:
        """The weight of each option, the largest 1."""
        if isinstance(likely, Weights):
            return tuple(likely.of)
        if not isinstance(likely, Mapping):
            several = isinstance(likely, list | tuple | set | range) and self.find(likely) is None
            likely = [(option, 1.0) for option in (likely if several else [likely])]
        else:
            likely = list(likely.items())
        made = [0.0] * len(self.options)
        for option, weight in likely:
            place = self._place[self.raw(option, f"{kind}: likely")]
            good = isinstance(weight, int | float) and not isinstance(weight, bool)
            if not good or not 0 < weight < math.inf:
                raise SpaceError(
                    f"{kind}: likely gives {short(option)} the weight {weight!r}. Give a positive "
                    "number, or leave the option out."
                )
            made[place] = float(weight)
        if not any(made):
            raise SpaceError(f"{kind}: likely names no option. Name one, or leave likely out.")
        return tuple(weight / max(made) for weight in made)

    def only(self, options: Sequence[Any]) -> Choice:
        """The choice among some of its options, with their ids."""
        places = [place for x in options if (place := self.find(x)) is not None]
        left = [stable for stable in self.ids if stable not in {self.ids[i] for i in places}]
        likely = None
        if self.likely is not None and any(self.likely[i] for i in places):
            likely = Weights(tuple(self.likely[i] for i in places))
        known = dict(zip(self.ids, self.labels, strict=True))
        keeps = self.default is not MISSING and self.find(self.default) in places
        return Choice(
            *(self.options[i] for i in places),
            ordered=self.ordered,
            default=self.default if keeps else MISSING,
            when=self.when,
            likely=likely,
            _ids=tuple(self.ids[i] for i in places),
            _retired=(*self.retired, *((stable, known[stable]) for stable in left)),
        )

    def under(self, when: Mapping[str, Any]) -> Choice:
        """The choice, active only where these parents have these values too."""
        return Choice(
            *self.options,
            ordered=self.ordered,
            default=self.default,
            when={**(self.when or {}), **when},
            likely=None if self.likely is None else Weights(self.likely),
            _ids=self.ids,
            _retired=self.retired,
        )

    def find(self, value: Any) -> int | None:
        """The position of an option, or None: by identity first, then same type and equal.

        A `Label` finds the option that it stands for.
        """
        for place, option in enumerate(self.options):
            if option is value:
                return place
        if isinstance(value, Label):
            return self.labels.index(value.text) if value.text in self.labels else None
        value = value.item() if isinstance(value, NUMPY) else value
        for place, option in enumerate(self.options):
            if same(option, value):
                return place
        return None

    def raw(self, value: Any, what: str) -> int:
        """The stable id of the option equal to a value.

        Raises
        ------
        SpaceError
            If it is none of the options.
        """
        place = self.find(value)
        if place is None:
            words = [option for option in self.options if isinstance(option, str)]
            hint = nearest(value, words) if isinstance(value, str) else ""
            raise SpaceError(
                f"{what}: {short(value)} ({type(value).__name__}) is none of the options "
                f"{', '.join(map(short, self.options))}.{hint} Give one of them."
            )
        return self.ids[place]

    def loose(self, value: Any, what: str) -> int:
        """The stable id of an option that may have been taken away."""
        if self.retired and self.find(value) is None:
            text = label_of(value)
            for stable, label in self.retired:
                if label == text:
                    return stable
        return self.raw(value, what)

    def value(self, raw: Raw) -> Any:
        """The option with a stable id; a `Label` when it was taken away."""
        try:
            return self.options[self._place[raw]]
        except KeyError:
            return Label(self.label(raw))

    def label(self, raw: Raw) -> str:
        """The name of the option with a stable id, for tables and figures."""
        place = self._place.get(raw)
        if place is None:
            return dict(self.retired).get(int(raw), f"option {raw}")
        return self.labels[place]

    def to_unit(self, raw: Raw) -> float:
        """The middle of the option's cell; above 1 for an option that was taken away."""
        u = self._units.get(raw)
        return 1 + (len(self.retired) + 0.5) / self.cells if u is None else u

    def from_unit(self, u: float) -> int:
        """The stable id of the option at a unit, which is first brought into [0, 1]."""
        if not 0.0 < u < 1.0:
            return self.ids[0 if u <= 0.0 else -1]
        return self.ids[int(u * self.cells)]

    def floor(self, u: Array) -> Array:
        """Which option each unit falls on, by position, as a float; NaN stays NaN."""
        return np.minimum(np.maximum(np.floor(u * self.cells), 0), self.cells - 1)

    def cell(self, u: Array) -> Ints:
        """Which option each unit falls on, by position."""
        return self.floor(np.asarray(u)).astype(np.int64)

    def centre(self, cell: Ints | Array) -> Array:
        """The middle of each option's cell, as a unit."""
        return np.asarray((cell + 0.5) / self.cells)

    def levels(self) -> Sequence[Raw]:
        """The stable id of every option, in order."""
        return self.ids

    def cell_of(self, raw: Raw) -> int | None:
        """The position of the option with a stable id, or None when it was taken away."""
        return self._place.get(raw)

    def _settings(self) -> tuple[Any, ...]:
        default = None if self.default is MISSING else self.find(self.default)
        return (self.ordered, default, self.when, self.likely, self.ids, self.retired)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Choice)
            and self._settings() == other._settings()
            and all(map(same, self.options, other.options))
        )

    def __hash__(self) -> int:
        return hash((self.labels, self.ordered, self.ids))

    def __repr__(self) -> str:
        inside = listed(
            ", ".join(map(short, self.options)),
            "ordered=True" if self.ordered else None,
            f"default={short(self.default)}" if self.default is not MISSING else None,
            f"likely={self._likely_text()}" if self.likely is not None else None,
            f"when={ {k: list(v) for k, v in self.when.items()}!r}" if self.when else None,
        )
        return f"Choice({inside})"

    def _likely_text(self) -> str:
        assert self.likely is not None
        told = [(short(x), w) for x, w in zip(self.options, self.likely, strict=True) if w]
        if all(weight == 1 for _, weight in told):
            return f"[{', '.join(text for text, _ in told)}]"
        return "{" + ", ".join(f"{text}: {weight:g}" for text, weight in told) + "}"


def label_of(value: Any) -> str:
    """The name of an option before it is made different from the others."""
    if isinstance(value, Label):
        return value.text
    return str(value) if isinstance(value, str) else short(value)


def _labels(options: Iterable[Any]) -> tuple[str, ...]:
    """One name per option, all different, the same in every process.

    An earlier option keeps its name when another is added after it.
    """
    made: dict[str, None] = {}
    for option in options:
        label = name = label_of(option)
        if label in made:
            label = name = f"{name} ({type(option).__name__})"
        count = 2
        while label in made:
            label, count = f"{name} #{count}", count + 1
        made[label] = None
    return tuple(made)
