"""What lies inside an estimator made of others, and under which names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from luthier.models.presets import ensembles
from luthier.models.presets.shelf import Shape

# Steps that hand on at least as many columns as they get.
SAME = {
    "Binarizer",
    "FunctionTransformer",
    "IterativeImputer",
    "KNNImputer",
    "MaxAbsScaler",
    "MinMaxScaler",
    "Normalizer",
    "PowerTransformer",
    "QuantileTransformer",
    "RobustScaler",
    "SimpleImputer",
    "StandardScaler",
}


@dataclass(frozen=True)
class Inside:
    """An estimator inside another.

    Attributes
    ----------
    name : str
        As in ``<name>__parameter``.
    when : mapping, optional
        Which parameters of the outer estimator switch it on.
    required : bool
        Whether to complain when it is not known; otherwise it is left as it is.
    """

    name: str
    estimator: Any
    shape: Shape
    when: Mapping[str, Any] | None = None
    required: bool = False


def steps(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The steps of a pipeline; the last is the model, so it has to be known."""
    made = []
    for number, (name, step) in enumerate(own["steps"], 1):
        made.append(Inside(name, step, shape, required=number == len(own["steps"])))
        if _is_step(step) and type(step).__name__ not in SAME:
            shape = replace(shape, columns=None)
    return made


def columns(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The transformers of a `ColumnTransformer`, each with the number of its own columns."""
    made = []
    for name, step, chosen in own["transformers"]:
        listed = isinstance(chosen, Sequence) and not isinstance(chosen, str)
        made.append(Inside(name, step, replace(shape, columns=len(chosen) if listed else None)))
    return made


def union(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The transformers of a `FeatureUnion`, which all see every column."""
    return [Inside(name, step, shape) for name, step in own["transformer_list"]]


def members(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The members of an ensemble, each only while it is kept, and the last model, if any."""
    choosing = ensembles.keeping(own)
    made = [
        Inside(name, member, shape, {name: "keep"} if choosing else None)
        for name, member in ensembles.live(own).items()
    ]
    last = own.get("final_estimator")
    return [*made, Inside("final_estimator", last, replace(shape, columns=None))]


def wrapped(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The one estimator that another wraps; there is nothing else, so it has to be known."""
    name = "regressor" if "regressor" in own else "estimator"
    if name == "regressor":  # it sees the target transformed
        shape = replace(shape, spread=None)
    return [Inside(name, own[name], shape, required=True)]


def member(own: Mapping[str, Any], shape: Shape) -> list[Inside]:
    """The member of which an ensemble makes many; left as it is when it is not known."""
    return [Inside("estimator", own.get("estimator"), shape)]


def _is_step(step: Any) -> bool:
    return step is not None and not isinstance(step, str)
