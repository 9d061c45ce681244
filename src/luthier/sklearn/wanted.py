"""What a search is to look through, and where it starts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import _num_samples

from luthier.errors import SpaceError
from luthier.sklearn import simplicity
from luthier.space import Space

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Tried = Sequence[tuple[Mapping[str, Any], float | None]]
Suggest = Callable[[Tried], dict[str, Any] | None]


@dataclass
class Wanted:
    """What a search is to look through, and where it starts.

    Parameters
    ----------
    space : Space
    settings : callable
        From a point of the space to what ``set_params`` takes.
    first : list of dict
        Points that are tried before anything is proposed.
    suggest : callable, optional
        What else is tried before, by how those before it did: `Preset.suggest`.
    """

    space: Space
    settings: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    first: Sequence[Mapping[str, Any]] = field(default_factory=list)
    suggest: Suggest | None = None

    @classmethod
    def of(cls, fitting: Fitting) -> Wanted:
        """What a search asks for: its space, or the one that is shipped for its estimator.

        The estimator's own settings are the first point where the space holds them.

        Raises
        ------
        SpaceError
            If there is no space, or a name is no parameter of the estimator.
        """
        search = fitting.search
        given, estimator = search.space, search.estimator
        if given is None:
            return _shipped(estimator, fitting)
        if isinstance(given, Space):
            space, named = given, set(given.names)
        else:
            space = Space.from_sklearn(given)
            # From a list of dicts comes a parameter more, that says which of them is meant.
            named = {name for part in _parts(given) for name in part}
        known = estimator.get_params(deep=True)
        _check_names(named, known, estimator)
        if search.refit == "one_se":
            simplicity.ordered(named)

        def settings(point: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in point.items() if name in named}

        own = {name: known[name] for name in space.names if name in known}
        try:
            inside = np.isfinite(space.encode([own])[0])  # an estimator has inactive ones too
            own = {n: own[n] for n, on in zip(space.names, inside, strict=True) if on}
            space.check(own, partial=True)
        except SpaceError:
            return cls(space, settings)
        return cls(space, settings, [own] if own else [])


def _parts(given: Any) -> list[Any]:
    return [given] if isinstance(given, Mapping) else list(given)


def _check_names(named: Collection[str], known: Mapping[str, Any], estimator: Any) -> None:
    """Refuse names that the estimator does not have; parts of what is searched itself may be new.

    Raises
    ------
    SpaceError
    """
    for name in named:
        parents = [name[: match.start()] for match in re.finditer("__", name)]
        if name not in known and not any(parent in named for parent in parents):
            inside = [one for one in known if one.endswith(f"__{name}")]
            close = inside or get_close_matches(name, known, 3) or sorted(known)
            raise SpaceError(
                f"{name!r} is no parameter of {type(estimator).__name__}. Its parameters are "
                f"named {', '.join(map(repr, close))}; parts of a pipeline as 'step__name'."
            )


def _shipped(estimator: Any, fitting: Fitting) -> Wanted:
    """The shipped space of a well-known estimator."""
    from luthier.models.presets import preset

    shape = np.shape(fitting.X)
    classes = None if fitting.y is None or not is_classifier(estimator) else len(set(fitting.y))
    spread = _spread(fitting.y) if is_regressor(estimator) else None
    made = preset(
        estimator,
        rows=_num_samples(fitting.X),
        columns=shape[1] if len(shape) == 2 else None,
        classes=classes,
        spread=spread,
    )
    first = [made.default, *made.portfolio]
    return Wanted(made.space, made.settings, first, made.suggest)


def _spread(y: Any) -> float | None:
    """The standard deviation of one target; None where there is none, or no number for it."""
    try:
        found = float(np.std(np.asarray(y, dtype=float))) if np.ndim(y) == 1 else 0.0
    except (TypeError, ValueError):
        return None
    return found if 0 < found < math.inf else None
