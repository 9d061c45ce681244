"""Results: what came of every fold of a search, in the form of ``cv_results_``."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection._validation import (
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)

from luthier.sklearn.evaluate import Outcome

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting


def table(fitting: Fitting) -> dict[str, Any]:
    """The results so far, in the form of ``cv_results_``.

    A candidate that did not run on every fold has NaN there, a NaN mean and the last rank;
    ``n_folds`` is then a column more, with how many folds each ran on.
    """
    search = fitting.search
    counts = np.array([sum(o is not None for o in row) for row in fitting.outcomes])
    folds = len(fitting.outcomes[0])
    gaps = bool((counts < folds).any())
    blank = _blank(first(fitting))
    flat = [
        {k: v for k, v in (outcome or blank).items() if k not in ("predictions", "iterations")}
        for row in fitting.outcomes
        for outcome in row
    ]
    more: dict[str, Any] = dict(fitting.more)
    if fitting.growing is not None:
        more[f"mean_{fitting.growing.name}"] = fitting.growing.means()
    if gaps or search.racing:
        more["n_folds"] = counts
    with warnings.catch_warnings():
        if gaps:
            warnings.filterwarnings("ignore", message="One or more of the .* non-finite")
        made: dict[str, Any] = search._format_results(fitting.candidates, folds, flat, more)
    if fitting.budgets is not None:
        fitting.budgets.rank(made)
    return made


def first(fitting: Fitting) -> Outcome:
    """The first outcome there is, whose form is that of all others."""
    return next(o for row in fitting.outcomes for o in row if o is not None)


def _blank(outcome: Outcome) -> Outcome:
    """An outcome of the same form for a fold that was not run."""
    nothing: Outcome = {"fit_error": None, "fit_time": np.nan, "score_time": np.nan}
    for name in ("test_scores", "train_scores"):
        if name in outcome:
            scores = outcome[name]
            several = isinstance(scores, dict)
            nothing[name] = dict.fromkeys(scores, np.nan) if several else np.nan
    return {**dict.fromkeys(outcome), **nothing}


def complain(fitting: Fitting, rows: Iterable[int]) -> None:
    """Warn of failed fits, or raise if none succeeded; as scikit-learn words it."""
    flat = [outcome for row in rows for outcome in fitting.outcomes[row] if outcome is not None]
    _warn_or_raise_about_fit_failures(flat, fitting.search.error_score)
    if callable(fitting.search.scoring):
        _insert_error_scores(flat, fitting.search.error_score)
