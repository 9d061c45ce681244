"""A supervised child process that runs trials, one after another, and survives none of its crashes.

The child is a fresh Python, started by ``subprocess`` with the import path of this one; the main
script is not run again in it, so that needs no ``__main__`` guard. It leads a session of its own:
Ctrl-C in a terminal does not reach it, and it can be killed with everything that it started. It
keeps its imports and its objective from trial to trial, and dies with its driver.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from luthier.run.channel import answer
from luthier.run.worker import Outcome, cut, whole
from luthier.trial import Line, Task

TICK = 0.2  # seconds between two looks at a child that is silent
GRACE = 1.0  # seconds in which a child that was hung up on may run its exit handlers
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",  # what joblib makes of n_jobs=-1
)


class _Gone(Exception):
    """The child does not answer, and never will."""


class Child:
    """A process for trials; starts with the first, and anew after one that killed it.

    Parameters
    ----------
    objective : bytes
        As shipped.
    threads : int
        How many threads numerical libraries may use in it, unless the user's environment says.
    """

    def __init__(self, objective: bytes, threads: int) -> None:
        self._objective = objective
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket
        self._life: int  # our end of the pipe that keeps the child alive
        self._crash: IO[bytes]  # what Python said about its crash
        self._buffer = b""
        self._last_words = ""
        self.busy = False

    def run(self, task: Task, shipped: bytes, line: Line, unwanted: Callable[[], bool]) -> Outcome:
        """The outcome of one trial; what it says on the way goes to `line`.

        Parameters
        ----------
        shipped : bytes
            The task, as shipped.
        unwanted : callable
            Whether the trial is to be killed; asked now and then.
        """
        self.busy = True
        began = time.perf_counter()
        try:
            if self._process is not None and self._process.poll() is not None:
                self._bury()  # it died of idleness: no fault of this trial
            if self._process is None:
                self._start()
            self._send(shipped)
            while "state" not in (message := json.loads(self._receive(unwanted))):
                self._socket.sendall(answer(line, message))
            return whole(task, message)
        except (_Gone, OSError, ValueError) as error:
            if self._process is None:
                made = cut("LOST", "NotStarted", f"no process could be started for it: {error}")
            else:
                made = self._cause(unwanted())
        finally:
            self.busy = False
        return whole(task, made | {"seconds": time.perf_counter() - began})

    def kill(self) -> None:
        """End the process and all that it started; `run`, in another thread, then returns."""
        process = self._process
        if process is not None and process.poll() is None:
            _kill_group(process.pid)

    def hang_up(self) -> None:
        """Tell a child that waits for trials to leave; `close` waits until it has."""
        if self._process is not None:
            self._socket.close()

    def close(self, deadline: float) -> None:
        """Give back the process, by force after `deadline` (as `time.monotonic` counts)."""
        if self._process is not None:
            self.hang_up()
            self._bury(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        life, self._life = os.pipe()
        self._crash = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _bury
        self._buffer = b""
        descriptors = (theirs.fileno(), life, self._crash.fileno())
        path = [str(entry) for entry in sys.path]
        code = (
            f"import sys; sys.path[:] = {path!r}\n"
            f"from luthier.run.child import main; main{(*descriptors, os.getpid())}"
        )
        try:
            self._process = subprocess.Popen(
                [sys.executable, *(f"-W{option}" for option in sys.warnoptions), "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout is the driver's, for results
                pass_fds=descriptors,
                start_new_session=True,
                env=self._environment(),
            )
        except BaseException:
            self._release()
            raise
        finally:
            theirs.close()
            os.close(life)
        self._send(json.dumps(sys.argv).encode())
        self._send(self._objective)

    def _environment(self) -> dict[str, str]:
        if "OMP_NUM_THREADS" in os.environ:  # the others follow it, unless they are set themselves
            return dict(os.environ)
        return {name: str(self._threads) for name in THREADS} | os.environ

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(None)
        self._socket.sendall(b"%d\n" % len(data) + data)
        self._socket.settimeout(TICK)

    def _receive(self, unwanted: Callable[[], bool]) -> bytes:
        """The next line that the child says."""
        assert self._process is not None
        if unwanted():
            raise _Gone
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            try:
                pieces.append(self._socket.recv(1 << 20))
            except TimeoutError:
                # Silence is no proof: a process that it started may still hold its socket.
                if self._process.poll() is not None or unwanted():
                    raise _Gone from None
            else:
                if not pieces[-1]:
                    raise _Gone
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        return line

    def _cause(self, unwanted: bool) -> Outcome:
        """Why the process ended, which it now does if it has not."""
        if unwanted:
            self.kill()
        code = self._bury()
        if unwanted:
            return cut("LOST", "Interrupted", "the run was stopped, and the trial with it")
        if code is None:
            return cut("FAILED", "ProcessDied", "the trial closed its process's line to the study")
        if code >= 0:
            how = f"ended with exit code {code} before the objective returned"
        else:
            how = f"was killed by {_signal(-code)}"
            if -code == signal.SIGKILL:
                how += ", perhaps by the system for want of memory"
        return cut("FAILED", "ProcessDied", f"the process of the trial {how}", self._last_words)

    def _bury(self, patience: float = GRACE) -> int | None:
        """The exit code of the child, or None if it had to be killed; nothing of it remains."""
        assert self._process is not None
        process, code = self._process, None
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(patience)
        _kill_group(process.pid)  # also what it started and left behind
        process.wait()
        self._crash.seek(0)
        self._last_words = self._crash.read(20_000).decode(errors="replace")
        self._release()
        return code

    def _release(self) -> None:
        self._process = None
        self._socket.close()
        self._crash.close()
        os.close(self._life)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
        os.killpg(leader, signal.SIGKILL)
