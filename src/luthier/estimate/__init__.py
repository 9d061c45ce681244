"""Honest figures for the winner of a cross-validated search: arrays in, numbers and words out.

Nothing heavy is imported here; each name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import lazy

if TYPE_CHECKING:
    from luthier.estimate.folds import (
        from_folds,
        one_se,
        optimism_of_folds,
        over_default,
        over_folds,
    )
    from luthier.estimate.measures import Measure, measure
    from luthier.estimate.result import Gain, Honest
    from luthier.estimate.verdict import Fit, Overtuning, finalists, fits, overtuning
    from luthier.estimate.winner import honest

_HOMES = {
    "folds": ("from_folds", "one_se", "optimism_of_folds", "over_default", "over_folds"),
    "measures": ("Measure", "measure"),
    "result": ("Gain", "Honest"),
    "verdict": ("Fit", "Overtuning", "finalists", "fits", "overtuning"),
    "winner": ("honest",),
}

__all__ = [
    "Fit",
    "Gain",
    "Honest",
    "Measure",
    "Overtuning",
    "finalists",
    "fits",
    "from_folds",
    "honest",
    "measure",
    "one_se",
    "optimism_of_folds",
    "over_default",
    "over_folds",
    "overtuning",
]

__getattr__ = lazy(
    __name__,
    {name: f"{__name__}.{module}:{name}" for module, names in _HOMES.items() for name in names},
)
