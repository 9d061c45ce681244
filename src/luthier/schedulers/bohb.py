"""BOHB: Hyperband whose sampler learns from the highest rung that tells enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from luthier.checks import whole
from luthier.errors import StudyError
from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Job, Proposal, Sampler
from luthier.schedulers.hyperband import Hyperband
from luthier.schedulers.rungs import ladder
from luthier.space import Space


@explained
@dataclass(frozen=True)
class BOHB:
    """Hyperband that shows the study's sampler one rung: losses after as many steps, of all the
    trials that came there.

    It is the highest rung to which enough trials have come. Any sampler can learn from it as if
    these were final results; ``sampler="tpe", scheduler="bohb"`` is the method of the paper.

    Parameters
    ----------
    eta, brackets, promote : optional
        As for `luthier.schedulers.Hyperband`.
    enough : int, optional
        So many results make a rung; by default three more than there are parameters.
    uniform : float
        This share of the new points is drawn uniformly, from 0 to 1, so that a sampler that was
        misled by early steps still finds the best in the end.

    Raises
    ------
    StudyError
        If one of them makes no sense.

    Source
    ------
    Falkner, Klein and Hutter (2018), BOHB (ICML), algorithms 1 and 2. We differ: any sampler is
    asked, trials that still run are among those that it sees, and nobody waits for a bracket.
    """

    eta: int = 3
    brackets: int | None = None
    promote: bool | None = None
    enough: int | None = None
    uniform: float = 1 / 3

    def __post_init__(self) -> None:
        whole("BOHB", 2, eta=self.eta)
        if self.brackets is not None:
            whole("BOHB", 1, brackets=self.brackets)
        if self.enough is not None:
            whole("BOHB", 1, enough=self.enough)
        share = self.uniform
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise StudyError(f"BOHB: uniform must be a number from 0 to 1, got {share!r}.")

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """As `Hyperband`, with new points from a sampler that sees one rung."""
        enough = len(space) + 3 if self.enough is None else self.enough
        shown = _AtRung(sampler, ladder(history, self.eta), enough, self.uniform)
        return self._hyperband.next(space, history, shown, k, rng)

    def keep(self, history: History, row: int) -> bool:
        """As `Hyperband`."""
        return self._hyperband.keep(history, row)

    @property
    def _hyperband(self) -> Hyperband:
        return Hyperband(self.eta, self.brackets, self.promote)


@dataclass(frozen=True)
class _AtRung:
    """A sampler that is shown the losses at one rung, and asked for some of the points only."""

    sampler: Sampler
    rungs: list[int]
    enough: int
    uniform: float

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        lucky = rng.random(k) < self.uniform
        made = self.sampler.ask(space, self._shown(history), k, rng)
        X = made.X.copy()
        lucky = lucky[: len(X)]
        X[lucky] = space.sample(int(lucky.sum()), rng)
        return Proposal(X, np.where(lucky, 0, made.tag))

    def _shown(self, history: History) -> History:
        if history.done.sum() >= self.enough or not self.rungs:
            return history
        told = np.isfinite(history.value).all(axis=1)
        if len(history.step) and not told.any():  # reports may hold the first of several alone
            return history
        for rung in self.rungs[:0:-1]:
            here = (history.step == rung) & told
            if len(np.unique(history.owner[here])) >= self.enough:
                return history.at(rung)
        return history.at(self.rungs[0])
