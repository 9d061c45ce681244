"""The keeper of a child: a small process above the one that runs trials, which outlives it.

It is the first thing that a child's Python does: fork, before anything is loaded. The new process
runs trials. The old one waits; when that process or the driver dies, it kills everything that the
trials have left behind, and ends as that process did. On Linux nothing escapes it: a daemon, whose
own parent has gone, gets the keeper as its parent and not the system's first process.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from luthier.run import tree

MANY = 1 << 16  # more open files than this has nobody
TICK = 0.5  # seconds between two looks at whether the driver is there
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


def keep(life: int, driver: int, processors: Sequence[int] = ()) -> int:
    """Return in a new process, which runs trials, and keep it from this one.

    Parameters
    ----------
    life : int
        A pipe of which only the driver holds the other end.
    driver : int
        The driver's process id.
    processors : sequence of int
        The only ones to use, if there are any.

    Returns
    -------
    int
        The keeper's process id.
    """
    keeper = os.getpid()
    if processors:
        os.sched_setaffinity(0, processors)
    if sys.platform == "linux":
        _adopt()
    signals, theirs = os.pipe()
    os.set_blocking(theirs, False)
    worker = os.fork()
    if not worker:
        os.close(signals)
        os.close(theirs)
        os.setsid()  # can be killed as one, and without its keeper
        return keeper
    try:
        _let_go(life, signals, theirs)
        status = _wait(worker, life, driver, signals, theirs)
        _sweep(worker)
        _end_as(status)
    finally:
        os._exit(1)


def _adopt() -> None:
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def _let_go(*kept: int) -> None:
    """Close what is the worker's: its end must be seen at the other end of its line."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    most = os.sysconf("SC_OPEN_MAX")
    ends = [2, *sorted(kept), min(most if most > 0 else MANY, MANY)]
    for last, first in itertools.pairwise(ends):
        os.closerange(last + 1, first)


def _wait(worker: int, life: int, driver: int, signals: int, theirs: int) -> int:
    """How the worker ended, or 9 when the driver did."""

    def forward(*_: Any) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGTERM)

    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    heard = select.poll()  # and not select(), which knows small descriptors only
    heard.register(life, select.POLLIN)
    heard.register(signals, select.POLLIN)
    while True:
        while (ended := _reap())[0]:
            if ended[0] == worker:
                return ended[1]
        ready = [one for one, _ in heard.poll(1e3 * TICK)]
        if signals in ready:
            os.read(signals, 512)
        if life in ready or os.getppid() != driver:
            return signal.SIGKILL


def _reap() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def _sweep(worker: int) -> None:
    """Kill what is left, until nothing is."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)  # all at once: it cannot go on forking
    while True:
        tree.kill(tree.descendants(os.getpid()))
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _end_as(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file is enough
    with suppress(OSError):  # that of SIGKILL cannot be set, and need not be
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    time.sleep(1)  # a signal that does not kill
