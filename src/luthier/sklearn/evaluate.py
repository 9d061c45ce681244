"""One fold of one candidate, as a worker runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
from sklearn.model_selection._validation import _fit_and_score
from sklearn.pipeline import Pipeline

from luthier.sklearn import growing, sharing, stages
from luthier.sklearn.mapped import lean

METHODS = ("predict", "predict_proba", "decision_function")
DIED = "The process that fitted this was killed, or ran out of memory."

Outcome = dict[str, Any]  # of one fold, as scikit-learn's own evaluation gives it


@dataclass(frozen=True)
class How:
    """What a worker does besides fitting and scoring.

    Parameters
    ----------
    prefix : Prefix, optional
        Which steps of the pipeline come from memory.
    share : Share, optional
        Which stages of the last step, or of the estimator itself, do.
    keep : bool
        Give back what the estimator predicted when it was scored.
    chances : bool
        Ask for probabilities, or the decision function, even if the scorer does not.
    plan : Plan, optional
        Grow the estimator's iterations, and stop by these rows.
    together : bool
        Take the rows of a large matrix together with other workers that are on this fold.
    """

    prefix: sharing.Prefix | None = None
    keep: bool = False
    plan: growing.Plan | None = None
    chances: bool = False
    share: stages.Share | None = None
    together: bool = False


def evaluate(number: int, estimator: Any, X: Any, y: Any, how: How, **settings: Any) -> Any:
    """Fit and score one candidate on one fold.

    Returns
    -------
    tuple
        `number`, and the outcome: ``test_scores``, ``fit_time`` and so on; with `how.keep` also
        ``predictions``, a dict from method to what it gave for the fold's test rows; with
        `how.plan` also ``iterations``, the number that was found.
    """
    heard: dict[str, Any] = {}
    grown: list[int | None] = []
    if how != How(together=how.together):
        _hook(estimator, how, heard, grown)
    try:
        outcome: Outcome = _fit_and_score(estimator, lean(X, how.together), y, **settings)
    finally:
        _unhook(estimator)
    if how.keep:
        outcome["predictions"] = heard or None
    if how.plan is not None:
        outcome["iterations"] = grown[-1] if grown else None
    return number, outcome


def evaluate_all(own: Sequence[tuple[int, Any, How, Any]], X: Any, y: Any, **common: Any) -> Any:
    """The outcomes of several calls of `evaluate`, one after the other.

    Parameters
    ----------
    own : sequence of (number, estimator, how, settings)
        What is of each call. The data and the other settings are by themselves, where Dask sees
        that it has sent them before.
    """
    return [evaluate(n, model, X, y, how, **settings, **common) for n, model, how, settings in own]


def _hook(estimator: Any, how: How, heard: dict[str, Any], grown: list[int | None]) -> None:
    """Make `fit` share steps, stop early, and listen to what is predicted afterwards.

    An attribute of the instance stands before the method of its class; the instance is this
    task's own, and is thrown away after it.
    """
    plain = estimator.fit

    def fit(X: Any, y: Any = None, **params: Any) -> Any:
        last = last_step(estimator)
        if how.plan is not None and last is not estimator:
            last.fit = _stopping(last, how.plan, grown)
        if how.plan is not None and last is estimator:
            _stopping(last, how.plan, grown)(X, y, **params)
        elif how.prefix is not None:
            sharing.fit(estimator, how.prefix, X, y, params, _cutting(last, how.share))
        elif how.share is not None and last is estimator and y is not None:
            stages.fit(estimator, how.share, X, y, params)
        elif y is None:
            plain(X, **params)
        else:
            plain(X, y, **params)
        if how.keep:
            _listen(last, heard, how.chances)
        return estimator

    try:
        estimator.fit = fit
    except AttributeError:  # slots: nothing can be hung onto it, so nothing is shared
        return


def _stopping(estimator: Any, plan: growing.Plan, grown: list[int | None]) -> Callable[..., Any]:
    """The estimator's `fit`, growing; notes the number of iterations in `grown`."""

    def fit(X: Any, y: Any = None, **params: Any) -> Any:
        grown.append(growing.fit(estimator, plan, X, y, params))
        return estimator

    return fit


def _cutting(estimator: Any, share: stages.Share | None) -> Callable[..., Any] | None:
    """A `fit` for the estimator that takes stages from others; None if it is to take none."""
    if share is None:
        return None

    def fit(X: Any, y: Any = None, **params: Any) -> Any:
        return stages.fit(estimator, share, X, y, params)

    return fit


def _unhook(estimator: Any) -> None:
    """Let go of what was hung on: it refers back to the estimator, and would keep it alive."""
    for one in (estimator, last_step(estimator)):
        for name in ("fit", *METHODS):
            getattr(one, "__dict__", {}).pop(name, None)


def last_step(estimator: Any) -> Any:
    """What predicts in the end: the last step of a pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    return estimator


def _listen(estimator: Any, heard: dict[str, Any], chances: bool) -> None:
    """Note what the estimator answers to the first question of each kind: the test rows."""
    plain = {name: getattr(estimator, name) for name in METHODS if hasattr(estimator, name)}

    def note(name: str, made: Any) -> None:
        if name not in heard:
            heard[name] = np.array(made, copy=True)
            if name != "predict" and hasattr(estimator, "classes_"):
                heard["classes"] = np.asarray(estimator.classes_)

    def listening(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)  # scorers go by the method's name
        def answer(*given: Any, **params: Any) -> Any:
            made = method(*given, **params)
            first = name not in heard
            note(name, made)
            other = next((n for n in ("predict_proba", "decision_function") if n in plain), None)
            if chances and first and other is not None and other not in heard:
                note(other, plain[other](*given, **params))
            return made

        return answer

    for name, method in plain.items():
        try:
            setattr(estimator, name, listening(name, method))
        except AttributeError:
            return
