"""The first points of a sampler: the default or the best guess, then a design."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from luthier.numerics.design import balanced
from luthier.observed import branching, options
from luthier.parameters import MISSING, Array, Choice
from luthier.samplers.likely import with_likely
from luthier.space import Space

FIRST = 3  # points of the balanced design; more where a choice has more options
MOST_FIRST = 12


def first(space: Space) -> int:
    """How many points there are before the model takes over: every option comes once."""
    return 1 + min(max(FIRST, *(options(p) for _, p in space.items()), 0), MOST_FIRST)


def start(space: Space, seed: int, usual: bool = True, turn: int = 0) -> Array:
    """The default configuration, or the best guess where it is not known, then a balanced design.

    A guess has what parameters of well-known names usually are, unless `usual` is False, and the
    middle of other ranges. Where parameters depend on a choice without order, such as which model,
    each of its options begins with such numbers: bad ones would speak against the option.

    Each further `turn`, for when results are still awaited, has another first point, drawn from
    what is believed or usual, and another design, whose numbers are anywhere in their strata.
    """
    rng = np.random.default_rng((seed + turn, 0xD0E))
    made = balanced(first(space) - 1, _levels(space), rng)
    if turn:
        numbers = np.array(_levels(space)) == 0
        made += np.where(numbers, (rng.random(made.shape) - 0.5) / len(made), 0.0)
        drawn = space.sample(1, rng, likely=True, usual=usual)
        return np.vstack([space.snap(drawn), with_likely(space, space.repair(made), rng)])
    head = _default(space)
    if head is None:
        head = guess(space, made[-1], usual)
    return _begun(space, head, with_plain(space, head, made, usual), rng)


def _default(space: Space) -> Array | None:
    """The default configuration, where it is known. Shape (d,)."""
    default = space.default_raw()
    return None if default is None else space.rows([default])[0]


def _begun(space: Space, head: Array, design: Array, rng: Generator) -> Array:
    """A first point and a design, of which much is where the best is believed to be; but where
    the default is known, it is the first point and stays."""
    made = space.repair(np.vstack([head, design]))
    if space.default_raw() is None:
        return with_likely(space, made, rng)
    return np.vstack([made[:1], with_likely(space, made[1:], rng)])


def guess(space: Space, spare: Array, usual: bool = True) -> Array:
    """Defaults, else what is usual, else the middle of ranges and the options of a spare row.

    Shapes (d,).
    """
    known = space.usual if usual else {}
    made = np.where(np.array(_levels(space)) > 0, spare, 0.5)
    for j, (name, p) in enumerate(space.items()):
        if p.default is not None and p.default is not MISSING:
            made[j] = p.to_unit(p.raw(p.default, "default"))
        elif name in known:
            made[j] = known[name]
    return made


def with_plain(space: Space, head: Array, made: Array, usual: bool = True) -> Array:
    """A design whose options begin with plain numbers, but for those that `head` begins."""
    choices = branching(space)
    if not choices:
        return made
    other = ~np.isclose(made[:, choices], head[choices]).all(axis=1)
    plain, numbers = made.copy(), guess(space, made[-1], usual)
    for j, (_, p) in enumerate(space.items()):
        if p.when and not isinstance(p, Choice):
            plain[other, j] = numbers[j]
    return plain


def _levels(space: Space) -> tuple[int, ...]:
    return tuple(max(options(p), 0) for _, p in space.items())


def origin(space: Space, usual: bool) -> str:
    """Where `start` begins, in words."""
    if space.default_raw() is not None:
        return "the default configuration"
    known = list(space.usual) if usual else []
    if not known:
        return "the centre"
    told = ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
    return f"what {told} usually are, and the centre of the rest"


@lru_cache(maxsize=8)
def design(space: Space, n: int, seed: tuple[int, int]) -> Array:
    """A balanced design; its first point is the default, or has what is usual. Shape (n, d)."""
    rng = np.random.default_rng(seed)
    return headed(space, space.repair(balanced(n, _levels(space), rng)), rng)


def headed(space: Space, made: Array, rng: Generator, usual: bool = True) -> Array:
    """A design with the default in place of its first point, or with what is usual in it."""
    head = _default(space)
    if head is None:
        head = guess(space, made[0]) if usual and space.usual else made[0]
    return _begun(space, head, made[1:], rng)
