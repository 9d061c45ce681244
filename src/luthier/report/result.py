"""The first section: what was found, in a paragraph, a few numbers and a table."""

from __future__ import annotations

from typing import Any

from luthier.history import History, State
from luthier.parameters import Choice, Float, Int, Parameter
from luthier.recommend import recommended
from luthier.report import judging
from luthier.report.comparison import Comparison
from luthier.report.document import (
    Block,
    Code,
    Run,
    Section,
    Stat,
    Stats,
    Strong,
    Table,
    Text,
    Tone,
)
from luthier.report.reading import at_edge, best_front, values, winner
from luthier.report.words import a, count, listed, number, signed, value_text
from luthier.spent import duration, spent


def result(history: History, found: Comparison | None, folds: bool) -> Section:
    """What was found, in the first words of the report; with several objectives, the front."""
    best = winner(history)
    if best is None:
        return Section("result", "Result", _nothing(history))
    if len(history.objectives) > 1:
        return Section("result", "Result", _several(history))
    blocks: list[Block] = [
        Text(_lead(history, best, found, folds), "lead"),
        Stats(tuple(_stats(history, best, found, folds))),
        _winner(history, best),
        Text((_optimism(history, best, found, folds),), "caution"),
    ]
    lucky = _recommended(history, best)
    if history.constraints:
        blocks.insert(
            1, Text((_bounds(history, best),), "plain" if history.feasible[best] else "caution")
        )
    if lucky:
        blocks.append(Text(lucky, "caution"))
    edges = _edges(history, best)
    if edges:
        blocks.append(Text(edges, "caution"))
    return Section("result", "Result", tuple(blocks))


def _nothing(history: History) -> tuple[Block, ...]:
    n = len(history)
    if not n:
        return (Text(("No trial has been started, so there is nothing to report yet.",), "lead"),)
    if history.done.any():
        return (Text((_unkept(history),), "lead"),)
    words = f"No trial has a result yet: of {count(n, 'trial')}, {_states(history)}."
    rows = history.furthest()
    if history.fidelity is not None and len(rows):
        row, objective = int(rows[0]), history.objectives[0]
        steps, losses = history.curve(row)
        words = (
            f"No trial was given all {history.fidelity.most:,} {history.fidelity.name} yet: of "
            f"{count(n, 'trial')}, {_states(history)}. Trial {int(history.number[row])} came "
            f"furthest, to {int(steps[-1]):,}, with {a(objective.name)} of "
            f"{number(float(objective.sign * losses[-1, 0]))}."
        )
        return (Text((words,), "lead"), _winner(history, row))
    if history.counts[State.FAILED]:
        words += " The section on failures shows why."
    return (Text((words,), "lead"),)


def _unkept(history: History) -> str:
    return (
        f"None of the {count(history.counts[State.DONE], 'finished trial')} keeps "
        f"{listed(map(str, history.constraints))}."
    )


def _bounds(history: History, best: int) -> str:
    """Whether the best trial keeps the constraints, and how many others do."""
    got = history.metrics(best)
    told = listed(f"{number(float(got[bound.name]))} for {bound}" for bound in history.constraints)
    if not history.feasible[best]:
        return f"{_unkept(history)} Trial {best} comes nearest, with {told}."
    others = int((history.done & history.feasible).sum()) - 1
    return (
        f"It keeps its constraints, with {told}. So do {others:,} of the other "
        f"{history.counts[State.DONE] - 1:,} finished trials."
    )


def _states(history: History) -> str:
    told = {
        State.DONE: "finished",
        State.STOPPED: "stopped early",
        State.FAILED: "failed",
        State.LOST: "lost with their process",
        State.RUNNING: "still running",
    }
    return listed(f"{history.counts[s]:,} {word}" for s, word in told.items() if history.counts[s])


def _score(folds: bool, name: str) -> str:
    return f"cross-validated {name}" if folds else name


def _lead(history: History, best: int, found: Comparison | None, folds: bool) -> tuple[Run, ...]:
    objective = history.objectives[0]
    value = float(values(history)[best])
    runs: list[Run] = [
        f"The best of {count(history.counts[State.DONE], 'finished trial')} is trial {best}, "
        f"with {a(_score(folds, objective.name))} of ",
        Strong(number(value)),
    ]
    labels = list(history.space.labels(history.raw(best)).items())
    if labels:
        runs.append(" at ")
        for i, (name, label) in enumerate(labels[:5]):
            runs += [", " if i else "", Code(f"{name} = {value_text(label)}")]
        if len(labels) > 5:
            runs.append(f" and {len(labels) - 5} more")
    runs.append(". ")
    if found is not None:
        return (*runs, *judging.told(found))
    default = _default_row(history)
    if default is not None and default != best:
        gain = objective.sign * (float(values(history)[default]) - value)
        runs.append(
            f"The default settings, trial {default}, had {number(float(values(history)[default]))}"
            f": a difference of {number(gain, 3)}, "
            "which no untouched data has confirmed."
        )
    elif default == best:
        runs.append("These are the default settings: nothing that was tried did better.")
    return tuple(runs)


def _default_row(history: History) -> int | None:
    """The trial of the default settings, if there is one with a result."""
    raw = history.space.default_raw() if not history.space.without_values() else None
    row = history.tried(raw) if raw is not None else None
    return row if row is not None and history.done[row] else None


def _stats(history: History, best: int, found: Comparison | None, folds: bool) -> list[Stat]:
    objective = history.objectives[0]
    value = float(values(history)[best])
    made = [
        Stat(
            f"best {objective.name}",
            number(value),
            f"cross-validated, trial {best}; optimistic" if folds else f"trial {best}",
        )
    ]
    if found is not None:
        gain = found.difference
        tone: Tone = "plain"
        if found.verdict != "unclear":
            tone = "good" if found.verdict == "better" else "bad"
        made += [
            Stat("tuned, untouched rows", number(found.tuned.score), _span(found.tuned)),
            Stat("default, untouched rows", number(found.default.score), _span(found.default)),
            Stat("gain", signed(gain.score), _span(gain, True), tone),
        ]
    made.append(_trials(history))
    return made


def _trials(history: History) -> Stat:
    words = {State.STOPPED: "stopped early", State.FAILED: "failed", State.LOST: "lost"}
    told = [f"{history.counts[s]:,} {word}" for s, word in words.items() if history.counts[s]]
    used = duration(spent(history).busy)
    return Stat("trials", f"{len(history):,}", ", ".join([*told, f"{used} of wall time"]))


def _span(interval: Any, sign: bool = False) -> str:
    if not interval.known:
        return "interval unknown"
    put = signed if sign else number
    return f"{put(interval.low, 3 if sign else 4)} to {put(interval.high, 3 if sign else 4)}"


def _optimism(history: History, best: int, found: Comparison | None, folds: bool) -> str:
    value = number(float(values(history)[best]))
    of = count(history.counts[State.DONE], "result")
    if found is not None:
        return (
            f"{value} is the best of {of} and was chosen because it was the best, so it is "
            "optimistic. The score on untouched rows is the one to expect."
        )
    if folds:
        return (
            f"{value} is the best of {of} and was chosen because it was the best, so it is "
            "optimistic: expect a little less on new data. "
            + (
                "The next section says how much."
                if history.notes.get("honest")
                else "No rows were kept aside to say how much."
            )
        )
    return (
        f"{value} is the best of {of} and was chosen because it was the best. Where the objective "
        "is noisy it is therefore optimistic."
    )


def _recommended(history: History, best: int) -> tuple[Run, ...]:
    """Which trial to use where results are noisy."""
    found = recommended(history.space, history)
    if found is None:
        return ()
    row, mean, error = found
    told = f"{number(history.objectives[0].sign * mean)} ± {number(error, 2)}"
    if row == best:
        return (f"Results are noisy. Tried again, trial {best} should give {told}.",)
    return (
        "Results are noisy, and the best of them was lucky too. The trial to use is ",
        Strong(f"trial {row}"),
        f": it gave {number(float(values(history)[row]))} and, tried again, should give {told}.",
    )


def _winner(history: History, best: int) -> Table:
    space, raw = history.space, history.raw(best)
    default = space.default_raw() if not space.without_values() else None
    rows = []
    for name, p in space.items():
        if name not in raw:
            continue
        cells = [name, label(p, raw[name])]
        if default is not None:
            cells.append(label(p, default[name]) if name in default else "inactive")
        rows.append(tuple(cells))
    head = ("parameter", "best", *(["default"] if default is not None else []))
    return Table(head, tuple(rows), code=tuple(range(len(head))), caption="The winner")


def label(p: Parameter, raw: float | int) -> str:
    return value_text(p.label(raw) if isinstance(p, Choice) else raw)


def _edges(history: History, best: int) -> tuple[Run, ...]:
    raw, runs = history.raw(best), []
    for name, value in raw.items():
        p = history.space[name]
        if side := at_edge(p, value):
            assert isinstance(p, Float | Int)
            end = p.low if side == "low" else p.high
            runs.append(f"{name} (at the {side} end, {value_text(end)})")
    if not runs:
        return ()
    shown = runs if len(runs) <= 4 else [*runs[:4], f"{len(runs) - 4} more"]
    return (
        "The winner lies at the edge of the searched range in ",
        Strong(listed(shown)),
        ". A wider range may hold something better.",
    )


def _several(history: History) -> tuple[Block, ...]:
    front = best_front(history).tolist()
    names = [o.name for o in history.objectives]
    done = count(int((history.done & history.feasible).sum()), "finished trial")
    if history.constraints:
        done += f" within {listed(map(str, history.constraints))}"
    lead: tuple[Run, ...] = (
        "No single trial is best in all of ",
        Strong(listed(names)),
        f". Of {done}, {len(front)} "
        f"{'is' if len(front) == 1 else 'are'} beaten by no other in every objective: the front "
        "from which to choose.",
    )
    rows = []
    for i in front[:25]:
        scores = [number(float(values(history, j)[i])) for j in range(len(names))]
        labels = history.space.labels(history.raw(i))
        shown = ", ".join(f"{k}={value_text(v)}" for k, v in list(labels.items())[:8])
        rows.append((str(i), *scores, shown + ("…" if len(labels) > 8 else "")))
    head = ("trial", *(str(o) for o in history.objectives), "parameters")
    numeric = tuple(range(len(names) + 1))
    table = Table(head, tuple(rows), numeric, (len(head) - 1,), "The front")
    stats = Stats(
        (
            Stat("on the front", f"{len(front):,}"),
            *(
                Stat(f"best {o.name}", number(float(o.sign * history.Y[front, j].min())))
                for j, o in enumerate(history.objectives[:3])
            ),
            _trials(history),
        )
    )
    made: list[Block] = [Text(lead, "lead"), stats, table]
    if len(front) > 25:
        made.append(Text((f"The first 25 of {len(front)} are shown.",)))
    return tuple(made)
