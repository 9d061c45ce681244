"""How the trials of a study will end, by their curves and by their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.history import History
from luthier.numerics.curves import Outlook
from luthier.numerics.gaussian import Belief, Hyper, Posterior, fit
from luthier.numerics.threads import one_thread
from luthier.observed import embedding, outlook_of, prior
from luthier.parameters import Array
from luthier.space import Space

SHOWN = 200  # curves that the process is shown: the last ones
FITTED = 60  # of these, how many its hyperparameters are fitted to
WIDE = 200  # parameters beyond which there is no process


class Foreseen:
    """How trials are expected to end: what curves say, and a Gaussian process over these ends.

    All losses are on the scale of `curves`.

    Parameters
    ----------
    seen : History
        Merged, see `History.merged`.

    Attributes
    ----------
    curves : Outlook
        What curves say by themselves.
    known : (n,) bool
        Trials whose curves say something.
    best : float
        The least loss of a trial that ended; infinite where none did.
    """

    def __init__(self, space: Space, seen: History) -> None:
        self.curves: Outlook = outlook_of(seen)
        self.known = self.curves.place >= 0
        self.best = float(self.curves.mean[seen.done & self.known].min(initial=np.inf))
        self._rows = np.flatnonzero(self.known)[-SHOWN:]
        self._process: _Process | None = None
        if len(space) <= WIDE and self.known.sum() > 2:
            rows = self._rows
            self._process = _Process(space, seen.X[rows], self.curves.mean[rows], self._sd())

    def leaned(self) -> tuple[Array, Array]:
        """(n,) means and standard deviations of ends, where the process speaks as far as curves
        leave much open."""
        mean, sd = self.curves.mean.copy(), self.curves.sd.copy()
        if self._process is not None:
            open_ = self._sd() > 0
            at = self._rows[open_]
            leaning = self._process.leaning()
            mean[at], sd[at] = leaning[0][open_], leaning[1][open_]
        return mean, sd

    def new(self, X: Array) -> tuple[Array, Array]:
        """(k,) means and standard deviations of ends of new points (k, d)."""
        if self._process is not None:
            return self._process(X)
        ends = self.curves.mean[self.known]
        usual = (ends.mean(), max(float(ends.std()), 1e-9)) if len(ends) else (0.0, 1.0)
        return np.full(len(X), usual[0]), np.full(len(X), usual[1])

    def _sd(self) -> Array:
        return self.curves.sd[self._rows]


class _Process:
    """A Gaussian process over ends that are not all certain.

    Parameters
    ----------
    X : (m, d)
    mean, sd : (m,)
        Of the ends; an end is the process and something of its own, of which only the curve tells.
    """

    def __init__(self, space: Space, X: Array, mean: Array, sd: Array) -> None:
        self._measured = embedding(space)
        points, block = self._measured(X), self._measured.block
        self._middle, self._scale = float(mean.mean()), max(float(mean.std()), 1e-9)
        self._z, self._extra = (mean - self._middle) / self._scale, (sd / self._scale) ** 2
        with one_thread():
            before, some = prior(self._measured, trend=True), np.arange(len(X))[-FITTED:]
            seen = self._z[some], block, before, before.mean[None], 20, self._extra[some]
            theta = fit(points[some], *seen)
            self._hyper = Hyper.from_log(theta)
            self._posterior = Posterior(points, self._z, block, self._hyper, self._extra)
        self._points = points

    def leaning(self) -> tuple[Array, Array]:
        """(m,) means and standard deviations of the ends that it was shown."""
        belief, noise, extra = self._belief(self._points), self._hyper.noise, self._extra
        own = noise / (noise + extra)
        mean = (1 - own) * belief.mean + own * self._z
        return self._scaled(mean, (1 - own) ** 2 * belief.variance + own * extra)

    def __call__(self, X: Array) -> tuple[Array, Array]:
        """(k,) means and standard deviations of ends of new points (k, d)."""
        belief = self._belief(self._measured(X))
        return self._scaled(belief.mean, belief.variance + self._hyper.noise)

    def _belief(self, points: Any) -> Belief:
        with one_thread():
            return self._posterior(points)

    def _scaled(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        return self._middle + self._scale * mean, self._scale * np.sqrt(variance)
