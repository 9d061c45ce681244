"""Switches: on which values it depends whether a parameter is asked for, as trials have shown.

Where a space is defined by running, nobody declares that there is a momentum with one optimizer
only. Without knowing it, a sampler varies the momentum of the others too, and takes trials that
differ in nothing else for different ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.parameters import Array, Choice, Mask, Parameter, short
from luthier.space import Space

FEW = 64  # values up to which a parameter may be what others depend on
BELIEVED = 0.5  # how likely it may be at most that trials agree with a condition by chance


class Switches:
    """Which parameters of a space were asked for beside which values of others.

    A parameter may depend on one that is asked for more often. A condition is believed as long as
    every trial agrees with it; of several, the one with which they would agree least likely by
    chance. One that is wrong is refuted by the first trial that is proposed by it: a parameter that
    it left out is asked for.

    Parameters
    ----------
    space : Space
        Without conditions, as running has defined it.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        d = len(space)
        self._above = [(j, p) for j, (_, p) in enumerate(space.items()) if p.cells <= FEW]
        self._trials = 0
        self._asked = np.zeros(d, dtype=np.int64)
        # By parameter: trials with each of its values, and in the last row those without any;
        # and in how many of these each parameter was asked for.
        self._with = [np.zeros(int(p.cells) + 1, dtype=np.int64) for _, p in self._above]
        self._beside = [np.zeros((int(p.cells) + 1, d), dtype=np.int64) for _, p in self._above]

    def add(self, X: Array) -> None:
        """Take trials (k, d), NaN where a parameter was not asked for."""
        there = ~np.isnan(X)
        self._trials += len(X)
        self._asked += there.sum(axis=0)
        for (j, p), trials, beside in zip(self._above, self._with, self._beside, strict=True):
            known = ~((X[:, j] < 0) | (X[:, j] > 1))  # a range may have changed since
            cells = np.where(there[:, j], p.floor(X[:, j]), p.cells)[known].astype(np.int64)
            np.add.at(trials, cells, 1)
            np.add.at(beside, cells, there[known])

    def conditions(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """For each parameter that depends on another one: which, and by which of its cells."""
        some = (self._asked > 0) & (self._asked < self._trials)
        if not some.any():
            return {}
        share = np.where(some, self._asked / max(self._trials, 1), 0.5)
        least = np.full(len(some), np.log(BELIEVED))
        parent = np.full(len(some), -1)
        for i, (j, _) in enumerate(self._above):
            trials, beside = self._with[i][:, None], self._beside[i]
            agree = ((beside == 0) | (beside == trials)).all(axis=0) & (beside[-1] == 0)
            # Those with one value all ask or all do not; of a value in one trial that is certain.
            alike = np.logaddexp(trials * np.log(share), trials * np.log(1 - share))
            chance = np.where(trials > 0, alike, 0.0).sum(axis=0)
            above = self._asked[j] > self._asked  # so that conditions never form a ring
            better = some & agree & above & (chance < least)
            least[better], parent[better] = chance[better], i
        names = self.space.names
        made = {}
        for child in np.flatnonzero(parent >= 0).tolist():
            i = int(parent[child])
            j, p = self._above[i]
            on = _on(p, self._with[i][:-1] > 0, self._beside[i][:-1, child] > 0)
            made[names[child]] = names[j], tuple(np.flatnonzero(on).tolist())
        return made

    def applied(self) -> Space:
        """The space with the conditions; itself where there are none."""
        made: dict[str, Any] = {}
        for name, (parent, cells) in self.conditions().items():
            p = self.space[parent]
            levels = p.levels()
            when: Mapping[str, Any] = {parent: [p.value(levels[cell]) for cell in cells]}
            made[name] = self.space[name].under(when)
        return self.space.grow(made) if made else self.space


def in_words(space: Space) -> str:
    """The conditions of a space that was `applied`."""
    told = [
        f"{name} with {parent} {' or '.join(map(short, values))}"
        for name, p in space.items()
        for parent, values in (p.when or {}).items()
    ]
    return (
        f"By what trials have shown, some parameters are there only sometimes: {'; '.join(told)}."
    )


def _on(p: Parameter, seen: Mask, on: Mask) -> Mask:
    """Cells that switch a parameter on: those that did, and unseen ones but for those among a
    number's that lie between, or beyond, cells that did not."""
    cells = np.arange(len(seen))
    if isinstance(p, Choice) and not p.ordered:
        return on | ~seen
    known = np.flatnonzero(seen)
    after = np.searchsorted(known, cells).clip(max=len(known) - 1)
    before = (np.searchsorted(known, cells, side="right") - 1).clip(min=0)
    return np.asarray(on[known[before]] | on[known[after]])
