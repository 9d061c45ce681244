"""Shelf: where the ranges of one estimator are collected, around the settings that it has now.

Where a setting may be a number or something else ("scale", None), the parameter is a `Choice` of
words or ``"value"``, and ``<name>_value`` holds the number. `translated` turns such points back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from luthier.parameters import Choice, Float, Int, Parameter, same
from luthier.parameters.choice import label_of

Words = Mapping[str, Any]
When = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """What ranges may depend on; None where it is not known.

    Attributes
    ----------
    task : {"classification", "regression", ""}
        Empty for what neither classifies nor regresses.
    rows, columns, classes : int, optional
        Of the training data. Columns are those that reach the estimator, at least.
    spread : float, optional
        The standard deviation of a number that is predicted.
    """

    task: str = ""
    rows: int | None = None
    columns: int | None = None
    classes: int | None = None
    spread: float | None = None

    def share_of_rows(self, part: int, least: int, most: int) -> int:
        """The ``part``-th part of the rows, between two limits; `most` where rows are unknown."""
        return most if self.rows is None else max(least, min(most, self.rows // part))

    def spreads(self, low: float, high: float) -> tuple[float, float]:
        """A range in spreads of the target, its ends rounded; as it is where that is not known."""
        unit = self.spread or 1.0
        return float(f"{low * unit:.1g}"), float(f"{high * unit:.1g}")


class Shelf:
    """Collects parameters under a prefix, all of them switched on by one condition.

    Parameters
    ----------
    prefix : str
        Stands before every name, such as ``svc__``.
    when : mapping, optional
        Full names and values of parents that switch the whole shelf on.
    shape : Shape
    own : mapping, optional
        The settings that the estimator has now. They become the defaults, and ranges grow to hold
        them; one that is no number of the range becomes a word. Names that are missing have the
        library's default.
    """

    def __init__(
        self,
        prefix: str = "",
        when: When | None = None,
        *,
        shape: Shape | None = None,
        own: Mapping[str, Any] | None = None,
    ) -> None:
        self.prefix, self.when = prefix, dict(when or {})
        self.shape = shape or Shape()
        self.own = dict(own or {})
        self.found: dict[str, Parameter] = {}
        self.words: dict[str, Words] = {}  # by names without the prefix, as in `own`
        self.forbidden: list[dict[str, Any]] = []

    @property
    def classifies(self) -> bool:
        """Whether the task is classification."""
        return self.shape.task == "classification"

    def takes(self, name: str) -> bool:
        """Whether this version of the estimator has an argument; True where it is not known."""
        return not self.own or name in self.own

    def float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        default: float,
        words: Words | None = None,
        share: bool = False,
        log: bool = False,
        when: When | None = None,
    ) -> None:
        """A real number. With `share`, a whole number is no share but a count, hence a word."""

        def fits(own: Any) -> bool:
            return _real(own) and (own > 0 or not log) and not (share and _whole(own))

        default, when, name = self._worded(name, default, words, fits, when)
        ends = min(low, default), max(high, default)
        self._put(name, Float(*ends, log=log, default=default, when=self._if(when)))

    def int(
        self,
        name: str,
        low: int,
        high: int,
        *,
        default: int,
        words: Words | None = None,
        log: bool = False,
        when: When | None = None,
    ) -> None:
        """A whole number. A fraction that the estimator has now is a share, hence a word."""

        def fits(own: Any) -> bool:
            return _whole(own) and (own > 0 or not log)

        default, when, name = self._worded(name, default, words, fits, when)
        ends = min(low, default), max(high, default)
        self._put(name, Int(*ends, log=log, default=default, when=self._if(when)))

    def choice(
        self,
        name: str,
        *options: Any,
        default: Any,
        ordered: bool = False,
        when: When | None = None,
    ) -> None:
        """One of some settings; what the estimator has now joins them."""
        own = self.own.get(name, default)
        if not any(same(option, own) for option in options):
            options = (*options, own)
            options = tuple(sorted(options)) if ordered else options
        made = Choice(*options, default=own, ordered=ordered, when=self._if(when))
        self._put(name, made)

    def named(self, name: str, words: Words, *, when: When | None = None) -> None:
        """One of some settings that have a name; the first is the library's default."""
        words, word = self._spoken(name, words, lambda own: False)
        self.words[name] = words
        self._put(name, Choice(*words, default=word, when=self._if(when)))

    def forbid(self, **values: Any) -> None:
        """Settings that must not all hold at once."""
        self.forbidden.append({self.prefix + name: value for name, value in values.items()})

    def _if(self, when: When | None) -> dict[str, Any] | None:
        own = {self.prefix + parent: values for parent, values in (when or {}).items()}
        # A parent inside the shelf is itself switched on by the shelf's condition.
        return own or self.when or None

    def _put(self, name: str, parameter: Parameter) -> None:
        self.found[self.prefix + name] = parameter

    def _spoken(self, name: str, words: Words, fits: Any) -> tuple[dict[str, Any], str | None]:
        """The words, with one for what the estimator has now, and which one that is, if any."""
        made = dict(words)
        if name not in self.own:
            return made, next(iter(made), None)
        own = self.own[name]
        word = next((word for word, meant in made.items() if same(meant, own)), None)
        if word is None and not fits(own):
            word = label_of(own)
            made[word] = own
        return made, word

    def _worded(
        self, name: str, default: Any, words: Words | None, fits: Any, when: When | None
    ) -> tuple[Any, When | None, str]:
        """Default, condition and name of the number, after a `Choice` of words where needed."""
        made, word = self._spoken(name, words or {}, fits)
        if word is None and name in self.own:
            default = self.own[name]
        if not made:
            return default, when, name
        self.words[name] = made
        options = Choice(*made, "value", default=word or "value", when=self._if(when))
        self._put(name, options)
        return default, {name: "value"}, f"{name}_value"


def translated(words: Mapping[str, Words], params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of an estimator from the parameters of a trial; what is no word stays."""
    made = dict(params)
    for name, meant in words.items():
        if f"{name}_value" in made:
            made[name] = made.pop(f"{name}_value")
        elif isinstance(made.get(name), str):
            made[name] = meant.get(made[name], made[name])
    return made


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
