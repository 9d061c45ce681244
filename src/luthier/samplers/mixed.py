"""Several samplers by turns, as chance has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.errors import StudyError
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Proposal, Sampler
from luthier.samplers import wrapped
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Mixed:
    """Each proposal comes from one of several samplers, drawn by their shares.

    Every one of them sees all trials. Which is drawn depends on the study's seed and the draw, so
    a study that is continued has the same turns.

    Parameters
    ----------
    samplers : sequence of (str or Sampler, float)
        With their shares, which need not sum to 1.
    """

    samplers: Sequence[tuple[str | Sampler, float]] = (("auto", 0.8), ("random", 0.2))

    def __post_init__(self) -> None:
        try:
            pairs = [(sampler, share) for sampler, share in self.samplers]
            good = all(0 <= share < math.inf for _, share in pairs) and sum(s for _, s in pairs) > 0
        except (TypeError, ValueError):
            good = False
        if not good:
            raise StudyError(
                f"Mixed: expected pairs of a sampler and its share, got {self.samplers!r}. "
                'Write for example Mixed([("tpe", 0.8), ("random", 0.2)]).'
            )
        made = tuple((wrapped.inner(sampler), float(share)) for sampler, share in pairs)
        object.__setattr__(self, "samplers", made)

    @property
    def many_objectives(self) -> bool:
        """Whether all of them handle several objectives."""
        return all(wrapped.many_objectives(sampler) for sampler, _ in self.samplers)

    @property
    def uses_losses(self) -> bool:
        """Whether one of them learns from results."""
        return any(wrapped.uses_losses(sampler) for sampler, _ in self.samplers)

    @property
    def uses_cost(self) -> bool:
        """Whether one of them weighs what trials cost."""
        return any(wrapped.uses_cost(sampler) for sampler, _ in self.samplers)

    @property
    def usual(self) -> bool:
        """Whether one of them begins with what is usual."""
        return any(wrapped.usual(sampler) for sampler, _ in self.samplers)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; those of one sampler stand together."""
        shares = np.array([share for _, share in self.samplers])
        counts = rng.multinomial(k, shares / shares.sum())
        made = [
            wrapped.ask_one(sampler, place, len(counts), space, history, int(count), rng)
            for place, ((sampler, _), count) in enumerate(zip(self.samplers, counts, strict=True))
            if count
        ]
        return wrapped.joined(*made)
