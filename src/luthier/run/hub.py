"""The driver's end of the channel: a server that answers trials from anywhere.

It is apart from `luthier.run.channel` because children of ours need not load a server.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
import threading
from contextlib import suppress

from luthier.run.channel import PATIENCE, answer
from luthier.trial import Line

LONGEST = 4 << 20  # bytes of one message; a note of 10,000 numbers has 0.2 MB


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
