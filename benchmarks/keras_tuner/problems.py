"""Three problems: real data, split once, and a function that was written for KerasTuner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

BATCH = 64
PROBLEMS = ("digits", "churn", "concrete")


def convolutions(hp: Any) -> Any:
    """A small network for digits."""
    import keras

    layers: list[Any] = [keras.Input((8, 8, 1))]
    kernel = hp.Choice("kernel", [2, 3])
    activation = hp.Choice("activation", ["relu", "tanh"])
    for i in range(hp.Int("convolutions", 1, 2)):
        filters = hp.Int(f"filters_{i}", 4, 16, step=4)
        layers += [
            keras.layers.Conv2D(filters, kernel, padding="same", activation=activation),
            keras.layers.MaxPooling2D(),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)),
        keras.layers.Dense(hp.Int("units", 8, 64, sampling="log"), activation=activation),
        keras.layers.Dense(10, activation="softmax"),
    ]
    model = keras.Sequential(layers)
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def dense(hp: Any, columns: int, classes: int) -> Any:
    """A network for a table; with a parameter that only one optimiser has."""
    import keras

    layers: list[Any] = [keras.Input((columns,))]
    decay = keras.regularizers.L2(hp.Float("decay", 1e-6, 1e-1, sampling="log"))
    activation = hp.Choice("activation", ["relu", "tanh"])
    for i in range(hp.Int("layers", 1, 3)):
        units = hp.Int(f"units_{i}", 4, 64, sampling="log")
        layers.append(keras.layers.Dense(units, activation, kernel_regularizer=decay))
    layers.append(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)))
    layers.append(keras.layers.Dense(classes or 1, "softmax" if classes else None))
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    if hp.Choice("optimizer", ["adam", "sgd"]) == "adam":
        optimizer = keras.optimizers.Adam(rate)
    else:
        with hp.conditional_scope("optimizer", ["sgd"]):
            optimizer = keras.optimizers.SGD(rate, momentum=hp.Float("momentum", 0.0, 0.99))
    model = keras.Sequential(layers)
    # The penalty is part of Keras's own loss, so what is scored is a metric.
    score = "sparse_categorical_crossentropy" if classes else "mean_squared_error"
    model.compile(optimizer, score, metrics=[score])
    return model


@dataclass(frozen=True)
class Problem:
    """Rows to train, to validate and to test, and how a network for them is built.

    `metric` is what Keras calls the score; the less, the better, except for an accuracy.
    """

    build: Callable[[Any], Any]
    metric: str
    X: Any
    y: Any
    X_valid: Any
    y_valid: Any
    X_test: Any
    y_test: Any

    @property
    def monitor(self) -> str:
        return f"val_{self.metric}"

    @property
    def maximize(self) -> bool:
        return self.metric == "accuracy"

    @property
    def training(self) -> dict[str, Any]:
        valid = (self.X_valid, self.y_valid)
        return {"validation_data": valid, "batch_size": BATCH, "verbose": 0}

    def losses(self, model: Any) -> tuple[float, float]:
        """What a trained model loses on the rows to validate and to test."""
        rows = ((self.X_valid, self.y_valid), (self.X_test, self.y_test))
        found = [model.evaluate(*of, verbose=0, return_dict=True)[self.metric] for of in rows]
        first, second = (1 - value if self.maximize else value for value in found)
        return float(first), float(second)


@cache
def problem(name: str) -> Problem:
    """`digits`, `churn` or `concrete`, split the same way every time."""
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        X, X_test, y, y_test = train_test_split(
            (X / 16).reshape(-1, 8, 8, 1), y, train_size=700, random_state=1, stratify=y
        )
        build, metric = convolutions, "accuracy"
    else:
        from benchmarks.fidelity import learners
        from benchmarks.fidelity.record import Recipe, load
        from benchmarks.portfolio.tables import Source

        classes = name == "churn"
        source = ("mlc_churn", "churn") if classes else ("concrete", "compressive_strength")
        data = load(Recipe(learners.NETWORK, Source("modeldata", *source), classes))
        X, y, X_test, y_test = data.X, data.y, data.X_test, data.y_test
        columns, count = X.shape[1], data.classes
        metric = "sparse_categorical_crossentropy" if classes else "mean_squared_error"

        def build(hp: Any) -> Any:
            return dense(hp, columns, count)

    X, X_valid, y, y_valid = train_test_split(
        X, y, test_size=1 / 3, random_state=2, stratify=None if name == "concrete" else y
    )
    small = "float32" if name == "concrete" else "int32"
    rows = [part.astype(kind) for part, kind in
            ((X, "float32"), (y, small), (X_valid, "float32"), (y_valid, small),
             (X_test, "float32"), (y_test, small))]  # fmt: skip
    return Problem(build, metric, *rows)
