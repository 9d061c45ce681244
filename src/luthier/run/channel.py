"""A trial's line to its driver, from another process: lines of JSON, each of which is answered.

A child of ours speaks over a socket of its own, see `luthier.run.guard`. A worker of a foreign pool
may be anywhere, so it dials a `Hub`, a server in the driver; its first line is a token that is made
for one run. Nothing that arrives is unpickled.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from luthier.errors import LuthierError, StudyError
from luthier.trial import Line

LONGEST = 4 << 20  # bytes of one message; a note of 10,000 numbers has 0.2 MB
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


class Hub:
    """Answers the callers of one run; a thread of its own in the driver."""

    def __init__(self, line: Line, *, local: bool) -> None:
        self._line = line
        self.token = secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1" if local else "", 0), backlog=1000)
        self.port: int = self._socket.getsockname()[1]
        self.hosts = ("127.0.0.1",) if local else addresses()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="luthier-hub", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up on everyone."""
        with suppress(RuntimeError):  # it was closed before
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, sock=self._socket, limit=LONGEST)
        await self._over.wait()
        server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            token = await asyncio.wait_for(reader.readline(), PATIENCE)
            if not hmac.compare_digest(token, self.token.encode() + b"\n"):
                return
            while message := await reader.readline():
                writer.write(answer(self._line, json.loads(message)))
                await writer.drain()
        except (ValueError, RecursionError, OSError, TimeoutError, asyncio.CancelledError):
            pass  # garbage, a line too long, a caller that went away: nothing of ours
        finally:
            writer.close()


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


def addresses() -> tuple[str, ...]:
    """Under which names other machines may reach this one, the likeliest first."""
    given = os.environ.get("LUTHIER_ADDRESS")
    if given:
        return (given,)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; picks the interface to the world
            return (probe.getsockname()[0], socket.gethostname())
        except OSError:  # no network at all
            return ("127.0.0.1",)
