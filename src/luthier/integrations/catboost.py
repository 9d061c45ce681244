"""CatBoost: a fit that reports, stops, and goes on from a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from luthier.errors import need
from luthier.integrations.boosting import Rows, Stages, kept_aside, metric_of
from luthier.integrations.steps import check_direction
from luthier.trial import Trial

catboost = need("catboost", "catboost", "luthier.integrations.catboost")

FILE = "model.cbm"
ALIASES = ("iterations", "n_estimators", "num_boost_round", "num_trees")
# Metrics that are good where they are large.
LARGE = ("AUC", "Accuracy", "BalancedAccuracy", "F1", "TotalF1", "R2", "Precision", "Recall",
         "MCC", "Kappa", "NDCG", "PRAUC")  # fmt: skip


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
    every: int = 50,
    **params: Any,
) -> Stages:
    """Grow an estimator of CatBoost for a trial, from its parent's checkpoint if there is one.

    CatBoost gives its callbacks no model to save, so it is grown `every` trees at a time, each
    part on top of the one before. Apart from that, arguments, what is returned and what is raised
    are those of `luthier.integrations.lightgbm.fit`, with metrics in CatBoost's words; the model
    that is given stays as it was.
    """
    classes = isinstance(model, catboost.CatBoostClassifier)
    (X_learn, y_learn), held = kept_aside(trial, X, y, aside, classes=classes)
    own = {"allow_writing_files": False, **model.get_params()}
    most = next((own.pop(name) for name in ALIASES if name in own), 1000)
    if metric:
        own["eval_metric"] = metric
    seed = own.pop("random_seed", own.pop("random_state", trial.seed))
    stages = Stages(trial, most, every=every, patience=patience)
    saved = stages.steps.saved_file(FILE)
    grown: Any = None if saved is None else type(model)().load_model(saved)
    over = not stages.left
    while not over:
        done = len(stages.aside)
        part = type(model)(
            **own,
            iterations=min(every - done % every, stages.left),
            random_seed=(seed + done) % 2**31,  # not the same rows and columns in every part
        )
        part.fit(
            X_learn,
            y_learn,
            eval_set=[held, scored],
            init_model=grown,
            use_best_model=False,
            verbose=False,
            **params,
        )
        grown = part
        save = _saver(part)
        for on_aside, on_scored in _curves(trial, part.evals_result_, metric or ""):
            over = stages.end(on_aside, on_scored, save)
            if over:
                break
    stages.model = grown
    if grown.tree_count_ > stages.best:
        grown.shrink(stages.best)
    return stages


def _saver(model: Any) -> Callable[[Path], object]:
    return lambda folder: model.save_model(str(folder / FILE))


def _curves(trial: Trial, found: Any, metric: str) -> list[tuple[float, float]]:
    """The metric after each tree of a part, on the rows kept aside and on the scored ones."""
    known = found["validation_0"]
    # CatBoost computes what it optimises too; the one that was asked for comes last.
    name = metric_of(metric, known)
    check_direction(trial, name, name.split(":")[0] in LARGE)
    return list(zip(known[name], found["validation_1"][name], strict=True))
