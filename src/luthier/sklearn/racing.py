"""When a candidate is dropped before its last fold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

# The least and the greatest value of scikit-learn's metrics, by the name of their function.
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            "accuracy_score", "balanced_accuracy_score", "top_k_accuracy_score", "f1_score",
            "precision_score", "recall_score", "jaccard_score", "roc_auc_score",
            "average_precision_score", "v_measure_score", "homogeneity_score",
            "completeness_score", "normalized_mutual_info_score", "fowlkes_mallows_score",
            "brier_score_loss", "hamming_loss", "zero_one_loss",
        ),
        (0.0, 1.0),
    ),
    **dict.fromkeys(("r2_score", "explained_variance_score", "d2_absolute_error_score"),
                    (-math.inf, 1.0)),
    **dict.fromkeys(("matthews_corrcoef", "cohen_kappa_score", "adjusted_rand_score"),
                    (-1.0, 1.0)),
    **dict.fromkeys(
        (
            "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "max_error",
            "median_absolute_error", "mean_absolute_percentage_error", "log_loss",
            "mean_squared_log_error", "root_mean_squared_log_error", "mean_gamma_deviance",
            "mean_poisson_deviance",
        ),
        (0.0, math.inf),
    ),
}  # fmt: skip


def bounds(scorers: Any, metric: str | None) -> tuple[float, float]:
    """Between which values a score must lie; infinite where that is not known."""
    if hasattr(scorers, "_scorers"):
        scorers = scorers._scorers.get(metric)
    low, high = RANGES.get(
        getattr(getattr(scorers, "_score_func", None), "__name__", ""), (-math.inf, math.inf)
    )
    return (low, high) if getattr(scorers, "_sign", 1) > 0 else (-high, -low)


def hopeless(scores: npt.NDArray[np.float64], row: int, *, bounds: tuple[float, float]) -> bool:
    """Whether a candidate will hardly end ahead of the best complete one."""
    mine = scores[row]
    full = np.flatnonzero(~np.isnan(scores).any(axis=1) & np.isfinite(scores).all(axis=1))
    ran = ~np.isnan(mine)
    if not len(full) or not ran.any():
        return False
    if not np.isfinite(mine[ran]).all():
        return True
    best = scores[full[np.argmax(scores[full].mean(axis=1))]]
    return bool(mine[ran].mean() <= best.min())
