import numpy as np
import pytest

from luthier import Float, Space
from luthier.parts import Proposal
from luthier.schedulers.mixed import LATELY, mixed
from luthier.testing import history

SPACE = Space(x=Float(0, 10))


class Listed:
    """Proposes 0.125 with the tag 7, and has so many points left."""

    def __init__(self, left=99):
        self.left = left

    def ask(self, space, history, k, rng):
        return Proposal(np.full((min(k, self.left), 1), 0.125), 7)


def past(losses):
    """Trials that stopped at step 1."""
    reports = [(i, 1, loss) for i, loss in enumerate(losses)]
    params = [{"x": 9.0 - 0.01 * i} for i in range(len(losses))]
    return history(SPACE, params, [], ["STOPPED"] * len(losses), reports=reports,
                   fidelity=("epochs", 1, 27))  # fmt: skip


def points(seen, given, left=99):
    X = np.full((len(given), 1), 0.875)
    return mixed(SPACE, seen, 1, Listed(left), X, given, np.random.default_rng(0))


@pytest.mark.parametrize("n", [2, 3])
def test_the_sampler_has_every_second_turn(n):
    jobs = points(past([float(i) for i in range(n)]), [1.0, 9.0, 1.0, 9.0])

    its = [(n + i) % 2 == 0 for i in range(4)]
    assert [job.x[0] == 0.125 for job in jobs] == its
    assert [job.tag for job in jobs] == [7 * mine for mine in its]
    assert [job.budget for job in jobs] == [1, 9, 1, 9]


def test_who_repeats_what_was_seen_loses_its_turns():
    new = np.arange(2 * LATELY) + 1.0
    same = np.where(np.arange(2 * LATELY) % 2 == 0, 0.0, new)  # at the sampler's turns

    assert points(past(new), [1.0])[0].x[0] == 0.125
    assert points(past(same), [1.0])[0].x[0] == 0.875


def test_where_the_sampler_has_less_to_propose_there_are_no_more_points():
    jobs = points(past([1.0, 2.0]), [1.0, 9.0, 1.0, 9.0], left=1)

    assert [(job.x[0], job.budget) for job in jobs] == [(0.125, 1.0)]
