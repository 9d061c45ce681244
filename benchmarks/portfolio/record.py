"""Scores of every configuration of every learner on every table, by cross-validation."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.portfolio import tables
from benchmarks.portfolio.learners import LEARNERS, Learner, configurations, settings
from luthier.models.presets import preset

FIT_SECONDS = 1.0  # of CPU, after which a fit counts as failed


class _Late(Exception):
    pass


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise `_Late` after some CPU seconds, as soon as Python code runs again."""

    def late(*_: Any) -> None:
        raise _Late

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def record(path: Path, minutes: float) -> None:
    """Append one line per table to `path`, until all are there or the CPU time is spent.

    The first line holds the configurations; a file with other ones is not continued.
    """
    todo = [
        pair
        for pairs in zip(
            [(s, "classification") for s in tables.CLASSES],
            [(s, "regression") for s in (*tables.NUMBERS, None)],
            strict=True,
        )
        for pair in pairs
        if pair[0] is not None
    ]
    configs = {
        f"{learner.name} {task}": configurations(learner, task)
        for task in ("classification", "regression")
        for learner in LEARNERS
        if learner.does(task)
    }
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if not lines:
        path.write_text(json.dumps({"configurations": configs}) + "\n")
    elif lines[0]["configurations"] != json.loads(json.dumps(configs)):
        raise SystemExit(f"{path} holds other configurations. Move it away to record anew.")
    done = {(line["table"], line["task"]) for line in lines[1:]}
    spent = sum(line["seconds"] for line in lines[1:])
    for source, task in todo:
        if (source.name, task) in done:
            continue
        if spent > 60 * minutes:
            print(f"{spent / 60:.1f} CPU minutes are spent; the rest is left out.")
            return
        start = time.process_time()
        line = _scores(tables.load(source, task), configs)
        line["seconds"] = round(time.process_time() - start, 1)
        spent += line["seconds"]
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        took = {k: round(sum(v["seconds"])) for k, v in line["learners"].items()}
        print(f"{spent / 60:5.1f} min", source.name, task, line["rows"], line["columns"], took,
              flush=True)  # fmt: skip


def _scores(table: tables.Table, configs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "table": table.name,
        "task": table.task,
        "rows": table.rows,
        "columns": table.columns,
        "classes": table.classes,
        "learners": {},
    }
    for learner in LEARNERS:
        if not learner.does(table.task):
            continue
        found: dict[str, list[Any]] = {"seconds": []}
        for params in configs[f"{learner.name} {table.task}"]:
            start = time.process_time()
            scores = _score(learner, table, params)
            found["seconds"].append(round(time.process_time() - start, 3))
            for metric, score in scores.items():
                found.setdefault(metric, []).append(score)
        made["learners"][learner.name] = found
    return made


def _score(learner: Learner, table: tables.Table, params: dict[str, Any]) -> dict[str, Any]:
    plain = preset(learner.estimator(table.task), rows=500)
    estimator = learner.estimator(table.task)
    return scored(estimator.set_params(**settings(plain, params, table.columns)), table)


def scored(
    estimator: Any, table: tables.Table, limit: float = FIT_SECONDS
) -> dict[str, float | None]:
    """Means over folds; None where a fit fails or takes more CPU seconds than `limit`."""
    from sklearn.base import clone

    metrics = ("accuracy", "auc") if table.task == "classification" else ("r2",)
    scores = []
    for fold in table.folds:
        try:
            with warnings.catch_warnings(), _limit(limit), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                scores.append(_judge(clone(estimator).fit(fold.X, fold.y), fold, table))
        except (_Late, ValueError, ArithmeticError, np.linalg.LinAlgError):
            return dict.fromkeys(metrics)
    means = np.mean(scores, axis=0)
    return {
        metric: round(float(mean), 5) if np.isfinite(mean) else None
        for metric, mean in zip(metrics, means, strict=True)
    }


def _judge(estimator: Any, fold: tables.Fold, table: tables.Table) -> tuple[float, ...]:
    from sklearn.metrics import r2_score, roc_auc_score

    guess = estimator.predict(fold.X_test)
    if table.task == "regression":
        return (float(r2_score(fold.y_test, guess)),)
    sure = (
        estimator.predict_proba(fold.X_test)
        if hasattr(estimator, "predict_proba")
        else estimator.decision_function(fold.X_test)
    )
    if table.classes == 2:
        auc = roc_auc_score(fold.y_test, sure[:, 1] if sure.ndim == 2 else sure)
    else:
        # Each class against the rest; a ranking is all that is needed, so no probabilities.
        auc = np.mean([roc_auc_score(fold.y_test == c, sure[:, c]) for c in range(table.classes)])
    return float(np.mean(guess == fold.y_test)), float(auc)
