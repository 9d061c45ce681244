from math import sqrt

import numpy as np

from luthier import Choice, Float, Int, Space
from luthier.samplers import Random
from luthier.testing import history

SPACE = Space(
    rate=Float(1e-4, 1e2, log=True),
    a=Choice("u", "v", "w"),
    n=Int(2, 5, when={"a": ["u", "w"]}),
)


def test_every_value_is_equally_likely_on_its_scale():
    draws = 6000

    X = Random().ask(SPACE, history(SPACE), draws, np.random.default_rng(3)).X

    params = SPACE.decode(X)
    shares = [
        (1 / 3, np.mean([p["rate"] < 1e-2 for p in params])),
        (1 / 3, np.mean([p["a"] == "w" for p in params])),
        (2 / 3, np.mean(["n" in p for p in params])),
        (1 / 6, np.mean([p.get("n") == 5 for p in params])),
    ]
    for wanted, share in shares:
        assert abs(share - wanted) < 5 * sqrt(wanted * (1 - wanted) / draws)


def test_the_history_makes_no_difference():
    empty = history(SPACE)
    full = history(SPACE, SPACE.decode(SPACE.sample(5, np.random.default_rng(1))), [2.5] * 5)

    one, other = (Random().ask(SPACE, h, 4, np.random.default_rng(8)).X for h in (empty, full))

    np.testing.assert_array_equal(one, other)
