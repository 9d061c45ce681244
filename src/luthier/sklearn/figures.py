"""What a fitted search says of its winner, beside what scikit-learn's say."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from luthier.errors import DataError
from luthier.estimate import Fit, Honest, Overtuning, fits, overtuning
from luthier.sklearn import compat

WIDE = 400  # characters of the winner's parameters that are shown


class Figures:
    """Honest figures of the winner, worked out when they are first asked for."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "honest_",
        "honest_score_",
        "honest_interval_",
        "optimism_",
        "overtuning_",
        "verdicts_",
    )
    HIDDEN: ClassVar[tuple[str, ...]] = (*NAMES, "ended_", "finals_", "study_")

    best_index_: int
    best_params_: dict[str, Any]
    ended_: str
    finals_: Overtuning

    refit: Any
    multimetric_: bool
    n_splits_: int
    cv_results_: dict[str, Any]
    _honest: Honest | None
    _spared: str
    _perfect: float  # the best score there is; kept apart from the evidence, which is not pickled

    @property
    def honest_(self) -> Honest:
        """What to expect of the winner on new rows, with its interval and its words.

        From the predictions on the folds where the scorer lets them be heard, else from the
        folds' scores; its `how` says which. Of candidates that racing dropped it knows nothing:
        they could not win.

        Raises
        ------
        AttributeError
            If the search is not fitted, was told ``honest=False``, has no single winner, or there
            are too few folds or rows to tell.
        """
        known: Honest | None = self.__dict__.get("_honest")
        if known is None:
            evidence = self.__dict__.get("_evidence")
            if evidence is None:
                raise AttributeError(
                    f"{type(self).__name__} has no honest figure: it is not fitted, was told "
                    "honest=False, has no single winner, or its candidates had different folds."
                )
            try:
                known = self._honest = evidence.figure()
            except DataError as error:
                raise AttributeError(str(error)) from error
        return known

    @property
    def honest_score_(self) -> float:
        """What to expect of the refitted winner on new rows; in the sign of `best_score_`."""
        return self.honest_.score

    @property
    def honest_interval_(self) -> tuple[float, float]:
        """The 90 % interval of `honest_score_`."""
        return self.honest_.low, self.honest_.high

    @property
    def optimism_(self) -> float:
        """How much better `best_score_` looks than what to expect."""
        return self.honest_.optimism

    @property
    def overtuning_(self) -> Overtuning:
        """Whether tuning gained anything over the estimator's own settings.

        Raises
        ------
        AttributeError
            If there is no honest figure, or the estimator's own settings were no candidate.
        """
        gain = self.honest_.gain
        if gain is None:
            raise AttributeError(
                f"{type(self).__name__}: the estimator's own settings were not among the "
                "candidates, so there is nothing to compare with."
            )
        return overtuning(gain)

    def __repr__(self, *given: Any, **more: Any) -> str:
        made: str = super().__repr__(*given, **more)
        return "\n  ".join([made, *self._found()])

    def _html_repr(self) -> str:  # what scikit-learn shows in a notebook
        from html import escape

        found = "\n".join(self._found())
        diagram: str = estimator_html_repr(self)
        return diagram + (
            f'<pre style="white-space: pre-wrap">{escape(found)}</pre>' if found else ""
        )

    def _found(self) -> list[str]:
        """The best and the summary; nothing before `fit`."""
        if not hasattr(self, "best_params_"):
            return []
        params = ", ".join(f"{name}={value!r}" for name, value in self.best_params_.items())
        score = getattr(self, "best_score_", None)  # a callable refit leaves none
        told = "" if score is None else f" {score:.4g}"
        best = f"best of {len(self.cv_results_['params'])}:{told} with {params}"
        return [best if len(best) <= WIDE else f"{best[:WIDE]}...", *self._said()]

    def summary(self) -> str:
        """What came of the search, in plain words: a sentence to a line.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search was not fitted.
        """
        return "\n".join(self._said())

    def _said(self) -> list[str]:
        check_is_fitted(self, "cv_results_")
        made = []
        with suppress(AttributeError):
            made.append(self.honest_.words)
            made.append(self.honest_.note)
            if self.honest_.how == "folds":
                made.append("The scorer hides predictions, so this rests on the folds' scores.")
            if self.honest_.gain is None:
                made.append(
                    "The estimator's own settings were no candidate, so it is not known whether "
                    "tuning gained anything over them."
                )
        if hasattr(self, "threshold_"):
            made.append(f"The second class is predicted from {self.threshold_.value:.4g} on.")
        if hasattr(self, "ensemble_"):
            made.append(f"Predictions are the mean of {len(self.ensemble_.members)} candidates.")
        with suppress(AttributeError):
            made.append(self.overtuning_.words)
        if hasattr(self, "finals_"):
            made.append(f"On fresh folds: {self.finals_.words}")
        with suppress(AttributeError):
            made.append(self.verdicts_[int(self.best_index_)].words)
        counts = self.cv_results_.get("n_folds")
        if self.__dict__.get("_spared"):
            made.append(self._spared)
        elif counts is not None and (counts < self.n_splits_).any():
            every, ran = len(counts) * self.n_splits_, int(np.sum(counts))
            whole = int(np.sum(counts == self.n_splits_))
            made.append(
                f"Of {every} folds {ran} were fitted: {whole} of {len(counts)} candidates ran on "
                "all of them, and only these could win."
            )
        if self.ended_:
            made.append(f"The search ended because {self.ended_}.")
        return [sentence for sentence in made if sentence]

    @property
    def verdicts_(self) -> list[Fit]:
        """Whether each candidate over- or underfits; needs ``return_train_score=True``.

        Raises
        ------
        AttributeError
            If there are no training scores.
        """
        check_is_fitted(self, "cv_results_")
        metric = self.refit if isinstance(self.refit, str) and self.multimetric_ else "score"
        names = [f"split{k}_{{}}_{metric}" for k in range(self.n_splits_)]
        if names[0].format("train") not in self.cv_results_:
            raise AttributeError(
                "verdicts_: there are no training scores. Give return_train_score=True."
            )
        train, valid = (
            np.column_stack([self.cv_results_[name.format(kind)] for name in names])
            for kind in ("train", "test")
        )
        return fits(train, valid, perfect=self._perfect)


compat.print_as_an_estimator(Figures)
