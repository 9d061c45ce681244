"""How many epochs ASHA with promotion needs for the validation score that full training reaches.

    python -m benchmarks.training_loops --seeds 10
    KERAS_BACKEND=torch python -m benchmarks.training_loops --seeds 3 --framework keras

Each seed trains `--configurations` networks on scikit-learn's digits for all `EPOCHS` epochs, and
takes the best accuracy on rows held out. Then a study of its own, with the same sampler and
another stream of configurations, gives a trial epochs as it earns them, and ends when it has that
accuracy. An epoch counts when it was trained, in whatever trial.
"""

from __future__ import annotations

import argparse
import math
import platform
import tempfile
import time
import warnings
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from luthier import Choice, Float, Int, Space, Study
from luthier.integrations.stepwise import partial_fit

EPOCHS = 27
SPACE = Space(
    units=Int(4, 128, log=True),
    rate=Float(1e-5, 0.3, log=True),
    activation=Choice("relu", "tanh"),
    batch=Int(16, 256, log=True),
)


class Training:
    """An objective that counts the epochs that it trains."""

    def __init__(self, framework: str) -> None:
        X, y = load_digits(return_X_y=True)
        self.parts = train_test_split(X / 16, y, test_size=0.4, random_state=0, stratify=y)
        self.framework, self.epochs = framework, 0

    def __call__(self, trial: Any) -> Any:
        return (self.keras if self.framework == "keras" else self.sklearn)(trial)

    def count(self, trial: Any) -> None:
        report = trial.line.report
        line = trial.line

        class Counting:
            def report(inner, *given: Any) -> bool:
                self.epochs += 1
                return bool(report(*given))

            def __getattr__(inner, name: str) -> Any:
                return getattr(line, name)

        trial.line = Counting()

    def sklearn(self, trial: Any) -> float:
        self.count(trial)
        X, X_valid, y, y_valid = self.parts
        p = trial.params
        model = MLPClassifier(
            (p["units"],),
            activation=p["activation"],
            learning_rate_init=p["rate"],
            batch_size=p["batch"],
            random_state=trial.seed,
        )
        done = partial_fit(
            trial, model, X, y, scored=(X_valid, y_valid), epochs=EPOCHS, batch=len(X)
        )
        return float(done.value_)

    def keras(self, trial: Any) -> Any:
        import keras

        from luthier.integrations.keras import fit, session

        self.count(trial)
        X, X_valid, y, y_valid = self.parts
        p = trial.params
        with session(trial):
            model = keras.Sequential(
                [
                    keras.layers.Dense(p["units"], activation=p["activation"]),
                    keras.layers.Dense(10, activation="softmax"),
                ]
            )
            model.compile(
                keras.optimizers.Adam(p["rate"]),
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
            )
            return fit(
                trial,
                model,
                X,
                y,
                epochs=EPOCHS,
                monitor="val_accuracy",
                validation_data=(X_valid, y_valid),
                batch_size=p["batch"],
            )


def one(
    seed: int, configurations: int, framework: str, sampler: str = "random", slack: float = 0.0
) -> dict[str, Any]:
    """Epochs of both, for one seed.

    With `slack`, so many standard errors of the accuracy less are enough: it is that of the
    luckiest of the configurations on the rows held out.
    """
    common: dict[str, Any] = {"maximize": "accuracy", "sampler": sampler}
    with tempfile.TemporaryDirectory() as folder:
        full = Training(framework)
        study = Study(SPACE, seed=seed, folder=f"{folder}/full", **common)
        target = study.run(full, trials=configurations).best.value
    target -= slack * math.sqrt(target * (1 - target) / len(full.parts[1]))
    with tempfile.TemporaryDirectory() as folder:
        asha = Training(framework)
        study = Study(
            SPACE,
            seed=seed + 1000,
            folder=f"{folder}/asha",
            scheduler="asha",
            fidelity=("epochs", 1, EPOCHS),
            **common,
        )
        study.run(asha, until=lambda s: _best(s) >= target or asha.epochs >= full.epochs)
    return {
        "target": target,
        "full": full.epochs,
        "asha": asha.epochs,
        "reached": _best(study) >= target,
    }


def _best(study: Study) -> float:
    """The best accuracy that any trial has reported."""
    values = study.history.value
    return float(-values.min()) if len(values) else float("-inf")


def main() -> None:
    """Print a row per seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--configurations", type=int, default=20)
    parser.add_argument("--framework", choices=["sklearn", "keras"], default="sklearn")
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--slack", type=float, default=0.0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{platform.machine()}, Python {platform.python_version()}, {given}")
    shares = []
    for seed in range(given.seeds):
        at = time.perf_counter()
        row = one(seed, given.configurations, given.framework, given.sampler, given.slack)
        shares.append(row["asha"] / row["full"])
        print(
            f"seed {seed}: accuracy {row['target']:.4f} after {row['full']} epochs in full; "
            f"by ASHA after {row['asha']}, {shares[-1]:.0%}{'' if row['reached'] else ', not'}"
            f" ({time.perf_counter() - at:.0f} s)"
        )
    within = sum(share <= 1 / 3 for share in shares)
    print(f"within a third of the epochs: {within} of {len(shares)} seeds")


if __name__ == "__main__":
    main()
