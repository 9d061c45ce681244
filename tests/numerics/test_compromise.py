import numpy as np
import pytest

from luthier.numerics.compromise import Compromise, direction

FRONT = np.array([[-3.0, 7.0], [-1.0, 2.5], [4.0, 2.0], [9.0, -1.0]])


def hypervolume(points, reference):
    """By inclusion and exclusion of boxes: an independent way, for a few points."""
    if not len(points):
        return 0.0
    first, rest = points[0], points[1:]
    box = np.prod(np.maximum(reference - first, 0))
    return box + hypervolume(rest, reference) - hypervolume(np.maximum(rest, first), reference)


@pytest.mark.parametrize(
    ("points", "constant"),
    [(FRONT, np.pi / 4), (np.array([[1.0, 5, -2], [3, 2, 4], [-1, 8, 6.5]]), np.pi / 6)],
)
def test_the_mean_over_directions_is_the_hypervolume(points, constant):
    m = points.shape[1]
    reference, n = points.max(axis=0) + 1.5, 3000
    columns, nothing = list(points.T), [np.zeros(len(points))] * m
    lengths = [
        Compromise(reference, np.ones(m), direction(i, m, 3), 0.0)(columns, nothing).max()
        for i in range(n)
    ]
    parts = constant * np.array(lengths) ** m

    error = parts.std() / np.sqrt(n)  # of independent draws; these lie more evenly
    assert parts.mean() == pytest.approx(hypervolume(points, reference), abs=3 * error)


def test_weights_say_which_loss_becomes_better():
    chosen = []
    for weights in ([1.0, 0.01], [0.7, 0.7], [0.01, 1.0]):
        made = Compromise.of(FRONT, np.array(weights), 1.0)
        chosen.append(int(np.argmax(made(list(FRONT.T), [np.full(4, 0.3)] * 2))))

    assert chosen == [0, 1, 3]


def test_dominated_losses_and_units_do_not_move_it():
    weights = np.array([0.3, 0.8])
    alone = Compromise.of(FRONT, weights, 0.0)(list(FRONT.T), [np.zeros(4)] * 2)
    scale = np.array([1e3, 1e-2])

    worse = np.vstack([FRONT, FRONT + 40.0]) * scale - 5.0
    made = Compromise.of(worse * 1e3, weights, 0.0)(
        list(((FRONT * scale - 5.0) * 1e3).T), [np.zeros(4)] * 2
    )

    np.testing.assert_allclose(made, alone, rtol=1e-9)


def test_what_is_uncertain_promises_more():
    made = Compromise.of(FRONT, np.array([0.6, 0.8]), 2.0)
    means = [np.array([2.0, 2.0]), np.array([3.0, 3.0])]

    sure, unsure = made(means, [np.array([0.1, 4.0])] * 2)
    assert unsure > sure


@pytest.mark.parametrize("m", [2, 3, 5])
def test_directions_of_successive_numbers_cover_the_sphere_evenly(m):
    made = np.array([direction(i, m, 7) for i in range(64)])

    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0)
    assert (made >= 0).all()
    counts = np.bincount(made.argmax(axis=1), minlength=m)
    assert np.abs(counts - 64 / m).max() <= 4  # of independent draws it would often be 6
    assert not np.array_equal(made[0], direction(0, m, 8))
