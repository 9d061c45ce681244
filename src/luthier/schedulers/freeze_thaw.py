"""Freeze-thaw: whoever promises most goes on a little, a trial that was left or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from scipy.special import log_ndtr

from luthier.checks import whole
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.foreseen import Foreseen
from luthier.schedulers.mixed import mixed
from luthier.schedulers.rungs import budgets, distinct, ladder, reached
from luthier.space import Space

FIRST = 8  # configurations that are begun before one goes on
POOL = 100  # random points, of which the most promising one is a candidate
BETTER = 0.01, 1.0  # how far below the least loss a target lies, from it to the usual loss


@explained
@dataclass(frozen=True)
class FreezeThaw:
    """Extrapolates every learning curve, with its uncertainty, and goes on where a much better end
    is most likely.

    A trial is frozen at each rung, `eta` times as far as the one before. Whenever somebody may
    begin, a target is drawn at random, somewhat or far below the least loss that was seen. The
    frozen trial that is most likely to end below it is thawed and goes on to its next rung; or a
    new point begins, where the parameters of one promise more. Near targets finish what leads, far
    ones look for something else. How curves end is learned from those that went further; what
    parameters promise, from a Gaussian process over the ends. New points are, in turn, the
    sampler's and the likeliest of some random ones to end below the target.

    Parameters
    ----------
    eta : int
        A rung is so many times as far as the one before.

    Raises
    ------
    StudyError
        If it makes no sense.

    Source
    ------
    Swersky, Snoek and Adams (2014), Freeze-Thaw Bayesian Optimization (arXiv:1406.3896), for the
    idea; Rakotoarison et al. (2024), In-Context Freeze-Thaw Bayesian Optimization (ICML), for
    targets at random. We differ: curves are foreseen by those that went further
    (`luthier.numerics.curves`), a trial goes on to a rung rather than by a step, and parameters
    say nothing about trials that are under way. With several objectives the first counts.
    """

    eta: int = 3
    needs_fidelity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        whole("FreezeThaw", 2, eta=self.eta)

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Frozen trials that promise more than a new point does, and new points."""
        seen = history.merged()
        levels = np.array([*ladder(history, self.eta), budgets(history)[1]], dtype=float)
        came, jobs = reached(seen), list[Job]()
        X = space.sample(max(POOL, k), rng)
        rows, X = _promising(space, seen, levels, X, rng)
        for row in rows[:k]:
            budget = float(levels[levels > came[row]][0])
            jobs.append(Job(seen.X[row], int(seen.tag[row]), budget, int(seen.number[row])))
        new = k - len(jobs)
        given = [float(levels[0])] * new
        return jobs + mixed(space, seen, int(levels[0]), sampler, X[:new], given, rng)

    def keep(self, history: History, row: int) -> bool:
        """Always: its budget says how far a trial goes."""
        return True


def _promising(
    space: Space, seen: History, levels: Array, X: Array, rng: Generator
) -> tuple[list[int], Array]:
    """Rows that are likelier to end below a target than any of the new points X (m, d), and these;
    the likeliest first."""
    if len(seen) < FIRST:
        return [], X
    foreseen = Foreseen(space, seen)
    frozen = seen.stopped & foreseen.known & (reached(seen) < levels[-1])
    if len(levels) > 2:  # one loss may well be that of another, two are not
        frozen &= distinct(seen, int(levels[1]))
    rows = np.flatnonzero(frozen)
    target = _target(foreseen, seen, rng)
    chances = _chances(target, foreseen.curves.mean[rows], foreseen.curves.sd[rows])
    new = _chances(target, *foreseen.new(X))
    order = np.argsort(-chances, kind="stable")
    made: list[int] = rows[order[chances[order] >= new.max()]].tolist()
    return made, X[np.argsort(-new, kind="stable")]


def _target(foreseen: Foreseen, seen: History, rng: Generator) -> float:
    """A loss below all that was reported, on the scale of the curves, where 0 is the usual one."""
    curves = foreseen.curves
    losses = np.append(seen.value[:, 0], seen.Y[seen.done, 0])
    least = (float(losses[np.isfinite(losses)].min(initial=np.inf)) - curves.middle) / curves.scale
    share = np.exp(rng.uniform(*np.log(BETTER)))
    return float(least - share * max(-least, 1.0))


def _chances(target: float, mean: Array, sd: Array) -> Array:
    """(k,) logarithms of the chances to end below a target."""
    return np.asarray(log_ndtr((target - mean) / np.maximum(sd, 1e-9)))
