"""Resident size after each of many trials, in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.keras_tuner.problems import problem
from benchmarks.keras_tuner.searches import kerastuner, quiet
from benchmarks.results import commit

WAYS = ("luthier inline", "luthier process", "keras-tuner random")


def measure(way: str, trials: int) -> dict[str, Any]:
    """Resident size, in MB, after each trial of one epoch; run in a process of its own."""
    import keras
    import psutil

    from luthier import Study
    from luthier.integrations.keras import objective

    task, library, kind = problem("churn"), *way.split()
    sizes: list[float] = []

    def size() -> float:
        return float(psutil.Process().memory_info().rss / 1e6)

    with tempfile.TemporaryDirectory() as folder, quiet():
        if library == "luthier":
            train = objective(
                task.build, task.X, task.y, epochs=1, monitor=task.monitor, **task.training
            )

            def sized(trial: Any) -> Any:
                value = train(trial)
                trial.note(size=size())
                return value

            study = Study(sampler="random", seed=1, folder=folder)
            study.run(sized, trials=trials, executor=1 if kind == "process" else None)
            sizes = [study[i].facts["size"] for i in range(trials)]
        else:
            tuner = kerastuner(task, "random", 1, 1, folder, max_trials=trials)
            tuner.on_trial_end = _after(tuner.on_trial_end, lambda: sizes.append(size()))
            tuner.search(task.X, task.y, epochs=1, **task.training)
    return {
        "way": way, "backend": keras.backend.backend(), "trials": trials, "own": size(),
        "sizes": [round(value, 1) for value in sizes], "commit": commit(),
    }  # fmt: skip


def _after(first: Callable[..., Any], then: Callable[[], Any]) -> Callable[..., Any]:
    def both(*given: Any) -> None:
        first(*given)
        then()

    return both
