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
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from luthier.errors import AllFailed, LuthierError, StudyError
from luthier.history import History, State
from luthier.owners import BEAT
from luthier.run.limit import Limit
from luthier.run.worker import Outcome
from luthier.run.workers import Workers, open_workers
from luthier.trial import Line, Trial

log = logging.getLogger("luthier")

HOPELESS = 10  # a run whose first trials all fail is stopped after so many
TICK = 0.5  # seconds between two looks at the clock and the log
GRACE = 0.3  # seconds in which trials that were asked to stop may do so, before they are killed


class Driver(Protocol):
    """What the loop needs of a study."""

    name: str
    ended: str

    @property
    def history(self) -> History: ...
    @property
    def line(self) -> Line: ...
    @property
    def points(self) -> int | float: ...
    @property
    def elsewhere(self) -> int: ...
    def ask_one(self, enough: Callable[[], bool] | None = None) -> Trial | None: ...
    def finish(self, number: int, result: Outcome) -> None: ...
    def lose(self, number: int, kind: str, message: str) -> None: ...
    def reap(self) -> list[int]: ...
    def flush(self) -> None: ...
    def reload(self) -> None: ...
    def stop_all(self, wanted: bool = True) -> None: ...
    def beat(self) -> None: ...


class Watcher(Protocol):
    """Follows a run: called now and then with the history, and once at its end."""

    def update(self, history: History) -> None: ...
    def close(self, history: History, ended: str) -> None: ...


@dataclass(frozen=True)
class Limits:
    """When a run ends: at the first of those given.

    Raises
    ------
    StudyError
        If one of them makes no sense.
    """

    trials: int | None = None
    more: int | None = None
    seconds: float | None = None
    until: float | Callable[[Any], bool] | None = None
    patience: int | None = None
    cpu_hours: float | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "more", "patience"):
            value = getattr(self, name)
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and (not whole or value < 1):
                raise StudyError(f"run: {name} must be a whole number >= 1, got {value!r}.")
        number = isinstance(self.seconds, int | float) and not isinstance(self.seconds, bool)
        if self.seconds is not None and (not number or not self.seconds > 0):
            raise StudyError(
                f"run: seconds must be a number above 0, got {self.seconds!r}. "
                "Ten minutes are seconds=600."
            )
        number = isinstance(self.cpu_hours, int | float) and not isinstance(self.cpu_hours, bool)
        if self.cpu_hours is not None and (not number or not self.cpu_hours > 0):
            raise StudyError(
                f"run: cpu_hours must be a number above 0, got {self.cpu_hours!r}. "
                "Ten minutes of one processor are cpu_hours=1/6."
            )
        if self.trials is not None and self.more is not None:
            raise StudyError(
                f"run: trials={self.trials} is how many the study shall have in all, "
                f"more={self.more} how many to add. Give one of them."
            )
        target = isinstance(self.until, int | float) and not isinstance(self.until, bool)
        if self.until is not None and not callable(self.until) and not target:
            raise StudyError(
                f"run: until must be a value of the objective or a function of the study, "
                f"got {self.until!r}."
            )

    @property
    def none(self) -> bool:
        """Whether no limit was given."""
        return all(v is None for v in (self.trials, self.more, self.seconds, self.until,
                                       self.patience, self.cpu_hours))  # fmt: skip


class _Clock:
    """Limits, applied to one run."""

    def __init__(self, limits: Limits, driver: Driver) -> None:
        self.limits, self.driver = limits, driver
        history = driver.history
        self.total = limits.trials
        if limits.more is not None:
            self.total = history.ended + limits.more
        self.deadline = math.inf if limits.seconds is None else time.monotonic() + limits.seconds

        self.workers: Workers | None = None
        self.kills = False  # whether trials that run are ended with the run's time
        self.asked_at = math.inf  # when they were asked to
        self._cpu_began = time.process_time()
        self._cpu_ended = 0.0  # processor seconds of trials that ran in other processes

    def took(self, result: Outcome) -> None:
        """A trial has ended."""
        if self.workers is not None and self.workers.apart:
            self._cpu_ended += result.get("cpu") or 0.0

    @property
    def cpu(self) -> float:
        """Processor seconds of this run, the trials' and its own, as far as they are known."""
        running = 0.0 if self.workers is None else self.workers.spent
        return time.process_time() - self._cpu_began + self._cpu_ended + running

    def over(self) -> str:
        """Why running trials should end too, or an empty string."""
        if time.monotonic() >= self.deadline:
            return f"its {self.limits.seconds:g} seconds are over"
        hours = self.limits.cpu_hours
        if hours is not None and self.cpu >= 3600 * hours:
            return f"its {hours:g} CPU hours are used up"
        return ""

    def full(self, running: int) -> bool:
        """Whether enough trials have ended or are running, here and elsewhere."""
        driver = self.driver
        return self.total is not None and (
            driver.history.ended + running + driver.elsewhere >= self.total
        )

    def reached(self, running: int) -> str:
        """Why nothing more should be started, or an empty string."""
        history, limits = self.driver.history, self.limits
        if self.full(running):
            return f"it has its {self.total} trials"
        if over := self.over():
            return over
        if callable(limits.until):
            if limits.until(self.driver):
                return "until() said so"
        elif limits.until is not None and history.counts[State.DONE]:
            objective = history.objectives[0]
            best = objective.sign * float(history.Y[history.best()[0], 0])
            if objective.sign * best <= objective.sign * limits.until:
                return f"{objective.name} reached {best:.6g}, and {limits.until:g} was enough"
        if limits.patience is not None and history.counts[State.DONE]:
            best_row = int(history.best()[0])
            ended = ~(history.running | history.lost)
            if ended[best_row + 1 :].sum() >= limits.patience:
                return f"{limits.patience} trials brought nothing better"
        return ""


class _Interrupts:
    """Ctrl-C, held back while the study works on its log and let through while it waits."""

    def __init__(self) -> None:
        self._open = 0
        self._pending = False
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
            raise KeyboardInterrupt
        self._pending = True

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Ctrl-C raises KeyboardInterrupt in this block; also one that came before it."""
        self._open += 1
        try:
            if self._pending:
                self._pending = False
                raise KeyboardInterrupt
            yield
        finally:
            self._open -= 1


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
    clock = _Clock(limits, driver)
    reason = clock.reached(0)
    if reason and limits.seconds is None:
        driver.ended = reason
        return
    if driver.points != math.inf:
        log.info("study %r: there are %s points to try", driver.name, f"{driver.points:,}")
    watcher = _watcher(progress)
    workers = open_workers(objective, executor, driver.line, limit, clock.deadline + GRACE)
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
    clock: _Clock,
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
        failures += result["state"] == "FAILED"
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


def _end_running(driver: Driver, workers: Workers, clock: _Clock) -> float:
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
    return progress
