"""Blending: several good candidates instead of one, weighted by what they did on the folds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from luthier.errors import DataError
from luthier.estimate import Ensemble, Honest, greedy_ensemble
from luthier.sklearn import refitting
from luthier.sklearn.judging import Evidence

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting


@dataclass(frozen=True)
class Blend:
    """The candidates that a search averages, the heaviest first.

    Attributes
    ----------
    members : tuple of int
        Their rows in ``cv_results_``.
    weights : tuple of float
        They sum to 1.
    params : tuple of dict
    honest : Honest
        What to expect of the weighted mean on new rows; its `gain` is that over the best single
        candidate's own score.
    single : Honest or None
        What to expect of the winner alone; None where too few rows tell.
    """

    members: tuple[int, ...]
    weights: tuple[float, ...]
    params: tuple[dict[str, Any], ...]
    honest: Honest
    single: Honest | None

    @property
    def words(self) -> str:
        """The ensemble and the winner side by side, in two or three sentences."""
        said = f"The mean of {len(self.members)} candidates. {self.honest.words}"
        if self.single is None:
            return said
        return f"{said} Of the winner alone expect {self.single.score:.4g}."


def blend(fitting: Fitting, evidence: Evidence) -> None:
    """Give the fitted search an ensemble as its best estimator.

    It warns and leaves the single winner where predictions on the folds are missing.
    """
    search, classifies = fitting.search, is_classifier(fitting.base)
    found, why = _chosen(fitting, evidence, classifies)
    if found is None:
        warnings.warn(
            f"ensemble: {why}, so the single winner stays. It takes a scorer of predictions, and "
            "classifiers with predict_proba.",
            UserWarning,
            stacklevel=4,
        )
        return
    members = [int(evidence.rows[i]) for i in found.members]
    weights = [float(found.weights[i]) for i in found.members]
    try:
        single = evidence.figure()
    except DataError:
        single = None
    params = tuple(dict(fitting.candidates[row]) for row in members)
    search.ensemble_ = Blend(tuple(members), tuple(weights), params, found.honest, single)
    if search.honest:
        search._honest = replace(found.honest, gain=None if single is None else single.gain)
    if members == [int(search.best_index_)]:
        return
    fitted = [
        search.best_estimator_ if row == search.best_index_ else refitting.fitted(fitting, row)
        for row in members
    ]
    search.best_estimator_ = _voting(fitted, members, weights, fitting.y if classifies else None)


def _chosen(fitting: Fitting, evidence: Evidence, classifies: bool) -> tuple[Ensemble | None, str]:
    if evidence.measure is None:
        return None, "the score cannot be worked out from predictions"
    many = range(len(evidence.outcomes))
    given = [evidence.chances(i) if classifies else evidence.numbers(i) for i in many]
    if not given or any(one is None for one in given):
        return None, "predictions of some candidates on the folds are missing"
    try:
        found = greedy_ensemble(
            np.stack([one for one in given if one is not None]),
            np.asarray(fitting.y),
            measure=evidence.measure,
            **evidence.where(),
        )
    except DataError as error:
        return None, str(error).rstrip(".")
    return found, ""


def _voting(fitted: list[Any], members: list[int], weights: list[float], y: Any) -> Any:
    """scikit-learn's voting estimator around members that are fitted already."""
    named = [(f"candidate{row}", one) for row, one in zip(members, fitted, strict=True)]
    if y is None:
        made = VotingRegressor(named, weights=weights)
    else:
        made = VotingClassifier(named, voting="soft", weights=weights)
        made.le_ = LabelEncoder().fit(y)
        made.classes_ = made.le_.classes_
    made.estimators_, made.named_estimators_ = fitted, Bunch(**dict(named))
    if hasattr(fitted[0], "feature_names_in_"):
        made.feature_names_in_ = fitted[0].feature_names_in_
    return made
