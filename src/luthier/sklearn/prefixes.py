"""Which steps of a pipeline two candidates have in common."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import joblib
from sklearn.pipeline import Pipeline

SCALARS = (bool, int, float, str, bytes, type(None))


def shareable(estimator: Any, fit_params: Mapping[str, Any]) -> bool:
    """Whether the first steps of an estimator can be shared at all.

    It is a plain `Pipeline` of two steps or more that does not keep its own memory, and only its
    last step is given anything besides the data.
    """
    if type(estimator) is not Pipeline or len(estimator.steps) < 2:
        return False
    if estimator.memory is not None or estimator.verbose:
        return False
    if getattr(estimator, "transform_input", None) is not None:
        return False
    last = estimator.steps[-1][0] + "__"
    return all(name.startswith(last) for name in fit_params)


def keys(estimator: Pipeline, candidate: Mapping[str, Any]) -> tuple[Hashable, ...] | None:
    """For each step but the last, what it and those before it depend on.

    Two candidates with equal keys of a step share it on equal training rows.

    Returns
    -------
    tuple or None
        None if the candidate changes the pipeline itself, or a value cannot be told from others.
    """
    names = [name for name, _ in estimator.steps]
    parts: list[list[Hashable]] = [[] for _ in names]
    for parameter, value in sorted(candidate.items()):
        step = parameter.split("__", 1)[0]
        if step not in names:
            return None
        named = told(value)
        if named is None:
            return None
        parts[names.index(step)].append((parameter, named))
    made: list[Hashable] = []
    so_far: tuple[Hashable, ...] = ()
    for level, part in enumerate(parts[:-1]):
        so_far = (*so_far, (level, *part))
        made.append(so_far)
    return tuple(made)


def told(value: Any) -> Hashable | None:
    """A name for the value of a parameter, equal for equal ones; None if there is none."""
    if isinstance(value, SCALARS):
        return (type(value).__name__, repr(value))
    try:
        return str(joblib.hash(value))
    except Exception:  # whatever stops it from being pickled
        return None
