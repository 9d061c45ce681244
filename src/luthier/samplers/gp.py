"""Bayesian optimisation with a Gaussian process, for mixed and conditional spaces."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.acquisition import Acquisition, Improvement, LowerBound
from luthier.numerics.climb import polish
from luthier.numerics.compromise import Compromise, direction
from luthier.numerics.gaussian import Belief, Hyper, Posterior, fit
from luthier.numerics.pareto import front
from luthier.numerics.threads import one_thread
from luthier.observed import Seen, embedding, prior, together
from luthier.parameters import Array
from luthier.parts import Proposal
from luthier.samplers.branches import rarest
from luthier.samplers.candidates import EXCHANGED, Candidates, settled
from luthier.samplers.exhausted import Exhausted
from luthier.samplers.feasibility import Feasibility
from luthier.samplers.likely import trust
from luthier.samplers.price import Price
from luthier.samplers.refits import last_refit
from luthier.samplers.remembered import Remembered
from luthier.samplers.start import first, origin, start
from luthier.space import Space

DRAWN, NEAR = 512, 128  # points to look at first: anywhere, and around the best
MOVED = 0.3  # share of the cells that those around the best change
BOLD = (1.0, 2.0)  # standard deviations below the mean, in turns
BETWEEN = (0.5, 1.0)  # the same between several objectives; (1, 2) fills fronts less
CROWD = 4  # running trials from which the bounds are half as bold again
NOISY = 0.3  # noise that hyperparameters are also tried with: there are two ways to see a surprise
LEFT = 1e9  # what points in exhausted places promise less: they come after all others
SCREENED = 16  # random points with an option, to take the best of; the best of all is a corner
CAP, FITTED = 250, 150  # trials that the process can hold, and that hyperparameters come from


@explained
@dataclass(frozen=True)
class GP:
    """Fits a Gaussian process to the losses and tries where it promises most.

    The first points are the default configuration, or where it is not known what parameters of
    well-known names usually are and the centre of other ranges, and a design in which every
    option of every choice comes once. Then, in turns, the point with the lowest optimistic
    bound of its loss, that with the lowest bound of a bolder kind, and the one with the largest
    expected improvement upon the best expected loss. Where parameters depend on a choice
    without order, such as which model, one point in four has the option that was tried least,
    and is the most promising of a few random ones. With more than 20 parameters, where nothing
    was gained for a dozen trials, one point of three lies elsewhere than around the best.
    Running trials count as if they had ended as expected, and make the bounds bolder. Failed
    ones count as a little worse than the worst, stopped ones as their curves say that they
    would have ended, with the uncertainty of that. Beyond 250 trials, the best, the nearest to
    the best and some of the rest are kept.

    Each of several objectives has a process of its own. A point promises as much as the optimistic
    bounds of its losses come along a direction from the worse ends of the front to better ones;
    the direction changes with every point, so that all compromises have their turn.

    In a study with a `cost`, all points are those with the largest expected improvement per
    expected cost.

    Parameters
    ----------
    warp : bool
        Make losses look normal first.
    trend : bool
        Let the process expect straight lines and parabolas.
    usual : bool
        Begin with what parameters of well-known names usually are, and look around there too.

    Source
    ------
    Jones, Schonlau and Welch (1998); Snoek, Larochelle and Adams (2012); Garrido-Merchan and
    Hernandez-Lobato (2020) for integers and choices; Ginsbourger, Le Riche and Carraro (2010)
    for running trials; Zhang and Golovin (2020) for several objectives.
    """

    warp: bool = True
    trend: bool = True
    usual: bool = True
    many_objectives: ClassVar[bool] = True
    uses_cost: ClassVar[bool] = True
    _cache: Remembered = field(default_factory=Remembered, init=False, repr=False, compare=False)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points; fewer when a finite space has no more."""
        with one_thread():
            rows = list(self._rows(space, history, k, rng))
        return Proposal(np.array(rows).reshape(len(rows), len(space)))

    def _rows(self, space: Space, history: History, k: int, rng: Generator) -> Iterable[Array]:
        planned, enough = first(space), _told(history) >= 2
        early, search = _early(history), None
        for draw in range(history.proposals, history.proposals + k):
            if draw - early < planned or not enough:  # the design, or another while results lack
                turn, place = divmod(max(draw - early, 0), planned)
                yield start(space, history.seed, self.usual, turn)[place]
            else:
                search = search or _Search(self, space, history, rng)
                row = search.next(draw)
                if row is None:
                    return
                yield row

    def explain(self, space: Space, history: History) -> str:
        """What proposes the next point, and why, in words."""
        return explain(space, history, self.usual)


def _early(history: History) -> int:
    """How many points came before the space was known: one, where it is defined by running."""
    return int(bool(history.opened.get("dynamic")))


def _told(history: History) -> int:
    """How many trials ended with a loss, or reported one before they were stopped."""
    return int(history.done.sum() + len(np.unique(history.owner[history.stopped[history.owner]])))


def explain(space: Space, history: History, usual: bool = True) -> str:
    """What proposes the next point of a study, and why, in words."""
    planned, done = first(space), int(history.done.sum())
    if history.proposals - _early(history) < planned:
        return (
            f"The start: {origin(space, usual)}, then {planned - 1} points, spread evenly, in "
            "which every option comes at least once."
        )
    if (told := _told(history)) < 2:
        return f"Points spread evenly: a model needs two trials with a loss, and there are {told}."
    parts = [f"{done} finished trials"]
    for count, what in (
        (int(history.failed.sum()), "failed ones, taken as worse than the worst"),
        (int(history.stopped.sum()), "stopped ones, taken to end as their curves say"),
        (int(history.running.sum()), "running ones, taken to end as expected"),
    ):
        parts += [f"{count} {what}"] if count else []
    if (m := len(history.objectives)) > 1:
        shares = direction(history.proposals, m, history.seed)
        pairs = zip(history.objectives, shares / shares.sum(), strict=True)
        weighed = ", ".join(f"{objective.name} {share:.0%}" for objective, share in pairs)
        return (
            f"A Gaussian process for each of {m} objectives, of {', '.join(parts)}: the point that "
            f"may come furthest beyond the front, this time with the weights {weighed}."
        )
    rule = "the largest expected improvement" if history.proposals % 3 == 2 else "the lowest bound"
    if history.cost is not None:
        rule = f"the largest expected improvement per expected cost ({history.cost})"
    held = rarest(space, np.asarray(history.X), history.proposals)
    among = f" among some with {held.words}, which was tried least" if held else ""
    made = f"A Gaussian process of {', '.join(parts)}: the point with {rule} of the loss{among}."
    if history.proposals % 3 == 1 and history.cost is None and Exhausted.some(space, history):
        made += " Nothing was gained around the best trial of late, so it lies further away."
    return made


def expected(space: Space, history: History) -> tuple[Array, Array, float]:
    """What the process expects of the trials that are done, if each were tried again and again.

    Returns
    -------
    mean : (n,)
        Of each DONE trial, in the order of their rows; a loss.
    error : (n,)
        Its standard error.
    noise : float
        Which part of the variance of losses, made normal, is noise; between 0 and 1.
    """
    with one_thread():
        search = _Search(GP(), space, history, np.random.default_rng(0))
        belief = search.model(search.measured(np.asarray(history.X[history.done])))
    seen, sd = Seen.of(history, warp=True, bounded=False), np.sqrt(belief.variance)
    low, high = seen.restored(belief.mean - sd), seen.restored(belief.mean + sd)
    return seen.restored(belief.mean), (high - low) / 2, min(1.0, search.model.hyper.noise)


# -- the search ------------------------------------------------------------------------------------


class _Search:
    """A process that has seen a history, and the search for the points that promise most."""

    def __init__(self, settings: GP, space: Space, history: History, rng: Generator) -> None:
        self.space, self.history, self.rng = space, history, rng
        self.usual = settings.usual and bool(space.usual)
        self.measured = embedding(space)
        each = [
            Seen.of(history, warp=settings.warp, bounded=False, objective=j)
            for j in range(len(history.objectives))
        ]
        points = self.measured(each[0].X)
        kept = together(each).chosen(points.F, CAP)
        self.X = each[0].X[kept]
        self.models = []
        for j, seen in enumerate(each):
            losses, hyper = seen.standard[kept], self._hyper(settings, seen, j)
            told = points[kept], losses, self.measured.block, hyper, seen.extra[kept]
            self.models.append(Posterior(*told))
        rows = np.flatnonzero(history.done | history.stopped | history.failed)[kept]
        self.broken = np.flatnonzero((history.done & ~history.feasible)[rows])
        self.aim: Compromise | None = None  # with several objectives
        self.price = Price.of(self.measured, history)
        self.bounds: Feasibility | None = None
        if history.constraints and history.done.sum() >= 2:
            self.bounds = Feasibility(self.measured, history)
        self.left: Exhausted | None = None
        self.candidates, self.proposed = Candidates(space, history, rng), 0
        self.placed = np.asarray(history.X)
        self.faith = trust(space, history)
        running = np.asarray(history.X[history.running])
        if len(running):
            self._believe(running)

    @property
    def model(self) -> Posterior:
        """Of the first objective."""
        return self.models[0]

    def _hyper(self, settings: GP, seen: Seen, objective: int) -> Hyper:
        """The most probable hyperparameters, given the trials up to the last refit."""
        seen = seen.before(last_refit(len(seen)))
        spread = None if seen.spread is None else seen.spread.tobytes()
        key = (self.measured, seen.X.tobytes(), seen.y.tobytes(), str(seen.error), spread)
        if settings._cache.get(objective, (None,))[0] != key:
            points = self.measured(seen.X)
            kept = seen.chosen(points.F, FITTED)
            before = prior(self.measured, trend=settings.trend, noise=seen.noise)
            block = self.measured.block
            starts = np.stack([before.mean, before.mean])
            starts[1, -1] = math.log(NOISY)
            losses, extra = seen.standard[kept], seen.extra[kept]
            theta = fit(points[kept], losses, block, before, starts, 40, extra)
            settings._cache[objective] = key, Hyper.from_log(theta)
        made: Hyper = settings._cache[objective][1]
        return made

    def _believe(self, X: Array) -> None:
        """Take the expected losses of points that are on their way for observed ones."""
        points = self.measured(X)
        self.models = [model.seeing(points, model(points).mean) for model in self.models]
        self.X = np.vstack([self.X, X])

    def next(self, draw: int) -> Array | None:
        """The next point, which then counts as running; None when there is none left."""
        belief = self.model(self.model.points)
        kept = belief.mean.copy()
        kept[self.broken] = np.inf
        self.hopeful = bool(np.isfinite(kept).any())  # something keeps to the constraints
        mean, self.best = belief.mean, int(np.argmin(kept))
        at, uncertain = belief.mean[self.best], belief.variance[self.best]
        hyper = self.model.hyper
        noisy = min(1.0, 10 * hyper.noise / (hyper.noise + hyper.amplitude))
        self.promise: Acquisition = Improvement(float(at), float(uncertain))
        pending = int(self.history.running.sum()) + self.proposed
        crowded = 1 + 0.5 * min(1.0, pending / CROWD)
        if draw % 3 != 2 and self.price is None:
            self.promise = LowerBound(BOLD[draw % 3] * crowded + 1.2 * noisy)
        if len(self.models) > 1:
            mean = self._aimed(draw, BETWEEN[draw % 2] * crowded)
        self.left = self._exhausted() if draw % 3 == 1 and self.price is None else None
        if self.left is not None:
            mean = np.where(self.left(self.model.points), np.inf, mean)
        row = self._from_branch(draw)
        if row is None:
            row = self._from_all() if self.candidates.few else self._from_climb(mean)
        if row is not None:
            self._believe(row[None])
            self.placed = np.vstack([self.placed, row])
            self.candidates.take(row)
            self.proposed += 1
        return row

    def _exhausted(self) -> Exhausted | None:
        if len(self.models) > 1:
            return None
        return Exhausted.of(self.space, self.history, self.measured, self.model.hyper.lengths)

    def _from_branch(self, draw: int) -> Array | None:
        """The best of some points with the rarest option; None where it is not the turn of one."""
        option = rarest(self.space, self.placed, draw)
        if option is None:
            return None
        G = self.candidates.full(self.space.sample(SCREENED, self.rng))
        G[:, option.column] = option.cell
        values, (X, _) = self.score(G), settled(self.space, G)
        for i in np.argsort(-values, kind="stable"):
            if math.isfinite(values[i]) and self.candidates.fresh(X[i]):
                return np.asarray(X[i])
        return None

    def _aimed(self, draw: int, kappa: float) -> Array:
        """Aim at a compromise; an order of the observations in which some of the front are first.

        Starting near those that are best for this compromise fills fronts less.
        """
        means = np.column_stack([model(self.model.points).mean for model in self.models])
        rows = np.arange(len(means))
        rows = np.delete(rows, self.broken) if self.hopeful else rows
        weights = direction(draw, len(self.models), self.history.seed)
        self.aim = Compromise.of(means[rows], weights, kappa)
        order = np.full(len(means), 2.0)
        leading = rows[front(means[rows])]
        order[leading] = self.rng.random(len(leading))
        return order

    def _from_all(self) -> Array | None:
        return self.candidates.listed(self._promised)

    def _from_climb(self, mean: Array) -> Array:
        best = np.repeat(self.X[np.argsort(mean, kind="stable")[:4]], NEAR // 4, axis=0)
        led = DRAWN // 4 if self.faith or self.usual else 0
        pool = self.candidates.pool(best, DRAWN, MOVED, led, self.usual)
        row = self.candidates.climbed(self._unknown, pool, self._polished)
        return self.candidates.anywhere() if row is None else row

    def _unknown(self, X: Array) -> Array:
        return self._promised(X, known=-np.inf)

    def score(self, G: Array) -> Array:
        """What full rows (k, d) promise; -inf where they are forbidden, or known already."""
        return self.candidates.scored(self._unknown, G)

    def _promised(self, X: Array, known: float = 0.0) -> Array:
        points = self.measured(X)
        belief = self.model(points)
        if self.aim is None:
            made = self.promise(belief.mean, belief.variance, self._covariance(belief))
        else:
            all_of = [belief, *(model(points) for model in self.models[1:])]
            made = self.aim([b.mean for b in all_of], [b.variance for b in all_of])
        if self.faith:
            made = made + self.faith * self.space.log_likely(X)
        if self.price is not None:
            made = made - self.price(points)
        if self.bounds is not None:
            made = self.bounds(points) + (made if self.hopeful else 0.0)
        if self.left is not None:
            made = made - np.where(self.left(points), LEFT, 0.0)
        return np.where(belief.known, made + known, made)

    def _covariance(self, belief: Belief) -> Array:
        """With the loss at the incumbent, which is an observation: noise times its weight."""
        made: Array = self.model.hyper.noise * belief.weights[:, self.best]
        return made

    def _polished(self, G: Array, value: float) -> Array:
        """A full row with its continuous cells moved uphill."""
        x = settled(self.space, G[None])[0][0]
        free = [
            j
            for j, (_, p) in enumerate(self.space.items())
            if p.cells > EXCHANGED and not np.isnan(x[j])
        ]
        terms = self.bounds, self.aim, self.price
        if not free or any(term is not None for term in terms):  # their slopes are not worked out
            return G
        place = np.searchsorted(self.measured.numeric, free)

        def climbed(u: Array) -> tuple[float, Array]:
            x[free] = u
            value, gradient = self._rise(x)
            return value, gradient[place]

        made = G.copy()
        made[free] = polish(climbed, x[free])
        return made if self.score(made[None])[0] > value else G

    def _rise(self, x: Array) -> tuple[float, Array]:
        """What one row promises, and how that changes with its numeric cells."""
        model, points = self.model, self.measured(x[None])
        belief = model(points)
        told = belief.mean, belief.variance, self._covariance(belief)
        value = float(self.promise(*told)[0])
        mean, variance, covariance = self.promise.slopes(*told)
        weights = mean * model.alpha - 2 * variance * belief.weights
        weights += covariance * model.hyper.noise * model.inverse[self.best]
        along, trend = model.slope(points, belief, weights)
        trend = trend + 2 * variance * model.hyper.trend * points.T
        rise = self.measured.slope(x, along[0], trend[0])
        if self.faith:
            value += self.faith * float(self.space.log_likely(x[None])[0])
            rise += self.faith * self.space.log_likely_slope(x[None])[0, self.measured.numeric]
        return value, rise
