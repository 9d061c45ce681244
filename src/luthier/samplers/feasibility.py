"""The chance that a point keeps to a study's constraints, by a process for each of them."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

from luthier.history import History
from luthier.numerics.embedding import Embedding, Points
from luthier.numerics.gaussian import Hyper, Posterior, fit
from luthier.observed import prior
from luthier.parameters import Array

MOST = 150  # trials that each process is shown: the last ones
STEPS = 30  # of the search for its hyperparameters


class Feasibility:
    """Processes over what trials were beyond the bounds.

    Parameters
    ----------
    history : History
        At least two DONE trials.

    Source
    ------
    Gardner et al. (2014), Bayesian optimization with inequality constraints; the excess is drawn
    in as by Eriksson and Poloczek (2021).
    """

    def __init__(self, measured: Embedding, history: History) -> None:
        rows = np.flatnonzero(history.done)[-MOST:]
        points, block = measured(np.asarray(history.X[rows])), measured.block
        before = prior(measured, trend=True)
        self._models: list[tuple[Posterior, float]] = []
        for excess in history.G[rows].T:
            usual = float(np.median(np.abs(excess))) or 1.0
            z = np.sign(excess) * np.log1p(np.abs(excess) / usual)
            middle, scale = float(z.mean()), max(float(z.std()), 1e-9)
            z = (z - middle) / scale
            theta = fit(points, z, block, before, before.mean[None], STEPS)
            model = Posterior(points, z, block, Hyper.from_log(theta))
            self._models.append((model, -middle / scale))

    def __call__(self, points: Points) -> Array:
        """(k,) logarithms of the chance that points keep to all of the constraints."""
        made = np.zeros(len(points.F))
        for model, bound in self._models:
            belief = model(points)
            made += log_ndtr((bound - belief.mean) / np.sqrt(belief.variance + 1e-6))
        return made
