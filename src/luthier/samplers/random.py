"""Random search: every allowed point is equally likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Proposal
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Random:
    """Draws uniformly, on the scale of each parameter.

    Where parameters have `likely`, every second draw is from there.

    Source
    ------
    Bergstra and Bengio (2012), Random search for hyper-parameter optimization.
    """

    uses_losses: ClassVar[bool] = False

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """`k` independent draws."""
        X = space.sample(k, rng)
        if space.believed:
            every_second = np.arange(history.proposals, history.proposals + k) % 2 == 0
            X = np.where(every_second[:, None], space.sample(k, rng, likely=True), X)
        return Proposal(X)
