"""Default against tuned, as a study has noted it; what the report says of the gain rests on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luthier.report.reading import as_float


@dataclass(frozen=True)
class Interval:
    """A score and where it may well lie; the ends are NaN where unknown."""

    score: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there are ends."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Comparison:
    """Default against tuned on rows that the search never saw.

    A positive `difference` means that tuned is better, whichever way the metric points.
    """

    metric: str
    maximize: bool
    default: Interval
    tuned: Interval
    difference: Interval
    level: float
    rows: int | None
    guess: float
    words: str

    @property
    def verdict(self) -> str:
        """ "better", "worse", or "unclear" where the interval includes zero or is unknown."""
        if not self.difference.known:
            return "unclear"
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "unclear"


def comparison(note: Any) -> Comparison | None:
    """The study's note ``evaluation``, read; None when it is not there or cannot be read."""
    if not isinstance(note, Mapping):
        return None
    default, tuned = _interval(note.get("default")), _interval(note.get("tuned"))
    if default is None or tuned is None:
        return None
    maximize = note.get("direction") == "maximize" or note.get("maximize") is True
    difference = _interval(note.get("difference"), note.get("interval"))
    if difference is None:
        gain = tuned.score - default.score
        difference = Interval(gain if maximize else -gain, math.nan, math.nan)
    rows = note.get("rows", note.get("n_test"))
    level = as_float(note.get("level"))
    return Comparison(
        metric=str(note.get("metric", "score")),
        maximize=maximize,
        default=default,
        tuned=tuned,
        difference=difference,
        level=level if 0 < level < 1 else 0.95,
        rows=rows if isinstance(rows, int) else None,
        guess=as_float(note.get("guess")),
        words=str(note.get("words", "")),
    )


def _interval(told: Any, ends: Any = None) -> Interval | None:
    """From ``{"score", "low", "high"}``, ``{"score", "interval"}`` or a bare number."""
    low, high = math.nan, math.nan
    if isinstance(told, Mapping):
        ends = told.get("interval", ends)
        low, high = as_float(told.get("low")), as_float(told.get("high"))
        told = told.get("score")
    if isinstance(ends, list | tuple) and len(ends) == 2:
        low, high = as_float(ends[0]), as_float(ends[1])
    score = as_float(told)
    return Interval(score, low, high) if math.isfinite(score) else None
