"""Starting with one sampler and going on with another."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Proposal, Sampler
from luthier.samplers import wrapped
from luthier.space import Space


@explained
@dataclass(frozen=True)
class Startup:
    """Asks one sampler for the first proposals, and then another.

    Parameters
    ----------
    first : str or Sampler
        Who begins; a plan such as "qmc" or "random".
    trials : int
        How many proposals are its own.
    then : str or Sampler
        Who goes on. It sees all trials, so it needs no start of its own.
    """

    first: str | Sampler = "qmc"
    trials: int = 10
    then: str | Sampler = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", wrapped.inner(self.first))
        object.__setattr__(self, "then", wrapped.inner(self.then))
        whole("Startup", 0, trials=self.trials)

    @property
    def many_objectives(self) -> bool:
        """Whether both handle several objectives."""
        return all(map(wrapped.many_objectives, (self.first, self.then)))

    @property
    def uses_losses(self) -> bool:
        """As the second one."""
        return wrapped.uses_losses(self.then)

    @property
    def uses_cost(self) -> bool:
        """As the second one."""
        return wrapped.uses_cost(self.then)

    @property
    def usual(self) -> bool:
        """As the first one."""
        return wrapped.usual(self.first)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points, all from the one whose turn it is at the first of them."""
        later = int(history.proposals >= self.trials)
        return wrapped.ask_one(self._now(history), later, 2, space, history, k, rng)

    def explain(self, space: Space, history: History) -> str:
        """Whose turn it is, and what that one does."""
        left = self.trials - history.proposals
        told = wrapped.explain(self._now(history), space, history)
        return f"The start, {left} more of {self.trials}. {told}" if left > 0 else told

    def _now(self, history: History) -> Sampler:
        chosen = self.first if history.proposals < self.trials else self.then
        assert not isinstance(chosen, str)
        return chosen
