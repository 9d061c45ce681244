"""scikit-learn's `partial_fit` and `warm_start`: models that learn step by step, for a trial."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

from luthier.integrations.steps import Steps, check_direction
from luthier.trial import Trial

FILE = "model.pickle"
Rows = tuple[Any, Any]


def partial_fit(
    trial: Trial,
    model: Any,
    X: Any,
    y: Any,
    *,
    scored: Rows,
    epochs: int,
    batch: int = 200,
    scoring: str | Callable[..., float] | None = None,
    every: int = 1,
) -> Any:
    """Pass over the rows again and again, from the parent's last pass up to the trial's budget.

    The rows of a pass come in an order that depends on the trial's seed and the pass, so a trial
    that went on learns what one in a single go would.

    Parameters
    ----------
    model : estimator
        With ``partial_fit``.
    X, y
        Rows to learn from; whatever takes an array of row numbers, or a data frame.
    scored : tuple
        ``(X, y)`` that the trial is scored on after each pass.
    epochs : int
        How many passes a full training has.
    batch : int
        Rows in one call of ``partial_fit``.
    scoring : str or callable, optional
        A scorer of scikit-learn, or its name: larger is better, so the study has to maximise. Or
        a function of (model, X, y) that fits the study. By default the model's own score.
    every : int
        A checkpoint is made after so many passes, and always after the last one. It is a pickle:
        keep the study's folder where only you can write.

    Returns
    -------
    estimator
        The fitted model; what to return is in its attribute ``value_``.
    """
    from sklearn.base import is_classifier
    from sklearn.utils import _safe_indexing as rows_of

    more = {"classes": np.unique(y)} if is_classifier(model) else {}

    def grow(model: Any, epoch: int) -> Any:
        rng = np.random.default_rng((trial.seed, epoch))
        order = rng.permutation(len(y))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            model.partial_fit(rows_of(X, rows), rows_of(y, rows), **more)
        return model

    return _grown(trial, model, grow, Steps(trial, epochs, every=every), scored, scoring)


def warm_start(
    trial: Trial,
    model: Any,
    X: Any,
    y: Any,
    *,
    scored: Rows,
    most: int,
    name: str = "n_estimators",
    scoring: str | Callable[..., float] | None = None,
    every: int = 1,
) -> Any:
    """Grow a model with ``warm_start``, a step at a time, from where the parent stopped.

    A step adds one to the parameter `name`: a tree of a forest, an iteration of boosting.
    Arguments and what is returned are those of `partial_fit`; `most` is how far a full training
    goes, and between two reports lie `every` steps.
    """
    steps = Steps(trial, most)

    def grow(model: Any, size: int) -> Any:
        return model.set_params(**{name: size, "warm_start": True}).fit(X, y)

    return _grown(trial, model, grow, steps, scored, scoring, stride=every)


def _grown(
    trial: Trial,
    model: Any,
    grow: Callable[[Any, int], Any],
    steps: Steps,
    scored: Rows,
    scoring: Any,
    stride: int = 1,
) -> Any:
    from sklearn.metrics import check_scoring

    if scoring is None or isinstance(scoring, str):
        check_direction(trial, scoring or "the model's own score", True)
    score = scoring if callable(scoring) else check_scoring(model, scoring)
    if steps.saved is not None:
        model = pickle.loads((steps.saved / FILE).read_bytes())

    def save(folder: Path) -> None:
        (folder / FILE).write_bytes(cloudpickle.dumps(model))  # classes of a script, too

    while not steps.over:
        step = min(steps.done + stride, steps.last)
        model = grow(model, step)
        steps.end(float(score(model, *scored)), save, step=step)
    model.value_ = steps.value
    return model
