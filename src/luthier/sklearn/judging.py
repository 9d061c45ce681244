"""What a fitted search says of its winner beyond the mean over folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.validation import _num_samples

from luthier.errors import DataError, StudyError
from luthier.estimate import Honest, Measure, from_folds, honest, measure
from luthier.sklearn.evaluate import Outcome, last_step

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Array = npt.NDArray[np.float64]


def measure_of(fitting: Fitting) -> Measure | None:
    """How the search's score reads predictions; None if it does not, or nobody knows how."""
    scorer = fitting.scorers
    if hasattr(scorer, "_scorers"):
        scorer = scorer._scorers.get(fitting.metric)
    y = fitting.y
    if scorer is None or y is None or np.ndim(y) != 1:
        return None
    if fitting.search.scoring is None:  # the estimator's own
        own = getattr(type(last_step(fitting.base)), "score", None)
        if own in (ClassifierMixin.score, KNeighborsClassifier.score, DummyClassifier.score):
            scorer = "accuracy"  # the others' own ones do no more than allow X=None
        elif own in (RegressorMixin.score, DummyRegressor.score):
            scorer = "r2"
        else:
            return None
    try:
        return measure(scorer, np.asarray(y))
    except (StudyError, DataError, ValueError):
        return None


@dataclass
class Evidence:
    """What the honest figures of a search rest on.

    Parameters
    ----------
    measure : Measure or None
    y : array of shape (n,) or None
    splits : sequence of (train, test)
    outcomes : list of list of Outcome
        Of the candidates that ran on every fold.
    scores : (c, K)
        Their scores.
    best : int
        The winner among them.
    default : int or None
        The one with the estimator's own settings.
    blocks : (n,) or None
        Rows that belong together.
    weights : (n,) or None
    repeats : int
        How often cross-validation was repeated.
    rows : (c,) int
        The candidates' rows in the results.
    earlier : float
        What the winner owes to having been chosen with less before.
    """

    measure: Measure | None
    y: Any
    splits: Sequence[tuple[Any, Any]]
    outcomes: list[list[Outcome]]
    scores: Array
    best: int
    default: int | None
    blocks: Any
    weights: Any
    repeats: int
    rows: npt.NDArray[np.int64]
    earlier: float = 0.0

    @classmethod
    def of(cls, fitting: Fitting) -> Evidence | None:
        """Gather what a search left; candidates that did not run on every fold are left out.

        None where the winner's folds do not tell what to expect of it.
        """
        best = int(fitting.search.best_index_)
        if fitting.splits is None or fitting.partial(best):
            return None
        scores = fitting.scores()
        rows = np.flatnonzero(np.isfinite(scores).all(axis=1))
        full = [[o for o in fitting.outcomes[row] if o is not None] for row in rows]
        found = np.flatnonzero(rows == best)
        default = np.flatnonzero(rows == fitting.default_row())
        groups = fitting.routed.splitter.split.get("groups")
        n = _num_samples(fitting.X)
        blocks = None if groups is None else np.unique(groups, return_inverse=True)[1]
        if isinstance(fitting.search._checked_cv_orig, TimeSeriesSplit):
            blocks = np.arange(n) // max(2, round(n ** (1 / 3)))  # Kuensch (1989): such stretches
        return cls(
            fitting.measure,
            fitting.y,
            fitting.splits,
            full,
            scores[rows],
            int(found[0]) if len(found) else -1,
            int(default[0]) if len(default) else None,
            blocks,
            fitting.routed.scorer.score.get("sample_weight"),
            int(getattr(fitting.search._checked_cv_orig, "n_repeats", 1)),
            rows,
            0.0 if fitting.budgets is None else fitting.budgets.earlier(best),
        )

    def figure(self) -> Honest:
        """The honest figure: from predictions where there are any, else from scores of folds.

        Raises
        ------
        DataError
            If neither will do.
        """
        if not len(self.scores):
            raise DataError("no candidate has a score on every fold: there is nothing to tell from")
        given = self._predictions()
        best = None if self.best == int(np.argmax(self.scores.mean(axis=1))) else self.best
        if given is not None and self.measure is not None:
            return honest(
                given,
                np.asarray(self.y),
                measure=self.measure,
                best=best,
                default=self.default,
                earlier=self.earlier,
                **self.where(),
            )
        ratio = float(np.mean([len(test) / len(train) for train, test in self.splits]))
        return from_folds(
            self.scores, repeats=self.repeats, ratio=ratio, best=best, default=self.default,
            earlier=self.earlier,
        )  # fmt: skip

    def where(self) -> dict[str, Any]:
        """Of which row and fold each prediction is, and what rows count."""
        rows = np.concatenate([np.asarray(test) for _, test in self.splits])
        fold = np.repeat(range(len(self.splits)), [len(test) for _, test in self.splits])
        if len(self.splits) == 1:  # one part kept aside: there is no fold to average over
            fold = np.arange(len(rows)) % 2
        return {
            "fold": fold,
            "rows": rows,
            "blocks": self.blocks,
            "weights": self.weights,
            "train": float(np.mean([len(train) for train, _ in self.splits])),
        }

    def chances(self, candidate: int) -> Array | None:
        """(predictions, classes) probabilities of a candidate on its folds, if they are there."""
        if self.measure is None:
            return None
        asked = replace(self.measure, reads="predict_proba", classes=np.unique(self.y))
        made = self._joined(candidate, asked)
        return None if made is None or made.shape[1:] != (len(np.unique(self.y)),) else made

    def numbers(self, candidate: int) -> Array | None:
        """(predictions,) numbers that a regressor predicted on its folds, if they are there."""
        return None if self.measure is None else self._joined(candidate, self.measure)

    def scores_of(self, candidate: int) -> tuple[Array | None, str]:
        """What grows with the second class of two, and the method that gave it."""
        chances = self.chances(candidate)
        if chances is not None:
            return chances[:, 1], "predict_proba"
        parts = [(o.get("predictions") or {}).get("decision_function")
                 for o in self.outcomes[candidate]]  # fmt: skip
        if any(part is None for part in parts):
            return None, ""
        return np.concatenate([part for part in parts if part is not None]), "decision_function"

    def _joined(self, candidate: int, asked: Measure) -> Array | None:
        parts = [answer(o.get("predictions"), asked) for o in self.outcomes[candidate]]
        if any(part is None for part in parts):
            return None
        return np.concatenate([part for part in parts if part is not None])

    def _predictions(self) -> npt.NDArray[Any] | None:
        """(candidates, predictions, ...) for the measure, or None where they are not there."""
        if self.measure is None:
            return None
        made = [self._joined(i, self.measure) for i in range(len(self.outcomes))]
        found = [one for one in made if one is not None]
        if len(found) < len(made) or len({one.shape for one in found}) != 1:
            return None
        return np.stack(found)


def answer(heard: dict[str, Any] | None, wanted: Measure) -> npt.NDArray[Any] | None:
    """Of what an estimator was heard to predict on a fold, what a measure reads."""
    if not heard:
        return None
    if wanted.reads == "predict":
        return heard.get("predict")
    given = heard.get("predict_proba")
    if given is None and wanted.reads == "scores":
        given = heard.get("decision_function")
    if given is None or given.ndim == 1 or wanted.classes is None:
        return given
    own = heard.get("classes")
    if own is None or len(own) == len(wanted.classes):
        return np.asarray(given)
    # A class that the fold's training rows lack has no column.
    made = np.zeros((len(given), len(wanted.classes)), dtype=given.dtype)
    made[:, np.searchsorted(wanted.classes, own)] = given
    return made
