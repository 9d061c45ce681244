"""Points a little way from others: how the copies in a population differ from their donors."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from luthier.parameters import Array, Choice
from luthier.space import Space

STEP = 0.1  # of a parameter's range, up or down; the factors of the paper depend on where 0 is


def perturbed(space: Space, X: Array, resample: float, rng: Generator) -> Array:
    """Points with each cell moved a step up or down, or drawn anew.

    Parameters
    ----------
    X : (k, d)
        Points to begin from.
    resample : float
        Probability that a cell is drawn anew. Choices without an order are only drawn anew.

    Returns
    -------
    (k, d)
        Allowed points of the space. Some may be equal to where they began.
    """
    parameters = [p for _, p in space.items()]
    cells = np.array([p.cells for p in parameters], dtype=np.float64)
    still = np.array([isinstance(p, Choice) and not p.ordered for p in parameters])
    step = rng.choice([-1.0, 1.0], size=X.shape) * np.where(still, 0.0, np.maximum(STEP, 1 / cells))
    moved = np.where((X + step < 0) | (X + step > 1), X - step, X + step)
    drawn = space.sample(len(X), rng)
    moved = np.where(rng.random(X.shape) < resample, drawn, moved)
    # What was inactive and is active now has no value to move.
    return space.repair(np.where(np.isnan(moved), drawn, moved))
