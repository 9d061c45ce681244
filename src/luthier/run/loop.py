"""The run loop: keep the workers busy until a limit is reached."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import numpy as np

from luthier.driver import Driver
from luthier.errors import AllFailed, LuthierError, StudyError
from luthier.history import History, State
from luthier.owners import BEAT
from luthier.run.clock import Clock, Limits
from luthier.run.limit import Limit
from luthier.run.worker import Outcome
from luthier.run.workers import Workers, open_workers
from luthier.trial import Trial

log = logging.getLogger("luthier")

HOPELESS = 10  # a run whose first trials all fail is stopped after so many
TICK = 0.5  # seconds between two looks at the clock and the log
GRACE = 0.3  # seconds in which trials that were asked to stop may do so, before they are killed


class Watcher(Protocol):
    """Follows a run: called now and then with the history, and once at its end."""

    def update(self, history: History) -> None: ...
    def close(self, history: History, ended: str) -> None: ...


class _Interrupts:
    """Ctrl-C, held back while the study works on its log and let through while it waits."""

    def __init__(self) -> None:
        self._open = 0
        self._pending = self._raised = False
        self._before: Any = None

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._handle)
            else:  # somebody else has plans for Ctrl-C
                self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, *_: object) -> None:
        if self._open:
            self._raised = True
            raise KeyboardInterrupt
        self._pending = True

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Ctrl-C raises KeyboardInterrupt in this block; also one that came before it.

        One that the objective caught, as scikit-learn's networks do, is raised by the next block.
        """
        self._open += 1
        try:
            if self._pending:
                self._pending = False
                raise KeyboardInterrupt
            yield
            self._pending |= self._raised
        finally:
            self._open -= 1
            self._raised = False


def run(
    driver: Driver,
    objective: Callable[[Trial], Any],
    limits: Limits,
    executor: Any = None,
    progress: bool | Watcher | None = None,
    limit: Limit | None = None,
) -> None:
    """Run trials of `driver` until a limit is reached; `driver.ended` then says which.

    Raises
    ------
    StudyError
        If there is no limit in a space without end, or the objective cannot be called.
    AllFailed
        If the first ten trials all failed.
    """
    if not callable(objective):
        raise StudyError(
            f"run: the objective must be a function of a trial, got {objective!r}. "
            "Write def objective(trial): ... return loss"
        )
    if limits.none and driver.points == math.inf:
        raise StudyError(
            "run: there is no limit, and the space has no end. "
            "Give trials=, more=, seconds=, cpu_hours=, until= or patience=."
        )
    driver.ended = ""
    driver.stop_all(False)
    driver.reap()
    clock = Clock(limits, driver)
    reason = clock.reached(0)
    if reason and limits.seconds is None:
        driver.ended = reason
        return
    if driver.points != math.inf:
        log.info("study %r: there are %s points to try", driver.name, f"{driver.points:,}")
    watcher = _watcher(progress)
    workers = open_workers(objective, executor, driver, limit, clock.deadline + GRACE)
    clock.workers = workers
    # Only trials in children that a limit put there may be killed for want of time.
    clock.kills = limit is not None or executor == "auto"
    try:
        with _Interrupts() as interrupts:
            driver.ended = _keep_busy(driver, workers, clock, watcher, interrupts)
    finally:
        driver.stop_all(False)
        workers.close()
        driver.flush()
        if watcher:
            watcher.close(driver.history, driver.ended)


def _keep_busy(
    driver: Driver,
    workers: Workers,
    clock: Clock,
    watcher: Watcher | None,
    interrupts: _Interrupts,
) -> str:
    """The loop itself; returns why it ended."""
    running: dict[Future[Outcome], int] = {}
    failures = finished = 0
    beaten = time.monotonic()
    used_up = False

    def take(future: Future[Outcome]) -> None:
        nonlocal failures, finished, used_up
        number, result = running.pop(future), future.result()
        used_up = False
        clock.took(result)
        if result["state"] == "LOST":
            kind = result["error"]["kind"]
            message = result["error"]["message"]
            if clock.kills and clock.asked_at < math.inf and kind == "Interrupted":
                message = f"the run ended: {clock.over()}"
            elif kind == "Interrupted":
                # Nobody pressed Ctrl-C here: an objective that raises it is not tried for ever.
                kind = "KeyboardInterrupt"
            driver.lose(number, kind, message)
            return
        driver.finish(number, result)
        finished += 1
        # Not as the worker told it: the study may want a metric that the objective did not return.
        failures += int(driver.history.state[number] == State.FAILED)
        if failures == finished == HOPELESS:
            driver.flush()
            raise AllFailed(_hopeless(driver.history))

    try:
        while True:
            reason = clock.reached(len(running))
            while not reason and not used_up and len(running) < workers.capacity:
                trial = driver.ask_one(lambda: clock.full(len(running)))
                if trial is None:
                    reason = clock.reached(len(running))
                    used_up = not reason
                    break
                running_future: Future[Outcome] = Future()
                running[running_future] = trial.number
                with interrupts.let_through():
                    future = workers.submit(trial.task)
                running[future] = running.pop(running_future)
                if future.done():
                    take(future)
                    if watcher:
                        watcher.update(driver.history)
                reason = clock.reached(len(running))
            if not running:
                if reason and not (driver.elsewhere and driver.reap()):
                    return reason
                if used_up and not driver.reap():
                    return f"nothing is left to try: all {driver.points:,} points were tried"
                used_up = False
                continue
            with interrupts.let_through():
                pause = _end_running(driver, workers, clock)
                done, _ = wait(running, timeout=pause, return_when=FIRST_COMPLETED)
            for future in done:
                take(future)
            if time.monotonic() - beaten > BEAT:
                driver.beat()
                beaten = time.monotonic()
            if watcher:
                watcher.update(driver.history)
    except KeyboardInterrupt:
        _interrupted(driver, workers, running)
        return "interrupted by Ctrl-C; the same call goes on"
    except BaseException as error:
        driver.stop_all()
        workers.stop()
        with suppress(LuthierError):  # the store itself may be what failed
            for number in running.values():
                driver.lose(number, "Interrupted", f"the run ended with {type(error).__name__}")
        raise


def _end_running(driver: Driver, workers: Workers, clock: Clock) -> float:
    """Ask trials to stop when the run's time is over, and kill them soon after if it may.

    Returns
    -------
    float
        In how many seconds to look again.
    """
    now = time.monotonic()
    if clock.asked_at == math.inf and clock.over():
        driver.stop_all()
        clock.asked_at = now
    ends = clock.deadline if clock.asked_at == math.inf else clock.asked_at + GRACE
    if clock.asked_at + GRACE <= now:
        if clock.kills:
            workers.stop()
        return TICK
    return min(TICK, max(0.0, ends - now) + 0.001)


def _interrupted(driver: Driver, workers: Workers, running: dict[Future[Outcome], int]) -> None:
    """End what runs and record it; trials that did not finish are lost, and tried again later."""
    driver.stop_all()
    workers.stop()
    with suppress(KeyboardInterrupt):  # a second one: do not wait for trials that do not listen
        wait([future for future in running if future.running() or future.done()], timeout=10)
    for future, number in running.items():
        result = future.result() if future.done() and not future.cancelled() else None
        if result is not None and result["state"] in ("DONE", "FAILED"):
            driver.finish(number, result)
        else:
            driver.lose(number, "Interrupted", "interrupted by Ctrl-C")
    driver.reload()


def _hopeless(history: History) -> str:
    rows = np.flatnonzero(history.failed)[-HOPELESS:]
    first = int(rows[0])
    error = history.error(first) or {"kind": "?", "message": "", "traceback": ""}
    cause = error["traceback"] or f"{error['kind']}: {error['message']}"
    return (
        f"the first {HOPELESS} trials of this run all failed, so it was stopped. "
        f"Trial {first} with {history.params(first)!r}:\n\n{cause}\n"
        "Correct the objective and call run again; failed trials stay in the log."
    )


def _watcher(progress: bool | Watcher | None) -> Watcher | None:
    if progress is None or isinstance(progress, bool):
        import sys

        if progress is False or (progress is None and not sys.stderr.isatty()):
            return None
        from luthier.run.progress import Line as ProgressLine

        return ProgressLine()
    if not callable(getattr(progress, "update", None)):
        raise StudyError(
            f"run: progress must be True, False or an object with update() and close(), got "
            f"{progress!r}."
        )
    return progress
