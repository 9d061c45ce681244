"""A child in a worker of somebody else's pool, kept for the next trial, and given up when idle."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from luthier.run.guard import Child
from luthier.run.limit import Limit
from luthier.run.machine import cores
from luthier.run.shipping import unship
from luthier.run.worker import INTERRUPTED, cut, failed
from luthier.trial import Line

IDLE = 2.0  # seconds in which the next trial usually comes


def run(
    objective: bytes, task: bytes, limit: Limit, line: Line, unwanted: Callable[[], bool]
) -> str:
    """The outcome of one trial in a child, as JSON; nothing is raised.

    Parameters
    ----------
    objective, task : bytes
        As shipped.
    """
    try:
        return json.dumps(_MINE.run(objective, task, limit, line, unwanted))
    except KeyboardInterrupt:  # in a terminal, Ctrl-C reaches the workers of a pool too
        return json.dumps(cut("LOST", "Interrupted", INTERRUPTED))
    except BaseException as error:  # a task that cannot be loaded
        return json.dumps(failed(error))


class _Kept(threading.local):
    """The child of one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._for: tuple[bytes, Limit] | None = None
        self._timer: threading.Timer | None = None

    def run(
        self,
        objective: bytes,
        task: bytes,
        limit: Limit,
        line: Line,
        unwanted: Callable[[], bool],
    ) -> dict[str, object]:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._child is None or self._for != (objective, limit):
                self._close()
                self._child, self._for = Child(objective, cores(), limit), (objective, limit)
            child = self._child
            try:
                made = child.run(unship(task), task, line, unwanted)
            except BaseException:  # it may still be at work on this trial
                child.kill()
                self._close()
                raise
        self._timer = threading.Timer(IDLE, _give_up, [self._lock, child])
        self._timer.daemon = True
        self._timer.start()
        return made

    def _close(self) -> None:
        if self._child is not None:
            self._child.close(time.monotonic() + 1)


def _give_up(lock: threading.Lock, child: Child) -> None:
    """End the process of a child, which starts anew with its next trial; of another thread."""
    with lock:
        child.close(time.monotonic() + 1)


_MINE = _Kept()
