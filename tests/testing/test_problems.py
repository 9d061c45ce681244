import numpy as np
import pytest

from luthier.testing import PROBLEMS


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_the_best_is_where_it_is_said_to_be(problem):
    problem.space.check(problem.at)

    assert problem.loss(problem.at) == pytest.approx(problem.best)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_nothing_is_better_than_the_best(problem):
    params = problem.space.decode(problem.space.sample(2000, np.random.default_rng(1)))

    assert min(map(problem.loss, params)) >= problem.best
