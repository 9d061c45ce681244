"""LightGBM: a callback that reports and stops, and a fit that goes on from a checkpoint."""

from __future__ import annotations

from inspect import signature
from typing import Any

from luthier.errors import need
from luthier.integrations.boosting import Rows, Stages, kept_aside, metric_of
from luthier.integrations.steps import Steps, check_direction
from luthier.trial import Trial

lightgbm = need("lightgbm", "lightgbm", "luthier.integrations.lightgbm")

FILE = "model.txt"


class Report:
    """A callback for ``lightgbm.train`` and the `fit` of its estimators.

    It reports a metric every so many trees, saves the booster into the trial's folder, and ends
    training when the trial should stop. To go on from a parent's checkpoint give
    ``init_model=report.saved`` and `report.left` trees.

    Parameters
    ----------
    trial : Trial
    most : int
        How many trees a full training has.
    data : str, optional
        Which of the data sets to report; by default the last one.
    metric : str, optional
        Which metric; by default the first one.
    every : int
        How many trees lie between two reports.
    """

    order = 30  # after LightGBM's own callbacks, as its early stopping
    before_iteration = False

    def __init__(
        self, trial: Trial, most: int, *, data: str = "", metric: str = "", every: int = 10
    ) -> None:
        self.steps = Steps(trial, most)
        self.data, self.metric, self.every = data, metric, every

    @property
    def saved(self) -> str | None:
        """The file of the parent's checkpoint, for ``init_model=``."""
        return self.steps.saved_file(FILE)

    @property
    def left(self) -> int:
        """How many trees are to be added."""
        return self.steps.left

    @property
    def value(self) -> Any:
        """What was reported last, by the parent if nothing is left to do: what to return."""
        return self.steps.value

    def __call__(self, env: Any) -> None:
        tree = env.iteration + 1  # the trees of an init_model are counted in
        if tree % self.every and tree < self.steps.last:
            return
        value, larger = _found(env, self.data, self.metric)
        check_direction(self.steps.trial, self.metric or "the metric", larger)
        if self.steps.end(value, lambda folder: env.model.save_model(folder / FILE), step=tree):
            raise lightgbm.callback.EarlyStopException(tree - 1, env.evaluation_result_list)


def fit(
    trial: Trial,
    model: Any,
    X: Any,
    y: Any,
    *,
    scored: Rows,
    metric: str | None = None,
    aside: float = 0.15,
    patience: int = 50,
    every: int = 10,
    **params: Any,
) -> Stages:
    """Grow an estimator of LightGBM for a trial, from its parent's checkpoint if there is one.

    A part of the training rows is kept aside, and the number of trees is the one that does best
    on them; the scored rows decide nothing.

    Parameters
    ----------
    model : LGBMClassifier or LGBMRegressor
        Its ``n_estimators`` is the most trees; it is fitted in place.
    X, y
        Training rows.
    scored : tuple
        ``(X, y)`` that the trial is scored on.
    metric : str, optional
        In LightGBM's words, such as "auc"; by default that of the model's objective.
    aside : float
        Which share of the training rows to stop by.
    patience : int
        Trees without a gain on them, after which training ends.
    every : int
        How many trees lie between two reports.
    **params
        Further arguments of the model's ``fit``.

    Returns
    -------
    Stages
        ``value`` is what to return, ``best`` how many trees have it, ``model`` predicts with them.

    Raises
    ------
    StudyError
        If the study's direction is not the metric's.
    """
    classes = isinstance(model, lightgbm.LGBMClassifier)
    (X_learn, y_learn), held = kept_aside(trial, X, y, aside, classes=classes)
    stages = Stages(trial, model.n_estimators, every=every, patience=patience)

    def watch(env: Any) -> None:
        over = True  # nothing was left: the one tree that was grown to get a model is not used
        if stages.left:
            found = {data: _found(env, data, metric or "") for data in ("aside", "scored")}
            check_direction(trial, metric or "the metric", found["aside"][1])
            values = found["aside"][0], found["scored"][0]
            over = stages.end(*values, lambda folder: env.model.save_model(folder / FILE))
        if over:  # at the last tree too: it tells the model which one is best
            raise lightgbm.callback.EarlyStopException(stages.best - 1, env.evaluation_result_list)

    held_out: dict[str, Any] = {"eval_set": [held, scored]}
    if "eval_X" in signature(model.fit).parameters:  # from 4.7 on
        held_out = {"eval_X": (held[0], scored[0]), "eval_y": (held[1], scored[1])}
    most = model.n_estimators
    stages.model = model.set_params(n_estimators=max(1, stages.left)).fit(
        X_learn,
        y_learn,
        **held_out,
        eval_names=["aside", "scored"],
        eval_metric=metric,
        callbacks=[watch],
        init_model=stages.steps.saved_file(FILE),
        **params,
    )
    model.set_params(n_estimators=most)
    return stages


def _found(env: Any, data: str, metric: str) -> tuple[float, bool]:
    """The latest value of a metric, and whether a larger one is better."""
    rows = [tuple(row)[:4] for row in env.evaluation_result_list]
    name = data or rows[-1][0]
    known = {row[1]: row for row in reversed(rows) if row[0] == name}
    _, _, value, larger = known[metric_of(metric, known)]
    return float(value), bool(larger)
