"""What a point will cost, by a process over the logarithms of what trials cost."""

from __future__ import annotations

import numpy as np

from luthier.history import History
from luthier.numerics.embedding import Embedding, Points
from luthier.numerics.gaussian import Hyper, Posterior, fit
from luthier.observed import prior
from luthier.parameters import Array

MOST = 150  # trials that the process is shown: the last ones
STEPS = 30  # of the search for its hyperparameters


class Price:
    """A process over log costs.

    Parameters
    ----------
    X : (n, d)
        At least two points.
    cost : (n,)
        Positive.

    Source
    ------
    Snoek, Larochelle and Adams (2012), Practical Bayesian optimization of machine learning
    algorithms, section 3.2: expected improvement per second. Lee, Perrone, Archambeau and Seeger
    (2020) let the cost count less as a budget is spent, which a study does not know. In its place
    we tried turns without the cost: they found worse trials for the same cost, wherever the best
    lay.
    """

    def __init__(self, measured: Embedding, X: Array, cost: Array) -> None:
        y = np.log(cost)
        self._middle, self._scale = float(y.mean()), max(float(y.std()), 1e-9)
        points, z = measured(X), (y - self._middle) / self._scale
        before = prior(measured, trend=True)
        theta = fit(points, z, measured.block, before, before.mean[None], STEPS)
        self._model = Posterior(points, z, measured.block, Hyper.from_log(theta))

    @classmethod
    def of(cls, measured: Embedding, history: History) -> Price | None:
        """What the trials of a study tell; None where cost is not asked for, or not known yet."""
        if history.cost is None:
            return None
        cost = history.costs()
        rows = np.flatnonzero(cost > 0)[-MOST:]
        return cls(measured, np.asarray(history.X[rows]), cost[rows]) if len(rows) > 1 else None

    def __call__(self, points: Points) -> Array:
        """(k,) expected logarithms of costs."""
        return np.asarray(self._middle + self._scale * self._model(points).mean)
