"""XGBoost: a callback that reports and stops, and a fit that goes on from a checkpoint."""

from __future__ import annotations

from typing import Any

from luthier.errors import need
from luthier.integrations.boosting import Rows, Stages, kept_aside, metric_of
from luthier.integrations.steps import Steps, check_direction
from luthier.trial import Trial

need("xgboost", "xgboost", "luthier.integrations.xgboost")  # before the import, which says less

from xgboost import XGBClassifier  # noqa: E402
from xgboost.callback import TrainingCallback  # noqa: E402

FILE = "model.ubj"
# Metrics that are good where they are large, as XGBoost's own early stopping takes them.
LARGE = ("auc", "aucpr", "pre", "map", "ndcg")


class Report(TrainingCallback):  # type: ignore[misc, unused-ignore]  # untyped where missing
    """A callback for ``xgboost.train`` and XGBoost's estimators.

    It reports a metric every so many trees, saves the booster into the trial's folder, and ends
    training when the trial should stop. To go on from a parent's checkpoint give
    ``xgb_model=report.saved`` and `report.left` rounds.

    Parameters
    ----------
    trial : Trial
    most : int
        How many rounds a full training has.
    data : str, optional
        Which of the data sets to report; by default the last one.
    metric : str, optional
        Which metric; by default the last one.
    every : int
        How many rounds lie between two reports.
    """

    def __init__(
        self, trial: Trial, most: int, *, data: str = "", metric: str = "", every: int = 10
    ) -> None:
        super().__init__()
        self.steps = Steps(trial, most)
        self.data, self.metric, self.every = data, metric, every

    @property
    def saved(self) -> str | None:
        """The file of the parent's checkpoint, for ``xgb_model=``."""
        return self.steps.saved_file(FILE)

    @property
    def left(self) -> int:
        """How many rounds are to be added."""
        return self.steps.left

    @property
    def value(self) -> Any:
        """What was reported last, by the parent if nothing is left to do: what to return."""
        return self.steps.value

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report, save and ask; True ends the training."""
        rounds = int(model.num_boosted_rounds())  # those of an xgb_model are counted in
        if rounds % self.every and rounds < self.steps.last:
            return False
        data = self.data or next(reversed(evals_log))
        value = _latest(self.steps.trial, evals_log[data], self.metric)
        return self.steps.end(value, lambda folder: model.save_model(folder / FILE), step=rounds)


class _Watch(TrainingCallback):  # type: ignore[misc, unused-ignore]
    """Enters every round into the stages."""

    def __init__(self, stages: Stages, metric: str) -> None:
        super().__init__()
        self.stages, self.metric = stages, metric

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        trial, stages = self.stages.steps.trial, self.stages
        aside, scored = (_latest(trial, evals_log[f"validation_{i}"], self.metric) for i in (0, 1))
        return stages.end(aside, scored, lambda folder: model.save_model(folder / FILE))


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
    """Grow an estimator of XGBoost for a trial, from its parent's checkpoint if there is one.

    A part of the training rows is kept aside, and the number of rounds is the one that does best
    on them; the scored rows decide nothing. Arguments, what is returned and what is raised are
    those of `luthier.integrations.lightgbm.fit`, with metrics in XGBoost's words.
    """
    classes = isinstance(model, XGBClassifier)
    (X_learn, y_learn), held = kept_aside(trial, X, y, aside, classes=classes)
    own = model.get_params()
    most = own.get("n_estimators") or 100
    stages = Stages(trial, most, every=every, patience=patience)
    stages.model = model
    saved = stages.steps.saved_file(FILE)
    if stages.left:
        watch = _Watch(stages, metric or "")
        changed = {"n_estimators": stages.left, "callbacks": [watch]}
        changed |= {"early_stopping_rounds": None} | ({"eval_metric": metric} if metric else {})
        model.set_params(**changed)
        model.fit(
            X_learn, y_learn, eval_set=[held, scored], verbose=False, xgb_model=saved, **params
        )
        model.set_params(**{name: own.get(name) for name in changed})
    else:
        model.load_model(saved)
    # As its own early stopping does, so that it predicts with so many rounds.
    model.get_booster().set_attr(
        best_iteration=str(stages.best - 1), best_score=str(stages.aside[stages.best - 1])
    )
    return stages


def _latest(trial: Trial, found: Any, metric: str) -> float:
    """The latest value of a metric, by default of the last one."""
    name = metric_of(metric, found)
    check_direction(trial, name, name.split("@")[0] in LARGE)
    return float(found[name][-1])
