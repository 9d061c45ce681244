"""What a column of a table is: number, category, text, date, or of no use.

`look` decides from the values, `as_kind` brings the column into the one form that the rest of
`luthier.models` knows: float with NaN, datetime64 with NaT, or str.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

BLANK = "(missing)"  # an absent category is a level of its own
NEARLY = 0.98  # of the present cells must read as numbers or dates to make the column one
IDS = 0.9  # of the present cells differ: names or keys, nothing to learn
IDS_FROM = 20  # rows; in a shorter table everything may differ by chance
WORDS = 3.0  # words a cell on average make a text
TEXT = 0.2  # and at least this share of the cells differ

DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{4}-\d{2}$")
FORMATS = ("ISO8601", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S")
KEY = re.compile(r"^(unnamed: \d+|index|row_?(number|id)?|.*[_ ]?(id|uuid|guid|key))$", re.I)


@dataclass(frozen=True)
class Seen:
    """What a column is: its kind (None: of no use, and `why`), and how its cells are read."""

    kind: Any  # "number", "category", "text", "date" or None
    why: str = ""
    note: str = ""
    format: str | None = None  # of a date


def look(column: Any, name: str) -> Seen:
    """What a pandas column is, told from its values and, for keys, its name."""
    present = column.dropna()
    if not len(present):
        return Seen(None, "every cell is missing")
    kind = column.dtype.kind
    if kind == "M":
        return _unless_constant(present, Seen("date"))
    if kind == "m":
        return _unless_constant(present, Seen("number", note="durations are read as seconds"))
    if kind == "b":
        return _unless_constant(present, Seen("number"))
    if kind in "uif":
        return _number(present, name)
    if kind == "c":
        return Seen(None, "complex numbers cannot be used")
    return _words(column, present, name)


def as_kind(column: Any, seen: Seen) -> Any:
    """The column as float, datetime64 or str, whatever it came as."""
    import numpy as np
    import pandas as pd

    if seen.kind == "number":
        if column.dtype.kind == "m":
            return column.dt.total_seconds()
        if column.dtype.kind in "buif":
            made = column.astype(float)
        else:
            made = pd.to_numeric(_text(column), errors="coerce").astype(float)
        return made.mask(~np.isfinite(made.to_numpy(dtype=float, na_value=np.nan)))
    if seen.kind == "date":
        if column.dtype.kind != "M":
            return pd.to_datetime(
                _text(column), format=seen.format, errors="coerce", utc=True
            ).dt.tz_localize(None)
        return column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz else column
    blank = "" if seen.kind == "text" else BLANK
    return _text(column).astype(object).where(column.notna(), blank).astype(object)


def _text(column: Any) -> Any:
    return column.astype(object).map(_cell, na_action="ignore")


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _unless_constant(present: Any, seen: Seen) -> Seen:
    if present.nunique() < 2:
        return Seen(None, f"constant: every cell is {str(present.iloc[0])[:40]!r}")
    return seen


def _number(present: Any, name: str) -> Seen:
    import numpy as np

    values = present.to_numpy(dtype=float)
    infinite = int(np.sum(~np.isfinite(values)))
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Seen(None, "no cell holds a finite number")
    note = f"{infinite} infinite values count as missing" if infinite else ""
    if np.ptp(finite) == 0 and not len(finite) < len(present):
        return Seen(None, f"constant: every cell is {finite[0]:g}")
    whole = bool(np.all(np.mod(finite, 1) == 0))
    if whole and len(finite) >= IDS_FROM and len(np.unique(finite)) == len(finite):
        counts = bool(np.all(np.diff(finite) == 1)) and finite[0] in (0, 1)
        if counts or KEY.match(name):
            return Seen(None, "a row number or key: whole numbers, all different")
    return Seen("number", note=note)


def _words(column: Any, present: Any, name: str) -> Seen:
    import pandas as pd

    if present.map(lambda cell: isinstance(cell, list | dict | set | tuple)).any():
        return Seen(None, "cells hold lists or records, which cannot be used")
    if present.map(lambda cell: type(cell).__name__ == "ndarray").any():
        return Seen(None, "cells hold arrays, which cannot be used")
    cells = _text(present)
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().mean() >= NEARLY and numbers.nunique() > 1:
        if present.map(lambda cell: isinstance(cell, bool)).all():
            return Seen("number")
        strange = cells[numbers.isna()].unique()
        shown = ", ".join(repr(word[:20]) for word in strange[:3])
        note = f"{int(numbers.isna().sum())} cells that are no numbers ({shown}) count as missing"
        return Seen("number", note=note if len(strange) else "")
    distinct = cells.nunique()
    if distinct < 2:
        return _unless_constant(cells, Seen("category"))
    date = _date(cells)
    if date is not None:
        return date
    share = distinct / len(cells)
    words = cells.str.split().str.len().mean()
    if words >= WORDS and share >= TEXT and distinct > IDS_FROM:
        return Seen("text")
    if share >= IDS and len(cells) >= IDS_FROM:
        return Seen(None, f"{distinct} different values in {len(cells)} rows: a key or a name")
    mixed = len({type(cell).__name__ for cell in present.head(10_000)}) > 1
    note = "words and numbers mixed are read as categories" if mixed else ""
    return Seen("category", note=note)


def _date(cells: Any) -> Seen | None:
    import pandas as pd

    if cells.head(100).map(lambda cell: DATE.match(cell) is not None).mean() < NEARLY:
        return None
    formats = [f + clock for f in FORMATS for clock in (CLOCKS if f != "ISO8601" else ("",))]
    fits = [
        form
        for form in formats
        if pd.to_datetime(cells, format=form, errors="coerce", utc=True).notna().mean() >= NEARLY
    ]
    if not fits:
        return None
    unsure = len(fits) > 1 and fits[0] != "ISO8601"
    note = f"dates are read as {fits[0]}, though {fits[1]} fits too" if unsure else ""
    return Seen("date", note=note, format=fits[0])
