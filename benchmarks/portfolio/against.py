"""What a search finds with its portfolio, beside other optimisers, on tables with no say in it.

The tables are the first of each task in `tables` that `record` did not reach. Every contestant
gets the same space, the preset's, and the same scores; each configuration is scored once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.portfolio import tables
from benchmarks.portfolio.learners import LEARNERS, Learner, capped, made_for
from benchmarks.portfolio.record import scored
from benchmarks.quality import rivals
from luthier import Choice, Int, Space, Study
from luthier.models.presets import Preset

EACH = 3  # tables of each task
NAMES = ("KNeighbors", "DecisionTree", "SVC", "SVR", "LGBM")
TRIALS = 60
SLOW = 5.0  # CPU seconds after which a fit has failed
FAILED = {"classification": 0.0, "regression": -1.0}  # what everybody is told of a failed fit
ZERO_SHOT = {"LGBM": "lgbm"}  # what FLAML has defaults for, and how it calls it
FLAML_NAMES = ("n_estimators", "num_leaves", "min_child_samples", "learning_rate",
               "colsample_bytree", "reg_alpha", "reg_lambda")  # fmt: skip


@dataclass
class Contest:
    """A learner on a table: a space, and a score for each of its points.

    Attributes
    ----------
    scores : list of float
        Of the candidates so far.
    """

    learner: Learner
    table: tables.Table
    known: dict[str, float]
    scores: list[float] = field(default_factory=list)

    @cached_property
    def made(self) -> Preset:
        return made_for(self.learner, self.table)

    @cached_property
    def space(self) -> Space:
        return capped(self.made.space)

    def score(self, params: Mapping[str, Any]) -> float:
        """The mean over folds of a point of the space, which counts as a candidate."""
        return self.score_of(self.made.settings(params))

    def score_of(self, settings: Mapping[str, Any]) -> float:
        """The same for arguments of the estimator."""
        key = json.dumps(dict(sorted(settings.items())))
        if key not in self.known:
            estimator = self.learner.estimator(self.table.task).set_params(**settings)
            found = list(scored(estimator, self.table, SLOW).values())[-1]
            worst = FAILED[self.table.task]
            self.known[key] = worst if found is None else max(worst, found)
        self.scores.append(self.known[key])
        return self.known[key]


# -- contestants ----------------------------------------------------------------------------------


def luthier(contest: Contest, seed: int, trials: int, *, portfolio: bool = True) -> None:
    """What `SearchCV` does: what is suggested first, and then the default sampler."""
    study = Study(contest.space, maximize="score", sampler="auto", seed=seed)
    tried: list[tuple[Mapping[str, Any], float | None]] = []
    if not portfolio:
        study.enqueue(contest.made.default)
    for _ in range(trials):
        point = contest.made.suggest(tried) if portfolio else None
        if point is not None:
            study.enqueue(point)
        found = study.ask()
        if not found:
            return  # every point of a small space was tried
        score = contest.score(found[0].params)
        study.tell(found[0], score)
        tried.append((found[0].params, -score))


def asked(contest: Contest, seed: int, trials: int, *, name: str, default: bool = False) -> None:
    """An optimiser of `benchmarks.quality.rivals`, which minimises; perhaps told the default."""
    found = rivals.rival(name)(contest.space, seed, trials, 1)
    if default:
        found.study.enqueue_trial(_positions(contest.space, contest.made.default))
    for _ in range(trials):
        try:
            token, params = found.ask()
        except RuntimeError:
            return
        found.tell(token, -contest.score(params))


def flaml(contest: Contest, seed: int, trials: int) -> None:
    """Its zero-shot defaults where it has any, then its BlendSearch, which is told of them."""
    import logging

    from flaml import tune
    from flaml.tune.searcher.blendsearch import BlendSearch

    logging.disable(logging.WARNING)
    points, rewards = [], []
    for settings in _suggested(contest)[:trials]:
        score = contest.score_of(settings)
        given = {**contest.made.default, **_point(contest.space, settings)}
        points.append(_positions(contest.space, _whole(contest.space, given)))
        rewards.append(-score)
    left = trials - len(rewards)
    if not points:
        points = [_positions(contest.space, _whole(contest.space, contest.made.default))]

    def loss(config: Mapping[str, Any]) -> dict[str, float]:
        return {"loss": -contest.score(rivals.decoded(contest.space, config))}

    search = BlendSearch(
        "loss", "min", {name: _domain(tune, p) for name, p in contest.space.items()},
        points_to_evaluate=points, evaluated_rewards=rewards, num_samples=left, seed=seed,
    )  # fmt: skip
    tune.run(loss, search_alg=search, num_samples=left, verbose=0)


def _suggested(contest: Contest) -> list[dict[str, Any]]:
    """Arguments that FLAML proposes for a table, the best first."""
    if contest.learner.name not in ZERO_SHOT:
        return []
    import pandas as pd
    from flaml.default.suggest import suggest_config

    fold = contest.table.folds[0]
    made = suggest_config(contest.table.task, pd.DataFrame(fold.X), pd.Series(fold.y),
                          ZERO_SHOT[contest.learner.name])  # fmt: skip
    found = []
    for one in made:
        given = one["hyperparameters"]
        plain = {name: given[name] for name in FLAML_NAMES if name in given}
        if "log_max_bin" in given:
            plain["max_bin"] = (1 << int(given["log_max_bin"])) - 1
        found.append(plain)
    return found


def _point(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The nearest values in the space of a learner's arguments."""
    made: dict[str, Any] = {}
    for name, value in settings.items():
        if name in space.names and isinstance(space[name], Choice):
            made |= {name: "value", f"{name}_value": value}
        elif name in space.names:
            made[name] = value
    return {n: v if isinstance(space[n], Choice) else min(max(v, space[n].low), space[n].high)
            for n, v in made.items()}  # fmt: skip


def _whole(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """With the defaults of what is inactive."""
    return {name: params.get(name, p.default) for name, p in space.items()}


def _positions(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Options as their positions."""
    return {n: space[n].options.index(v) if isinstance(space[n], Choice) else v
            for n, v in params.items()}  # fmt: skip


def _domain(tune: Any, p: Any) -> Any:
    if isinstance(p, Choice):
        return tune.choice(list(range(p.cells)))
    if isinstance(p, Int):
        return (tune.lograndint if p.log else tune.randint)(p.low, p.high + 1)
    return (tune.loguniform if p.log else tune.uniform)(p.low, p.high)


CONTESTANTS: dict[str, Callable[[Contest, int, int], None]] = {
    "luthier": luthier,
    "luthier, no portfolio": partial(luthier, portfolio=False),
    "random": partial(asked, name="random"),
    "optuna": partial(asked, name="optuna-tpe"),
    "optuna, default first": partial(asked, name="optuna-tpe", default=True),
    "flaml": flaml,
    "hebo": partial(asked, name="hebo"),
}
USUAL = [name for name in CONTESTANTS if name != "hebo"]


# -- the record -----------------------------------------------------------------------------------


def contests(recorded: Path) -> list[tuple[tables.Source, str, Learner]]:
    """Each held-out table with each learner that can do it."""
    lines = [json.loads(line) for line in recorded.read_text().splitlines()[1:]]
    used = {(line["table"], line["task"]) for line in lines}
    new = [
        [(source, task) for source in sources if (source.name, task) not in used][:EACH]
        for task, sources in (("classification", tables.CLASSES), ("regression", tables.NUMBERS))
    ]
    return [
        (source, task, learner)
        for pair in zip(*new, strict=True)  # by turns, so that an unfinished record has both
        for source, task in pair
        for learner in LEARNERS
        if learner.name in NAMES and learner.does(task)
    ]


def against(recorded: Path, out: Path, names: list[str], seeds: int, trials: int) -> None:
    """Append one line per run to `out`, until all are there."""
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(r["table"], r["learner"], r["contestant"], r["seed"]) for r in lines}
    loaded: dict[str, tables.Table] = {}
    known: dict[tuple[str, str], dict[str, float]] = {}
    for seed in range(seeds):
        for source, task, learner in contests(recorded):
            for name in names:
                if (source.name, learner.name, name, seed) in done:
                    continue
                if source.name not in loaded:
                    loaded[source.name] = tables.load(source, task)
                began = time.process_time()
                cache = known.setdefault((source.name, learner.name), {})
                contest = Contest(learner, loaded[source.name], cache)
                CONTESTANTS[name](contest, seed, trials)
                line = {
                    "table": source.name, "task": task, "learner": learner.name,
                    "contestant": name, "seed": seed, "trials": trials,
                    "scores": np.round(contest.scores[:trials], 6).tolist(),
                    "seconds": round(time.process_time() - began, 2),
                }  # fmt: skip
                with out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(source.name, learner.name, name, seed, line["seconds"], flush=True)
