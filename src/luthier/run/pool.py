"""Trials in an executor that is not ours: processes, loky, Dask, MPI, Ray.

What is submitted is one function of ours with bytes, and what comes back is text, so any executor
can carry it. A trial that has something to say on its way dials a hub in the driver.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

from luthier.errors import StudyError
from luthier.run import kept
from luthier.run.channel import Caller, Dial
from luthier.run.hub import Hub
from luthier.run.limit import Limit
from luthier.run.shipping import ship, unship
from luthier.run.worker import Objective, Outcome, call_as_json, cut, whole
from luthier.trial import Line, Task

Address = tuple[tuple[str, ...], int, str]


class Pool:
    """Submits tasks to an executor, and makes it again when it breaks.

    One task that kills its process takes with it all that were in flight. To tell the killer from
    its neighbours, tasks then run one at a time until as many came back as were lost together.

    Parameters
    ----------
    executor : Executor, or a function that makes one
        What the function makes is shut down in the end.
    limit : Limit, optional
        Of each trial, which its worker then runs in a child of its own.
    deadline : float
        When trials with a limit are killed; of `time.monotonic`.
    """

    apart, spent = True, 0.0

    def __init__(
        self,
        objective: Objective,
        executor: Executor | Callable[[], Executor],
        line: Line,
        limit: Limit | None = None,
        deadline: float = math.inf,
    ) -> None:
        if limit is not None and (limit.gpus or limit.pin):
            raise StudyError(
                "Limit: gpus and pin are handed out to processes of our own, and workers of an "
                "executor have their own places. Give a number, jobs=4, or leave them out."
            )
        self._limit, self._deadline = limit, deadline
        self._shipped = ship(objective, "the objective")
        self._ours = not isinstance(executor, Executor)
        self._make = _maker(executor) if isinstance(executor, Executor) else executor
        self._executor: Any = executor if isinstance(executor, Executor) else _made(executor)
        self._hub = Hub(line, local=_is_local(self._executor))
        self._lock = threading.Lock()
        self._broken = False
        self._flying = 0
        self._suspects = 0  # lost to a broken pool, and not yet made up for

    @property
    def capacity(self) -> int:
        """How many tasks may be in flight now; it may change, on an elastic cluster."""
        return 1 if self._suspects else _capacity(self._executor)

    def submit(self, task: Task) -> Future[Outcome]:
        """The outcome to come."""
        shipped = ship(task, f"trial {task.number}")
        address: Address = (self._hub.hosts, self._hub.port, self._hub.token)
        if self._broken:
            self._remake(None)
        options = {"pure": False, "retries": 0} if _is_dask(self._executor) else {}
        left = self._deadline - time.monotonic()
        # A worker may take a while to begin. On this machine it has the same clock, elsewhere not.
        at = self._deadline if _is_local(self._executor) else math.inf
        work = (_work, self._shipped, shipped, address, self._limit, left, at)
        try:
            theirs = self._executor.submit(*work, **options)
        except Exception as error:  # it may have broken while nothing was in flight
            self._remake(error)
            theirs = self._executor.submit(*work, **options)
        ours: Future[Outcome] = Future()
        ours.set_running_or_notify_cancel()
        with self._lock:
            self._flying += 1
            alone = self._suspects > 0
        theirs.add_done_callback(partial(self._land, task, self._executor, alone, ours))
        return ours

    def stop(self) -> None:
        """Nothing: the processes are not ours to kill."""

    def close(self) -> None:
        """Hang up, and shut down what we made ourselves."""
        self._hub.close()
        if self._ours:
            # Waiting for a trial that does not listen could take for ever.
            self._executor.shutdown(wait=not self._flying)

    def _land(
        self,
        task: Task,
        executor: Executor,
        alone: bool,
        ours: Future[Outcome],
        theirs: Future[str],
    ) -> None:
        """Pass on what became of a task, and count the lost and the found."""
        made = landed(task, lambda: json.loads(theirs.result()))
        broken = made["state"] == "LOST" and made["error"]["kind"] == "PoolBroken"
        with self._lock:
            self._flying -= 1
            self._broken |= broken and executor is self._executor
            if not broken:
                self._suspects = max(0, self._suspects - 1)
            elif not alone:
                self._suspects += 1
        ours.set_result(made)

    def _remake(self, error: Exception | None) -> None:
        """Another executor in the place of one that broke."""
        broken = error is None or isinstance(error, BrokenExecutor) or self._ours
        if not broken or self._make is None:
            raise StudyError(
                f"executor: {self._executor!r} takes no more tasks"
                f"{'' if error is None else f' ({error})'} and cannot be made again. Give a "
                "function that makes one, such as executor=lambda: ProcessPoolExecutor(4), "
                "or a number of processes."
            ) from error
        self._executor.shutdown(wait=False)
        self._executor = _made(self._make)
        self._ours = True
        self._broken = False


def landed(task: Task, result: Callable[[], Outcome]) -> Outcome:
    """The outcome that a foreign future gives, or what is to be said of the exception in it."""
    try:
        return whole(task, result())
    except BaseException as error:
        kind, text = type(error).__name__, str(error) or type(error).__name__
        if kind == "KilledWorker":  # Dask has tried it on several workers, and lost them all
            made = cut("FAILED", "ProcessDied", f"the trial killed its workers: {text}")
        else:
            kind = "PoolBroken" if isinstance(error, BrokenExecutor) else kind
            made = cut("LOST", kind, f"the executor lost the trial: {text}")
        return whole(task, made)


def _made(make: Callable[[], Executor]) -> Executor:
    made = make()
    if not isinstance(made, Executor):
        raise StudyError(
            f"executor: the function {make!r} must return an Executor, and it returned {made!r}."
        )
    return made


def _work(
    objective: bytes,
    task: bytes,
    address: Address,
    limit: Limit | None,
    left: float,
    at: float,
) -> str:
    """Runs in the executor: the outcome of a trial, as JSON."""
    with closing(Dial(*address)) as dial, Caller(dial) as caller:
        if limit is None:
            return call_as_json(lambda: (unship(objective), unship(task)), caller)
        end = min(at, time.monotonic() + left)
        return kept.run(objective, task, limit, caller, lambda: time.monotonic() > end)


# -- what has to be known of kinds of executors ---------------------------------------------------


def _package(executor: Executor) -> str:
    return type(executor).__module__.partition(".")[0]


def _is_dask(executor: Executor) -> bool:
    return _package(executor) == "distributed"


def _is_local(executor: Any) -> bool:
    """Whether its workers are on this machine for sure."""
    if _is_dask(executor):
        scheduler = str(executor._client.scheduler.address)
        return scheduler.startswith(("tcp://127.0.0.1", "inproc://"))
    return _package(executor) in ("concurrent", "loky", "joblib")


def _capacity(executor: Any) -> int:
    if _is_dask(executor):
        return max(1, sum(map(int, executor._client.nthreads().values())))
    for name in ("_max_workers", "capacity", "num_workers"):
        found = getattr(executor, name, None)
        found = found() if callable(found) else found
        if isinstance(found, int) and found >= 1:
            return found
    return os.cpu_count() or 1


def _maker(executor: Any) -> Callable[[], Executor] | None:
    """A function that makes an equal executor, for kinds of which we know how."""
    if type(executor) is ProcessPoolExecutor:
        pool: Any = executor
        settings = {
            "max_workers": pool._max_workers,
            "mp_context": pool._mp_context,
            "initializer": pool._initializer,
            "initargs": pool._initargs,
            "max_tasks_per_child": pool._max_tasks_per_child,
        }
        return lambda: ProcessPoolExecutor(**settings)
    if _package(executor) in ("loky", "joblib") and hasattr(executor, "_max_workers"):
        kind, count = type(executor), executor._max_workers
        if hasattr(kind, "get_reusable_executor"):  # one for the whole process; makes itself again
            return lambda: kind.get_reusable_executor(max_workers=count)[0]
        settings = {
            "max_workers": count,
            "context": executor._context,
            "timeout": executor._timeout,
            "initializer": executor._initializer,
            "initargs": executor._initargs,
            "env": executor._env,
        }
        return lambda: kind(**settings)
    return None
