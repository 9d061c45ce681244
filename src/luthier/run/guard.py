"""A supervised child process that runs trials, one after another, and survives none of its crashes.

The child is a fresh Python, started by ``subprocess`` with the import path of this one; the main
script is not run again in it, so that needs no ``__main__`` guard. Ctrl-C in a terminal does not
reach it, and it can be killed with everything that it started: above it stands a keeper, see
`luthier.run.keeper`. It keeps its imports and its objective from trial to trial, and dies with its
driver. With a limit it is watched, see `luthier.run.watch`.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple

from luthier.run import tree
from luthier.run.channel import answer
from luthier.run.limit import Limit
from luthier.run.watch import Watch, Watched, time_is_up, too_much
from luthier.run.worker import Outcome, cut, whole
from luthier.trial import Line, Task

TICK = 0.2  # seconds between two looks at a child that is silent
GRACE = 1.0  # seconds in which a child that was hung up on may run its exit handlers
LAST = 5.0  # seconds in which one whose line broke may end by itself, so that it can be said how
LEAK = 0.25  # of the limit on memory, that a child may keep after its first trial
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


class Look(NamedTuple):
    """What a trial has used: wall seconds, processor seconds, bytes of memory at most."""

    seconds: float
    cpu: float
    memory: int


class Child:
    """A process for trials; starts with the first, and anew after one that killed it.

    Parameters
    ----------
    objective : bytes
        As shipped.
    threads : int
        How many threads numerical libraries may use in it, unless the user's environment says. It
        can be changed: a child that began with more starts anew with its next trial.
    limit : Limit, optional
        What each trial may take. Its `cores` stand above `threads` and the environment.
    environment : dict
        Further variables of its environment.
    processors : sequence of int
        The only ones that it may use, if there are any.
    """

    def __init__(
        self,
        objective: bytes,
        threads: int,
        limit: Limit | None = None,
        environment: Mapping[str, str] | None = None,
        processors: Sequence[int] = (),
    ) -> None:
        self._objective = objective
        self.threads, self._limit = threads, limit
        self.anew = False  # whether its next trial is to have a new process
        self._bounded = 0  # by how many threads it began with, where we say how many
        self._more, self._processors = dict(environment or {}), tuple(processors)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket
        self._life: int  # our end of the pipe that keeps the child alive
        self._crash: IO[bytes]  # what Python said about its crash
        self._watch: Watch | None = None
        self._trial: Watched | None = None
        self._mark = ""
        self._buffer = b""
        self._last_words = ""
        self._idle = 0  # bytes that it had after its first trial
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
        used: dict[str, Any] = {}
        try:
            if self._process is not None and self._process.poll() is not None:
                self._bury()  # it died of idleness: no fault of this trial
            if self._process is not None and (self.anew or self._bounded > self.threads):
                self.close(time.monotonic() + GRACE)  # more threads would take from the others
            if self._process is None:
                self._start()
            if self._watch is not None:
                self._trial = self._watch.expect(task.folder)
                line = _Asked(line, self._trial)
            self._send(shipped)
            while "state" not in (message := json.loads(self._receive(unwanted))):
                if "begins" in message:
                    began = time.perf_counter()
                    if self._watch is not None and self._trial is not None:
                        self._watch.begins(self._trial)
                elif "used" in message:
                    used = message["used"]
                else:
                    self._socket.sendall(answer(line, message))
            made = self._ended(message, used)
        except (_Gone, OSError, ValueError) as error:
            if self._process is None:
                made = cut("LOST", "NotStarted", f"no process could be started for it: {error}")
            else:
                made = self._cause(unwanted())
            made["seconds"] = time.perf_counter() - began
        finally:
            self.busy = False
        return whole(task, made)

    def kill(self) -> None:
        """End the process and all that it started; `run`, in another thread, then returns."""
        process = self._process
        if process is not None and process.poll() is None:
            # The keeper sweeps up what is missing here, and ends itself.
            tree.kill(tree.descendants(process.pid) or [process.pid])

    def look(self) -> Look | None:
        """What the trial that is running has used, if it is watched and has begun."""
        trial = self._trial
        if trial is None or not self.busy or trial.began == math.inf:
            return None
        return Look(time.monotonic() - trial.began, trial.cpu, trial.peak)

    @property
    def spent(self) -> float:
        """Processor seconds of the trial that is running, as far as they are known."""
        look = self.look()
        return 0.0 if look is None else look.cpu

    def hang_up(self) -> None:
        """Tell a child that waits for trials to leave; `close` waits until it has."""
        if self._process is not None:
            self._socket.close()

    def close(self, deadline: float) -> None:
        """Give back the process, by force after `deadline` (as `time.monotonic` counts)."""
        if self._process is not None:
            self.hang_up()
            self._bury(max(0.0, deadline - time.monotonic()))

    # -- its process

    def _start(self) -> None:
        self._watch = None if self._limit is None else Watch(self._limit)
        self._socket, theirs = socket.socketpair()
        life, self._life = os.pipe()
        self._crash = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _bury
        self._buffer, self._idle = b"", 0
        self._mark = f"{os.getpid()}-{secrets.token_hex(8)}"
        descriptors = (theirs.fileno(), life, self._crash.fileno())
        path = [str(entry) for entry in sys.path]
        code = (
            f"import sys; sys.path[:] = {path!r}\n"
            "from luthier.run.keeper import keep\n"
            f"keeper = keep({life}, {os.getpid()}, {self._processors})\n"
            "from luthier.run.child import main\n"
            f"main(keeper, *{descriptors})"
        )
        # Standard output is for results, so without a watch it goes where errors go.
        said = 2 if self._watch is None else self._watch.output.theirs
        try:
            self._process = subprocess.Popen(
                [sys.executable, *(f"-W{option}" for option in sys.warnoptions), "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
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
            if said != 2:
                os.close(said)
        if self._watch is not None:
            self._watch.start(self._process.pid)
        self._send(json.dumps(sys.argv).encode())
        self._send(self._objective)

    def _environment(self) -> dict[str, str]:
        self._bounded, self.anew = 0, False
        own = {**self._more, tree.MARK: self._mark}
        cores = None if self._limit is None else self._limit.cores
        if cores is not None:
            return os.environ | dict.fromkeys(THREADS, str(int(cores))) | own
        if "OMP_NUM_THREADS" in os.environ:  # the others follow it, unless they are set themselves
            return os.environ | own
        self._bounded = self.threads
        return dict.fromkeys(THREADS, str(self.threads)) | os.environ | own

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

    # -- how a trial ended

    def _ended(self, message: Outcome, used: dict[str, Any]) -> Outcome:
        """The outcome that the child told, with what its trial used and whether it was allowed."""
        made = message
        if made.get("cpu") is not None:
            made["cpu"] += used["reaped"]
        made["memory"] = used["memory"]
        watch, trial, limit = self._watch, self._trial, self._limit
        if watch is None or trial is None or limit is None:
            return made
        watch.over()
        made["output"] = watch.output.last()
        made["memory"] = max(trial.peak, used["memory"])
        if made.get("cpu") is not None:
            made["cpu"] = max(made["cpu"], watch.others(trial, used["process"]))
        # A peak between two looks: whether a trial fails must not depend on when one looked.
        if trial.broken is None and made["memory"] > limit.bytes_of_memory:
            trial.broken = too_much(made["memory"], limit.bytes_of_memory)
        if trial.broken and (trial.broken[0] != "TimeLimit" or made["state"] == "FAILED"):
            made = {key: made[key] for key in made if key not in ("loss", "metrics")}
            made |= cut("FAILED", *trial.broken, made["output"])
        elif trial.heard and made["state"] == "STOPPED" and limit.seconds is not None:
            # Not as one that a scheduler stopped, whose curve tells samplers how it would have
            # ended: this one has no end, however promising it is.
            made |= cut("FAILED", "TimeLimit", time_is_up(trial, limit.seconds), made["output"])
        if trial.hit:  # it may have answered in its last moment
            self._bury()
        else:
            self._tidy(watch, used["process"])
        return made

    def _tidy(self, watch: Watch, process: int) -> None:
        """Make the child fit for the next trial, or let go of it."""
        tree.kill(watch.leftovers(process))
        if self._limit is None or self._limit.memory is None:
            return
        kept = tree.resident([process])
        self._idle = self._idle or kept
        if kept > self._idle + LEAK * self._limit.bytes_of_memory:
            self.close(time.monotonic() + GRACE)  # what a trial left would count for the next

    def _cause(self, unwanted: bool) -> Outcome:
        """Why the process ended, which it now does if it has not."""
        watch, trial = self._watch, self._trial
        if watch is not None:
            watch.over()
        if unwanted:
            self.kill()
        said = "" if watch is None else watch.output.last()
        code, before = self._bury(LAST)
        made = self._why(code if before else None, unwanted, trial, said)
        if watch is not None and trial is not None:
            made |= {"output": said, "memory": trial.peak or None, "cpu": max(0.0, trial.cpu)}
        return made | {"exit": code}

    def _why(self, code: int | None, unwanted: bool, trial: Watched | None, said: str) -> Outcome:
        if trial is not None and trial.broken is not None:
            kind, message = trial.broken
            last = said.rpartition("\n")[2].strip()
            told = f"{message}; it last said {last[:100]!r}" if last else message
            return cut("FAILED", kind, told, said)
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
        words = self._last_words or said
        return cut("FAILED", "ProcessDied", f"the process of the trial {how}", words)

    def _bury(self, patience: float = GRACE) -> tuple[int, bool]:
        """The exit code, and whether it ended by itself; nothing of the child remains."""
        assert self._process is not None
        process, alone = self._process, True
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            alone = False
            self.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        if process.poll() is None:
            tree.kill([*tree.descendants(process.pid), process.pid])
        if process.poll() != 0:  # perhaps the keeper itself was killed, and could not sweep up
            tree.kill(tree.marked(self._mark))
        code = process.wait()
        self._crash.seek(0)
        said = self._crash.read(20_000).decode(errors="replace")
        self._last_words = said.partition("\n\nExtension modules:")[0]  # hundreds of names
        self._release()
        return code, alone

    def _release(self) -> None:
        self._process = self._trial = None
        self._socket.close()
        self._crash.close()
        os.close(self._life)
        if self._watch is not None:
            self._watch.close()
            self._watch = None


class _Asked:
    """A line on which a trial whose time is over is asked to stop."""

    def __init__(self, line: Line, trial: Watched) -> None:
        self._line, self._trial = line, trial
        self.report, self.note = line.report, line.note

    def should_stop(self, number: int) -> bool:
        if self._line.should_stop(number):
            return True
        self._trial.heard |= self._trial.asked
        return self._trial.heard


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
