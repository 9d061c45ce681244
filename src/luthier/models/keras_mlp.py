"""A network of Keras whose every setting is a parameter, and estimators around it.

It is a start that people copy: `network` builds the layers in the order in which they are read.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from luthier.errors import need
from luthier.models.presets.shelf import Shelf

keras: Any = need("keras", "keras", "Model 'keras_mlp'")

Params = dict[str, Any]
DEFAULTS: Params = {
    "layers": 2,
    **{f"units_{i}": 64 for i in range(1, 5)},
    "activation": "relu",
    "normalisation": "none",
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "momentum": 0.9,
    "weight_decay": 4e-3,
    "schedule": "constant",
    "batch_size": 32,
    "epochs": 30,
    "blocks": 2,
    "filters": 16,
    "embedding": 32,
}
MOST = 4  # layers
WORDS = 20_000  # different tokens that a text is hashed into


def network(
    params: Params, shape: tuple[int, ...], outputs: int, *, kind: str = "table", steps: int = 1000
) -> Any:
    """A compiled network.

    Parameters
    ----------
    params : dict
        Some of `DEFAULTS`; what is missing has its value there.
    shape : tuple of int
        Of one row: columns; height, width and channels of an image; tokens of a text.
    outputs : int
        Classes, or 0 to predict a number.
    kind : {"table", "image", "text"}
    steps : int
        Batches in the whole training, over which a schedule falls.
    """
    p = {**DEFAULTS, **params}
    layers = keras.layers
    row = inputs = keras.Input(shape, dtype="int32" if kind == "text" else "float32")
    if kind == "image":
        for block in range(p["blocks"]):
            row = layers.Conv2D(p["filters"] * 2**block, 3, padding="same", activation="relu")(row)
            row = layers.MaxPooling2D(padding="same")(row)
        row = layers.Flatten()(row)
    elif kind == "text":
        row = layers.Embedding(WORDS, p["embedding"], mask_zero=True)(row)
        row = layers.GlobalAveragePooling1D()(row)
    for i in range(1, p["layers"] + 1):
        row = layers.Dense(p[f"units_{i}"])(row)
        if p["normalisation"] == "batch":
            row = layers.BatchNormalization()(row)
        elif p["normalisation"] == "layer":
            row = layers.LayerNormalization()(row)
        row = layers.Activation(p["activation"])(row)
        if p["dropout"]:
            row = layers.Dropout(p["dropout"])(row)
    head = layers.Dense(outputs, activation="softmax") if outputs else layers.Dense(1)
    model = keras.Model(inputs, head(row))
    loss = "sparse_categorical_crossentropy" if outputs else "mean_squared_error"
    metrics = ["accuracy"] if outputs else ["mean_absolute_error"]
    model.compile(_optimizer(p, steps), loss, metrics=metrics)
    return model


def _optimizer(p: Params, steps: int) -> Any:
    rate: Any = p["learning_rate"]
    if p["schedule"] == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    elif p["schedule"] == "exponential":  # a hundredth at the end
        rate = keras.optimizers.schedules.ExponentialDecay(rate, steps, 0.01)
    if p["optimizer"] == "sgd":
        return keras.optimizers.SGD(rate, momentum=p["momentum"], nesterov=True)
    if p["optimizer"] == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=p["weight_decay"])
    return keras.optimizers.Adam(rate)


def shelve(shelf: Shelf, *, kind: str = "table", epochs: tuple[int, int] | None = (5, 100)) -> None:
    """The ranges; `epochs` None leaves them out, for a study that gives epochs itself."""
    own = DEFAULTS
    if kind == "image":
        shelf.int("blocks", 1, 3, default=own["blocks"])
        shelf.int("filters", 4, 64, log=True, default=own["filters"])
    elif kind == "text":
        shelf.int("embedding", 8, 128, log=True, default=own["embedding"])
    shelf.int("layers", 1, MOST, default=own["layers"])
    for i in range(1, MOST + 1):
        there = None if i == 1 else {"layers": list(range(i, MOST + 1))}
        shelf.int(f"units_{i}", 8, 512, log=True, default=own[f"units_{i}"], when=there)
    shelf.choice("activation", "relu", "gelu", "tanh", default=own["activation"])
    shelf.choice("normalisation", "none", "batch", "layer", default=own["normalisation"])
    shelf.float("dropout", 0.0, 0.6, default=own["dropout"])
    shelf.choice("optimizer", "adam", "adamw", "sgd", default=own["optimizer"])
    shelf.float("learning_rate", 1e-4, 0.1, log=True, default=own["learning_rate"])
    shelf.float("momentum", 0.5, 0.99, default=own["momentum"], when={"optimizer": "sgd"})
    shelf.float(
        "weight_decay", 1e-6, 0.1, log=True, default=own["weight_decay"],
        when={"optimizer": "adamw"},
    )  # fmt: skip
    shelf.choice("schedule", "constant", "cosine", "exponential", default=own["schedule"])
    rows = shelf.shape.share_of_rows(4, 16, 256)
    shelf.int("batch_size", 8, rows, log=True, default=min(rows, own["batch_size"]))
    if epochs is not None:
        least, most = epochs
        usual = min(max(own["epochs"], least), most)
        shelf.int("epochs", least, most, log=True, default=usual)


def tokens(texts: Any, length: int) -> Any:
    """(n, length) whole numbers for n texts: a hash of each word, 0 behind the last one.

    A text without words has an empty one: `network` takes the mean over the words, 0 left out.
    """
    made = np.zeros((len(texts), length), dtype=np.int32)
    for row, text in zip(made, texts, strict=True):
        words = str(text).lower().split()[:length] or [""]
        row[: len(words)] = [1 + crc32(word.encode()) % (WORDS - 1) for word in words]
    return made


class _Estimator(BaseEstimator):  # type: ignore[misc, unused-ignore]  # untyped
    """What classifier and regressor share; their parameters are those of `DEFAULTS`."""

    def __init__(
        self,
        layers: int = 2,
        units_1: int = 64,
        units_2: int = 64,
        units_3: int = 64,
        units_4: int = 64,
        activation: str = "relu",
        normalisation: str = "none",
        dropout: float = 0.0,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 4e-3,
        schedule: str = "constant",
        batch_size: int = 32,
        epochs: int = 30,
        random_state: int | None = None,
    ) -> None:
        self.layers, self.activation, self.normalisation = layers, activation, normalisation
        self.units_1, self.units_2, self.units_3, self.units_4 = units_1, units_2, units_3, units_4
        self.dropout, self.optimizer, self.learning_rate = dropout, optimizer, learning_rate
        self.momentum, self.weight_decay, self.schedule = momentum, weight_decay, schedule
        self.batch_size, self.epochs, self.random_state = batch_size, epochs, random_state

    def _fit(self, X: Any, y: Any, outputs: int) -> None:
        X = np.asarray(X, dtype=np.float32)
        params = self.get_params()
        seed = params.pop("random_state")
        if seed is not None:
            keras.utils.set_random_seed(int(seed))
        batches = -(-len(X) // self.batch_size)
        self.n_features_in_ = X.shape[1]
        self.model_ = network(params, X.shape[1:], outputs, steps=batches * self.epochs)
        self.model_.fit(X, y, batch_size=self.batch_size, epochs=self.epochs, verbose=0)

    def _predict(self, X: Any) -> Any:
        return self.model_.predict(np.asarray(X, dtype=np.float32), batch_size=1024, verbose=0)


class KerasMLPClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc, unused-ignore]
    """`network` as a classifier of scikit-learn's kind."""

    def fit(self, X: Any, y: Any) -> KerasMLPClassifier:
        """Train it."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit(X, codes, len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> Any:
        """(n, classes) probabilities, which add up to 1."""
        chances = self._predict(X).astype(np.float64)
        return chances / chances.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        return self.classes_[np.argmax(self._predict(X), axis=1)]


class KerasMLPRegressor(RegressorMixin, _Estimator):  # type: ignore[misc, unused-ignore]
    """`network` as a regressor of scikit-learn's kind; it learns the target with variance 1."""

    def fit(self, X: Any, y: Any) -> KerasMLPRegressor:
        """Train it."""
        y = np.asarray(y, dtype=np.float64)
        self.mean_, self.scale_ = float(y.mean()), float(y.std()) or 1.0
        self._fit(X, (y - self.mean_) / self.scale_, 0)
        return self

    def predict(self, X: Any) -> Any:
        """(n,) numbers."""
        return self._predict(X)[:, 0].astype(np.float64) * self.scale_ + self.mean_
