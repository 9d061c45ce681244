"""Metrics by name: what each reads, which way is better, and which one fits a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from luthier.errors import StudyError, nearest
from luthier.models.table import Table

Needs = Literal["labels", "scores", "probabilities"]
LOPSIDED = 0.75  # share of the largest class from which accuracy rewards ignoring the others


@dataclass(frozen=True)
class Metric:
    """How good predictions are.

    Attributes
    ----------
    direction : {"maximize", "minimize"}
    needs : {"labels", "scores", "probabilities"}
        What `value` is given: predicted targets (n,), or one column per class (n, k) whose
        order within a column matters (scores) or which also sum to 1 (probabilities).
    ceiling : float
        The value of perfect predictions.
    """

    name: str
    task: str
    direction: Literal["maximize", "minimize"]
    needs: Needs
    ceiling: float
    function: Callable[[Any, Any, int], float]

    def value(self, y: npt.NDArray[Any], given: npt.NDArray[Any], classes: int) -> float:
        """The metric of predictions; NaN where these rows do not define it.

        Parameters
        ----------
        y : (n,)
            Class codes from 0, or the target.
        given : (n,) or (n, classes)
            As `needs` says.
        """
        return float(self.function(y, given, classes))

    def better(self, one: float, other: float) -> bool:
        """Whether `one` is strictly better than `other`."""
        return one > other if self.direction == "maximize" else one < other


def _accuracy(y: Any, given: Any, classes: int) -> float:
    return float(np.mean(y == given))


def _recalls(y: Any, given: Any, classes: int) -> npt.NDArray[np.float64]:
    hits = np.bincount(y[y == given], minlength=classes)
    counts = np.bincount(y, minlength=classes)
    present = counts > 0
    return np.asarray(hits[present] / counts[present], dtype=np.float64)


def _balanced_accuracy(y: Any, given: Any, classes: int) -> float:
    return float(np.mean(_recalls(y, given, classes)))


def _f1(y: Any, given: Any, classes: int) -> float:
    """Of the second label when there are two, else the plain mean over classes."""
    hits = np.bincount(y[y == given], minlength=classes)
    total = np.bincount(y, minlength=classes) + np.bincount(given, minlength=classes)
    scores = np.divide(2 * hits, total, out=np.zeros(classes), where=total > 0)
    return float(scores[1]) if classes == 2 else float(np.mean(scores[total > 0]))


def _mcc(y: Any, given: Any, classes: int) -> float:
    table = np.zeros((classes, classes))
    np.add.at(table, (y, given), 1)
    rows, columns, n = table.sum(axis=1), table.sum(axis=0), len(y)
    spread = np.sqrt((n**2 - rows @ rows) * (n**2 - columns @ columns))
    return float((np.trace(table) * n - rows @ columns) / spread) if spread > 0 else 0.0


def _each_class(curve: Callable[[Any, Any], float]) -> Callable[[Any, Any, int], float]:
    """The curve of the second class when there are two, else the mean of one against the rest."""

    def value(y: Any, given: Any, classes: int) -> float:
        codes = [1] if classes == 2 else range(classes)
        made = [
            curve(y == code, given[:, code])
            for code in codes
            if 0 < np.sum(y == code) < len(y)  # without both kinds there is no curve
        ]
        return float(np.mean(made)) if made else np.nan

    return value


def _roc_auc(y: Any, score: Any) -> float:
    from scipy.stats import rankdata

    ups = int(y.sum())
    ranks = rankdata(score)[y].sum()  # ties share their mean rank
    return float((ranks - ups * (ups + 1) / 2) / (ups * (len(y) - ups)))


def _average_precision(y: Any, score: Any) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y, score))


def _log_loss(y: Any, given: Any, classes: int) -> float:
    small = np.finfo(np.float64).eps
    return float(-np.mean(np.log(np.clip(given[np.arange(len(y)), y], small, 1.0))))


def _rmse(y: Any, given: Any, classes: int) -> float:
    return float(np.sqrt(np.mean((y - given) ** 2)))


def _mae(y: Any, given: Any, classes: int) -> float:
    return float(np.mean(np.abs(y - given)))


def _medae(y: Any, given: Any, classes: int) -> float:
    return float(np.median(np.abs(y - given)))


def _r2(y: Any, given: Any, classes: int) -> float:
    spread = np.sum((y - np.mean(y)) ** 2)
    return float(1 - np.sum((y - given) ** 2) / spread) if spread > 0 else np.nan


def _mape(y: Any, given: Any, classes: int) -> float:
    return float(np.mean(np.abs(y - given) / np.abs(y))) if np.all(y != 0) else np.nan


def _rmsle(y: Any, given: Any, classes: int) -> float:
    """Predictions below 0 count as 0; a target below 0 has no logarithm."""
    if np.min(y) < 0:
        return float("nan")
    return float(np.sqrt(np.mean((np.log1p(y) - np.log1p(np.maximum(given, 0))) ** 2)))


def _entry(
    name: str, task: str, direction: Any, needs: Needs, ceiling: float, function: Any
) -> tuple[str, Metric]:
    return name, Metric(name, task, direction, needs, ceiling, function)


_C, _R = "classification", "regression"
METRICS: dict[str, Metric] = dict(
    [
        _entry("accuracy", _C, "maximize", "labels", 1.0, _accuracy),
        _entry("balanced_accuracy", _C, "maximize", "labels", 1.0, _balanced_accuracy),
        _entry("f1", _C, "maximize", "labels", 1.0, _f1),
        _entry("mcc", _C, "maximize", "labels", 1.0, _mcc),
        _entry("roc_auc", _C, "maximize", "scores", 1.0, _each_class(_roc_auc)),
        _entry("average_precision", _C, "maximize", "scores", 1.0, _each_class(_average_precision)),
        _entry("log_loss", _C, "minimize", "probabilities", 0.0, _log_loss),
        _entry("rmse", _R, "minimize", "labels", 0.0, _rmse),
        _entry("mae", _R, "minimize", "labels", 0.0, _mae),
        _entry("medae", _R, "minimize", "labels", 0.0, _medae),
        _entry("r2", _R, "maximize", "labels", 1.0, _r2),
        _entry("mape", _R, "minimize", "labels", 0.0, _mape),
        _entry("rmsle", _R, "minimize", "labels", 0.0, _rmsle),
    ]
)


def metric(name: str, table: Table) -> Metric:
    """The metric of a name, checked against the table.

    Raises
    ------
    StudyError
        If there is no such metric, or it does not fit the task or the target's values.
    """
    fitting = [found.name for found in METRICS.values() if found.task == table.task]
    if name not in METRICS:
        raise StudyError(
            f"There is no metric {name!r}.{nearest(name, METRICS)} "
            f"For {table.task}, choose one of {', '.join(fitting)}."
        )
    found = METRICS[name]
    if found.task != table.task:
        raise StudyError(
            f"Metric {name!r} is for {found.task}, but the task is {table.task} ({table.why}). "
            f"Choose one of {', '.join(fitting)}, or set --task {found.task}."
        )
    if name == "mape" and np.any(table.y == 0):
        raise StudyError(
            f"Metric 'mape' divides by the target, and {table.target!r} is 0 in "
            f"{int(np.sum(table.y == 0))} rows. Choose mae or rmse."
        )
    if name == "rmsle" and np.min(table.y) < 0:
        raise StudyError(
            f"Metric 'rmsle' takes logarithms, and {table.target!r} is as low as "
            f"{np.min(table.y):g}. Choose mae or rmse."
        )
    return found


def default_metric(table: Table) -> tuple[Metric, str]:
    """The metric for those who name none, and why, in words."""
    if table.task == "regression":
        return METRICS["rmse"], "the usual one for regression, in the target's own units"
    counts = table.class_counts()
    largest = max(counts, key=lambda label: counts[label])
    share = counts[largest] / len(table)
    if share >= LOPSIDED:
        return METRICS["balanced_accuracy"], (
            f"class {largest!r} holds {share:.0%} of the rows, so plain accuracy would reward "
            "ignoring the others"
        )
    return METRICS["accuracy"], f"the largest class holds only {share:.0%} of the rows"
