"""The sections on the search: best so far, parameters against value, trials, failures."""

from __future__ import annotations

import numpy as np

from luthier.history import History, State
from luthier.importance import ENOUGH, importance
from luthier.parameters import Choice
from luthier.report import figures
from luthier.report.document import (
    Block,
    Code,
    Figure,
    Group,
    Listing,
    Section,
    Strong,
    Table,
    Text,
)
from luthier.report.reading import (
    Cause,
    association,
    causes,
    drawn_range,
    improvements,
    values,
    winner,
)
from luthier.report.svg import Drawing
from luthier.report.trials import trials
from luthier.report.words import count, number, value_text

WEIGHED = 200  # parameters; with more, growing forests takes too long for a report
SHARES = 20  # parameters whose share is listed
PANELS = 12  # parameters that are drawn
CAUSES = 8  # causes of failure that are shown with their traceback
LINES = 6  # of a traceback
BARS = "▁▂▃▄▅▆▇█"


def search(history: History) -> Section | None:
    """Best so far over trials, where one keeps the constraints."""
    if not (history.done & history.feasible).any():
        return None
    blocks: list[Block] = []
    if len(history.objectives) > 1:
        blocks.append(
            Figure(
                (figures.pareto(history),),
                "Every finished trial by its first two objectives; those that no other beats in "
                "every objective stand out.",
            )
        )
    for j in range(min(len(history.objectives), 4)):
        drawing = figures.best_so_far(history, j)
        assert drawing is not None  # there are such trials
        blocks += [Text((_progress(history, j),)), _so_far(history, j, drawing)]
    return Section("search", "Best so far", tuple(blocks))


def _progress(history: History, j: int) -> str:
    better = improvements(history, j)
    done = np.flatnonzero(history.done)
    last = int(better[-1])
    after = int((done > last).sum())
    name = history.objectives[j].name
    if len(better) == 1 and after == 0:
        return f"{name} has one result, of trial {last}: more trials may well improve it."
    if len(better) == 1:
        others = "the one after it was no better" if after == 1 else f"none of {after} was better"
        return f"{name} did not improve after the first result, of trial {last}: {others}."
    words = f"{name} improved {count(len(better) - 1, 'time')} after the first result"
    if after == 0:
        return f"{words}, and did so until the end: more trials may well improve it further."
    return (
        f"{words}, the last time at trial {last}; the {count(after, 'finished trial')} after "
        + ("it brought nothing better." if after > 1 else "it did no better.")
    )


def _so_far(history: History, j: int, drawing: Drawing) -> Figure:
    better, found = improvements(history, j), values(history, j)
    caption = f"Each dot is a finished trial; the line is the best {history.objectives[j].name} "
    caption += "until then."
    if (history.failed | history.lost).any():
        caption += " Ticks at the bottom are trials that failed."
    if "far worse" in drawing.description:
        caption += " Far worse results lie at the edge of the drawing."
    shown = better if len(better) <= 12 else better[np.linspace(0, len(better) - 1, 12).astype(int)]
    rows = tuple((str(i), number(float(found[i]))) for i in shown.tolist())
    head = ("trial", f"best {history.objectives[j].name} so far")
    return Figure(
        (drawing,),
        caption,
        (
            Listing(_sparkline(history, j), "Best so far, taller is better"),
            Table(head, rows, (0, 1), caption="Improvements"),
        ),
    )


def _sparkline(history: History, j: int, width: int = 60) -> str:
    """The best so far as a row of bars, from the first result to the last trial."""
    found = history.done & history.feasible
    loss = np.where(found, np.clip(history.Y[:, j], -1e300, 1e300), np.inf)
    best = np.minimum.accumulate(loss)
    best = best[np.isfinite(best)]
    at = best[np.linspace(0, len(best) - 1, min(width, len(best))).astype(int)]
    worst, least = float(at[0]), float(at[-1])
    if worst <= least:
        return BARS[-1] * len(at)
    height = (worst / 2 - at / 2) / (worst / 2 - least / 2)
    return "".join(BARS[round(h * (len(BARS) - 1))] for h in height.tolist())


def parameters(history: History) -> Section | None:
    """Every parameter against the first objective."""
    done = history.done
    if done.sum() < 2 or not len(history.space):
        return None
    loss = np.where(done, history.Y[:, 0], np.nan)
    share = {
        name: association(history, name, loss)
        for name, p in history.space.items()
        if p.cells > 1 or (isinstance(p, Choice) and p.retired)
    }
    names = sorted(share, key=lambda name: -share[name])[:PANELS]
    drawings, rows = [], []
    best = winner(history)
    labels = {} if best is None else history.space.labels(history.raw(best))
    for index, name in enumerate(names):
        drawing = figures.panel(history, name, index)
        if drawing is not None:
            drawings.append(drawing)
            active = int((done & np.isfinite(history.X[:, history.space.names.index(name)])).sum())
            none = "–" if best is None else "inactive"
            told = value_text(labels[name]) if name in labels else none
            rows.append((name, told, f"{share[name]:.0%}", f"{active:,}"))
    if not drawings:
        return None
    objective, single = history.objectives[0].name, len(history.objectives) == 1
    mark = "the ring is the best trial" if single else "the front stands out"
    words = (
        f"Each panel shows {objective} over one parameter in the trials where it was active; "
        f"{mark}. The order is by how much of the ranking one parameter explains by itself, which "
        "chance alone lifts a little above zero and which shows no interaction."
    )
    found = values(history)[done]
    if drawn_range(found, history.objectives[0].maximize) != (found.min(), found.max()):
        words += " Far worse results lie at the edge of a panel."
    if len(share) > len(names):
        words += f" The first {len(names)} of {len(share)} are drawn."
    table = Table(
        ("parameter", "best", "explains alone", "trials"), tuple(rows), (2, 3), code=(0, 1)
    )
    return Section(
        "parameters",
        "Parameters against value",
        (Text((words,)), Figure(tuple(drawings), "", (table,), small=True)),
    )


def weights(history: History) -> Section | None:
    """How much each parameter matters, and which ends of ranges are in the way."""
    done = int((history.done & np.isfinite(history.Y[:, 0])).sum())
    if done < 2 or not any(p.cells > 1 for _, p in history.space.items()):
        return None
    if done < ENOUGH:
        words = f"{count(done, 'trial')} with a result cannot tell: it takes {ENOUGH} or more."
        return Section("weights", "Which parameters matter", (Text((words,)),))
    told = importance(history, "fanova" if len(history.space) <= WEIGHED else "ped-anova")
    first, whole = told.parts[0], min(1.0, sum(told.values()))
    runs: list[str | Code | Strong] = [told.summary, " "]
    if first.share > 0:
        runs += [
            Code(str(first)),
            f" matters most, with {first.share:.0%} ({first.low:.0%} to {first.high:.0%}).",
        ]
        if told.method == "fanova":
            runs.append(
                f" By themselves, all parameters account for {whole:.0%} of what the model tells"
                + ("; the rest is what they do together." if whole < 0.995 else ".")
            )
    rows = tuple(
        (str(part), f"{part.share:.0%}", f"{part.low:.0%} to {part.high:.0%}", f"{part.trials:,}")
        for part in told.parts[:SHARES]
    )
    if len(told.parts) > SHARES:
        runs.append(f" The first {SHARES} of {len(told.parts)} are listed.")
    blocks: list[Block] = [
        Text(tuple(runs)),
        Table(("parameter", "share", "95% interval", "trials"), rows, (1, 3), code=(0,)),
    ]
    blocks += [Text((sentence,), "caution") for sentence in told.pressed]
    return Section("weights", "Which parameters matter", tuple(blocks))


def all_trials(history: History) -> Section | None:
    """The table of trials."""
    if not len(history):
        return None
    made = trials(history)
    states = sum(count > 0 for count in history.counts)
    words, kept = "Best first.", f"{len(made):,} best"
    if not history.done.any():
        order = "state and number" if states > 1 else "number"
        words, kept = f"No trial has a result; by {order}.", f"first {len(made):,}"
    if len(made) < made.total:
        words += (
            f" The {kept} of {made.total:,} are here; the log holds all of them, and "
            "an export gives them as a file."
        )
    return Section("trials", "Trials", (Text((words,)), made))


def failures(history: History) -> Section | None:
    """Why trials failed, with parameters and the end of a traceback."""
    found = causes(history)
    if not found:
        return None
    n = history.counts[State.FAILED] + history.counts[State.LOST]
    rows = tuple(
        (f"{cause.kind}: {cause.message}".rstrip(": "), f"{len(cause.rows):,}", _numbers(cause))
        for cause in found[:50]
    )
    share = f"{n / len(history):.0%}"
    blocks: list[Block] = [
        Text((f"{count(n, 'trial')} of {len(history):,} ({share}) ended without a result.",)),
        Table(("cause", "trials", "which"), rows, (1,)),
    ]
    for cause in found[:CAUSES]:
        blocks.append(_cause(history, cause))
    return Section("failures", "Failures", tuple(blocks))


def _numbers(cause: Cause) -> str:
    shown = ", ".join(map(str, cause.rows[:8]))
    return shown + (", …" if len(cause.rows) > 8 else "")


def _cause(history: History, cause: Cause) -> Group:
    row = cause.rows[0]
    labels = history.space.labels(history.raw(row))
    shown = [f"{name} = {value_text(value)}" for name, value in labels.items()]
    runs: list[str | Code | Strong] = [f"Trial {row}"]
    if shown:
        runs.append(", with ")
        for i, text in enumerate(shown[:12]):
            runs += [", " if i else "", Code(text)]
        runs.append(f" and {len(shown) - 12} more" if len(shown) > 12 else "")
    runs.append(":")
    trace = str((history.error(row) or {}).get("traceback", "")).rstrip().split("\n")
    blocks: list[Text | Listing] = []
    if any(trace):
        tail = [line for line in trace if line.strip("^~ ")][-LINES:]
        blocks = [Text(tuple(runs)), Listing("\n".join(line[:200] for line in tail))]
    else:
        runs[-1] = "."
        blocks = [Text(tuple(runs))]
    return Group(f"{cause.kind}, {count(len(cause.rows), 'trial')}", tuple(blocks))
