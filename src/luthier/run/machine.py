"""What this process may use of the machine: processors, memory, GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from luthier.errors import StudyError

GPUS = "LUTHIER_GPUS"  # a variable that names the devices to hand out, such as 0,1,2


def cores(root: str = "/") -> int:
    """How many processors' worth of time this process may use: its affinity, and its cgroup's."""
    allowed = float(len(processors()))
    for folder in _groups("cpu", root):
        with suppress(OSError, ValueError):
            quota, period = _quota(folder)
            allowed = min(allowed, quota / period)
    return max(1, int(allowed))


def processors() -> list[int]:
    """The numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def free_memory(root: str = "/") -> int:
    """Bytes that can still be taken: what the machine has, and what the cgroup allows."""
    import psutil  # takes a while, and most studies do not need it

    free = int(psutil.virtual_memory().available)
    for folder in _groups("memory", root):
        for most, now in (("memory.max", "memory.current"),
                          ("memory.limit_in_bytes", "memory.usage_in_bytes")):  # fmt: skip
            with suppress(OSError, ValueError):  # "max" is no number: there is no limit
                free = min(free, _number(folder / most) - _number(folder / now) + _cache(folder))
    return max(0, free)


def gpus() -> list[str]:
    """The names of the GPUs to hand out, as ``CUDA_VISIBLE_DEVICES`` has them."""
    for name in (GPUS, "CUDA_VISIBLE_DEVICES"):
        told = os.environ.get(name)
        if told is not None:
            return [word.strip() for word in told.split(",") if word.strip()]
    found = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    return sorted(found, key=int)


def room(wanted: float) -> int:
    """How many trials at once the GPUs are enough for."""
    return len(gpus()) * int(1 / wanted + 1e-9) if wanted < 1 else len(gpus()) // int(wanted)


def shares(wanted: float, count: int) -> list[str]:
    """The devices of each of `count` trials at once, joined by commas.

    Parameters
    ----------
    wanted : float
        So many whole ones each, or a share of one.

    Raises
    ------
    StudyError
        If there are too few.
    """
    names = gpus()
    if wanted == 0:
        return [""] * count
    enough = room(wanted)
    if enough == 0:
        raise StudyError(
            f"Limit: gpus={wanted:g} for each trial, and there are {len(names)} GPUs here. Leave "
            f"gpus= out, or give it a smaller number. Devices can be named in {GPUS}, such as "
            f"{GPUS}=0,1."
        )
    if enough < count:
        raise StudyError(
            f"Limit: gpus={wanted:g} for {count} trials at a time, and the {len(names)} GPUs here "
            f"are enough for {enough}. Run fewer at a time (jobs={enough}), or give "
            f"gpus= a smaller number. Devices can be named in {GPUS}, such as {GPUS}=0,1."
        )
    if wanted < 1:
        return [names[i % len(names)] for i in range(count)]  # each its own before any is shared
    size = int(wanted)
    return [",".join(names[i * size : (i + 1) * size]) for i in range(count)]


def _groups(controller: str, root: str) -> Iterator[Path]:
    """The cgroup folders that rule this process, of either version, up to the top."""
    with suppress(OSError):
        for line in (Path(root) / "proc/self/cgroup").read_text().splitlines():
            number, names, path = line.split(":", 2)
            if number != "0" and controller not in names.split(","):
                continue
            top = Path(root) / "sys/fs/cgroup" / ("" if number == "0" else controller)
            inner = top / path.lstrip("/")
            # In a container the path may be that of the host, and what counts is the top.
            yield inner
            yield from (above for above in inner.parents if above.is_relative_to(top))


def _quota(folder: Path) -> tuple[float, float]:
    if (folder / "cpu.max").exists():
        quota, period = (folder / "cpu.max").read_text().split()
        return float(quota), float(period)  # "max" is no number
    quota_us = _number(folder / "cpu.cfs_quota_us")
    if quota_us <= 0:
        raise ValueError("no quota")
    return quota_us, _number(folder / "cpu.cfs_period_us")


def _cache(folder: Path) -> int:
    """Bytes of files that the cgroup holds in memory only as long as nobody needs it."""
    for line in (folder / "memory.stat").read_text().splitlines():
        if line.startswith("inactive_file "):
            return int(line.split()[1])
    return 0


def _number(path: Path) -> int:
    return int(path.read_text())
