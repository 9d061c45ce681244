"""More scores for learners that are quick: on more tables, and of what is best on each.

A greedy choice can only be as good as the best of what it chooses from, and among a few dozen
random draws nothing is really good. So each learner is searched on every table, beginning from the
scores of the draws, and what turned out best there is then scored on all other tables too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.portfolio import tables
from benchmarks.portfolio.learners import (
    LEARNERS,
    RELATIVES,
    Learner,
    capped,
    configurations,
    made_for,
)
from benchmarks.portfolio.record import scored
from luthier import Space, Study
from luthier.models.presets import Preset, preset
from luthier.models.presets.portfolio import absolute, placed

# In this order, so that an unfinished record has some of them whole.
QUICK = ("KNeighbors", "DecisionTree", "SVC", "SVR", "LGBM",
         "Ridge", "ElasticNet", "LogisticRegression", "XGB")  # fmt: skip
SEARCHED = 24  # trials on each table
STAGES = ("drawn", "searched", "shared")
METRICS = {"classification": ("accuracy", "auc"), "regression": ("r2",)}
Params = dict[str, Any]
Line = dict[str, Any]


@dataclass
class Case:
    """A learner on a table, and the scores known of it."""

    learner: Learner
    table: tables.Table
    known: dict[str, dict[str, float | None]] = field(default_factory=dict)

    @cached_property
    def made(self) -> Preset:
        return made_for(self.learner, self.table)

    @cached_property
    def space(self) -> Space:
        return capped(self.made.space)

    def score(self, params: Params) -> dict[str, float | None]:
        """By metric, of a portable configuration; each is scored once."""
        if (key := key_of(params)) not in self.known:
            plain = absolute(params, self.table.columns, self.table.spread)
            estimator = self.learner.estimator(self.table.task)
            estimator.set_params(**self.made.settings(plain))
            self.known[key] = scored(estimator, self.table)
        return self.known[key]

    def search(self, drawn: Sequence[Params]) -> list[Params]:
        """What a search tries after all that was drawn, as portable configurations."""
        study = Study(self.space, maximize="score", sampler="auto", seed=len(self.table.name))
        for params in drawn:
            point = placed(self.space, absolute(params, self.table.columns, self.table.spread))
            if point is not None:
                study.enqueue(point)
        tried = []
        while len(tried) < SEARCHED:
            queued = bool(study.history.queue)
            asked = study.ask()
            if not asked:
                break
            params = portable(
                self.learner.name, asked[0].params, self.table.columns, self.table.spread
            )
            if not queued:
                tried.append(params)
            study.tell(asked[0], _total(self.score(params)))
        return tried

    def best(self, metric: str) -> Params:
        """The configuration with the highest known score."""
        least = -np.inf
        return json.loads(max(
            self.known, key=lambda k: least if (s := self.known[k][metric]) is None else s
        ))  # fmt: skip


def portable(name: str, params: Mapping[str, Any], columns: int, spread: float | None) -> Params:
    """With numbers relative to the columns and to the target, where they go with these."""
    made: Params = {}
    for key, value in params.items():
        relative = RELATIVES.get(name, {}).get(key)
        if relative == "*columns":
            key, value = key + relative, value * columns
        elif relative == "/spread":
            key, value = key + relative, value / (spread or 1.0)
        made[key] = float(f"{value:.3g}") if isinstance(value, float) else value
    return made


def _total(scores: Mapping[str, float | None]) -> float | None:
    found = [score for score in scores.values() if score is not None]
    return float(np.sum(found)) if len(found) == len(scores) else None


def key_of(params: Params) -> str:
    return json.dumps(dict(sorted(params.items())))


def drawn(learner: Learner, task: str) -> list[Params]:
    """Those of `record`; of what goes with the target's spread, draws that do."""
    found = configurations(learner, task)
    if not by_spread(learner.name):
        return found
    made = preset(learner.estimator(task), rows=500, columns=1, spread=1.0)
    rng = np.random.default_rng([*learner.name.encode(), 2])
    sample = made.space.decode(made.space.sample(learner.draws, rng))
    return [found[0], *(portable(learner.name, params, 1, 1.0) for params in sample)]


def by_spread(name: str) -> bool:
    """Whether configurations of a learner are relative to the spread of the target."""
    return "/spread" in RELATIVES.get(name, {}).values()


# -- the record -----------------------------------------------------------------------------------


def lines_of(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def known_of(
    recorded: Path, refined: Path | None = None
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The scores of every configuration, by learner, task and table."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    head, *rest = lines_of(recorded)
    for line in rest:
        for name, scores in line["learners"].items():
            if refined and by_spread(name):
                continue  # recorded before that was known
            configs = head["configurations"][f"{name} {line['task']}"]
            _merge(found.setdefault((name, line["task"], line["table"]), {}), configs, scores)
    for line in lines_of(refined) if refined else ():
        place = found.setdefault((line["learner"], line["task"], line["table"]), {})
        _merge(place, line["configurations"], line["scores"])
    return found


def shared(refined: Path) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Of each learner and task that were refined, what a search found on each table."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    lines = lines_of(refined)
    whole = {(x["learner"], x["task"], x["table"]) for x in lines if x["stage"] == "shared"}
    for line in lines:
        at = line["learner"], line["task"]
        if line["stage"] == "searched" and (*at, line["table"]) in whole:
            found.setdefault(at, {})[line["table"]] = list(map(key_of, line["configurations"]))
    return found


def _merge(known: dict[str, Any], configs: list[Params], scores: Mapping[str, list[Any]]) -> None:
    metrics = [name for name in scores if name != "seconds"]
    for i, params in enumerate(configs):
        known[key_of(params)] = {metric: scores[metric][i] for metric in metrics}


def refine(recorded: Path, out: Path, minutes: float, count: int) -> None:
    """Append a line per learner, stage and one of `count` tables, until the time is spent."""
    known, lines = known_of(recorded, out), lines_of(out)
    done = {(line["learner"], line["task"], line["table"], line["stage"]) for line in lines}
    left = 60 * minutes - sum(line["seconds"] for line in lines)
    loaded: dict[str, tables.Table] = {}
    for name, task in ((name, task) for name in QUICK for task in tables.HELD_OUT):
        learner = next(one for one in LEARNERS if one.name == name)
        if not learner.does(task):
            continue
        cases = []
        for source in tables.to_learn_from(task)[:count]:
            at = f"{source.name} {task}"
            loaded[at] = loaded.get(at) or tables.load(source, task)
            cases.append(Case(learner, loaded[at], known.get((name, task, source.name), {})))
        for stage in STAGES:
            todo = winners(cases) if stage == "shared" else drawn(learner, task)
            for case in cases:
                if (name, task, case.table.name, stage) in done:
                    continue
                if left < 0:
                    return
                line = _line(case, stage, todo)
                left -= line["seconds"]
                with out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            print(f"{left / 60:5.1f} min left", name, task, stage, len(cases), flush=True)


def winners(cases: Sequence[Case]) -> list[Params]:
    """What is best on each table, by each metric."""
    best = [case.best(metric) for case in cases for metric in METRICS[case.table.task]]
    return list({key_of(params): params for params in best}.values())


def _line(case: Case, stage: str, todo: list[Params]) -> Line:
    """The scores that a stage adds on a table."""
    began, before, task = time.process_time(), set(case.known), case.table.task
    if stage == "searched":
        todo = case.search(todo)
    for params in todo:
        case.score(params)
    new = [params for params in todo if key_of(params) not in before]
    scores = {m: [case.known[key_of(params)][m] for params in new] for m in METRICS[task]}
    return {
        "learner": case.learner.name, "task": task, "table": case.table.name, "stage": stage,
        "configurations": new, "seconds": round(time.process_time() - began, 2), "scores": scores,
    }  # fmt: skip
