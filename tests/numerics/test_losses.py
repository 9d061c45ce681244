"""Losses for trials that have none."""

import numpy as np
import pytest

from luthier.numerics.losses import PENALTY, paired, with_failures


def reports(table):
    """Owner, step and value of the cells of a table that are there."""
    owner, step = np.nonzero(~np.isnan(table))
    return owner, step, table[owner, step]


def test_a_stopped_trial_differs_as_on_the_folds_it_has():
    """One that ran the hard fold only is no worse than the others there."""
    hard = np.array([0.0, 10.0, 3.0])
    table = np.array([-2.0, -3.0, -2.5, -6.0])[:, None] + hard
    table[2, [0, 2]] = np.nan  # the hard fold only
    table[3, 1] = np.nan
    complete = np.array([True, True, False, False])
    finals = np.where(complete, table.mean(axis=1), 99.0)  # what others hold is not read
    made = paired(*reports(table), finals, complete, np.array([3, 2]))

    assert made.tolist() == pytest.approx([-6.0 + hard.mean(), -2.5 + hard.mean()])


def test_a_complete_trial_is_foreseen_as_it_is():
    """Where all are additive, and in any order of reports."""
    rng = np.random.default_rng(5)
    table = rng.normal(size=(6, 1)) + rng.normal(size=(1, 4))
    owner, step, value = reports(table)
    order = rng.permutation(len(owner))
    complete = np.ones(6, dtype=bool)
    made = paired(
        owner[order], step[order], value[order], table.mean(axis=1), complete, np.arange(6)
    )

    assert made.tolist() == pytest.approx(table.mean(axis=1).tolist())


def test_folds_may_have_any_numbers():
    """They are names, not positions."""
    owner, step = np.array([0, 0, 1]), np.array([70, 3, 70])
    made = paired(
        owner, step, np.array([1.0, 5.0, 2.5]), np.array([3.0, 0.0]),
        np.array([True, False]), np.array([1]),
    )  # fmt: skip

    assert made.tolist() == [4.5]


def test_what_reported_nothing_is_unknown():
    """So is what failed on its only fold, or ran one that nobody else has."""
    table = np.array([[1.5, 2.5], [np.nan, np.nan], [np.inf, np.nan], [-np.inf, 4.0]])
    complete = np.array([True, False, False, False])
    finals = np.array([2.0, 0.0, 0.0, 0.0])
    made = paired(*reports(table), finals, complete, np.array([1, 2, 3]))

    assert np.isnan(made[0])
    assert not np.isfinite(made[1])
    alone = paired(
        np.array([0, 1]), np.array([0, 9]), np.array([1.5, 2.0]), finals[:2], complete[:2],
        np.array([1]),
    )  # fmt: skip
    assert np.isnan(alone[0])


def test_failures_are_a_little_worse_than_the_worst():
    y = np.array([-1.5, 0.75, 99.0, 0.25])
    failed = np.array([False, False, True, False])
    made = with_failures(y, failed)

    assert made.argmax() == 2
    assert made[2] - made[1] == pytest.approx(
        PENALTY / np.std([-1.5, 0.75, 0.75 + PENALTY, 0.25]), rel=0.2
    )
    assert with_failures(y[[0, 1]], failed[[0, 1]]).tolist() == [-1.5, 0.75]
