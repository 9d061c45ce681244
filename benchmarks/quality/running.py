"""One run: an optimiser on a task with a seed, one trial at a time or several in flight."""

from __future__ import annotations

import heapq
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.rivals import Rival, rival, version
from benchmarks.quality.task import Task, registry

Record = dict[str, Any]


def run(task: Task, name: str, seed: int, trials: int, flight: int) -> Record | None:
    """What an optimiser found, in the order in which results came; None where it cannot take part.

    With several in flight, trial i takes a time drawn from the task, the seed and i, the same for
    every optimiser, and a new one is asked for whenever one ends.

    Seconds are CPU seconds of this process, so that a busy machine does not count.
    """
    made = rival(name)
    if flight > 1 and not made.flies:
        return None
    tag = zlib.crc32(task.name.encode())
    durations = np.random.default_rng((tag, seed, 1)).lognormal(sigma=1.0, size=trials)
    clock = time.process_time
    began = clock()
    optimiser: Rival = made(task.space, seed, trials, flight)
    thinking, evaluating = clock() - began, 0.0
    pending: list[tuple[float, int, Any]] = []  # when it ends, its number, its token
    got, exact = np.empty(trials), np.empty(trials)
    order, now = [], 0.0
    for turn in range(trials + flight):
        if turn >= min(flight, trials) and pending:
            now, i, token = heapq.heappop(pending)
            began = clock()
            optimiser.tell(token, float(got[i]))
            thinking += clock() - began
            order.append(i)
        if turn < trials:
            began = clock()
            token, params = optimiser.ask()
            thinking += clock() - began
            task.space.check(params)
            began = clock()
            exact[turn] = got[turn] = task.loss(params)
            if task.noisy:
                got[turn] = task.noisy(params, np.random.default_rng((tag, seed, 2, turn)))
            evaluating += clock() - began
            heapq.heappush(pending, (now + durations[turn], turn, token))
    record = {
        "task": task.name, "rival": name, "seed": seed, "trials": trials, "flight": flight,
        "values": [float(f"{value:.8g}") for value in got[order]],
        "thinking": round(thinking, 3), "evaluating": round(evaluating, 3),
        "version": version(made.package),
    }  # fmt: skip
    if task.noisy:
        record["true"] = [float(f"{value:.8g}") for value in exact[order]]
    return record


def job(given: tuple[str, str, int, int | None, int]) -> Record | str | None:
    """A run from plain data, for a process of its own; a text says what went wrong."""
    import traceback

    name, who, seed, trials, flight = given
    try:
        if name not in _TASKS:
            _TASKS.clear()  # tables are large
            _TASKS[name] = registry()[name]()
        task = _TASKS[name]
        return run(task, who, seed, trials or task.trials, flight)
    except Exception:  # a rival's own; the other runs go on, and this one is told as failed
        return f"{who} on {name} with seed {seed}\n{traceback.format_exc()}"


_TASKS: dict[str, Task] = {}


def read(path: Path) -> Iterator[Record]:
    """The records of a file; half a line, as a killed run leaves, is skipped."""
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def wanted(
    tasks: Iterable[str], rivals: Iterable[str], seeds: int, trials: int | None, flight: int,
    path: Path,
) -> list[tuple[str, str, int, int | None, int]]:  # fmt: skip
    """The runs that a file does not have yet, seed by seed and task by task."""
    done = {
        (r["task"], r["rival"], r["seed"], r["flight"])
        for r in read(path)
        if r["trials"] >= (trials or 0)
    }
    return [
        (task, who, seed, trials, flight)
        for seed in range(seeds)
        for task in tasks
        for who in rivals
        if (task, who, seed, flight) not in done
    ]
