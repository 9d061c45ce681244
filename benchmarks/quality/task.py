"""Task: a search space and a loss, all of it from public packages or from formulas."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from luthier import Space

Params = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """Something to minimise.

    Parameters
    ----------
    name : str
        ``suite/instance``.
    space : Space
        What every optimiser is told.
    loss : callable
        The loss of a configuration; the same each time.
    trials : int
        How many a run has, unless the command line says otherwise.
    optimum : float, optional
        The least loss there is, where it is known.
    noisy : callable, optional
        What optimisers get in place of `loss`, where results are noisy: takes a configuration and
        a generator of the trial's own.
    """

    name: str
    space: Space
    loss: Callable[[Params], float]
    trials: int = 60
    optimum: float | None = None
    noisy: Callable[[Params, Generator], float] | None = None

    @property
    def suite(self) -> str:
        return self.name.partition("/")[0]


def registry() -> dict[str, Callable[[], Task]]:
    """What makes each task, by name; nothing is loaded before it is called."""
    from benchmarks.quality import cash, coco, layers, tables, wide

    return {**tables.TASKS, **coco.TASKS, **cash.TASKS, **layers.TASKS, **wide.TASKS}


def select(patterns: str) -> list[str]:
    """Names of tasks that match one of some patterns such as ``cash/*``, divided by commas.

    Raises
    ------
    SystemExit
        If a pattern matches nothing.
    """
    made: dict[str, None] = {}
    for pattern in patterns.split(","):
        found = fnmatch.filter(registry(), pattern)
        if not found:
            raise SystemExit(f"--tasks: nothing is named {pattern!r}. There are:\n  "
                             + "\n  ".join(registry()))  # fmt: skip
        made |= dict.fromkeys(found)
    return list(made)
