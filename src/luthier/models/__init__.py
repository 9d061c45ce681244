"""Well-known models, made ready to tune: tables, default spaces, cross-validation, honest tests.

Nothing heavy is imported here; each name is loaded when it is first used.
"""

from __future__ import annotations

from luthier.named import lazily

_HOMES = {
    "table": ("Table", "bundled", "read_like", "read_table"),
    "building": ("Model",),
    "catalog": ("MODELS", "model"),
    "preparation": ("Fitted", "prepare"),
    "presets": ("Preset", "preset"),
    "metrics": ("METRICS", "Metric", "default_metric", "metric"),
    "splits": ("Fold", "folds", "holdout", "join"),
    "crossval": ("CrossValidated", "fit"),
    "verdicts": ("evaluate", "fit_verdict"),
}

__all__ = [
    "METRICS",
    "MODELS",
    "CrossValidated",
    "Fitted",
    "Fold",
    "Metric",
    "Model",
    "Preset",
    "Table",
    "bundled",
    "default_metric",
    "evaluate",
    "fit",
    "fit_verdict",
    "folds",
    "holdout",
    "join",
    "metric",
    "model",
    "prepare",
    "preset",
    "read_like",
    "read_table",
]

__getattr__ = lazily(__name__, _HOMES)
