"""One run: a contestant on a problem, until the epochs of its budget are trained."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.keras_tuner.problems import Problem, problem
from benchmarks.results import commit

RIVALS = ("keras-tuner hyperband", "keras-tuner bayesian")
OURS = ("luthier auto", "luthier asha", "luthier hyperband", "luthier full")


class Spent(BaseException):
    """Every epoch of the budget was trained. Not an Exception: it ends KerasTuner's search."""


def counter(budget: int) -> Any:
    """A callback of Keras that counts the epochs that are trained, in whatever trial."""
    import keras

    class Counter(keras.callbacks.Callback):
        epochs = 0  # of the class: KerasTuner trains with copies of its callbacks

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if Counter.epochs >= budget:
                raise Spent
            Counter.epochs += 1

    return Counter()


def kerastuner(task: Problem, kind: str, seed: int, epochs: int, folder: str, **more: Any) -> Any:
    """A tuner of KerasTuner, with its defaults."""
    import keras_tuner

    kinds = {
        "hyperband": keras_tuner.Hyperband,
        "bayesian": keras_tuner.BayesianOptimization,
        "random": keras_tuner.RandomSearch,
    }
    goal = keras_tuner.Objective(task.monitor, "max" if task.maximize else "min")
    settings = {"max_epochs": epochs} if kind == "hyperband" else {}
    return kinds[kind](
        task.build, goal, seed=seed, directory=folder, overwrite=True, **settings, **more
    )


def theirs(task: Problem, kind: str, seed: int, epochs: int, budget: int) -> dict[str, Any]:
    """A search with KerasTuner, and the model that it hands back."""
    endless = {"hyperband_iterations": 99} if kind == "hyperband" else {"max_trials": 999}
    with tempfile.TemporaryDirectory() as folder:
        tuner = kerastuner(task, kind, seed, epochs, folder, **endless)
        with suppress(Spent):
            tuner.search(
                task.X, task.y, epochs=epochs, callbacks=[counter(budget)], **task.training
            )
        valid, test = task.losses(tuner.get_best_models(1)[0])
        trials = len(tuner.oracle.trials)
    return {"valid": valid, "test": test, "trials": trials}


def luthiers(task: Problem, kind: str, seed: int, epochs: int, budget: int) -> dict[str, Any]:
    """A search with luthier, and the model that it hands back."""
    import keras

    from luthier import Study
    from luthier.integrations.keras import BEST, objective
    from luthier.integrations.steps import newest

    count = counter(budget)
    train = objective(
        task.build, task.X, task.y, epochs=epochs, every=epochs, best=True,
        monitor=task.monitor, callbacks=[count], **task.training,
    )  # fmt: skip
    goal = {"maximize" if task.maximize else "minimize": "score"}
    with tempfile.TemporaryDirectory() as folder:
        study = Study(
            sampler="auto", scheduler=kind, fidelity=("epochs", 1, epochs), seed=seed,
            folder=folder, **goal,
        )  # fmt: skip
        study.run(train, until=lambda _: count.epochs >= budget)  # who is cut off has failed
        place = newest(study.folder_of(study.best.number))
        valid, test = task.losses(keras.saving.load_model(place / BEST))
    return {"valid": valid, "test": test, "trials": len(study)}


def one(name: str, contestant: str, seed: int, epochs: int, budget: int) -> dict[str, Any]:
    """One run, as it is recorded."""
    import keras

    keras.utils.set_random_seed(seed)
    library, kind = contestant.split()
    began = time.process_time()
    search = luthiers if library == "luthier" else theirs
    with quiet():
        found = search(problem(name), kind, seed, epochs, budget)
    return {
        "problem": name, "contestant": contestant, "seed": seed, "epochs": epochs,
        "budget": budget, "backend": keras.backend.backend(), **found,
        "seconds": round(time.process_time() - began, 2), "commit": commit(),
    }  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
