"""The table of trials: every trial as a row, best first; without a result, by state and number."""

from __future__ import annotations

from typing import Any

from luthier.history import History, State
from luthier.parameters import Choice
from luthier.report.document import Column, Trials
from luthier.report.reading import ranked, values
from luthier.report.words import number, value_text

CELLS = 150_000  # of the whole table; beyond it the page would be too large to send to somebody
METRICS = 4  # further metrics that are shown; all are in the log
LONG = 80  # characters of a cell


def columns(history: History) -> dict[str, list[Any]]:
    """Every trial, best first, as columns of plain values; None where there is none.

    Columns: number, state, the objectives, the parameters (options by label), returned metrics,
    seconds, memory (bytes, where it was measured), cause. A name that is taken already gets a
    prefix that says what it is.
    """
    rows = ranked(history).tolist()
    made: dict[str, list[Any]] = {
        "number": [int(history.number[i]) for i in rows],
        "state": [State(int(history.state[i])).name for i in rows],
    }

    def put(kind: str, name: str, cells: list[Any]) -> None:
        taken = name in made or name in ("seconds", "memory", "cause")
        made[f"{kind}_{name}" if taken else name] = cells

    for j, objective in enumerate(history.objectives):
        found = values(history, j)[rows].tolist()
        put("objective", objective.name, [None if v != v else v for v in found])
    labels = [history.space.labels(history.raw(i)) for i in rows]
    for name in history.space.names:
        put("param", name, [each.get(name) for each in labels])
    metrics = [history.metrics(i) for i in rows]
    for name in dict.fromkeys(key for each in metrics for key in each):
        put("metric", name, [each.get(name) for each in metrics])
    seconds = [history.seconds(i) for i in rows]
    made["seconds"] = [None if s != s else s for s in seconds]
    memory = [history.used(i).get("memory") for i in rows]
    if any(memory):  # measured where trials had processes of their own
        made["memory"] = memory
    made["cause"] = [_cause(history, i) for i in rows]
    return made


def _cause(history: History, row: int) -> str | None:
    error = history.error(row)
    return str(error.get("kind", "unknown")) if error else None


def trials(history: History) -> Trials:
    """The same for a page: text in every cell, and no more rows than a page can hold."""
    rows = ranked(history)
    metrics = _numeric_metrics(history)
    width = 4 + len(history.objectives) + len(history.space) + len(metrics)
    rows = rows[: max(50, CELLS // width)]
    kept = rows.tolist()
    made = [
        Column("trial", tuple(str(int(history.number[i])) for i in kept), True),
        Column("state", tuple(State(int(history.state[i])).name.lower() for i in kept), False),
    ]
    for j, objective in enumerate(history.objectives):
        found = values(history, j)[rows].tolist()
        cells = tuple("" if v != v else number(v) for v in found)
        made.append(Column(objective.name, cells, True))
    labels = [history.space.labels(history.raw(i)) for i in kept]
    for name, p in history.space.items():
        cells = tuple(_short(each[name]) if name in each else "" for each in labels)
        made.append(Column(name, cells, not isinstance(p, Choice), code=True))
    for name in metrics:
        found = [history.metrics(i).get(name) for i in kept]
        made.append(Column(name, tuple("" if v is None else _short(v) for v in found), True))
    if history.stopped.any():
        ends = [history.curve(i) for i in kept]
        last = tuple(str(int(steps[-1])) if len(steps) else "" for steps, _ in ends)
        sign = history.objectives[0].sign
        losses = tuple(number(float(sign * v[-1, 0])) if len(v) else "" for _, v in ends)
        made += [Column("last step", last, True), Column("reported there", losses, True)]
    spent = [history.seconds(i) for i in kept]
    made.append(Column("seconds", tuple("" if s != s else number(s, 3) for s in spent), True))
    memory = [history.used(i).get("memory") for i in kept]
    if any(memory):
        held = tuple("" if m is None else number(m / 1e6, 3) for m in memory)
        made.append(Column("memory in MB", held, True))
    ended = [_cause(history, i) or "" for i in kept]
    if any(ended):
        made.append(Column("cause", tuple(_short(c) for c in ended), False))
    return Trials(tuple(made), len(history))


def _numeric_metrics(history: History) -> list[str]:
    """Returned metrics that are numbers, as far as there is room for them."""
    names: dict[str, None] = {}
    for i in range(min(len(history), 200)):
        for key, value in history.metrics(i).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                names[key] = None
    return list(names)[:METRICS]


def _short(value: Any) -> str:
    text = value_text(value)
    return text if len(text) <= LONG else text[: LONG - 1] + "…"
