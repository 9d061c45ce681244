"""What limits on trials cost, and how far beyond them a trial gets that means harm.

``python -m benchmarks.limits`` takes about two minutes; ``--quick`` shrinks it to a check that it
works. The runs of one comparison take turns.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.results import surroundings, write
from benchmarks.speed import in_turns
from luthier import Float, Limit, Space, Study

SPACE = Space(x=Float(-3, 9))
SECONDS, MEMORY, DISK = 1.0, 500_000_000, 100_000_000


def returns(trial: Any) -> float:
    return float(trial.params["x"])


def sleeps(trial: Any) -> None:
    time.sleep(600)


def ignores_sigterm(trial: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def holds_the_lock(trial: Any) -> None:
    import re

    re.match(r"(a+)+$", "a" * 60 + "b")


def forks_50(trial: Any) -> None:
    for _ in range(50):
        if os.fork() == 0:
            time.sleep(600)
    time.sleep(600)


def starts_a_daemon(trial: Any) -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
    time.sleep(600)


def allocates_in_steps(trial: Any) -> None:
    held = [b"x" * 4_000_000 for _ in range(2500)]
    time.sleep(len(held))


def allocates_at_once(trial: Any) -> None:
    time.sleep(len(np.ones(10**10 // 8)))


def eight_processes_allocate(trial: Any) -> None:
    for _ in range(3):
        os.fork()
    allocates_in_steps(trial)


def writes_5_gigabytes(trial: Any) -> None:
    with open(trial.folder / "much", "wb") as file:
        for _ in range(1000):
            file.write(b"x" * 5_000_000)
    time.sleep(600)


def warm(n: int, limit: Limit | None, clock: Callable[[], float]) -> Callable[[], float]:
    """Seconds of n trials that do nothing, one after another in one child that is warm.

    By `clock`: the time on the wall, or the processor time of the driver.
    """

    def measure() -> float:
        began = [0.0]

        def ends(study: Study) -> bool:  # asked after each trial; the first starts the child
            if study.history.ended == 1 and not began[0]:
                began[0] = clock()
            return study.history.ended > n

        study = Study(SPACE, sampler="random")
        study.run(returns, until=ends, executor=1, limit=limit)
        return clock() - began[0]

    return measure


def beyond(objective: Any, limit: Limit, repeats: int) -> list[Any]:
    """Trials of an objective that means harm."""
    study = Study(SPACE, sampler="random")
    study.run(lambda trial: returns(trial) if trial.number == 0 else objective(trial),
              trials=repeats + 1, limit=limit)  # fmt: skip
    return study.results[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    repeats, n = (1, 20) if given.quick else (given.repeats, 1000)
    rows: list[dict[str, Any]] = []

    def add(what: str, unit: str, wanted: str, values: list[float]) -> None:
        rows.append({"what": what, "unit": unit, "wanted": wanted, "values": values})
        print(f"{what}: {statistics.median(values):.3g} {unit}, at most {max(values):.3g}")

    full = Limit(seconds=60, memory="2GB", disk="1GB", cores=1)
    clocks = ("wall", time.perf_counter), ("processor", time.process_time)
    for name, clock in clocks:
        free, held = in_turns(repeats, warm(n, None, clock), warm(n, full, clock))
        for what, times in ("no limit", free), ("four limits", held):
            told = f"a trial that does nothing in a warm child, {what}, {name} time"
            add(told, "ms", "-", [1e3 * s / n for s in times])
        added = [1e3 * (b - a) / n for a, b in zip(free, held, strict=True)]
        add(f"what limits add to it, {name} time", "ms", "< 1", added)
    late = (sleeps, ignores_sigterm, holds_the_lock, forks_50, starts_a_daemon)
    for objective in late[: 1 if given.quick else None]:
        ended = beyond(objective, Limit(seconds=SECONDS), repeats)
        assert all(trial.error["kind"] == "TimeLimit" for trial in ended), ended
        add(f"time beyond 1 s: {objective.__name__}", "s", "< 1",
            [trial.seconds - SECONDS for trial in ended])  # fmt: skip
    large = (allocates_in_steps, allocates_at_once, eight_processes_allocate)
    for objective in large[: 1 if given.quick else None]:
        ended = beyond(objective, Limit(memory=MEMORY, seconds=120), repeats)
        assert all(trial.error["kind"] == "MemoryLimit" for trial in ended), ended
        add(f"memory beyond 500 MB: {objective.__name__}", "MB", "< 300",
            [(trial.used["memory"] - MEMORY) / 1e6 for trial in ended])  # fmt: skip
    for _ in range(not given.quick):
        ended = beyond(writes_5_gigabytes, Limit(disk=DISK, seconds=120), repeats)
        assert all(trial.error["kind"] == "DiskLimit" for trial in ended), ended
        took = [float(trial.error["message"].split("held ")[1].split()[0]) for trial in ended]
        add("disk beyond 100 MB: writes_5_gigabytes", "MB", "-", [mb - 100 for mb in took])
    wall = 2 if given.quick else 30
    began = time.perf_counter()
    study = Study(SPACE, sampler="random")
    study.run(lambda trial: (ignores_sigterm if trial.number == 7 else returns)(trial),
              seconds=wall, executor=2, limit=Limit(seconds=60))  # fmt: skip
    took = time.perf_counter() - began
    assert study.best.state == "DONE"
    add(f"a run of seconds={wall} with a trial that does not end", "s", f"< {wall + 1}", [took])
    if not given.quick:
        raw = {"surroundings": surroundings(["luthier", "numpy", "psutil"]), "rows": rows}
        busy = f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.\n\n"
        write("limits", "Limits on trials", busy + table(rows), raw)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    made = ["| what | median | at most | wanted |", "| --- | --: | --: | --: |"]
    for row in rows:
        middle, most = statistics.median(row["values"]), max(row["values"])
        unit = row["unit"]
        made.append(f"| {row['what']} | {middle:.3g} {unit} | {most:.3g} {unit} "
                    f"| {row['wanted']} |")  # fmt: skip
    return "\n".join(made)


if __name__ == "__main__":
    main()
