"""Learning from earlier studies, as far as they rank this one's trials as they are ranked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from luthier.errors import StudyError
from luthier.history import History
from luthier.keywords import explained
from luthier.numerics.acquisition import LowerBound
from luthier.numerics.embedding import Embedding
from luthier.numerics.gaussian import Hyper, Posterior, fit
from luthier.numerics.threads import one_thread
from luthier.numerics.warp import normalised
from luthier.observed import embedding, prior
from luthier.parameters import Array, Choice, Ints, Parameter, Raw
from luthier.parts import Proposal, Sampler
from luthier.samplers import wrapped
from luthier.samplers.candidates import Candidates
from luthier.space import Space

MOST = 100  # trials of an earlier study that are kept: the best half of them, and some of the rest
PORTFOLIO = 3  # configurations of earlier studies that are tried first; one for each at most
FEW = 3  # trials before which rankings say nothing, and no earlier study has weight
DRAWS = 256  # of each model's losses, to compare rankings
FITTED = 100  # trials of this study that its model sees: the latest
KAPPA = 1.5  # standard deviations below the mean that count as promise
MOVED = 1.0  # share of the cells that candidates around the best points change
POOL = 512  # points to start the search from


@dataclass(frozen=True)
class Past:
    """What is kept of an earlier study: plain values, so that they can be stored with the new one.

    Parameters
    ----------
    name : str
    names : tuple of str
        Its parameters.
    rows : tuple of tuples
        For each trial its numbers, and the labels of its options; None where inactive.
    losses : tuple of float
        Minimised.
    """

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    losses: tuple[float, ...]

    @classmethod
    def of(cls, study: Any) -> Past:
        """From a study, or its history.

        Raises
        ------
        StudyError
            If it is neither, has several objectives, or fewer than two results.
        """
        history = getattr(study, "history", study)
        if not isinstance(history, History):
            raise StudyError(
                f"Transfer: expected an earlier study, got {study!r} of type "
                f"{type(study).__name__}. Give a Study, the path or URL of its store, or a pair "
                "of that and its name: Transfer([('old.db', 'last year')])."
            )
        name = str(getattr(study, "name", "study"))
        if len(history.objectives) != 1:
            raise StudyError(
                f"Transfer: the study {name!r} has {len(history.objectives)} objectives, and "
                "rankings need one. Leave it out."
            )
        order = history.best(len(history))
        order = order[np.isfinite(history.Y[order, 0])]
        if len(order) < 2:
            raise StudyError(
                f"Transfer: the study {name!r} has {len(order)} results, and at least two are "
                "needed to learn from. Leave it out."
            )
        if len(order) > MOST:
            rest = order[MOST // 2 :]
            some = rest[np.linspace(0, len(rest) - 1, MOST - MOST // 2).astype(int)]
            order = np.concatenate([order[: MOST // 2], some])
        names = history.space.names
        labels = [history.space.labels(history.raw(int(row))) for row in order]
        rows = tuple(tuple(told.get(n) for n in names) for told in labels)
        return cls(name, names, rows, tuple(history.Y[order, 0].tolist()))


@explained
@dataclass(frozen=True)
class Transfer:
    """Learns from earlier studies of the same model on other data, or of one much like it.

    First come the configurations that were best in them, such that each study has a good one among
    these. After three results each earlier study has a Gaussian process and a weight: how often it
    ranks the new trials better than the other studies do, and better than a process of the new
    trials ranks those that it has not seen. As often as the earlier ones have weight, the weighted
    processes propose; else, and so always when no earlier study is of use, another sampler does.

    Parameters with the same name are the same; unknown ones are dropped, missing ones get their
    default, or the middle of their range. Of each study up to 100 trials are copied into the log
    of the new one: opened again, it goes on with this copy, whatever became of the earlier ones.

    Parameters
    ----------
    studies : sequence
        Earlier ones, minimising what the new one minimises, in any units: each a `Study`, the path
        or URL of the store of one, or a pair of that and a name, ``("old.db", "last year")``. From
        a store they are read when the new study is made.
    sampler : str or Sampler
        Who proposes otherwise.

    Source
    ------
    Feurer, Letham, Hutter and Bakshy (2018), Practical transfer learning for Bayesian optimization
    (RGPE); we draw losses at each point by itself. Wistuba, Schilling and Schmidt-Thieme (2015) for
    the first configurations.
    """

    studies: Sequence[Any] = ()
    sampler: str | Sampler = "auto"
    many_objectives: ClassVar[bool] = False

    def __post_init__(self) -> None:
        given = self.studies
        one = isinstance(given, str | os.PathLike | History) or hasattr(given, "history")
        if one or not isinstance(given, Iterable):
            given = [given]
        made = tuple(x if isinstance(x, Past) or _is_stored(x) else Past.of(x) for x in given)
        if not made:
            raise StudyError(
                f"Transfer: there is no earlier study to learn from in {self.studies!r}. "
                "Give some: Transfer(['old.db'])."
            )
        object.__setattr__(self, "studies", made)
        object.__setattr__(self, "sampler", wrapped.inner(self.sampler))

    @property
    def usual(self) -> bool:
        """As the other sampler."""
        return wrapped.usual(self.sampler)

    def reading(self, read: Callable[[Any, str | None], Any]) -> Transfer:
        """With what is in stores read by a function of a store and a name, which a study has."""
        made = [
            Past.of(read(*(x if isinstance(x, tuple) else (x, None)))) if _is_stored(x) else x
            for x in self.studies
        ]
        return replace(self, studies=made)

    def _read(self) -> tuple[Past, ...]:
        for given in self.studies:
            if not isinstance(given, Past):
                raise StudyError(
                    f"Transfer: {given!r} was not read yet, which a Study does with its sampler. "
                    "Outside of one, open it first: Transfer([Study.open(...)])."
                )
        return tuple(self.studies)

    def as_stored(self, stored: Sampler) -> Sampler:
        """With the earlier studies as they were when the new one began, if it is of the same."""
        if not isinstance(stored, Transfer) or stored.sampler != self.sampler:
            return self
        same = [past.name for past in stored.studies] == [past.name for past in self._read()]
        return stored if same else self

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points."""
        assert not isinstance(self.sampler, str)
        with one_thread():
            earlier = _models(space, self._read())
            planned = _portfolio(space, self._read())[history.proposals :][:k]
            found = [x for x in planned if history.tried(space.raw(x)) is None]
            if earlier and len(found) < k:
                ensemble = _Ensemble(earlier, space, history)
                share = ensemble.weights[:-1].sum()
                found += ensemble.points(int((rng.random(k - len(found)) < share).sum()), rng)
        made = Proposal(np.array(found).reshape(len(found), len(space)))
        if len(found) == k:
            return made
        return wrapped.joined(made, self.sampler.ask(space, history, k - len(found), rng))

    def explain(self, space: Space, history: History) -> str:
        """The weights of the earlier studies, and what proposes the next point."""
        earlier = _models(space, self._read())
        if not earlier:
            told = "No earlier study has a parameter of this one."
        elif history.proposals < len(_portfolio(space, self._read())):
            told = "The start: configurations that were best in earlier studies."
        else:
            weights = _Ensemble(earlier, space, history).weights
            names = [past.name for past in self._read() if _shared(space, past)]
            shown = ", ".join(f"{n} {w:.0%}" for n, w in zip(names, weights, strict=False))
            told = f"Weights of earlier studies: {shown}; of this one: {weights[-1]:.0%}."
        assert not isinstance(self.sampler, str)
        return f"{told} Else: {wrapped.explain(self.sampler, space, history)}"


def _is_stored(given: Any) -> bool:
    """Whether it says where a study is kept: a path, a URL, or a pair of one and a name."""
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str):
        given = given[0]
    return isinstance(given, str | os.PathLike)


# -- earlier studies in this space -----------------------------------------------------------------


def _shared(space: Space, past: Past) -> bool:
    """Whether a study has a parameter of the space that it varied."""
    seen = zip(past.names, zip(*past.rows, strict=True), strict=True)
    return any(n in space and space[n].cells > 1 and len(set(values)) > 1 for n, values in seen)


def _rows(space: Space, past: Past) -> tuple[Array, Ints]:
    """The trials of a study as rows of this space, and which they are.

    Numbers beyond a range lie outside [0, 1]. A trial with an option that is unknown is left out.
    """
    place = {name: at for at, name in enumerate(past.names)}
    made, kept = [], []
    for i, row in enumerate(past.rows):
        raw: dict[str, Raw] = {}
        for name, p in space.items():
            value = row[place[name]] if name in place else None
            told = _raw(p, value)
            if told is None and value is not None and isinstance(p, Choice):
                break
            raw[name] = _usual(p) if told is None else told
        else:
            made.append(raw)
            kept.append(i)
    X = space.rows(made)
    X[~space.active(np.clip(X, 0.0, 1.0))] = np.nan
    return X, np.array(kept, dtype=np.int64)


def _raw(p: Parameter, value: Any) -> Raw | None:
    """The raw value of what a study had there; None where it had nothing that fits."""
    if isinstance(p, Choice):
        label = str(value)
        return p.ids[p.labels.index(label)] if value is not None and label in p.labels else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _usual(p: Parameter) -> Raw:
    if isinstance(p, Choice):
        usual = p.find(p.default)
        return p.ids[0] if usual is None else p.ids[usual]
    return p.from_unit(0.5) if p.default is None else p.raw(p.default, "default")


@lru_cache(maxsize=4)
def _models(space: Space, studies: tuple[Past, ...]) -> tuple[tuple[Posterior, Array], ...]:
    """A process for each study that shares a parameter, and its points, the best first."""
    made = []
    for past in studies:
        X, kept = _rows(space, past)
        if len(X) >= 2 and _shared(space, past):
            made.append((_fitted(embedding(space), X, np.array(past.losses)[kept]), X))
    return tuple(made)


def _fitted(measured: Embedding, X: Array, y: Array) -> Posterior:
    points, z, before = measured(X), normalised(y), prior(measured, trend=True)
    theta = fit(points, z, measured.block, before, before.mean[None], 40)
    return Posterior(points, z, measured.block, Hyper.from_log(theta))


@lru_cache(maxsize=4)
def _portfolio(space: Space, studies: tuple[Past, ...]) -> Array:
    """What to try first: the next is the one that helps most where those before it are not good.

    Returns
    -------
    (up to 3, d)
    """
    models = _models(space, studies)
    if not models:
        return np.empty((0, len(space)))
    X = space.repair(np.vstack([rows[:5] for _, rows in models]))
    measured = embedding(space)
    ranks = np.empty(
        (len(models), len(X))
    )  # share of a study's trials that it expects to do better
    for t, (model, _) in enumerate(models):
        own = model(model.points).mean
        ranks[t] = (own[None] < model(measured(X)).mean[:, None]).mean(axis=1)
    chosen: list[int] = []
    best = np.ones(len(models))
    for _ in range(min(PORTFOLIO, len(models))):
        total = np.minimum(best[:, None], ranks).sum(axis=0)
        total[chosen] = np.inf
        chosen.append(int(np.argmin(total)))
        best = np.minimum(best, ranks[:, chosen[-1]])
    return np.asarray(X[chosen])


# -- the ensemble ----------------------------------------------------------------------------------


class _Ensemble:
    """Processes of earlier studies and of this one, weighted by how well each ranks its trials.

    Attributes
    ----------
    weights : (s + 1,)
        Of the earlier ones, and last of this one. They sum to 1.
    """

    def __init__(
        self, earlier: Sequence[tuple[Posterior, Array]], space: Space, history: History
    ) -> None:
        self.space, self.history, self.measured = space, history, embedding(space)
        done = np.flatnonzero(history.done & np.isfinite(history.Y[:, 0]))[-FITTED:]
        X, y = np.asarray(history.X[done]), history.Y[done, 0]
        self.models = [model for model, _ in earlier]
        if len(done) < FEW:
            self.weights = np.append(np.zeros(len(earlier)), 1.0)
        else:
            own = _fitted(self.measured, X, y)
            rng = np.random.default_rng((history.seed, 0x79A2, len(done)))
            self.weights = weights(self.models, own, self.measured(X), y, rng)
            self.models.append(own)
        best = X[np.argsort(y, kind="stable")[:2]]
        self.near = np.vstack([best, *(rows[:2] for _, rows in earlier)])
        running = np.asarray(history.X[history.running])
        if len(running):
            self._believe(running)

    def _believe(self, X: Array) -> None:
        """Take what each process expects of points that are on their way for observed."""
        points = self.measured(X)
        self.models = [model.seeing(points, model(points).mean) for model in self.models]

    def points(self, k: int, rng: Generator) -> list[Array]:
        """Up to `k` points that promise most and were not tried, one after another."""
        candidates, made = Candidates(self.space, self.history, rng), []
        for _ in range(k):
            near = np.repeat(self.near, POOL // 4 // len(self.near) + 1, axis=0)
            row = candidates.climbed(self._promise, candidates.pool(near, POOL, MOVED))
            if row is None:
                break
            self._believe(row[None])
            candidates.take(row)
            made.append(row)
        return made

    def _promise(self, X: Array) -> Array:
        """Mean and variance are sum_i w_i mean_i and sum_i w_i^2 variance_i."""
        points = self.measured(X)
        mean, variance = np.zeros(len(X)), np.zeros(len(X))
        for weight, model in zip(self.weights, self.models, strict=False):
            if weight > 0:
                belief = model(points)
                mean += weight * belief.mean
                variance += weight**2 * belief.variance
        return LowerBound(KAPPA)(mean, variance, np.zeros(len(X)))


def weights(
    earlier: Sequence[Posterior], own: Posterior, points: Any, y: Array, rng: Generator
) -> Array:
    """How often each model has the fewest pairs of trials in the wrong order, over draws of losses.

    The model of these trials is judged on each as if it had not seen it. Where it does as well as
    an earlier one, it is preferred. An earlier one whose median count exceeds what this model's
    reaches in 95 of 100 draws gets no weight.

    Parameters
    ----------
    points : Points
        n of them, with losses `y` (n,).

    Returns
    -------
    (s + 1,)
        Of the earlier models, and last of `own`. They sum to 1.
    """
    order = y[:, None] < y[None, :]
    counts = np.empty((len(earlier) + 1, DRAWS))
    for t, model in enumerate(earlier):
        belief = model(points)
        F = _drawn(belief.mean, belief.variance, rng)
        counts[t] = ((F[:, :, None] < F[:, None, :]) != order).sum(axis=(1, 2))
    F = _drawn(*own.left_out(), rng)
    # Each trial's foreseen loss against the losses of the others, which were seen.
    wrong = (F[:, :, None] < own.y[None, None, :]) != order
    counts[-1] = (wrong & ~np.eye(len(y), dtype=bool)).sum(axis=(1, 2))
    poor = np.median(counts[:-1], axis=1) > np.quantile(counts[-1], 0.95)
    counts[:-1][poor] = np.inf
    # Of equal counts the last, its own, wins.
    winner = len(counts) - 1 - np.argmin(counts[::-1], axis=0)
    return np.asarray(np.bincount(winner, minlength=len(counts)) / DRAWS)


def _drawn(mean: Array, variance: Array, rng: Generator) -> Array:
    return np.asarray(mean + np.sqrt(variance) * rng.standard_normal((DRAWS, len(mean))))
