"""Numbers and text as a report prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 2000  # characters of one piece of text; a longer one is cut

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# What may name a person, a machine or a password: the address in a URL of a store, and the
# folders of absolute paths, of which the last name is kept. A path ends where a blank or a
# bracket does, unless it stands in quotes.
_ADDRESS = re.compile(r"\b(?!https?:)([a-z][a-z0-9+.]*)://[^/\s'\"]*(?:/+[^\s'\"]*/|/+)?", re.I)
_QUOTED = re.compile(r"([\"'`])(?:/|[A-Za-z]:[\\/])[^\"'`\n]*[\\/]([^\"'`\n\\/]*)\1")
_PATH = re.compile(
    r"(?<![\w.\-:/…<])(?:/(?=[\w.~-]+/)|[A-Za-z]:[\\/])(?:[^\s\"'`<>()\[\]{},;:|]*[\\/])?"
    r"([^\s\"'`<>()\[\]{},;:|\\/]*)"
)
_LOGIN = re.compile(r"\b(https?://)[^/\s@'\"]+@", re.I)
_QUOTED_HOME = re.compile(
    r"([\"'`])(?:/home/|/Users/|[A-Za-z]:[\\/]Users[\\/])[^\"'`\n\\/]+[\\/]?\1"
)
_HOME = re.compile(
    r"(?<![\w.\-:/…<])(?:/(?:home|Users)/|[A-Za-z]:[\\/]Users[\\/])[^\s\"'`<>()\[\]{},;:|\\/]+[\\/]?"
    r"(?=[\s\"'`,;:)\]]|$)"
)
_SHORT_HOME = re.compile(r"(?<![\w.\-:/…<])/(?:home|root|Users)/?(?=[\s\"'`,;:)\]]|$)")


def clean(text: str) -> str:
    """Text without control characters, absolute paths and addresses, cut where it is too long."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    text = _CONTROL.sub("�", text)
    if "/" not in text and "\\" not in text:
        return text
    text = _ADDRESS.sub(r"\1://…/", text)
    text = _LOGIN.sub(r"\1…@", text)
    text = _QUOTED_HOME.sub(r"\1~\1", text)
    text = _QUOTED.sub(r"\1…/\2\1", text)
    text = _HOME.sub("~", text)
    text = _PATH.sub(r"…/\1", text)
    return _SHORT_HOME.sub("…/", text)


def number(value: float | None, digits: int = 5) -> str:
    """A number with so many significant digits; a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int):
        text = str(value)
        return text if len(text) <= 15 else _short_exponent(f"{value:.{digits}g}")
    if value == 0:
        return "0"
    return _short_exponent(f"{value:.{digits}g}")


def signed(value: float, digits: int = 3) -> str:
    """A number that always shows its sign."""
    return number(value, digits) if value < 0 else "+" + number(value, digits)


def _short_exponent(text: str) -> str:
    if "e" not in text:
        return text
    digits, _, exponent = text.partition("e")
    return f"{digits}e{int(exponent)}"


def count(n: int, noun: str, plural: str = "") -> str:
    """``1 trial``, ``12,000 trials``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def a(noun: str) -> str:
    """``a loss``, ``an accuracy``."""
    return f"{'an' if noun[:1].lower() in tuple('aeio') else 'a'} {noun}"


def value_text(value: Any, digits: int = 5) -> str:
    """A parameter's value or a noted fact, on one line."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return number(value, digits)
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {value_text(item, digits)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        shown = [value_text(item, digits) for item in value[:20]]
        return ", ".join([*shown, "…"] if len(value) > 20 else shown)
    return " ".join(str(value).split())


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    made = list(words)
    if len(made) < 2:
        return "".join(made)
    return f"{', '.join(made[:-1])} {last} {made[-1]}"
