"""When samplers with a model fit it anew: at sizes of the log that are the same for everybody.

In between, the model is told of new trials as it stands. A sampler that remembered when it had
fitted last would propose something else after a crash than it would have.
"""

from __future__ import annotations

import math

EVERY = 60  # trials up to which models are fitted every time
GROWTH = 1.05  # from one size to the next after that


def last_refit(n: int) -> int:
    """The number of trials, of n that are there, to which a model was fitted last."""
    if n <= EVERY:
        return n
    steps = math.floor(math.log(n / EVERY) / math.log(GROWTH) + 1e-9)  # rounding must not cost one
    return int(EVERY * GROWTH**steps)
