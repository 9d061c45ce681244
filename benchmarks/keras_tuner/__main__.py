"""luthier against KerasTuner: quality for the same epochs, and memory.

    pip install '.[kerastuner]'
    python -m benchmarks.keras_tuner            # 3 problems x 5 seeds x 6 contestants, on PyTorch
    python -m benchmarks.keras_tuner --report   # only write what is there

What is in results/keras-tuner.jsonl is not done again. `KERAS_BACKEND` chooses another backend:
PyTorch is the fastest for such small networks, as nothing is compiled.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.keras_tuner.memory import WAYS, measure  # noqa: E402
from benchmarks.keras_tuner.problems import PROBLEMS  # noqa: E402
from benchmarks.keras_tuner.report import report  # noqa: E402
from benchmarks.keras_tuner.searches import OURS, RIVALS, one  # noqa: E402
from benchmarks.quality.running import read  # noqa: E402
from benchmarks.results import HERE, surroundings, write  # noqa: E402

RECORDS = HERE / "results" / "keras-tuner.jsonl"


def main() -> None:
    """Do what is missing, then write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=27, help="of a full training")
    parser.add_argument("--budget", type=int, default=375, help="epochs of a run; 375 are those "
                        "of KerasTuner's Hyperband, once through its brackets")  # fmt: skip
    parser.add_argument("--contestants", default=",".join((*RIVALS, *OURS)))
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--memory", type=int, default=50, help="trials; 0 measures none")
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # what a child is started for
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.memory)))
        return
    if not given.report:
        search(given)
        weigh(given)
    records = list(read(given.records))
    same = {"epochs": given.epochs, "budget": given.budget}
    runs = [r for r in records if "problem" in r and same.items() <= r.items()]
    sizes = [r for r in records if "way" in r and r["trials"] == given.memory]
    raw: dict[str, Any] = {
        "surroundings": surroundings(["luthier", "keras", "keras-tuner", "torch", "numpy"]),
        "runs": runs,
        "memory": sizes,
    }
    body = report(runs, sizes, given.epochs, given.budget)
    write("keras-tuner", "Against KerasTuner", body, raw)


def search(given: argparse.Namespace) -> None:
    """The runs that are missing; all contestants of a seed in turn."""
    import keras_tuner  # noqa: F401

    gc.freeze()  # both libraries look for garbage after each trial; not among all of TensorFlow
    backend = os.environ["KERAS_BACKEND"]
    keys = ("problem", "contestant", "seed", "epochs", "budget", "backend")
    done = {tuple(r[key] for key in keys) for r in read(given.records) if "problem" in r}
    for seed in range(given.seeds):
        for name in given.problems.split(","):
            for contestant in given.contestants.split(","):
                if (name, contestant, seed, given.epochs, given.budget, backend) not in done:
                    append(given.records, one(name, contestant, seed, given.epochs, given.budget))


def weigh(given: argparse.Namespace) -> None:
    """The measurements of memory that are missing, each in a process of its own."""
    done = {(r["backend"], r["way"], r["trials"]) for r in read(given.records) if "way" in r}
    for backend in ("torch", "tensorflow"):
        for way in WAYS:
            if not given.memory or (backend, way, given.memory) in done:
                continue
            command = [sys.executable, "-m", "benchmarks.keras_tuner", "--measure", way]
            made = subprocess.run(
                [*command, "--memory", str(given.memory)], cwd=HERE.parent, check=True,
                env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True,
            )  # fmt: skip
            append(given.records, json.loads(made.stdout.splitlines()[-1]))


def append(path: Path, record: dict[str, Any]) -> None:
    """One more line, at once on disk."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")
    shown = {key: value for key, value in record.items() if key != "sizes"}
    print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
