"""Contestants behind one interface: told a table's space and its steps, asked for jobs.

Each library is imported when it is used, so each may live in an environment of its own. All halve
by 3 from the least step on. Other settings are the library's own defaults except where a comment
says otherwise. Whoever asks for the same configuration at a later step goes on for free from where
it was.
"""

from __future__ import annotations

import datetime
import logging
import shutil
import tempfile
import warnings
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np

from benchmarks.fidelity.clock import Job
from benchmarks.fidelity.tables import Table
from benchmarks.quality.rivals import decoded
from benchmarks.results import commit
from luthier import Choice, Float, Int, Study, samplers, schedulers

# These know a trial's end when it begins.
JUMPS = ("full", "asha", "hyperband", "bohb", "dehb", "race", "auto", "freezethaw")


class Luthier:
    """A scheduler of luthier with one of its samplers."""

    package = "luthier"
    scheduler: Any = "auto"
    sampler: Any = "auto"
    goes_on = True  # the study has a fidelity, so a trial may go on from an earlier one

    def __init__(self, table: Table, seed: int, workers: int) -> None:
        self.table = table
        steps = ("steps", int(table.steps[0]), table.most) if self.goes_on else None
        self.study = Study(table.space, sampler=self.sampler, scheduler=self.scheduler,
                           fidelity=steps, seed=seed)  # fmt: skip
        self.reached: dict[int, int] = {}  # by the trial's number

    def ask(self) -> Job | None:
        found = self.study.ask()
        if not found:
            return None
        trial = found[0]
        upto = int(min(trial.budget, self.table.most))
        since = self.reached.get(trial.parent, 0)
        known = self.scheduler in JUMPS or upto < self.table.most or trial.parent >= 0
        jumps = self.scheduler == "full" or (self.table.afresh and known)
        return Job(dict(trial.params), trial, upto, since, walks=not jumps)

    def report(self, job: Job, step: int, loss: float) -> bool:
        job.token.report(loss, step)
        return bool(job.token.should_stop())

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        self.reached[job.token.number] = step
        self.study.tell(job.token, loss)

    def stated(self) -> float | None:
        """How likely its scheduler says it is that a trial that was stopped would be the best."""
        risk = getattr(self.study.scheduler, "risk", None)
        return None if risk is None else float(risk(self.study.history))


class Optuna:
    """A pruner of Optuna with one of its samplers."""

    package = "optuna"
    pruner, sampler = "median", "tpe"

    def __init__(self, table: Table, seed: int, workers: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")  # of experimental features
        self.table, self.optuna = table, optuna
        least, most = int(table.steps[0]), table.most
        if self.pruner == "asha":
            pruner = optuna.pruners.SuccessiveHalvingPruner(least, reduction_factor=3)
        elif self.pruner == "hyperband":
            pruner = optuna.pruners.HyperbandPruner(least, most, reduction_factor=3)
        else:
            pruner = optuna.pruners.MedianPruner()
        samplers = optuna.samplers
        made = samplers.TPESampler if self.sampler == "tpe" else samplers.RandomSampler
        self.study = optuna.create_study(sampler=made(seed=seed), pruner=pruner)

    def ask(self) -> Job:
        trial = self.study.ask()
        return Job({name: self.suggested(trial, name, p) for name, p in self.table.space.items()},
                   trial, self.table.most)  # fmt: skip

    def suggested(self, trial: Any, name: str, p: Any) -> Any:
        if isinstance(p, Choice):
            return p.options[trial.suggest_categorical(name, list(range(p.cells)))]
        kind = trial.suggest_int if isinstance(p, Int) else trial.suggest_float
        return kind(name, p.low, p.high, log=p.log)

    def report(self, job: Job, step: int, loss: float) -> bool:
        job.token.report(loss, step)
        return bool(job.token.should_prune())

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        if stopped:
            self.study.tell(job.token, state=self.optuna.trial.TrialState.PRUNED)
        else:
            self.study.tell(job.token, loss)


class SyneTune:
    """A scheduler of Syne Tune 0.16, which has asynchronous halving by stopping only."""

    package = "syne-tune"
    scheduler = "ASHA"

    def __init__(self, table: Table, seed: int, workers: int) -> None:
        from syne_tune.backend.trial_status import Trial
        from syne_tune.optimizer import baselines

        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
        np.random.seed(seed)  # noqa: NPY002 - it draws from the global generator
        self.table, self.trial, self.count = table, Trial, 0
        self.found = getattr(baselines, self.scheduler)(
            syne_space(table.space), metric="loss", time_attr="step", max_t=table.most,
            grace_period=int(table.steps[0]), random_seed=seed,
        )  # fmt: skip

    def ask(self) -> Job:
        config = self.found.suggest().config
        trial = self.trial(self.count, config, datetime.datetime.now())
        self.count += 1
        self.found.on_trial_add(trial)
        return Job(decoded(self.table.space, config), trial, self.table.most)

    def report(self, job: Job, step: int, loss: float) -> bool:
        if step >= self.table.most:
            return False  # its own tuner calls on_trial_complete alone for the last
        result = {"loss": loss, "step": step}
        return str(self.found.on_trial_result(job.token, result)) == "STOP"

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        if stopped:
            self.found.on_trial_remove(job.token)
        else:
            self.found.on_trial_complete(job.token, {"loss": loss, "step": step})


class SyneTuneGP:
    """MOBSTER, HyperTune or ASHA of Syne Tune 0.13, by promotion.

    The last release that brought them; it needs an environment of its own.
    """

    package = "syne-tune"
    scheduler, kind = "MOBSTER", "promotion"

    def __init__(self, table: Table, seed: int, workers: int) -> None:
        from syne_tune.backend.trial_status import Trial
        from syne_tune.optimizer import baselines

        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
        np.random.seed(seed)  # noqa: NPY002 - parts of it draw from the global generator
        self.table, self.trial, self.count = table, Trial, 0
        self.found = getattr(baselines, self.scheduler)(
            {**syne_space(table.space), "most": table.most}, metric="loss", mode="min",
            resource_attr="step", max_resource_attr="most", grace_period=int(table.steps[0]),
            reduction_factor=3, type=self.kind, random_seed=seed,
            search_options={"debug_log": False},
        )  # fmt: skip
        self.trials: dict[int, Any] = {}
        self.reached: dict[int, int] = {}

    def ask(self) -> Job | None:
        found = self.found.suggest(self.count)
        if found is None:
            return None
        if found.spawn_new_trial_id:
            trial = self.trial(self.count, found.config, datetime.datetime.now())
            self.trials[self.count] = trial
            self.count += 1
            self.found.on_trial_add(trial)
            since = 0
        else:
            number = found.checkpoint_trial_id
            since, trial = self.reached[number], self.trials[number]
            if found.config is not None:
                trial.config = found.config
        upto = int(trial.config.get("most", self.table.most))
        return Job(decoded(self.table.space, trial.config), trial, upto, since,
                   walks=not self.table.afresh)  # fmt: skip

    def report(self, job: Job, step: int, loss: float) -> bool:
        if step >= self.table.most:
            return False
        return (
            str(self.found.on_trial_result(job.token, {"loss": loss, "step": step})) != "CONTINUE"
        )

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        self.reached[job.token.trial_id] = step
        result = {"loss": loss, "step": step}
        if step >= self.table.most:
            self.found.on_trial_complete(job.token, result)
        elif not job.walks:
            self.found.on_trial_result(job.token, result)


class DEHB:
    """Differential evolution with Hyperband, asked and told."""

    package = "DEHB"

    def __init__(self, table: Table, seed: int, workers: int) -> None:
        from dehb import DEHB as Found
        from loguru import logger

        self.table, self.folder = table, tempfile.mkdtemp(prefix="dehb-")
        # It takes a point of the unit cube as well as a space of ConfigSpace, which it would turn
        # into one.
        self.found = Found(
            dimensions=len(table.space), min_fidelity=int(table.steps[0]), max_fidelity=table.most,
            eta=3, seed=seed, n_workers=1, output_path=self.folder, save_freq="end",
            log_level="ERROR",
        )  # fmt: skip
        logger.remove()
        self.reached: dict[int, int] = {}

    def ask(self) -> Job:
        info = self.found.ask()
        params = self.table.space.decode(np.asarray(info["config"])[None])[0]
        number = int(info["config_id"])
        upto = round(info["fidelity"])
        since = self.reached.get(number, 0)
        return Job(params, info, upto, since if since < upto else 0, walks=False)

    def report(self, job: Job, step: int, loss: float) -> bool:
        raise AssertionError("it is told at the end only")

    def end(self, job: Job, step: int, loss: float, stopped: bool) -> None:
        self.reached[int(job.token["config_id"])] = step
        self.found.tell(job.token, {"fitness": loss, "cost": float(job.upto)})

    def __del__(self) -> None:
        shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)


def syne_space(space: Any) -> dict[str, Any]:
    """The space in Syne Tune's words; options by their place."""
    from syne_tune import config_space as cs

    made: dict[str, Any] = {}
    for name, p in space.items():
        if isinstance(p, Choice):
            made[name] = cs.choice(list(range(p.cells)))
        elif isinstance(p, Int):
            made[name] = (cs.lograndint if p.log else cs.randint)(p.low, p.high)
        else:
            assert isinstance(p, Float)
            made[name] = (cs.loguniform if p.log else cs.uniform)(p.low, p.high)
    return made


def kind(base: type[Any], **settings: Any) -> type[Any]:
    return type(base.__name__, (base,), settings)


RIVALS: dict[str, type[Any]] = {
    "optuna-asha": kind(Optuna, pruner="asha"),
    "optuna-hyperband": kind(Optuna, pruner="hyperband"),
    "optuna-median": kind(Optuna, pruner="median"),
    "optuna-hyperband-random": kind(Optuna, pruner="hyperband", sampler="random"),
    "syne-asha": kind(SyneTune, scheduler="ASHA"),
    "syne-cqr": kind(SyneTune, scheduler="ASHACQR"),
    "syne-bore": kind(SyneTune, scheduler="ASHABORE"),
    "syne-bohb": kind(SyneTune, scheduler="BOHB"),
    "syne13-asha": kind(SyneTuneGP, scheduler="ASHA"),
    "syne13-mobster": kind(SyneTuneGP, scheduler="MOBSTER"),
    "syne13-hypertune": kind(SyneTuneGP, scheduler="HyperTune"),
    "dehb": DEHB,
    "luthier-stopping": kind(Luthier, goes_on=False),
}
# Schedulers, as far as they are there.
OWN = ["full", "asha", "hyperband", "bohb", "freezethaw", "auto"]
USUAL = ["random", *(f"luthier-{scheduler}" for scheduler in OWN if scheduler in schedulers.NAMES),
         "luthier-asha-random", "optuna-asha", "optuna-hyperband", "optuna-median",
         "optuna-hyperband-random", "syne-asha", "syne-cqr", "syne-bohb", "dehb"]  # fmt: skip


def rival(name: str) -> type[Any]:
    """The class of that name.

    ``luthier-`` and a scheduler's name stand for that scheduler with the default sampler;
    ``luthier-asha-tpe`` has a sampler, too. ``luthier-stopping`` is `auto` in a study without a
    fidelity. ``random`` is random search with full trials.

    Raises
    ------
    SystemExit
        If there is none.
    """
    if name in RIVALS:
        return RIVALS[name]
    own = "full-random" if name == "random" else name.removeprefix("luthier-")
    scheduler, _, sampler = own.partition("-")
    if scheduler in schedulers.NAMES and (sampler or "auto") in samplers.NAMES and (
        name == "random" or own != name
    ):  # fmt: skip
        return kind(Luthier, scheduler=scheduler, sampler=sampler or "auto")
    known = [*RIVALS, "random", *(f"luthier-{x}" for x in schedulers.NAMES)]
    raise SystemExit(f"--rivals: there is none named {name!r}. There are:\n  {', '.join(known)}")


@cache
def version(package: str) -> str:
    """A package and its version; of luthier the commit, too."""
    told = f"{package} {metadata.version(package)}"
    return f"{told} ({commit()})" if package == "luthier" else told
