"""Study: ask, tell, run, best. It holds a log and the driver that writes it: all that has state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier import outcome, samplers, schedulers, settings, stores
from luthier.driver import Driver
from luthier.errors import NothingFinished, StoreError, StudyError
from luthier.history import History, Objective
from luthier.keywords import ATTRIBUTES, explained
from luthier.log import Log
from luthier.opening import Terms, settle, stored
from luthier.parts import Sampler, Scheduler
from luthier.results import Result, leaders, result, table
from luthier.samplers.wrapped import explain
from luthier.space import Space
from luthier.study_shown import page, text
from luthier.switches import in_words
from luthier.trial import Trial

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from luthier.importance import Importance
    from luthier.run.limit import Limit
    from luthier.run.loop import Watcher
    from luthier.spent import Spent

RETRIES = 3  # of a trial whose process is lost


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
    sampler : str or Sampler, optional
        Who proposes: "auto", "gp", "tpe", "grid", "random", "qmc", "narrow", ... Not given: as it
        is stored; "auto" in a new study.
    scheduler : str or Scheduler, optional
        Who may stop trials early, or have them go on later: "full" (nobody), "median", "asha",
        "hyperband", ... Not given: as it is stored; in a new study "auto" where there is a
        fidelity and one objective, else "full".
    fidelity : tuple, optional
        What a trial can be given less of: its name, the least and the most,
        ``("epochs", 1, 81)``. Steps of `Trial.report` count it, `Trial.budget` is in it.
    store : str, path or Store, optional
        Where the log is kept: a file such as ``"runs.db"``, or a database URL. Without one, in
        memory. The same store and name continue the study.
    name : str
        The study's name in the store.
    seed : int, optional
        The same seed gives the same trials. Not given: as it is stored; 0 in a new study.
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

    @explained
    def __init__(
        self,
        space: Space | Mapping[str, Any] | None = None,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        constraints: Mapping[str, str] | None = None,
        cost: str | None = None,
        sampler: str | Sampler | None = None,
        scheduler: str | Scheduler | None = None,
        fidelity: tuple[str, int, int] | None = None,
        store: Any = None,
        name: str = "study",
        seed: int | None = None,
        retries: int = RETRIES,
        folder: str | os.PathLike[str] | None = None,
        durable: str = "process",
    ) -> None:
        given = settings.space(space)
        objectives = settings.objectives(minimize, maximize)
        lent = settings.apart(settings.fidelity(fidelity), given)
        asked = {"seed": seed, "sampler": sampler, "scheduler": scheduler}
        unsaid = [word for word, given in asked.items() if given is None]
        if scheduler is None:
            # With several objectives it would go by the first alone, which nobody asked for.
            scheduler = "auto" if lent is not None and len(objectives) == 1 else "full"
        seed = 0 if seed is None else seed
        settings.whole("seed", seed, 0)
        settings.whole("retries", retries, 0)
        if not isinstance(name, str) or not name:
            raise StudyError(f"name: must be a string that is not empty, got {name!r}.")
        terms = Terms(
            name=name,
            seed=int(seed),
            space=given,
            objectives=objectives,
            fidelity=lent,
            constraints=settings.constraints(constraints, objectives),
            cost=settings.cost(cost, objectives),
            sampler=settings.with_studies(samplers.sampler("auto" if sampler is None else sampler)),
            scheduler=schedulers.scheduler(scheduler),
        )
        place = settings.folder(name, folder, store)
        log = Log(stores.open(store, name, durable=durable), given)
        shared = store is not None
        terms = settle(log, terms, shared=shared, unsaid=unsaid)
        self._start(terms, log, int(retries), place, shared=shared)

    def _start(
        self, terms: Terms, log: Log, retries: int, folder: Path | None, *, shared: bool
    ) -> None:
        """Follow a log from here on."""
        self.name, self.seed = terms.name, terms.seed
        self._log = log
        self.driver = Driver(
            log,
            terms.name,
            terms.sampler,
            terms.scheduler,
            retries=retries,
            folder=folder,
            shared=shared,
            # A script that declares the space now reads `trial.params`, however the study began.
            dynamic=terms.space is None and bool(log.history.opened.get("dynamic")),
        )
        self.driver.reap()

    @property
    def sampler(self) -> Sampler:
        """Who proposes."""
        return self.driver.sampler

    @property
    def scheduler(self) -> Scheduler:
        """Who may stop trials early, or have them go on later."""
        return self.driver.scheduler

    @property
    def retries(self) -> int:
        """How often a trial is tried again when its process was lost."""
        return self.driver.retries

    @property
    def ended(self) -> str:
        """Why the last run ended; empty before one has."""
        return self.driver.ended

    @property
    def history(self) -> History:
        """The log as arrays, up to the last look at the store."""
        return self._log.history

    @classmethod
    @explained
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
        history = log.history
        if not history.opened:
            raise StoreError(f"store: the study {name!r} was never opened. Check the name.")
        terms = Terms(
            name=name,
            seed=history.seed,
            space=given,
            objectives=history.objectives,
            fidelity=history.fidelity,
            constraints=history.constraints,
            cost=history.cost,
            sampler=settings.with_studies(samplers.sampler(sampler or stored(history, "sampler"))),
            scheduler=schedulers.scheduler(scheduler or stored(history, "scheduler")),
        )
        terms = settle(log, terms, shared=True)
        study = cls.__new__(cls)
        place = settings.folder(name, folder, store)
        study._start(terms, log, RETRIES, place, shared=True)
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
        return self.driver.ask(k, fixed)

    def folder_of(self, number: int) -> Path:
        """Where a trial keeps its files; the folder may not be there."""
        return self.driver.folder_of(number)

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
        return self.driver.tidy(int(keep))

    def flush(self) -> None:
        """Store everything that has happened; on return it survives a crash."""
        self.driver.flush()

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
        self.driver.tell(trial, value, error)

    def note(self, **facts: Any) -> None:
        """Keep facts about the study, such as what data it was for; the report shows them."""
        self.driver.note(None, {name: outcome.plain(value) for name, value in facts.items()})
        self.flush()

    def reap(self) -> list[int]:
        """Mark the running trials of dead processes as lost; returns their numbers.

        They are tried again, each as a new trial with the lost one as its parent, until there
        were more than `retries`; the last one then counts as failed.
        """
        return self.driver.reap()

    # -- running

    @explained
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
        jobs: int | str | None = None,
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
        jobs : int or "auto", optional
            How many trials run at once, each in a process of our own; one runs in this process,
            as without `jobs`. "auto": as many as the machine has room for, going by what the first
            trials use; which trials see which results then depends on measured times.
        executor : Executor or callable, optional
            Where trials run instead: any `concurrent.futures.Executor`, or a function that makes
            one. A number is that many processes of our own, even if it is one.
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

        enough = partial(until, self) if callable(until) else until
        limits = Limits(trials, more, seconds, enough, patience, cpu_hours)
        if keep is not None:
            settings.whole("run: keep", keep, 0)
        places = settings.workers(jobs, executor)
        with self.driver.keeping(keep), self.driver.fixing(fixed):
            run(self.driver, objective, limits, places, progress, limit)
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
        return self.driver.enqueue(params, again=again, whole=whole)

    # -- what came of it

    @property
    def space(self) -> Space:
        """The parameters as they are now."""
        return self.history.space

    @property
    def elsewhere(self) -> int:
        """How many trials others are running, as far as is known."""
        return self.driver.elsewhere

    @property
    def points(self) -> int | float:
        """How many distinct configurations there are to try; ``inf`` where there is no end.

        A grid says its own size.
        """
        return self.driver.points

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
        rows = leaders(self.history, 1)
        if not rows:
            raise NothingFinished(
                f"best: no trial of the study {self.name!r} has a result yet. "
                + _why_nothing(self.history)
            )
        return self[rows[0]]

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
                f"study: there is no trial {number!r}; there are {len(history)}, from 0. "
                "study.results is a list of them."
            )
        return result(history, int(number))

    def __len__(self) -> int:
        return len(self.history)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def frame(self) -> Any:
        """Every trial as a row: a pandas DataFrame where pandas is installed, else a dict of lists.

        Columns: number, state, the objectives, the parameters (options by their labels), metrics,
        facts, seconds, reached and reported (the last step that it reported and the first
        objective there), cpu, memory, error and parent. Numbers have the user's sign.
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
        if history.opened.get("dynamic"):
            history = history.learned()
        told = [explain(self.sampler, history.space, history.merged())]
        if history.space is not self.space:
            told.append(in_words(history.space))
        stops = getattr(self.scheduler, "explain", None)
        return "\n".join(told if stops is None else [*told, stops(history.space, history)])

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

    if not TYPE_CHECKING:  # for type checkers there would be every attribute then

        def __getattr__(self, name: str) -> Any:
            if name not in ATTRIBUTES:
                return object.__getattribute__(self, name)  # raises what Python raises
            raise AttributeError(
                f"'Study' object has no attribute {name!r}. Write study.{ATTRIBUTES[name]}."
            )

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return page(self)


@explained
def tune(
    objective: Callable[[Trial], Any],
    space: Space | Mapping[str, Any] | None = None,
    *,
    trials: int | None = None,
    seconds: float | None = None,
    until: float | Callable[[Study], bool] | None = None,
    patience: int | None = None,
    cpu_hours: float | None = None,
    jobs: int | str | None = None,
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
        jobs=jobs,
        executor=executor,
        limit=limit,
        progress=progress,
    )


def _why_nothing(history: History) -> str:
    for i in range(len(history)):
        error = history.error(i)
        if error:
            return f"Trial {i} ended with {error['kind']}: {error['message']}"
    return "Call study.run(objective, trials=...), or ask and tell."
