"""A process and all that it started: who they are, and what they use.

Linux tells it all in ``/proc``, in less than a millisecond; elsewhere psutil does. It is loaded
only then, because a child reads this module before anything else.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

LINUX = sys.platform == "linux" and os.path.exists(f"/proc/self/task/{os.getpid()}/children")
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
MARK = "LUTHIER_CHILD"  # a variable in the environment of every process of a child


def children(process: int, *, threads: bool = True) -> list[int]:
    """The processes that have this one as their parent, the oldest first; zombies too.

    Parameters
    ----------
    threads : bool
        Whether it may have more than one.
    """
    if not LINUX:
        return [one.pid for one in _psutil(process, lambda p: p.children())]
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task") if threads else [process]:
            with suppress(OSError):
                found += map(int, _read(f"/proc/{process}/task/{task}/children").split())
    return found


def descendants(process: int) -> list[int]:
    """Children, their children and so on."""
    if not LINUX:
        return [one.pid for one in _psutil(process, lambda p: p.children(recursive=True))]
    found = children(process)
    for one in found:  # grows meanwhile
        found += children(one)
    return found


def resident(processes: Iterable[int]) -> int:
    """Bytes in memory, where what processes share counts for each of them."""
    total = 0
    for process in processes:
        if LINUX:
            with suppress(OSError, IndexError):
                total += PAGE * int(_read(f"/proc/{process}/statm").split()[1])
        else:
            total += sum(_psutil(process, lambda p: [p.memory_info().rss]))
    return total


def proportional(processes: Iterable[int]) -> int:
    """Bytes in memory, where what processes share counts once; takes 0.1 ms and more for each."""
    total = 0
    for process in processes:
        if LINUX:
            with suppress(OSError, ValueError, IndexError):
                text = _read(f"/proc/{process}/smaps_rollup")
                total += 1024 * int(text[text.index("\nPss:") :].split(maxsplit=2)[1])
        else:
            total += sum(_psutil(process, lambda p: [p.memory_full_info().uss]))
    return total


def cpu(processes: Iterable[int]) -> float:
    """Processor seconds of the processes, and of those that they started and that have ended."""
    total = 0.0
    for process in processes:
        if LINUX:
            with suppress(OSError, ValueError):
                # Behind the name, which may hold anything: user, system, and those of the ended.
                fields = _read(f"/proc/{process}/stat").rpartition(")")[2].split()
                total += sum(map(int, fields[11:15])) / TICKS
        else:
            total += sum(_psutil(process, lambda p: p.cpu_times()[:4]))
    return total


def held(folder: str) -> int:
    """Bytes on disk that a folder holds."""
    total, folders = 0, [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def kill(processes: Iterable[int]) -> None:
    """Kill processes, those that are gone already too."""
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def marked(mark: str) -> list[int]:
    """The processes of this user that carry a mark in their environment."""
    if sys.platform == "linux":
        wanted = f"{MARK}={mark}".encode()
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    found.append(int(name))
        return found
    import psutil

    return [
        process.pid
        for process in psutil.process_iter()
        if _psutil(process.pid, lambda p: [p.environ().get(MARK) == mark or None]) == [True]
    ]


def _read(path: str) -> str:
    with open(path, "rb", buffering=0) as file:
        return file.read().decode(errors="replace")


def _psutil(process: int, look: Any) -> list[Any]:
    """What psutil says of a process; nothing of one that is gone."""
    import psutil

    with suppress(psutil.Error):
        return list(look(psutil.Process(process)))
    return []
