"""New points, the sampler's and others in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.parameters import Array
from luthier.parts import Job, Sampler
from luthier.schedulers.full import start
from luthier.schedulers.rungs import reached, standing
from luthier.space import Space

LATELY = 12  # points of each kind by which it is seen whether a sampler repeats itself
TOLD = 100  # configurations that the sampler is told of: those that came furthest, and the last


def mixed(
    space: Space,
    seen: History,
    rung: int,
    sampler: Sampler,
    X: Array,
    given: Sequence[float],
    rng: Generator,
) -> list[Job]:
    """New points X (k, d) that run up to the steps `given`, every second of them replaced by one of
    the sampler's; fewer where it has nothing left to propose.

    Parameters
    ----------
    seen : History
        Merged, see `History.merged`.
    rung : int
        The step at which losses of both kinds are compared: none is replaced while the sampler
        repeats what was seen there and the other points do not.
    """
    fresh = _fresh(seen, rung)
    asked = [i for i in range(len(given)) if fresh and (len(seen) + i) % 2 == 0]
    jobs = [Job(x, 0, level) for x, level in zip(X, given, strict=True)]
    if not asked:
        return jobs
    made = start(space, _told(seen), sampler, len(asked), rng)
    if len(made) < len(asked):  # nothing is left to begin
        jobs, asked = jobs[: len(made)], list(range(len(made)))
    for i, job in zip(asked, made, strict=True):
        jobs[i] = replace(job, budget=given[i])
    return jobs


def _told(seen: History) -> History:
    """What the sampler is shown: who came furthest, so that a proposal costs no more in the end.

    Those that go on are the best. With many workers most of them run, and a sampler that waits for
    how they end would know the others only.
    """
    far = np.where(seen.done | seen.running, np.inf, reached(seen))
    order = np.lexsort((-np.arange(len(seen)), -far))[:TOLD]
    return (seen if len(seen) <= TOLD else seen.only(np.sort(order))).halted()


def _fresh(seen: History, rung: int) -> bool:
    """Whether points at the sampler's turns still tell something new, half as often as others.

    A loss that was there before tells nothing. While the sampler waits, its turns are the others'
    too, so that old repeats are forgotten and it is asked again.
    """
    losses = standing(seen, rung)
    new = np.zeros(len(seen), dtype=bool)
    new[np.unique(losses, return_index=True)[1]] = True
    turns = np.arange(len(seen)) % 2
    told = ~np.isnan(losses)
    shares = [new[told & (turns == j)][-LATELY:] for j in (0, 1)]
    return min(map(len, shares)) == 0 or bool(2 * shares[0].mean() >= shares[1].mean())
