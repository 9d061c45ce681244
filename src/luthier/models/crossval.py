"""Cross-validation as an objective: one call fits a point on every fold and reports each.

A fold is a step, so a scheduler may stop a point after its first folds, and two points can be
compared fold by fold.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from luthier.errors import Stop
from luthier.models.building import AnyOf, Model
from luthier.models.metrics import Metric
from luthier.models.preparation import Fitted, prepare, split_params, text_space
from luthier.models.splits import Fold, Rows
from luthier.models.table import Table, rows_of
from luthier.space import Space

Params = Mapping[str, Any]
SCORED = 5000  # rows of training data that the training score looks at, evenly spread
THREADED = ("forest", "extratrees")  # their threads share nothing but the data


class Reporting(Protocol):
    """What the objective needs of a trial."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The point."""

    @property
    def seed(self) -> int:
        """Seeds the model."""

    @property
    def budget(self) -> float:
        """Rows, or `growing`; looked at where trials are given less than all."""

    def report(self, value: Any, step: int) -> None:
        """Takes the metrics of one fold."""

    def note(self, **facts: Any) -> None:
        """Takes what is worth keeping."""

    def should_stop(self) -> bool:
        """Whether going on is useless."""


@dataclass(frozen=True)
class CrossValidated:
    """The objective: a point of `model`'s space in, its mean metric over the folds out.

    Each fold is reported as a step, from 0, with ``metric`` and ``train_<metric>``; the result
    holds the means of both. With `orders` a trial is given `trial.budget` rows of the smallest
    fold, and its share of the others; with `growing`, so much of that parameter. The means are
    then reported, at that step, and what the folds say is noted as ``folds``. Can be pickled.

    Parameters
    ----------
    table : Table
        All rows that the folds speak of.
    folds : tuple of Fold
        Positions in `table`.
    threads : int
        How many a forest may use. Everything else fits in one: OpenMP's threads wait for one
        another in a busy loop, and on a machine with other work a fit of 0.4 s took 20 s.
    orders : tuple of array
        The training rows of each fold in the order in which they are given, see
        `luthier.models.splits.orders`; empty where every trial gets all of them.
    growing : str
        The parameter of the model that `trial.budget` is for; empty where there is none.
    """

    table: Table
    model: Model | AnyOf
    metric: Metric
    folds: tuple[Fold, ...]
    threads: int = 1
    orders: tuple[Rows, ...] = ()
    growing: str = ""

    @property
    def rows(self) -> int:
        """How many rows the smallest fold trains on: the most that a trial can be given."""
        return min(len(fold.train) for fold in self.folds)

    @property
    def space(self) -> Space:
        """The model's default space and, where there is free text, that of its words."""
        own = self.model.space(self.table.task, self.rows)
        return with_text(own, self.table)

    def __call__(self, trial: Reporting) -> dict[str, float]:
        """Fit and judge a trial's point on every fold.

        Raises
        ------
        Stop
            If the trial is told to stop before its last fold.
        """
        if self.orders or self.growing:
            return self._with_less(trial)
        name = self.metric.name
        scores: list[tuple[float, float]] = []
        for step, fold in enumerate(self.folds):
            valid, train = self.fold(trial.params, fold, trial.seed)
            scores.append((valid, train))
            trial.report({name: valid, f"train_{name}": train}, step=step)
            if step + 1 < len(self.folds) and trial.should_stop():
                raise Stop
        valid, train = np.mean(scores, axis=0).tolist()
        return {name: valid, f"train_{name}": train}

    def _with_less(self, trial: Reporting) -> dict[str, float]:
        params, folds = dict(trial.params), self.folds
        if self.growing:
            given = round(trial.budget)
            params |= {self.growing: given}
        else:
            given = round(min(trial.budget, self.rows))
            folds = tuple(
                fold._replace(train=np.sort(order[: -(-given * len(order) // self.rows)]))
                for fold, order in zip(self.folds, self.orders, strict=True)
            )
        scores = [self.fold(params, fold, trial.seed) for fold in folds]
        name = self.metric.name
        trial.note(folds=[list(pair) for pair in scores])
        valid, train = np.mean(scores, axis=0).tolist()
        made = {name: valid, f"train_{name}": train}
        trial.report(made, step=given)
        return made

    def fold(self, params: Params, fold: Fold, seed: int) -> tuple[float, float]:
        """The metric on the fold's rows, and on those it was trained on."""
        made = fit(self.table.take(fold.train), self.model, params, seed, threads=self.threads)
        n = len(fold.train)
        looked_at = np.linspace(0, n - 1, SCORED).astype(np.int64) if n > SCORED else slice(None)
        with _calm():
            return (
                score(made, self.table, fold.valid, self.metric),
                score(made, self.table, fold.train[looked_at], self.metric),
            )


def with_text(own: Space, table: Table) -> Space:
    """A space and, if the table has free text, the parameters of its words."""
    if not table.of("text"):
        return own
    words = text_space()
    return Space({**{n: own[n] for n in own.names}, **{n: words[n] for n in words.names}})


def fit(
    table: Table, model: Model | AnyOf, params: Params, seed: int = 0, *, threads: int = 1
) -> Fitted:
    """The model of a point, fitted to all rows of a table.

    Raises
    ------
    StudyError
        If the library refuses the parameters.
    """
    from sklearn.pipeline import Pipeline

    text, own = split_params(params)
    member, own = model.chosen(own) if isinstance(model, AnyOf) else (model, own)
    estimator = member.build(own, table.task, seed)
    if threads > 1 and member.name in THREADED:
        estimator.set_params(n_jobs=threads)
    elif member.name in ("xgboost", "lightgbm"):
        estimator.set_params(n_jobs=1)
    pipeline = Pipeline([("prepare", prepare(table, member, text)), ("model", estimator)])
    codes, y = np.empty(0, dtype=np.int64), table.y
    if table.task == "classification":
        # Some libraries insist on 0, 1, ..., and a fold may lack a class.
        codes, y = np.unique(table.y, return_inverse=True)
    with _calm():
        pipeline.fit(table.X, y)
    return Fitted(
        pipeline=pipeline,
        task=table.task,
        target=table.target,
        labels=table.labels,
        codes=codes,
        kinds=dict(table.kinds),
        formats=dict(table.formats),
        params=dict(params),
    )


def score(made: Fitted, table: Table, rows: Any, metric: Metric) -> float:
    """The metric of a fitted model on some rows of a table."""
    given = predictions(made, rows_of(table.X, rows), metric)
    return metric.value(table.y[rows], given, len(table.labels))


def predictions(made: Fitted, X: Any, metric: Metric) -> npt.NDArray[Any]:
    """What the metric reads: targets (n,), or one column per class (n, classes)."""
    pipeline = made.pipeline
    if made.task == "regression":
        return np.asarray(pipeline.predict(X), dtype=np.float64)
    if metric.needs == "labels":
        return made.codes[np.asarray(pipeline.predict(X), dtype=np.int64)]
    if hasattr(pipeline, "predict_proba"):
        given = np.asarray(pipeline.predict_proba(X), dtype=np.float64)
        nothing = 0.0
    else:
        given = np.asarray(pipeline.decision_function(X), dtype=np.float64)
        if given.ndim == 1:
            given = np.column_stack([-given, given])
        nothing = float(np.min(given)) - 1.0
    # A class that was not seen in training gets the least score of all.
    full = np.full((len(given), len(made.labels)), nothing)
    full[:, made.codes] = given
    return full


class _calm:
    """Within it, a fit uses one thread of OpenMP and BLAS, and does not warn.

    What libraries warn of here (a solver that stopped early, a level not seen before, a
    constant column) is no news to a search that judges each point by its score.
    """

    def __init__(self) -> None:
        from threadpoolctl import threadpool_limits

        self._limits = threadpool_limits(1)
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._limits.__enter__()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: Any) -> None:
        self._warnings.__exit__(*error)
        self._limits.__exit__(*error)
