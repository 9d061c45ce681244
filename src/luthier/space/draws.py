"""Draws: allowed points found at random, whole or to complete what is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator

from luthier.errors import SpaceError
from luthier.parameters import Array, Raw
from luthier.space.configurations import default_of
from luthier.space.forbidden import Forbidden
from luthier.space.likely import Belief

TRIES = 10_000  # draws in search of an allowed point before the space is called empty


def sample(forbidden: Forbidden, beliefs: Mapping[int, Belief], k: int, rng: Generator) -> Array:
    """Allowed rows (k, d), uniform but for columns of which something is believed."""
    cube = forbidden.cube
    X = cube.draw(k, rng, beliefs)
    if not forbidden:
        return X
    found, in_vain = [X[forbidden.allowed(X)]], 0
    while (missing := k - sum(map(len, found))) > 0:
        X = cube.draw(max(missing, 64), rng, beliefs)
        good = X[forbidden.allowed(X)][:missing]
        in_vain = 0 if len(good) else in_vain + len(X)
        if in_vain > TRIES:
            raise SpaceError(
                f"Space: no allowed point was found in {TRIES} draws; forbid rules out "
                f"{forbidden}. Loosen one of these rules."
            )
        found.append(good)
    return np.vstack(found)


def repair(forbidden: Forbidden, X: Array) -> Array:
    """The nearest rows that are points of the space; see `Space.repair`."""
    cube = forbidden.cube
    X = fill(np.clip(cube.checked(X), 0.0, 1.0))
    X = cube.snap(X)
    X[~cube.conditions.active(X)] = np.nan
    if forbidden:
        for i in np.flatnonzero(~forbidden.allowed(X)):
            # Seeded by the row itself, so that the same row is always repaired the same way.
            rng = np.random.default_rng(np.frombuffer(X[i].tobytes(), dtype=np.uint32))
            pool = cube.snap(sample(forbidden, {}, 256, rng))
            gap = np.nansum((fill(pool) - fill(X[i : i + 1])) ** 2, axis=1)
            X[i] = pool[np.argmin(gap)]
    return X


def fill(X: Array) -> Array:
    """The rows with NaN put to 0.5. Shape (k, d)."""
    return np.where(np.isnan(X), 0.5, X)


def complete(forbidden: Forbidden, raw: Mapping[str, Raw], rng: Generator) -> dict[str, Raw]:
    """`raw` with what is missing from the defaults, else drawn; see `Space.complete`."""
    cube = forbidden.cube
    for attempt in range(TRIES):
        made: dict[str, Raw] = {}
        for name in cube.conditions.order:
            if not cube.conditions.on(name, made):
                continue
            p = cube.parameters[name]
            default = None if attempt else default_of(p)
            if name in raw:
                made[name] = raw[name]
            elif default is not None:
                made[name] = default
            else:
                made[name] = p.from_unit(float(rng.random()))
        if not (broken := forbidden.broken(made)):
            return cube.in_order(made)
    raise SpaceError(
        f"Parameters: no allowed configuration with {cube.values(raw)!r} was found in {TRIES} "
        f"draws; the last was forbidden by {broken}. Change one of the values."
    )
