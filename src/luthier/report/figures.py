"""The figures of a report, each drawn from plain arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.history import History
from luthier.parameters import Array, Choice, Float, Int, Ints
from luthier.report.comparison import Comparison, Interval
from luthier.report.reading import Curve, best_front, drawn_range, improvements, values
from luthier.report.scale import Scale, padded
from luthier.report.svg import CHARACTER, Canvas, Drawing, Frame, thinned
from luthier.report.words import count, number, signed

WIDE, NARROW = 760, 358  # pixels, for a desk and for a phone
PANEL = (180, 150)


def both(name: str, title: str, told: str, draw: Callable[[int], Canvas]) -> Drawing:
    """A drawing at both widths."""
    return Drawing(
        name,
        title,
        told,
        draw(WIDE).svg(name, title, told),
        draw(NARROW).svg(name, title, told),
    )


def best_so_far(history: History, j: int = 0) -> Drawing | None:
    """Every result by trial number, and the best of those until then."""
    objective = history.objectives[j]
    y = values(history, j)
    rows = np.flatnonzero(np.isfinite(y))
    if not len(rows):
        return None
    better = improvements(history, j)
    low, high = drawn_range(y[rows], objective.maximize)
    outside = (y[rows] < low) | (y[rows] > high)
    ends = padded(low, high)
    failed = np.flatnonzero(history.failed | history.lost)
    last = len(history) - 1
    told = (
        f"{objective.name} of {count(len(rows), 'finished trial')}. The best is "
        f"{number(float(y[better[-1]]))}, reached at trial {better[-1]}."
    )

    def draw(width: int) -> Frame:
        span = (-0.5 - last * 0.01, last + 0.5 + last * 0.01)
        frame = Frame(width, 270, span, ends, x_name="trial", y_name=objective.name, whole_x=True)
        at = rows[thinned(len(rows), keep=np.searchsorted(rows, better))]
        frame.dots(frame.x.many(at), frame.y.many(np.clip(y[at], *ends)), "muted")
        if len(failed):
            few = failed[thinned(len(failed), 400)]
            for pixel in dict.fromkeys(np.round(frame.x.many(few)).tolist()):
                frame.line(pixel, frame.bottom - 5, pixel, frame.bottom, "thin b")
        steps = np.append(better, last)
        frame.path(
            frame.x.many(steps),
            frame.y.many(np.append(y[better], y[better[-1]])),
            "line a",
            stairs=True,
        )
        frame.dots(frame.x.many(better), frame.y.many(y[better]), "a")
        frame.ring(frame.x(float(better[-1])), frame.y(float(y[better[-1]])))
        return frame

    if outside.any():
        told += f" {count(int(outside.sum()), 'far worse result')} lie at the edge."
    return both(f"best-so-far{f'-{j}' if j else ''}", "Best so far over trials", told, draw)


def panel(history: History, name: str, index: int) -> Drawing | None:
    """One parameter against the first objective."""
    p, objective = history.space[name], history.objectives[0]
    y = values(history)
    rows = np.flatnonzero(np.isfinite(y))
    raw = np.array([_raw(history, i, name) for i in rows.tolist()], dtype=np.float64)
    there = np.isfinite(raw)
    rows, raw = rows[there], raw[there]
    if not len(rows):
        return None
    best = history.best() if len(history.objectives) == 1 else best_front(history)
    ends = padded(*drawn_range(values(history)[history.done], objective.maximize))
    labels: list[str] = []
    log = False
    if isinstance(p, Choice):
        places = {stable: k for k, stable in enumerate(p.ids)}
        labels = list(p.labels)
        for stable, label in p.retired:
            places[stable] = len(labels)
            labels.append(label)
        x = np.array([places.get(int(r), 0) for r in raw], dtype=np.float64)
        # A little to the side, so that equal results do not hide each other.
        x += 0.5 * ((rows * 0.618034) % 1 - 0.5)
        span = (-0.5, len(labels) - 0.5)
    else:
        x, log, span = raw, p.log, _span(p, raw)
    title = f"{name} against {objective.name}"
    told = f"{count(len(rows), 'trial')} in which it was active."

    def draw(width: int, height: int) -> Frame:
        whole = isinstance(p, Int)
        frame = Frame(width, height, span, ends, labels=labels, log_x=log, whole_x=whole)
        at = thinned(len(x), 800, keep=np.flatnonzero(np.isin(rows, best)))
        X, Y = frame.x.many(x[at]), frame.y.many(np.clip(y[rows[at]], *ends))
        frame.dots(X, Y, "b small")
        found = np.isin(rows[at], best)
        if len(best) > 1:
            frame.dots(X[found], Y[found], "a")
        for i in np.flatnonzero(found) if len(best) == 1 else ():
            frame.ring(float(X[i]), float(Y[i]))
        return frame

    return Drawing(
        f"parameter-{index}",
        title,
        told,
        draw(*PANEL).svg(f"parameter-{index}", title, told),
    )


def _raw(history: History, row: int, name: str) -> float:
    found = history.raw(row).get(name)
    return float("nan") if found is None else float(found)


def _span(p: Float | Int, raw: Array) -> tuple[float, float]:
    """The range of a parameter, wider where earlier trials lie outside of it."""
    low, high = min(float(p.low), float(raw.min())), max(float(p.high), float(raw.max()))
    if p.log:
        ends = padded(math.log10(max(low, 1e-300)), math.log10(max(high, 1e-300)), 0.04)
        return 10.0 ** max(ends[0], -305.0), 10.0 ** min(ends[1], 305.0)
    return padded(low, high, 0.04)


def pareto(history: History) -> Drawing:
    """The first two objectives of every trial, with the front."""
    first, second = history.objectives[:2]
    x, y = values(history, 0), values(history, 1)
    rows = np.flatnonzero(history.done)
    front = best_front(history)
    told = (
        f"{first.name} against {second.name} of {count(len(rows), 'trial')}; "
        f"{len(front)} of them are beaten by no other in every objective."
    )
    spans = [padded(*drawn_range(v[rows], o.maximize)) for v, o in ((x, first), (y, second))]

    def draw(width: int) -> Frame:
        frame = Frame(width, 300, *spans, x_name=str(first), y_name=str(second))

        def dots(at: Ints, look: str) -> None:
            X, Y = np.clip(x[at], *spans[0]), np.clip(y[at], *spans[1])
            frame.dots(frame.x.many(X), frame.y.many(Y), look)

        dots(rows[thinned(len(rows))], "muted")
        if len(history.objectives) == 2:
            frame.path(
                frame.x.many(np.clip(x[front], *spans[0])),
                frame.y.many(np.clip(y[front], *spans[1])),
                "thin a",
            )
        dots(front, "a")
        return frame

    return both("front", "Front of two objectives", told, draw)


def intervals(made: Comparison) -> Drawing:
    """Default and tuned with their intervals, and below them the difference with zero marked."""
    pair = (made.default, made.tuned)
    told = (
        f"{made.metric} on untouched rows: default {number(made.default.score)}, tuned "
        f"{number(made.tuned.score)}, gain {signed(made.difference.score)}."
    )
    shown = [v for i in pair for v in (i.score, i.low, i.high) if np.isfinite(v)]
    gap = made.difference
    gaps = [0.0, *(v for v in (gap.score, gap.low, gap.high) if np.isfinite(v))]

    def draw(width: int) -> Canvas:
        canvas = Canvas(width, 218)
        left, right = 74, width - 12
        top = _axis(canvas, padded(min(shown), max(shown), 0.1), left, right, 24, 92, made.metric)
        for row, (label, interval, look) in enumerate(
            (("default", made.default, "m"), ("tuned", made.tuned, "a"))
        ):
            y = 42 + 30 * row
            canvas.text(left - 10, y + 4, label, anchor="end", look="strong")
            _whisker(canvas, top, interval, y, look)
        word = f"gain of tuned ({made.level:.0%} interval); right of zero is better"
        if width < 500:
            word = "gain of tuned; right of zero is better"
        low = _axis(canvas, padded(min(gaps), max(gaps), 0.1), left, right, 152, 192, word)
        zero = low(0.0)
        canvas.line(zero, 152, zero, 192, "zero")
        canvas.text(left - 10, 176, "gain", anchor="end", look="strong")
        _whisker(canvas, low, gap, 172, "b")
        return canvas

    return both("default-and-tuned", "Default against tuned on untouched rows", told, draw)


def _axis(
    canvas: Canvas,
    span: tuple[float, float],
    left: float,
    right: float,
    top: float,
    bottom: float,
    name: str,
) -> Scale:
    scale = Scale(*span, left, right)
    canvas.text(2, top - 11, name, look="strong" if top < 100 else "")
    for at, text in scale.ticks(max(2, int((right - left) // 90))):
        pixel = scale(at)
        canvas.line(pixel, top, pixel, bottom, "grid")
        middle = min(pixel, right + 10 - CHARACTER * len(text) / 2)
        canvas.text(middle, bottom + 16, text, anchor="middle")
    return scale


def _whisker(canvas: Canvas, scale: Scale, interval: Interval, y: float, look: str) -> None:
    if interval.known:
        canvas.line(scale(interval.low), y, scale(interval.high), y, f"line {look}")
        for end in (interval.low, interval.high):
            canvas.line(scale(end), y - 5, scale(end), y + 5, f"line {look}")
    canvas.dots(np.array([scale(interval.score)]), np.array([y]), f"big {look}")


def folds(made: Curve, metric: str) -> Drawing:
    """Training and validation score of each fold of one trial."""
    told = (
        f"Over {count(len(made.step), 'fold')}, {metric} on validation rows runs from "
        f"{number(float(np.nanmin(made.valid)))} to {number(float(np.nanmax(made.valid)))}."
    )
    shown = np.concatenate([made.valid, made.train])
    shown = shown[np.isfinite(shown)]
    k = len(made.step)
    labels = [f"fold {i + 1}" if k <= 6 else str(i + 1) for i in range(k)]
    x: Array = np.arange(k, dtype=np.float64)

    def draw(width: int) -> Frame:
        span = padded(float(shown.min()), float(shown.max()), 0.12)
        frame = Frame(width, 220, (-0.5, k - 0.5), span, y_name=metric, labels=labels)
        X, valid, train = frame.x.many(x), frame.y.many(made.valid), frame.y.many(made.train)
        for i in range(k):
            if np.isfinite(made.train[i]):
                frame.line(X[i], train[i], X[i], valid[i], "thin muted")
        seen = np.isfinite(train)
        frame.dots(X[seen], train[seen], "big b")
        frame.dots(X[seen], train[seen], "hole")
        frame.dots(X, valid, "big a")
        if seen.any():
            frame.legend((("big b", "training", True), ("big a", "validation", False)))
        mean = frame.y(float(made.valid.mean()))
        frame.line(frame.left, mean, width - 6, mean, "zero")
        return frame

    return both("folds", "Scores of the winner, fold by fold", told, draw)


def curves(made: Sequence[Curve], winner: int, metric: str, maximize: bool) -> Drawing:
    """What trials reported, by step; the winner stands out."""
    best = next((c for c in made if c.row == winner), made[0])
    told = f"{metric} by step of {count(len(made), 'trial')}; trial {best.row} stands out."
    every = np.concatenate([c.valid[np.isfinite(c.valid)] for c in made] + [best.train])
    every = every[np.isfinite(every)]
    ends = padded(*drawn_range(every, maximize))
    steps = np.concatenate([c.step for c in made]) * 1.0

    def draw(width: int) -> Frame:
        frame = Frame(
            width, 270, padded(float(steps.min()), float(steps.max()), 0.01), ends,
            x_name="step", y_name=metric, whole_x=True,
        )  # fmt: skip

        def line(step: npt.NDArray[Any], y: Array, look: str) -> None:
            good = np.isfinite(y)
            step, y = step[good], y[good]
            at = thinned(len(step), 400)
            frame.path(frame.x.many(step[at]), frame.y.many(np.clip(y[at], *ends)), look)

        for c in made:
            if c.row != best.row:
                line(c.step, c.valid, "thin muted")
        line(best.step, best.train, "line b")
        line(best.step, best.valid, "line a")
        if np.isfinite(best.train).any():
            frame.legend((("big b", "training", False), ("big a", "validation", False)))
        return frame

    return both("learning-curves", "Learning curves", told, draw)
