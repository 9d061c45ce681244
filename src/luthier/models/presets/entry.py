"""Entry: what is known of one kind of estimator; and Part: one of them at its place, now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.models.presets.inside import Inside
from luthier.models.presets.shelf import Shape, Shelf, Words, translated
from luthier.parameters import same

Settings = dict[str, Any]
Own = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """What is known of one kind of estimator.

    Attributes
    ----------
    shelve : callable
        Puts its parameters on a `Shelf`.
    source : str
        Why these ranges.
    reads : callable, optional
        Turns the estimator's settings into the names that `shelve` uses, where they differ.
    finish : callable, optional
        Turns translated parameters into arguments, given what the estimator has now.
    inside : callable, optional
        Which other estimators its settings hold.
    """

    shelve: Callable[[Shelf], None]
    source: str
    reads: Callable[[Own], Settings] | None = None
    finish: Callable[[Settings, Own], Settings] | None = None
    inside: Callable[[Own, Shape], list[Inside]] | None = None

    def read(self, own: Own) -> Own:
        """The estimator's settings under the names of its parameters."""
        return self.reads(own) if self.reads else own

    def finished(self, made: Settings, own: Own) -> Settings:
        """Arguments of the estimator from translated parameters."""
        return self.finish(made, own) if self.finish else made


@dataclass(frozen=True)
class Part:
    """One estimator somewhere inside what is tuned, with the settings that it has now.

    Attributes
    ----------
    default : mapping
        Every parameter's default by its name without the prefix, inactive ones too.
    """

    prefix: str
    kind: str
    entry: Entry
    own: Own = field(repr=False)
    words: Mapping[str, Words] = field(repr=False)
    default: Mapping[str, Any] = field(repr=False)
    shape: Shape

    def settings(self, params: Mapping[str, Any]) -> Settings:
        """What ``set_params`` of the whole takes for this part of a point."""
        there = [name for name in self.default if self.prefix + name in params]
        if not there:  # it is a member that was dropped, or nothing of it is searched
            return {}
        given = {name: params[self.prefix + name] for name in there}
        untouched = {name for name in there if same(given[name], self.default[name])}
        made = translated(self.words, given)
        read = self.entry.read(self.own)
        for name in made:
            # A default may stand for what has no name, such as None for the library's own choice.
            kept = name in self.own and untouched.issuperset({name, f"{name}_value"} & {*there})
            if kept and (name not in read or same(read[name], self.own[name])):
                made[name] = self.own[name]
        made = self.entry.finished(made, self.own)
        if len(untouched) == len(there):
            made = {name: self.own[name] for name in made if name in self.own}
        return {self.prefix + name: value for name, value in made.items()}
