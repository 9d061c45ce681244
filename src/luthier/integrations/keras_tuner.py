"""HyperParameters: what a ``build(hp)`` function that was written for KerasTuner asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from luthier.errors import SpaceError
from luthier.trial import Trial


class HyperParameters:
    """KerasTuner's way to ask for parameters, answered by a trial.

    Where a scope's condition does not hold, a name has its default and is no parameter of the
    trial. A default that is given, and can be met, is where its parameter begins.
    ``sampling="reverse_log"`` is searched evenly.

    Parameters
    ----------
    trial : Trial
        Of a study without a space: it is defined by running.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.values: dict[str, Any] = {}  # by full name, defaults of inactive names included
        self._scopes: list[str] = []
        self._conditions: list[tuple[str, list[Any]]] = []
        self._closed = False  # names that are new have their defaults

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = None,
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> int:
        """A whole number; with logarithmic sampling a step multiplies."""
        usual = min_value if default is None else default
        if sampling == "log" and step is not None:
            options = _powers(min_value, max_value, step)
            return int(
                self._choice(name, options, usual, True, parent_name, parent_values, default)
            )
        step = 1 if step is None else step
        top = max_value - (max_value - min_value) % step  # KerasTuner's last one, too
        first = (
            None if default is None or default not in range(min_value, top + 1, step) else default
        )
        return int(
            self._ask(
                name,
                usual,
                lambda full: self.trial.int(
                    full, min_value, top, step=step, log=sampling == "log", default=first
                ),
                parent_name,
                parent_values,
            )
        )

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = None,
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> float:
        """A real number; with logarithmic sampling a step multiplies."""
        usual = min_value if default is None else default
        if sampling == "log" and step is not None:
            options = _powers(min_value, max_value, step)
            return float(
                self._choice(name, options, usual, True, parent_name, parent_values, default)
            )
        inside = default is not None and step is None and min_value <= default <= max_value
        first = default if inside else None
        return float(
            self._ask(
                name,
                usual,
                lambda full: self.trial.float(
                    full, min_value, max_value, step=step, log=sampling == "log", default=first
                ),
                parent_name,
                parent_values,
            )
        )

    def Choice(
        self,
        name: str,
        values: Sequence[Any],
        ordered: bool | None = None,
        default: Any = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """One of the values; numbers are taken as ordered, as KerasTuner takes them."""
        values = list(values)
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        sorts = numbers if ordered is None else ordered
        usual = values[0] if default is None else default
        return self._choice(name, values, usual, sorts, parent_name, parent_values, default)

    def Boolean(
        self,
        name: str,
        default: bool = False,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> bool:
        """True or False."""
        options = [False, True]
        return bool(self._choice(name, options, default, False, parent_name, parent_values))

    def Fixed(
        self, name: str, value: Any, parent_name: str | None = None, parent_values: Any = None
    ) -> Any:
        """The value itself, which is no parameter."""
        self.values[self._full(name)] = value
        return value

    def get(self, name: str) -> Any:
        """The value of a name that was asked for.

        Raises
        ------
        SpaceError
            If it was not.
        """
        full = self._full(name)
        if full not in self.values:
            raise SpaceError(f"hp.get({name!r}): it has not been asked for yet. Ask first.")
        return self.values[full]

    __getitem__ = get

    def copy(self) -> HyperParameters:
        """The same values; names that are new to it have their defaults, as in KerasTuner."""
        made = HyperParameters(self.trial)
        made.values, made._closed = dict(self.values), True
        made._scopes, made._conditions = list(self._scopes), list(self._conditions)
        return made

    def __contains__(self, name: str) -> bool:
        return self._full(name) in self.values

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Names in this block begin with another one and a slash."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Names in this block are parameters only where the parent has one of these values."""
        self._conditions.append((self._full(parent_name), _listed(parent_values)))
        try:
            yield
        finally:
            self._conditions.pop()

    def _full(self, name: str) -> str:
        return "/".join([*self._scopes, name])

    def _choice(
        self,
        name: str,
        options: list[Any],
        usual: Any,
        ordered: bool,
        parent_name: str | None,
        parent_values: Any,
        default: Any = None,
    ) -> Any:
        first = {} if default is None or default not in options else {"default": default}
        return self._ask(
            name,
            usual,
            lambda full: (
                self.trial.choice(full, *options, ordered=ordered, **first)
                if len(options) > 1
                else options[0]
            ),
            parent_name,
            parent_values,
        )

    def _ask(
        self, name: str, usual: Any, ask: Any, parent_name: str | None, parent_values: Any
    ) -> Any:
        """The trial's value where every condition holds, else the default."""
        full, conditions = self._full(name), list(self._conditions)
        if self._closed:
            return self.values.setdefault(full, usual)
        if parent_name:
            conditions.append((self._full(parent_name), _listed(parent_values)))
        holds = all(self.values.get(parent) in allowed for parent, allowed in conditions)
        self.values[full] = ask(full) if holds else usual
        return self.values[full]


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple | set) else [values]


def _powers(low: Any, high: Any, factor: Any) -> list[Any]:
    """From `low` up to `high`, each `factor` times the one before."""
    found = [low]
    while found[-1] * factor <= high * (1 + 1e-12):
        found.append(found[-1] * factor)
    return found
