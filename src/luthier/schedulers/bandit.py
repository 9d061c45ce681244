"""PB2's choice of parameters for a member of a population: a bandit over what has helped when."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.numerics.embedding import Embedding
from luthier.numerics.gaussian import Hyper, Posterior, Prior, fit
from luthier.numerics.threads import one_thread
from luthier.numerics.warp import standardised
from luthier.observed import options
from luthier.parameters import Array, Ints
from luthier.schedulers.perturbed import perturbed
from luthier.space import Space

KNOWN = 4  # intervals that must have ended before the model is asked
KEPT = 300  # of the latest intervals are learned from
DRAWN, NEAR = 200, 100  # candidates from anywhere, and around the donor
RESAMPLE = 0.1  # of the parameters of a candidate around the donor
BOLD = 1.0  # standard deviations of doubt that are worth as much as a certain gain


def chosen(space: Space, history: History, donor: int, rng: Generator) -> Array:
    """Parameters (d,) for a copy of the trial in row `donor`, from the next interval on.

    Each interval of a member tells by how much its loss fell, with which parameters, after which
    budget and from which loss. A Gaussian process over all of these believes most in what was
    seen at about the same time. The candidate is taken whose loss may fall most; those that run
    count as if they had ended as expected, so that copies made at once differ.

    Source
    ------
    Parker-Holder, Nguyen and Roberts (2020), Provably Efficient Online Hyperparameter
    Optimization with Population-Based Bandits (NeurIPS), algorithm 1. We differ: time is one more
    axis with a length scale of its own in place of a factor that forgets at a fixed rate, and
    choices are measured by Hamming distance in the same model.
    """
    near = perturbed(space, np.repeat(history.X[donor][None], NEAR, axis=0), RESAMPLE, rng)
    table = _Intervals(history)
    if len(table.rows) < KNOWN:
        return np.asarray(near[0])
    candidates = np.vstack([near, space.repair(space.sample(DRAWN, rng))])
    embedding = Embedding((*(options(p) for _, p in space.items()), 0, 0))
    with one_thread():
        rows = table.rows[-KEPT:]
        seen = embedding(table.told(rows, history.X[rows]))
        fell = standardised(table.loss[rows] - table.loss[table.parent[rows]])
        theta = fit(seen, fell, embedding.block, *_beliefs(embedding.blocks))
        model = Posterior(seen, fell, embedding.block, Hyper.from_log(theta))
        if len(table.running):
            pending = embedding(table.told(table.running, history.X[table.running]))
            model = model.seeing(pending, model(pending).mean)
        belief = model(embedding(table.beside(donor, candidates)))
    return np.asarray(candidates[np.argmin(belief.mean - BOLD * np.sqrt(belief.variance))])


class _Intervals:
    """What happened in each interval.

    Attributes
    ----------
    rows, running : (r,) int
        Trials that went on from a trial with a loss and ended with one, and that still run.
    parent : (n,) int
        The row of each trial's parent, -1 for none.
    loss : (n,)
        The last report of each trial.
    """

    def __init__(self, history: History) -> None:
        assert history.fidelity is not None
        self._most, self._budget = history.fidelity.most, history.budget
        self.loss = np.full(len(history), np.nan)
        self.loss[history.owner] = history.value[:, 0]
        place = {int(number): row for row, number in enumerate(history.number)}
        self.parent = np.array([place.get(int(p), -1) for p in history.parent], dtype=np.int64)
        began = (self.parent >= 0) & np.isfinite(self.loss[self.parent])
        ended = (history.stopped | history.done) & np.isfinite(self.loss)
        self.rows = np.flatnonzero(began & ended)
        self.running = np.flatnonzero(began & history.running)
        self._sorted = np.sort(self.loss[self.parent[self.rows]])

    def told(self, rows: Ints, X: Array) -> Array:
        """(r, d + 2) parameters of trials, with when they began, and how good they were then."""
        return self._with(self.parent[rows], X)

    def beside(self, donor: int, X: Array) -> Array:
        """(k, d + 2) the same of parameters with which a copy of `donor` could go on."""
        return self._with(np.full(len(X), donor), X)

    def _with(self, begun: Ints, X: Array) -> Array:
        time = self._budget[begun] / self._most
        place = np.searchsorted(self._sorted, self.loss[begun]) / max(1, len(self._sorted))
        return np.column_stack([X, time, place])


def _beliefs(blocks: int) -> tuple[Prior, Array, int]:
    """What is expected of the model's settings, where to look first, and for how many steps."""
    mean = np.array([-0.7] * blocks + [0.0, np.log(1e-4), np.log(0.1)])
    sd = np.array([0.7] * blocks + [0.5, 1.0, 1.0])
    low = np.array([-3.5] * blocks + [-3.0, np.log(1e-5), np.log(1e-3)])
    high = np.array([3.5] * blocks + [3.0, 0.0, 0.0])
    return Prior(mean, sd, low, high), mean[None], 30
