"""Keywords and attributes that there are not: the error says which one is meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from luthier.errors import UnknownArgument, nearest

P = ParamSpec("P")
R = TypeVar("R")

IN_ALL = "trials=, how many there shall be in all"
TIME = "seconds=", "time_limit="
AT_ONCE = "jobs=", "n_jobs="
GOAL = "minimize= or maximize=, with what the objective is called", "scoring="
SEED = "seed=", "random_state="
WHO = "sampler=", "method="
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
    "callbacks": ("until= to end a run, progress= to follow it", "progress= to follow it"),
    "load_if_exists": ("store= and name=: the same ones continue a study",),
    "pruner": ("scheduler=",),
    "show_progress_bar": ("progress=",),
    "storage": ("store=",),
    "study_name": ("name=", "study="),
    "verbose": ("progress=",),
}
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


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, with another error for a keyword that it does not have.

    One with ``**settings`` passes them on to the first such function of its module.

    Raises
    ------
    UnknownArgument
        Which names the keyword that is meant, also where another function of the module has it.
    """
    name = function.__qualname__.removesuffix(".__init__")
    known = _takes[function.__module__]
    parameters = signature(function).parameters.values()
    own = frozenset(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
    if len(own) < len(parameters):
        own |= next(iter(known.values()))
    known[name] = own

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
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
    names = sorted(own - {"self", "cls"})
    return f"{wrong}{nearest(word, names)} The arguments are {', '.join(names)}."
