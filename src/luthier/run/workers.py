"""Where trials run: in this thread, in our own children, or in an executor of anyone's."""

from __future__ import annotations

import concurrent.futures
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple, Protocol

import numpy as np

from luthier.errors import StudyError
from luthier.run import machine
from luthier.run.guard import GRACE, Child, Look
from luthier.run.limit import Limit
from luthier.run.pool import Pool, landed
from luthier.run.shipping import ship
from luthier.run.worker import Objective, Outcome, call, call_in_thread, failed, whole
from luthier.trial import Line, Task

ENOUGH = 1.0  # seconds after which what a trial uses is taken as what it will use
REMEMBERED = 8  # trials by which `Auto` goes

Asked = int | str | Executor | Callable[[], Executor] | None


class Workers(Protocol):
    """Takes tasks and gives futures, the same for every kind of executor."""

    @property
    def capacity(self) -> int:
        """How many tasks may be in flight now."""
        ...

    @property
    def apart(self) -> bool:
        """Whether tasks run in other processes than this one."""
        ...

    @property
    def spent(self) -> float:
        """Processor seconds of the tasks in flight, as far as they are known and `apart`."""
        ...

    def submit(self, task: Task) -> Future[Outcome]:
        """The outcome to come; the future never holds an exception.

        Raises
        ------
        StudyError
            If the task cannot be sent, or a pool that broke cannot be made again.
        """
        ...

    def stop(self) -> None:
        """End what is running, where it can be killed; its outcome is LOST."""
        ...

    def close(self) -> None:
        """Give back what was taken; an executor that the user gave stays open."""
        ...


def open_workers(
    objective: Objective,
    executor: Asked,
    line: Line,
    limit: Limit | None = None,
    deadline: float = math.inf,
) -> Workers:
    """The workers that `executor` asks for.

    Parameters
    ----------
    executor : None, int, "auto", Executor or function
        This thread; so many children of our own, or as many as fit; an executor, or a function
        that makes one.
    limit : Limit, optional
        Of each trial, which then runs in a child of ours wherever it runs.
    deadline : float
        When trials in a foreign executor are killed, if there is a limit; of `time.monotonic`.

    Raises
    ------
    StudyError
        If it is none of these, or the objective cannot be sent to where it should run.
    """
    if limit is not None and not isinstance(limit, Limit):
        raise StudyError(
            f'limit: got {limit!r}. Write limit=Limit(seconds=60, memory="2GB"), from luthier.'
        )
    if isinstance(executor, str) and executor == "auto":
        return Auto(objective, line, limit or Limit())
    if executor is None:
        return Inline(objective, line) if limit is None else Children(objective, 1, line, limit)
    if isinstance(executor, int | np.integer) and not isinstance(executor, bool):
        return Children(objective, int(executor), line, limit)
    if isinstance(executor, ThreadPoolExecutor) and not _interpreters(executor):
        threads = Threads(objective, executor, line)
        # One child for each of its threads; which thread leads it makes no difference.
        return threads if limit is None else Children(objective, threads.capacity, line, limit)
    if isinstance(executor, Executor) or callable(executor):
        return Pool(objective, executor, line, limit, deadline)
    raise StudyError(
        f"executor: got {executor!r}. Give an Executor of concurrent.futures or one like it, or a "
        'function that makes one; a number of processes of our own is jobs=4 or jobs="auto".'
    )


def _interpreters(executor: Executor) -> bool:
    """Whether its threads share nothing, being interpreters of their own (Python 3.14)."""
    kind: type | None = getattr(concurrent.futures, "InterpreterPoolExecutor", None)
    return kind is not None and isinstance(executor, kind)


class Inline:
    """Runs each task at once, in the thread that submits it; KeyboardInterrupt passes through."""

    capacity, apart, spent = 1, False, 0.0

    def __init__(self, objective: Objective, line: Line) -> None:
        self._objective, self._line = objective, line

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(call(self._objective, task, self._line))
        return future

    def stop(self) -> None:
        """Nothing: what runs here runs in the thread that would call this."""

    def close(self) -> None:
        """Nothing was taken."""


class Threads:
    """Runs tasks in a thread pool of the user's, with nothing in between."""

    apart, spent = False, 0.0

    def __init__(self, objective: Objective, executor: ThreadPoolExecutor, line: Line) -> None:
        self._objective, self._executor, self._line = objective, executor, line
        self.capacity: int = executor._max_workers

    def submit(self, task: Task) -> Future[Outcome]:
        try:
            theirs = self._executor.submit(call_in_thread, self._objective, task, self._line)
        except RuntimeError as error:  # shut down, or its initializer failed
            raise StudyError(
                f"executor: {self._executor!r} takes no more tasks: {error}. Give an open one."
            ) from error
        ours: Future[Outcome] = Future()
        ours.set_running_or_notify_cancel()
        theirs.add_done_callback(lambda future: ours.set_result(landed(task, future.result)))
        return ours

    def stop(self) -> None:
        """Nothing: a thread ends when its objective asks ``should_stop``."""

    def close(self) -> None:
        """The pool is the user's."""


def impossible() -> str:
    """Why there can be no processes of our own here; empty where there can."""
    if not sys.executable:
        return "Python's program is unknown"
    return "they need Linux or macOS" if os.name == "nt" else ""


class _Job(NamedTuple):
    task: Task
    shipped: bytes
    future: Future[Outcome]
    round: int


class Children:
    """Runs tasks in supervised processes of our own, each led by a thread of this one."""

    apart = True

    def __init__(
        self, objective: Objective, count: int, line: Line, limit: Limit | None = None
    ) -> None:
        if count < 1:
            raise StudyError(f"executor: the number of processes must be >= 1, got {count}.")
        if why := impossible():
            raise StudyError(
                f"jobs={count}: no processes of our own can be started here: {why}. "
                "Use executor=ProcessPoolExecutor(...) or ThreadPoolExecutor(...), or neither."
            )
        places = _places(limit, count)
        shipped = ship(objective, "the objective")
        self.capacity = count
        self._line = line
        self._round = 0  # jobs of an earlier one are not wanted any more
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        threads = max(1, machine.cores() // count)
        self.children = [Child(shipped, threads, limit, *place) for place in places]
        # Daemons: a second Ctrl-C that skips `close` must not leave Python waiting for a trial.
        self._threads = [
            threading.Thread(target=self._lead, args=[child], name=f"luthier-{i}", daemon=True)
            for i, child in enumerate(self.children)
        ]
        self._led = self._flying = 0  # threads that were started; jobs that have not ended

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()
        job = _Job(task, ship(task, f"trial {task.number}"), future, self._round)
        with self._lock:
            self._flying += 1
        self._jobs.put(job)
        # A child that nobody needs would take time to start, and memory.
        if self._flying > self._led < self.capacity:
            self._threads[self._led].start()
            self._led += 1
        return future

    @property
    def spent(self) -> float:
        """Of what is watched, which is where there is a limit."""
        return sum(child.spent for child in self.children)

    def stop(self) -> None:
        """Kill what is running."""
        self._round += 1
        for child in self.children:
            if child.busy:
                child.kill()

    def close(self) -> None:
        """Stop, and end every process."""
        self.stop()
        started = [thread for thread in self._threads if thread.is_alive()]
        for _ in started:
            self._jobs.put(None)
        for thread in started:
            thread.join()
        for child in self.children:
            child.hang_up()
        deadline = time.monotonic() + GRACE
        for child in self.children:
            child.close(deadline)

    def _lead(self, child: Child) -> None:
        while (job := self._jobs.get()) is not None:
            over = partial(self._over, job.round)
            try:
                made = child.run(job.task, job.shipped, self._line, over)
            except BaseException as error:  # ours, but a future without a result hangs the study
                made = whole(job.task, failed(error))
            with self._lock:
                self._flying -= 1
            job.future.set_result(made)

    def _over(self, round: int) -> bool:
        return round != self._round


class Auto:
    """Children, as many at a time as the machine has room for, going by what trials have used.

    The first trial begins alone, and may use every processor. After a second of it others follow:
    as many as there are processors for what one keeps busy, and memory for what one takes.

    Parameters
    ----------
    limit : Limit
        Of each trial; without bounds it only lets them be watched.
    cores : int, optional
        How many processors to share out; those of the machine.
    spread : bool
        For tasks that are many and alike, such as folds: as many as there are processors, with a
        thread each, for so none waits for the threads of another. Memory alone makes them fewer,
        and gives each more threads; until one has ended, it is taken for twice what it holds.
    """

    apart = True

    def __init__(
        self,
        objective: Objective,
        line: Line,
        limit: Limit,
        cores: int | None = None,
        *,
        spread: bool = False,
    ) -> None:
        self._limit, self._cores, self._spread = limit, cores or machine.cores(), spread
        self._children = Children(objective, most(limit, self._cores), line, limit)
        self._ended: deque[Look] = deque(maxlen=REMEMBERED)
        self._known = not spread  # what a child's share of the processors is

    @property
    def capacity(self) -> int:
        """How many tasks may be in flight now; it follows what they use."""
        running = [look for child in self._children.children if (look := child.look())]
        seen = [*self._ended, *(look for look in running if look.seconds >= ENOUGH)]
        fit = 1
        if seen:
            busy = 1.0 if self._spread else max(look.cpu / max(look.seconds, 1e-3) for look in seen)
            each = int(self._limit.cores or max(1, min(self._cores, round(busy))))
            taken = max(look.memory for look in seen)
            if self._spread and not self._ended:
                taken *= 2
            room = 0.9 * machine.free_memory() + sum(look.memory for look in running)
            fit = max(1, min(self._cores // each, int(room / max(1, taken))))
        fit = min(fit, self._children.capacity)
        known = not self._spread or len(self._ended) > 0
        threads = max(1, self._cores // (fit if known else self._children.capacity))
        for child in self._children.children:
            if known and not self._known:  # it was small, for all of them to run
                child.anew = child.threads < threads
            child.threads = threads
        self._known = known
        return fit

    @property
    def spent(self) -> float:
        """Of all that runs."""
        return self._children.spent

    def submit(self, task: Task) -> Future[Outcome]:
        """The outcome to come."""
        future = self._children.submit(task)
        future.add_done_callback(self._learn)
        return future

    def stop(self) -> None:
        """Kill what is running."""
        self._children.stop()

    def close(self) -> None:
        """Stop, and end every process."""
        self._children.close()

    def _learn(self, future: Future[Outcome]) -> None:
        made = future.result()
        if made.get("cpu") is not None and made.get("memory"):
            self._ended.append(Look(made["seconds"], made["cpu"], made["memory"]))


def most(limit: Limit, cores: int) -> int:
    """How many trials at once that many processors, and the GPUs, are enough for."""
    fit = max(1, cores // int(limit.cores or 1))
    return max(1, min(fit, machine.room(limit.gpus))) if limit.gpus else fit


def _places(limit: Limit | None, count: int) -> list[tuple[dict[str, str], list[int]]]:
    """The environment and the processors of each of `count` children, where a limit says them."""
    variables: list[dict[str, str]] = [{} for _ in range(count)]
    bound: list[list[int]] = [[] for _ in range(count)]
    if limit is not None and limit.gpus is not None:
        names = machine.shares(limit.gpus, count)
        variables = [{"CUDA_VISIBLE_DEVICES": name} for name in names]
    if limit is not None and limit.pin and limit.cores is not None:
        ours, size = machine.processors(), int(limit.cores)
        if count * size > len(ours) or not hasattr(os, "sched_setaffinity"):
            raise StudyError(
                f"Limit: pin=True with cores={size} for {count} trials at a time, and there are "
                f"{len(ours)} processors to bind to. Run fewer at a time, or leave pin out."
            )
        bound = [ours[i * size : (i + 1) * size] for i in range(count)]
    return list(zip(variables, bound, strict=True))
