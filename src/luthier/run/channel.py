"""A trial's line to its driver, from another process: lines of JSON, each of which is answered.

A child of ours speaks over a socket of its own, see `luthier.run.guard`. A worker of a foreign pool
may be anywhere, so it dials a server in the driver, see `luthier.run.hub`; its first line is a
token that is made for one run. Nothing that arrives is unpickled.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from luthier.errors import LuthierError, StudyError
from luthier.trial import Line

PATIENCE = 10.0  # seconds to connect, and to say the token
BUSY = 600.0  # seconds that a driver may take for an answer, in a slow proposal for instance


class Caller:
    """A `Line` whose messages go through `exchange`, which sends one and returns its answer."""

    def __init__(self, exchange: Callable[[bytes], bytes]) -> None:
        self._exchange = exchange
        self._lock = threading.Lock()  # an objective may report from several threads
        self._process = os.getpid()
        self._open = True

    def report(self, number: int, step: int, loss: list[float], metrics: dict[str, Any]) -> bool:
        return bool(self._say(report=number, step=step, loss=loss, metrics=metrics)["stop"])

    def should_stop(self, number: int) -> bool:
        return bool(self._say(ask=number)["stop"])

    def note(self, number: int, facts: dict[str, Any]) -> None:
        self._say(note=number, facts=facts)

    def _say(self, **message: Any) -> dict[str, Any]:
        if self._process != os.getpid():
            raise StudyError("a trial can only be used in the process in which it runs.")
        packed = json.dumps(message).encode() + b"\n"
        with self._lock:
            if not self._open:
                raise StudyError("the trial is over: a thread that it left behind used it.")
            answer: dict[str, Any] = json.loads(self._exchange(packed))
        if "error" in answer:
            raise LuthierError(answer["error"])
        return answer

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False


def answer(line: Line, message: dict[str, Any]) -> bytes:
    """What `line` says to a caller's message, ready to be sent back.

    Raises
    ------
    ValueError
        If it is no message of a caller's.
    """
    act: Callable[[], bool | None]
    match message:
        case {"report": int(number), "step": int(step), "loss": list(loss), "metrics": dict(rest)}:
            act = partial(line.report, number, step, loss, rest)
        case {"ask": int(number)}:
            act = partial(line.should_stop, number)
        case {"note": int(number), "facts": dict(facts)}:
            act = partial(line.note, number, facts)
        case _:
            raise ValueError("not a message of a trial")
    made: dict[str, Any]
    try:
        made = {"stop": bool(act())}
    except Exception as error:  # raised by the trial's call, as it would be in one process
        made = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps(made).encode() + b"\n"


class Dial:
    """The exchange of a `Caller` with a hub; connects when there is something to say."""

    def __init__(self, hosts: Sequence[str], port: int, token: str) -> None:
        self._hosts, self._port, self._token = hosts, port, token
        self._stream: Any = None

    def __call__(self, message: bytes) -> bytes:
        if self._stream is not None:
            try:
                return self._send(message)
            except OSError:  # a connection may break in hours of training; once is forgiven
                self.close()
        self._stream = self._connect()
        return self._send(message)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _send(self, message: bytes) -> bytes:
        self._stream.write(message)
        self._stream.flush()
        answered: bytes = self._stream.readline()
        if not answered:
            raise ConnectionError("the driver hung up")
        return answered

    def _connect(self) -> Any:
        why: OSError | None = None
        for host in self._hosts:
            try:
                found = socket.create_connection((host, self._port), PATIENCE)
            except OSError as error:
                why = error
                continue
            with found:  # the stream keeps it open
                found.settimeout(BUSY)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found.sendall(self._token.encode() + b"\n")
                return found.makefile("rwb")
        raise StudyError(
            f"trial: its driver cannot be reached at {' or '.join(self._hosts)}, port "
            f"{self._port}: {why}. Is the study still running? If its machine has another address "
            "for the workers, set LUTHIER_ADDRESS to it there."
        )
