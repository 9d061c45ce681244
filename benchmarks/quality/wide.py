"""Many parameters: formulas in which five of them matter, and a weight for each of 64 pixels."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from benchmarks.quality.task import Params, Task
from luthier import Float, Space

MATTER = 5


def valley(z: np.ndarray) -> float:
    """Rosenbrock's bent valley, with its minimum 0 at z = 0."""
    x = 1 + z
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[:-1] - 1) ** 2))


def waves(z: np.ndarray) -> float:
    """Ackley's bowl with waves, and its minimum 0 at z = 0."""
    slope = -20 * math.exp(-0.2 * math.sqrt(np.mean(z**2)))
    return float(slope - math.exp(np.mean(np.cos(2 * np.pi * z))) + 20 + math.e)


def formula(shape: str, d: int) -> Task:
    """A formula of five of d parameters, each with a range of its own; which is drawn once."""
    rng = np.random.default_rng((d, len(shape)))
    names = [f"x{j}" for j in range(d)]
    low = rng.uniform(-6, -2, d)
    high = low + rng.uniform(6, 12, d)
    matter = rng.choice(d, MATTER, replace=False)
    centre = low + rng.uniform(0.15, 0.85, d) * (high - low)
    width = {"valley": 2.0, "waves": 8.0}[shape]  # of what z covers
    function = {"valley": valley, "waves": waves}[shape]

    def loss(params: Params) -> float:
        x = np.array([params[names[j]] for j in matter])
        return function(width * (x - centre[matter]) / (high - low)[matter])

    bounds = zip(names, low.tolist(), high.tolist(), strict=True)
    space = Space({name: Float(*ends) for name, *ends in bounds})
    return Task(f"wide/{shape}-{d}", space, loss, trials=100, optimum=0.0)


def pixels() -> Task:
    """Kernel ridge classification of digits, with a weight for each of 64 pixels.

    The loss is the mean squared error of predicted class memberships over three folds.
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))[:450]
    X, Y = X[rows] / 16, np.eye(10)[y[rows]]
    fold = np.arange(len(rows)) % 3
    space = Space({f"w{j}": Float(1e-2, 1e1, log=True) for j in range(64)})

    def loss(params: Params) -> float:
        Z = X * np.array([params[f"w{j}"] for j in range(64)])
        square = (Z**2).sum(axis=1)
        K = np.exp(-0.1 * np.maximum(square[:, None] + square - 2 * Z @ Z.T, 0))
        errors = []
        for i in range(3):
            train, test = fold != i, fold == i
            ridge = K[np.ix_(train, train)] + 1e-2 * np.eye(train.sum())
            told = K[np.ix_(test, train)] @ np.linalg.solve(ridge, Y[train])
            errors.append(np.mean((told - Y[test]) ** 2))
        return float(np.mean(errors))

    return Task("wide/pixels", space, loss, trials=100)


TASKS = {
    f"wide/{shape}-{d}": partial(formula, shape, d) for shape in ("valley", "waves")
    for d in (50, 100)
} | {"wide/pixels": pixels}  # fmt: skip
