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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from luthier.errors import SpaceError, nearest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Raw = float | int
When = Mapping[str, tuple[Any, ...]]

LARGEST = 2**40  # steps from zero; finer ones run together in a unit, whose float has 53 bits
TINY = 1e-320  # close to the smallest float; stands for what has no logarithm
NUMPY = (np.number, np.bool_, np.str_)  # scalars that have a plain Python twin
BOOLS = (bool, np.bool_)  # numbers to Python, a mistake to us
SCALARS = (bool, int, float, str, type(None))


class _Missing:
    """No default was given; None cannot say so, because None may be an option."""

    def __repr__(self) -> str:
        return "<no default>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def _number(kind: str, what: str, value: Any) -> float:
    if isinstance(value, BOOLS) or not isinstance(value, Real):
        raise SpaceError(f"{kind}: {what} must be a number, got {value!r}. Give a plain number.")
    try:
        made = float(value)
    except OverflowError:  # an int beyond every float
        made = math.inf
    if not math.isfinite(made):
        raise SpaceError(f"{kind}: {what} must be finite, got {value!r}. Give a finite number.")
    return made


def _whole(kind: str, what: str, value: Any) -> int:
    number = _number(kind, what, value)
    if not number.is_integer():
        raise SpaceError(f"{kind}: {what} must be a whole number, got {value!r}. Use Float?")
    return int(value)


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
        made[str(parent)] = several(accepted)
        if not made[str(parent)]:
            raise SpaceError(
                f"{kind}: when[{parent!r}] is empty, so the parameter could never be active. "
                "Name at least one value of the parent, or drop the condition."
            )
    return made


def several(accepted: Any) -> tuple[Any, ...]:
    """The values that a condition or a forbidden combination accepts, in a fixed order."""
    if isinstance(accepted, set | frozenset):
        # The order of a set differs from process to process, and the log must not.
        return tuple(sorted(accepted, key=lambda value: (type(value).__name__, short(value))))
    return tuple(accepted) if isinstance(accepted, list | tuple | range) else (accepted,)


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
    _start: float  # where the unit 0 lies on the scale: the value, or its logarithm
    _width: float  # how much of the scale [0, 1] covers; 0 where there is one value

    def _prepare(self, kind: str) -> None:
        """Check the settings, and work out the range in the scale's own units."""
        low, high, step = self.low, self.high, self.step
        if low > high:
            raise SpaceError(
                f"{kind}: low must not be above high, got low={low!r}, high={high!r}. Swap them?"
            )
        if not math.isfinite(high - low):
            raise SpaceError(
                f"{kind}: high - low is too large for a float. Narrow the range, or search the "
                "exponent instead."
            )
        if self.log and low <= 0:
            raise SpaceError(
                f"{kind}: log=True needs low > 0, got low={low!r}. "
                "Use a small positive low such as 1e-6, or drop log=True."
            )
        if step is not None and step <= 0:
            raise SpaceError(f"{kind}: step must be > 0, got {step!r}. Drop it or raise it.")
        if step is not None and max(abs(low), abs(high)) > LARGEST * step:
            raise SpaceError(
                f"{kind}: the ends lie more than 2**40 steps of {step!r} from zero, too many to be "
                "told apart. Raise step, use a Float without step, or search the exponent instead."
            )
        put = object.__setattr__
        put(self, "when", _when(kind, self.when))
        put(self, "cells", 1 if low == high else math.inf if step is None else self._count())
        left, right = float(low), float(high)
        if step is not None:  # a cell reaches half a step to either side of its value
            half = step / 2
            left = max(left - half, left / 2) if self.log else left - half
            right = self._at(int(self.cells) - 1) + half
        if self.log:
            left, right = math.log(left), math.log(right)
        put(self, "_start", left)
        put(self, "_width", 0.0 if self.cells == 1 else right - left)
        if self.default is not None:
            put(self, "default", self.raw(self.default, f"{kind}: default"))

    def _count(self) -> int:
        raise NotImplementedError

    def _at(self, cell: int) -> Raw:
        raise NotImplementedError

    def _parse(self, value: Any, what: str) -> Raw:
        raise NotImplementedError

    def raw(self, value: Any, what: str) -> Raw:
        """The number to log for a value that a user gave.

        Raises
        ------
        SpaceError
            If it is not a number of the range.
        """
        made = self._parse(value, what)
        cell = self.cell_of(made)
        if cell is not None:
            return self._at(cell)
        if not self.low <= made <= self.high:
            raise SpaceError(
                f"{what}: {value!r} is outside the range {self.low!r} to {self.high!r}. "
                "Give a value inside it, or widen the range."
            )
        if self.cells != math.inf:
            raise SpaceError(
                f"{what}: {value!r} is not on the grid {self.low!r}, {self.low!r} + {self.step!r}, "
                "... Give a value on it, or change step."
            )
        return made

    def loose(self, value: Any, what: str) -> Raw:
        """The number to log for a value that may lie outside the range."""
        made = self._parse(value, what)
        cell = self.cell_of(made)
        return made if cell is None else self._at(cell)

    def value(self, raw: Raw) -> Raw:
        """What the objective gets: the raw value itself."""
        return raw

    def to_unit(self, raw: Raw) -> float:
        """The unit of a raw value; outside [0, 1] where the value is outside the range."""
        if not self._width:
            return 0.5 if raw == self.low else -0.5 if raw < self.low else 1.5
        if not self.log:
            return float((raw - self._start) / self._width)
        raw = raw if raw > 0 else TINY
        if self.step is None:
            return (math.log(raw) - self._start) / self._width
        half = self.step / 2
        left, right = raw - half if raw > self.step else raw / 2, raw + half
        return ((math.log(left) + math.log(right)) / 2 - self._start) / self._width

    def from_unit(self, u: float) -> Raw:
        """The raw value at a unit, which is first brought into [0, 1]."""
        # Comparisons instead of min and max, which take longer than all the rest.
        cells: Any = self.cells
        if self.step is None:
            if 0.0 < u < 1.0:
                at = self._start + float(u) * self._width
                at = math.exp(at) if self.log else at
                if self.low < at < self.high:
                    return at
                u = at - self.low  # rounding went past an end
            return float(self.low if u <= 0.0 else self.high)
        if not 0.0 < u < 1.0:
            return self._at(0 if u <= 0.0 else cells - 1)
        if self.log and self._width:
            at = math.exp(self._start + u * self._width)
            cell = int((at - self.low) / self.step + 0.5)
        else:
            cell = int(u * cells)
        return self._at(cell if cell < cells else cells - 1)

    def levels(self) -> Sequence[Raw]:
        """Every value, in order; only where there are finitely many."""
        raise NotImplementedError

    def floor(self, u: Array) -> Array:
        """Which cell each unit falls into, as a float; NaN stays NaN."""
        if self.log and self._width:
            at = np.exp(self._start + np.minimum(np.maximum(u, 0.0), 1.0) * self._width)
            cell = np.floor((at - self.low) / self.step + 0.5)
        else:
            cell = np.floor(u * self.cells)
        made: Array = np.minimum(np.maximum(cell, 0), self.cells - 1)
        return made

    def cell(self, u: Array) -> Ints:
        """Which cell each unit falls into, from 0; only where there are finitely many."""
        return self.floor(np.asarray(u)).astype(np.int64)

    def centre(self, cell: Ints | Array) -> Array:
        """The middle of each cell, as a unit."""
        if not (self.log and self._width):
            return np.asarray((cell + 0.5) / self.cells)
        at, half = self.low + cell * self.step, self.step / 2
        left, right = np.log(np.maximum(at - half, at / 2)), np.log(at + half)
        return np.asarray(((left + right) / 2 - self._start) / self._width)

    def cell_of(self, raw: Raw) -> int | None:
        """The cell that holds a raw value, or None when no cell does."""
        if self.cells == math.inf:
            return None
        if self.cells == 1:
            return 0 if raw == self.low else None
        index = round((raw - self.low) / self.step)
        if not 0 <= index < self.cells:
            return None
        # 0.1 + 0.1 + 0.1 is meant as the third step; 1e-3 is above a float's error at LARGEST.
        return index if abs(self._at(index) - raw) <= 1e-3 * self.step else None

    def __repr__(self) -> str:
        step = None if isinstance(self, Int) and self.step == 1 else self.step
        inside = _text(
            f"{self.low!r}, {self.high!r}",
            "log=True" if self.log else None,
            f"step={step!r}" if step is not None else None,
            f"default={self.default!r}" if self.default is not None else None,
            f"when={ {k: list(v) for k, v in self.when.items()}!r}" if self.when else None,
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
    when: Mapping[str, Any] | None = field(default=None, kw_only=True, hash=False)

    _exact: ClassVar[tuple[int, int, int]]  # of an instance: low and step, times the third

    def __post_init__(self) -> None:
        kind = f"Float({self.low!r}, {self.high!r})"
        for name in ("low", "high", "step"):
            given = getattr(self, name)
            if given is not None or name != "step":
                object.__setattr__(self, name, _number(kind, name, given))
        if self.step is not None:
            (low, a), (step, b) = _ratio(self.low), _ratio(self.step)
            whole = math.lcm(a, b)
            object.__setattr__(self, "_exact", (low * whole // a, step * whole // b, whole))
        self._prepare(kind)

    def _count(self) -> int:
        low, step, whole = self._exact
        high, unit = _ratio(self.high)
        return (high * whole // unit - low) // step + 1

    def _at(self, cell: int) -> float:
        if not cell:
            return self.low
        low, step, whole = self._exact
        return (low + cell * step) / whole

    def levels(self) -> Sequence[float]:
        """Every value, in order; only where there are finitely many."""
        return [self._at(cell) for cell in range(int(self.cells))]

    def _parse(self, value: Any, what: str) -> float:
        return _number(what, "the value", value)


def _ratio(value: float) -> tuple[int, int]:
    """A float as the fraction that its decimal digits say.

    So the third step of 0.1 is 0.3: summed as floats, it would be 0.30000000000000004.
    """
    return Decimal(repr(value)).as_integer_ratio()


@dataclass(frozen=True, repr=False)
class Int(_Number):
    """A whole number between `low` and `high`, both included.

    Parameters
    ----------
    low, high : int
        The ends of the range, at most 2**40 steps from zero.
    log : bool
        Search on a logarithmic scale; needs ``low > 0``. Value v is drawn with the share that
        [v - step/2, v + step/2] has of the logarithm's range; the first cell starts at
        ``low / 2`` where `low` is less than a step.
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
    when: Mapping[str, Any] | None = field(default=None, kw_only=True, hash=False)

    def __post_init__(self) -> None:
        kind = f"Int({self.low!r}, {self.high!r})"
        for name in ("low", "high", "step"):
            object.__setattr__(self, name, _whole(kind, name, getattr(self, name)))
        self._prepare(kind)

    def _count(self) -> int:
        return (self.high - self.low) // self.step + 1

    def _at(self, cell: int) -> int:
        return self.low + cell * self.step

    def levels(self) -> Sequence[int]:
        """Every value, in order."""
        return range(self.low, self.high + 1, self.step)

    def _parse(self, value: Any, what: str) -> int:
        return _whole(what, "the value", value)


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
        put(self, "when", _when(kind, when))
        put(self, "_place", {stable: place for place, stable in enumerate(ids)})
        put(self, "_units", {x: (place + 0.5) / len(ids) for place, x in enumerate(in_order)})
        put(self, "default", MISSING)
        if default is not MISSING:
            put(self, "default", self.options[self._place[self.raw(default, f"{kind}: default")]])

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
        return (self.ordered, default, self.when, self.ids, self.retired)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Choice)
            and self._settings() == other._settings()
            and all(map(same, self.options, other.options))
        )

    def __hash__(self) -> int:
        return hash((self.labels, self.ordered, self.ids))

    def __repr__(self) -> str:
        inside = _text(
            ", ".join(map(short, self.options)),
            "ordered=True" if self.ordered else None,
            f"default={short(self.default)}" if self.default is not MISSING else None,
            f"when={ {k: list(v) for k, v in self.when.items()}!r}" if self.when else None,
        )
        return f"Choice({inside})"


Parameter = Float | Int | Choice


def is_plain(value: Any) -> bool:
    """Whether JSON can hold the value and give it back with the same type."""
    if type(value) is list:
        return all(map(is_plain, value))
    if type(value) is dict:  # {"label": ...} is how a label is written
        words = all(type(key) is str and key != "label" for key in value)
        return words and all(map(is_plain, value.values()))
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in SCALARS


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same option: one object, or same type and equal throughout."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):  # 1 == 1.0 == True, also inside a list
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    try:
        if isinstance(one, np.ndarray):
            return one.dtype == other.dtype and np.array_equal(one, other)
        return bool(one == other)
    except Exception:  # a data frame, say, does not know whether it equals another
        return False


def short(value: Any) -> str:
    """A repr that fits into a message and is the same in every process."""
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        text = name
    elif isinstance(value, set | frozenset):
        text = "{" + ", ".join(sorted(map(short, value))) + "}"
    else:
        text = " ".join(repr(value).split())
    if " at 0x" in text:
        text = type(value).__qualname__
    return text if len(text) <= 60 else text[:57] + "..."


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
