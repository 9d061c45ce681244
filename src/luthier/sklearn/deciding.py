"""Deciding: where to cut the winner's probabilities, chosen from those of its folds."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier

from luthier.errors import DataError, StudyError
from luthier.estimate import Honest, Threshold, best_threshold
from luthier.sklearn.judging import Evidence

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting


def check(fitting: Fitting) -> None:
    """Refuse what has no threshold, before anything is fitted.

    Raises
    ------
    StudyError
        If there are not two classes, or the score does not depend on predicted labels.
    """
    classes = 0 if fitting.y is None or np.ndim(fitting.y) != 1 else len(np.unique(fitting.y))
    measure = fitting.measure
    if classes != 2 or measure is None or measure.reads != "predict":
        reads = "cannot be worked out from predictions" if measure is None else "is " + measure.name
        raise StudyError(
            "threshold: it takes a classifier of two classes and a score of predicted labels, such "
            f"as scoring='f1' or 'balanced_accuracy'. There are {classes} classes and the score "
            f"{reads}. Leave threshold= out."
        )


def decide(fitting: Fitting, evidence: Evidence) -> None:
    """Give the fitted search a threshold, and a best estimator that uses it."""
    search, classes = fitting.search, np.unique(fitting.y)
    scores, method = evidence.scores_of(evidence.best)
    try:
        if scores is None or evidence.measure is None:
            raise DataError("the winner's probabilities on its folds are not there")
        plain = evidence.figure()
        found = best_threshold(
            scores,
            np.asarray(fitting.y),
            measure=evidence.measure,
            usual=0.5 if method == "predict_proba" else 0.0,
            **evidence.where(),
        )
    except DataError as error:
        warnings.warn(
            f"threshold: {str(error).rstrip('.')}, so the usual threshold stays. It takes an "
            "estimator with predict_proba or decision_function.",
            UserWarning,
            stacklevel=4,
        )
        return
    told = corrected(found.honest, plain, evidence.measure.low)
    search.threshold_ = Threshold(found.value, int(search.best_index_), told)
    if search.honest:
        search._honest = replace(told, gain=plain.gain)
    search.best_estimator_ = _cut(search.best_estimator_, found.value, classes[1], method)


def corrected(told: Honest, plain: Honest, least: float) -> Honest:
    """The figure of a threshold, less what its classifier owes to having been chosen.

    The figure counts that the threshold was chosen on the same rows, for a classifier that was
    given. It was chosen too: how much that flatters is known at the usual threshold.

    Parameters
    ----------
    told, plain : Honest
        Of the threshold, and of the classifier at the usual one.
    least : float
        The lowest score there is.
    """
    chosen = max(0.0, plain.optimism)
    score, low, high = (max(least, value - chosen) for value in (told.score, told.low, told.high))
    return replace(told, score=score, low=low, high=high)


def _cut(fitted: Any, value: float, positive: Any, method: str) -> Any:
    """A fitted classifier behind a threshold."""
    positive = positive.item() if isinstance(positive, np.generic) else positive
    made = FixedThresholdClassifier(
        fitted, threshold=value, pos_label=positive, response_method=method
    )
    made.estimator_ = fitted  # it is fitted already; `fit` would fit a clone of it
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(fitted, name):
            setattr(made, name, getattr(fitted, name))
    return made
