"""What is trained, each a curve: the loss on validation rows after every step, and its seconds.

Losses are the mean log loss of classes, or the root mean squared error of a number whose standard
deviation is 1. CPU seconds, of training and judging, so that a busy machine does not count.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier import Choice, Float, Int, Space

Array = np.ndarray[Any, Any]
Params = Mapping[str, Any]
EPOCHS = 81
SHARES = (1, 3, 9, 27, 81)  # of 81 parts of the training rows
TREES = 4  # of boosting, in one step
WORST = 3.0  # times the loss of a guess that knows no column; what is worse or no number is this


@dataclass(frozen=True)
class Data:
    """Rows to train and rows to judge; `classes` is 0 where `y` is a number."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    classes: int

    @property
    def plain(self) -> float:
        """The loss of a guess that knows no column."""
        if not self.classes:
            return float(np.sqrt(np.mean((self.y_test - self.y.mean()) ** 2)))
        shares = np.bincount(self.y, minlength=self.classes) / len(self.y)
        return log_loss(np.tile(shares, (len(self.y_test), 1)), self.y_test)

    def loss(self, guess: Array) -> float:
        """Of probabilities (rows, classes) or of numbers (rows,), for the rows to judge."""
        if self.classes:
            found = log_loss(guess, self.y_test)
        else:
            found = float(np.sqrt(np.mean((guess - self.y_test) ** 2)))
        worst = WORST * self.plain
        return min(found, worst) if np.isfinite(found) else worst


def log_loss(shares: Array, y: Array) -> float:
    return float(-np.mean(np.log(np.clip(shares[np.arange(len(y)), y], 1e-7, 1.0))))


@dataclass(frozen=True)
class Learner:
    """A way to train, with its space.

    Parameters
    ----------
    steps : tuple of int
        What is recorded of a curve.
    afresh : bool
        Each step is a fit of its own, and not more of the one before.
    curve : callable
        From (data, params, rng) to losses and seconds, one of each per step.
    """

    name: str
    space: Callable[[Data], Space]
    curve: Callable[[Data, Params, np.random.Generator], tuple[Array, Array]]
    steps: tuple[int, ...] = tuple(range(1, EPOCHS + 1))
    afresh: bool = False


# -- a network by epoch ----------------------------------------------------------------------------


def network_space(data: Data) -> Space:
    return Space(
        lr=Float(1e-4, 0.3, log=True),
        optimizer=Choice("momentum", "adam"),
        width=Int(8, 128, log=True),
        batch=Int(16, 256, log=True),
        dropout=Float(0.0, 0.6),
        decay=Float(1e-7, 0.1, log=True),
    )


@np.errstate(all="ignore")
def network(data: Data, params: Params, rng: np.random.Generator) -> tuple[Array, Array]:
    """Two hidden layers of rectified units, by momentum or Adam, in NumPy."""
    X, y = data.X.astype(np.float32), data.y
    X_test = data.X_test.astype(np.float32)
    target = np.eye(data.classes, dtype=np.float32)[y] if data.classes else y[:, None]
    target = target.astype(np.float32)
    sizes = [X.shape[1], params["width"], params["width"], target.shape[1]]
    weights: list[Array] = []
    for a, b in itertools.pairwise(sizes):
        weights.append((rng.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32))
        weights.append(np.zeros(b, dtype=np.float32))
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    lr, decay, batch = params["lr"], params["decay"], params["batch"]
    keep, adam = np.float32(1 - params["dropout"]), params["optimizer"] == "adam"
    losses, seconds, turn = np.empty(EPOCHS), np.empty(EPOCHS), 0
    for epoch in range(EPOCHS):
        began = time.process_time()
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            turn += 1
            grads = backward(weights, X[rows], target[rows], keep, bool(data.classes), rng)
            for i, g in enumerate(grads):
                if i % 2 == 0:
                    g += decay * weights[i]
                if adam:
                    first[i] += 0.1 * (g - first[i])
                    second[i] += 0.001 * (g * g - second[i])
                    scale = lr * np.sqrt(1 - 0.999**turn) / (1 - 0.9**turn)
                    weights[i] -= np.float32(scale) * first[i] / (np.sqrt(second[i]) + 1e-8)
                else:
                    first[i] *= 0.9
                    first[i] += g
                    weights[i] -= np.float32(lr) * first[i]
        out = forward(weights, X_test)[-1]
        losses[epoch] = data.loss(softmax(out) if data.classes else out[:, 0].astype(np.float64))
        seconds[epoch] = time.process_time() - began
    return losses, seconds


def forward(weights: list[Array], X: Array) -> list[Array]:
    first = np.maximum(X @ weights[0] + weights[1], 0)
    second = np.maximum(first @ weights[2] + weights[3], 0)
    return [first, second, second @ weights[4] + weights[5]]


def softmax(out: Array) -> Array:
    made = np.exp(out - out.max(axis=1, keepdims=True))
    return np.asarray(made / made.sum(axis=1, keepdims=True))


def backward(
    weights: list[Array], X: Array, target: Array, keep: Any, classes: bool, rng: Any
) -> list[Array]:
    """Gradients of the mean loss, with dropout in both hidden layers."""
    masks = [
        (rng.random((len(X), weights[i].shape[1]), dtype=np.float32) < keep) / keep for i in (0, 2)
    ]
    a = np.maximum(X @ weights[0] + weights[1], 0) * masks[0]
    b = np.maximum(a @ weights[2] + weights[3], 0) * masks[1]
    out = b @ weights[4] + weights[5]
    d = ((softmax(out) if classes else out) - target) / np.float32(len(X))
    d_b = (d @ weights[4].T) * (b > 0) * masks[1]
    d_a = (d_b @ weights[2].T) * (a > 0) * masks[0]
    return [X.T @ d_a, d_a.sum(0), a.T @ d_b, d_b.sum(0), b.T @ d, d.sum(0)]


# -- boosting by stage -----------------------------------------------------------------------------


def boosting_space(data: Data) -> Space:
    return Space(
        learning_rate=Float(0.005, 0.5, log=True),
        num_leaves=Int(4, 64, log=True),
        min_child_samples=Int(2, 100, log=True),
        feature_fraction=Float(0.3, 1.0),
        lambda_l2=Float(1e-3, 100.0, log=True),
        extra_trees=Choice(False, True),
    )


def boosting(data: Data, params: Params, rng: np.random.Generator) -> tuple[Array, Array]:
    """LightGBM, `TREES` trees at each step."""
    import lightgbm

    fixed = {"verbosity": -1, "num_threads": 1, "seed": int(rng.integers(2**31)), "metric": "none"}
    kind: dict[str, Any] = {"objective": "regression"}
    if data.classes:
        kind = {"objective": "multiclass", "num_class": data.classes}
    losses, seconds = np.empty(EPOCHS), np.empty(EPOCHS)
    train = lightgbm.Dataset(data.X, data.y, params={"verbosity": -1})
    booster = lightgbm.Booster({**params, **fixed, **kind}, train)
    each = max(data.classes, 1)
    raw = np.zeros((len(data.X_test), each))
    for step in range(EPOCHS):
        began = time.process_time()
        for _ in range(TREES):
            booster.update()
        more = booster.predict(
            data.X_test, raw_score=True, start_iteration=step * TREES, num_iteration=TREES
        )
        raw += np.asarray(more).reshape(len(raw), each)
        losses[step] = data.loss(softmax(raw) if data.classes else raw[:, 0])
        seconds[step] = time.process_time() - began
    return losses, seconds


# -- a growing share of the rows -------------------------------------------------------------------


def kernel_space(data: Data) -> Space:
    d = data.X.shape[1]
    return Space(
        kernel=Choice("rbf", "poly"),
        C=Float(1e-2, 1e3, log=True),
        gamma=Float(1e-3 / d, 10.0 / d, log=True),
        epsilon=Float(1e-3, 1.0, log=True),
    )


def kernel(data: Data, params: Params, rng: np.random.Generator) -> tuple[Array, Array]:
    """A support vector regression."""
    from sklearn.svm import SVR

    def fit(X: Array, y: Array) -> Array:
        return np.asarray(SVR(**params, max_iter=20_000).fit(X, y).predict(data.X_test))

    return by_share(data, fit, rng)


def forest_space(data: Data) -> Space:
    return Space(
        criterion=Choice("gini", "entropy"),
        max_features=Float(0.05, 1.0, log=True),
        min_samples_leaf=Int(1, 50, log=True),
        max_depth=Int(2, 30, log=True),
        max_samples=Float(0.2, 1.0),
    )


def forest(data: Data, params: Params, rng: np.random.Generator) -> tuple[Array, Array]:
    """A random forest of 40 trees that tells probabilities."""
    from sklearn.ensemble import RandomForestClassifier

    seed = int(rng.integers(2**31))

    def fit(X: Array, y: Array) -> Array:
        made = RandomForestClassifier(40, random_state=seed, **params).fit(X, y)
        shares = np.zeros((len(data.X_test), data.classes))
        shares[:, made.classes_] = made.predict_proba(data.X_test)
        # Forty trees that agree are not certain: one vote is added for what is common.
        prior = np.bincount(data.y, minlength=data.classes) / len(data.y)
        return (40 * shares + prior) / 41

    return by_share(data, fit, rng)


def by_share(data: Data, fit: Callable[[Array, Array], Array], rng: Any) -> tuple[Array, Array]:
    """Fit the first rows of one order, more of them at each step."""
    order = rng.permutation(len(data.y))
    losses, seconds = np.empty(len(SHARES)), np.empty(len(SHARES))
    for i, share in enumerate(SHARES):
        began = time.process_time()
        rows = order[: max(len(order) * share // SHARES[-1], 2)]
        losses[i] = data.loss(fit(data.X[rows], data.y[rows]))
        seconds[i] = time.process_time() - began
    return losses, seconds


NETWORK = Learner("network", network_space, network)
BOOSTING = Learner("boosting", boosting_space, boosting)
KERNEL = Learner("kernel", kernel_space, kernel, SHARES, afresh=True)
FOREST = Learner("forest", forest_space, forest, SHARES, afresh=True)
