"""Float, Int and Choice: one parameter each, and its map to and from [0, 1].

Three forms of a value meet here. The *value* is what the objective gets: a Python float, an
int, or the very option of a choice. The *raw* value is what the log keeps: the same number, or
the option's stable id. The *unit* is a cell of ``X``: a number in [0, 1].

A parameter with finitely many values splits [0, 1] into cells, one per value, and its unit is
the middle of the cell. All cells are equally wide, but for ``log=True``, where the width is the
cell's share of the logarithm's range; so a uniform draw falls on integers as on a log scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from luthier.errors import SpaceError, nearest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Raw = float | int
When = Mapping[str, tuple[Any, ...]]

LARGEST = 2**53  # beyond it a float no longer tells two neighbouring integers apart


class _Missing:
    """No default was given; None cannot say so, because None may be an option."""

    def __repr__(self) -> str:
        return "<no default>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def _number(kind: str, what: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise SpaceError(f"{kind}: {what} must be a number, got {value!r}. Give a plain number.")
    if not math.isfinite(value):
        raise SpaceError(f"{kind}: {what} must be finite, got {value!r}. Give a finite number.")
    return float(value)


def _when(kind: str, when: Mapping[str, Any] | None) -> When | None:
    """The condition with every right-hand side as a tuple of accepted values."""
    if when is None or (isinstance(when, Mapping) and not when):
        return None
    if not isinstance(when, Mapping):
        raise SpaceError(
            f"{kind}: when must map a parent's name to the values that switch this parameter on, "
            f'got {when!r}. Write for example when={{"kernel": ["rbf", "poly"]}}.'
        )
    made: dict[str, tuple[Any, ...]] = {}
    for parent, accepted in when.items():
        several = isinstance(accepted, list | tuple | set | frozenset | range)
        made[str(parent)] = tuple(accepted) if several else (accepted,)
        if not made[str(parent)]:
            raise SpaceError(
                f"{kind}: when[{parent!r}] is empty, so the parameter could never be active. "
                "Name at least one value of the parent, or drop the condition."
            )
    return made


def _text(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


class _Number:
    """What Float and Int share: a range, a scale, and cells where there is a step."""

    low: Any
    high: Any
    log: bool
    step: Any
    default: Any
    when: Any
    cells: int | float  # how many values there are; inf for a continuous range
    _edges: tuple[float, float]

    def _prepare(self, kind: str) -> None:
        """Check the settings, and work out the range in the scale's own units."""
        if self.low > self.high:
            raise SpaceError(
                f"{kind}: low must not be above high, got low={self.low!r}, high={self.high!r}. "
                "Swap them?"
            )
        if self.log and self.low <= 0:
            raise SpaceError(
                f"{kind}: log=True needs low > 0, got low={self.low!r}. "
                "Use a small positive low such as 1e-6, or drop log=True."
            )
        if self.step is not None and self.step <= 0:
            raise SpaceError(f"{kind}: step must be > 0, got {self.step!r}. Drop it or raise it.")
        object.__setattr__(self, "when", _when(kind, self.when))
        object.__setattr__(self, "cells", self._count())
        low, high = float(self.low), float(self.high)
        if self.step is not None:  # a cell reaches half a step to either side of its value
            last = float(self._at(self.cells - 1))  # type: ignore[arg-type]
            half = float(self.step) / 2
            low, high = (max(low - half, low / 2) if self.log else low - half), last + half
        edges = (math.log(low), math.log(high)) if self.log else (low, high)
        object.__setattr__(self, "_edges", edges)

    def _check_default(self, kind: str) -> None:
        if self.default is not None:
            object.__setattr__(self, "default", self.raw(self.default, f"{kind}: default"))

    def _count(self) -> int | float:
        if self.low == self.high:
            return 1
        if self.step is None:
            return math.inf
        return math.floor((self.high - self.low) / self.step * (1 + 1e-12) + 1e-9) + 1

    def _at(self, cell: int) -> Raw:
        raise NotImplementedError

    def raw(self, value: Any, what: str) -> Raw:
        raise NotImplementedError

    def value(self, raw: Raw) -> Raw:
        """What the objective gets: the raw value itself."""
        return raw

    def to_unit(self, raw: Raw) -> float:
        """The unit of a raw value; outside [0, 1] where the value is outside the range."""
        low, high = self._edges
        if low == high:
            return 0.5 if raw == self.low else (-0.5 if raw < self.low else 1.5)
        if self.step is None:
            u = ((math.log(max(raw, 1e-300)) if self.log else raw) - low) / (high - low)
            # Rounding must not push the ends of the range out of the cube.
            return 0.0 if raw == self.low else 1.0 if raw == self.high else u
        if not self.log:
            return (raw - low) / (high - low)
        half = self.step / 2
        left, right = math.log(max(raw - half, raw / 2, 1e-300)), math.log(max(raw + half, 1e-300))
        return ((left + right) / 2 - low) / (high - low)

    def from_unit(self, u: float) -> Raw:
        """The raw value at a unit, which is first brought into [0, 1]."""
        u = min(max(float(u), 0.0), 1.0)
        if self.cells == 1:
            return self._at(0)
        low, high = self._edges
        at = low + u * (high - low)
        if self.log:
            at = math.exp(at)
        if self.step is None:
            if u == 0.0 or u == 1.0:
                return float(self.low if u == 0.0 else self.high)
            return float(min(max(at, self.low), self.high))
        last = int(self.cells) - 1
        cell = (at - self.low) / self.step + 0.5 if self.log else u * (last + 1)
        return self._at(min(max(int(cell), 0), last))

    def cell(self, u: Array) -> Ints:
        """Which cell each unit falls into, from 0; only where there are finitely many."""
        cells = int(self.cells)
        if cells == 1:
            return np.zeros(np.shape(u), dtype=np.int64)
        u = np.clip(u, 0.0, 1.0)
        if self.log:
            low, high = self._edges
            at = np.exp(low + u * (high - low))
            index = np.floor((at - float(self.low)) / float(self.step) + 0.5)
        else:
            index = np.floor(u * cells)
        made: Ints = np.clip(index, 0, cells - 1).astype(np.int64)
        return made

    def centre(self, cell: Ints) -> Array:
        """The middle of each cell, as a unit."""
        cells = int(self.cells)
        if cells == 1 or not self.log:
            return np.asarray((cell + 0.5) / cells)
        low, high = self._edges
        at, half = float(self.low) + cell * float(self.step), float(self.step) / 2
        left, right = np.log(np.maximum(at - half, at / 2)), np.log(at + half)
        return np.asarray(((left + right) / 2 - low) / (high - low))

    def cell_of(self, raw: Raw) -> int | None:
        """The cell that holds a raw value, or None when no cell does."""
        index = round((raw - self.low) / (self.step or 1)) if self.cells > 1 else 0
        inside = 0 <= index < self.cells and math.isclose(self._at(index), raw, rel_tol=1e-9)
        return index if inside else None

    def __repr__(self) -> str:
        step = None if isinstance(self, Int) and self.step == 1 else self.step
        inside = _text(
            f"{self.low!r}, {self.high!r}",
            "log=True" if self.log else None,
            f"step={step!r}" if step is not None else None,
            f"default={self.default!r}" if self.default is not None else None,
            f"when={ {k: list(v) for k, v in self.when.items()} !r}" if self.when else None,
        )
        return f"{type(self).__name__}({inside})"


@dataclass(frozen=True, repr=False)
class Float(_Number):
    """A real number between `low` and `high`, both reachable.

    Parameters
    ----------
    low, high : float
        The ends of the range, in the parameter's own units.
    log : bool
        Search on a logarithmic scale; needs ``low > 0``.
    step : float, optional
        Only ``low``, ``low + step``, ... up to `high` are used.
    default : float, optional
        The value that a library uses when nobody sets one; `auto` tries it first.
    when : dict, optional
        Active only when each parent named here has one of the given values.

    Raises
    ------
    SpaceError
        If the range is empty, not finite, or not positive where `log` needs it.
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    default: float | None = field(default=None, kw_only=True)
    when: Mapping[str, Any] | None = field(default=None, kw_only=True)
    cells: int | float = field(init=False, compare=False, default=math.inf)
    _edges: tuple[float, float] = field(init=False, compare=False, default=(0.0, 0.0))

    def __post_init__(self) -> None:
        kind = f"Float({self.low!r}, {self.high!r})"
        for name in ("low", "high", "step"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _number(kind, name, given))
        self._prepare(kind)
        self._check_default(kind)

    def loose(self, value: Any, what: str) -> float:
        """The number to log for a value, which may lie outside the range."""
        return _number(what, "the value", value)

    def _at(self, cell: int) -> float:
        if self.step is None or self.low == self.high:
            return float(self.low)
        # In decimal, so that the third step of 0.1 is 0.3 and not 0.30000000000000004.
        return float(Decimal(repr(self.low)) + cell * Decimal(repr(self.step)))

    def raw(self, value: Any, what: str) -> float:
        """The number to log for a value that a user gave.

        Raises
        ------
        SpaceError
            If it is not a number inside the range.
        """
        made = _number(what, "the value", value)
        if not self.low <= made <= self.high:
            raise SpaceError(
                f"{what}: {value!r} is outside the range {self.low!r} to {self.high!r}. "
                "Give a value inside it, or widen the range."
            )
        if self.step is not None:
            cell = self.cell_of(made)
            if cell is None:
                raise SpaceError(
                    f"{what}: {value!r} is not on the grid {self.low!r}, {self._at(1)!r}, ... "
                    f"of step {self.step!r}. Give a value on it, or drop step."
                )
            return self._at(cell)
        return made


@dataclass(frozen=True, repr=False)
class Int(_Number):
    """A whole number between `low` and `high`, both included.

    Parameters
    ----------
    low, high : int
        The ends of the range, at most 2**53 from zero.
    log : bool
        Search on a logarithmic scale; needs ``low > 0``. Value v is drawn with the share that
        [v - step/2, v + step/2] has of the logarithm's range.
    step : int
        Only ``low``, ``low + step``, ... up to `high` are used.
    default, when
        As for `Float`.

    Raises
    ------
    SpaceError
        If the range is empty, not whole, too large, or not positive where `log` needs it.
    """

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    default: int | None = field(default=None, kw_only=True)
    when: Mapping[str, Any] | None = field(default=None, kw_only=True)
    cells: int | float = field(init=False, compare=False, default=math.inf)
    _edges: tuple[float, float] = field(init=False, compare=False, default=(0.0, 0.0))

    def __post_init__(self) -> None:
        kind = f"Int({self.low!r}, {self.high!r})"
        for name in ("low", "high", "step"):
            object.__setattr__(self, name, _whole(kind, name, getattr(self, name)))
        if max(abs(self.low), abs(self.high)) > LARGEST:
            raise SpaceError(
                f"{kind}: the ends must lie within 2**53 of zero, where floats still count one by "
                "one. Use Float, or search the exponent instead."
            )
        self._prepare(kind)
        self._check_default(kind)

    def loose(self, value: Any, what: str) -> int:
        """The number to log for a value, which may lie outside the range."""
        return _whole(what, "the value", value)

    def _at(self, cell: int) -> int:
        return int(self.low + cell * self.step)

    def raw(self, value: Any, what: str) -> int:
        """The number to log for a value that a user gave.

        Raises
        ------
        SpaceError
            If it is not a whole number of the range.
        """
        made = _whole(what, "the value", value)
        if not self.low <= made <= self.high:
            raise SpaceError(
                f"{what}: {value!r} is outside the range {self.low!r} to {self.high!r}. "
                "Give a value inside it, or widen the range."
            )
        if (made - self.low) % self.step:
            raise SpaceError(
                f"{what}: {value!r} is not one of {self.low!r}, {self.low + self.step!r}, ... "
                f"of step {self.step!r}. Give a value on it, or drop step."
            )
        return made


def _whole(kind: str, what: str, value: Any) -> int:
    number = _number(kind, what, value)
    if isinstance(value, float | np.floating) and not number.is_integer():
        raise SpaceError(f"{kind}: {what} must be a whole number, got {value!r}. Use Float?")
    return int(value)


@dataclass(frozen=True)
class Label:
    """Stands for an option that the log knows only by its label.

    Options such as functions and estimators are never stored, only named. The script that made
    the study brings them back; without it, this is shown in their place.
    """

    text: str

    def __repr__(self) -> str:
        return f"<{self.text}>"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Choice:
    """One of the given options, each of which may be any Python object.

    Options are told apart by position, so ``1``, ``1.0`` and ``True`` are three options, and
    the objective gets the very object (in another process, a copy of it).

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

    Raises
    ------
    SpaceError
        If there is no option, or one is given twice.
    """

    options: tuple[Any, ...]
    ordered: bool
    default: Any  # one of the options, or MISSING
    when: When | None
    ids: tuple[int, ...]  # of each option, stable while the space grows
    retired: tuple[tuple[int, str], ...]  # ids and labels of options that were taken away
    labels: tuple[str, ...]  # of the options: short, all different, equal in every process
    _place: dict[Raw, int]  # position of each id
    _gone: dict[Raw, int]

    log: ClassVar[bool] = False

    def __init__(
        self,
        *options: Any,
        ordered: bool = False,
        default: Any = MISSING,
        when: Mapping[str, Any] | None = None,
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
        kind = f"Choice({', '.join(map(_short, options))})"
        for index, option in enumerate(options):
            for other, earlier in enumerate(options[:index]):
                if option is earlier or (_plain(option) and _same(option, earlier)):
                    raise SpaceError(
                        f"{kind}: options {other} and {index} are the same, {_short(option)}. "
                        "Drop one of them."
                    )
        ids = tuple(range(len(options))) if _ids is None else _ids
        put = object.__setattr__
        put(self, "options", tuple(options))
        put(self, "ordered", bool(ordered))
        put(self, "ids", ids)
        put(self, "retired", tuple(_retired))
        put(self, "labels", _labels(options))
        put(self, "when", _when(kind, when))
        put(self, "_place", {stable: place for place, stable in enumerate(ids)})
        put(self, "_gone", {stable: place for place, (stable, _) in enumerate(_retired)})
        put(self, "default", MISSING)
        if default is not MISSING:
            put(self, "default", self.value(self.raw(default, f"{kind}: default")))

    @property
    def cells(self) -> int:
        """How many options there are."""
        return len(self.options)

    def find(self, value: Any) -> int | None:
        """The position of an option, or None: by identity first, then same type and equal."""
        for place, option in enumerate(self.options):
            if option is value:
                return place
        for place, option in enumerate(self.options):
            if _same(option, value):
                return place
        if isinstance(value, np.generic):
            return self.find(value.item())
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
            hint = nearest(value, [x for x in self.options if isinstance(x, str)]) if isinstance(
                value, str
            ) else ""
            raise SpaceError(
                f"{what}: {_short(value)} ({type(value).__name__}) is none of the options "
                f"{', '.join(map(_short, self.options))}.{hint} Give one of them."
            )
        return self.ids[place]

    loose = raw

    def value(self, raw: Raw) -> Any:
        """The option with a stable id; a `Label` when it was taken away."""
        place: int | None = self._place.get(raw)
        if place is not None:
            return self.options[place]
        return Label(self.label(raw))

    def label(self, raw: Raw) -> str:
        """The name of the option with a stable id, for tables and figures."""
        place: int | None = self._place.get(raw)
        if place is not None:
            return self.labels[place]
        return dict(self.retired).get(int(raw), f"option {raw}")

    def to_unit(self, raw: Raw) -> float:
        """The middle of the option's cell; above 1 for an option that was taken away."""
        place: int | None = self._place.get(raw)
        if place is None:
            place = len(self.options) + self._gone.get(raw, len(self.retired))
        return (place + 0.5) / len(self.options)

    def from_unit(self, u: float) -> int:
        """The stable id of the option at a unit, which is first brought into [0, 1]."""
        cells = len(self.options)
        return self.ids[min(max(int(u * cells), 0), cells - 1)]

    def cell(self, u: Array) -> Ints:
        """Which option each unit falls on, by position."""
        cells = len(self.options)
        made: Ints = np.clip(np.floor(np.asarray(u) * cells), 0, cells - 1).astype(np.int64)
        return made

    def centre(self, cell: Ints) -> Array:
        """The middle of each option's cell, as a unit."""
        return np.asarray((cell + 0.5) / len(self.options))

    def cell_of(self, raw: Raw) -> int | None:
        """The position of the option with a stable id, or None when it was taken away."""
        place: int | None = self._place.get(raw)
        return place

    def _key(self) -> tuple[Any, ...]:
        default = MISSING if self.default is MISSING else self.find(self.default)
        return (self.options, self.ordered, default, self.when, self.ids, self.retired)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Choice) or len(self.options) != len(other.options):
            return False
        pairs = zip(self.options, other.options, strict=True)
        return self._key()[1:] == other._key()[1:] and all(
            mine is theirs or _same(mine, theirs) for mine, theirs in pairs
        )

    def __hash__(self) -> int:
        return hash((self.labels, self.ordered, self.ids))

    def __repr__(self) -> str:
        inside = _text(
            ", ".join(map(_short, self.options)),
            "ordered=True" if self.ordered else None,
            f"default={_short(self.default)}" if self.default is not MISSING else None,
            f"when={ {k: list(v) for k, v in self.when.items()} !r}" if self.when else None,
        )
        return f"Choice({inside})"


Parameter = Float | Int | Choice


def _plain(value: Any) -> bool:
    """Whether JSON can hold the value and give it back with the same type."""
    if isinstance(value, list):
        return all(map(_plain, value))
    if type(value) is dict:
        return all(type(k) is str for k in value) and all(map(_plain, value.values())) and (
            "label" not in value
        )
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (bool, int, str)


def _same(one: Any, other: Any) -> bool:
    """Whether two options have the same type and are equal."""
    if type(one) is not type(other):
        return False
    try:
        return bool(one == other)
    except Exception:  # an array, say, does not know whether it equals another
        return False


def _short(value: Any) -> str:
    """A repr that fits into a message and is the same in every process."""
    name = getattr(value, "__qualname__", None)
    text = name if isinstance(name, str) else repr(value)
    if " at 0x" in text:
        text = type(value).__qualname__
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _labels(options: Iterable[Any]) -> tuple[str, ...]:
    """One name per option: short, all different, and the same in every process."""
    made = [option if isinstance(option, str) else _short(option) for option in options]
    kinds = [type(option).__name__ for option in options]
    for index, label in enumerate(made):
        if made.count(label) > 1:
            twins = [i for i, other in enumerate(made) if other == label]
            typed = len({kinds[i] for i in twins}) == len(twins)
            for order, i in enumerate(twins):
                made[i] = f"{label} ({kinds[i]})" if typed else f"{label} #{order}"
    return tuple(made)
