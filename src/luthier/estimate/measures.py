"""A scikit-learn scorer, made to score many candidates under many weightings of rows at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError, StudyError
from luthier.estimate import sums

Array = npt.NDArray[np.float64]
Reads = Literal["predict", "scores", "predict_proba"]
Pooling = Literal["rows", "ranks", "folds"]

LABELS = {
    "accuracy_score": "accuracy",
    "balanced_accuracy_score": "balanced",
    "f1_score": "f",
    "fbeta_score": "f",
    "jaccard_score": "jaccard",
    "precision_score": "precision",
    "recall_score": "recall",
    "matthews_corrcoef": "matthews",
}
AVERAGED = ("f1_score", "fbeta_score", "jaccard_score", "precision_score", "recall_score")
RANKS = {"roc_auc_score": sums.area, "average_precision_score": sums.precision_area}
# Against truth, on simulated scores and real searches: the mean of folds is far too high for
# average precision (+0.15 with 2 of 20 rows), too low for R2 and F1; pooled ranks are too low for
# the area where folds are whole groups (-0.02).
POOLING: dict[str, Pooling] = {"roc_auc_score": "folds", "average_precision_score": "ranks"}
CHANCES = {"log_loss": sums.surprise, "brier_score_loss": sums.brier}
NUMBERS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "r2_score": sums.explained,
    "explained_variance_score": sums.explained_variance,
    "mean_squared_error": sums.squared,
    "root_mean_squared_error": sums.root_squared,
    "mean_absolute_error": sums.absolute,
    "mean_absolute_percentage_error": sums.percentage,
    "mean_squared_log_error": sums.squared_log,
    "root_mean_squared_log_error": sums.root_squared_log,
    "median_absolute_error": sums.median,
    "max_error": sums.largest,
}
ROUGH = ("median_absolute_error", "max_error")
HARMLESS: dict[str, Any] = {  # arguments that say what is done anyway
    "normalize": True,
    "adjusted": False,
    "multioutput": "uniform_average",
    "force_finite": True,
    "zero_division": "warn",
    "labels": None,
    "max_fpr": None,
    "pos_label": None,
    "scale_by_half": "auto",
}


@dataclass(frozen=True)
class Measure:
    """What a search maximises: a scorer's sign times its function of targets and predictions.

    Attributes
    ----------
    name : str
        Of the scorer, or of its function.
    reads : {"predict", "scores", "predict_proba"}
        What of a candidate to keep for each row: the labels or numbers that it predicts; a
        number that grows with the second class (decision function or probability), or one
        column per class where there are more; probabilities, one column per class.
    classes : (k,) or None
        Class labels, in the order of the columns; None where they do not matter.
    fast : bool
        Whether many weightings cost little more than one.
    pooling : {"rows", "ranks", "folds"}
        How rows of several folds become one figure: as if one model had predicted them all; the
        same with ranks within each fold, because scores of different models do not compare; or
        by the mean over folds.
    low, high : float
        Ends of the range of scores.
    smooth : bool
        Whether a row more or less is known to change little.
    """

    name: str
    reads: Reads
    sign: float
    function: Callable[..., float] = field(repr=False)
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    classes: npt.NDArray[Any] | None = field(default=None, repr=False)
    fast: bool = True
    pooling: Pooling = "rows"
    low: float = -np.inf
    high: float = np.inf
    smooth: bool = True

    def targets(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Targets (N,) as numbers: class codes from 0, or float64; as they are if not `fast`."""
        y = np.asarray(y)
        if not self.fast:
            return y
        return y.astype(np.float64) if self.classes is None else _coded(self.classes, y)

    def answers(self, given: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predictions (C, N) or (C, N, classes) as numbers, of the shape that `many` takes.

        Raises
        ------
        DataError
            If they name a class that no target has, or have another number of columns.
        """
        given = np.asarray(given)
        two = given.ndim == 3 and given.shape[2] == 2
        if not self.fast:  # scikit-learn gives a scorer the second column of two
            return given[:, :, 1] if two else given
        if self.classes is None:
            return given.astype(np.float64)
        if self.reads == "predict":
            return _coded(self.classes, given)
        if given.ndim == 3 and given.shape[2] != len(self.classes):
            raise DataError(
                f"{self.name}: predictions have {given.shape[2]} columns for "
                f"{len(self.classes)} classes. Give one column per class, sorted by label."
            )
        made = given.astype(np.float64)
        if self.reads == "scores" and two:
            return made[:, :, 1]
        if self.reads == "predict_proba" and made.ndim == 2:
            return np.stack([1 - made, made], axis=2)
        return made

    def many(self, y: Any, given: Any, W: Array) -> Array:
        """Scores under many weightings, greater is better; NaN where rows do not define one.

        Parameters
        ----------
        y, given
            What `targets` and `answers` return: (N,) and (C, N) or (C, N, classes).
        W : (B, N)
            Weight of each row, such as how often a resample holds it.

        Returns
        -------
        (B, C)
        """
        if not self.fast:
            return self._slowly(y, given, W)
        key, options = self.function.__name__, dict(self.arguments)
        with np.errstate(divide="ignore", invalid="ignore"):
            if key in LABELS:
                assert self.classes is not None
                counts = sums.counts(y, given, W, len(self.classes))
                made = sums.labels(LABELS[key], *counts, **options)
            elif key in RANKS:
                made = sums.ranked(RANKS[key], y, given, W, **options)
            else:
                made = (CHANCES | NUMBERS)[key](y, given, W)
        return self.sign * made

    def _slowly(self, y: Any, given: Any, W: Array) -> Array:
        """Any function at all: each row repeated as often as it counts."""
        made = np.full((len(W), len(given)), np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a resample without a class, and the like
            for b, weights in enumerate(W):
                whole = bool(np.all(weights == np.round(weights)))
                rows = np.repeat(np.arange(len(y)), weights.astype(int) if whole else weights > 0)
                extra = {} if whole else {"sample_weight": weights[rows]}
                for c, answers in enumerate(given):
                    try:
                        value = self.function(y[rows], answers[rows], **self.arguments, **extra)
                    except ValueError:  # these rows do not define it
                        continue
                    made[b, c] = value
        return self.sign * made


def measure(scoring: Any, y: npt.NDArray[Any]) -> Measure:
    """How to score predictions as a scikit-learn scorer does.

    Parameters
    ----------
    scoring : str or scorer
        A name that scikit-learn knows, or what ``make_scorer`` returns.
    y : (N,)
        All targets, which tell the classes.

    Raises
    ------
    StudyError
        If the scorer is no function of targets and predictions.
    """
    from sklearn.metrics import get_scorer
    from sklearn.utils.multiclass import type_of_target

    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    function = getattr(scorer, "_score_func", None)
    if function is None:
        raise StudyError(
            f"{scoring!r} scores an estimator, not predictions, so it cannot be computed again on "
            "resampled rows. Give a scorer of make_scorer, or judge by the scores of the folds."
        )
    kind = type_of_target(y)
    classes = np.unique(y) if kind in ("binary", "multiclass") else None
    asked = getattr(scorer, "_response_method", "predict")
    reads: Reads = "predict"
    if asked != "predict":
        reads = "predict_proba" if asked == "predict_proba" else "scores"
    named = getattr(function, "__name__", "function")
    if named in LABELS or named in RANKS or named in CHANCES:
        classes = np.unique(y) if classes is None else classes
    if named in NUMBERS:
        classes = None
    arguments = dict(getattr(scorer, "_kwargs", {}))
    options = _understood(function, arguments, classes)
    if reads == "predict" and named in RANKS:
        options = None  # labels have no order
    low, high = _range(named)
    return Measure(
        scoring if isinstance(scoring, str) else named,
        reads,
        float(getattr(scorer, "_sign", 1)),
        function,
        arguments if options is None else options,
        None if options is None else classes,
        options is not None,
        "rows" if options is None else POOLING.get(named, "rows"),
        low,
        high,
        options is not None and named not in ROUGH,
    )


def _range(name: str) -> tuple[float, float]:
    if name == "matthews_corrcoef":
        return -1.0, 1.0
    if name in LABELS or name in RANKS:
        return 0.0, 1.0
    if name in CHANCES or name in NUMBERS:
        return -np.inf, 1.0 if name in ("r2_score", "explained_variance_score") else 0.0
    return -np.inf, np.inf


def _understood(
    function: Any, arguments: Mapping[str, Any], classes: npt.NDArray[Any] | None
) -> dict[str, Any] | None:
    """The options of the fast way; None if there is none."""
    name = getattr(function, "__name__", "")
    if not str(getattr(function, "__module__", "")).startswith("sklearn.metrics"):
        return None
    if not any(name in known for known in (LABELS, RANKS, CHANCES, NUMBERS)):
        return None
    options = dict(arguments)
    kept: dict[str, Any] = {}
    if name in AVERAGED:
        average = kept["average"] = options.pop("average", "binary")
        kept["beta"] = options.pop("beta", 1.0)
        if average == "binary":
            kept["positive"] = _positive(classes, options.pop("pos_label", 1))
            if kept["positive"] is None:
                return None
        elif average not in ("macro", "micro", "weighted"):
            return None
    if name in RANKS and classes is not None and len(classes) == 2:
        # The area takes the greater label, average precision the one that is named.
        if name != "roc_auc_score" and _positive(classes, options.pop("pos_label", 1)) != 1:
            return None
        options.pop("average", None)
        options.pop("multi_class", None)
    elif name in RANKS:
        kept["average"] = options.pop("average", "macro")
        versus = options.pop("multi_class", "raise" if name == "roc_auc_score" else "ovr")
        if kept["average"] not in ("macro", "weighted") or versus not in ("ovr", "ovo"):
            return None
        kept["pairs"] = versus == "ovo"
    left = {key: value for key, value in options.items() if HARMLESS.get(key, "?") != value}
    return None if left else kept


def _positive(classes: npt.NDArray[Any] | None, label: Any) -> int | None:
    """The code of the label that counts as positive; None unless it is one of two."""
    if classes is None or len(classes) != 2:
        return None
    found = np.flatnonzero(classes == label)
    return int(found[0]) if len(found) == 1 else None


def _coded(classes: npt.NDArray[Any], values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    codes = np.minimum(np.searchsorted(classes, values), len(classes) - 1)
    if not np.array_equal(classes[codes], values):
        extra = np.setdiff1d(np.unique(values), classes)
        raise DataError(
            f"Predictions name classes that no target has: {extra.tolist()[:5]}. "
            "Give the targets of all rows."
        )
    return codes.astype(np.int64)
