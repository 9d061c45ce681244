"""The child's side of `luthier.run.guard`: runs trials one after another until it is hung up on.

The line to the driver is a socket of its own, so what an objective prints cannot disturb it. The
driver sends a length and that many bytes: its arguments, the objective, then one task after
another. The child sends lines of JSON: that the trial begins, what it says, each of which is
answered, what it used, and at last its outcome.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper
from typing import Any

from luthier.run.channel import Caller
from luthier.run.shipping import unship
from luthier.run.worker import call_as_json

BEGINS = b'{"begins": true}\n'


def main(keeper: int, line: int, life: int, crash: int) -> None:
    """Serve the driver at the other end of `line`, a socket.

    Parameters
    ----------
    keeper : int
        The process id of this one's keeper.
    life : int
        A pipe of which only the driver holds the other end.
    crash : int
        A file for what Python can say about a crash.
    """
    for descriptor in (line, life, crash):
        os.set_inheritable(descriptor, False)  # programs that the objective starts get none of them
    _end_with(life, keeper)
    faulthandler.enable(crash, all_threads=False)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a crash would swallow what is buffered
    stream = socket.socket(fileno=line).makefile("rwb")
    try:
        _serve(stream)
    except OSError:  # the driver is gone, or the objective closed the line: nobody listens
        os._exit(1)


def _serve(stream: Any) -> None:
    def receive() -> bytes:
        length: bytes = stream.readline()
        return bytes(stream.read(int(length))) if length else b""

    def exchange(message: bytes) -> bytes:
        stream.write(message)
        stream.flush()
        return bytes(stream.readline())

    sys.argv[:] = json.loads(receive() or b"[]")
    shipped = receive()
    objective: Any = None

    def load() -> tuple[Any, Any]:
        nonlocal objective
        if objective is None:
            objective = unship(shipped)
        loaded = objective, unship(task)
        stream.write(BEGINS)
        stream.flush()
        return loaded

    while task := receive():
        used = Used()
        with Caller(exchange) as caller:
            made = call_as_json(load, caller)
        _flush()
        stream.write(json.dumps({"used": used.now()}).encode() + b"\n" + made.encode() + b"\n")
        stream.flush()


class Used:
    """What this process uses from now on."""

    def __init__(self) -> None:
        with suppress(OSError):  # forget the peak so far, where the kernel can
            _write("/proc/self/clear_refs", b"5")
        self._reaped = _reaped()

    def now(self) -> dict[str, Any]:
        """Its id, its highest memory in bytes, and processor seconds of processes it started."""
        return {"process": os.getpid(), "memory": _peak(), "reaped": _reaped() - self._reaped}


def _peak() -> int:
    with suppress(OSError, ValueError):
        with open("/proc/self/status", "rb", buffering=0) as file:
            text = file.read()
        return 1024 * int(text[text.index(b"\nVmHWM:") :].split(maxsplit=2)[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes, since it began


def _reaped() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _write(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, data)
    finally:
        os.close(file)


def _end_with(life: int, keeper: int) -> None:
    """Kill this process and all that it starts as soon as the driver or the keeper is gone."""
    if sys.platform == "linux":  # the kernel does it, whatever holds the interpreter's lock
        from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl

        with suppress(OSError):  # where a sandbox forbids it, there is the thread below
            fcntl(life, F_SETOWN, -os.getpgid(0))
            fcntl(life, 10, signal.SIGKILL)  # F_SETSIG, which Python's fcntl does not name
            fcntl(life, F_SETFL, fcntl(life, F_GETFL) | os.O_ASYNC)

    def watch() -> None:
        # A process that was forked from the driver may hold the pipe, hence the second look.
        while not select.select([life], [], [], 0.5)[0] and os.getppid() == keeper:
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="luthier-watch", daemon=True).start()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the objective may have closed or replaced it: its own affair
            stream.flush()
