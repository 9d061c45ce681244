"""Schedulers: who starts, who goes on, who stops. One algorithm, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import find, lazy
from luthier.parts import Scheduler

if TYPE_CHECKING:
    from luthier.schedulers.asha import ASHA
    from luthier.schedulers.auto import Auto
    from luthier.schedulers.bohb import BOHB
    from luthier.schedulers.dehb import DEHB
    from luthier.schedulers.freeze_thaw import FreezeThaw
    from luthier.schedulers.full import Full
    from luthier.schedulers.hyperband import Hyperband
    from luthier.schedulers.median import Median
    from luthier.schedulers.pasha import PASHA
    from luthier.schedulers.patience import Patience
    from luthier.schedulers.percentile import Percentile
    from luthier.schedulers.population import Population
    from luthier.schedulers.race import Race
    from luthier.schedulers.threshold import Threshold

NAMES = {
    "auto": "luthier.schedulers.auto:Auto",
    "asha": "luthier.schedulers.asha:ASHA",
    "bohb": "luthier.schedulers.bohb:BOHB",
    "dehb": "luthier.schedulers.dehb:DEHB",
    "freezethaw": "luthier.schedulers.freeze_thaw:FreezeThaw",
    "full": "luthier.schedulers.full:Full",
    "hyperband": "luthier.schedulers.hyperband:Hyperband",
    "median": "luthier.schedulers.median:Median",
    "pasha": "luthier.schedulers.pasha:PASHA",
    "patience": "luthier.schedulers.patience:Patience",
    "percentile": "luthier.schedulers.percentile:Percentile",
    "population": "luthier.schedulers.population:Population",
    "race": "luthier.schedulers.race:Race",
    "threshold": "luthier.schedulers.threshold:Threshold",
}

# What others call them.
WORDS = {
    **dict.fromkeys(("pbt", "populationbased", "populationbasedtraining"), "'population'"),
    "pb2": "Population(explore='pb2')",
    **dict.fromkeys(("sha", "halving", "successivehalving", "asyncsuccessivehalving",
                     "asynchyperband"), "'asha'"),
    "hyperbandforbohb": "'bohb'",
    **dict.fromkeys(("medianstopping", "medianstoppingrule"), "'median'"),
    **dict.fromkeys(("patient", "earlystopping", "plateau", "trialplateaustopper"), "'patience'"),
    **dict.fromkeys(("wilcoxon", "racing", "irace"), "'race'"),
    **dict.fromkeys(("learningcurve", "default"), "'auto'"),
    **dict.fromkeys(("none", "nop", "fifo"), "'full'"),
}  # fmt: skip

__all__ = [
    "ASHA",
    "BOHB",
    "DEHB",
    "PASHA",
    "Auto",
    "FreezeThaw",
    "Full",
    "Hyperband",
    "Median",
    "Patience",
    "Percentile",
    "Population",
    "Race",
    "Threshold",
    "scheduler",
]


def scheduler(given: str | Scheduler) -> Scheduler:
    """The scheduler that a name stands for; plug-ins add names by the entry point
    ``luthier.schedulers``.

    Raises
    ------
    StudyError
        If there is no such scheduler.
    """
    found: Scheduler = find("scheduler", "luthier.schedulers", NAMES, given, "keep", WORDS)
    return found


__getattr__ = lazy(__name__, NAMES)
