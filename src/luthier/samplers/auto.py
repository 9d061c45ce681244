"""The default sampler: chooses by the space and what was seen, and says why."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from numpy.random import Generator

from luthier.history import History
from luthier.keywords import explained
from luthier.parts import Proposal, Sampler
from luthier.samplers.remembered import Remembered
from luthier.space import Space

MANY = 300  # finished trials; beyond, the process proposes only a share of the points
WIDE = 200  # parameters; beyond, the process learns too little from as many trials as one affords


@explained
@dataclass(frozen=True)
class Auto:
    """Chooses the method by the space and what was seen, never by how many trials are to come.

    The default configuration comes first, where it is known. A Gaussian process proposes, see
    `luthier.samplers.gp.GP`, with several objectives one for each; with more than 200 parameters
    a Parzen estimator, see `luthier.samplers.tpe.TPE`. Beyond 300 finished trials they take turns:
    of n trials, one in n / 300 comes from the process, so that a proposal costs no more in a long
    study than in a short one. `explain` says which, and why.

    Parameters
    ----------
    usual : bool
        Where there is no default configuration, begin with what parameters of well-known names
        usually are, such as a ``learning_rate`` or ``n_estimators``.
    """

    usual: bool = True
    many_objectives: ClassVar[bool] = True
    uses_cost: ClassVar[bool] = True
    _made: Remembered = field(default_factory=Remembered, init=False, repr=False, compare=False)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; fewer when a finite space has no more."""
        return self._chosen(_method(space, history, k)).ask(space, history, k, rng)

    def explain(self, space: Space, history: History) -> str:
        """What proposes the next point, and why, in words."""
        if len(space) > WIDE:
            return (
                f"A Parzen estimator (TPE): {len(space)} parameters are too many for a Gaussian "
                "process of as many trials as one can afford."
            )
        if _method(space, history, 1) == "tpe":
            turns = _turns(history)
            return (
                "A Parzen estimator (TPE), which is quick; the Gaussian process proposes "
                f"one point in {turns}, as {int(history.done.sum())} trials finished."
            )
        from luthier.samplers.gp import explain

        return explain(space, history, self.usual)

    def _chosen(self, name: str) -> Sampler:
        """The sampler of that name; two of them load SciPy, which takes 0.3 s."""
        if name not in self._made:
            from luthier.samplers.gp import GP
            from luthier.samplers.tpe import TPE

            self._made[name] = {"gp": GP, "tpe": TPE}[name](usual=self.usual)
        found: Sampler = self._made[name]
        return found


def _method(space: Space, history: History, k: int) -> str:
    """Who proposes the next `k` points."""
    if len(space) > WIDE:
        return "tpe"
    # So many points from now to the next of the process.
    return "gp" if -history.proposals % _turns(history) < k else "tpe"


def _turns(history: History) -> int:
    """Of how many points one comes from the process."""
    return max(1, math.ceil(int(history.done.sum()) / MANY))
