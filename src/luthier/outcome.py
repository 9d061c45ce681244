"""What an objective returned, read into one plain form."""

from __future__ import annotations

import math
import traceback as tb
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.history import Constraint, Objective

KEPT = 20_000  # characters of a traceback: enough to see the cause, and no gigabyte in the log


class Invalid(Exception):
    """What was returned is no result; says what was returned and what to return."""


def number(value: Any) -> float | None:
    """`value` as a float, or None when it is not a number (a bool and a string are none)."""
    if type(value) is float:
        return value
    if value is None or isinstance(value, bool | np.bool_ | str | bytes):
        return None
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except Exception:  # whatever its __float__ or item raises, it is no number
        return None


def plain(value: Any) -> Any:
    """`value` as data that JSON holds; what it cannot hold becomes its repr."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray) and value.size <= 10_000:
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    found = number(value)
    return repr(value)[:1000] if found is None else found


def read(returned: Any, objectives: Sequence[Objective]) -> tuple[list[float], dict[str, Any]]:
    """Losses and further metrics of a returned value.

    Returns
    -------
    loss : list of float
        One per objective, minimised.
    metrics : dict
        The other keys of a returned dict, as plain data.

    Raises
    ------
    Invalid
        If it is not a finite number for every objective.
    """
    names = [objective.name for objective in objectives]
    if isinstance(returned, Mapping):
        missing = [name for name in names if name not in returned]
        if missing:
            raise Invalid(
                f"the objective returned a dict without {missing[0]!r}: it has "
                f"{', '.join(map(repr, returned)) or 'nothing'}. "
                f"Return a dict that holds {', '.join(map(repr, names))}."
            )
        values = [returned[name] for name in names]
        metrics = {str(k): plain(v) for k, v in returned.items() if k not in names}
    elif len(names) > 1:
        if not isinstance(returned, tuple | list) or len(returned) != len(names):
            raise Invalid(
                f"the objective returned {_shown(returned)}, but there are {len(names)} "
                f"objectives. Return a dict that holds {', '.join(map(repr, names))}."
            )
        values, metrics = list(returned), {}
    else:
        values, metrics = [returned], {}
    losses = []
    for objective, value in zip(objectives, values, strict=True):
        got = number(value)
        if got is None:
            raise Invalid(
                f"the objective returned {_shown(value)} for {objective.name!r}. "
                "Return a finite number."
            )
        if not math.isfinite(got):
            raise Invalid(
                f"the objective returned {got!r} for {objective.name!r}. Return a finite number; "
                "a trial without a result may raise."
            )
        losses.append(objective.sign * got)
    return losses, metrics


def judged(returned: Any, objectives: Sequence[Objective]) -> dict[str, Any]:
    """How a trial ended whose objective returned: DONE with loss and metrics, or FAILED and why."""
    try:
        loss, metrics = read(returned, objectives)
    except Invalid as invalid:
        return {"state": "FAILED", "error": fault("Invalid", str(invalid))}
    return {"state": "DONE", "loss": loss, "metrics": metrics}


def read_report(
    reported: Any, objectives: Sequence[Objective]
) -> tuple[list[float], dict[str, Any]]:
    """Losses and further metrics of a value given to ``trial.report``; NaN where there is none.

    Raises
    ------
    Invalid
        If it is neither a number nor a dict of them.
    """
    if isinstance(reported, Mapping):
        losses = []
        for objective in objectives:
            got = number(reported.get(objective.name, math.nan))
            if got is None:
                raise Invalid(
                    f"trial.report: {_shown(reported[objective.name])} for {objective.name!r} is "
                    "no number. Report a number."
                )
            losses.append(objective.sign * got)
        names = [objective.name for objective in objectives]
        return losses, {str(k): plain(v) for k, v in reported.items() if k not in names}
    got = number(reported)
    if got is None or len(objectives) > 1:
        raise Invalid(
            f"trial.report: got {_shown(reported)}. Report a number"
            + (", or a dict of metrics." if len(objectives) == 1 else
               f" for {objectives[0].name!r}, by which schedulers go, in a dict that may hold "
               f"{', '.join(o.name for o in objectives[1:])} too.")
        )  # fmt: skip
    return [objectives[0].sign * got], {}


def unbounded(metrics: Mapping[str, Any], constraints: Sequence[Constraint]) -> str:
    """What is to be said of constraints whose metric is missing or no number; empty if none is."""
    for constraint in constraints:
        if constraint.name not in metrics:
            return (
                f"the objective returned no {constraint.name!r}, and the study has the constraint "
                f"{constraint}. Return a dict that holds it too."
            )
        got = number(metrics[constraint.name])
        if got is None or not math.isfinite(got):
            return (
                f"the objective returned {_shown(metrics[constraint.name])} for "
                f"{constraint.name!r}, and the study has the constraint {constraint}. "
                "Return a finite number."
            )
    return ""


def unpriced(metrics: Mapping[str, Any], cost: str | None) -> str:
    """What is to be said of a cost whose metric is missing or not positive; empty if it is fine."""
    if cost is None or cost == "seconds":
        return ""
    if cost not in metrics:
        return (
            f"the objective returned no {cost!r}, which is the cost that the study goes by. "
            "Return a dict that holds it too."
        )
    got = number(metrics[cost])
    if got is None or not 0 < got < math.inf:
        return (
            f"the objective returned {_shown(metrics[cost])} for {cost!r}, which is the cost that "
            "the study goes by. Return a positive number."
        )
    return ""


def explain(error: BaseException) -> dict[str, str]:
    """Kind, message and traceback of an exception, as the log keeps them."""
    try:
        message = str(error)
    except BaseException:  # an exception whose own text cannot be made
        message = "(its message could not be read)"
    try:
        trace = "".join(tb.format_exception(error))
    except BaseException:
        trace = f"{type(error).__name__}: {message}"
    if len(trace) > KEPT:
        trace = trace[: KEPT // 2] + "\n... (cut) ...\n" + trace[-KEPT // 2 :]
    return {"kind": type(error).__name__, "message": message[:KEPT], "traceback": trace}


def fault(kind: str, message: str, trace: str = "") -> dict[str, str]:
    """What `explain` gives, for what went wrong without an exception; `trace` is its last words."""
    return {"kind": kind, "message": message, "traceback": trace}


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # a repr that raises must not hide what went wrong
        text = "an object"
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({type(value).__name__})"
