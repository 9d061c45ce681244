"""History: the events of a study as arrays.

A study is a log of events; `History` folds them into columns with one row per trial, and
everything else reads those. Only `History.apply` changes a history. The events stand in
`luthier.events`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from luthier import ranking
from luthier.encoded import Encoded
from luthier.errors import SpaceError, StoreError
from luthier.events import GONE, KINDS, Event, State
from luthier.lineage import Learned, Merged, Seen, alike, shown
from luthier.numerics.columns import Columns
from luthier.objectives import Constraint, Fidelity, Objective
from luthier.parameters import Array, Ints, Raw
from luthier.space import Mask, Space
from luthier.tried import Tried

__all__ = [
    "KINDS",
    "Constraint",
    "Event",
    "Fidelity",
    "History",
    "Objective",
    "State",
]

Kind = TypeVar("Kind")


class _Column(Generic[Kind]):
    """A column of a history, read-only; rows that are there when it is read may change later."""

    def __init__(self, table: str) -> None:
        self._table = table

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, history: History, owner: type | None = None) -> Kind:
        column: Kind = getattr(history, self._table)[self._name]
        return column


class _Mask:
    """Which rows of a history are in one state."""

    def __init__(self, state: State) -> None:
        self._state = int(state)

    def __get__(self, history: History, owner: type | None = None) -> Mask:
        return np.asarray(history.state == self._state)


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
    fidelity : Fidelity or None
        What a trial can be given less of.
    constraints : tuple of Constraint
        c of them.
    cost : str or None
        What proposals are weighed against: "seconds", or a metric.
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
        self.opened: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}  # facts about the study, the latest of each name
        self.counts = [0] * len(State)  # trials in each state
        self.proposals = 0  # how many draws there were
        self.queue: list[dict[str, Any]] = []  # queued configurations that nobody has taken yet
        self._taken = 0  # entries of the queue that were taken, all from its front
        self._raws: list[dict[str, Raw]] = []  # parameters: those proposed, then those asked for
        self._proposed: dict[int, dict[str, Raw]] = {}  # where these differ, those proposed
        self._bodies: list[dict[str, Any]] = []  # of finished; of created while a trial runs
        self._facts: dict[int, dict[str, Any]] = {}
        self._metrics: dict[int, dict[int, dict[str, Any]]] = {}  # reported, by step
        self.usual: set[int] = set()  # draws that begin unknown names with what is usual
        self._retried: set[int] = set()  # lost trials that were tried again
        self._attempts: dict[int, int] = {}  # how often a draw was tried, if more than once
        self._plain = True  # every row is its own draw, and none is lost
        self._version = 0  # events so far
        self._whole = False  # who went on has one row
        self.fidelity: Fidelity | None = None
        self.constraints: tuple[Constraint, ...] = ()
        self.cost: str | None = None
        self._seen: Seen | None = None
        self._merged: Merged | None = None
        self._learned: Learned | None = None
        self._fold = {kind: getattr(self, f"_{kind}") for kind in KINDS}
        self._begin(Space() if space is None else space, objectives, seed)

    def _begin(
        self, space: Space, objectives: Sequence[Objective], seed: int, constraints: int = 0
    ) -> None:
        """Empty columns for a space, objectives and so many constraints."""
        self.objectives = tuple(objectives)
        self.seed = seed
        m = len(self.objectives)
        self._trials = Columns(
            {
                "number": ((), np.int64, 0),
                "draw": ((), np.int64, 0),
                "state": ((), np.int64, State.RUNNING),
                "parent": ((), np.int64, -1),
                "tag": ((), np.int64, 0),
                "budget": ((), np.float64, math.inf),
                "started": ((), np.float64, math.nan),
                "finished": ((), np.float64, math.nan),
                "Y": ((m,), np.float64, math.nan),
                "G": ((constraints,), np.float64, math.nan),
            }
        )
        self._reports = Columns(
            {
                "owner": ((), np.int64, 0),
                "step": ((), np.int64, 0),
                "value": ((m,), np.float64, math.nan),
            }
        )
        self.dress(space)

    # -- folding the log --------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Add one event. Events must come in the order of the log.

        Raises
        ------
        StoreError
            If the event cannot follow those before it.
        """
        self._version += 1
        try:
            self._fold[event.kind](event.trial, event.at, event.body)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            if isinstance(error, SpaceError):
                raise
            raise StoreError(
                f"the log cannot be understood at its event {self._version}, {event.kind!r} of "
                f"trial {event.trial}: {error!r}. A newer luthier may have written it: run "
                "pip install -U luthier. Otherwise restore a copy."
            ) from error
        if event.trial is not None:
            self._pass_on(event.kind, event.trial, event.at, event.body)

    def _pass_on(self, kind: str, row: int, at: float, body: dict[str, Any]) -> None:
        """Let what was made of this history follow, or forget it."""
        if self._seen is not None and not self._seen.follow(kind, row, at, body):
            self._seen = None
        if self._merged is not None:
            follows = self._plain and self._merged.follow(kind, row, at, body)
            self._merged = self._merged if follows else None
        if self._learned is not None and not self._learned.follow(kind, row, at, body):
            self._learned = None

    def _opened(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        self.opened = {**body, "at": at}
        objectives = [Objective(name, bool(up)) for name, up in body["objectives"]]
        bounds = [Constraint(n, sign == ">=", b) for n, sign, b in body.get("constraints", ())]
        self.constraints = tuple(bounds)
        space, seed = Space.from_json(body["space"]), body.get("seed", 0)
        self._begin(space, objectives, seed, len(bounds))
        self.fidelity = Fidelity(*body["fidelity"]) if body.get("fidelity") else None
        self.cost = body.get("cost")

    def _grew(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        if "space" in body:
            self.dress(Space.from_json(body["space"]))
        else:
            added = Space.from_json({"parameters": body["parameters"]})
            self.dress(self.space.grow(dict(added.items())))

    def dress(self, space: Space) -> None:
        """Take another space, or the same with a script's own objects in place of labels.

        Earlier rows are encoded in it when somebody asks for them.
        """
        self.space = space
        self._encoded, self._tried = Encoded(space), Tried()
        self._seen = self._merged = self._learned = None

    def _queued(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        self.queue.append({**body, "queued": self._taken + len(self.queue)})

    def _created(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        n = len(self._trials)
        if trial != n:
            raise ValueError(f"expected trial {n} to be created")
        draw, parent = body["draw"], body.get("parent", -1)
        if parent >= 0 and self._trials.cell("draw", parent) == draw:
            self._retried.add(parent)
            self._attempts[draw] = self._attempts.get(draw, 1) + 1
        self._add(n, at, body)
        self._plain = self._plain and draw == n
        if body.get("usual"):
            self.usual.add(draw)
        entry = body.get("queued")
        if entry is not None and entry >= self._taken:
            del self.queue[: entry + 1 - self._taken]
            self._taken = entry + 1

    def _add(self, number: int, at: float, body: dict[str, Any]) -> None:
        """A row for a trial that begins."""
        more = {name: body[name] for name in ("parent", "tag", "budget") if name in body}
        self._trials.append(number=number, draw=body["draw"], started=at, **more)
        self._raws.append(body["params"])
        self._bodies.append(body)
        self.proposals = max(self.proposals, body["draw"] + 1)
        self.counts[State.RUNNING] += 1

    def _reported(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        row = self._known(trial)
        self._reports.append(owner=row, step=body["step"], value=body["loss"])
        if body.get("metrics"):
            self._metrics.setdefault(row, {})[body["step"]] = body["metrics"]

    def _finished(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        row = self._known(trial)
        state = State[body["state"]]
        self.counts[self._trials.cell("state", row)] -= 1
        self.counts[state] += 1
        self._trials.put("state", row, state)
        self._trials.put("finished", row, at)
        if state is State.DONE:
            self._trials.put("Y", row, body["loss"])
            if self.constraints:
                metrics = body.get("metrics", {})
                told = [c.excess(float(metrics.get(c.name, math.nan))) for c in self.constraints]
                self._trials.put("G", row, told)
        elif state is State.LOST:
            self._plain = False
            self._tried = Tried()
        if "params" in body:
            self._proposed.setdefault(row, self._raws[row])
            self._raws[row] = body["params"]
            self._encoded.changed(row)
            self._tried.changed(self, row)
        self._bodies[row] = body

    def _noted(self, trial: int | None, at: float, body: dict[str, Any]) -> None:
        if trial is None:
            self.notes.update(body["facts"])
        else:
            self._facts.setdefault(self._known(trial), {}).update(body["facts"])

    def _known(self, trial: int | None) -> int:
        if trial is None or not 0 <= trial < len(self._trials):
            raise ValueError(f"there are {len(self._trials)} trials")
        return trial

    # -- columns ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def X(self) -> Array:
        """(n, d) points in the unit cube, NaN where inactive."""
        return self._encoded.rows(self._raws)

    Y = _Column[Array]("_trials")
    G = _Column[Array]("_trials")
    state = _Column[Ints]("_trials")
    number = _Column[Ints]("_trials")
    draw = _Column[Ints]("_trials")
    parent = _Column[Ints]("_trials")
    tag = _Column[Ints]("_trials")
    budget = _Column[Array]("_trials")
    started = _Column[Array]("_trials")
    finished = _Column[Array]("_trials")
    owner = _Column[Ints]("_reports")
    step = _Column[Ints]("_reports")
    value = _Column[Array]("_reports")

    running = _Mask(State.RUNNING)
    done = _Mask(State.DONE)
    stopped = _Mask(State.STOPPED)
    failed = _Mask(State.FAILED)
    lost = _Mask(State.LOST)

    @property
    def feasible(self) -> Mask:
        """(n,) trials that break no constraint."""
        return np.asarray((self.G <= 0).all(axis=1))

    @property
    def violation(self) -> Array:
        """(n,) how far trials are beyond their constraints, each in units of its bound, summed.

        Infinite where a constraint's metric is not known.
        """
        return ranking.violation(self.G, self.constraints)

    @property
    def ended(self) -> int:
        """How many trials are DONE, STOPPED or FAILED: what ``trials=`` counts."""
        return len(self) - self.counts[State.RUNNING] - self.counts[State.LOST]

    # -- single trials ----------------------------------------------------------------------------

    def raw(self, row: int) -> dict[str, Raw]:
        """Raw parameters of one trial."""
        return self._raws[row]

    def params(self, row: int) -> dict[str, Any]:
        """Parameters of one trial, as its objective got them."""
        return self.space.values(self._raws[row])

    def facts(self, row: int) -> dict[str, Any]:
        """What the trial noted, the latest of each name."""
        return self._facts.get(row, {})

    def metrics(self, row: int) -> dict[str, Any]:
        """What else the trial returned beside its objectives, as the user gave it."""
        made: dict[str, Any] = self._bodies[row].get("metrics", {})
        return made

    def error(self, row: int) -> dict[str, Any] | None:
        """Kind, message and traceback of what ended a failed or lost trial."""
        return self._bodies[row].get("error")

    def used(self, row: int) -> dict[str, Any]:
        """What a trial used, as far as it is known: cpu, memory, exit, output; see `Result`."""
        body = self._bodies[row]
        return {name: body[name] for name in ("cpu", "memory", "exit", "output") if name in body}

    def seconds(self, row: int) -> float:
        """How long the trial ran, as far as it is known; NaN while it runs.

        One whose process was found to be gone ran until that was last heard of.
        """
        body = self._bodies[row]
        told = body.get("seconds")
        if told is None and (body.get("error") or {}).get("kind") == GONE:
            return math.nan  # as older logs have it: when it was found to be gone says nothing
        if told is None:
            told = self._trials.cell("finished", row) - self._trials.cell("started", row)
        return float(told)

    def costs(self) -> Array:
        """(n,) what trials cost that returned a result, see `cost`; NaN of the others."""
        made = np.full(len(self), math.nan)
        for row in np.flatnonzero(self.done | self.stopped).tolist():
            if self.cost == "seconds":
                made[row] = self.seconds(row)
            elif self.cost is not None:
                value = self.metrics(row).get(self.cost)
                made[row] = value if isinstance(value, int | float) else math.nan
        return made

    def reported(self, row: int) -> dict[int, dict[str, Any]]:
        """Reported metrics beside the objectives, by step."""
        return self._metrics.get(row, {})

    def curve(self, row: int) -> tuple[Ints, Array]:
        """Steps (s,) and losses (s, m) that one trial reported, in the order they came."""
        at = np.flatnonzero(self.owner == row)
        return self.step[at], self.value[at]

    def tried(self, raw: Mapping[str, Raw]) -> int | None:
        """The number of a trial with these parameters that is not lost, or None.

        Where a space is defined by running, what was proposed counts as much as what was asked
        for: proposing it again would lead to the same.
        """
        return self._tried.row(self, raw)

    def asked(self, row: int) -> list[dict[str, Raw]]:
        """Raw parameters of one trial, and where others were proposed, those."""
        return [self._raws[row], *([self._proposed[row]] if row in self._proposed else ())]

    def created(self, row: int) -> dict[str, Any]:
        """The owner and queue entry of a running trial, as its `created` event said."""
        return self._bodies[row]

    def retries(self) -> list[int]:
        """Lost trials that nobody has tried again, in the order of their draws."""
        if self.counts[State.LOST] == len(self._retried):
            return []
        rows = [row for row in np.flatnonzero(self.lost).tolist() if row not in self._retried]
        return sorted(rows, key=lambda row: int(self._trials.cell("draw", row)))

    def attempts(self, row: int) -> int:
        """How many trials there were with the draw of this one."""
        return self._attempts.get(int(self._trials.cell("draw", row)), 1)

    # -- other ways to look at it -----------------------------------------------------------------

    def best(self, k: int = 1) -> Ints:
        """Rows of the k best DONE trials: feasible first, then by loss, then by row.

        Those that are not feasible follow by how far they are from it.

        With several objectives: first those that no other dominates, and so on, front by front.
        """
        return ranking.best(self, k)

    def furthest(self, k: int = 1) -> Ints:
        """Rows of the k stopped trials that came furthest; of those, with the best last reports."""
        return ranking.furthest(self, k)

    def seen(self) -> History:
        """What samplers and schedulers see: one row per draw, in that order, none of them lost.

        It is this history itself unless trials were lost or retried; else a copy in which
        `number` says which trial each row is. A retry that went on from what the lost attempt had
        left has its reports too, and its parent.
        """
        if self._plain:
            return self
        self._seen = self._seen or Seen(self)
        return shown(self._seen)

    def alike(self, a: int, b: int) -> bool:
        """Whether two rows are trials of one configuration.

        A parameter that only one of them has does not tell them apart: where the space is defined
        by running, who was stopped early keeps all that was proposed to it, and who came to the
        end only what it asked for.
        """
        return alike(self._raws[a], self._raws[b])

    def merged(self) -> History:
        """As if a configuration that went on, trial after trial, had been one trial all the time.

        Each has one row, in the order of their first draws, with the whole curve: where a trial
        did steps again, its own reports count. `number` says which trial is the last. It is this
        history itself where nothing went on.
        """
        if self._whole or not (self.parent >= 0).any():
            return self
        self._merged = self._merged or Merged(self)
        return shown(self._merged)

    def learned(self) -> History:
        """As if the space had the conditions that trials have shown.

        For a space that is defined by running, see `luthier.switches`. It is this history itself
        where there are none.
        """
        self._learned = self._learned or Learned(self)
        return self if self._learned.made is self else shown(self._learned)

    # -- for `luthier.lineage` --------------------------------------------------------------------

    def _share_keys(self, made: History) -> None:
        """Let a history of the same trials know what was tried, under the numbers of this one."""
        made._tried = self._tried.shared(self, len(made))

    def _put(self, rows: Any, **cells: Any) -> None:
        for name, cell in cells.items():
            self._trials.put(name, rows, cell)

    def _take(self, kind: str, row: int, number: int, at: float, body: dict[str, Any]) -> None:
        """An event of the trial that one row shows; of a new one where it was created."""
        self._tried = Tried()  # what it has is another history's
        if kind == "created":
            self._add(number, at, body)
        else:
            self._fold[kind](row, at, body)
        self._pass_on(kind, row, at, body)

    def _go_on(self, row: int, number: int, body: dict[str, Any]) -> None:
        """The configuration of one row runs again, as another trial."""
        self._tried = Tried()
        self.counts[self._trials.cell("state", row)] -= 1
        self.counts[State.RUNNING] += 1
        self.proposals = max(self.proposals, body["draw"] + 1)
        budget = body.get("budget", math.inf)
        self._put(row, number=number, state=State.RUNNING, budget=budget)
        self._put(row, finished=math.nan, Y=math.nan, G=math.nan)
        if body["params"] != self._raws[row]:
            self._encoded.changed(row)
        self._raws[row], self._bodies[row] = body["params"], body
        self._facts.pop(row, None)

    def _unreport(self, row: int, least: int, below: float) -> None:
        """Leave out what one row reported at some steps."""
        gone = (self.owner == row) & (self.step >= least) & (self.step < below)
        if gone.any():
            self._reports = self._reports.pick(~gone)
            told = self._metrics.pop(row, {})
            kept = {step: m for step, m in told.items() if not least <= step < below}
            self._metrics |= {row: kept} if kept else {}

    def at(self, step: int) -> History:
        """As if every trial had ended with its report at a step.

        Trials that reported at that step are DONE with that loss, whatever became of them, or
        FAILED where it is not finite. Others that are DONE count as RUNNING, and the rest is as
        it was. Later reports are left out.
        """
        made = self._pick(np.arange(len(self)), np.flatnonzero(self.step <= step))
        here = made.step == step
        rows, losses = made.owner[here], made.value[here]  # of two reports, the later counts
        kept = ~made.lost[rows]
        rows, losses = rows[kept], losses[kept]
        made._trials.put("state", made.done, State.RUNNING)
        made._trials.put("Y", slice(None), math.nan)
        good = np.isfinite(losses).all(axis=1)
        made._trials.put("state", rows, np.where(good, State.DONE, State.FAILED))
        made._trials.put("Y", rows, losses)
        made._trials.put("Y", ~made.done, math.nan)
        made.counts = np.bincount(made.state, minlength=len(State)).tolist()
        return made

    def halted(self) -> History:
        """As if every running trial had been stopped at its last report.

        Those that have not reported still run. It is this history itself where none has.
        """
        told = np.zeros(len(self), dtype=bool)
        told[self.owner] = True
        rows = np.flatnonzero(self.running & told)
        if not len(rows):
            return self
        made = self.only(np.arange(len(self)))
        made._trials.put("state", rows, State.STOPPED)
        made.counts = np.bincount(made.state, minlength=len(State)).tolist()
        return made

    def tagged(self, tags: Ints) -> History:
        """As if trials had these tags (n,). It is this history itself where they have."""
        if np.array_equal(tags, self.tag):
            return self
        made = self.only(np.arange(len(self)))
        made._trials.put("tag", slice(None), tags)
        return made

    def only(self, rows: Ints) -> History:
        """These rows alone, as if there were no others."""
        return self._pick(rows, np.arange(len(self._reports)))

    def within(self, space: Space) -> History:
        """The same trials in a space with the same names and less of their values.

        Those that have values which are left out lie outside [0, 1].
        """
        made = self.only(np.arange(len(self)))
        made.dress(space)
        return made

    def _pick(self, rows: Ints, reports: Ints, heir: Ints | None = None) -> History:
        """A history of these rows, and of these reports as far as they are of these rows.

        `heir` says for each row to which row its reports belong.
        """
        made = History(self.space, objectives=self.objectives, seed=self.seed)
        made.fidelity, made.constraints, made.cost = self.fidelity, self.constraints, self.cost
        made._encoded = Encoded(self.space, self.X[rows])
        made._trials = self._trials.pick(rows)
        self._share_keys(made)
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        heirs = np.arange(len(self)) if heir is None else heir
        owner = place[heirs[self.owner[reports]]]
        made._reports = self._reports.pick(reports[owner >= 0])
        made._reports.put("owner", slice(None), owner[owner >= 0])
        listed = rows.tolist()
        made._raws = [self._raws[row] for row in listed]
        made._bodies = [self._bodies[row] for row in listed]
        made._facts = {int(place[i]): told for i, told in self._facts.items() if place[i] >= 0}
        kept = set(zip(self.owner[reports].tolist(), self.step[reports].tolist(), strict=True))
        for i, told in self._metrics.items():
            here = {s: m for s, m in told.items() if place[heirs[i]] >= 0 and (i, s) in kept}
            if here:
                made._metrics.setdefault(int(place[heirs[i]]), {}).update(here)
        made.counts = np.bincount(made.state, minlength=len(State)).tolist()
        made.opened, made.notes, made.queue = self.opened, self.notes, list(self.queue)
        made.proposals, made._attempts = self.proposals, self._attempts
        return made

    def __repr__(self) -> str:
        told = ", ".join(
            f"{count} {State(i).name.lower()}" for i, count in enumerate(self.counts) if count
        )
        return f"History({len(self)} trials: {told or 'none'}; {len(self.space)} parameters)"
