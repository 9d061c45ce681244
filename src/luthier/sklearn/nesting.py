"""Nested cross-validation: how good the search is as a procedure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import indexable

from luthier.estimate import over_folds
from luthier.estimate.result import Told

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Nested(Told):
    """What whole searches, each blind to a part of the data, scored on that part.

    Attributes
    ----------
    scores : (K,)
        Of each outer fold.
    score, low, high : float
        Their mean and its corrected 90 % interval.
    params : tuple of dict
        What each search chose.
    predictions : (n,) or (n, ...)
        Of rows that the search behind them had not seen; rows in no outer fold are missing.
    rows : (n,)
        Which rows those are.
    """

    scores: Array
    score: float
    low: float
    high: float
    params: tuple[dict[str, Any], ...]
    predictions: Any = field(repr=False)
    rows: npt.NDArray[np.int64] = field(repr=False)

    @property
    def agreement(self) -> float:
        """The share of searches that chose what most of them chose."""
        told = Counter(repr(sorted(params.items())) for params in self.params)
        return told.most_common(1)[0][1] / len(self.params)

    @property
    def words(self) -> str:
        """The figure in a sentence."""
        return (
            f"The whole search scores {self.score:.4g} on rows that it never saw (90% interval "
            f"{self.low:.4g} to {self.high:.4g}, {len(self.scores)} searches, of which "
            f"{self.agreement:.0%} chose the same parameters)."
        )


def nested(search: Any, X: Any, y: Any = None, *, cv: Any = 5, groups: Any = None) -> Nested:
    """Run a search anew inside each outer fold, and score what it chose on the rest.

    It costs as many searches as there are outer folds. `honest_score_` costs nothing; this is
    for final papers and small data. It judges the procedure, not one winner.

    Parameters
    ----------
    search : a search of `luthier.sklearn` or scikit-learn
    cv : int or splitter
        The outer folds.
    groups : array-like, optional
        For the outer splitter, and for the inner one.

    Source
    ------
    Stone (1974), Cross-validatory choice; Varma and Simon (2006), Bias in error estimation when
    using cross-validation for model selection. The interval: Nadeau and Bengio (2003).
    """
    X, y, groups = indexable(X, y, groups)
    splitter = check_cv(cv, y, classifier=is_classifier(search))
    splits = list(splitter.split(X, y, groups))
    made, params, predictions, rows = [], [], [], []
    for train, test in splits:
        one = clone(search)
        if getattr(one, "store", None) is not None:
            one.set_params(store=None)  # each would find the log of another's data
        own = {} if groups is None else {"groups": _safe_indexing(groups, train)}
        inner = [_safe_indexing(part, train) for part in (X, y) if part is not None]
        outer = [_safe_indexing(part, test) for part in (X, y) if part is not None]
        one.fit(*inner, **own)
        scorer = one.score if one.scoring is None else check_scoring(one, _single(one))
        score = scorer(*outer) if one.scoring is None else scorer(one.best_estimator_, *outer)
        made.append(float(score))
        params.append(dict(one.best_params_))
        predictions.append(np.asarray(one.predict(outer[0])))
        rows.append(np.asarray(test))
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    told = over_folds(made, ratio)
    return Nested(
        np.array(made),
        told.mean,
        told.low,
        told.high,
        tuple(params),
        np.concatenate(predictions),
        np.concatenate(rows),
    )


def _single(search: Any) -> Any:
    """The scorer that the search went by."""
    many = isinstance(search.scorer_, dict)
    return search.scorer_[search.refit] if many else search.scorer_
