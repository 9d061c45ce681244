"""Honest figures for the winner of a cross-validated search: arrays in, numbers and words out.

Nothing heavy is imported here; each name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import lazily

if TYPE_CHECKING:
    from luthier.estimate.ensemble import Ensemble, greedy_ensemble
    from luthier.estimate.folds import (
        from_folds,
        one_se,
        optimism_of_folds,
        over_default,
        over_folds,
    )
    from luthier.estimate.measures import Measure, measure
    from luthier.estimate.result import Gain, Honest
    from luthier.estimate.threshold import Threshold, best_threshold
    from luthier.estimate.verdict import Fit, Overtuning, finalists, fits, overtuning
    from luthier.estimate.winner import honest

_HOMES = {
    "ensemble": ("Ensemble", "greedy_ensemble"),
    "folds": ("from_folds", "one_se", "optimism_of_folds", "over_default", "over_folds"),
    "measures": ("Measure", "measure"),
    "result": ("Gain", "Honest"),
    "threshold": ("Threshold", "best_threshold"),
    "verdict": ("Fit", "Overtuning", "finalists", "fits", "overtuning"),
    "winner": ("honest",),
}

__all__ = [
    "Ensemble",
    "Fit",
    "Gain",
    "Honest",
    "Measure",
    "Overtuning",
    "Threshold",
    "best_threshold",
    "finalists",
    "fits",
    "from_folds",
    "greedy_ensemble",
    "honest",
    "measure",
    "one_se",
    "optimism_of_folds",
    "over_default",
    "over_folds",
    "overtuning",
]

__getattr__ = lazily(__name__, _HOMES)
