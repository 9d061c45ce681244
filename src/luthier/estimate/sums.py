"""Metrics of many candidates under many weightings of the rows, by products of matrices.

Everywhere ``y`` is (N,), ``given`` (C, N) or (C, N, k) and ``W`` (B, N), and the result (B, C) in
the metric's own direction; NaN where the rows that count do not define it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def counts(y: Codes, given: Codes, W: Array, classes: int) -> tuple[Array, Array, Array]:
    """Weights of hits (B, C, k), of predictions (B, C, k) and of targets (B, 1, k), by class."""
    shape = (len(W), len(given), classes)
    hits, said, true = np.empty(shape), np.empty(shape), np.empty((len(W), 1, classes))
    for j in range(classes):
        mine = y == j
        is_j = (given == j).astype(np.float64)
        said[:, :, j] = W @ is_j.T
        hits[:, :, j] = W[:, mine] @ is_j[:, mine].T
        true[:, 0, j] = W[:, mine].sum(axis=1)
    return hits, said, true


def labels(
    kind: str,
    hits: Array,
    said: Array,
    true: Array,
    average: str = "binary",
    positive: int | None = None,
    beta: float = 1.0,
) -> Array:
    """A metric of predicted labels, from `counts`; 0 / 0 counts as 0, as in scikit-learn."""
    total = true.sum(axis=2)
    if kind == "accuracy":
        return np.asarray(hits.sum(axis=2) / total)
    if kind == "balanced":
        return np.asarray(np.nanmean(hits / true, axis=2))
    if kind == "matthews":
        both = hits.sum(axis=2) * total - (said * true).sum(axis=2)
        spread = (total**2 - (said**2).sum(axis=2)) * (total**2 - (true**2).sum(axis=2))
        return np.where(spread > 1e-9 * total**4, both / np.sqrt(np.maximum(spread, 1e-300)), 0.0)
    if average == "micro":
        hits, said, true = (part.sum(axis=2, keepdims=True) for part in (hits, said, true))
    if positive is not None:
        hits, said, true = (part[:, :, [positive]] for part in (hits, said, true))
    bottom = {
        "precision": said,
        "recall": true + 0 * said,
        "f": (said + beta**2 * true) / (1 + beta**2),
        "jaccard": said + true - hits,
    }[kind]
    ratio = np.divide(hits, bottom, out=np.zeros_like(hits), where=bottom > 0)
    if average == "macro":  # classes that neither targets nor predictions name do not count
        there = (said + true) > 0
        return np.asarray((ratio * there).sum(axis=2) / there.sum(axis=2))
    if average == "weighted":
        return np.asarray((ratio * true).sum(axis=2) / total)
    return np.asarray(ratio[:, :, 0])


Curve = Callable[[Array, Array], Array]


def area(ups: Array, downs: Array) -> Array:
    """Area under the ROC curve from weights at falling thresholds (B, thresholds)."""
    upto = np.cumsum(downs, axis=1)
    total = upto[:, -1]
    # Of the pairs, those in the wrong order, and half of the ties.
    wrong = np.einsum("bt,bt->b", ups, upto) - np.einsum("bt,bt->b", ups, downs) / 2
    return np.asarray(1 - wrong / (ups.sum(axis=1) * total))


def precision_area(ups: Array, downs: Array) -> Array:
    """Average precision from weights at falling thresholds (B, thresholds)."""
    found = np.cumsum(ups, axis=1)
    seen = found + np.cumsum(downs, axis=1)
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return np.asarray((ups * precision).sum(axis=1) / found[:, -1])


def ranked(
    curve: Curve, y: Codes, given: Array, W: Array, average: str = "macro", pairs: bool = False
) -> Array:
    """A metric of how the second of two classes, or each of several, is ranked."""
    if given.ndim == 2:
        return _curves(curve, y == 1, given, W)
    classes = given.shape[2]
    made, share = [], []
    for these, columns in _contests(classes, pairs):
        inside = np.isin(y, these)
        V, z = W[:, inside], y[inside]
        each = [_curves(curve, z == j, given[:, inside, j], V) for j in columns]
        made.append(np.mean(each, axis=0))
        share.append(V.sum(axis=1) if pairs else V[:, z == columns[0]].sum(axis=1))
    values = np.stack(made)
    weights = np.stack(share)[:, :, None] * np.ones_like(values)
    weights = np.where(np.isnan(values), 0.0, weights if average == "weighted" else 1.0)
    return np.asarray((np.nan_to_num(values) * weights).sum(axis=0) / weights.sum(axis=0))


def _contests(classes: int, pairs: bool) -> Iterator[tuple[list[int], list[int]]]:
    """The classes that take part, and the columns that are judged."""
    for a in range(classes):
        if not pairs:
            yield list(range(classes)), [a]
        for b in range(a + 1, classes) if pairs else ():
            yield [a, b], [a, b]


def _curves(curve: Curve, ups: Any, given: Array, W: Array) -> Array:
    made = np.empty((len(W), len(given)))
    for c, scores in enumerate(given):
        order = np.argsort(-scores, kind="stable")
        starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
        V = W[:, order]
        up = V * ups[order]
        down = V - up
        if len(starts) < len(order):
            up, down = (np.add.reduceat(part, starts, axis=1) for part in (up, down))
        made[:, c] = curve(up, down)
    return made


def surprise(y: Codes, given: Array, W: Array) -> Array:
    """Mean negative logarithm of the probability of what came true."""
    mine = np.take_along_axis(given, y[None, :, None], axis=2)[:, :, 0]
    mine = mine / given.sum(axis=2)
    return _mean(-np.log(np.clip(mine, np.finfo(np.float64).eps, 1.0)), W)


def brier(y: Codes, given: Array, W: Array) -> Array:
    """Mean squared distance of probabilities from what came true; halved for two classes."""
    classes = given.shape[2]
    apart = ((given - np.eye(classes)[y]) ** 2).sum(axis=2)
    return _mean(apart / (2 if classes == 2 else 1), W)


def _mean(values: Array, W: Array) -> Array:
    return np.asarray(W @ values.T / W.sum(axis=1, keepdims=True))


def _around(y: Array, W: Array) -> Array:
    """The weighted variance of the target, (B, 1); NaN where all are equal."""
    z = y - y.mean()
    spread = W @ z**2 / W.sum(axis=1) - (W @ z / W.sum(axis=1)) ** 2
    return np.where(spread > 1e-12 * max(float(np.mean(z**2)), 1e-300), spread, np.nan)[:, None]


def explained(y: Array, given: Array, W: Array) -> Array:
    """R²; NaN where all targets are equal."""
    return 1 - squared(y, given, W) / _around(y, W)


def explained_variance(y: Array, given: Array, W: Array) -> Array:
    """R² but for the mean of the errors; NaN where all targets are equal."""
    return 1 - (squared(y, given, W) - _mean(given - y, W) ** 2) / _around(y, W)


def squared(y: Array, given: Array, W: Array) -> Array:
    """The mean squared error."""
    return _mean((given - y) ** 2, W)


def root_squared(y: Array, given: Array, W: Array) -> Array:
    """The root of the mean squared error."""
    return np.sqrt(squared(y, given, W))


def absolute(y: Array, given: Array, W: Array) -> Array:
    """The mean absolute error."""
    return _mean(np.abs(given - y), W)


def percentage(y: Array, given: Array, W: Array) -> Array:
    """The mean absolute error as a share of the target, which is taken for tiny where it is 0."""
    return _mean(np.abs(given - y) / np.maximum(np.abs(y), np.finfo(np.float64).eps), W)


def squared_log(y: Array, given: Array, W: Array) -> Array:
    """Only for numbers above -1; scikit-learn refuses others, here they give NaN."""
    return squared(np.log1p(y), np.log1p(given), W)


def root_squared_log(y: Array, given: Array, W: Array) -> Array:
    """The root of `squared_log`."""
    return np.sqrt(squared_log(y, given, W))


def median(y: Array, given: Array, W: Array) -> Array:
    """The median absolute error; between two of equal claim their mean."""
    made = np.empty((len(W), len(given)))
    rows, half = np.arange(len(W)), W.sum(axis=1, keepdims=True) / 2
    for c, answers in enumerate(given):
        errors = np.abs(answers - y)
        order = np.argsort(errors)
        upto = np.cumsum(W[:, order], axis=1)
        tolerance = 1e-9 * half
        low = np.argmax(upto >= half - tolerance, axis=1)
        high = np.argmax((upto > half + tolerance) & (W[:, order] > 0), axis=1)
        made[rows, c] = (errors[order][low] + errors[order][high]) / 2
    return made


def largest(y: Array, given: Array, W: Array) -> Array:
    """The largest absolute error of rows that count."""
    made = [np.where(W > 0, np.abs(answers - y), 0.0).max(axis=1) for answers in given]
    return np.stack(made, axis=1)
