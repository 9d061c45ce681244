"""Which trial to use: the one with the best expected result, where results are noisy."""

from __future__ import annotations

import numpy as np

from luthier.history import History
from luthier.numerics.noise import repeats
from luthier.samplers.auto import WIDE
from luthier.space import Space

NOISY = 0.06  # of the variance; a process takes less for noise where a function is merely rough
ENOUGH = 8  # finished trials; below, a process knows too little to overrule what was seen


def recommended(space: Space, history: History) -> tuple[int, float, float] | None:
    """The trial with the lowest expected loss, that loss and its standard error.

    None where there is nothing to expect: where nothing shows that results are noisy, or there
    are too few. Then the best observed trial is the one to use. Noise shows in points that were
    tried twice with different results, in folds that disagree, or where the process behind the
    sampler `gp` takes a part of what it sees for noise.

    Parameters
    ----------
    history : History
        Of one objective.
    """
    history = history.seen().merged()  # who went on is no second try of the same point
    rows = np.flatnonzero(history.done & history.feasible)
    if len(rows) < ENOUGH or not 0 < len(space) <= WIDE:
        return None
    from luthier.samplers.gp import expected

    losses = np.where(history.done, history.Y[:, 0], np.nan)
    told = repeats(history.owner, history.value[:, 0], losses).any() or _differ(space, history)
    mean, error, noise = expected(space, history)
    if not told and noise < NOISY:
        return None
    place = np.searchsorted(np.flatnonzero(history.done), rows)
    at = int(np.lexsort((history.Y[rows, 0], mean[place]))[0])
    return int(history.number[rows[at]]), float(mean[place[at]]), float(error[place[at]])


def _differ(space: Space, history: History) -> bool:
    """Whether a point was tried twice with different results."""
    first: dict[object, float] = {}
    for row in np.flatnonzero(history.done).tolist():
        loss = float(history.Y[row, 0])
        if first.setdefault(space.key(history.raw(row)), loss) != loss:
            return True
    return False
