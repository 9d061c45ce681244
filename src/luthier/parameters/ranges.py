"""Float and Int: ranges of numbers, with a scale, and with cells where there is a step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from luthier.errors import SpaceError
from luthier.parameters.values import Array, Ints, Raw, condition, listed

LARGEST = 2**40  # steps from zero; finer ones run together in a unit, whose float has 53 bits
TINY = 1e-320  # close to the smallest float; stands for what has no logarithm
BOOLS = (bool, np.bool_)  # numbers to Python, a mistake to us


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


class _Number:
    """What Float and Int share: a range, a scale, and cells where there is a step."""

    low: Any
    high: Any
    log: bool
    step: Any
    default: Any
    when: Any
    likely: Any
    extend: Any
    cells: int | float  # how many values there are; inf for a continuous range
    _start: float  # where the unit 0 lies on the scale: the value, or its logarithm
    _width: float  # how much of the scale [0, 1] covers; 0 where there is one value
    _usual: float  # the unit of the default, NaN without one

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
        put(self, "when", condition(kind, self.when))
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
        put(self, "_usual", math.nan if self.default is None else self.to_unit(self.default))
        if self.likely is not None:
            put(self, "likely", self._interval(kind))
        put(self, "extend", self._limits(kind) if self.extend else None)

    def _interval(self, kind: str) -> tuple[Raw, Raw]:
        """`likely`, checked."""
        if not isinstance(self.likely, tuple | list) or len(self.likely) != 2:
            raise SpaceError(
                f"{kind}: likely must be an interval that may well hold the best value, got "
                f"{self.likely!r}. Give its two ends, likely=(a, b)."
            )
        a, b = (self._parse(end, f"{kind}: likely") for end in self.likely)
        if not self.low <= a <= b <= self.high or (a == b and self.step is None):
            raise SpaceError(
                f"{kind}: likely=({a!r}, {b!r}) must be an interval inside the range, its lower "
                "end first. Correct its ends, or widen the range."
            )
        return a, b

    def _limits(self, kind: str) -> tuple[Raw, Raw]:
        """How far the range may be widened to either side, from `extend`."""
        if self.extend is True:
            return self._reach(3)
        if not isinstance(self.extend, tuple | list) or len(self.extend) != 2:
            raise SpaceError(
                f"{kind}: extend must be True, or the two numbers between which the range may be "
                f"widened, got {self.extend!r}. Write for example extend=True."
            )
        a, b = (self._parse(end, f"{kind}: extend") for end in self.extend)
        if not a <= self.low <= self.high <= b or (self.log and a <= 0):
            raise SpaceError(
                f"{kind}: extend=({a!r}, {b!r}) must hold the range"
                + (" and be positive" if self.log else "")
                + ". Move its ends outwards."
            )
        return a, b

    def _reach(self, times: int = 1) -> tuple[Raw, Raw]:
        """The ends of the range after both sides are widened some times, without any limit."""
        if self.log:
            low, high = self.low / 3**times, self.high * 3**times
        else:
            gap = (self.high - self.low) / 4 * times
            low, high = self.low - gap, self.high + gap
            low = max(low, 0.0) if self.low >= 0 else low
        if self.step is None:
            return low, high
        down = max(1, round((self.low - low) / self.step))
        if self.low >= 0:  # not below zero, nor onto it where there is a logarithm
            down = min(down, int((self.low - (self.step / 2 if self.log else 0)) / self.step))
        up = max(1, round((high - self.high) / self.step))
        return self._at(-down), self._at(int(self.cells) - 1 + up)

    def widened(self, side: str) -> Self:
        """The range a quarter wider on one side, "low" or "high", or by a factor of 3 where it is
        logarithmic; no further than `extend` allows, and as it is where that leaves nothing."""
        if not isinstance(self.extend, tuple):
            return self
        low, high = self._reach()
        if side == "low":
            low, high = max(low, self.extend[0]), self.high
        else:
            low, high = self.low, min(high, self.extend[1])
        return replace(self, low=low, high=high)  # type: ignore[type-var]  # only dataclasses

    def likely_units(self) -> tuple[float, float]:
        """The ends of `likely` as units; where there are cells, those at its ends are inside."""
        half = (self.step or 0) / 2
        a, b = self.likely
        a, b = (max(a - half, a / 2) if self.log else a - half), b + half
        if self.log:
            a, b = math.log(a), math.log(b)
        return (a - self._start) / self._width, (b - self._start) / self._width

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
            if u == self._usual:
                return float(self.default)  # to the last digit: it is the library's own
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

    def under(self, when: Mapping[str, Any]) -> Self:
        """The range, active only where these parents have these values too."""
        joint = {**(self.when or {}), **when}
        return replace(self, when=joint)  # type: ignore[type-var]  # each kind is a dataclass

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
        inside = listed(
            f"{self.low!r}, {self.high!r}",
            "log=True" if self.log else None,
            f"step={step!r}" if step is not None else None,
            f"default={self.default!r}" if self.default is not None else None,
            f"likely={self.likely!r}" if self.likely is not None else None,
            f"extend={self.extend!r}" if self.extend else None,
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
    likely : (float, float), optional
        An interval that holds the best value with a probability of two thirds, as you believe.
        Samplers look there first, and elsewhere too: the belief is a normal density on the
        parameter's scale whose middle two thirds are the interval, nine parts in ten, and the
        uniform density.
    extend : bool or (float, float)
        Let the sampler `Narrow` widen the range where the best trials lie at one of its ends: up
        to three times by a quarter of it, or by a factor of 3 where it is logarithmic. A range of
        positive numbers stays so. Two numbers are the limits instead of these.

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
    likely: tuple[float, float] | None = field(default=None, kw_only=True)
    extend: bool | tuple[float, float] | None = field(default=False, kw_only=True)

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
    default, when, likely, extend
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
    likely: tuple[int, int] | None = field(default=None, kw_only=True)
    extend: bool | tuple[int, int] | None = field(default=False, kw_only=True)

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
