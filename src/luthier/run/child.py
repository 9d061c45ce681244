"""The child's side of `luthier.run.guard`: runs trials one after another until it is hung up on.

The line to the driver is a socket of its own, so what an objective prints cannot disturb it. The
driver sends a length and that many bytes: its arguments, the objective, then one task after
another. The child sends lines of JSON: what the trial says, each of which is answered, and at last
its outcome.
"""

from __future__ import annotations

import faulthandler
import json
import os
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


def main(line: int, life: int, crash: int, driver: int) -> None:
    """Serve the driver at the other end of `line`, a socket.

    Parameters
    ----------
    life : int
        A pipe of which only the driver holds the other end.
    crash : int
        A file for what Python can say about a crash.
    driver : int
        The driver's process id.
    """
    for descriptor in (line, life, crash):
        os.set_inheritable(descriptor, False)  # programs that the objective starts get none of them
    _end_with(life, driver)
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
        return objective, unship(task)

    while task := receive():
        with Caller(exchange) as caller:
            made = call_as_json(load, caller)
        _flush()
        stream.write(made.encode() + b"\n")
        stream.flush()


def _end_with(life: int, driver: int) -> None:
    """Kill this process and all that it starts as soon as the driver is gone."""
    if sys.platform == "linux":  # the kernel does it, whatever holds the interpreter's lock
        from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl

        with suppress(OSError):  # where a sandbox forbids it, there is the thread below
            fcntl(life, F_SETOWN, -os.getpgid(0))
            fcntl(life, 10, signal.SIGKILL)  # F_SETSIG, which Python's fcntl does not name
            fcntl(life, F_SETFL, fcntl(life, F_GETFL) | os.O_ASYNC)

    def watch() -> None:
        # A process that was forked from the driver may hold the pipe, hence the second look.
        while not select.select([life], [], [], 0.5)[0] and os.getppid() == driver:
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="luthier-watch", daemon=True).start()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the objective may have closed or replaced it: its own affair
            stream.flush()
