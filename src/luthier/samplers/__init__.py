"""Samplers: history in, points out. One algorithm, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import find, lazy
from luthier.parts import Sampler

if TYPE_CHECKING:
    from luthier.samplers.auto import Auto
    from luthier.samplers.cmaes import CMAES
    from luthier.samplers.differential import Differential
    from luthier.samplers.forest import Forest
    from luthier.samplers.genetic import Genetic
    from luthier.samplers.gp import GP
    from luthier.samplers.grid import Grid
    from luthier.samplers.mixed import Mixed
    from luthier.samplers.narrow import Narrow
    from luthier.samplers.qmc import QMC
    from luthier.samplers.random import Random
    from luthier.samplers.startup import Startup
    from luthier.samplers.tpe import TPE
    from luthier.samplers.transfer import Transfer

NAMES = {
    "auto": "luthier.samplers.auto:Auto",
    "cmaes": "luthier.samplers.cmaes:CMAES",
    "differential": "luthier.samplers.differential:Differential",
    "forest": "luthier.samplers.forest:Forest",
    "genetic": "luthier.samplers.genetic:Genetic",
    "gp": "luthier.samplers.gp:GP",
    "grid": "luthier.samplers.grid:Grid",
    "mixed": "luthier.samplers.mixed:Mixed",
    "narrow": "luthier.samplers.narrow:Narrow",
    "qmc": "luthier.samplers.qmc:QMC",
    "random": "luthier.samplers.random:Random",
    "startup": "luthier.samplers.startup:Startup",
    "tpe": "luthier.samplers.tpe:TPE",
}
# What others call them; some are schedulers here.
WORDS = {
    **dict.fromkeys(("nsga2", "nsgaii", "nsga3", "nsgaiii", "moead", "evolution", "evolutionary",
                     "ga", "ea"), "'genetic'"),
    **dict.fromkeys(("bayesian", "bayesianoptimization", "bayesopt", "bayes", "bo", "botorch",
                     "gaussianprocess", "kriging"), "'gp'"),
    **dict.fromkeys(("smac", "randomforest", "rf"), "'forest'"),
    **dict.fromkeys(("de", "differentialevolution"), "'differential'"),
    **dict.fromkeys(("sobol", "halton", "lhs", "latinhypercube", "quasirandom",
                     "quasimontecarlo"), "'qmc'"),
    **dict.fromkeys(("cma", "evolutionstrategy"), "'cmaes'"),
    **dict.fromkeys(("parzen", "hyperopt"), "'tpe'"),
    **dict.fromkeys(("exhaustive", "bruteforce"), "'grid'"),
    **dict.fromkeys(("default", "hebo", "optuna"), "'auto'"),
    "bohb": "scheduler='bohb' and sampler='tpe'",
    **{name: f"scheduler={name!r}" for name in ("hyperband", "dehb", "asha", "pasha")},
    "partialfixed": "fixed={...} in Study.run",
    "transfer": "Transfer(studies)",
}  # fmt: skip
# Those that need an argument have no name.
CLASSES = {**NAMES, "Transfer": "luthier.samplers.transfer:Transfer"}

__all__ = [
    "CMAES",
    "GP",
    "QMC",
    "TPE",
    "Auto",
    "Differential",
    "Forest",
    "Genetic",
    "Grid",
    "Mixed",
    "Narrow",
    "Random",
    "Startup",
    "Transfer",
    "sampler",
]


def sampler(given: str | Sampler, argument: str = "sampler") -> Sampler:
    """The sampler that a name stands for; plug-ins add names by the entry point
    ``luthier.samplers``. Messages call it by the argument that it was given for.

    Raises
    ------
    StudyError
        If there is no such sampler.
    """
    found: Sampler = find(argument, "luthier.samplers", NAMES, given, "ask", WORDS)
    return found


__getattr__ = lazy(__name__, CLASSES)
