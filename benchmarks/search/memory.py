"""Peak memory of a search, its workers included, on a large matrix."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import psutil

from benchmarks.search.turns import load

CODE = """
import numpy as np
from sklearn.linear_model import SGDClassifier
rng = np.random.default_rng(0)
X = np.empty(({rows}, 250))
for start in range(0, len(X), 10_000):
    X[start : start + 10_000] = rng.standard_normal((min(10_000, len(X) - start), 250))
y = (X[:, 0] > 0).astype(int)
model = SGDClassifier(max_iter=1, tol=None, random_state=0)
print("ready", flush=True)
{search}
"""
SEARCHES = {
    "none": "import time; time.sleep(2)",
    "scikit-learn": "from sklearn.model_selection import GridSearchCV\n"
    "GridSearchCV(model, {{'alpha': [1e-5, 1e-4, 1e-3, 1e-2]}}, cv=5, n_jobs={jobs}, "
    "refit=False).fit(X, y)",
    "luthier": "from luthier.sklearn import GridSearchCV\n"
    "GridSearchCV(model, {{'alpha': [1e-5, 1e-4, 1e-3, 1e-2]}}, cv=5, n_jobs={jobs}, "
    "refit=False).fit(X, y)",
}


def peak(search: str, jobs: int, gigabytes: float) -> tuple[float, float]:
    """Highest proportional set size of a process and all below it, in GB, and seconds."""
    rows = int(gigabytes * 1e9 / (250 * 8))
    code = CODE.format(rows=rows, search=SEARCHES[search].format(jobs=jobs))
    most, began = 0.0, time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        root = psutil.Process(child.pid)
        while child.poll() is None:
            most = max(most, tree(root))
            time.sleep(0.05)
        if child.returncode:
            raise RuntimeError(f"{search} with n_jobs={jobs} ended with {child.returncode}")
    return most / 1e9, time.perf_counter() - began


def tree(root: psutil.Process) -> float:
    """Bytes of a process and its descendants; shared pages are counted once, in parts."""
    total = 0.0
    try:
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:  # one of them has just ended
        pass
    return total


def run(repeats: int, gigabytes: float = 1.0) -> tuple[str, list[dict[str, Any]]]:
    """Peaks of one and of two workers, with and without us, in turns."""
    records = []
    for turn in range(repeats):
        for search in SEARCHES:
            for jobs in (1,) if search == "none" else (1, 2):
                most, seconds = peak(search, jobs, gigabytes)
                records.append({"search": search, "jobs": jobs, "peak": most,
                                "seconds": seconds, "turn": turn, "load": load()})  # fmt: skip
                print(records[-1], flush=True)
    high = {key: max(r["peak"] for r in records if (r["search"], r["jobs"]) == key)
            for key in {(r["search"], r["jobs"]) for r in records}}  # fmt: skip
    lines = [
        "| search | n_jobs=1, GB | n_jobs=2, GB | more, in units of the data |",
        "| --- | --: | --: | --: |",
    ]
    for search in ("scikit-learn", "luthier"):
        one, two = high[search, 1], high[search, 2]
        lines.append(f"| {search} | {one:.2f} | {two:.2f} | {(two - one) / gigabytes:.2f} |")
    lines += [
        "",
        f"A matrix of {gigabytes:g} GB, 4 candidates, 5 folds; highest proportional set size of "
        f"all processes, without files in shared memory that none of them maps. Without a search: "
        f"{high['none', 1]:.2f} GB. Wanted: at most 1.3 times the data above one worker. {load()}.",
    ]
    return "\n".join(lines), records
