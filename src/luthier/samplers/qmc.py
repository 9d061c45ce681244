"""Quasi-random search: points that fill the cube more evenly than chance does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array
from luthier.parts import Proposal
from luthier.space import Space

LONGEST = 21_201  # dimensions for which Joe and Kuo give direction numbers


@explained
@dataclass(frozen=True)
class QMC:
    """A scrambled Sobol sequence; the point is computed from the draw and the study's seed.

    In a conditional space each parameter keeps its own coordinate of the sequence, and those that
    are inactive at a point are dropped from it. What parameters have as `likely` changes nothing.

    Parameters
    ----------
    skip : int
        Proposals before the sequence starts, for samplers that begin with something else.

    Source
    ------
    Sobol (1967); direction numbers of Joe and Kuo (2008); scrambled as in Matousek (1998).
    """

    skip: int = 0
    uses_losses: ClassVar[bool] = False

    def __post_init__(self) -> None:
        whole("QMC", 0, skip=self.skip)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points of the sequence."""
        first = max(history.proposals - self.skip, 0)
        d = len(space)
        if d == 0:
            return Proposal(np.empty((k, 0)))
        rows = _sobol(min(d, LONGEST), history.seed, (first + k - 1).bit_length())[
            first : first + k
        ]
        if d > LONGEST:
            rows = np.hstack([rows, rng.random((k, d - LONGEST))])
        return Proposal(space.repair(rows))


@lru_cache(maxsize=8)
def _sobol(d: int, seed: int, m: int) -> Array:
    """The first 2**m points of a scrambled sequence in d dimensions; longer ones begin the same."""
    from scipy.stats.qmc import Sobol

    made = Sobol(d, scramble=True, rng=np.random.default_rng((seed, 0x50B01))).random(2**m)
    points = np.asarray(made, dtype=np.float64)
    points.flags.writeable = False
    return points
