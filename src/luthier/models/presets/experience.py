"""Which of some recorded settings to try next, given how others did on the data at hand.

Each recorded setting has a regret on each of many tables: 0 is the best that was found there, 1 the
median of random settings or worse. A new table is taken for one more draw of the same distribution,
so what was seen of a few settings there tells something of all others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import numpy as np

from luthier.parameters import Array

OWN = 0.1  # share of a setting's variance that says nothing about others; 0.05 did as well
NUGGET = 1e-3
OFFSET = 4.0  # variance of a table's level, next to regrets in [0, 1]: nothing is known of it
SCALES = np.exp(np.linspace(-2.0, 2.0, 11))  # what a regret of 1 may be, in middling differences


@dataclass(frozen=True, eq=False)
class Experience:
    """What is known of some settings from other tables.

    Parameters
    ----------
    regrets : (t, n)
        Of n settings on t tables, in [0, 1].

    Source
    ------
    As in Fusi, Sheth and Elibol (2018), Probabilistic matrix factorization for automated machine
    learning, the next one has the largest expected improvement given what was seen of the others.
    We take means and covariances over tables as they are instead of factors, and learn the level
    and the scale of a new table's losses, which nobody knows.
    """

    regrets: Array

    @cached_property
    def mean(self) -> Array:
        """The mean regret of each setting. Shape (n,)."""
        return np.asarray(self.regrets.mean(axis=0))

    @cached_property
    def covariance(self) -> Array:
        """Of regrets over tables, and of the level that a table's losses may have. Shape (n, n)."""
        away = self.regrets - self.mean
        S = away.T @ away / len(away)
        own = OWN * np.diag(S) + NUGGET
        return np.asarray((1 - OWN) * S + np.diag(own) + OFFSET)

    def next(self, losses: Array, taken: Array) -> int | None:
        """The setting with the largest expected improvement; None where all are taken.

        Parameters
        ----------
        losses : (n,)
            In any units; NaN where not known.
        taken : (n,)
            Which are not to be tried again.
        """
        if np.all(taken):
            return None
        promise = self.improvement(losses)
        return int(np.argmax(np.where(taken, -np.inf, promise)))

    def improvement(self, losses: Array) -> Array:
        """How much each setting is expected to lower the lowest of some losses, in any units.

        Without a loss, settings count by their means. Shape (n,).
        """
        at = np.flatnonzero(np.isfinite(losses))
        if not len(at):
            return -self.mean
        above = losses[at] - losses[at].min()
        middle = float(np.median(above[above > 0])) if (above > 0).any() else 1.0
        inverse = np.linalg.inv(self.covariance[np.ix_(at, at)])
        weights = self.covariance[:, at] @ inverse
        explained = np.einsum("ij,ij->i", weights, self.covariance[:, at])
        sd = np.sqrt(np.maximum(np.diag(self.covariance) - explained, 1e-9))
        logs, gains = [], []
        for share in SCALES:
            scale = middle * share
            # Regrets end at 1, so a loss far above the others tells no more than that it is bad.
            z = np.minimum(above / scale, 1.0) - self.mean[at]
            logs.append(-0.5 * z @ inverse @ z - ((above < scale).sum() - 1) * math.log(share))
            gains.append(scale * _gain(self.mean + weights @ z, sd))
        weight = np.exp(np.array(logs) - max(logs))
        return np.asarray(weight @ np.array(gains) / weight.sum())


def _gain(mean: Array, sd: Array) -> Array:
    """The expected improvement upon 0."""
    from scipy.special import ndtr  # takes 0.3 s to load

    u = -mean / sd
    return np.asarray(sd * (u * ndtr(u) + np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)))


@cache
def recorded() -> Mapping[str, Mapping[str, Any]]:
    """For each learner its ``points``, the default first, and their ``regrets`` in percent."""
    file = resources.files(__package__) / "experience.json"
    made: Mapping[str, Mapping[str, Any]] = json.loads(file.read_text())["learners"]
    return made
