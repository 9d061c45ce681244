"""Contestants take turns, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def turns(
    contestants: Mapping[str, Callable[[], Any]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each contestant in each turn; who begins changes from turn to turn.

    In one process, `time.process_time` leaves out what other programs take.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            gc.collect()
            began = clock()
            contestants[name]()
            seconds[name].append(clock() - began)
    return seconds


def ratio(seconds: Mapping[str, list[float]], above: str, below: str) -> tuple[float, str]:
    """The median ratio of two contestants within a turn, and its range in words."""
    each = [a / b for a, b in zip(seconds[above], seconds[below], strict=True)]
    return statistics.median(each), f"{min(each):.2f} to {max(each):.2f}"


def load() -> str:
    """How busy the machine was in the last minutes, in words."""
    one, five, fifteen = os.getloadavg()
    return f"load {one:.1f}, {five:.1f}, {fifteen:.1f} on {os.cpu_count()} cores"
