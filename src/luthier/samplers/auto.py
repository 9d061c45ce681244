"""The default sampler: chooses by the space and what was seen, and says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.parts import Proposal, Sampler
from luthier.samplers.qmc import QMC
from luthier.space import Space

WIDE = 200  # parameters; beyond, the process learns too little from as many trials as one affords


@dataclass(frozen=True)
class Auto:
    """Chooses the method by the space and what was seen, never by how many trials are to come.

    The default configuration comes first, where it is known. With one objective a Gaussian
    process proposes, see `luthier.samplers.gp.GP`; with several, or more than 200 parameters,
    quasi-random points. `explain` says which, and why.
    """

    many_objectives: ClassVar[bool] = True
    _made: dict[str, Sampler] = field(default_factory=dict, init=False, repr=False, compare=False)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; fewer when a finite space has no more."""
        if self._by_model(space, history):
            return self._gp().ask(space, history, k, rng)
        default = space.default_raw()
        if default is not None and history.proposals == 0:
            rest = QMC().ask(space, history, k - 1, rng).X
            return Proposal(np.vstack([space.rows([default]), rest]))
        return QMC(skip=0 if default is None else 1).ask(space, history, k, rng)

    def explain(self, space: Space, history: History) -> str:
        """What proposes the next point, and why, in words."""
        if len(history.objectives) > 1:
            return (
                f"Quasi-random points: there are {len(history.objectives)} objectives, and the "
                "model handles one."
            )
        if len(space) > WIDE:
            return (
                f"Quasi-random points: {len(space)} parameters are too many for a model of as "
                "many trials as one can afford."
            )
        from luthier.samplers.gp import explain

        return explain(space, history)

    @staticmethod
    def _by_model(space: Space, history: History) -> bool:
        return len(history.objectives) == 1 and 0 < len(space) <= WIDE

    def _gp(self) -> Sampler:
        if "gp" not in self._made:
            from luthier.samplers.gp import GP  # loads SciPy, which takes 0.3 s

            self._made["gp"] = GP()
        return self._made["gp"]

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "_made", {})
