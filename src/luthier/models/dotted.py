"""Any class with scikit-learn's interface as a model, by its dotted name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from luthier.errors import StudyError
from luthier.models.building import Model, named_class
from luthier.models.presets.shelf import Shelf


def dotted(name: str, task: str) -> Model:
    """A `Model` around any class with scikit-learn's interface; its space is the user's.

    Raises
    ------
    StudyError
        If there is no such class, or it is no estimator for the task.
    """
    kind = named_class(name)
    for wanted in ("fit", "predict", "get_params", "set_params"):
        if not callable(getattr(kind, wanted, None)):
            raise StudyError(
                f"{name} has no {wanted}(), so it is no scikit-learn estimator. "
                "Name a classifier or a regressor."
            )
    try:
        plain = kind()
    except TypeError as error:
        raise StudyError(
            f"{name} cannot be built without arguments: {error}. "
            "Wrap it in a class of your own whose arguments all have defaults, and name that."
        ) from error
    from sklearn.base import is_classifier, is_regressor

    fits = is_classifier(plain) if task == "classification" else is_regressor(plain)
    if not fits:
        raise StudyError(
            f"{name} is no {'classifier' if task == 'classification' else 'regressor'}, but the "
            f"task is {task}. Choose another estimator, or set --task."
        )
    return Model(
        name,
        kind.__name__,
        name,
        name,
        _no_space(name, sorted(plain.get_params())),
        scale=True,
        dense=not _takes_sparse(plain),
        probabilities=hasattr(plain, "predict_proba"),
    )


def _no_space(name: str, known: list[str]) -> Callable[[Shelf], None]:
    def shelve(shelf: Shelf) -> None:
        raise StudyError(
            f"{name} has no default space here. Give one with --space space.toml; its parameters "
            f"are {', '.join(known)}."
        )

    return shelve


def _takes_sparse(estimator: Any) -> bool:
    try:
        return bool(estimator.__sklearn_tags__().input_tags.sparse)
    except (AttributeError, TypeError):  # before scikit-learn 1.6, or not of its family
        return False
