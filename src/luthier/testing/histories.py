"""Histories made by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from luthier.history import Event, History, Objective, State
from luthier.space import Space

Losses = Sequence[float | Sequence[float] | None]


def history(
    space: Space,
    params: Sequence[Mapping[str, Any]] = (),
    losses: Losses = (),
    states: Sequence[str] = (),
    *,
    objectives: int = 1,
    reports: Iterable[tuple[int, int, float | Sequence[float]]] = (),
    draws: Sequence[int] = (),
    tags: Sequence[int] = (),
    parents: Sequence[int] = (),
    budgets: Sequence[float] = (),
    fidelity: tuple[str, int, int] | None = None,
    seed: int = 0,
) -> History:
    """A history, folded from the events of such a study.

    Parameters
    ----------
    params : sequence of dict
        One per trial; values, not raw ones.
    losses : sequence
        For each trial its loss, or several; None or missing leaves it running.
    states : sequence of str
        Names of `State`; by default DONE where there is a loss, else RUNNING.
    reports : iterable of (trial, step, loss)
        In the order in which they come; all before any trial ends.
    draws, tags : sequence of int
        By default the numbers, and 0. A trial that has the draw of an earlier one is its retry.
    parents : sequence of int
        Trials that they go on from, -1 for none, which is the default.
    budgets : sequence of float
        By default infinite.
    fidelity : tuple, optional
        As for `Study`.
    """
    made = History()
    names = ["loss", *(f"loss_{j}" for j in range(1, objectives))][:objectives]
    body = {"space": space.to_json(), "objectives": [[n, False] for n in names], "seed": seed}
    if fidelity is not None:
        body["fidelity"] = list(fidelity)
    made.apply(Event("opened", None, 0.0, body))
    made.dress(space)
    clock = iter(range(1, 1_000_000))
    first: dict[int, int] = {}
    for number, values in enumerate(params):
        draw = draws[number] if draws else number
        body = {"draw": draw, "params": space.check(values)}
        if draw in first:
            body["parent"] = first[draw]
        first[draw] = number
        if parents and parents[number] >= 0:
            body["parent"] = parents[number]
        if budgets and math.isfinite(budgets[number]):
            body["budget"] = budgets[number]
        if tags and tags[number]:
            body["tag"] = tags[number]
        made.apply(Event("created", number, float(next(clock)), body))
    for number, step, loss in reports:
        body = {"step": step, "loss": _listed(loss)}
        made.apply(Event("reported", number, float(next(clock)), body))
    for number in range(len(params)):
        loss_of = losses[number] if number < len(losses) else None
        state = states[number] if states else "RUNNING" if loss_of is None else "DONE"
        if state == State.RUNNING.name:
            continue
        body = {"state": state}
        if state == State.DONE.name:
            body["loss"] = _listed(math.nan if loss_of is None else loss_of)
        made.apply(Event("finished", number, float(next(clock)), body))
    assert made.objectives == tuple(Objective(name) for name in names)
    return made


def _listed(loss: float | Sequence[float]) -> list[float]:
    return [float(loss)] if isinstance(loss, int | float) else [float(part) for part in loss]


def fingerprint(history: History) -> list[bytes]:
    """What a sampler or scheduler can see of a history, as bytes."""
    columns = (history.X, history.Y, history.G, history.state, history.number, history.draw,
               history.parent, history.tag, history.budget, history.started, history.finished,
               history.owner, history.step, history.value)  # fmt: skip
    told = [history.raw(i) for i in range(len(history))], history.queue, history.notes
    return [*(column.tobytes() for column in columns), repr((told, history.counts)).encode()]
