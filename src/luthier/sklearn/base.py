"""Folded: what all searches share. scikit-learn's `BaseSearchCV` with our evaluation inside."""

from __future__ import annotations

import os
from contextlib import suppress
from inspect import signature
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

from sklearn.base import _fit_context
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from luthier.errors import StudyError
from luthier.report import Report
from luthier.run.limit import Limit
from luthier.sklearn import blending, choosing, compat, deciding, refitting
from luthier.sklearn.figures import Figures
from luthier.sklearn.fitting import Fitting
from luthier.sklearn.journal import study_of
from luthier.sklearn.judging import Evidence
from luthier.sklearn.listing import Enough, Listing

UNPICKLED = ("study_", "_evidence")


class Folded(Figures, BaseSearchCV):  # type: ignore[misc]
    """A search whose unit of work is one fold of one candidate."""

    _more_constraints: ClassVar[dict[str, Any]] = {
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            StrOptions({"auto"}),
            None,
        ],
        "racing": ["boolean", StrOptions({"lossless", "forgiving", "likely"})],
        "honest": ["boolean"],
        "reuse": ["boolean"],
        "finalists": [Interval(Integral, 0, None, closed="left")],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "trials": [Interval(Integral, 1, None, closed="left"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "store": "no_validation",
        "study": [str],
        "progress": ["boolean", None],
        "limit": [Limit, None],
    }
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        **_more_constraints,
    }

    # Whether the best on fresh folds wins, or is only reported.
    _finalists_decide: ClassVar[bool] = False
    # Whether a ConvergenceWarning comes once, with a count, and not for every fit.
    _warns_once: ClassVar[bool] = False

    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, **params: Any) -> Folded:
        """Evaluate the candidates and fit the best one to all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
        **params
            For the estimator's ``fit``, the scorer and the splitter (``groups``), as in
            scikit-learn.

        Returns
        -------
        self

        Notes
        -----
        Ctrl-C keeps what was found: if a candidate has run on every fold, the search is fitted
        with the best of those, and then the interruption goes on.
        """
        fitting = Fitting(self, X, y, params)
        finals: choosing.Finals | None = None
        interrupted: KeyboardInterrupt | None = None
        with fitting:
            try:
                with suppress(Enough):
                    self._search(fitting)
                finals = choosing.compare(fitting)
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None and not fitting.rescue():
            raise interrupted
        choosing.choose(fitting, finals)
        try:
            if self.refit:
                refitting.refit(fitting)
                evidence = Evidence.of(fitting) if fitting.extras else None
                if evidence is not None:
                    (deciding.decide if self.threshold else blending.blend)(fitting, evidence)
        except StudyError:  # a limit ended it: what was found stays
            fitting.end()
            raise
        fitting.end()
        if interrupted is not None:
            raise interrupted
        return self

    def _search(self, fitting: Fitting) -> None:
        """Let the candidates be evaluated; by default those of `_run_search`."""
        evaluate = Listing(fitting).evaluate_candidates
        if "callback_ctx" in signature(self._run_search).parameters and compat.KNOWS_CALLBACKS:
            self._run_search(evaluate, callback_ctx=fitting.calls.root)
        else:
            self._run_search(evaluate)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write what was tried, what came of it and what to make of it, ``.html`` or ``.md``.

        Returns
        -------
        Path

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search was not fitted.
        StudyError
            If the path has another ending, or cannot be written.
        """
        check_is_fitted(self, "cv_results_")
        study = getattr(self, "study_", None) or study_of(self)
        said = self._said()
        if study.history.notes.get("honest") != said:
            study.note(honest=said)
        name = f"{type(self).__name__} of {type(self.estimator).__name__}"
        return Report(study.history, name=name).save(path)

    def __getstate__(self) -> dict[str, Any]:
        # The study holds locks and connections; a report makes it anew from the results.
        state: dict[str, Any] = super().__getstate__()
        if "_evidence" in state:
            with suppress(AttributeError):  # too few rows: there is none then either
                state["_honest"] = self.honest_
        return {name: value for name, value in state.items() if name not in UNPICKLED}
