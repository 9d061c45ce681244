"""Where trials run: in this thread, in our own children, or in an executor of anyone's."""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple, Protocol

import numpy as np

from luthier.errors import StudyError
from luthier.run.guard import GRACE, Child
from luthier.run.pool import Pool, landed
from luthier.run.shipping import ship
from luthier.run.worker import Objective, Outcome, call, call_in_thread, failed, whole
from luthier.trial import Line, Task

Asked = int | Executor | Callable[[], Executor] | None


class Workers(Protocol):
    """Takes tasks and gives futures, the same for every kind of executor."""

    @property
    def capacity(self) -> int:
        """How many tasks may be in flight now."""
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


def open_workers(objective: Objective, executor: Asked, line: Line) -> Workers:
    """The workers that `executor` asks for.

    Parameters
    ----------
    executor : None, int, Executor or function
        This thread; so many children of our own; an executor, or a function that makes one.

    Raises
    ------
    StudyError
        If it is none of these, or the objective cannot be sent to where it should run.
    """
    if executor is None:
        return Inline(objective, line)
    if isinstance(executor, int | np.integer) and not isinstance(executor, bool):
        return Children(objective, int(executor), line)
    if isinstance(executor, ThreadPoolExecutor) and not _interpreters(executor):
        return Threads(objective, executor, line)
    if isinstance(executor, Executor) or callable(executor):
        return Pool(objective, executor, line)
    raise StudyError(
        f"executor: got {executor!r}. Give the number of processes, an Executor of "
        "concurrent.futures or one like it, a function that makes one, or None for this process."
    )


def _interpreters(executor: Executor) -> bool:
    """Whether its threads share nothing, being interpreters of their own (Python 3.14)."""
    kind: type | None = getattr(concurrent.futures, "InterpreterPoolExecutor", None)
    return kind is not None and isinstance(executor, kind)


class Inline:
    """Runs each task at once, in the thread that submits it; KeyboardInterrupt passes through."""

    capacity = 1

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


class _Job(NamedTuple):
    task: Task
    shipped: bytes
    future: Future[Outcome]
    round: int


class Children:
    """Runs tasks in supervised processes of our own, each led by a thread of this one."""

    def __init__(self, objective: Objective, count: int, line: Line) -> None:
        if count < 1:
            raise StudyError(f"executor: the number of processes must be >= 1, got {count}.")
        if not sys.executable or os.name == "nt":
            why = "they need Linux or macOS" if sys.executable else "Python's program is unknown"
            raise StudyError(
                f"executor={count}: no processes of our own can be started here: {why}. "
                "Use a ProcessPoolExecutor, a ThreadPoolExecutor or executor=None."
            )
        shipped = ship(objective, "the objective")
        self.capacity = count
        self._line = line
        self._round = 0  # jobs of an earlier one are not wanted any more
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        threads = max(1, _cores() // count)
        self._children = [Child(shipped, threads) for _ in range(count)]
        # Daemons: a second Ctrl-C that skips `close` must not leave Python waiting for a trial.
        self._threads = [
            threading.Thread(target=self._lead, args=[child], name=f"luthier-{i}", daemon=True)
            for i, child in enumerate(self._children)
        ]
        self._unstarted = itertools.chain(self._threads)

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()
        self._jobs.put(_Job(task, ship(task, f"trial {task.number}"), future, self._round))
        for thread in itertools.islice(self._unstarted, 1):
            thread.start()
        return future

    def stop(self) -> None:
        """Kill what is running."""
        self._round += 1
        for child in self._children:
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
        for child in self._children:
            child.hang_up()
        deadline = time.monotonic() + GRACE
        for child in self._children:
            child.close(deadline)

    def _lead(self, child: Child) -> None:
        while (job := self._jobs.get()) is not None:
            over = partial(self._over, job.round)
            try:
                made = child.run(job.task, job.shipped, self._line, over)
            except BaseException as error:  # ours, but a future without a result hangs the study
                made = whole(job.task, failed(error))
            job.future.set_result(made)

    def _over(self, round: int) -> bool:
        return round != self._round


def _cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
