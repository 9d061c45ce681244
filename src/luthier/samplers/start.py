"""The first points of samplers with a model: the default configuration, then a balanced design."""

from __future__ import annotations

import numpy as np

from luthier.numerics.design import balanced
from luthier.parameters import Array, Choice, Parameter
from luthier.space import Space

FIRST = 3  # points of the start design; more where a choice has more options
MOST_FIRST = 12


def options(p: Parameter) -> int:
    """Options of an unordered choice; 0 for what has an order, -1 for a single value."""
    if p.cells == 1:
        return -1
    return int(p.cells) if isinstance(p, Choice) and not p.ordered else 0


def first(space: Space) -> int:
    """How many points there are before the model takes over: every option comes once."""
    return min(max(FIRST, *(options(p) for _, p in space.items()), 0), MOST_FIRST)


def start(space: Space, seed: int) -> Array:
    """The default configuration where it is known, then a balanced design."""
    levels = tuple(max(options(p), 0) for _, p in space.items())
    made = space.repair(balanced(first(space), levels, np.random.default_rng((seed, 0xD0E))))
    default = space.default_raw()
    return made if default is None else np.vstack([space.rows([default]), made[1:]])
