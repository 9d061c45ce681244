import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from luthier.numerics.pareto import front, fronts

# Few different values, so that ties in one and in all coordinates are common.
LOSSES = arrays(
    np.float64,
    st.tuples(st.integers(0, 12), st.integers(1, 4)),
    elements=st.sampled_from([-7.5, -1.0, 0.25, 3.0, np.inf, -np.inf]),
)


def dominates(a, b):
    return bool((a <= b).all() and (a < b).any())


@given(LOSSES)
def test_the_front_is_what_no_point_dominates(Y):
    wanted = [not any(dominates(other, y) for other in Y) for y in Y]

    assert front(Y).tolist() == wanted


@given(LOSSES)
def test_ranks_peel_one_front_after_the_other(Y):
    rank = fronts(Y)

    left, wanted = list(range(len(Y))), [0] * len(Y)
    level = 0
    while left:
        first = [i for i in left if not any(dominates(Y[j], Y[i]) for j in left)]
        for i in first:
            wanted[i] = level
        left, level = [i for i in left if i not in first], level + 1
    assert rank.tolist() == wanted


@pytest.mark.parametrize("n", [0, 1])
def test_few_points_are_a_front(n):
    Y = np.full((n, 3), -2.5)

    assert front(Y).tolist() == [True] * n
    assert fronts(Y).tolist() == [0] * n
