"""Scales: from numbers to pixels, and the round numbers to write along an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from luthier.report.words import number

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64] | npt.NDArray[np.intp]

FAR = 1e300  # what is drawn is brought within it, so that no difference overflows
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """Numbers to pixels, and which numbers to write along the axis.

    Parameters
    ----------
    low, high : float
        The numbers at the two ends, `low` below `high`.
    start, end : float
        Their pixels.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a number; outside of the axis for a number outside of it."""
        return float(self.many(np.array([value], dtype=np.float64))[0])

    def many(self, values: Numbers) -> Array:
        """The pixels of numbers."""
        low, high = self._on(np.array([self.low, self.high]))
        share = (self._on(values) - low) / (high - low)
        return np.asarray(self.start + share * (self.end - self.start))

    def _on(self, values: Numbers) -> Array:
        if self.log:
            return np.log10(np.maximum(values, 1e-320))
        return np.clip(values, -FAR, FAR)

    def ticks(self, room: int, whole: bool = False) -> list[tuple[float, str]]:
        """At most `room` round numbers along the axis, and how they are written."""
        if self.log and self.high / max(self.low, 1e-320) >= 30:
            return self._powers(room)
        return steps(max(self.low, -FAR), min(self.high, FAR), room, whole)

    def _powers(self, room: int) -> list[tuple[float, str]]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        every = max(1, math.ceil((last - first + 1) / max(room, 2)))
        return [(10.0**k, power(k)) for k in range(first, last + 1, every)]


def power(exponent: int) -> str:
    """A power of ten: in full where that is short."""
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(SUPERSCRIPT)


def steps(low: float, high: float, room: int, whole: bool = False) -> list[tuple[float, str]]:
    """Round numbers between two, at most `room` of them."""
    span = high - low
    if not span > 0:
        return [(low, number(low, 4))]
    unit = 10.0 ** (math.floor(math.log10(span)) - 1)
    nice = (k * ten for ten in (1, 10, 100) for k in ((1, 2, 5) if whole else (1, 2, 2.5, 5)))
    step = next(
        step
        for step in (unit * k for k in nice)
        if (step >= 1 or not whole)
        and math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) < room
    )
    first = math.ceil(low / step - 1e-9)
    made = [k * step for k in range(first, first + room + 2) if k * step <= high + 1e-9 * step]
    largest = max(abs(low), abs(high))
    if largest >= 1e5 or largest < 1e-3:
        digits = max(1, min(12, math.ceil(math.log10(largest / step) + 1e-9) + 1))
        return [(at, number(at, digits)) for at in made]
    decimals = next((k for k in range(12) if abs(round(step, k) - step) < 1e-9 * step), 12)
    return [(at, f"{at + 0.0:.{decimals}f}") for at in made]


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """A range a little wider than two numbers, and never empty."""
    low, high = max(low, -FAR), min(high, FAR)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        more = abs(low) * 0.05 or 1.0
        return low - more, high + more
    more = (high - low) * share
    return low - more, high + more
