"""The interfaces on one page: Sampler, Scheduler, Store, and what passes between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from numpy.random import Generator

from luthier.history import Event, History
from luthier.parameters import Array, Ints
from luthier.space import Space


@dataclass(frozen=True, slots=True)
class Proposal:
    """Points to try.

    Parameters
    ----------
    X : (up to k, d)
        Rows of the unit cube; fewer than were asked for when there is nothing left to try.
    tag : (up to k,) int, or int
        Stored with each trial and given back in ``history.tag``.
    """

    X: Array
    tag: Ints | int = 0


@runtime_checkable
class Sampler(Protocol):
    """Proposes points. What it remembers between calls is a cache that the log can rebuild."""

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """Up to `k` points to try next.

        Parameters
        ----------
        history : History
            One row per draw, in that order; RUNNING rows are pending. It must not be changed.
        rng : Generator
            The only source of chance, seeded by the study's seed and the draw.
        """
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What a free worker should do: try `x` up to step `budget`, going on from trial `parent`."""

    x: Array
    tag: int = 0
    budget: float = math.inf
    parent: int = -1


@runtime_checkable
class Scheduler(Protocol):
    """Decides who starts, who goes on from whom, and who stops."""

    def next(
        self, space: Space, history: History, sampler: Sampler, k: int, rng: Generator
    ) -> list[Job]:
        """Up to `k` jobs for free workers."""
        ...

    def keep(self, history: History, row: int) -> bool:
        """Whether the running trial in this row, which has just reported, may go on."""
        ...


class Store(Protocol):
    """Keeps the events of one study, in order."""

    def append(self, events: Sequence[Event]) -> None:
        """Add events, all or none; on return they survive a crash of any process.

        Raises
        ------
        Conflict
            If a trial of that number was created, or a trial was finished, by someone else.
        StoreError
            If they cannot be written.
        """
        ...

    def read(self, after: int = 0) -> list[tuple[int, Event]]:
        """Events with a cursor above `after`, in order, each with its cursor."""
        ...

    def close(self) -> None:
        """Give back what is held; the study can be opened again."""
        ...
