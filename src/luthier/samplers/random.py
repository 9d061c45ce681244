"""Random search: every allowed point is equally likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from luthier.history import History
from luthier.parts import Proposal
from luthier.space import Space


@dataclass(frozen=True)
class Random:
    """Draws uniformly, on the scale of each parameter.

    Source
    ------
    Bergstra and Bengio (2012), Random search for hyper-parameter optimization.
    """

    uses_losses: ClassVar[bool] = False

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """`k` independent draws."""
        return Proposal(space.sample(k, rng))
