"""Racing: the folds of some candidates, but for those of candidates that will not win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.numerics.racing import Race, Rule
from luthier.sklearn.fitting import Fitting, Split, Task


def race(
    fitting: Fitting,
    rows: Sequence[int],
    splits: Sequence[Split],
    contexts: Mapping[Task, Any] | None = None,
    *,
    order: Sequence[int] | None = None,
) -> None:
    """Run every fold of some candidates, but those that racing leaves out.

    Parameters
    ----------
    rows : sequence of int
        The candidates.
    splits, contexts
        As for `Fitting.work`.
    order : sequence of int, optional
        Of the folds.
    """
    folds = list(range(len(splits)) if order is None else order)
    if not rows:
        return
    rule = fitting.search.racing
    if not rule or len(folds) == 1 or any(row in fitting.own for row in rows):
        left = [(r, k) for r in rows for k in folds if fitting.outcomes[r][k] is None]
        fitting.work(left, splits, contexts)
        return
    named: Rule = "likely" if rule is True else rule
    highest = np.inf if fitting.measure is None else fitting.measure.high
    going = np.zeros(len(fitting.candidates), dtype=bool)
    going[list(rows)] = True
    scores = fitting.scores()[:, folds]
    if fitting.splits is None:  # earlier candidates had other rows: nothing to compare with
        scores[: rows[0]] = np.nan
    state = Race(scores, rule=named, highest=highest)
    while not fitting.over():
        lost = going & state.hopeless()
        going &= ~lost
        for row in np.flatnonzero(lost).tolist():
            fitting.close(row)
        many = fitting.workers.count
        if len(rows) > 1 and state.best < 0:
            # Nothing can be dropped yet, so there is nothing to ask between their first folds.
            many = max(many, int((going & (state.n == 0)).sum()))
        tasks = state.next_tasks(~going, many, promising=len(rows) > 1)
        if not tasks:
            return
        fitting.work([(row, folds[k]) for row, k in tasks], splits, contexts)
        for row, k in tasks:
            state.put(row, k, fitting.score(fitting.outcomes[row][folds[k]]))
