"""Driver: what a study starts, follows and ends trials with, and all that it writes about them.

Users call it through `Study`; `luthier.run` and the searches call it directly.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from luthier import outcome, owners
from luthier.errors import Conflict, SpaceError, StudyError
from luthier.events import GONE
from luthier.history import History, Objective, State
from luthier.log import Log
from luthier.parts import Sampler, Scheduler
from luthier.propose import fixed_space, propose
from luthier.remarks import remark, unmoved
from luthier.retention import tidy
from luthier.space import json as space_json
from luthier.trial import Task, Trial

FINISHED = ("state", "loss", "metrics", "error", "seconds", "cpu", "memory", "exit", "output")
QUICK = 0.05  # seconds: shorter trials are stored together with the start of the next one


class Driver:
    """The trials of one study in this process, from the first event of each to its last.

    A trial speaks to it directly (`luthier.trial.Line`), from any thread.

    Parameters
    ----------
    log : Log
        Of a study that is opened already.
    name : str
        The study's name, for messages.
    retries : int
        How often a trial is tried again when its process was lost.
    folder : Path or None
        Where trials may keep files; None for a temporary folder that goes with this object.
    shared : bool
        Whether the log outlives this process, and others may write it too.
    dynamic : bool
        Whether the space is defined by running.
    """

    def __init__(
        self,
        log: Log,
        name: str,
        sampler: Sampler,
        scheduler: Scheduler,
        *,
        retries: int,
        folder: Path | None,
        shared: bool,
        dynamic: bool,
    ) -> None:
        self.name, self.sampler, self.scheduler = name, sampler, scheduler
        self.ended = ""  # why the last run ended
        self.retries = retries
        self._log, self._shared, self._dynamic = log, shared, dynamic
        self._folder = _temporary(self) if folder is None else folder
        self._lock = threading.RLock()
        self._mine: set[int] = set()  # running trials that this object asked for
        self._stops: set[int] = set()  # running trials that should end
        self._unmoved: set[int] = set()  # running trials that reported on though they should end
        self._ignored = 0  # trials that ended so
        self._stop_all = False
        self._fixed: Mapping[str, Any] = {}  # values that parameters keep for now
        self._keep: int | None = None  # folders of so many of the best are kept during a run

    @property
    def history(self) -> History:
        """The log as arrays, up to the last look at the store."""
        return self._log.history

    @property
    def elsewhere(self) -> int:
        """How many trials others are running, as far as is known."""
        return self.history.counts[State.RUNNING] - len(self._mine)

    @property
    def points(self) -> int | float:
        """How many distinct configurations there are to try; ``inf`` where there is no end."""
        whole = self.history.space
        if not len(whole):
            return inf  # nothing is known yet of a space that is defined by running
        plan: int | float = inf
        if hasattr(self.sampler, "size"):
            plan = self.sampler.size(whole)
        space, _ = fixed_space(whole, self._fixed, dynamic=self._dynamic)
        return min(space.size, plan)

    # -- what is tried next

    @contextmanager
    def fixing(self, fixed: Mapping[str, Any] | None) -> Iterator[None]:
        """Ask only for trials with these values.

        Raises
        ------
        SpaceError
            If a name is unknown, a value does not fit, or some of them exclude each other.
        """
        fixed_space(self.history.space, fixed or {}, dynamic=self._dynamic)  # raises what it must
        before, self._fixed = self._fixed, {**self._fixed, **(fixed or {})}
        try:
            yield
        finally:
            self._fixed = before

    @contextmanager
    def keeping(self, keep: int | None) -> Iterator[None]:
        """Whenever a trial ends, `tidy` all but so many folders; None leaves every one."""
        before, self._keep = self._keep, keep
        try:
            yield
        finally:
            self._keep = before

    def ask(self, k: int, fixed: Mapping[str, Any] | None) -> list[Trial]:
        """The next k trials, fewer when nothing is left to try; see `Study.ask`."""
        made = []
        with self._lock, self.fixing(fixed):
            for _ in range(k):
                trial = self.ask_one()
                if trial is None:
                    break
                made.append(trial)
        return made

    def ask_one(self, enough: Callable[[], bool] | None = None) -> Trial | None:
        """The next trial, or None when nothing is left to try.

        Parameters
        ----------
        enough : callable, optional
            Asked when the log has just been read: whether no trial is wanted any more, because
            other processes have started those that were.
        """
        with self._lock:
            owner = {"owner": owners.me()} if self._shared else {}
            while True:
                self._log.sync()
                history = self.history
                if enough is not None and enough():
                    return None
                self._extend()
                body = propose(
                    self.history,
                    self.sampler,
                    self.scheduler,
                    dynamic=self._dynamic,
                    fixed=self._fixed,
                )
                if body is None:
                    self._log.flush()
                    return None
                number = len(history)
                try:
                    self._log.append(self._log.event("created", number, body | owner))
                except Conflict:
                    self._log.flush()
                    continue
                self._mine.add(number)
                return self._trial(number)

    def _extend(self) -> None:
        """Log a wider space, where the sampler may widen ranges and trials say that it should."""
        extended = getattr(self.sampler, "extended", None)
        space = None if extended is None else extended(self.history.space, self.history.seen())
        if space is not None:
            self._log.append(self._log.event("grew", None, {"space": space.to_json()}))

    def _trial(self, row: int) -> Trial:
        history = self.history
        task = Task(
            number=row,
            draw=self._draw(row),
            raw=history.raw(row),
            space=history.space,
            objectives=history.objectives,
            study_seed=history.seed,
            parent=int(history.parent[row]),
            budget=self._budget(row),
            dynamic=self._dynamic,
            folder=str(self.folder_of(row)),
            parent_folder=self._parent_folder(row),
            hints=history.created(row).get("hints", {}),
            fidelity=history.fidelity,
            usual=self._draw(row) in history.usual,
        )
        return Trial(task, self)

    def _draw(self, row: int) -> int:
        """The draw that began what a trial goes on with."""
        history = self.history
        while (parent := int(history.parent[row])) >= 0 and history.alike(parent, row):
            row = parent
        return int(history.draw[row])

    def _budget(self, row: int) -> float:
        """The step up to which a trial may run."""
        budget = float(self.history.budget[row])
        fidelity = self.history.fidelity
        return budget if fidelity is None else min(budget, float(fidelity.most))

    def _partial(self, row: int) -> bool:
        """Whether a trial is given less than there is to give."""
        fidelity = self.history.fidelity
        return fidelity is not None and self.history.budget[row] < fidelity.most

    def enqueue(self, params: Mapping[str, Any], *, again: bool, whole: bool) -> bool:
        """Try a configuration next, see `Study.enqueue`; returns whether it was queued."""
        with self._lock:
            self._log.sync()
            space = self.history.space
            if not isinstance(params, Mapping):
                raise SpaceError(f"enqueue: expected a dict from names to values, got {params!r}.")
            known = {k: v for k, v in params.items() if not self._dynamic or k in space}
            raw = space.check(known, partial=True)
            body: dict[str, Any] = {"params": raw}
            if len(known) < len(params):
                body["hints"] = {k: outcome.plain(v) for k, v in params.items() if k not in space}
            entries = [{k: entry.get(k) for k in body} for entry in self.history.queue]
            if not again and (body in entries or (raw and self.history.tried(raw) is not None)):
                return False
            if again:
                body["again"] = True
            if not whole:
                body["whole"] = False
            self._log.append(self._log.event("queued", None, body))
            return True

    # -- what a running trial says

    def report(self, number: int, step: int, loss: list[float], metrics: dict[str, Any]) -> bool:
        """Take a report of a running trial; True when it should stop."""
        with self._lock:
            if self.history.state[number] != State.RUNNING:
                return True
            if number in self._stops:
                self._unmoved.add(number)
            body: dict[str, Any] = {"step": step, "loss": loss}
            if metrics:
                body["metrics"] = metrics
            self._log.apply(self._log.event("reported", number, body))
            if self._shared and self._log.late:
                self._log.flush()
            seen = self.history.seen()
            row = number if seen is self.history else int(np.flatnonzero(seen.number == number)[0])
            spent = self._partial(number) and step >= self.history.budget[number]
            if spent or not self.scheduler.keep(seen, row):
                self._stops.add(number)
            return self.should_stop(number)

    def should_stop(self, number: int) -> bool:
        """Whether a running trial should end."""
        return self._stop_all or number in self._stops

    def stop_all(self, wanted: bool = True) -> None:
        """Ask every running trial to end, or take that back."""
        self._stop_all = wanted

    def note(self, number: int | None, facts: dict[str, Any]) -> None:
        """Keep facts about a trial, or about the study where no number is given."""
        with self._lock:
            self._log.apply(self._log.event("noted", number, {"facts": facts}))

    # -- how a trial ends

    def tell(self, trial: Trial | int, value: Any, error: BaseException | str | None) -> None:
        """Record and store how a trial ended, in the user's terms; see `Study.tell`."""
        with self._lock:
            number = self._untold(trial)
            self.finish(number, _result(trial, value, error, self.history.objectives))
            self.flush()

    def _untold(self, trial: Trial | int) -> int:
        """The number of a running trial."""
        number = trial.number if isinstance(trial, Trial) else trial
        if (
            isinstance(number, bool)
            or not isinstance(number, int | np.integer)
            or not (0 <= number < len(self.history))
        ):
            raise StudyError(
                f"tell: there is no trial {number!r}; the study has {len(self.history)}. "
                "Tell a trial that ask() returned."
            )
        state = State(int(self.history.state[number]))
        if state is not State.RUNNING:
            raise StudyError(
                f"tell: trial {number} has ended already, as {state.name}. "
                "A trial is told once; ask for another."
            )
        return int(number)

    def finish(self, number: int, result: dict[str, Any]) -> None:
        """Take the outcome of a trial, as a worker gives it (see `luthier.run.worker`)."""
        with self._lock:
            self._mine.discard(number)
            self._stops.discard(number)
            if self.history.state[number] != State.RUNNING:
                return  # another driver took this one for dead and tried the trial again
            told = {k: result[k] for k in FINISHED if result.get(k) not in (None, {}, "")}
            body = self._valid(told)
            events = []
            if body["state"] == "DONE" and self._partial(number):
                body["state"], loss = "STOPPED", body.pop("loss")
                steps, _ = self.history.curve(number)
                budget = int(self.history.budget[number])
                if budget > steps.max(initial=0):
                    last = {"step": budget, "loss": loss}
                    events.append(self._log.event("reported", number, last))
            if result.get("added"):
                events.append(self._log.event("grew", None, {"parameters": result["added"]}))
            if "params" in result and result["params"] != self.history.raw(number):
                body["params"] = result["params"]
            self._log.apply(*events, self._log.event("finished", number, body))
            if self._shared and result.get("seconds", inf) > QUICK:
                self.flush()
            if self._keep is not None:
                self.tidy(self._keep)
            said = [remark(self.history, self.scheduler)] if body["state"] == "DONE" else []
            if number in self._unmoved and result["state"] == "DONE":
                self._ignored += 1
                said.append(unmoved(self.scheduler, self._ignored))
            self._unmoved.discard(number)
        for words in filter(None, said):
            warnings.warn(words, UserWarning, stacklevel=2)

    def _valid(self, body: dict[str, Any]) -> dict[str, Any]:
        """The end of a trial; a failure if it lacks a metric that the study needs."""
        if body["state"] != "DONE":
            return body
        metrics = body.get("metrics", {})
        lacking = outcome.unbounded(metrics, self.history.constraints)
        lacking = lacking or outcome.unpriced(metrics, self.history.cost)
        if not lacking:
            return body
        kept = {k: v for k, v in body.items() if k not in ("loss", "metrics")}
        return kept | {"state": "FAILED", "error": outcome.fault("Invalid", lacking)}

    def lose(self, number: int, kind: str, message: str, seconds: float | None = None) -> None:
        """End a running trial as lost; as failed, when it was tried often enough."""
        with self._lock:
            attempts = self.history.attempts(number)
            final = attempts > self.retries and kind != "Interrupted"
            told = f"{message}, {attempts} times in a row" if final and attempts > 1 else message
            error = outcome.fault(kind, told)
            state = "FAILED" if final else "LOST"
            known = {} if seconds is None else {"seconds": seconds}
            self.finish(number, {"state": state, "error": error} | known)

    def reap(self) -> list[int]:
        """Mark the running trials of dead processes as lost, see `Study.reap`."""
        with self._lock:
            self._log.sync()
            history = self.history
            running = [int(i) for i in np.flatnonzero(history.running)]
            gone: dict[int, float] = {}  # and its last sign of life, as far as its owner gave one
            now = time.time()
            for row in running:
                owner = history.created(row).get("owner")
                if row in self._mine or owner is None or owner == owners.me():
                    continue
                sign = float(history.notes.get(f"alive {owner}", 0.0))
                last = max(float(history.started[row]), sign)
                if not owners.alive(owner, last, now):
                    gone[row] = last
            heard = self._log.heard() if gone else {}
            for row, last in gone.items():
                # Nobody ran it from then on: hours may have gone by since.
                ran = max(last, heard.get(row, last)) - float(history.started[row])
                self.lose(row, GONE, "its process is gone", ran)
            self.flush()
            return list(gone)

    # -- the store and the folders

    def beat(self) -> None:
        """Give a sign of life, for drivers on other machines."""
        if getattr(self._log.store, "many_machines", False):
            self.note(None, {f"alive {owners.me()}": time.time()})
            self.flush()

    def flush(self) -> None:
        """Store everything that has happened; on return it survives a crash."""
        with self._lock:
            self._log.flush()

    def reload(self) -> None:
        """Store what is not stored yet, and fold the log anew."""
        with self._lock:
            self._log.flush()
            self._log.rebuild()

    def folder_of(self, number: int) -> Path:
        """Where a trial keeps its files; the folder may not be there."""
        return self._folder / f"{number:05d}"

    def _parent_folder(self, row: int) -> str | None:
        """Of the nearest trial before this one that left files, else of its parent."""
        parents = []
        while (row := int(self.history.parent[row])) >= 0:
            parents.append(self.folder_of(row))
        left = (str(path) for path in parents if path.is_dir() and any(path.iterdir()))
        return next(left, str(parents[0])) if parents else None

    def tidy(self, keep: int) -> list[int]:
        """Remove the folders that nobody needs, see `Study.tidy`; the trials' numbers."""
        with self._lock:
            self.flush()
            self._log.sync()
            return tidy(self.history, self.scheduler, keep, self._folder)


def _result(
    trial: Trial | int,
    value: Any,
    error: BaseException | str | None,
    objectives: Sequence[Objective],
) -> dict[str, Any]:
    """How a trial ended that a user told of, in the form that a worker gives it."""
    asked = trial if isinstance(trial, Trial) else None
    told = asked is not None and asked.told
    made: dict[str, Any] = {}
    if asked is not None:
        added = {name: space_json.dump(p) for name, p in asked.added.items()}
        made = {"params": asked.final(done=error is None and not told), "added": added}
    if isinstance(error, BaseException):
        return made | {"state": "FAILED", "error": outcome.explain(error)}
    if error is not None:
        return made | {"state": "FAILED", "error": outcome.fault("Error", str(error))}
    return made | ({"state": "STOPPED"} if told else outcome.judged(value, objectives))


def _temporary(driver: Driver) -> Path:
    """A folder that is removed when the driver is; nothing is made before a trial asks for it."""
    path = Path(tempfile.gettempdir()) / f"luthier-{uuid.uuid4().hex[:12]}"
    weakref.finalize(driver, shutil.rmtree, str(path), ignore_errors=True)
    return path
