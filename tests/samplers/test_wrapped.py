import numpy as np
import pytest

from luthier import Choice, Float, Space
from luthier.parts import Proposal
from luthier.samplers import wrapped
from luthier.testing import history

SPACE = Space(x=Float(-3, 9), kind=Choice("a", "b", "c"))
PART = SPACE.within({"x": Float(-3, 3)})


class Telling:
    """Proposes the middle of what it is shown, and keeps what that was."""

    def __init__(self, rows=2):
        self.rows = rows

    def ask(self, space, history, k, rng):
        self.space, self.seen = space, history.X.copy()
        return Proposal(space.repair(np.full((self.rows, len(space)), 0.5)), np.arange(self.rows))


def test_a_sampler_that_knows_a_part_proposes_points_of_it_in_the_whole_space():
    past = history(SPACE, [{"x": 0.0, "kind": "a"}, {"x": 6.0, "kind": "c"}], [1.5, -2.5])
    sampler = Telling()

    made = wrapped.ask_within(sampler, PART, SPACE, past, 2, np.random.default_rng(3))

    assert [params["x"] for params in SPACE.decode(made.X)] == pytest.approx([0.0, 0.0])
    assert list(made.tag) == [0, 1]
    assert sampler.space is PART
    np.testing.assert_allclose(sampler.seen[:, 0], [0.5, 1.5])  # 6 lies outside


def test_where_nothing_is_left_to_try_the_part_has_nothing_either():
    made = wrapped.ask_within(
        Telling(rows=0), PART, SPACE, history(SPACE), 2, np.random.default_rng(3)
    )

    assert made.X.shape == (0, 2)


def test_proposals_are_joined_in_their_order_each_row_with_its_tag():
    made = wrapped.joined(
        Proposal(np.full((2, 3), 0.25), 7),
        Proposal(np.empty((0, 3)), np.empty(0, dtype=np.int64)),
        Proposal(np.full((1, 3), 0.75), np.array([4])),
    )

    assert made.X[:, 0].tolist() == [0.25, 0.25, 0.75]
    assert made.tag.tolist() == [7, 7, 4]


def test_a_sampler_without_words_of_its_own_is_explained_by_its_first_lines():
    told = wrapped.explain(Telling(), SPACE, history(SPACE))

    assert told.endswith(": Proposes the middle of what it is shown, and keeps what that was.")
