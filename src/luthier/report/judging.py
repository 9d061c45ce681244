"""The sections on how good the winner is: untouched rows, over- and underfitting, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from luthier.history import History
from luthier.report import figures
from luthier.report.comparison import Comparison, Interval
from luthier.report.document import Block, Figure, Run, Section, Strong, Table, Text
from luthier.report.reading import Curve, by_trial, curve, ranked, winner
from luthier.report.words import count, number, signed

SHOWN = 30  # learning curves that are drawn


def told(found: Comparison) -> tuple[Run, ...]:
    """Default against tuned in two sentences."""
    rows = count(found.rows, "row") if found.rows is not None else "rows"
    gap = found.difference
    if gap.score == gap.low == gap.high == 0:
        return (
            f"On {rows} that the search never saw, it scores {number(found.tuned.score)}, exactly "
            "as the default settings do: tuning changed nothing there.",
        )
    better = "gain" if gap.score >= 0 else "loss"
    runs: list[Run] = [
        f"On {rows} that the search never saw, the tuned model has {found.metric} "
        f"{number(found.tuned.score)} and the default {number(found.default.score)}: "
        f"a {better} of ",
        Strong(number(abs(gap.score), 3)),
    ]
    if not gap.known:
        runs.append(". How much of that is chance is unknown.")
        return tuple(runs)
    runs.append(
        f" ({found.level:.0%} interval {signed(gap.low)} to {signed(gap.high)}, positive is "
        "better). "
    )
    runs.append(
        {
            "better": "The interval lies above zero: more than chance.",
            "worse": "The interval lies below zero: keep the default settings.",
            "unclear": "The interval includes zero, so these rows cannot tell the two apart.",
        }[found.verdict]
    )
    return tuple(runs)


def expected(history: History) -> Section | None:
    """What a search says of its winner on new rows, and what racing and limits left out."""
    said = history.notes.get("honest")
    if not isinstance(said, list) or not said:
        return None
    first, *rest = (str(sentence) for sentence in said)
    blocks = (Text((first,), "lead"), *(Text((sentence,)) for sentence in rest))
    return Section("expected", "What to expect of it", blocks)


def against_default(found: Comparison | None) -> Section | None:
    """Default against tuned on the untouched part."""
    if found is None:
        return None
    level = f"{found.level:.0%} interval"

    def row(name: str, interval: Interval, sign: bool = False) -> tuple[str, str, str]:
        put = signed if sign else number
        ends, digits = "–", 3 if sign else 4
        if interval.known:
            ends = f"{put(interval.low, digits)} to {put(interval.high, digits)}"
        return (name, put(interval.score, 4 if sign else 5), ends)

    rows = [row("default", found.default), row("tuned", found.tuned)]
    rows.append(row("gain of tuned", found.difference, True))
    if math.isfinite(found.guess):
        rows.append(("always guessing", number(found.guess), ""))
    n = f"{count(found.rows, 'row')}" if found.rows is not None else "rows"
    table = Table(("", "score", level), tuple(rows), (1, 2), caption=found.metric)
    words = found.words or "".join(r if isinstance(r, str) else r.text for r in told(found))
    better = "higher" if found.maximize else "lower"
    return Section(
        "untouched",
        "Default against tuned",
        (
            Text((words,)),
            table,
            Figure(
                (figures.intervals(found),),
                f"Both were fitted to all rows of the search and judged on {n} kept untouched "
                f"until the end; {better} {found.metric} is better, and a positive gain means "
                "that tuned is better.",
            ),
        ),
    )


def fit(history: History, folds: bool) -> Section | None:
    """Whether the winner over- or underfits."""
    verdict = history.notes.get("verdict")
    said = verdict.get("words") if isinstance(verdict, Mapping) else verdict
    blocks: list[Block] = []
    if isinstance(said, str) and said:
        blocks.append(Text((said,)))
    best, made = winner(history), None
    if folds and best is not None and len(history.objectives) == 1:
        made = curve(history, best)
    if made is not None and len(made.step) > 1:
        if not blocks:
            blocks.append(Text((_gap(made, history),)))
        blocks.append(_folds(made, history.objectives[0].name))
    if not blocks:
        return None
    return Section("fit", "Over- and underfitting", tuple(blocks))


def _gap(made: Curve, history: History) -> str:
    """What the scores of the folds say, without a verdict of somebody who knows the metric."""
    objective = history.objectives[0]
    k = len(made.step)
    valid, train = float(made.valid.mean()), float(made.train.mean())
    spread = float(made.valid.std(ddof=1))
    words = (
        f"Over {count(k, 'fold')}, the winner's {objective.name} on rows it did not learn from is "
        f"{number(valid)} on average (standard deviation {number(spread, 2)})"
    )
    if not math.isfinite(train):
        if history.notes.get("honest"):  # a search says there what it knows of overfitting
            return words + "."
        return words + ". Its training scores were not reported, so overfitting cannot be judged."
    gaps = -objective.sign * (made.train - made.valid)
    gap, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(k))
    words += (
        f", and {number(train)} on rows it did: a gap of {number(gap, 2)} "
        f"± {number(error, 1)} (standard error)."
    )
    if gap > 2 * error:
        return words + (
            " The gap is real: the training score promises more than new rows keep. How much "
            "that matters depends on the metric; the validation score is the honest one."
        )
    return words + " The gap is no larger than chance would make it: no sign of overfitting."


def _folds(made: Curve, metric: str) -> Figure:
    trained = bool(np.isfinite(made.train).any())
    head = ("fold", *(["training"] if trained else []), "validation")
    rows = []
    for i in range(len(made.step)):
        middle = [number(float(made.train[i]))] if trained else []
        rows.append((str(i + 1), *middle, number(float(made.valid[i]))))
    caption = f"{metric} of trial {made.row} on each fold"
    caption += ", on the rows it learned from and on those it did not; " if trained else "; "
    return Figure(
        (figures.folds(made, metric),),
        caption + "the dashed line is the mean over validation rows.",
        (Table(head, tuple(rows), tuple(range(len(head)))),),
    )


def learning(history: History, folds: bool) -> Section | None:
    """What trials reported by step, where steps are no folds; those that went on as one curve."""
    if folds or not len(history.owner) or not history.objectives:
        return None
    history = history.seen().merged()
    reports = by_trial(history)
    order = ranked(history) if history.done.any() else history.furthest(len(history))
    rows = [i for i in order.tolist() if len(reports.get(i, ())) > 1]
    if not rows:
        return None
    chosen = rows[:10]
    rest = rows[10:]
    # The best ten, and an even share of the others.
    chosen += [rest[int(k)] for k in np.linspace(0, len(rest) - 1, min(len(rest), SHOWN - 10))]
    made = [replace(curve(history, i, reports[i]), row=int(history.number[i])) for i in chosen]
    made = [c for c in made if np.isfinite(c.valid).any()]
    if not made:
        return None
    objective, best = history.objectives[0], made[0]
    caption = f"{objective.name} by step of {count(len(made), 'trial')}"
    if len(rows) > len(made):
        caption += f" out of {len(rows):,}, the ten best among them"
    caption += f"; the strong line is trial {best.row}"
    place = int(np.nanargmax(-objective.sign * best.valid))
    words = (
        f"Trial {best.row} was best at step {best.step[place]} of {best.step[-1]}, with "
        f"{number(float(best.valid[place]))}"
    )
    words += (
        "; it was still improving when it ended, so more steps may help."
        if place == len(best.valid) - 1
        else f", and ended with {number(float(best.valid[-1]))}."
    )
    even = np.unique(np.linspace(0, len(best.step) - 1, min(12, len(best.step))).astype(int))
    cells = tuple((str(best.step[i]), number(float(best.valid[i]))) for i in even)
    table = Table(("step", objective.name), cells, (0, 1), caption=f"Trial {best.row}")
    drawing = figures.curves(made, best.row, objective.name, objective.maximize)
    return Section(
        "curves",
        "Learning curves",
        (Text((words,)), Figure((drawing,), caption + ".", (table,))),
    )
