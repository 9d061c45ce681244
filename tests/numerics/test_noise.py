import numpy as np
import pytest

from luthier.numerics.noise import repeats, standard_error


def layout(n, folds, noise, rng, hard=5.0):
    """Reports of n trials on the same folds: a level each, a fold's own, and noise."""
    Y = (
        rng.normal(size=(n, 1))
        + hard * rng.normal(size=folds)
        + noise * rng.normal(size=(n, folds))
    )
    owner = np.repeat(np.arange(n), folds)
    return owner, np.tile(np.arange(folds), n), Y.ravel(), Y.mean(axis=1)


@pytest.mark.parametrize("folds", [2, 5, 10])
def test_it_finds_the_noise_behind_folds_that_are_hard_for_all(folds):
    rng = np.random.default_rng(0)

    got = [standard_error(*layout(60, folds, 0.3, rng)) for _ in range(40)]

    assert np.mean(got) == pytest.approx(0.3 / np.sqrt(folds), rel=0.1)


def test_without_noise_there_is_none():
    assert standard_error(*layout(9, 4, 0.0, np.random.default_rng(1))) < 1e-12


def test_one_diverged_trial_does_not_count():
    owner, step, value, losses = layout(30, 5, 0.1, np.random.default_rng(2))
    value[:5] = 1e6 * np.arange(5)
    losses[0] = value[:5].mean()

    assert standard_error(owner, step, value, losses) < 1e6 / 30


def test_learning_curves_are_no_repeats():
    owner = np.repeat([0, 1], 4)
    value = np.array([4.0, 3, 2, 1, 5, 4, 3, 2])

    assert not repeats(owner, value, np.array([1.0, 2.0])).any()
    assert np.isnan(standard_error(owner, np.tile(np.arange(4), 2), value, np.array([1.0, 2.0])))


def test_curves_that_never_move_are_no_repeats():
    assert not repeats(np.zeros(3, int), np.full(3, 0.5), np.array([0.5])).any()


def test_trials_that_did_not_finish_and_other_folds_are_left_out():
    owner, step, value, losses = layout(5, 3, 0.2, np.random.default_rng(3))
    full = standard_error(owner, step, value, losses)
    more = np.append(owner, 5), np.append(step, 0), np.append(value, 9.0), np.append(losses, np.nan)

    assert standard_error(*more) == pytest.approx(full)
    assert np.isnan(standard_error(owner[:3], step[:3], value[:3], losses[:1]))
    assert np.isnan(standard_error(owner[:0], step[:0], value[:0], losses))
