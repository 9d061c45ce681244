"""Every trial runs to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Sampler
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Full:
    """Starts what the sampler proposes and stops nothing."""

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """The sampler's points, one job each."""
        return start(space, history, sampler, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """Always."""
        return True


def start(
    space: Space,
    history: History,
    sampler: Sampler,
    k: int,
    rng: Generator,
    budget: float = math.inf,
    *,
    tagged: bool = True,
) -> list[Job]:
    """Jobs up to `budget` for what a sampler proposes; it sees who went on as one trial.

    With ``tagged=False``, tags are the scheduler's, and the sampler sees none.
    """
    seen = history.merged()
    if not tagged:
        seen = seen.tagged(np.zeros_like(seen.tag))
    proposal = sampler.ask(space, seen, k, rng)
    tags = np.broadcast_to(np.asarray(proposal.tag), (len(proposal.X),)).tolist()
    return [Job(x, tag=tag, budget=budget) for x, tag in zip(proposal.X, tags, strict=True)]
