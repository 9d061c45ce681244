"""Event and History: what happened, and the same as arrays.

A study is a log of events; `History` folds them into columns with one row per trial, and
everything else reads those. Only `History.apply` changes a history.

Kinds of events, and what their bodies hold:

========  =========================================================================================
opened    space, objectives, seed, sampler, scheduler, settings, and about: versions and machine
grew      space: all parameters from here on; or parameters: those added or widened
queued    params: a configuration to try next; again: even if it was tried before
created   draw, params; where they matter: parent, tag, budget, queued (which entry), owner
reported  step, loss: one number per objective; metrics: whatever else was reported
finished  state; for DONE loss and metrics; params if the trial asked for others than it was given;
          error (kind, message, traceback) for FAILED and LOST; seconds
noted     facts: anything worth keeping, about a trial or about the study
========  =========================================================================================

``params`` are raw values (see `luthier.parameters`), and a loss is always minimised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.parameters import Array, Ints, Raw
from luthier.space import Mask, Space

KINDS = ("opened", "grew", "queued", "created", "reported", "finished", "noted")


class State(IntEnum):
    """How a trial stands."""

    RUNNING = 0
    DONE = 1  #: returned a valid result
    STOPPED = 2  #: ended early after `should_stop` said so; its reports remain
    FAILED = 3  #: raised, gave no valid number, or broke a limit
    LOST = 4  #: its process is gone


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    trial : int or None
        The trial's number; None for what concerns the study.
    at : float
        When, in UNIX seconds.
    body : dict
        Plain data, see the top of this module.
    by : str
        Which open study wrote it, so that it knows its own events when it reads them back.
    """

    kind: str
    trial: int | None
    at: float
    body: dict[str, Any] = field(default_factory=dict)
    by: str = ""


@dataclass(frozen=True)
class Objective:
    """A named number to make small, or large."""

    name: str
    maximize: bool = False

    @property
    def sign(self) -> int:
        """Multiplies what the user reads to give a loss, and a loss to give it back."""
        return -1 if self.maximize else 1

    def __str__(self) -> str:
        return f"{'maximize' if self.maximize else 'minimize'} {self.name}"


def _view(array: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    made = array[:n]
    made.flags.writeable = False
    return made


class History:
    """The log of a study as read-only arrays; row i is trial number i.

    Attributes
    ----------
    space : Space
        The parameters as they are now; earlier rows are encoded in it.
    objectives : tuple of Objective
        m of them.
    seed : int
        The study's seed.
    X : (n, d)
        Points in the unit cube, NaN where inactive. Rows from before the space changed may lie
        outside [0, 1].
    Y : (n, m)
        Losses, minimised; NaN unless the trial is DONE.
    G : (n, c)
        Constraint excess, feasible where <= 0.
    state : (n,)
        See `State`.
    number, draw, parent, tag : (n,) int
        The trial's number; the index of its proposal, which a retry shares with its parent; the
        trial that it goes on from, or -1; the sampler's bookmark.
    budget : (n,)
        It may run up to this step.
    started, finished : (n,)
        UNIX seconds; NaN where unknown.
    owner, step, value : (r,), (r,), (r, m)
        Reports in the order in which they came: the row of the trial, the step, the losses.
    """

    def __init__(
        self,
        space: Space | None = None,
        *,
        objectives: Sequence[Objective] = (Objective("loss"),),
        seed: int = 0,
    ) -> None:
        self.space = Space() if space is None else space
        self.objectives = tuple(objectives)
        self.seed = seed
        self.opened: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}  # facts about the study, the latest of each name
        self.counts = [0] * len(State)
        self.proposals = 0  # how many draws there were
        self.queue: list[dict[str, Any]] = []  # queued configurations that nobody has taken yet
        self._taken = 0
        self._n = self._r = 0
        self._raws: list[dict[str, Raw]] = []
        self._bodies: list[dict[str, Any]] = []  # what finished said of each trial
        self._facts: list[dict[str, Any] | None] = []
        self._metrics: list[dict[int, dict[str, Any]] | None] = []  # reported, by step
        self._tried: dict[Any, int] = {}
        self._retried: set[int] = set()  # lost trials that were tried again
        self._attempts: dict[int, int] = {}  # how often a draw was tried, if more than once
        self._encoded = 0  # rows of _X that are up to date, but for those in _stale
        self._stale: set[int] = set()
        self._plain = True  # every row is its own draw, none is lost
        self._seen: tuple[int, History] | None = None
        self._version = 0
        self._reserve(16, 16)

    def _reserve(self, rows: int, reports: int) -> None:
        """Room for more rows; the columns grow by doubling."""
        m, d = len(self.objectives), len(self.space)

        def grown(name: str, shape: tuple[int, ...], fill: Any, kind: Any) -> None:
            made = np.full(shape, fill, dtype=kind)
            old = getattr(self, name, None)
            if old is not None and old.shape[1:] == shape[1:]:
                made[: len(old)] = old[: shape[0]]
            setattr(self, name, made)

        if rows > len(getattr(self, "_state", ())):
            rows = max(rows, 2 * self._n)
            for name in ("_state", "_tag", "_draw"):
                grown(name, (rows,), 0, np.int64)
            grown("_number", (rows,), 0, np.int64)
            grown("_parent", (rows,), -1, np.int64)
            grown("_budget", (rows,), math.inf, np.float64)
            grown("_started", (rows,), math.nan, np.float64)
            grown("_ended", (rows,), math.nan, np.float64)
            grown("_Y", (rows, m), math.nan, np.float64)
            grown("_X", (rows, d), math.nan, np.float64)
        if reports > len(getattr(self, "_owner", ())):
            reports = max(reports, 2 * self._r)
            grown("_owner", (reports,), 0, np.int64)
            grown("_step", (reports,), 0, np.int64)
            grown("_value", (reports, m), math.nan, np.float64)

    # -- folding the log --------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Add one event. Events must come in the order of the log."""
        self._version += 1
        getattr(self, "_" + event.kind)(event.trial, event.at, event.body)

    def _opened(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        self.opened = {**body, "at": at}
        self.seed = body.get("seed", 0)
        self.objectives = tuple(Objective(name, bool(up)) for name, up in body["objectives"])
        self._n = self._r = 0
        for name in ("_state", "_owner"):
            delattr(self, name)
        self._reserve(16, 16)
        self._reshape(Space.from_json(body["space"]))

    def _grew(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        if "space" in body:
            self._reshape(Space.from_json(body["space"]))
        else:
            added = Space.from_json({"parameters": body["parameters"]})
            self._reshape(self.space.grow(dict(added.items())))

    def _reshape(self, space: Space) -> None:
        """Take another space; earlier rows are encoded in it when somebody asks for them."""
        self.space = space
        self._X = np.full((len(self._state), len(space)), np.nan)
        self._encoded = 0
        self._stale.clear()
        self._tried = {space.key(raw): i for i, raw in reversed(list(enumerate(self._raws)))}

    def dress(self, space: Space) -> None:
        """Put a space with the script's own objects in place of the labels that the log has."""
        self._reshape(space)

    def _queued(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        self.queue.append({**body, "queued": self._taken + len(self.queue)})

    def _created(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        i = self._n
        if trial != i:
            raise ValueError(f"the log is damaged: trial {trial} was created, expected {i}")
        if i >= len(self._state):
            self._reserve(2 * i, 0)
        raw, draw, parent = body["params"], body["draw"], body.get("parent", -1)
        self._number[i], self._draw[i], self._started[i] = i, draw, at
        if parent >= 0:
            self._parent[i] = parent
            if self._draw[parent] == draw:
                self._retried.add(parent)
                self._attempts[draw] = self._attempts.get(draw, 1) + 1
        if "tag" in body:
            self._tag[i] = body["tag"]
        if "budget" in body:
            self._budget[i] = body["budget"]
        self._raws.append(raw)
        self._bodies.append(body)
        self._facts.append(None)
        self._metrics.append(None)
        self._tried.setdefault(self.space.key(raw), i)
        if draw != i:
            self._plain = False
        self.proposals = max(self.proposals, draw + 1)
        self.counts[State.RUNNING] += 1
        self._n = i + 1
        if body.get("queued") is not None:
            while self._taken <= body["queued"]:
                self.queue.pop(0)
                self._taken += 1

    def _reported(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        assert trial is not None
        r = self._r
        if r >= len(self._owner):
            self._reserve(0, 2 * r)
        self._owner[r], self._step[r], self._value[r] = trial, body["step"], body["loss"]
        self._r = r + 1
        if body.get("metrics"):
            kept = self._metrics[trial]
            if kept is None:
                kept = self._metrics[trial] = {}
            kept[body["step"]] = body["metrics"]

    def _finished(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        assert trial is not None
        state = State[body["state"]]
        self.counts[self._state[trial]] -= 1
        self.counts[state] += 1
        self._state[trial] = state
        self._ended[trial] = at
        if state is State.DONE:
            self._Y[trial] = body["loss"]
        elif state is State.LOST:
            self._plain = False
            key = self.space.key(self._raws[trial])
            if self._tried.get(key) == trial:
                del self._tried[key]
        if "params" in body:
            self._raws[trial] = body["params"]
            self._tried.setdefault(self.space.key(body["params"]), trial)
            self._stale.add(trial)
        self._bodies[trial] = body

    def _noted(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        if trial is None:
            self.notes.update(body["facts"])
        else:
            self._facts[trial] = {**(self._facts[trial] or {}), **body["facts"]}

    # -- columns ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._n

    @property
    def X(self) -> Array:
        """(n, d) points in the unit cube, NaN where inactive."""
        if self._encoded < self._n:
            new = slice(self._encoded, self._n)
            self._X[new] = self.space.rows(self._raws[new])
            self._stale = {i for i in self._stale if i < self._encoded}
            self._encoded = self._n
        for i in self._stale:
            self._X[i] = self.space.rows([self._raws[i]])[0]
        self._stale.clear()
        return _view(self._X, self._n)

    @property
    def Y(self) -> Array:
        """(n, m) losses, NaN unless DONE."""
        return _view(self._Y, self._n)

    @property
    def G(self) -> Array:
        """(n, c) constraint excess."""
        return np.empty((self._n, 0))

    @property
    def state(self) -> Ints:
        """(n,) the `State` of each trial."""
        return _view(self._state, self._n)

    @property
    def number(self) -> Ints:
        """(n,) trial numbers."""
        return _view(self._number, self._n)

    @property
    def draw(self) -> Ints:
        """(n,) indices of proposals."""
        return _view(self._draw, self._n)

    @property
    def parent(self) -> Ints:
        """(n,) the number of the trial that it goes on from, or -1."""
        return _view(self._parent, self._n)

    @property
    def tag(self) -> Ints:
        """(n,) the sampler's bookmarks."""
        return _view(self._tag, self._n)

    @property
    def budget(self) -> Array:
        """(n,) the step up to which each trial may run."""
        return _view(self._budget, self._n)

    @property
    def started(self) -> Array:
        """(n,) UNIX seconds."""
        return _view(self._started, self._n)

    @property
    def finished(self) -> Array:
        """(n,) UNIX seconds, NaN while running."""
        return _view(self._ended, self._n)

    @property
    def owner(self) -> Ints:
        """(r,) the row of the trial that made each report."""
        return _view(self._owner, self._r)

    @property
    def step(self) -> Ints:
        """(r,) the step of each report."""
        return _view(self._step, self._r)

    @property
    def value(self) -> Array:
        """(r, m) the losses of each report."""
        return _view(self._value, self._r)

    @property
    def running(self) -> Mask:
        """(n,) trials that have not ended."""
        return self.state == State.RUNNING

    @property
    def done(self) -> Mask:
        """(n,) trials with a valid result."""
        return self.state == State.DONE

    @property
    def stopped(self) -> Mask:
        """(n,) trials that were ended early."""
        return self.state == State.STOPPED

    @property
    def failed(self) -> Mask:
        """(n,) trials without a valid result, by their own fault."""
        return self.state == State.FAILED

    @property
    def lost(self) -> Mask:
        """(n,) trials whose process is gone."""
        return self.state == State.LOST

    @property
    def feasible(self) -> Mask:
        """(n,) trials that break no constraint."""
        return np.asarray((self.G <= 0).all(axis=1))

    @property
    def ended(self) -> int:
        """How many trials are DONE, STOPPED or FAILED: what ``trials=`` counts."""
        return self._n - self.counts[State.RUNNING] - self.counts[State.LOST]

    # -- single trials ----------------------------------------------------------------------------

    def raw(self, row: int) -> dict[str, Raw]:
        """Raw parameters of one trial."""
        return self._raws[row]

    def params(self, row: int) -> dict[str, Any]:
        """Parameters of one trial, as its objective got them."""
        return self.space.values(self._raws[row])

    def facts(self, row: int) -> dict[str, Any]:
        """What the trial noted."""
        return self._facts[row] or {}

    def metrics(self, row: int) -> dict[str, Any]:
        """What else the trial returned beside its objectives, as the user gave it."""
        made: dict[str, Any] = self._bodies[row].get("metrics", {})
        return made

    def error(self, row: int) -> dict[str, Any] | None:
        """Kind, message and traceback of what ended a failed or lost trial."""
        return self._bodies[row].get("error")

    def seconds(self, row: int) -> float:
        """How long the trial ran; NaN while it runs."""
        told = self._bodies[row].get("seconds")
        return float(told if told is not None else self._ended[row] - self._started[row])

    def reported(self, row: int) -> dict[int, dict[str, Any]]:
        """Reported metrics beside the objectives, by step."""
        return self._metrics[row] or {}

    def curve(self, row: int) -> tuple[Ints, Array]:
        """Steps (s,) and losses (s, m) that one trial reported, in the order they came."""
        at = np.flatnonzero(self.owner == row)
        return self.step[at], self.value[at]

    def tried(self, raw: Mapping[str, Raw]) -> int | None:
        """The first trial with these parameters that is not lost, or None."""
        return self._tried.get(self.space.key(raw))

    def created(self, row: int) -> dict[str, Any]:
        """The owner and queue entry of a running trial, as its `created` event said."""
        return self._bodies[row]

    def retries(self) -> list[int]:
        """Lost trials that nobody has tried again, in the order of their draws."""
        if self.counts[State.LOST] == len(self._retried):
            return []
        rows = [int(i) for i in np.flatnonzero(self.lost) if int(i) not in self._retried]
        return sorted(rows, key=lambda i: int(self._draw[i]))

    def attempts(self, row: int) -> int:
        """How many trials there were with the draw of this one."""
        return self._attempts.get(int(self._draw[row]), 1)

    # -- other ways to look at it -------------------------------------------------------------------

    def best(self, k: int = 1) -> Ints:
        """Rows of the k best DONE trials: feasible first, then by loss, then by row.

        With several objectives: first those that no other dominates, and so on, front by front.
        """
        rows = np.flatnonzero(self.done)
        Y, bad = self.Y[rows], ~self.feasible[rows]
        if Y.shape[1] == 1:
            order = np.lexsort((rows, Y[:, 0], bad))
        else:
            from luthier.numerics.pareto import fronts

            order = np.lexsort((rows, fronts(Y), bad))
        return rows[order[:k]]

    def seen(self) -> History:
        """What samplers and schedulers see: one row per draw, in that order, none of them lost.

        It is this history itself unless trials were lost or retried; else a copy in which
        `number` says which trial each row is.
        """
        if self._plain:
            return self
        if self._seen is None or self._seen[0] != self._version:
            rows = np.flatnonzero(~self.lost)
            rows = rows[np.argsort(self._draw[rows], kind="stable")]
            self._seen = (self._version, self._pick(rows))
        return self._seen[1]

    def at(self, step: int) -> History:
        """As if every trial had ended with its report at a step.

        Trials that reported at that step are DONE with that loss, whatever became of them;
        others keep their row, as RUNNING.
        """
        made = self._pick(np.arange(self._n))
        made._state[: self._n] = State.RUNNING
        made._Y[: self._n] = np.nan
        here = self.step == step
        rows = self.owner[here]
        made._state[rows] = State.DONE
        made._Y[rows] = self.value[here]
        made.counts = [0] * len(State)
        for state, count in zip(*np.unique(made.state, return_counts=True), strict=True):
            made.counts[state] = int(count)
        return made

    def _pick(self, rows: Ints) -> History:
        """A history of these rows only."""
        made = History(self.space, objectives=self.objectives, seed=self.seed)
        made._reserve(max(len(rows), 1), max(self._r, 1))
        n = made._n = len(rows)
        X = self.X
        for name in ("_state", "_tag", "_draw", "_number", "_parent", "_budget", "_started",
                     "_ended", "_Y"):  # fmt: skip
            getattr(made, name)[:n] = getattr(self, name)[rows]
        made._X[:n], made._encoded = X[rows], n
        place = np.full(self._n, -1)
        place[rows] = np.arange(n)
        kept = place[self.owner] >= 0
        r = made._r = int(kept.sum())
        made._owner[:r] = place[self.owner[kept]]
        made._step[:r], made._value[:r] = self.step[kept], self.value[kept]
        for name in ("_raws", "_bodies", "_facts", "_metrics"):
            column = getattr(self, name)
            setattr(made, name, [column[i] for i in rows])
        for state, count in zip(*np.unique(made.state, return_counts=True), strict=True):
            made.counts[state] = int(count)
        made.opened, made.notes, made.queue = self.opened, self.notes, self.queue
        made.proposals, made._tried = self.proposals, self._tried
        return made

    def __repr__(self) -> str:
        told = ", ".join(
            f"{count} {State(i).name.lower()}" for i, count in enumerate(self.counts) if count
        )
        return f"History({self._n} trials: {told or 'none'}; {len(self.space)} parameters)"
