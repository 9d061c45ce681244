"""What to try next, as a function of the log: the body of the next `created` event."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.errors import SpaceError, StudyError
from luthier.events import State
from luthier.history import History
from luthier.outcome import plain
from luthier.parameters import Array, Raw
from luthier.parts import Job, Proposal, Sampler, Scheduler
from luthier.samplers import wrapped
from luthier.schedulers.rungs import hopeful
from luthier.space import Space

FEW, MANY = 100, 1000  # draws in search of a point that was not tried


def propose(
    history: History,
    sampler: Sampler,
    scheduler: Scheduler,
    *,
    dynamic: bool,
    fixed: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Draw and parameters of the next trial, or None when nothing is left to try.

    First come lost trials, which keep their draw and parameters, then queued configurations, then
    what the sampler proposes to the scheduler; or a queued one in the sampler's place, where the
    scheduler is to say how much that is given. Chance comes from the study's seed and the draw. A
    point that was tried already is replaced by one that was not.

    Parameters
    ----------
    history : History
        The whole log.
    dynamic : bool
        The space is defined by running, so it may still be empty.
    fixed : mapping, optional
        Values that some parameters keep: sampler and scheduler see a space that has no others.
    """
    space, hints = fixed_space(history.space, fixed or {}, dynamic=dynamic)
    for row in history.retries():
        body = {"draw": int(history.draw[row]), "params": history.raw(row), "parent": row}
        if math.isfinite(history.budget[row]):
            body["budget"] = float(history.budget[row])
        return body | ({"tag": int(history.tag[row])} if history.tag[row] else {})
    draw = history.proposals
    rng = np.random.default_rng(np.random.SeedSequence(history.seed, spawn_key=(draw,)))
    begun: dict[str, Any] = {"draw": draw}
    if dynamic and wrapped.usual(sampler) and not history.counts[State.RUNNING]:
        begun["usual"] = True  # trials side by side would be too much alike
    queued, x = dict[str, Any](), np.empty(0)
    if history.queue:
        entry = history.queue[0]
        told = {**hints, **entry.get("hints", {})}
        queued = begun | {"params": space.complete(entry["params"], rng)}
        queued |= ({"hints": told} if told else {}) | {"queued": entry["queued"]}
        if entry.get("whole", True):
            return queued
        x = space.rows([queued["params"]])[0]
        sampler = _Given(x[None])
    elif not len(space):
        # Without parameters there is one point; unless the objective has yet to name them.
        if not dynamic:
            return None if len(history) else {"draw": draw, "params": {}}
        sampler = _Given(np.empty((1, 0)))
    taken = False
    for part, seen in _views(history, space, fixed or {}, dynamic):
        jobs = scheduler.next(part, seen, sampler, 1, rng)
        if not jobs:
            continue
        job = jobs[0]
        taken = bool(queued) and job.parent < 0 and np.array_equal(job.x, x, equal_nan=True)
        raw = queued["params"] if taken else _raw(history, part, seen, job, rng)
        if raw is not None:
            break
    else:
        ahead = _leader(history)
        if ahead is None:
            return None
        job, raw = ahead
    body = queued if taken else begun | {"params": raw}
    if job.tag:
        body["tag"] = int(job.tag)
    if job.parent >= 0:
        body["parent"] = int(job.parent)
    if job.budget != math.inf:
        body["budget"] = float(job.budget)
    if hints and not taken:
        body["hints"] = hints
    return body


def _leader(history: History) -> tuple[Job, dict[str, Raw]] | None:
    """Where a scheduler has nothing left to begin and lets nobody go on: who was given less than
    the whole and is ahead of all that had it. In a small space nobody might come to the end."""
    seen = history.seen().merged()
    if seen.fidelity is None or history.counts[State.RUNNING]:
        return None
    most = float(seen.fidelity.most)
    row = hopeful(seen, seen.budget < most)
    if row is None:
        return None
    number, tag = int(seen.number[row]), int(seen.tag[row])
    raw = {**history.asked(number)[-1], **history.raw(number)}
    return Job(seen.X[row], tag, parent=number), raw


def _views(
    history: History, space: Space, fixed: Mapping[str, Any], dynamic: bool
) -> Iterator[tuple[Space, History]]:
    """Where a point is looked for. A space that is defined by running has first the conditions
    that trials have shown; by these alone it may seem that nothing is left to try."""
    seen = history.seen()
    if dynamic:
        learned, part = seen.learned(), None
        with suppress(SpaceError):  # fixed values that were never seen together
            part, _ = fixed_space(learned.space, fixed, dynamic=True)
        if learned is not seen and part is not None:
            yield part, learned if part is learned.space else learned.within(part)
    yield space, seen if space is history.space else seen.within(space)


def _raw(
    history: History, space: Space, seen: History, job: Job, rng: np.random.Generator
) -> dict[str, Raw] | None:
    """The raw parameters of a job; None where its point was tried and none is left that was not."""
    raw = space.raw(job.x)
    if job.parent >= 0:
        row = int(np.flatnonzero(seen.number == job.parent)[0])
        if np.array_equal(job.x, seen.X[row], equal_nan=True):
            # It goes on, to the last digit; also with what it has not asked for yet.
            return {**history.asked(job.parent)[-1], **history.raw(job.parent)}
    elif len(space) and history.tried(raw) is not None:
        return _untried(space, history, rng)
    return raw


@dataclass(frozen=True)
class _Given:
    """A sampler that proposes one point (1, d)."""

    X: Array

    def ask(self, space: Space, history: History, k: int, rng: np.random.Generator) -> Proposal:
        return Proposal(self.X)


def fixed_space(
    space: Space, fixed: Mapping[str, Any], *, dynamic: bool
) -> tuple[Space, dict[str, Any]]:
    """The space in which some parameters keep a value, and values of names not known yet.

    Raises
    ------
    SpaceError
        If a name is unknown, a value does not fit, or some of them exclude each other.
    StudyError
        If they are no names and values.
    """
    if not isinstance(fixed, Mapping):
        raise StudyError(f"fixed: expected a dict from names to values, got {fixed!r}.")
    known = {name: value for name, value in fixed.items() if not dynamic or name in space}
    hints = {name: plain(value) for name, value in fixed.items() if name not in known}
    return (space.fix(known) if known else space), hints


def _untried(space: Space, history: History, rng: np.random.Generator) -> dict[str, Raw] | None:
    """A point that was not tried, drawn uniformly; None when there is none, or none is found."""

    def drawn(k: int) -> dict[str, Raw] | None:
        raws = map(space.raw, space.sample(k, rng))
        return next((raw for raw in raws if history.tried(raw) is None), None)

    found = drawn(FEW)
    if found is not None or space.size == math.inf:
        return found or drawn(MANY)
    left = [raw for raw in space.points() if history.tried(raw) is None]
    return left[int(rng.integers(len(left)))] if left else None
