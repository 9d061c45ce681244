"""Keywords and attributes that there are not: the error says which one is meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, overload

from luthier.errors import UnknownArgument, nearest

P = ParamSpec("P")
R = TypeVar("R")
Part = TypeVar("Part")

IN_ALL = "trials=, how many there shall be in all"
TIME = "seconds=", "time_limit="
AT_ONCE = "jobs=", "n_jobs="
GOAL = "minimize= or maximize=, with what the objective is called", "scoring="
SEED = "seed=", "random_state="
WHO = "sampler=", "method="
LENT = "fidelity=('epochs', 1, 81)"
BOUNDS = "constraints={'predict_ms': '<= 10'}"
# Words of other tools, and what they are here; the first whose keyword the function takes.
WORDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("n_trials", "max_trials", "n_iter", "max_evals", "n_calls"), (IN_ALL,)),
    **dict.fromkeys(("timeout", "time_limit", "time_budget", "max_time", "seconds"), TIME),
    **dict.fromkeys(("n_jobs", "n_workers", "num_workers", "max_workers", "jobs"), AT_ONCE),
    **dict.fromkeys(("direction", "directions", "mode", "metric", "objective"), GOAL),
    **dict.fromkeys(("seed", "random_state", "rstate"), SEED),
    **dict.fromkeys(("sampler", "method", "algo", "algorithm", "search_alg"), WHO),
    **dict.fromkeys(
        ("param_grid", "param_distributions", "search_space", "search_spaces", "param_space"),
        ("space=",),
    ),
    **dict.fromkeys(("memory", "memory_limit", "mem", "max_memory", "ram"),
                    ("memory='2GB'", "limit=Limit(memory='2GB')")),
    **dict.fromkeys(("cores", "cpus", "cpu", "num_cpus", "n_cpus"),
                    ("cores=", "limit=Limit(cores=2)")),
    **dict.fromkeys(("gpus", "gpu", "num_gpus", "n_gpus"), ("gpus=", "limit=Limit(gpus=1)")),
    "callbacks": ("until= to end a run, progress= to follow it", "progress= to follow it"),
    "load_if_exists": ("store= and name=: the same ones continue a study",),
    "pruner": ("scheduler=",),
    "show_progress_bar": ("progress=",),
    "storage": ("store=",),
    "study_name": ("name=", "study="),
    "verbose": ("progress=",),
    # -- of samplers and schedulers
    **dict.fromkeys(("n_startup_trials", "n_initial_points", "n_min_trials",
                     "min_samples_required"), ("startup=",)),
    **dict.fromkeys(("n_warmup_steps", "grace_period"), ("warmup=", "least=")),
    **dict.fromkeys(("min_resource", "min_resources", "min_budget"), ("least=", LENT)),
    **dict.fromkeys(("max_resource", "max_resources", "max_budget", "max_t", "R"), (LENT,)),
    **dict.fromkeys(("reduction_factor", "factor"), ("eta=",)),
    **dict.fromkeys(("population_size", "popsize", "pop_size"), ("population=", "members=")),
    **dict.fromkeys(("crossover_prob", "crossover_rate"), ("crossover=",)),
    "mutation_factor": ("weight=",),
    "patience": ("steps=",),
    "min_delta": ("least_gain=",),
    **dict.fromkeys(("lower", "upper"), ("worst=, the worst value that is good enough",)),
    "p_threshold": ("error=",),
    "perturbation_interval": ("interval=",),
    "quantile_fraction": ("share=",),
    "resample_probability": ("resample=",),
    "constraints_func": (BOUNDS,),
}  # fmt: skip
# Where nothing that is asked takes what is meant: what is said then.
OTHERWISE = {
    **dict.fromkeys(("n_startup_trials", "n_initial_points", "n_initial_trials"),
                    "The first points are the sampler's own; Startup(first, trials, then) has "
                    "others."),
    **dict.fromkeys(("kernel", "base_estimator", "acq_func", "acquisition", "kappa", "xi", "gamma",
                     "n_ei_candidates", "n_EI_candidates", "multivariate", "group", "prior_weight",
                     "constant_liar", "sigma0", "restart_strategy", "n_trees", "n_estimators",
                     "mutation_prob", "crossover_prob", "crossover", "deterministic_objective"),
                    "The sampler sees to that by itself."),
    **dict.fromkeys(("seed", "random_state", "rng"), "Give Study seed=."),
    **dict.fromkeys(("min_resource", "min_resources", "min_budget", "grace_period", "max_resource",
                     "max_resources", "max_budget", "max_t", "R"), f"Give Study {LENT}."),
    **dict.fromkeys(("metric", "mode"), "Give Study minimize= or maximize=."),
    "constraints_func": f"Give Study {BOUNDS}.",
    "time_attr": "Steps are what the objective gives to trial.report(value, step).",
}  # fmt: skip
# What Optuna's studies have, and where it is here.
ATTRIBUTES = {
    "best_params": "best.params",
    "best_trial": "best",
    "best_trials": "front",
    "best_value": "best.value",
    "best_values": "best.values",
    "enqueue_trial": "enqueue(params)",
    "optimize": "run(objective, trials=...)",
    "trials": "results",
    "trials_dataframe": "frame()",
    "user_attrs": "history.notes",
}

# For each module: its functions that say so, and the keywords of each.
_takes: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)


@overload
def explained(function: type[Part]) -> type[Part]: ...
@overload
def explained(function: Callable[P, R]) -> Callable[P, R]: ...
def explained(function: Any) -> Any:
    """The same function or class, with another error for a keyword that it does not have.

    One with ``**settings`` passes them on to the first such function of its module.

    Raises
    ------
    UnknownArgument
        Which names the keyword that is meant, also where another function of the module has it.
    """
    if isinstance(function, type):
        function.__init__ = explained(function.__init__)  # type: ignore[misc]  # a class once made
        return function
    name = function.__qualname__.removesuffix(".__init__")
    known = _takes[function.__module__]
    parameters = signature(function).parameters.values()
    own = frozenset(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
    if len(own) < len(parameters):
        own |= next(iter(known.values()))
    known[name] = own

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for word in kwargs:
            if word not in own:
                raise UnknownArgument(_told(name, word, known))
        return function(*args, **kwargs)

    return checked


def _told(name: str, word: str, known: dict[str, frozenset[str]]) -> str:
    """What is said of a word that the function `name` does not take."""
    own = known[name]
    wrong = f"{name}: there is no argument {word!r}."
    for place, takes in ((name, own), *known.items()):
        for meant in (*WORDS.get(word, ()), f"{word}="):
            if meant.partition("=")[0] in takes:
                return f"{wrong} " + (
                    f"Write {meant}." if place == name else f"Give {place} {meant}."
                )
    if word in OTHERWISE:
        return f"{wrong} {OTHERWISE[word]}"
    names = sorted(own - {"self", "cls"})
    listed = f"The arguments are {', '.join(names)}." if names else "There are none."
    return f"{wrong}{nearest(word, names)} {listed}"
