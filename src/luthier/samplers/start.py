"""The first points of a sampler with a model: the default or the centre, then a design."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from luthier.numerics.design import balanced
from luthier.observed import branching, options
from luthier.parameters import Array, Choice
from luthier.samplers.likely import with_likely
from luthier.space import Space

FIRST = 3  # points of the balanced design; more where a choice has more options
MOST_FIRST = 12


def first(space: Space) -> int:
    """How many points there are before the model takes over: every option comes once."""
    return 1 + min(max(FIRST, *(options(p) for _, p in space.items()), 0), MOST_FIRST)


def start(space: Space, seed: int) -> Array:
    """The default configuration, or the centre where it is not known, then a balanced design.

    Where parameters depend on a choice without order, such as which model, each of its options
    begins with the defaults or centres of its numbers: bad ones would speak against the option.
    """
    levels = tuple(max(options(p), 0) for _, p in space.items())
    rng = np.random.default_rng((seed, 0xD0E))
    made = balanced(first(space) - 1, levels, rng)
    default = space.default_raw()
    if default is None:
        centre = np.where(np.array(levels) > 0, made[-1], 0.5)  # options have none
        made = with_plain(space, centre, made)
        return with_likely(space, space.repair(np.vstack([centre, made])), rng)
    usual = space.rows([default])
    made = space.repair(with_plain(space, usual[0], made))
    return np.vstack([usual, with_likely(space, made, rng)])


def with_plain(space: Space, head: Array, made: Array) -> Array:
    """A design whose options begin with plain numbers, but for those that `head` begins."""
    choices = branching(space)
    if not choices:
        return made
    other = ~np.isclose(made[:, choices], head[choices]).all(axis=1)
    plain = made.copy()
    for j, (_, p) in enumerate(space.items()):
        if p.when and not isinstance(p, Choice):
            told = p.default is not None
            plain[other, j] = p.to_unit(p.raw(p.default, "default")) if told else 0.5
    return plain


@lru_cache(maxsize=8)
def design(space: Space, n: int, seed: tuple[int, int]) -> Array:
    """The default configuration in place of one point, then a balanced design. Shape (n, d)."""
    levels = tuple(max(options(p), 0) for _, p in space.items())
    rng = np.random.default_rng(seed)
    made = space.repair(balanced(n, levels, rng))
    default = space.default_raw()
    if default is None:
        return with_likely(space, made, rng)
    return np.vstack([space.rows([default]), with_likely(space, made[1:], rng)])
