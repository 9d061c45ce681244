"""Study: ask, tell, run, best. It holds a log, and is the only object with state."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier import outcome, owners, samplers, schedulers, settings, space_json, stores
from luthier.about import about
from luthier.errors import Conflict, NothingFinished, SpaceError, StoreError, StudyError
from luthier.history import Constraint, Fidelity, History, Objective, State
from luthier.log import Log
from luthier.parts import Sampler, Scheduler, config
from luthier.propose import fixed_space, propose
from luthier.results import Result, result, table
from luthier.retention import tidy
from luthier.samplers.wrapped import explain
from luthier.space import Space
from luthier.trial import Task, Trial

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from luthier.importance import Importance
    from luthier.run.limit import Limit
    from luthier.run.loop import Watcher
    from luthier.spent import Spent

FINISHED = ("state", "loss", "metrics", "error", "seconds", "cpu", "memory", "exit", "output")
RETRIES = 3  # of a trial whose process is lost
QUICK = 0.05  # seconds: shorter trials are stored together with the start of the next one


class Study:
    """A search for the best parameters, and the log of it.

    Parameters
    ----------
    space : Space or dict, optional
        What to search. Without one, it is defined by running: the objective asks its trial for
        parameters, ``trial.float("lr", 1e-5, 0.1, log=True)``.
    minimize, maximize : str or tuple of str, optional
        Names of the objectives. Neither given: ``loss`` is minimised.
    constraints : dict, optional
        Bounds on metrics that the objective returns beside its objectives,
        ``{"predict_ms": "<= 10"}``. A trial that breaks one is never better than one that does not.
    cost : str, optional
        What proposals are weighed against: "seconds", how long trials run, or the name of a metric
        that the objective returns, positive. "auto" and "gp" then try what promises much for its
        cost. With "seconds" a study cannot be repeated exactly.
    sampler : str or Sampler
        Who proposes: "auto", "gp", "tpe", "grid", "random", "qmc", "narrow", ...
    scheduler : str or Scheduler
        Who may stop trials early, or have them go on later: "full" (nobody), "median", "asha",
        "hyperband", ...
    fidelity : tuple, optional
        What a trial can be given less of: its name, the least and the most,
        ``("epochs", 1, 81)``. Steps of `Trial.report` count it, `Trial.budget` is in it.
    store : str, path or Store, optional
        Where the log is kept: a file such as ``"runs.db"``, or a database URL. Without one, in
        memory. The same store and name continue the study.
    name : str
        The study's name in the store.
    seed : int
        The same seed gives the same trials.
    retries : int
        How often a trial is tried again when its process was lost.
    folder : path, optional
        Where trials may keep files; by default beside the store, for a study in memory a
        temporary folder.
    durable : {"process", "disk"}
        What a told result survives: the death of any process, or a power cut too.

    Raises
    ------
    StudyError
        If the store holds a study of that name with another seed, sampler or direction.
    SpaceError
        If the space is not well formed, or does not fit the stored one.
    StoreError
        If the store cannot be used.

    Examples
    --------
    >>> study = Study(Space(x=Float(-3, 9)), seed=1)
    >>> _ = study.run(lambda trial: (trial.params["x"] - 2) ** 2, trials=20)
    >>> round(study.best.params["x"])
    2
    """

    def __init__(
        self,
        space: Space | Mapping[str, Any] | None = None,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        constraints: Mapping[str, str] | None = None,
        cost: str | None = None,
        sampler: str | Sampler = "auto",
        scheduler: str | Scheduler = "full",
        fidelity: tuple[str, int, int] | None = None,
        store: Any = None,
        name: str = "study",
        seed: int = 0,
        retries: int = RETRIES,
        folder: str | os.PathLike[str] | None = None,
        durable: str = "process",
    ) -> None:
        given = settings.space(space)
        objectives = settings.objectives(minimize, maximize)
        settings.whole("seed", seed, 0)
        settings.whole("retries", retries, 0)
        if not isinstance(name, str) or not name:
            raise StudyError(f"name: must be a string that is not empty, got {name!r}.")
        self.retries = int(retries)
        amount = settings.fidelity(fidelity)
        bounds = settings.constraints(constraints, objectives)
        price = settings.cost(cost, objectives)
        self._parts(sampler, scheduler, objectives, price)
        self._local = store is None
        self._folder = str(settings.folder(self, name, folder, store))
        log = Log(stores.open(store, name, durable=durable), given)
        self._start(log, name, int(seed), given, objectives, amount, bounds, price)

    def _parts(
        self,
        sampler: str | Sampler,
        scheduler: str | Scheduler,
        objectives: tuple[Objective, ...],
        cost: str | None,
    ) -> None:
        self.sampler = settings.with_studies(samplers.sampler(sampler))
        self.scheduler = schedulers.scheduler(scheduler)
        many = getattr(self.sampler, "many_objectives", True)
        if len(objectives) > 1 and not many:
            raise StudyError(
                f"sampler: {self.sampler!r} handles one objective, and there are "
                f"{len(objectives)}: {', '.join(map(str, objectives))}. Use another sampler."
            )
        if cost is not None and not getattr(self.sampler, "uses_cost", False):
            raise StudyError(
                f"sampler: {self.sampler!r} takes no notice of what trials cost, and the study has "
                f"cost={cost!r}. Use 'auto' or 'gp', or leave the cost out."
            )

    def _start(
        self,
        log: Log,
        name: str,
        seed: int,
        space: Space | None,
        objectives: tuple[Objective, ...],
        fidelity: Fidelity | None,
        constraints: tuple[Constraint, ...],
        cost: str | None,
    ) -> None:
        """Begin or continue the study of a log."""
        if fidelity is None and getattr(self.scheduler, "needs_fidelity", False):
            raise StudyError(
                f"scheduler: {self.scheduler!r} gives trials a part of what there is to give, and "
                "the study does not say of what. Give it for example a "
                "fidelity=('epochs', 1, 81)."
            )
        self.name, self.seed = name, seed
        self.ended = ""  # why the last run ended
        self.line = _Line(self)
        self._log = log
        self._lock = threading.RLock()
        self._mine: set[int] = set()  # running trials that this object asked for
        self._stops: set[int] = set()  # running trials that should end
        self._stop_all = False
        self._fixed: Mapping[str, Any] = {}  # values that parameters keep for now
        self._keep: int | None = None  # folders of so many of the best are kept during a run
        if not self.history.opened:
            try:
                self._begin(space, objectives, fidelity, constraints, cost)
            except Conflict:  # another process opened it a moment ago
                self._log.sync()
        self._continue(space, objectives, fidelity, constraints, cost)
        # A script that declares the space now reads `trial.params`, however the study began.
        self.dynamic = space is None and bool(self.history.opened.get("dynamic"))
        self.reap()

    def _begin(
        self,
        space: Space | None,
        objectives: tuple[Objective, ...],
        fidelity: Fidelity | None,
        constraints: tuple[Constraint, ...],
        cost: str | None,
    ) -> None:
        body = {
            "space": (space or Space()).to_json(),
            "dynamic": space is None,
            "objectives": [[objective.name, objective.maximize] for objective in objectives],
            "seed": self.seed,
            "sampler": config(self.sampler),
            "scheduler": config(self.scheduler),
            "about": {} if self._local else about(),
        }
        if fidelity is not None:
            body["fidelity"] = [fidelity.name, fidelity.least, fidelity.most]
        if constraints:
            body["constraints"] = [
                [c.name, ">=" if c.least else "<=", c.bound] for c in constraints
            ]
        if cost is not None:
            body["cost"] = cost
        self._log.append(self._log.event("opened", None, body))

    def _continue(
        self,
        space: Space | None,
        objectives: tuple[Objective, ...],
        fidelity: Fidelity | None,
        constraints: tuple[Constraint, ...],
        cost: str | None,
    ) -> None:
        """Check that the log is of the study that was asked for, and take the script's objects."""
        history = self.history
        as_stored = getattr(self.sampler, "as_stored", None)
        if as_stored is not None:  # what it read elsewhere may have changed since then
            stored = history.opened.get("sampler")
            self.sampler = as_stored(settings.made_again(stored, samplers.CLASSES, "sampler"))
        for word, mine, stored in (
            ("seed", self.seed, history.seed),
            ("sampler", config(self.sampler), history.opened.get("sampler")),
            ("objectives", objectives, history.objectives),
            ("fidelity", fidelity, history.fidelity),
            ("constraints", constraints, history.constraints),
            ("cost", cost, history.cost),
        ):
            if mine != stored:
                raise StudyError(
                    f"study {self.name!r}: the store has it with {word} {settings.told(stored)}, "
                    f"and now {word} is {settings.told(mine)}. Use the stored one (Study.open "
                    "takes what is stored), or another name."
                )
        if space is not None:
            joint = history.space.adopt(space)
            if joint.to_json() != history.space.to_json():
                self._log.append(self._log.event("grew", None, {"space": joint.to_json()}))
            history.dress(joint)

    @property
    def history(self) -> History:
        """The log as arrays, up to the last look at the store."""
        return self._log.history

    @classmethod
    def open(
        cls,
        store: Any,
        name: str | None = None,
        *,
        space: Space | None = None,
        sampler: str | Sampler | None = None,
        scheduler: str | Scheduler | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> Study:
        """A stored study, with the seed, sampler and objectives that it has.

        Parameters
        ----------
        store : str, path or Store
            Where it is.
        name : str, optional
            Needed when the store holds several.
        space : Space, optional
            Brings back options that are not stored, such as functions.
        sampler : optional
            Needed when the stored one is not luthier's own.

        Raises
        ------
        StoreError
            If there is no such study.
        StudyError
            If it is not said which study, or a sampler cannot be made again.
        """
        if name is None and isinstance(store, str | os.PathLike):
            name = settings.one_of(store, "Say which one with name=.")
        name = name or "study"
        given = settings.space(space)
        log = Log(stores.open(store, name, create=False), given)
        opened = log.history.opened
        if not opened:
            raise StoreError(f"store: the study {name!r} was never opened. Check the name.")
        study = cls.__new__(cls)
        study.retries = RETRIES
        study._parts(
            sampler or settings.made_again(opened["sampler"], samplers.CLASSES, "sampler"),
            scheduler or settings.made_again(opened["scheduler"], schedulers.NAMES, "scheduler"),
            log.history.objectives,
            log.history.cost,
        )
        study._local = False
        study._folder = str(settings.folder(study, name, folder, store))
        history = log.history
        study._start(
            log, name, history.seed, given, history.objectives, history.fidelity,
            history.constraints, history.cost,
        )  # fmt: skip
        return study

    # -- ask and tell

    def ask(self, k: int = 1, *, fixed: Mapping[str, Any] | None = None) -> list[Trial]:
        """The next trials: those to retry, then queued ones, then what the sampler proposes.

        Parameters
        ----------
        k : int
            How many; they are the same as from k calls for one each.
        fixed : dict, optional
            Values that some parameters keep in these trials, see `run`.

        Returns
        -------
        list of Trial
            Shorter than k, or empty, when nothing is left to try.
        """
        settings.whole("ask: k", k, 1)
        made = []
        with self._lock, self._fixing(fixed):
            for _ in range(k):
                trial = self.ask_one()
                if trial is None:
                    break
                made.append(trial)
        return made

    @contextmanager
    def _fixing(self, fixed: Mapping[str, Any] | None) -> Iterator[None]:
        """Ask only for trials with these values."""
        fixed_space(self.space, fixed or {}, dynamic=self.dynamic)  # raises what there is to raise
        before, self._fixed = self._fixed, {**self._fixed, **(fixed or {})}
        try:
            yield
        finally:
            self._fixed = before

    def ask_one(self, enough: Callable[[], bool] | None = None) -> Trial | None:
        """The next trial, or None when nothing is left to try.

        Parameters
        ----------
        enough : callable, optional
            Asked when the log has just been read: whether no trial is wanted any more, because
            other processes have started those that were.
        """
        with self._lock:
            owner = {} if self._local else {"owner": owners.me()}
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
                    dynamic=self.dynamic,
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
        space = None if extended is None else extended(self.space, self.history.seen())
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
            study_seed=self.seed,
            parent=int(history.parent[row]),
            budget=self._budget(row),
            dynamic=self.dynamic,
            folder=str(self.folder_of(row)),
            parent_folder=self._parent_folder(row),
            hints=history.created(row).get("hints", {}),
        )
        return Trial(task, self.line)

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

    def _parent_folder(self, row: int) -> str | None:
        """Of the nearest trial before this one that left files, else of its parent."""
        parents = []
        while (row := int(self.history.parent[row])) >= 0:
            parents.append(self.folder_of(row))
        left = (str(path) for path in parents if path.is_dir() and any(path.iterdir()))
        return next(left, str(parents[0])) if parents else None

    def folder_of(self, number: int) -> Path:
        """Where a trial keeps its files; the folder may not be there."""
        return Path(self._folder) / f"{number:05d}"

    def tidy(self, keep: int = 5) -> list[int]:
        """Remove the folders of trials that ended and are not among the best.

        What stays: the folders of running trials and of those that they go on from; of lost trials
        that will be tried again; of stopped trials that may be given more, in a study with a
        fidelity; and of the best. The log keeps every trial.

        Parameters
        ----------
        keep : int
            How many of the best trials keep their folders; 0 for none. With several objectives
            the front comes first.

        Returns
        -------
        list of int
            The numbers of the trials whose folders were removed.

        Raises
        ------
        StudyError
            If `keep` makes no sense, or a folder cannot be removed.
        """
        settings.whole("tidy: keep", keep, 0)
        with self._lock:
            self.flush()
            self._log.sync()
            return tidy(self.history, self.scheduler, int(keep), Path(self._folder))

    def flush(self) -> None:
        """Store everything that has happened; on return it survives a crash."""
        with self._lock:
            self._log.flush()

    def tell(
        self, trial: Trial | int, value: Any = None, *, error: BaseException | str | None = None
    ) -> None:
        """Record how a trial ended; on return the result survives ``kill -9``.

        Parameters
        ----------
        trial : Trial or int
            A running trial, or its number.
        value : number, or dict
            The objective; a dict holds every objective, and its other keys are kept as metrics.
            NaN, infinity, None and other types make the trial a failed one.
        error : exception or str, optional
            The trial failed, and this is why.

        Raises
        ------
        StudyError
            If the trial is not of this study, or has ended.
        """
        number = trial.number if isinstance(trial, Trial) else trial
        with self._lock:
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
            result: dict[str, Any] = {}
            if isinstance(trial, Trial):
                done = error is None and not trial.told
                result = {"params": trial.final(done=done), "added": _dumped(trial)}
            if error is not None:
                told = outcome.explain(error) if isinstance(error, BaseException) else {
                    "kind": "Error", "message": str(error), "traceback": ""
                }  # fmt: skip
                result |= {"state": "FAILED", "error": told}
            elif isinstance(trial, Trial) and trial.told:
                result["state"] = "STOPPED"
            else:
                try:
                    loss, metrics = outcome.read(value, self.history.objectives)
                    result |= {"state": "DONE", "loss": loss, "metrics": metrics}
                except outcome.Invalid as invalid:
                    told = {"kind": "Invalid", "message": str(invalid), "traceback": ""}
                    result |= {"state": "FAILED", "error": told}
            self.finish(int(number), result)
            self.flush()

    def finish(self, number: int, result: dict[str, Any]) -> None:
        """Take the outcome of a trial, as a worker gives it (see `luthier.run.worker`)."""
        with self._lock:
            self._mine.discard(number)
            self._stops.discard(number)
            if self.history.state[number] != State.RUNNING:
                return  # another driver took this one for dead and tried the trial again
            body = {k: result[k] for k in FINISHED if result.get(k) not in (None, {}, "")}
            events = []
            if body["state"] == "DONE":
                metrics = body.get("metrics", {})
                unknown = outcome.unbounded(metrics, self.history.constraints)
                unknown = unknown or outcome.unpriced(metrics, self.history.cost)
                if unknown:
                    error = {"kind": "Invalid", "message": unknown, "traceback": ""}
                    body = {k: v for k, v in body.items() if k not in ("loss", "metrics")}
                    body |= {"state": "FAILED", "error": error}
            if body["state"] == "DONE" and self._partial(number):
                body["state"], loss = "STOPPED", body.pop("loss")
                steps, _ = self.history.curve(number)
                budget = int(self.history.budget[number])
                if budget > steps.max(initial=0):
                    told = {"step": budget, "loss": loss}
                    events.append(self._log.event("reported", number, told))
            if result.get("added"):
                events.append(self._log.event("grew", None, {"parameters": result["added"]}))
            if "params" in result and result["params"] != self.history.raw(number):
                body["params"] = result["params"]
            self._log.apply(*events, self._log.event("finished", number, body))
            if not self._local and result.get("seconds", inf) > QUICK:
                self.flush()
            if self._keep is not None:
                self.tidy(self._keep)

    # -- what a running trial says

    def _report(self, number: int, step: int, loss: list[float], metrics: dict[str, Any]) -> bool:
        with self._lock:
            if self.history.state[number] != State.RUNNING:
                return True
            body: dict[str, Any] = {"step": step, "loss": loss}
            if metrics:
                body["metrics"] = metrics
            self._log.apply(self._log.event("reported", number, body))
            if not self._local and self._log.late:
                self._log.flush()
            seen = self.history.seen()
            row = number if seen is self.history else int(np.flatnonzero(seen.number == number)[0])
            spent = self._partial(number) and step >= self.history.budget[number]
            if spent or not self.scheduler.keep(seen, row):
                self._stops.add(number)
            return self.wants_stop(number)

    def wants_stop(self, number: int) -> bool:
        """Whether a running trial should end."""
        return self._stop_all or number in self._stops

    def stop_all(self, wanted: bool = True) -> None:
        """Ask every running trial to end, or take that back."""
        self._stop_all = wanted

    def _note(self, number: int | None, facts: dict[str, Any]) -> None:
        with self._lock:
            self._log.apply(self._log.event("noted", number, {"facts": facts}))

    def note(self, **facts: Any) -> None:
        """Keep facts about the study, such as what data it was for; the report shows them."""
        self._note(None, {name: outcome.plain(value) for name, value in facts.items()})
        self.flush()

    # -- trials whose process is gone

    def reap(self) -> list[int]:
        """Mark the running trials of dead processes as lost; returns their numbers.

        They are tried again, each as a new trial with the lost one as its parent, until there
        were more than `retries`; the last one then counts as failed.
        """
        with self._lock:
            self._log.sync()
            history = self.history
            running = [int(i) for i in np.flatnonzero(history.running)]
            gone = []
            now = time.time()
            for row in running:
                owner = history.created(row).get("owner")
                if row in self._mine or owner is None or owner == owners.me():
                    continue
                sign = float(history.notes.get(f"alive {owner}", 0.0))
                last = max(float(history.started[row]), sign)
                if not owners.alive(owner, last, now):
                    gone.append(row)
            for row in gone:
                self.lose(row, "Lost", "its process is gone")
            self.flush()
            return gone

    def beat(self) -> None:
        """Give a sign of life, for drivers on other machines."""
        if getattr(self._log.store, "many_machines", False):
            self._note(None, {f"alive {owners.me()}": time.time()})
            self.flush()

    def lose(self, number: int, kind: str, message: str) -> None:
        """End a running trial as lost; as failed, when it was tried often enough."""
        with self._lock:
            attempts = self.history.attempts(number)
            final = attempts > self.retries and kind != "Interrupted"
            told = f"{message}, {attempts} times in a row" if final and attempts > 1 else message
            error = {"kind": kind, "message": told, "traceback": ""}
            state = "FAILED" if final else "LOST"
            self.finish(number, {"state": state, "error": error})

    def reload(self) -> None:
        """Store what is not stored yet, and fold the log anew."""
        with self._lock:
            self._log.flush()
            self._log.rebuild()

    # -- running

    def run(
        self,
        objective: Callable[[Trial], Any],
        *,
        trials: int | None = None,
        more: int | None = None,
        seconds: float | None = None,
        until: float | Callable[[Study], bool] | None = None,
        patience: int | None = None,
        cpu_hours: float | None = None,
        fixed: Mapping[str, Any] | None = None,
        executor: int | str | Executor | Callable[[], Executor] | None = None,
        limit: Limit | None = None,
        keep: int | None = None,
        progress: bool | Watcher | None = None,
    ) -> Study:
        """Try parameters until a limit is reached, the first of those given.

        Ctrl-C ends the run like a limit does: everything is stored, and the same call goes on.

        Parameters
        ----------
        objective : callable
            Takes a `Trial`, returns a number or a dict of metrics. What it raises is recorded,
            and the run goes on.
        trials : int, optional
            How many finished trials the study shall have in all, so that a script that is run
            again does what it says.
        more : int, optional
            How many to add to those that are there.
        seconds : float, optional
            Wall time; running trials are then asked to stop, and none is started. With `limit`,
            those that do not stop are killed, and tried again when the same call goes on.
        until : number or callable, optional
            A value of the objective that is good enough; or a function of the study that says so.
        patience : int, optional
            How many trials may finish without a better one.
        cpu_hours : float, optional
            Processor time of this run, with what its trials start, as far as it is known; ends it
            like `seconds`.
        fixed : dict, optional
            Values that some parameters keep during this run, while the sampler searches over the
            others. Queued configurations keep what they say.
        executor : int, "auto", Executor or callable, optional
            None: in this process, one after another. An int: that many processes of our own.
            "auto": as many as the machine has room for, going by what the first trials use; which
            trials see which results then depends on measured times. Any
            `concurrent.futures.Executor`, or a function that makes one.
        limit : Limit, optional
            What each trial may take: time, memory, cores, GPUs, disk. It then runs in a child
            process, and one that takes more fails alone, with the cause.
        keep : int, optional
            Remove trials' folders whenever one ends, as `tidy` does, but for so many of the best.
        progress : bool or Watcher, optional
            A line that shows how it goes; by default only on a terminal.

        Returns
        -------
        Study
            This study; `ended` says why the run ended.

        Raises
        ------
        StudyError
            If an argument makes no sense.
        AllFailed
            If the first ten trials of the run all failed; shows the first traceback.
        """
        from luthier.run.clock import Limits
        from luthier.run.loop import run

        limits = Limits(trials, more, seconds, until, patience, cpu_hours)
        if keep is not None:
            settings.whole("run: keep", keep, 0)
        before, self._keep = self._keep, keep
        try:
            with self._fixing(fixed):
                run(self, objective, limits, executor, progress, limit)
        finally:
            self._keep = before
        return self

    def enqueue(
        self, params: Mapping[str, Any], *, again: bool = False, whole: bool = True
    ) -> bool:
        """Try a configuration next; names that are left out get their default, else a draw.

        Parameters
        ----------
        params : dict
            Values by name.
        again : bool
            Even if it was tried before, or is queued already.
        whole : bool
            In a study with a fidelity, give it all there is. Otherwise as much as the scheduler
            gives a new point, after those that may go on.

        Returns
        -------
        bool
            Whether it was queued.

        Raises
        ------
        SpaceError
            If a name is unknown or inactive, or a value does not fit.
        """
        with self._lock:
            self._log.sync()
            space = self.history.space
            if not isinstance(params, Mapping):
                raise SpaceError(f"enqueue: expected a dict from names to values, got {params!r}.")
            known = {k: v for k, v in params.items() if not self.dynamic or k in space}
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

    # -- what came of it

    @property
    def space(self) -> Space:
        """The parameters as they are now."""
        return self.history.space

    @property
    def elsewhere(self) -> int:
        """How many trials others are running, as far as is known."""
        return self.history.counts[State.RUNNING] - len(self._mine)

    @property
    def points(self) -> int | float:
        """How many distinct configurations there are to try; ``inf`` where there is no end.

        A grid says its own size.
        """
        if not len(self.space):
            return inf  # nothing is known yet of a space that is defined by running
        plan: int | float = inf
        if hasattr(self.sampler, "size"):
            plan = self.sampler.size(self.space)
        space, _ = fixed_space(self.space, self._fixed, dynamic=self.dynamic)
        return min(space.size, plan)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is minimised or maximised."""
        return self.history.objectives

    @property
    def best(self) -> Result:
        """The best observed trial.

        In a study with a fidelity, as long as no trial was given all there is to give: the one
        with the best last report among those that came furthest; `Result.reached` says how far.

        Raises
        ------
        NothingFinished
            If no trial has a result yet.
        StudyError
            If there are several objectives; see `front`.
        """
        if len(self.objectives) > 1:
            raise StudyError(
                f"best: there are several objectives, {', '.join(map(str, self.objectives))}, and "
                "no trial is best in all. Use study.front."
            )
        rows = self.history.best()
        if not len(rows) and self.history.fidelity is not None:
            rows = self.history.furthest()
        if not len(rows):
            raise NothingFinished(
                f"best: no trial of the study {self.name!r} has a result yet. "
                + _why_nothing(self.history)
            )
        return self[int(rows[0])]

    @property
    def recommended(self) -> Result:
        """The trial to use: the one whose expected result is the best.

        Where results are noisy, the best observed one was lucky too; `expected` says what this
        one would give if it were tried again. Where nothing shows noise, it is `best`.

        Raises
        ------
        NothingFinished, StudyError
            As for `best`.
        """
        from luthier.recommend import recommended

        best = self.best
        if best.value is None:
            return best
        found = recommended(self.space, self.history)
        if found is None:
            return best
        row, mean, error = found
        sign = self.objectives[0].sign
        return replace(self[row], expected=(sign * mean, error))

    @property
    def front(self) -> list[Result]:
        """The trials that no other beats in all objectives, by number."""
        from luthier.numerics.pareto import front

        rows = np.flatnonzero(self.history.done & self.history.feasible)
        return [self[int(i)] for i in rows[front(self.history.Y[rows])]]

    @property
    def results(self) -> list[Result]:
        """Every trial, by number."""
        return [result(self.history, i) for i in range(len(self.history))]

    def __getitem__(self, number: int) -> Result:
        history = self.history
        if not isinstance(number, int | np.integer) or not 0 <= number < len(history):
            raise NothingFinished(
                f"study: there is no trial {number!r}; there are {len(history)}, from 0."
            )
        return result(history, int(number))

    def __len__(self) -> int:
        return len(self.history)

    def frame(self) -> Any:
        """Every trial as a row: a pandas DataFrame where pandas is installed, else a dict of lists.

        Columns: number, state, the objectives, the parameters (options by their labels), metrics,
        facts, seconds, cpu, memory, error and parent. Numbers have the user's sign.
        """
        made = table(self.history)
        try:
            import pandas as pd
        except ModuleNotFoundError:
            return made
        return pd.DataFrame(made)

    def explain(self) -> str:
        """What proposes the next trial and why, and who is stopped, in words."""
        history = self.history.seen()
        told = explain(self.sampler, self.space, history.merged())
        stops = getattr(self.scheduler, "explain", None)
        return told if stops is None else f"{told}\n{stops(self.space, history)}"

    def spent(self) -> Spent:
        """What the study cost so far, where the time went, and what stopping early saved."""
        from luthier.spent import spent

        return spent(self.history)

    def importance(
        self, method: str = "fanova", *, pairs: bool = False, objective: str | None = None
    ) -> Importance:
        """How much of the differences in an objective each parameter accounts for.

        See `luthier.importance.importance`, which this calls.
        """
        from luthier.importance import importance

        return importance(self.history, method, pairs=pairs, objective=objective)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to a file, ``.html`` or ``.md``; returns its path.

        Raises
        ------
        StudyError
            If the ending is another one, or the file cannot be written.
        """
        from luthier.report import Report

        return Report(self.history, name=self.name).save(path)

    def close(self) -> None:
        """Store what is left and let go of the store. The study can be opened again."""
        self.flush()
        self._log.store.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        counts = self.history.counts
        told = ", ".join(f"{n} {State(i).name.lower()}" for i, n in enumerate(counts) if n)
        lines = [
            f"Study {self.name!r}: {', '.join(map(str, self.objectives))}",
            f"  {len(self.space)} parameters, sampler {self.sampler!r}, "
            f"scheduler {self.scheduler!r}, seed {self.seed}",
            f"  {len(self.history)} trials{': ' if told else ''}{told}",
        ]
        if len(self.objectives) == 1 and counts[State.DONE]:
            lines.append(f"  best: {self.best!r}")
        if self.ended:
            lines.append(f"  ended: {self.ended}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        rows = [int(i) for i in self.history.best(5)]
        names = [o.name for o in self.objectives] + list(self.space.names)
        head = "".join(f"<th>{escape(name)}</th>" for name in ["trial", *names])
        body = ""
        for row in rows:
            got = self[row]
            cells: list[Any] = [row, *(f"{v:.6g}" for v in got.values.values())]
            cells += [got.params.get(name, "") for name in self.space.names]
            body += "<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in cells) + "</tr>"
        return (
            f"<pre>{escape(repr(self))}</pre><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


class _Line:
    """A trial's direct call to the study that asked for it."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def report(self, number: int, step: int, loss: list[float], metrics: dict[str, Any]) -> bool:
        return self._study._report(number, step, loss, metrics)

    def should_stop(self, number: int) -> bool:
        return self._study.wants_stop(number)

    def note(self, number: int, facts: dict[str, Any]) -> None:
        self._study._note(number, facts)


def tune(
    objective: Callable[[Trial], Any],
    space: Space | Mapping[str, Any] | None = None,
    *,
    trials: int | None = None,
    seconds: float | None = None,
    until: float | Callable[[Study], bool] | None = None,
    patience: int | None = None,
    cpu_hours: float | None = None,
    executor: int | str | Executor | Callable[[], Executor] | None = None,
    limit: Limit | None = None,
    progress: bool | Watcher | None = None,
    **settings: Any,
) -> Study:
    """Make a study and run it, in one call; see `Study` for settings and `Study.run` for limits.

    Without any limit, 100 trials are run.

    Examples
    --------
    >>> study = tune(lambda trial: (trial.params["x"] - 2) ** 2, Space(x=Float(-3, 9)), trials=20)
    """
    if all(bound is None for bound in (trials, seconds, until, patience, cpu_hours)):
        trials = 100
    return Study(space, **settings).run(
        objective,
        trials=trials,
        seconds=seconds,
        until=until,
        patience=patience,
        cpu_hours=cpu_hours,
        executor=executor,
        limit=limit,
        progress=progress,
    )


def _dumped(trial: Trial) -> dict[str, Any]:
    return {name: space_json.dump(p) for name, p in trial.added.items()}


def _why_nothing(history: History) -> str:
    for i in range(len(history)):
        error = history.error(i)
        if error:
            return f"Trial {i} ended with {error['kind']}: {error['message']}"
    return "Call study.run(objective, trials=...), or ask and tell."
