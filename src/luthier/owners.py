"""Who runs a trial, and whether that process is still alive."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

LEASE = 180.0  # seconds without a sign of life after which an owner on another host counts as gone
BEAT = 30.0  # seconds between two signs of life


@lru_cache(maxsize=1)
def _host() -> str:
    """A word for this machine that is the same after a restart of the process, and no name."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            told = Path(path).read_text().strip()
        except OSError:
            continue
        if told:
            break
    else:
        told = str(uuid.getnode())
    # Two containers may share a machine id but not their process ids; the namespace differs.
    with suppress(OSError):
        told += os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _started(pid: int) -> str:
    import psutil

    return f"{psutil.Process(pid).create_time():.2f}"


def me() -> str:
    """This process: host, process id, and when it started."""
    pid = os.getpid()
    return f"{_host()}:{pid}:{_started(pid)}"


def alive(owner: str, last_sign: float, now: float) -> bool:
    """Whether an owner still runs.

    Parameters
    ----------
    owner : str
        As `me` gave it.
    last_sign : float
        When the owner was last heard of, in UNIX seconds; used for other hosts only.
    now : float
        The store's time.
    """
    host, _, rest = owner.partition(":")
    if host != _host():
        return now - last_sign < LEASE
    import psutil

    pid, _, started = rest.partition(":")
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and (
            abs(process.create_time() - float(started)) < 1.0
        )
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True
