"""How many layers, and three numbers for each that is there: formulas in the shape of networks."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.quality.task import Params, Task
from luthier import Float, Int, Space


def formula(seed: int, most: int = 4) -> Task:
    """Each layer adds what its numbers miss of an optimum that layers have nearly in common.

    Every number of layers has a level of its own, and the first layers weigh most.
    """
    rng = np.random.default_rng((0x1A, seed))
    there = {i: [n for n in range(1, most + 1) if n >= i] for i in range(1, most + 1)}
    space = Space({
        "layers": Int(1, most),
        "rate": Float(1e-4, 1e-1, log=True),
        **{f"{what}_{i}": part for i in there for what, part in {
            "units": Int(8, 512, log=True, when={"layers": there[i]}),
            "drop": Float(0.0, 0.8, when={"layers": there[i]}),
            "decay": Float(1e-6, 1e-1, log=True, when={"layers": there[i]}),
        }.items()},
    })  # fmt: skip
    level = 0.5 * rng.random(most)
    common = rng.uniform(0.2, 0.8, 3)
    best = np.clip(common + 0.1 * rng.standard_normal((most, 3)), 0, 1)
    scale = np.exp(0.5 * rng.standard_normal(3))
    rate = rng.uniform(0.3, 0.7)

    def loss(params: Params) -> float:
        x = space.encode([params])[0]
        missed, cells = 0.0, x[2:].reshape(most, 3)
        for i in range(params["layers"]):
            missed += float(scale @ np.abs(cells[i] - best[i]) ** 1.5) / (1 + i)
        slow = 4 * (x[1] - rate - 0.05 * params["layers"]) ** 2
        return float(level[params["layers"] - 1] + np.tanh(slow + missed / 2))

    return Task(f"layers/{seed}", space, loss)


TASKS = {f"layers/{seed}": partial(formula, seed) for seed in range(4)}
