"""HyperModel: what one that was written for KerasTuner trains with, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from numbers import Real
from typing import Any, Protocol

from luthier.errors import StudyError
from luthier.integrations.steps import Steps, told

Values = dict[str, Any]


class Told(Protocol):
    """A callback that reports: its steps, and which of Keras's values counts."""

    steps: Steps
    monitor: str


def own_fit(build: Any) -> Callable[..., Any] | None:
    """The ``fit`` of a HyperModel that is not KerasTuner's."""
    owner = next((kind for kind in type(build).__mro__ if "fit" in vars(kind)), None)
    if owner is None or owner.__module__.partition(".")[0] == "keras_tuner":
        return None
    found: Callable[..., Any] = build.fit
    return found


def trained(
    train: Callable[..., Any], model: Any, data: tuple[Any, ...], given: Values, done: int
) -> Any:
    """What a function returns that trains a model, given what it takes of what we add."""
    ours = {"epochs": given.pop("epochs", None), "initial_epoch": done, "verbose": 0}
    takes = signature(train).parameters
    open_ended = any(one.kind is one.VAR_KEYWORD for one in takes.values())
    for name, value in ours.items():
        if value is not None and (open_ended or name in takes):
            given.setdefault(name, value)
    try:
        return train(model, *data, **given)
    except TypeError as error:
        if "multiple values for keyword argument 'epochs'" not in str(error):
            raise
        raise StudyError(
            "epochs: the HyperModel's fit says itself how many. Leave epochs= out of objective()."
        ) from error


def values_of(report: Told, made: Any) -> Values:
    """The values of a trial from what its training returned, and from what callbacks were told."""
    trial = report.steps.trial
    if isinstance(made, Mapping):
        return dict(told(trial, made, report.monitor))
    if isinstance(made, Real):
        return {trial.task.objectives[0].name: float(made)}
    if report.steps.value is None:
        raise StudyError(
            f"fit: training returned {made!r} and called no callback. Return model.fit(...), a "
            "number, or a dict; and pass the callbacks on, so that the trial can be stopped."
        )
    values: Values = report.steps.value
    return values
