"""Functions of the COCO platform, from the package coco-experiment: real, and mixed-integer."""

from __future__ import annotations

import contextlib
import tempfile
from functools import partial

import numpy as np

from benchmarks.quality.task import Params, Task
from luthier import Float, Int, Space

FUNCTIONS = {
    "bbob": [(f, d) for d in (5, 10) for f in (1, 3, 8, 15, 21)],
    "bbob-mixint": [(f, d) for d in (5, 10) for f in (2, 8, 15, 21)],
}


def function(suite: str, number: int, dimension: int) -> Task:
    """The first instance of a function, in the box that its suite searches."""
    import cocoex

    found = cocoex.Suite(suite, "instances:1", f"dimensions:{dimension}")
    problem = found.get_problem_by_function_dimension_instance(number, dimension, 1)
    bounds = zip(problem.lower_bounds.tolist(), problem.upper_bounds.tolist(), strict=True)
    whole = problem.number_of_integer_variables
    space = Space({
        f"x{j}": Int(int(low), int(high)) if j < whole else Float(low, high)
        for j, (low, high) in enumerate(bounds)
    })  # fmt: skip

    def loss(params: Params, kept: object = found) -> float:
        # A problem is freed with its suite, so the suite is kept.
        return float(problem(np.array([params[name] for name in space.names], dtype=np.float64)))

    # The platform tells the minimum only by a file in the working folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        problem._best_parameter("print")
        optimum = float(problem(np.loadtxt("._bbob_problem_best_parameter.txt")))
    return Task(f"{suite}/f{number}-{dimension}d", space, loss, trials=100, optimum=optimum)


TASKS = {
    f"{suite}/f{number}-{dimension}d": partial(function, suite, number, dimension)
    for suite, functions in FUNCTIONS.items()
    for number, dimension in functions
}
