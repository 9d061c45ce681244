"""Searches for scikit-learn's estimators: change one import, and they are resumable and honest.

`GridSearchCV`, `RandomizedSearchCV`, `HalvingGridSearchCV` and `HalvingRandomSearchCV` are
scikit-learn's own, by name, signature and result. `SearchCV`, `BayesSearchCV` and
`GeneticSearchCV` propose candidates from what they have seen. Nothing is imported before it is
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import lazily

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

__getattr__ = lazily(__name__, _HOMES)
