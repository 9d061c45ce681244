"""Optimisers behind one interface: told a `Space`, asked for configurations, told losses.

Each library is imported when it is used, so each may live in an environment of its own. Settings
are the library's own defaults except where a comment says otherwise. Ordered choices are given to
every library as whole numbers, unordered ones as unordered. Libraries that know conditions get
them; the others are shown every parameter, and what is inactive is left out of the configuration.
Several trials in flight are handled by what each library has for that.
"""

from __future__ import annotations

import logging
import math
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, Protocol

import numpy as np

from benchmarks.quality.task import Params
from benchmarks.results import commit
from luthier import Choice, Int, Space, Study


class Rival(Protocol):
    """An optimiser in one run: made from ``(space, seed, trials, flight)``.

    `trials` is how many it will be asked for, and `flight` how many may be pending at once.
    """

    package: str  # whose version is recorded
    flies: bool  # takes several trials at once

    def ask(self) -> tuple[Any, Params]:
        """A token, and what to try: the active parameters by name."""
        ...

    def tell(self, token: Any, loss: float) -> None:
        """The loss of what came with that token."""
        ...


class Luthier:
    """A sampler of luthier."""

    package, flies = "luthier", True
    sampler: Any = "auto"

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        self.study = Study(space, sampler=self.sampler, seed=seed)

    def ask(self) -> tuple[Any, Params]:
        found = self.study.ask()
        if not found:
            raise RuntimeError("the space is used up")
        return found[0], dict(found[0].params)

    def tell(self, token: Any, loss: float) -> None:
        self.study.tell(token, loss)


class Running(Luthier):
    """The same, told no space: the objective asks for its parameters as it runs."""

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        self.space = space
        self.study = Study(sampler=self.sampler, seed=seed)

    def ask(self) -> tuple[Any, Params]:
        (trial,), made = self.study.ask(), Params()
        for name in ordered(self.space):
            p = self.space[name]
            if active(p, made):
                made[name] = self.asked(trial, name, p)
        return trial, made

    def asked(self, trial: Any, name: str, p: Any) -> Any:
        if isinstance(p, Choice):
            return trial.choice(name, list(p.options), ordered=p.ordered)
        kind = trial.int if isinstance(p, Int) else trial.float
        step = {} if p.step is None else {"step": p.step}
        return kind(name, p.low, p.high, log=p.log, default=p.default, **step)


class Optuna:
    """Optuna's default, define by run."""

    package, flies = "optuna", True
    flat = False  # every parameter is asked for, also where it is inactive

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")  # of experimental features
        self.space = space
        self.study = optuna.create_study(sampler=self.sampler(seed))

    def sampler(self, seed: int) -> Any:
        import optuna

        return optuna.samplers.TPESampler(seed=seed)

    def ask(self) -> tuple[Any, Params]:
        trial, made = self.study.ask(), Params()
        for name in ordered(self.space):
            p = self.space[name]
            if self.flat or active(p, made):
                made[name] = self.suggested(trial, name, p)
        return trial, inside(self.space, made)

    def suggested(self, trial: Any, name: str, p: Any) -> Any:
        if isinstance(p, Choice):
            if p.ordered:
                return p.options[trial.suggest_int(name, 0, p.cells - 1)]
            return p.options[trial.suggest_categorical(name, list(range(p.cells)))]
        kind = trial.suggest_int if isinstance(p, Int) else trial.suggest_float
        return kind(name, p.low, p.high, log=p.log)

    def tell(self, token: Any, loss: float) -> None:
        self.study.tell(token, loss)


class OptunaGrouped(Optuna):
    """Its default with parameters of one branch modelled together."""

    def sampler(self, seed: int) -> Any:
        import optuna

        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)


class OptunaGP(Optuna):
    """Its Gaussian process; by define-by-run it would draw conditional parameters at random."""

    flat = True

    def sampler(self, seed: int) -> Any:
        import optuna

        return optuna.samplers.GPSampler(seed=seed)


class OptunaCMAES(Optuna):
    """Its evolution strategy, which falls back to random draws for unordered choices."""

    flat = True

    def sampler(self, seed: int) -> Any:
        import optuna

        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


class OptunaLuthier(Optuna):
    """luthier's default inside an Optuna study, which does not know the space beforehand."""

    def sampler(self, seed: int) -> Any:
        from luthier.integrations import LuthierSampler

        return LuthierSampler(seed=seed)


class Hyperopt:
    """Its Parzen estimator; where a number is the parent, it is shown every child."""

    package, flies = "hyperopt", True

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import hyperopt

        logging.getLogger("hyperopt").setLevel(logging.ERROR)
        self.lib, self.space = hyperopt, space
        options = {n for n, p in space.items() if isinstance(p, Choice) and not p.ordered}
        top = {n: self.node(n) for n, p in space.items() if not options & {*(p.when or ())}}
        self.domain = hyperopt.base.Domain(lambda config: 0.0, top)
        self.trials = hyperopt.Trials()
        self.rng = np.random.default_rng(seed)

    def node(self, name: str) -> Any:
        hp, p = self.lib.hp, self.space[name]
        if isinstance(p, Choice):
            if p.ordered:
                return hp.uniformint(name, 0, p.cells - 1)
            below = [(child, q) for child, q in self.space.items() if name in (q.when or {})]
            nodes = {child: self.node(child) for child, _ in below}
            return hp.choice(
                name,
                [
                    {"": i, **{c: nodes[c] for c, q in below if option in q.when[name]}}
                    for i, option in enumerate(p.options)
                ],
            )
        if isinstance(p, Int) and p.log:
            ends = math.log(p.low - 0.5), math.log(p.high + 0.5)
            return hp.qloguniform(name, *ends, 1)
        if isinstance(p, Int):
            return hp.uniformint(name, p.low, p.high)
        if p.log:
            return hp.loguniform(name, math.log(p.low), math.log(p.high))
        return hp.uniform(name, p.low, p.high)

    def ask(self) -> tuple[Any, Params]:
        (number,) = self.trials.new_trial_ids(1)
        self.trials.refresh()
        seed = int(self.rng.integers(2**31 - 1))
        docs = self.lib.tpe.suggest([number], self.domain, self.trials, seed, verbose=False)
        docs[0]["state"] = self.lib.JOB_STATE_RUNNING
        self.trials.insert_trial_docs(docs)
        self.trials.refresh()
        doc = next(doc for doc in self.trials._dynamic_trials if doc["tid"] == number)
        given = {name: found[0] for name, found in doc["misc"]["vals"].items() if found}
        return doc, decoded(self.space, given)

    def tell(self, token: Any, loss: float) -> None:
        token["state"] = self.lib.JOB_STATE_DONE
        token["result"] = {"loss": loss, "status": self.lib.STATUS_OK}
        self.trials.refresh()


class SMAC:
    """Its facade for hyperparameters: a random forest, and the whole budget told beforehand."""

    package, flies = "smac", True

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import ConfigSpace as CS
        from smac import HyperparameterOptimizationFacade, Scenario

        logging.disable(logging.WARNING)
        self.space = space
        made = CS.ConfigurationSpace(seed=seed)
        nodes = {}
        for name, p in space.items():
            if isinstance(p, Choice):
                kind = CS.OrdinalHyperparameter if p.ordered else CS.CategoricalHyperparameter
                nodes[name] = kind(name, list(range(p.cells)))
            else:
                whole = isinstance(p, Int)
                kind = CS.UniformIntegerHyperparameter if whole else CS.UniformFloatHyperparameter
                nodes[name] = kind(name, p.low, p.high, log=p.log)
        made.add(list(nodes.values()))
        for name, p in space.items():
            for parent, accepted in (p.when or {}).items():
                above = space[parent]
                at = [above.options.index(v) if isinstance(above, Choice) else v for v in accepted]
                made.add(CS.InCondition(nodes[name], nodes[parent], at))
        self.folder = tempfile.mkdtemp(prefix="smac-")
        scenario = Scenario(made, deterministic=True, n_trials=trials, seed=seed,
                            output_directory=self.folder)  # fmt: skip
        self.smac = HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=False
        )

    def ask(self) -> tuple[Any, Params]:
        info = self.smac.ask()
        return info, decoded(self.space, dict(info.config))

    def tell(self, token: Any, loss: float) -> None:
        from smac.runhistory.dataclasses import TrialValue

        self.smac.tell(token, TrialValue(cost=loss), save=False)

    def __del__(self) -> None:
        shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)


class Nevergrad:
    """Its portfolio, told the budget beforehand."""

    package, flies = "nevergrad", True

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import nevergrad as ng

        warnings.simplefilter("ignore")
        self.space, made = space, {}
        for name, p in space.items():
            if isinstance(p, Choice):
                kind = ng.p.TransitionChoice if p.ordered else ng.p.Choice
                made[name] = kind(list(range(p.cells)))
            else:
                node = (ng.p.Log if p.log else ng.p.Scalar)(lower=p.low, upper=p.high)
                made[name] = node.set_integer_casting() if isinstance(p, Int) else node
        tree = ng.p.Dict(**made)
        tree.random_state = np.random.RandomState(seed)
        self.found = ng.optimizers.NGOpt(tree, budget=trials, num_workers=flight)

    def ask(self) -> tuple[Any, Params]:
        candidate = self.found.ask()
        return candidate, decoded(self.space, candidate.value)

    def tell(self, token: Any, loss: float) -> None:
        self.found.tell(token, loss)


class Skopt:
    """What its ``gp_minimize`` makes; it takes batches, and not one more while some are pending."""

    package, flies = "scikit-optimize", False

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        from skopt import Optimizer
        from skopt.space import Categorical, Integer, Real
        from skopt.utils import cook_estimator, normalize_dimensions

        warnings.simplefilter("ignore")
        self.space, made = space, []
        for name, p in space.items():
            if isinstance(p, Choice):
                whole = Integer(0, p.cells - 1, name=name) if p.cells > 1 else Categorical([0])
                made.append(whole if p.ordered else Categorical(list(range(p.cells)), name=name))
            else:
                kind = Integer if isinstance(p, Int) else Real
                made.append(kind(p.low, p.high, "log-uniform" if p.log else "uniform", name=name))
        scaled = normalize_dimensions(made)
        rng = np.random.RandomState(seed)
        process = cook_estimator("GP", space=scaled, random_state=rng.randint(2**31 - 1),
                                 noise="gaussian")  # fmt: skip
        self.found = Optimizer(
            scaled, process, n_initial_points=10, acq_func="gp_hedge",
            random_state=rng.randint(2**31 - 1),
            acq_optimizer_kwargs={"n_points": 10_000, "n_restarts_optimizer": 5},
        )  # fmt: skip

    def ask(self) -> tuple[Any, Params]:
        found = self.found.ask()
        return found, decoded(self.space, dict(zip(self.space.names, found, strict=True)))

    def tell(self, token: Any, loss: float) -> None:
        self.found.tell(token, loss)


class HEBO:
    """Needs an environment of its own, with NumPy below 2; it knows nothing of pending trials."""

    package, flies = "HEBO", False

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO as Found

        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - it draws from the global generator
        self.space, made = space, []
        for name, p in space.items():
            if isinstance(p, Choice) and not p.ordered:
                made.append(
                    {"name": name, "type": "cat", "categories": [str(i) for i in range(p.cells)]}
                )
            elif isinstance(p, Choice):
                made.append({"name": name, "type": "int", "lb": 0, "ub": p.cells - 1})
            else:
                kind = ("int" if isinstance(p, Int) else "num") if not p.log else "pow"
                kind = "pow_int" if p.log and isinstance(p, Int) else kind
                made.append({"name": name, "type": kind, "lb": p.low, "ub": p.high})
        self.found = Found(DesignSpace().parse(made), scramble_seed=seed)

    def ask(self) -> tuple[Any, Params]:
        frame = self.found.suggest(n_suggestions=1)
        return frame, decoded(self.space, {name: frame.iloc[0][name] for name in self.space})

    def tell(self, token: Any, loss: float) -> None:
        self.found.observe(token, np.array([[loss]]))


class Ax:
    """Its client with the default strategy."""

    package, flies = "ax-platform", True

    def __init__(self, space: Space, seed: int, trials: int, flight: int) -> None:
        import torch
        from ax.api.client import Client
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.space = space
        self.found = Client(random_seed=seed)
        made: list[Any] = []
        for name, p in space.items():
            if isinstance(p, Choice):
                made.append(ChoiceParameterConfig(
                    name=name, parameter_type="int", values=list(range(p.cells)),
                    is_ordered=p.ordered))  # fmt: skip
            else:
                made.append(RangeParameterConfig(
                    name=name, parameter_type="int" if isinstance(p, Int) else "float",
                    bounds=(p.low, p.high), scaling="log" if p.log else "linear"))  # fmt: skip
        self.found.configure_experiment(parameters=made)
        self.found.configure_optimization(objective="-loss")
        self.found.configure_generation_strategy(initialization_random_seed=seed)

    def ask(self) -> tuple[Any, Params]:
        ((number, given),) = self.found.get_next_trials(max_trials=1).items()
        return number, decoded(self.space, given)

    def tell(self, token: Any, loss: float) -> None:
        self.found.complete_trial(trial_index=token, raw_data={"loss": loss})


# -- from what a library gives to a configuration --------------------------------------------------


def ordered(space: Space) -> list[str]:
    """Names of the space, parents before children."""
    made: dict[str, None] = {}
    while len(made) < len(space):
        made |= {
            n: None for n, p in space.items() if n not in made and set(p.when or {}) <= {*made}
        }
    return list(made)


def active(p: Any, params: Params) -> bool:
    """Whether its conditions hold, given the values of its parents."""
    return all(n in params and params[n] in accepted for n, accepted in (p.when or {}).items())


def inside(space: Space, full: Params) -> Params:
    """The active ones of a configuration that may name others too."""
    made = Params()
    for name in ordered(space):
        if active(space[name], made):
            made[name] = full[name]
    return made


def decoded(space: Space, given: Mapping[str, Any]) -> Params:
    """A configuration from numbers, and from positions of options; inactive ones may be missing."""
    full = Params()
    for name, p in space.items():
        if name not in given:
            continue
        value = float(given[name])
        if isinstance(p, Choice):
            full[name] = p.options[round(value)]
        elif isinstance(p, Int):
            full[name] = min(max(round(value), p.low), p.high)
        else:
            full[name] = min(max(value, p.low), p.high)
    return inside(space, full)


# -- by name ---------------------------------------------------------------------------------------

RIVALS: dict[str, type[Any]] = {
    "optuna-tpe": Optuna,
    "optuna-tpe-grouped": OptunaGrouped,
    "optuna-gp": OptunaGP,
    "optuna-cmaes": OptunaCMAES,
    "optuna-luthier": OptunaLuthier,
    "hyperopt-tpe": Hyperopt,
    "smac": SMAC,
    "nevergrad": Nevergrad,
    "skopt-gp": Skopt,
    "hebo": HEBO,
    "ax": Ax,
}
USUAL = ["random", "luthier-auto", "luthier-gp", "luthier-tpe", "optuna-tpe", "optuna-gp",
         "optuna-cmaes", "hyperopt-tpe", "smac", "nevergrad", "skopt-gp"]  # fmt: skip


def rival(name: str) -> type[Any]:
    """The class of that name; ``luthier-`` and a sampler's name stand for that sampler, and
    ``running-`` and its name for it in a space that is defined by running.

    ``without-`` and an ingredient stand for the default sampler without it.

    Raises
    ------
    SystemExit
        If there is none.
    """
    from benchmarks.quality.ablation import INGREDIENTS, Without
    from luthier import samplers

    if name in RIVALS:
        return RIVALS[name]
    ingredient = name.removeprefix("without-")
    if ingredient in INGREDIENTS and ingredient != name:
        return type(name, (Without,), {"ingredient": ingredient})
    own = name.removeprefix("running-")
    if own in samplers.NAMES and name == f"running-{own}":
        return type(name, (Running,), {"sampler": own})
    own = "random" if name == "random" else name.removeprefix("luthier-")
    if own in samplers.NAMES and name in ("random", f"luthier-{own}"):
        return type(name, (Luthier,), {"sampler": own})
    known = [
        *RIVALS,
        "random",
        *(f"{how}-{sampler}" for how in ("luthier", "running") for sampler in samplers.NAMES),
    ]
    raise SystemExit(f"--rivals: there is none named {name!r}. There are:\n  {', '.join(known)}")


@cache
def version(package: str) -> str:
    """A package and its version; of luthier the commit, too."""
    told = f"{package} {metadata.version(package)}"
    return f"{told} ({commit()})" if package == "luthier" else told
