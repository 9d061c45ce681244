"""What users believe of parameters, `likely`, as samplers use it.

Source
------
Hvarfner, Stoll, Souza, Lindauer, Hutter and Nardi (2022), piBO: the belief multiplies what a
point promises, to a power that falls as trials add up. We fix that power at 3 over the trials that
ended; they take a tenth of all that are to come over those that were.
"""

from __future__ import annotations

from numpy.random import Generator

from luthier.history import History, State
from luthier.parameters import Array
from luthier.space import Space

# 3; with 10, a belief that is right helps no more, and one that is wrong costs 20 trials more.
TRUST = 3.0


def trust(space: Space, history: History) -> float:
    """The power of the belief after so many trials; 0 where nothing is believed."""
    ended = len(history) - history.counts[State.RUNNING]
    return TRUST / max(ended, 1) if space.believed else 0.0


def with_likely(space: Space, rows: Array, rng: Generator) -> Array:
    """A start design with every second point, from its first on, drawn from what is believed."""
    if not space.believed:
        return rows
    made = rows.copy()
    made[::2] = space.snap(space.sample(len(rows[::2]), rng, likely=True))
    return made
