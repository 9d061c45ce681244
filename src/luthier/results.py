"""Trials as users read them: numbers with their sign, options by value or by label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from luthier.history import History, State


@dataclass(frozen=True)
class Result:
    """One trial as the log has it.

    Attributes
    ----------
    number : int
        The trial's number.
    state : str
        RUNNING, DONE, STOPPED, FAILED or LOST.
    value : float or None
        The first objective, with the user's sign; None without a result.
    values : dict
        Every objective by name; empty without a result.
    params : dict
        What the objective got.
    metrics, facts : dict
        What else it returned, and what it noted.
    seconds : float
        How long it ran; NaN while it runs.
    error : dict or None
        Kind, message and traceback of what ended it.
    parent : int
        The trial that it goes on from, or -1.
    reached : tuple of int and float, or None
        The last step that it reported, and the first objective there.
    feasible : bool
        Whether it is DONE and breaks no constraint.
    expected : tuple of float, or None
        In `Study.recommended`: what to expect of the first objective if it were tried again, and
        the standard error of that. None where nothing shows that results are noisy.
    used : dict
        What it used, as far as it is known: ``cpu`` seconds, ``memory`` in bytes at most, the
        ``exit`` code of its process where that ended, and ``output``, the last lines it printed.
    """

    number: int
    state: str
    value: float | None
    values: dict[str, float]
    params: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = math.nan
    error: dict[str, Any] | None = None
    parent: int = -1
    reached: tuple[int, float] | None = None
    feasible: bool = False
    expected: tuple[float, float] | None = None
    used: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value:.6g}" for name, value in self.values.items())
        if not told:
            told = self.state.lower()
            if self.error:
                told += f" ({self.error['kind']}: {self.error['message'][:60]})"
            elif self.reached:
                told += f" at step {self.reached[0]} with {self.reached[1]:.6g}"
        if self.values and not self.feasible:
            told += ", breaks a constraint"
        if self.expected:
            told += f", expected {self.expected[0]:.6g} ± {self.expected[1]:.2g}"
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"Trial {self.number}: {told}  [{params}]"


def result(history: History, row: int) -> Result:
    """One row of a history."""
    values: dict[str, float] = {}
    if history.state[row] == State.DONE:
        losses = history.Y[row].tolist()
        values = {o.name: o.sign * y for o, y in zip(history.objectives, losses, strict=True)}
    return Result(
        number=int(history.number[row]),
        state=State(int(history.state[row])).name,
        value=next(iter(values.values()), None),
        values=values,
        params=history.params(row),
        metrics=history.metrics(row),
        facts=history.facts(row),
        seconds=history.seconds(row),
        error=history.error(row),
        parent=int(history.parent[row]),
        used=history.used(row),
        feasible=bool(history.feasible[row] and history.state[row] == State.DONE),
        reached=_reached(history, row),
    )


def _reached(history: History, row: int) -> tuple[int, float] | None:
    """The last step that a trial reported, and the first objective there."""
    steps, curve = history.curve(row)
    if not len(steps):
        return None
    return int(steps[-1]), float(history.objectives[0].sign * curve[-1, 0])


def leaders(history: History, k: int) -> list[int]:
    """The numbers of the best few trials; where none has a result, of those that came furthest."""
    rows = history.best(k)
    if not len(rows) and history.fidelity is not None:
        rows = history.furthest(k)
    return [int(row) for row in rows]


def best_so_far(history: History) -> str:
    """The best value so far and whose it is, in words; empty where nobody has one.

    Where no trial has a result, as long as none was given all there is to give, the last report of
    the one that came furthest; with several objectives how many trials there are on the front.
    """
    if len(history.objectives) > 1 and history.done.any():
        return f"{_front(history)} on the front"
    rows = leaders(history, 1)
    if not rows:
        return ""
    got, name = result(history, rows[0]), history.objectives[0].name
    if got.value is not None:
        return f"best {name} {got.value:.6g} (trial {got.number})"
    assert got.reached is not None  # it came furthest
    return f"best {name} {got.reached[1]:.6g} at step {got.reached[0]} (trial {got.number})"


def _front(history: History) -> int:
    """How many trials no other beats in all objectives."""
    from luthier.numerics.pareto import front

    return int(front(history.Y[history.done & history.feasible]).sum())


def table(history: History) -> dict[str, list[Any]]:
    """Every trial as a row of columns of plain values; what is missing is None.

    Columns: number, state, objectives, parameters (options by label), metrics, facts, seconds,
    reached (the last step that it reported) and reported (the first objective there), cpu
    (seconds), memory (bytes), error, parent. A name that is taken already gets a prefix that
    says what it is.
    """
    rows = range(len(history))
    made: dict[str, list[Any]] = {
        "number": list(rows),
        "state": [State(s).name for s in history.state.tolist()],
    }
    for j, objective in enumerate(history.objectives):
        losses = history.Y[:, j].tolist()
        made[objective.name] = [None if y != y else objective.sign * y for y in losses]

    def add(dicts: Sequence[dict[str, Any]], prefix: str, first: Sequence[str] = ()) -> None:
        for key in dict.fromkeys([*first, *(key for item in dicts for key in item)]):
            column = f"{prefix}_{key}" if key in made or key in ENDS else key
            made[column] = [item.get(key) for item in dicts]

    add([history.space.labels(history.raw(i)) for i in rows], "param", history.space.names)
    add([history.metrics(i) for i in rows], "metric")
    add([history.facts(i) for i in rows], "fact")
    seconds = [history.seconds(i) for i in rows]
    made["seconds"] = [None if s != s else s for s in seconds]
    last = dict(zip(history.owner.tolist(), range(len(history.owner)), strict=True))
    ends, sign = [last.get(i) for i in rows], history.objectives[0].sign
    made["reached"] = [None if at is None else int(history.step[at]) for at in ends]
    made["reported"] = [None if at is None else float(sign * history.value[at, 0]) for at in ends]
    made["cpu"] = [history.used(i).get("cpu") for i in rows]
    made["memory"] = [history.used(i).get("memory") for i in rows]
    errors = [history.error(i) for i in rows]
    made["error"] = [f"{e['kind']}: {e['message']}" if e else None for e in errors]
    made["parent"] = [p if p >= 0 else None for p in history.parent.tolist()]
    return made


ENDS = ("seconds", "reached", "reported", "cpu", "memory", "error", "parent")
