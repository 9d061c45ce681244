"""Searches for scikit-learn's estimators: change one import, and they are resumable and honest.

`GridSearchCV`, `RandomizedSearchCV`, `HalvingGridSearchCV` and `HalvingRandomSearchCV` are
scikit-learn's own, by name, signature and result. `SearchCV`, `BayesSearchCV` and
`GeneticSearchCV` propose candidates from what they have seen. Nothing is imported before it is
used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.sklearn.blending import Blend
    from luthier.sklearn.cv import Holdout
    from luthier.sklearn.drop_in import (
        GridSearchCV,
        HalvingGridSearchCV,
        HalvingRandomSearchCV,
        RandomizedSearchCV,
    )
    from luthier.sklearn.model_based import BayesSearchCV, GeneticSearchCV, SearchCV
    from luthier.sklearn.nesting import Nested, nested

_HOMES = {
    "drop_in": (
        "GridSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "RandomizedSearchCV",
    ),
    "blending": ("Blend",),
    "cv": ("Holdout",),
    "nesting": ("Nested", "nested"),
    "model_based": ("BayesSearchCV", "GeneticSearchCV", "SearchCV"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BayesSearchCV",
    "Blend",
    "GeneticSearchCV",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "Holdout",
    "Nested",
    "RandomizedSearchCV",
    "SearchCV",
    "nested",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
