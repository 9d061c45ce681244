"""How fast luthier is, each number as a ratio to Optuna measured in turns in the same run.

``python -m benchmarks.speed`` takes some minutes; ``--quick`` shrinks it to a check that it works.
The two programs take turns, and which begins changes from turn to turn, so that whatever else the
machine does falls on both. Times are medians; the raw ones are kept.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy

from benchmarks.results import surroundings, write
from luthier import Float, Space, Study

D = 10  # parameters
NAMES = [f"x{j}" for j in range(D)]
BOUNDS = [(-3.0 - j, 9.0 + j) for j in range(D)]

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", module="optuna")

Timed = Callable[[], float]  # sets up, then gives the seconds of the part that counts


def space() -> Space:
    return Space({name: Float(*ends) for name, ends in zip(NAMES, BOUNDS, strict=True)})


def distributions() -> dict[str, Any]:
    made = (optuna.distributions.FloatDistribution(*ends) for ends in BOUNDS)
    return dict(zip(NAMES, made, strict=True))


def loss(params: dict[str, float]) -> float:
    return sum(value * value for value in params.values())


# -- ask and tell in memory -----------------------------------------------------------------------


def ask_tell(n: int) -> tuple[Timed, Timed]:
    def ours() -> float:
        study = Study(space(), sampler="random", seed=1)
        began = time.perf_counter()
        for _ in range(n):
            (trial,) = study.ask()
            study.tell(trial, loss(trial.params))
        return time.perf_counter() - began

    def theirs() -> float:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        wanted = distributions()
        began = time.perf_counter()
        for _ in range(n):
            trial = study.ask(wanted)
            study.tell(trial, loss(trial.params))
        return time.perf_counter() - began

    return ours, theirs


# -- a file ---------------------------------------------------------------------------------------


def into_file(n: int) -> tuple[Timed, Timed]:
    """`run` and `optimize`, one process, an objective that costs nothing."""

    def objective(trial: Any) -> float:
        return loss({name: trial.suggest_float(name, *ends)
                     for name, ends in zip(NAMES, BOUNDS, strict=True)})  # fmt: skip

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            with Study(space(), sampler="random", store=f"{folder}/runs.db", seed=1) as study:
                study.run(lambda trial: loss(trial.params), trials=n)
            return time.perf_counter() - began

    def theirs() -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            study = optuna.create_study(
                storage=f"sqlite:///{folder}/runs.db", sampler=optuna.samplers.RandomSampler(seed=1)
            )
            study.optimize(objective, n_trials=n)
            return time.perf_counter() - began

    return ours, theirs


def told_into_file(n: int) -> tuple[Timed, Timed]:
    """The same by `ask` and `tell`, each result stored before the next question."""

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            with Study(space(), sampler="random", store=f"{folder}/runs.db", seed=1) as study:
                for _ in range(n):
                    (trial,) = study.ask()
                    study.tell(trial, loss(trial.params))
            return time.perf_counter() - began

    def theirs() -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            study = optuna.create_study(
                storage=f"sqlite:///{folder}/runs.db", sampler=optuna.samplers.RandomSampler(seed=1)
            )
            wanted = distributions()
            for _ in range(n):
                trial = study.ask(wanted)
                study.tell(trial, loss(trial.params))
            return time.perf_counter() - began

    return ours, theirs


def opening(n: int, folder: Path) -> tuple[Timed, Timed]:
    """Opening a study of n trials and reading all of it, each time in a fresh process."""
    with Study(space(), sampler="random", store=folder / "ours.db", seed=1) as study:
        study.run(lambda trial: loss(trial.params), trials=n)
        points = [trial.params for trial in study.results]
    url = f"sqlite:///{folder}/theirs.db"
    storage = optuna.storages.RDBStorage(url)
    # Not what is measured: without waiting for the disk it takes minutes and not an hour.
    sqlalchemy.event.listen(storage.engine, "connect", _careless)
    storage.engine.dispose()
    copy = optuna.create_study(storage=storage, study_name="study")
    wanted = distributions()
    copy.add_trials(
        [optuna.create_trial(params=p, distributions=wanted, value=loss(p)) for p in points]
    )
    return (
        _fresh(
            "from luthier import Study",
            f"study = Study.open({str(folder / 'ours.db')!r})\n"
            f"assert study.history.X.shape == ({n}, {D}) and study.history.done.sum() == {n}",
        ),
        _fresh(
            "import optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)",
            f"study = optuna.load_study(storage={url!r}, study_name='study')\n"
            f"assert len(study.trials) == {n}",
        ),
    )


def _careless(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=MEMORY")


# -- imports --------------------------------------------------------------------------------------


def _fresh(before: str, timed: str) -> Timed:
    """The seconds that code takes in a process of its own, after some other code."""
    code = (
        f"{before}\nimport time\nbegan = time.perf_counter()\n{timed}\n"
        "print(time.perf_counter() - began)"
    )

    # As installed packages are: compiled once, in the turn that does not count.
    around = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    around |= {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "luthier-benchmark-pyc")}

    def measure() -> float:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, env=around)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return float(done.stdout)

    return measure


# -- measuring ------------------------------------------------------------------------------------


def in_turns(
    repeats: int, *programs: Timed, first: tuple[Timed, ...] | None = None
) -> list[list[float]]:
    """Seconds of each program in each turn, after one turn that does not count.

    `first` takes the place of the programs in that turn, where they are long.
    """
    for program in programs if first is None else first:
        program()
    taken: list[list[float]] = [[] for _ in programs]
    for turn in range(repeats):
        order = range(len(programs)) if turn % 2 else reversed(range(len(programs)))
        for i in order:
            gc.collect()
            taken[i].append(programs[i]())
    return taken


def compared(
    what: str, wanted: str, count: int, taken: list[list[float]], who: str
) -> dict[str, Any]:
    """A row: seconds of `count` repetitions, ours and the other's, turn by turn."""
    ours, theirs = map(statistics.median, taken)
    ratios = [b / a for a, b in zip(*taken, strict=True)]
    if who != "optuna":
        ratios = [1 / ratio for ratio in ratios]
    row = {"what": what, "against": who, "wanted": wanted, "count": count, "luthier": taken[0],
           "other": taken[1], "ratio": statistics.median(ratios), "ratios": ratios}  # fmt: skip
    print(f"{what}: {ours:.4g} s, {who} {theirs:.4g} s, ratio {row['ratio']:.3g}", flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    shrink, repeats = (50, 1) if given.quick else (1, given.repeats)
    rows: list[dict[str, Any]] = []

    def compare(what: str, wanted: str, count: int, taken: list[list[float]], who: str) -> None:
        rows.append(compared(what, wanted, count, taken, who))

    for n in (100, 1_000, 10_000):
        n = max(n // shrink, 10)
        times = repeats if n < 10_000 else min(repeats, 3)
        taken = in_turns(times, *ask_tell(n), first=ask_tell(100))
        compare(f"ask + tell, random, in memory, {n:,} trials", ">= 1", n, taken, "optuna")
    n = 1_000 // shrink
    few = max(2, repeats - 3) if repeats > 1 else 1  # Optuna's turn may take minutes
    taken = in_turns(few, *into_file(n), first=into_file(5))
    compare(f"run, random, into an SQLite file, {n:,} trials", ">= 10", n, taken, "optuna")
    n = n // 5
    taken = in_turns(few, *told_into_file(n), first=told_into_file(5))
    compare(f"ask + tell, random, into an SQLite file, {n:,} trials", "", n, taken, "optuna")
    n = 10_000 // shrink
    with tempfile.TemporaryDirectory() as folder:
        taken = in_turns(repeats, *opening(n, Path(folder)))
    compare(f"open a study of {n:,} trials and read it", ">= 5", 1, taken, "optuna")
    for code, wanted in (
        ("import luthier", "<= 1.3"),
        ("from luthier import Study, Space, Float", ""),
    ):
        taken = in_turns(4 * repeats, _fresh("", code), _fresh("", "import numpy"))
        compare(f"`{code}`", wanted, 1, taken, "numpy")
    if not given.quick:
        around = surroundings(["luthier", "numpy", "optuna", "sqlalchemy"])
        write("speed", "Speed", table(rows, INTRO), {"surroundings": around, "rows": rows})


INTRO = (
    f"{D} `Float` parameters. Medians over repeats in turns; for many trials, the time of one. "
    "The ratio is that of the two times within a turn (median, and its range): how many times "
    "faster luthier is than Optuna, or how many times slower an import is than `import numpy`."
)


def table(rows: list[dict[str, Any]], intro: str) -> str:
    """The rows in Markdown."""

    def each(seconds: list[float], count: int) -> str:
        told = statistics.median(seconds) / count
        return f"{1e3 * told:.3g} ms" if count > 1 or told < 1 else f"{told:.2f} s"

    made = [
        intro,
        "",
        "| what | luthier | the other | ratio | range | wanted |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        low, high = min(row["ratios"]), max(row["ratios"])
        name = "Optuna" if row["against"] == "optuna" else "`import numpy`"
        made.append(
            f"| {row['what']} | {each(row['luthier'], row['count'])} "
            f"| {name} {each(row['other'], row['count'])} | {row['ratio']:.2f} "
            f"| {low:.2f} to {high:.2f} | {row['wanted'] or '-'} |"
        )
    return "\n".join(made)


if __name__ == "__main__":
    main()
