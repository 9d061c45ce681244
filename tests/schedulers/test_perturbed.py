import math

import numpy as np

from luthier.schedulers.perturbed import STEP, perturbed
from luthier.testing.problems import CONDITIONAL


def test_points_are_moved_by_a_step_or_drawn_anew_and_stay_in_the_space():
    rng = np.random.default_rng(5)
    X = CONDITIONAL.repair(CONDITIONAL.sample(400, rng))

    made = perturbed(CONDITIONAL, X, 0.3, rng)

    np.testing.assert_array_equal(made, CONDITIONAL.repair(made))
    moved = np.abs(made[:, 0] - X[:, 0])
    assert abs(np.isclose(moved, STEP).mean() - 0.7) < 5 * math.sqrt(0.21 / 400)
    same = (made[:, 1] == X[:, 1]).mean()  # kernels: kept, or drawn as they were
    assert abs(same - (0.7 + 0.1)) < 5 * math.sqrt(0.16 / 400)
