"""The default sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.parts import Proposal
from luthier.samplers.qmc import QMC
from luthier.space import Space


@dataclass(frozen=True)
class Auto:
    """The default configuration first, where it is known, then quasi-random points."""

    uses_losses: ClassVar[bool] = False

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points."""
        default = space.default_raw()
        if default is not None and history.proposals == 0:
            rest = QMC().ask(space, history, k - 1, rng).X
            return Proposal(np.vstack([space.rows([default]), rest]))
        return QMC(skip=0 if default is None else 1).ask(space, history, k, rng)
