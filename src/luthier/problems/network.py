"""mlp: a network for tables, images or texts, with all that there is to choose about it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from luthier.errors import DataError, StudyError
from luthier.integrations.keras import fit, session
from luthier.models.keras_mlp import WORDS, network, shelve, tokens
from luthier.models.presets.shelf import Shape, Shelf
from luthier.space import Space
from luthier.trial import Trial

KINDS = ("table", "image", "text")


@dataclass(frozen=True, eq=False)
class MLP:
    """A space, and the objective that trains a network with its parameters; see `mlp`.

    Attributes
    ----------
    space : Space
    learn, valid : tuple
        ``(X, y)`` to train on, and to validate on.
    classes : array or None
        The labels, or None where a number is predicted.
    """

    kind: str
    space: Space
    learn: tuple[Any, Any]
    valid: tuple[Any, Any]
    classes: Any
    epochs: int

    def build(self, params: dict[str, Any]) -> Any:
        """A compiled network."""
        X, outputs = self.learn[0], 0 if self.classes is None else len(self.classes)
        batches = -(-len(X) // params.get("batch_size", 32))
        steps = batches * params.get("epochs", self.epochs)
        return network(params, X.shape[1:], outputs, kind=self.kind, steps=steps)

    def __call__(self, trial: Trial) -> dict[str, Any]:
        """Train one, from the parent's checkpoint if there is one; its values at the end.

        A study that maximises, maximises the accuracy on the rows to validate on; one that
        minimises, their loss.

        Raises
        ------
        StudyError
            If the study's objective goes by another name: it would stand for something else.
        """
        objective = trial.task.objectives[0]
        maximize = objective.maximize
        known = {"loss": "minimize", "accuracy": "maximize" if self.classes is not None else ""}
        if known.get(objective.name.removeprefix("val_")) != (
            "maximize" if maximize else "minimize"
        ):
            named = " or ".join(f"{word}={name!r}" for name, word in known.items() if word)
            raise StudyError(
                f"mlp: the study is to {objective}, and this network has {named}. For another "
                "metric write an objective like this one, with its name in monitor=."
            )
        with session(trial):
            return fit(
                trial,
                self.build(trial.params),
                *self.learn,
                epochs=trial.params.get("epochs", self.epochs),
                monitor="val_accuracy" if maximize else "val_loss",
                validation_data=self.valid,
                batch_size=trial.params.get("batch_size", 32),
            )


def mlp(
    X: Any,
    y: Any,
    *,
    kind: str = "",
    epochs: int | tuple[int, int] = (5, 50),
    aside: float = 0.25,
    length: int = 200,
    seed: int = 0,
) -> MLP:
    """A network to tune: layers, units, activation, normalisation, dropout, optimiser, learning
    rate and its schedule, batch size and epochs.

    Parameters
    ----------
    X : array or list
        Rows of numbers, (n, columns); images, (n, height, width) or with channels; or n texts, or
        with ``kind="text"`` (n, words) tokens of your own, which are whole numbers, 0 for none.
        Columns and images are scaled by what the training rows have.
    y : (n,)
        Classes, where these are words, booleans or whole numbers; else numbers to predict, which
        are scaled to mean 0 and variance 1.
    kind : {"table", "image", "text"}, optional
        By default what `X` looks like.
    epochs : int or (int, int)
        A range to search, or a number: then a study with ``fidelity=("epochs", 1, that)`` can
        give a trial fewer, and go on with it.
    aside : float
        Which share of the rows to validate on.
    length : int
        How many words of a text are read.
    seed : int
        Which rows those are.

    Raises
    ------
    DataError
        If `X` is none of these, lacks a value or has another length than `y`, or a number makes no
        sense.
    MissingExtra
        If Keras is not installed.

    Examples
    --------
    >>> problem = mlp(X, y)  # doctest: +SKIP
    >>> Study(problem.space, maximize="accuracy").run(problem, trials=30)  # doctest: +SKIP
    """
    from sklearn.model_selection import train_test_split

    fixed = isinstance(epochs, Integral)
    pair: Any = (epochs, epochs) if fixed else epochs
    whole = isinstance(pair, tuple | list) and all(isinstance(e, Integral) for e in pair)
    if not whole or len(pair) != 2 or not 1 <= pair[0] <= pair[1]:
        raise DataError(
            f"mlp: epochs must be a whole number >= 1 or a range of them, got {epochs!r}. "
            "Write epochs=20 or epochs=(5, 50)."
        )
    if not 0 < aside < 1:
        raise DataError(f"mlp: aside must be a share of the rows between 0 and 1, got {aside!r}.")
    X, kind = _rows(X, kind, length)
    y = np.asarray(y)
    if y.shape != (len(X),):
        raise DataError(f"mlp: X has {len(X)} rows, and y has the shape {y.shape}. Give one each.")
    classes = None
    if y.dtype.kind in "biuUSO":
        classes, y = np.unique(y, return_inverse=True)
    split = train_test_split(
        X, y, test_size=aside, random_state=seed, stratify=None if classes is None else y
    )
    X_learn, X_valid, y_learn, y_valid = split
    if kind != "text":
        axes = (0,) if kind == "table" else (0, 1, 2)
        mean, scale = X_learn.mean(axis=axes), X_learn.std(axis=axes)
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        X_learn, X_valid = (X_learn - mean) / scale, (X_valid - mean) / scale
    if classes is None:
        middle, spread = y_learn.mean(), y_learn.std() or 1.0
        y_learn, y_valid = (y_learn - middle) / spread, (y_valid - middle) / spread
    task = "regression" if classes is None else "classification"
    shelf = Shelf(shape=Shape(task, len(X_learn)))
    shelve(shelf, kind=kind, epochs=None if fixed else (int(pair[0]), int(pair[1])))
    return MLP(
        kind,
        Space(shelf.found),
        (X_learn, y_learn),
        (X_valid, y_valid),
        classes,
        int(pair[1]),
    )


def _rows(X: Any, kind: str, length: int) -> tuple[Any, str]:
    """Rows as the network takes them, and of which kind they are."""
    X = np.asarray(X)
    words = X.ndim == 1 and X.dtype.kind in "UO"
    found = kind or ("text" if words else {2: "table", 3: "image", 4: "image"}.get(X.ndim, ""))
    if found not in KINDS or (X.ndim == 1 and not words):
        raise DataError(
            f"mlp: X has the shape {X.shape} and holds {X.dtype}, which is no table, no images and "
            f"no texts{f', and kind is {kind!r}' if kind else ''}. Give (n, columns), "
            "(n, height, width), (n, height, width, channels) or a list of strings."
        )
    if found == "text":
        return (tokens(X, length) if words else _own_tokens(X)), found
    try:
        X = X.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"mlp: X holds what is no number ({error}). Encode words as numbers first, as "
            "sklearn.preprocessing.OneHotEncoder does."
        ) from error
    lacking = int((~np.isfinite(X)).reshape(len(X), -1).any(axis=1).sum())
    if lacking:
        raise DataError(
            f"mlp: {lacking:,} rows of X lack a value (NaN) or hold an infinite one. Fill them "
            "first, as sklearn.impute.SimpleImputer does."
        )
    return (X[..., None] if found == "image" and X.ndim == 3 else X), found


def _own_tokens(X: Any) -> Any:
    numbers = X.dtype.kind in "iuf" and X.size > 0
    fit = numbers and X.ndim == 2 and X.min() >= 0 and X.max() < WORDS
    if not fit or (np.floor(X) != X).any() or not X.any(axis=1).all():
        held = f"{X.min()} to {X.max()}" if numbers else X.dtype
        raise DataError(
            f"mlp: tokens are whole numbers from 1 to {WORDS - 1:,}, 0 behind the last one, and "
            f"each row has one at least; X has the shape {X.shape} and holds {held}. "
            "Give a list of strings, or such rows."
        )
    return X.astype(np.int32)
