"""Narrowing: any sampler, in a part of the space that shrinks to where good trials live."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from luthier.errors import SpaceError
from luthier.history import History
from luthier.keywords import explained
from luthier.parameters import Array, Choice, Ints, Parameter
from luthier.parts import Proposal, Sampler
from luthier.samplers import wrapped
from luthier.samplers.tpe import ranked
from luthier.space import Space

FIRST, LATER = 20, 1.5  # trials after which it looks for the first time; then at 1.5 times as many
# Around random search, 120 trials of 6 functions, 12 seeds, so it ends better 58 times and worse
# 5 times; with 0.25 of the trials, a margin of 0.1 and chance 0.02, 36 and 14 times.
GOOD, LEAST_GOOD = 0.15, 5  # share of trials that are good, and how many it takes to judge
WIDE = 0.1  # share of proposals from the whole space: what makes a wrong cut come to light
MARGIN = 0.05  # of the present range, kept on either side of the good trials
NARROWER = 0.75  # a cut must leave no more than this of a range, and leaves at least half
CHANCE = 0.05  # a cut that chance alone makes more often is not made
NEAR = 0.05  # of the range: closer to an end, a trial lies at the edge
AGAIN = 0.25  # of the present range: how far an edge moves out where the best lie at it


@dataclass(frozen=True)
class Cut:
    """A parameter's range or options, as they were changed after so many trials.

    Parameters
    ----------
    trials : int
        How many had ended.
    before, after : str
        The range or the options, in words.
    reason : str
        Why, in words, as part of a sentence.
    """

    trials: int
    name: str
    before: str
    after: str
    reason: str

    def __str__(self) -> str:
        return (
            f"after {self.trials} trials, {self.name}: {self.before} → {self.after}, {self.reason}"
        )


@explained
@dataclass(frozen=True)
class Narrow:
    """Starts wide, then lets another sampler search where good trials live.

    After 20, 30, 45, ... trials each range shrinks to the best 15 in 100 and a margin, and
    options that none of these has are left out, where chance alone would hardly make it look so.
    No range is cut to less than half at once. One proposal in ten still comes from the whole
    space; where that finds something good, or the best trials lie at an edge, the range widens
    again: for a parameter with ``extend=True`` beyond what was declared. `explain` and the report
    give every cut with its reason. All of it is computed from the log.

    Parameters
    ----------
    sampler : str or Sampler
        Who proposes.
    """

    sampler: str | Sampler = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sampler", wrapped.inner(self.sampler))

    @property
    def _inner(self) -> Sampler:
        assert not isinstance(self.sampler, str)
        return self.sampler

    @property
    def many_objectives(self) -> bool:
        """As the other sampler."""
        return wrapped.many_objectives(self.sampler)

    @property
    def uses_losses(self) -> bool:
        """As the other sampler: what narrowing adds alone is not much."""
        return wrapped.uses_losses(self.sampler)

    @property
    def uses_cost(self) -> bool:
        """As the other sampler."""
        return wrapped.uses_cost(self.sampler)

    @property
    def usual(self) -> bool:
        """As the other sampler."""
        return wrapped.usual(self.sampler)

    def ask(self, space: Space, history: History, k: int, rng: Generator) -> Proposal:
        """The next `k` points."""
        box, _ = _narrowed(space, history)
        part = _part(space, box)
        if part is None:
            return self._inner.ask(space, history, k, rng)
        wide = int((rng.random(k) < WIDE).sum())
        made = wrapped.ask_within(self._inner, part, space, history, k - wide, rng)
        if len(made.X) < k:  # the part may have no more points
            others = self._inner.ask(space, history, k - len(made.X), rng)
            made = wrapped.joined(made, others)
        return made

    def extended(self, space: Space, history: History) -> Space | None:
        """The space with ranges widened where the best trials lie at an end; None where none do.

        Only ranges with ``extend``. The study asks before each proposal and logs what changes.
        """
        wider = {}
        top = ranked(history)[:5]
        if len(top) < 5:
            return None
        for j, (name, p) in enumerate(space.items()):
            if isinstance(p, Choice) or not p.extend or p.cells == 1:
                continue
            for side, gap in (("low", history.X[top, j]), ("high", 1 - history.X[top, j])):
                made = p.widened(side)
                grown = made.low if side == "low" else made.high
                step = abs(p.to_unit(grown) - (side == "high"))
                # So that what lies at the edge now lies well inside then.
                at = gap < max(min(NEAR, step / 2), 0.75 / p.cells)
                if step > 0 and at[0] and at.sum() >= 2:
                    wider[name] = made
                    break
        return space.grow(wider) if wider else None

    def explain(self, space: Space, history: History) -> str:
        """What proposes the next point, and every cut with its reason."""
        told = [wrapped.explain(self._inner, space, history)]
        made = cuts(space, history)
        if not made:
            look = _checkpoint(_ended(history))
            told.append(f"No range is narrowed so far; the next look is after {look} trials.")
        return "\n".join([*told, *(f"{str(cut)[0].upper()}{str(cut)[1:]}." for cut in made)])


def cuts(space: Space, history: History) -> list[Cut]:
    """Every cut so far, in order, with its reason; computed from the log alone."""
    return _narrowed(space, history)[1]


# -- the box ---------------------------------------------------------------------------------------

Box = tuple[tuple[float, ...], ...]  # for each parameter: the ends of a range, or positions


def _ended(history: History) -> int:
    return int((history.done | history.stopped | history.failed).sum())


def _checkpoint(n: int) -> int:
    """The first number of trials above n at which it looks."""
    return next(look for look in _looks() if look > n)


def _looks() -> Iterator[int]:
    at = float(FIRST)
    while True:
        yield round(at)
        at *= LATER


def _narrowed(space: Space, history: History) -> tuple[Box, list[Cut]]:
    """The box after the last look, and how it came about."""
    box = [_whole(p) for _, p in space.items()]
    rows = np.flatnonzero(history.done | history.stopped | history.failed)
    # In the order in which they ended: what a look sees never changes later.
    rows = rows[np.argsort(history.finished[rows], kind="stable")]
    made: list[Cut] = []
    for look in _looks():
        if look > len(rows):
            break
        seen = history.only(np.sort(rows[:look]))
        told = ranked(seen)
        good = told[: max(LEAST_GOOD, math.ceil(GOOD * look))]
        for j, (name, p) in enumerate(space.items()):
            after, reason = _look(p, box[j], seen.X[:, j], good)
            if after != box[j]:
                made.append(Cut(look, name, _words(p, box[j]), _words(p, after), reason))
                box[j] = after
    return tuple(box), made


def _whole(p: Parameter) -> tuple[float, ...]:
    return tuple(map(float, range(int(p.cells)))) if _loose(p) else (0.0, 1.0)


def _loose(p: Parameter) -> bool:
    return isinstance(p, Choice) and not p.ordered


def _look(
    p: Parameter, now: tuple[float, ...], u: Array, good: Ints
) -> tuple[tuple[float, ...], str]:
    """What becomes of one parameter's part of the box, and why.

    Parameters
    ----------
    u : (n,)
        Its cells of the trials so far, NaN where inactive.
    good : (g,) int
        Which of them are good, the best first.
    """
    good = good[~np.isnan(u[good])]
    if p.cells == 1 or len(good) < LEAST_GOOD:
        return now, ""
    if _loose(p):
        assert isinstance(p, Choice)
        return _look_at_options(p, now, u, good)
    return _look_at_range(p, now, u, good)


def _look_at_options(
    p: Choice, now: tuple[float, ...], u: Array, good: Ints
) -> tuple[tuple[float, ...], str]:
    live = (u >= 0) & (u <= 1)  # False for NaN, and for options that were taken away
    at = np.where(live, p.floor(np.where(live, u, 0.0)), -1)
    kept, out, back = [], [], []
    for cell in map(float, range(p.cells)):
        is_good = bool((at[good] == cell).any())
        if cell in now and not is_good:
            outside = int((at == cell).sum())
            if outside and _chance(int(live.sum()), outside, len(good)) < CHANCE:
                out.append((p.labels[int(cell)], outside))
                continue
        if cell in now or is_good:
            kept.append(cell)
            back += [p.labels[int(cell)]] if cell not in now else []
    reasons = [f"as none of the {n} trials with {label} is among the {len(good)} best"
               for label, n in out]  # fmt: skip
    reasons += [f"as a trial of the whole space with {label} is among the best" for label in back]
    return tuple(kept), "; ".join(reasons)


def _look_at_range(
    p: Parameter, now: tuple[float, ...], u: Array, good: Ints
) -> tuple[tuple[float, ...], str]:
    low, high = now
    width = high - low
    edge = max(NEAR * width, 0.75 / p.cells)
    ends = float(u[good].min()), float(u[good].max())
    # The very best decide where to widen; a range that was cut before is all there is to widen.
    best = u[good[:LEAST_GOOD]]
    moved = (
        max(0.0, min(low, best.min()) - AGAIN * width) if best.min() < low + edge else low,
        min(1.0, max(high, best.max()) + AGAIN * width) if best.max() > high - edge else high,
    )
    if moved != now:
        sides = [side for side, a, b in zip(("lower", "upper"), moved, now, strict=True) if a != b]
        return moved, f"as the best lie at its {' and '.join(sides)} edge, or beyond"
    margin = MARGIN * width
    cut = max(low, ends[0] - margin), min(high, ends[1] + margin)
    missing = 0.5 * width - (cut[1] - cut[0])
    if missing > 0:
        start = min(max(low, cut[0] - missing / 2), high - 0.5 * width)
        cut = start, start + 0.5 * width
    inside = (u >= low) & (u <= high)
    outside = int((inside & ((u < cut[0]) | (u > cut[1]))).sum())
    if cut[1] - cut[0] > NARROWER * width or not outside:
        return now, ""
    if _chance(int(inside.sum()), outside, len(good)) >= CHANCE:
        return now, ""
    return cut, f"as none of the {outside} trials outside is among the {len(good)} best"


def _chance(n: int, outside: int, good: int) -> float:
    """How likely none of the good trials is among those outside if they are any of the n."""
    return math.comb(max(n - outside, 0), good) / math.comb(n, good) if n >= good else 1.0


# -- the part of the space that a box stands for ---------------------------------------------------


@lru_cache(maxsize=8)
def _part(space: Space, box: Box) -> Space | None:
    """The space without what lies outside a box; None where that is nothing, or everything."""
    less = {
        name: _less(p, now)
        for (name, p), now in zip(space.items(), box, strict=True)
        if now != _whole(p)
    }
    if not less:
        return None
    part = space.within(less)
    try:
        part.sample(1, np.random.default_rng(0))
    except SpaceError:  # it is hard to find a point in it that is allowed
        return None
    return part


def _less(p: Parameter, now: tuple[float, ...]) -> Parameter:
    if isinstance(p, Choice):
        return p.only([p.options[cell] for cell in _positions(p, now)])
    low, high = (p.from_unit(end) for end in now)
    default = p.default if p.default is not None and low <= p.default <= high else None
    likely = None
    if p.likely is not None:
        likely = max(low, p.likely[0]), min(high, p.likely[1])
        likely = likely if likely[0] < likely[1] else None
    return replace(p, low=low, high=high, default=default, likely=likely, extend=None)  # type: ignore[arg-type]  # of an Int all are whole


def _positions(p: Choice, now: tuple[float, ...]) -> list[int]:
    if _loose(p):
        return [int(cell) for cell in now]
    first, last = p.cell(np.array(now))
    return list(range(int(first), int(last) + 1))


def _words(p: Parameter, now: tuple[float, ...]) -> str:
    if isinstance(p, Choice):
        return ", ".join(p.labels[cell] for cell in _positions(p, now))
    low, high = (p.from_unit(end) for end in now)
    return f"{low:.3g} to {high:.3g}"
