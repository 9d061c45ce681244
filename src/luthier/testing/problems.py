"""Functions with known answers, on flat, mixed, conditional, forbidden and finite spaces."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from luthier.space import Choice, Float, Int, Space


@dataclass(frozen=True)
class Problem:
    """A function to minimise; an instance is an objective, ``study.run(PROBLEMS["bowl"])``.

    Parameters
    ----------
    loss : callable
        Of a dict of parameters.
    best : float
        The smallest loss.
    at : dict
        Parameters that have it.
    """

    name: str
    space: Space
    loss: Callable[[dict[str, Any]], float]
    best: float
    at: dict[str, Any]

    def __call__(self, trial: Any) -> float:
        """The loss of a trial."""
        return self.loss(trial.params)


def _bowl(p: dict[str, Any]) -> float:
    return float((p["x"] - 2.5) ** 2 + 3 * (p["y"] + 4) ** 2 - 7)


def _branin(p: dict[str, Any]) -> float:
    x, y = p["x"], p["y"]
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def _mixed(p: dict[str, Any]) -> float:
    penalty = {"relu": 0.0, "tanh": 0.4, None: 2.0}[p["activation"]]
    return (
        float(
            (math.log10(p["rate"]) + 2.5) ** 2 + abs(p["layers"] - 3) + 5 * (p["drop"] - 0.3) ** 2
        )
        + penalty
    )


def _conditional(p: dict[str, Any]) -> float:
    base = (math.log10(p["C"]) - 1) ** 2
    if p["kernel"] == "linear":
        return base + 1.5
    width = (math.log10(p["gamma"]) + 1) ** 2
    return base + width + (0.5 + abs(p["degree"] - 3) if p["kernel"] == "poly" else 0.25)


def _forbidden(p: dict[str, Any]) -> float:
    return float(abs(p["a"] - 5) + 2 * abs(p["b"] + 2)) + 0.5


MIXED = Space(
    rate=Float(1e-5, 0.5, log=True),
    layers=Int(1, 7),
    drop=Float(0.1, 0.7, step=0.1),
    activation=Choice("tanh", "relu", None),
)
CONDITIONAL = Space(
    C=Float(1e-3, 1e3, log=True),
    kernel=Choice("linear", "rbf", "poly"),
    gamma=Float(1e-4, 10, log=True, when={"kernel": ["rbf", "poly"]}),
    degree=Int(2, 5, when={"kernel": "poly"}),
)
FORBIDDEN = Space(
    a=Int(1, 6), b=Int(-3, 3), forbid=[{"a": [4, 5], "b": [-2, -1]}, {"a": 6, "b": -3}]
)

PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("bowl", Space(x=Float(-3, 9), y=Float(-11, 2)), _bowl, -7.0, {"x": 2.5, "y": -4.0}),
        Problem(
            "branin",
            Space(x=Float(-5, 10), y=Float(0, 15)),
            _branin,
            0.39788735772973816,  # Dixon and Szego (1978); three such points
            {"x": math.pi, "y": 2.275},
        ),
        Problem(
            "mixed",
            MIXED,
            _mixed,
            0.0,
            {"rate": 10**-2.5, "layers": 3, "drop": 0.3, "activation": "relu"},
        ),
        Problem(
            "conditional",
            CONDITIONAL,
            _conditional,
            0.25,
            {"C": 10.0, "kernel": "rbf", "gamma": 0.1},
        ),
        Problem("forbidden", FORBIDDEN, _forbidden, 1.5, {"a": 6, "b": -2}),
    )
}
