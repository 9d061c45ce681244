"""Schedulers and their rivals on recorded learning curves, in simulated time.

    pip install '.[fidelity]'
    python -m benchmarks.fidelity                     # runs all, and reports: hours of CPU time
    python -m benchmarks.fidelity run --tasks 'network-*' --rivals luthier-asha,optuna-asha
    python -m benchmarks.fidelity run --workers 16 --seeds 5
    python -m benchmarks.fidelity report              # only the tables of results
    python -m benchmarks.fidelity record              # the curves; once, they are kept

Each run is one line of ``results/fidelity.jsonl``; a run that is there is not made again, so the
command can be stopped and given again, and given for other rivals in other environments.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

import itertools  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Iterable  # noqa: E402
from pathlib import Path  # noqa: E402

from benchmarks import results  # noqa: E402
from benchmarks.fidelity import clock, report, rivals, tables  # noqa: E402
from benchmarks.quality.running import read  # noqa: E402

FOLDER = Path(results.HERE) / "results"
WORKERS = (1, 16)
Key = tuple[str, str, int, int]  # table, rival, seed, workers


def main() -> None:
    given = parsed()
    if given.what == "record":
        from benchmarks.fidelity.record import record

        record(tables.CURVES, FOLDER / "cache" / "curves", given.minutes)
        return
    names = tables.select(given.tasks)
    whos = given.rivals.split(",") if given.rivals else rivals.USUAL
    workers = [int(x) for x in given.workers.split(",")]
    if given.what != "report":
        for who in whos:
            rivals.rival(who)  # a typo shows before anything has run
        if given.again:
            forget(given.out, names, whos, workers)
        collect(wanted(names, whos, range(given.seeds), workers, given.out), given.out)
    if given.what == "run":
        return
    only = given.rivals.split(",") if given.rivals else None
    body, data = report.report(list(read(given.out)), names, workers, only)
    if given.out.resolve().parent != FOLDER.resolve():
        print(body)
        return
    (FOLDER / "fidelity.svg").write_text(report.figure(data))
    around = results.surroundings(["luthier", "numpy"])
    results.write("fidelity", "Epochs to a good configuration", body,
                  {"surroundings": around, "groups": data})  # fmt: skip


def parsed() -> argparse.Namespace:
    words = __doc__.splitlines()
    parser = argparse.ArgumentParser("python -m benchmarks.fidelity", description=words[0])
    add = parser.add_argument
    add("what", nargs="?", choices=["record", "run", "report"], help="by default run and report")
    add("--tasks", default="*", help="names or patterns of tables, divided by commas")
    add("--rivals", help="names, divided by commas; otherwise those that fit one environment")
    add("--seeds", type=int, default=20, help="how many runs of each pair")
    add("--workers", default=",".join(map(str, WORKERS)), help="numbers, divided by commas")
    add(
        "--again",
        action="store_true",
        help="forget such runs first",
    )
    add("--out", type=Path, default=FOLDER / "fidelity.jsonl", help="where runs are kept")
    add("--minutes", type=float, default=75.0, help="CPU time of one call of record")
    return parser.parse_args()


def wanted(
    names: Iterable[str], whos: Iterable[str], seeds: Iterable[int], workers: Iterable[int],
    out: Path,
) -> list[Key]:  # fmt: skip
    """The runs that a file does not have yet, seed by seed."""
    done = {(r["task"], r["rival"], r["seed"], r["workers"]) for r in read(out)}
    return [
        key
        for seed in seeds
        for name in names
        for who in whos
        for count in workers
        if (key := (name, who, seed, count)) not in done
    ]


def collect(keys: list[Key], out: Path) -> None:
    """Make the runs and append them to a file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    files, loaded = tables.registry(), {}
    began, failed = time.perf_counter(), 0
    with out.open("a") as file:
        for count, (name, who, seed, workers) in enumerate(keys, start=1):
            if name not in loaded:
                loaded[name] = tables.load(files[name])
            table, made = loaded[name], rivals.rival(who)
            try:
                found = clock.run(table, made(table, seed, workers), workers)
            except Exception:  # a rival's own; the other runs go on
                failed += 1
                print(f"FAILED: {who} on {name} with seed {seed}\n{traceback.format_exc()}")
                continue
            record = {"task": name, "rival": who, "seed": seed, "workers": workers, **found,
                      "version": rivals.version(made.package)}  # fmt: skip
            file.write(json.dumps(record) + "\n")
            file.flush()
            spent = time.perf_counter() - began
            told = f"{found['thinking']:.1f} s thinking, {found['tried']} tried"
            print(f"[{count}/{len(keys)}, {spent:.0f} s] {name} {who} {seed} {workers}: {told}",
                  flush=True)  # fmt: skip
    if failed:
        print(f"{failed} runs failed; the same command tries them again.", file=sys.stderr)


def forget(out: Path, names: Iterable[str], whos: Iterable[str], workers: Iterable[int]) -> None:
    """Drop runs from a file."""
    gone = set(itertools.product(names, whos, workers))
    kept = [r for r in read(out) if (r["task"], r["rival"], r["workers"]) not in gone]
    fresh = out.with_suffix(".new")
    fresh.write_text("".join(json.dumps(record) + "\n" for record in kept))
    fresh.replace(out)


if __name__ == "__main__":
    main()
