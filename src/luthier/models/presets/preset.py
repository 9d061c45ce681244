"""Preset: the default space of an estimator, around the settings that it has now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from luthier.errors import StudyError
from luthier.models.presets.entry import Part
from luthier.models.presets.experience import Experience
from luthier.models.presets.known import KNOWN, entry_of, kind_of
from luthier.models.presets.portfolio import points, tried_elsewhere
from luthier.models.presets.shelf import Shape, Shelf
from luthier.parameters import Parameter
from luthier.space import Space

PLANNED = 4  # points of a portfolio that are tried whatever comes of them
SUGGESTED = 10  # points in all before a sampler takes over


@dataclass(frozen=True)
class Preset:
    """What to search for an estimator, and how to put a point of it into the estimator.

    Attributes
    ----------
    space : Space
        Parameters as one thinks of them: where the library takes a number or a word, a `Choice`
        of words or ``"value"`` and a ``<name>_value``; ``step__name`` inside a pipeline.
    default : dict
        The estimator's own settings as a point of the space.
    portfolio : tuple of dict
        Points worth trying next, the best first: each does well where the ones before do not.
    source : str
        Why these ranges.
    parts : tuple of Part
        The estimators that the parameters belong to; `settings` asks them.
    elsewhere : tuple, optional
        Points that were scored on other tables, and their regrets; `suggest` asks them.
    """

    space: Space
    default: dict[str, Any]
    portfolio: tuple[dict[str, Any], ...]
    source: str
    parts: tuple[Part, ...] = field(repr=False)
    elsewhere: tuple[tuple[dict[str, Any], ...], Experience] | None = field(repr=False)

    def suggest(
        self, tried: Sequence[tuple[Mapping[str, Any], float | None]]
    ) -> dict[str, Any] | None:
        """The next point that is worth trying, by how others did here and on other tables.

        The default comes first, then the first of the portfolio, then of some dozens of points
        that were scored on other tables the one with the largest expected improvement.

        Parameters
        ----------
        tried : sequence of (dict, float or None)
            Points and their losses, the lower the better, in any unit; None where it is not known
            or not comparable, as of a fit that failed.

        Raises
        ------
        SpaceError
            If a point is not of the space.

        Returns
        -------
        dict or None
            None once ten points were tried, or where there is no portfolio: then it is time for
            a sampler.
        """
        key = self._key
        done = [key(point) for point, _ in tried]
        planned = (self.default, *self.portfolio[: None if self.elsewhere is None else PLANNED])
        left = [point for point in planned if key(point) not in done]
        if self.elsewhere is None or len(tried) >= SUGGESTED or left:
            return left[0] if left else None
        known, experience = self.elsewhere
        place = {key(point): number for number, point in enumerate(known)}
        losses, taken = np.full(len(known), np.nan), np.zeros(len(known), dtype=bool)
        for at, (_, loss) in zip(done, tried, strict=True):
            if at in place:
                taken[place[at]] = True
                losses[place[at]] = np.nan if loss is None else loss
        chosen = experience.next(losses, taken)
        return None if chosen is None else known[chosen]

    def _key(self, point: Mapping[str, Any]) -> Any:
        return self.space.key(self.space.check(point))

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What ``clone(estimator).set_params(**...)`` takes for a point.

        Names that are missing keep what the estimator has. The default point leaves the estimator
        equal to itself.
        """
        made: dict[str, Any] = {}
        for part in self.parts:
            made |= part.settings(params)
        return made


def preset(
    estimator: Any,
    *,
    rows: int | None = None,
    columns: int | None = None,
    classes: int | None = None,
    spread: float | None = None,
) -> Preset:
    """The default space of an estimator, around the settings that it has now.

    Parameters
    ----------
    estimator
        With scikit-learn's interface. Pipelines, column transformers and ensembles are followed
        inwards: what is known there is searched, under the names that ``set_params`` uses. Steps
        and members that are not known are left as they are.
    rows, columns, classes : int, optional
        Of the training data. Some ranges depend on them, such as that of ``n_neighbors``; give
        what is known.
    spread : float, optional
        The standard deviation of the target, of a regression. Penalties and tubes of support
        vector machines go with it.

    Raises
    ------
    StudyError
        If the estimator, or the model at the end of a pipeline, is not known, or nothing of it is
        searched by default.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> made = preset(SVC(C=7), columns=30)
    >>> made.default
    {'C': 7.0, 'kernel': 'rbf', 'gamma': 'scale', 'class_weight': None}
    >>> made.settings({**made.default, "gamma": "value", "gamma_value": 0.02})["gamma"]
    0.02
    """
    if isinstance(estimator, type):
        raise StudyError(
            f"{estimator.__name__} is a class, and what is tuned is an estimator. "
            f"Give {estimator.__name__}()."
        )
    gathered = _Gathered()
    shape = Shape(task_of(estimator), rows, columns, classes, spread)
    gathered.take(estimator, "", None, shape, required=True)
    space = Space(gathered.found, forbid=gathered.forbidden)
    default = space.default()
    if default is None:
        raise StudyError(
            f"{type(estimator).__name__} has nothing that is searched by default. "
            "Give a space: space=Space(...)."
        )
    return Preset(
        space,
        default,
        tuple(points(space, gathered.parts, columns)),
        _told(gathered.parts),
        tuple(gathered.parts),
        tried_elsewhere(space, gathered.parts, columns),
    )


def task_of(estimator: Any) -> str:
    """``"classification"``, ``"regression"`` or, for steps and the like, ``""``."""
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(estimator):
        return "classification"
    return "regression" if is_regressor(estimator) else ""


@dataclass
class _Gathered:
    """Parameters, parts and forbidden combinations, as they are found on the way inwards."""

    found: dict[str, Parameter] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    forbidden: list[dict[str, Any]] = field(default_factory=list)

    def take(
        self,
        estimator: Any,
        prefix: str,
        when: Mapping[str, Any] | None,
        shape: Shape,
        *,
        required: bool,
    ) -> None:
        """Add an estimator and what lies inside it."""
        entry = entry_of(estimator)
        if entry is None:
            if required:
                raise _unknown(estimator, prefix)
            return
        own = estimator.get_params(deep=False)
        shape = replace(shape, task=task_of(estimator) or shape.task)
        shelf = Shelf(prefix, when, shape=shape, own=entry.read(own))
        entry.shelve(shelf)
        self.found |= shelf.found
        self.forbidden += shelf.forbidden
        default = {name[len(prefix) :]: p.default for name, p in shelf.found.items()}
        kind = type(estimator).__name__
        self.parts.append(Part(prefix, kind, entry, own, shelf.words, default, shape))
        for inner in entry.inside(own, shape) if entry.inside else ():
            # Under a condition of its own, which holds only where the outer ones do.
            above = {prefix + name: value for name, value in (inner.when or {}).items()} or when
            below = f"{prefix}{inner.name}__"
            needed = required and inner.required
            self.take(inner.estimator, below, above, inner.shape, required=needed)


def _unknown(estimator: Any, prefix: str) -> StudyError:
    where = f" (at {prefix.removesuffix('__')!r})" if prefix else ""
    if estimator is None or isinstance(estimator, str):
        return StudyError(
            f"{estimator!r}{where} is no estimator, so there is nothing to tune. Name one there, "
            "or give a space: space=Space(...)."
        )
    package, kind = kind_of(estimator)
    known = sorted({name for _, name in KNOWN})
    close = get_close_matches(kind, known, n=3, cutoff=0.4)
    return StudyError(
        f"There is no default space for {kind} of {package}{where}. Give one: space=Space(...), "
        f"with names that {kind}().get_params() lists."
        + (f" Known ones with similar names are {', '.join(close)}." if close else "")
    )


def _told(parts: list[Part]) -> str:
    """Each source once, with whom it is for."""
    told: dict[str, list[str]] = {}
    for part in parts:
        if part.entry.source:
            kinds = told.setdefault(part.entry.source, [])
            if part.kind not in kinds:
                kinds.append(part.kind)
    return "\n".join(f"{', '.join(kinds)}: {source}" for source, kinds in told.items())
