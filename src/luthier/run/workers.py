"""Where trials run: in this thread, in our own children, or in anyone's executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Protocol

from luthier.errors import StudyError
from luthier.run.worker import Objective, Outcome, call, call_uninterrupted
from luthier.trial import Line, Task


class Workers(Protocol):
    """Takes tasks and gives futures, the same for every kind of executor."""

    @property
    def capacity(self) -> int:
        """How many tasks may be in flight now."""
        ...

    def submit(self, task: Task) -> Future[Outcome]:
        """A future that never holds an exception."""
        ...

    def stop(self) -> None:
        """End what is running, as fast as this kind can."""
        ...

    def close(self) -> None:
        """Give back what was taken; an executor that the user gave stays open."""
        ...


def open_workers(
    objective: Objective, executor: None | int | Executor | Callable[[], Executor], line: Line
) -> Workers:
    """The workers that `executor` asks for."""
    if executor is None:
        return Inline(objective, line)
    if isinstance(executor, ThreadPoolExecutor):
        return Threads(objective, executor, line)
    raise StudyError(f"executor={executor!r}: not yet.")


class Inline:
    """Runs each task at once, in the thread that submits it."""

    capacity = 1

    def __init__(self, objective: Objective, line: Line) -> None:
        self._objective, self._line = objective, line

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(call(self._objective, task, self._line))
        return future

    def stop(self) -> None:
        """Nothing: what runs here, runs in the thread that would call this."""

    def close(self) -> None:
        """Nothing was taken."""


class Threads:
    """Runs tasks in a thread pool of the user's, with nothing in between."""

    def __init__(self, objective: Objective, executor: ThreadPoolExecutor, line: Line) -> None:
        self._objective, self._executor, self._line = objective, executor, line
        self.capacity: int = executor._max_workers

    def submit(self, task: Task) -> Future[Outcome]:
        return self._executor.submit(call_uninterrupted, self._objective, task, self._line)

    def stop(self) -> None:
        """Nothing: a thread ends when its objective asks ``should_stop``."""

    def close(self) -> None:
        """The pool is the user's."""
