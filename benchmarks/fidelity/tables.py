"""Table: recorded learning curves of a few hundred configurations, as a task.

The space of a task is the one from which the configurations were drawn. What an optimiser proposes
is answered by the nearest of them: the least Euclidean distance in the unit cube, among those with
the same categories. It is the same for every optimiser.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from luthier import Choice, Space

Array = np.ndarray[Any, Any]
CURVES = Path(__file__).parent / "curves"
MORE = "LUTHIER_CURVES"  # an environment variable: a folder with further tables
TRIALS = 60  # full ones of random search, which set the budget and the regret to reach
DRAWS = 4000  # of such searches


@dataclass(frozen=True, eq=False)
class Table:
    """Curves of `n` configurations at `s` steps.

    Parameters
    ----------
    X : (n, d)
        The configurations, rows of the unit cube.
    steps : (s,) int
        Where there are results; the last one is the most that a trial can be given.
    losses : (n, s)
        What a trial reports after each step.
    seconds : (n, s)
        What each step took, by itself.
    afresh : bool
        Each step is a fit of its own (on more rows), so that one can go to a later step without
        the earlier ones, and has nothing of them.
    """

    name: str
    space: Space
    X: Array
    steps: Array
    losses: Array
    seconds: Array
    afresh: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """The last step."""
        return int(self.steps[-1])

    @property
    def budget(self) -> int:
        """Units of a run: those of `TRIALS` full trials."""
        return TRIALS * self.most

    @cached_property
    def regrets(self) -> Array:
        """(n,) final losses, from 0 for the least to 1 for the median."""
        final = self.losses[:, -1]
        best = final.min()
        return np.asarray((final - best) / (np.median(final) - best))

    @cached_property
    def target(self) -> float:
        """The median regret of random searches with `TRIALS` full trials."""
        rng = np.random.default_rng(7)
        drawn = self.space.sample(2000, rng)
        regrets = self.regrets[[self.nearest(x) for x in drawn]]
        picks = rng.integers(len(regrets), size=(DRAWS, TRIALS))
        return float(np.median(regrets[picks].min(axis=1)))

    @cached_property
    def _kinds(self) -> tuple[list[int], list[int], Array]:
        """Columns of unordered options, the others, and the cells of the former. Shape (n, c)."""
        unordered = [
            j for j, (_, p) in enumerate(self.space.items())
            if isinstance(p, Choice) and not p.ordered
        ]  # fmt: skip
        numbers = [j for j in range(len(self.space)) if j not in unordered]
        return unordered, numbers, self._cells(self.X, unordered)

    def _cells(self, X: Array, columns: list[int]) -> Array:
        parameters = [p for _, p in self.space.items()]
        made = [parameters[j].floor(X[:, j]) for j in columns]
        return np.stack(made, axis=1) if made else np.empty((len(X), 0))

    def nearest(self, x: Array) -> int:
        """The configuration that answers for a point of the cube."""
        unordered, numbers, cells = self._kinds
        same = np.flatnonzero((cells == self._cells(x[None], unordered)).all(axis=1))
        gaps = self.X[np.ix_(same, numbers)] - x[numbers]
        return int(same[np.argmin((gaps**2).sum(axis=1))])

    def find(self, params: Mapping[str, Any]) -> int:
        """The configuration that answers for some parameters."""
        return self.nearest(self.space.encode([params])[0])

    def walk(self, since: int, upto: int) -> Array:
        """Places in `steps` of what is left to do after `since`, up to `upto`."""
        return np.flatnonzero((self.steps > since) & (self.steps <= upto))

    def units(self, place: int) -> int:
        """What a step costs, in units of the fidelity."""
        before = 0 if self.afresh or place == 0 else int(self.steps[place - 1])
        return int(self.steps[place]) - before


def load(path: Path) -> Table:
    """A table from a file as `record` writes it."""
    with np.load(path) as file:
        about = json.loads(str(file["about"]))
        return Table(
            about["name"],
            Space.from_json(about["space"]),
            file["X"].astype(np.float64),
            file["steps"].astype(np.int64),
            file["losses"].astype(np.float64),
            file["seconds"].astype(np.float64),
            about["afresh"],
            about,
        )


def registry() -> dict[str, Path]:
    """Files of the tables that there are, by name."""
    folders = [CURVES, *(Path(x) for x in [os.environ.get(MORE)] if x)]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.npz"))}


def select(patterns: str) -> list[str]:
    """Names of tables that match one of some patterns, divided by commas.

    Raises
    ------
    SystemExit
        If a pattern matches nothing.
    """
    made: dict[str, None] = {}
    for pattern in patterns.split(","):
        found = fnmatch.filter(registry(), pattern)
        if not found:
            known = "\n  ".join(registry()) or "(none: python -m benchmarks.fidelity record)"
            raise SystemExit(f"--tasks: nothing is named {pattern!r}. There are:\n  {known}")
        made |= dict.fromkeys(found)
    return list(made)
