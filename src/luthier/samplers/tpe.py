"""Tree-structured Parzen estimator: tries what good trials have in common and bad ones have not."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from luthier.history import History, State
from luthier.keywords import explained
from luthier.numerics.design import balanced
from luthier.numerics.leading import leading
from luthier.numerics.parzen import Layout, Parzen
from luthier.numerics.threads import one_thread
from luthier.parameters import Array, Choice, Ints, Parameter
from luthier.parts import Proposal
from luthier.samplers.likely import trust
from luthier.samplers.start import headed
from luthier.space import Space

# Figures: normalised regret, mean over 60 trials of 14 tasks, 12 seeds; standard error 0.006.
FIRST = 6  # points of the start design; 0.231, and 0.240 with 10
SHARE = 0.15  # of the trials that ended are good; 0.233, as with 0.2, and 0.008 more with 0.3
MOST = 25  # good trials per objective
NEAR, FAR = 200, 200  # bad trials with a kernel each: those that were almost good; of the rest
CANDIDATES = 24  # more look further into the tails: 0.01 more with 64
SCALE = 0.7  # of Scott's width; 0.229, and 0.240 with 0.5, 0.231 with 1
FINE = 1000  # a number with more values counts as continuous


@explained
@dataclass(frozen=True)
class TPE:
    """Fits one density to good trials and one to the others, and tries where they differ most.

    The first points are the default configuration, where it is known, or what parameters of
    well-known names usually are, and a Latin hypercube in which every option comes equally often.
    Then candidates are drawn from the density of the good trials, and the one where it exceeds that
    of the others most is tried. Good are the best 15 in 100, at most 25, the best among them
    counting most. Trials that fail, and those that are running, count as bad. Trials that were
    stopped rank after those that ended, by how far they came and then by what they reported last.
    What parameters have as `likely` draws half of the first points and a third of the candidates,
    and multiplies the ratio of the densities, to a power that falls as trials add up. Of several
    objectives, those are good that no other dominates, and so on, chosen far from each other.

    Parameters
    ----------
    usual : bool
        Begin with what parameters of well-known names usually are.

    Source
    ------
    Bergstra, Bardenet, Bengio and Kegl (2011). Joint kernels over all parameters as in Falkner,
    Klein and Hutter (2018); ranks by domination as in Ozaki, Tanigaki, Watanabe, Nomura and
    Onishi (2022). We differ in the share and weights of good trials and in the widths of kernels
    (see `Parzen`): each was chosen by experiment among what Watanabe (2023) compares.
    """

    usual: bool = True
    many_objectives: ClassVar[bool] = True

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points."""
        made = np.empty((k, len(space)))
        planned = max(min(FIRST - history.proposals, k), 0)
        if planned:
            made[:planned] = _start(space, history.seed, self.usual)[history.proposals :][:planned]
        if planned < k:
            with one_thread():
                _propose(space, history, made, planned, rng)
        return Proposal(made)


@lru_cache(maxsize=8)
def _start(space: Space, seed: int, usual: bool) -> Array:
    """The default or a guess, where there is one, then a balanced design. Shape (FIRST, d)."""
    levels = tuple(int(p.cells) if _is_loose(p) else 0 for _, p in space.items())
    rng = np.random.default_rng((seed, 0x79E))
    made = space.repair(balanced(FIRST, levels, rng))
    return headed(space, made, rng, usual)


def _propose(space: Space, history: History, made: Array, start: int, rng: Generator) -> None:
    """Fill the rows of `made` from `start` on, each with those before it taken as running."""
    columns, X = layout(space), history.X
    good, weights, bad, shares = split(history)
    better = Parzen(columns, X[good], weights, scale=SCALE, least=_least(len(good)))
    finite = space.size < math.inf
    taken = {space.key(space.raw(x)) for x in made[:start]} if finite else set()
    faith = trust(space, history)
    for i in range(start, len(made)):
        others, weights = np.vstack([X[bad], made[:i]]), np.append(shares, np.ones(i))
        worse = Parzen(columns, others, weights, scale=SCALE, least=_least(len(others)))
        # If all candidates are forbidden, or were tried, uniform draws take their place.
        for drawn in (better.draw(CANDIDATES, rng), None):
            if drawn is not None and faith:
                drawn[::3] = space.fill(space.sample(len(drawn[::3]), rng, likely=True))
            rows = space.snap(space.sample(4 * CANDIDATES, rng) if drawn is None else drawn)
            rows[~space.active(rows)] = math.nan
            rows = rows[space.allowed(rows)]
            score = better.log_density(rows) - worse.log_density(rows)
            if faith:
                score += faith * space.log_likely(rows)
            rows = rows[np.argsort(-score, kind="stable")]
            fresh = _untried(space, history, rows, taken) if finite else 0
            if len(rows):
                made[i] = rows[fresh or 0]
            if len(rows) and fresh is not None:
                break
        if finite:
            taken.add(space.key(space.raw(made[i])))


def _untried(space: Space, history: History, rows: Array, taken: set[Hashable]) -> int | None:
    """Which row is the first that was not tried, nor is about to be."""
    for i, x in enumerate(rows):
        raw = space.raw(x)
        if history.tried(raw) is None and space.key(raw) not in taken:
            return i
    return None


def _least(n: int) -> float:
    """The least width of n kernels; 0.03 more (see above) where it is always 0.01."""
    return 1 / min(100, n + 2)


# -- the space as columns --------------------------------------------------------------------------


@lru_cache(maxsize=8)
def layout(space: Space) -> Layout:
    kinds: dict[str, list[int]] = {"smooth": [], "stepped": [], "loose": []}
    for j, (_, p) in enumerate(space.items()):
        stepped = isinstance(p, Choice) or p.cells <= FINE
        kinds["loose" if _is_loose(p) else "stepped" if stepped else "smooth"].append(j)
    counts = np.array(
        [0 if j in kinds["smooth"] else p.cells for j, (_, p) in enumerate(space.items())],
        dtype=np.int64,
    )
    edges = [
        _edges(p) if j in kinds["stepped"] and p.log else None
        for j, (_, p) in enumerate(space.items())
    ]
    columns = {kind: np.array(found, dtype=np.int64) for kind, found in kinds.items()}
    return Layout(**columns, counts=counts, edges=edges)


def _is_loose(p: Parameter) -> bool:
    """Whether it is a choice without an order."""
    return isinstance(p, Choice) and not p.ordered


def _edges(p: Parameter) -> Array:
    """Where the cells of a number begin, and at last 1, from their middles."""
    middles = p.centre(np.arange(p.cells))
    signs = (-1.0) ** np.arange(len(middles))
    # edge[i + 1] = 2 * middle[i] - edge[i], summed up
    return np.concatenate([[0.0], 2 * signs * np.cumsum(signs * middles)])


# -- good and bad trials ---------------------------------------------------------------------------


def split(history: History) -> tuple[Ints, Array, Ints, Array]:
    """Rows of good trials and their weights, rows of bad ones and theirs."""
    told, n = ranked(history), len(history) - history.counts[State.RUNNING]
    m = len(history.objectives)
    wanted = min(math.ceil(SHARE * n), MOST * m) if n >= FIRST else 0
    k = min(wanted, -(-len(told) // 2))
    good, rest = told[:k], told[k:]
    # As for the parents in evolution strategies: the best has log(k + 1), the last hardly anything.
    weights = np.log((k + 1) / np.arange(1, k + 1)) if m == 1 else np.ones(k)
    silent = np.ones(len(history), dtype=bool)
    silent[told] = False
    others = np.flatnonzero(silent)[::-1]  # running and failed ones, the latest first
    bad, shares = _thinned(rest)
    more, parts = _thinned(others)
    return good, weights, np.concatenate([bad, more]), np.concatenate([shares, parts])


def _thinned(rows: Ints) -> tuple[Ints, Array]:
    """The first NEAR rows and some of the others, each for as many as it stands for."""
    if len(rows) <= NEAR + FAR:
        return rows, np.ones(len(rows))
    far = rows[NEAR:][np.linspace(0, len(rows) - NEAR - 1, FAR).astype(np.int64)]
    shares = np.repeat([1.0, (len(rows) - NEAR) / FAR], [NEAR, FAR])
    return np.concatenate([rows[:NEAR], far]), shares


def ranked(history: History) -> Ints:
    """Rows of trials that told how good they are, best first.

    These are feasible DONE trials, then STOPPED ones by what they reported last, then DONE
    ones that break a constraint, by how far.
    """
    Y, done, feasible = history.Y, history.done, history.feasible
    rows = np.flatnonzero(done & feasible & ~np.isnan(Y).any(axis=1))
    if Y.shape[1] == 1:
        made = rows[np.argsort(Y[rows, 0], kind="stable")]
    else:
        # Only the first ones are told apart with care; no more will be good.
        first = rows[leading(Y[rows], MOST * Y.shape[1])]
        rest = np.setdiff1d(rows, first)
        made = np.concatenate([first, rest[np.argsort(_mean_rank(Y[rest]), kind="stable")]])
    parts = [made]
    if history.counts[State.STOPPED]:
        parts.append(_stopped(history))
    rows = np.flatnonzero(done & ~feasible & ~np.isnan(Y).any(axis=1))
    if len(rows):
        parts.append(rows[np.argsort(history.violation[rows], kind="stable")])
    return np.concatenate(parts)


def _stopped(history: History) -> Ints:
    """Rows of STOPPED trials that reported numbers: the longest first, then the best."""
    last = np.full(len(history), -1)
    last[history.owner] = np.arange(len(history.owner))
    rows = np.flatnonzero(history.stopped & (last >= 0))
    at = last[rows]
    value = history.value[at]
    good = ~np.isnan(value).any(axis=1)
    rows, step, value = rows[good], history.step[at[good]], value[good]
    return np.asarray(rows[np.lexsort((_mean_rank(value), -step))])


def _mean_rank(Y: Array) -> Array:
    """The mean over objectives of each row's rank. Shape (n,)."""
    ranks = np.argsort(np.argsort(Y, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(ranks.mean(axis=1))
