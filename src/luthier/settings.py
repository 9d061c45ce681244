"""Reading what a user gives a study: into one clean type, or an error that says what to do."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from luthier import stores
from luthier.errors import SpaceError, StoreError, StudyError
from luthier.history import Constraint, Fidelity, Objective
from luthier.log import Log
from luthier.space import Space


def with_studies(part: Any) -> Any:
    """A sampler, with the earlier studies that it, or one inside it, names by their stores read."""
    if callable(getattr(part, "reading", None)):
        part = part.reading(earlier)
    if isinstance(part, tuple):
        items = tuple(map(with_studies, part))
        return items if any(a is not b for a, b in zip(items, part, strict=True)) else part
    if not is_dataclass(part) or isinstance(part, type) or not hasattr(part, "ask"):
        return part
    old = {f.name: getattr(part, f.name) for f in fields(part) if f.init}
    new = {name: with_studies(value) for name, value in old.items()}
    changed = {name: value for name, value in new.items() if value is not old[name]}
    return replace(part, **changed) if changed else part


def earlier(store: Any, name: str | None) -> Any:
    """The history and name of a stored study, which is only read.

    Raises
    ------
    StoreError, StudyError
        If there is no such study, or it is not said which.
    """
    if name is None:
        name = one_of(store, "Give a pair: Transfer([('old.db', 'its name')]).")
    kept = stores.open(store, name, create=False)
    try:
        history = Log(kept).history
    finally:
        kept.close()
    if not history.opened:
        raise StoreError(
            f"{os.fspath(store)}: the study {name!r} was never opened. Check the name."
        )
    return SimpleNamespace(history=history, name=name)


def one_of(store: str | os.PathLike[str], hint: str) -> str:
    """The name of the only study of a store; `hint` ends the error where there are others.

    Raises
    ------
    StudyError
        If the store holds none, or several.
    """
    names = stores.studies(store)
    if len(names) != 1:
        raise StudyError(
            f"{os.fspath(store)!r} holds {len(names)} studies: "
            f"{', '.join(map(repr, names)) or 'none'}. {hint}"
        )
    return names[0]


def space(given: Any) -> Space | None:
    """The space to search, from a `Space` or a dict; None where it is defined by running.

    Raises
    ------
    SpaceError
        If it is something else, or has no parameter.
    """
    if given is None or isinstance(given, Space):
        space = given
    elif isinstance(given, Mapping):
        space = Space(given)
    else:
        raise SpaceError(
            f"Study: expected a Space or a dict of parameters, got {given!r}. "
            "Write Study(Space(lr=Float(1e-5, 0.1, log=True)))."
        )
    if space is not None and not len(space):
        raise SpaceError(
            "Study: the space has no parameter, so there is nothing to search. Add one, or leave "
            "the space out and ask the trial for parameters in the objective."
        )
    return space


def objectives(minimize: Any, maximize: Any) -> tuple[Objective, ...]:
    """What is minimised, then what is maximised; ``loss`` is minimised where neither is given.

    Raises
    ------
    StudyError
        If there is none, or a name is no word or is there twice.
    """
    if minimize is None and maximize is None:
        minimize = "loss"
    made = []
    for word, given, up in (("minimize", minimize, False), ("maximize", maximize, True)):
        names = () if given is None else (given,) if isinstance(given, str) else given
        if not isinstance(names, tuple | list) or not all(isinstance(n, str) and n for n in names):
            raise StudyError(
                f"{word}: expected a name or a tuple of names, got {given!r}. "
                f"Write for example {word}='{'accuracy' if up else 'loss'}'."
            )
        made += [Objective(name, up) for name in names]
    if not made:
        raise StudyError("Study: there is no objective. Name one in minimize or maximize.")
    twice = [o.name for o in made if sum(p.name == o.name for p in made) > 1]
    if twice:
        raise StudyError(f"Study: the objective {twice[0]!r} is named twice. Name it once.")
    return tuple(made)


def fidelity(given: Any) -> Fidelity | None:
    """What there is less of, from a name, the least and the most; None where nothing is.

    Raises
    ------
    StudyError
        If these are no name and two whole numbers with 1 <= least <= most.
    """
    if given is None or isinstance(given, Fidelity):
        return given
    words = "Write fidelity=('epochs', 1, 81): what it counts, the least and the most."
    if not isinstance(given, tuple | list) or len(given) != 3 or not isinstance(given[0], str):
        raise StudyError(f"fidelity: expected a name and two whole numbers, got {given!r}. {words}")
    name, least, most = given
    for value in (least, most):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise StudyError(
                f"fidelity: {value!r} is no whole number. {words} A share of the data is counted "
                "in percent or in rows."
            )
    if not name or not 1 <= least <= most:
        raise StudyError(f"fidelity: needs a name and 1 <= least <= most, got {given!r}. {words}")
    return Fidelity(name, int(least), int(most))


def apart(given: Fidelity | None, space: Space | None) -> Fidelity | None:
    """The fidelity, which is no parameter of the space: a trial would be told two amounts.

    Raises
    ------
    StudyError
        If it is one.
    """
    if given is not None and space is not None and given.name in space:
        raise StudyError(
            f"fidelity: {given.name!r} is a parameter of the space too. What there is less of is "
            "in trial.budget, and is not searched: take it out of the space, or leave fidelity out."
        )
    return given


def constraints(given: Any, objectives: tuple[Objective, ...]) -> tuple[Constraint, ...]:
    """Bounds on metrics, from a dict such as ``{"predict_ms": "<= 10"}``; none from None.

    Raises
    ------
    StudyError
        If a rule cannot be read, or bounds an objective.
    """
    if given is None:
        return ()
    words = "Write constraints={'predict_ms': '<= 10'}: a metric that the objective returns."
    if not isinstance(given, Mapping):
        raise StudyError(f"constraints: expected a dict, got {given!r}. {words}")
    made = []
    for name, rule in given.items():
        found = re.fullmatch(r"\s*(<=|>=)\s*(\S+)\s*", rule) if isinstance(rule, str) else None
        bound = math.nan
        if found is not None:
            with suppress(ValueError):
                bound = float(found[2])
        if not isinstance(name, str) or not name or found is None or not math.isfinite(bound):
            raise StudyError(f"constraints: cannot read {name!r}: {rule!r}. {words}")
        if any(name == objective.name for objective in objectives):
            raise StudyError(
                f"constraints: {name!r} is an objective. Return it under a second name as well to "
                "bound it."
            )
        made.append(Constraint(name, found[1] == ">=", bound))
    return tuple(made)


def cost(given: Any, objectives: tuple[Objective, ...]) -> str | None:
    """What proposals are weighed against: "seconds" or a metric; None where nothing is.

    Raises
    ------
    StudyError
        If it is no name, or the objective itself, or there are several objectives.
    """
    if given is None:
        return None
    words = "Write cost='seconds', or the name of a metric that the objective returns."
    if not isinstance(given, str) or not given:
        raise StudyError(f"cost: expected a name, got {given!r}. {words}")
    if len(objectives) > 1:
        raise StudyError(
            f"cost: {given!r} is weighed against one objective, and there are {len(objectives)}: "
            f"{', '.join(map(str, objectives))}. Name one of them, or leave the cost out."
        )
    if given == objectives[0].name:
        raise StudyError(
            f"cost: {given!r} is the objective. Return it under a second name as well."
        )
    return given


def whole(what: str, value: Any, least: int) -> None:
    """See that an argument is a whole number of at least `least`, NumPy's too.

    Raises
    ------
    StudyError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise StudyError(f"{what}: must be a whole number >= {least}, got {value!r}.")


def workers(jobs: Any, executor: Any) -> Any:
    """What runs trials, from the two arguments that can say it, as `open_workers` takes it.

    Raises
    ------
    StudyError
        If both say it, or `jobs` makes no sense.
    """
    if jobs is None:
        return executor
    if executor is not None:
        raise StudyError(
            f"run: jobs={jobs!r} is how many trials run at once, in processes of our own, and "
            f"executor={executor!r} runs them elsewhere. Give one of them."
        )
    if isinstance(jobs, str) and jobs == "auto":
        return jobs
    if isinstance(jobs, bool) or not isinstance(jobs, int | np.integer) or jobs < 1:
        hint = " An executor, or a function that makes one, is executor=." if callable(
            getattr(jobs, "submit", jobs)
        ) else ""  # fmt: skip
        raise StudyError(
            'run: jobs must be a whole number >= 1, or "auto" for as many as the machine has room '
            f"for, got {jobs!r}.{hint}"
        )
    return None if jobs == 1 else int(jobs)


def folder(name: str, given: Any, store: Any) -> Path | None:
    """Where trials keep files; None, nowhere that lasts, where neither user nor store says it."""
    if given is not None:
        if not isinstance(given, str | os.PathLike):
            raise StudyError(f"folder: expected a path, got {given!r}.")
        return Path(given).resolve()
    if not isinstance(store, str | os.PathLike):
        return None
    url = stores.url_of(store)
    if url.startswith("sqlite:///") and url != "sqlite:///:memory:":
        path = Path(url.removeprefix("sqlite:///")).resolve()
        return path.parent / f"{path.stem}-trials" / name
    return Path(f"luthier-trials/{name}").resolve()
