import math

import numpy as np
import pytest

from luthier import Float, Space
from luthier.schedulers.rungs import (
    budgets,
    distinct,
    hopeful,
    ladder,
    promotable,
    reached,
    standing,
    stays,
)
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def past(curves, states, fidelity=("epochs", 1, 9)):
    """Trials that reported a loss at each step of a dict."""
    params = [{"x": float(i)} for i in range(len(curves))]
    reports = [(i, s, loss) for i, curve in enumerate(curves) for s, loss in curve.items()]
    losses = [
        curve[max(curve)] if state == "DONE" else None
        for curve, state in zip(curves, states, strict=True)
    ]
    return history(SPACE, params, losses, states, reports=reports, fidelity=fidelity)


def test_without_a_fidelity_the_ladder_goes_to_the_highest_step_reported():
    seen = past([{1: 4.0, 5: 3.0}, {2: 1.0}], ["RUNNING"] * 2, fidelity=None)

    assert ladder(seen, 2) == [1, 2, 4]
    assert budgets(seen) == (1, math.inf)


def test_a_trial_stands_by_its_first_report_from_the_step_on():
    curves = [{1: 9.0, 3: 5.0, 4: 2.0}, {2: 7.0, 5: -1.0}, {1: 3.0}, {3: math.nan}]
    seen = past(curves, ["RUNNING"] * 4)

    np.testing.assert_array_equal(standing(seen, 3), [5.0, -1.0, math.nan, math.inf])
    assert reached(seen).tolist() == [4, 5, 1, 3]


def test_the_best_share_of_those_that_came_to_a_rung_is_promoted_if_it_stopped_there():
    at = [5.0, 2.0, 9.0, 1.0, 7.0, 3.0, 4.0]
    curves = [{3: loss} for loss in at]
    curves[3] = {3: 1.0, 9: 0.5}  # went on, and holds its place
    seen = past(curves, ["STOPPED"] * 3 + ["DONE"] + ["STOPPED"] * 3)

    assert promotable(seen, 3, 3) == [1]
    assert promotable(seen, 3, 2) == [1, 5]
    others = np.arange(7) != 3
    assert promotable(seen, 3, 3, others) == [1, 5]


def test_a_loss_that_is_not_finite_counts_as_come_and_is_not_promoted():
    seen = past([{3: math.nan}, {3: math.nan}, {3: 6.0}], ["STOPPED"] * 3)

    assert promotable(seen, 3, 3) == [2]
    assert promotable(seen, 3, 1) == [2]


def test_of_curves_that_repeat_each_other_up_to_a_rung_the_one_that_went_furthest_counts():
    curves = [{1: 4.0, 3: 2.0}, {1: 4.0, 3: 2.0, 9: 1.0}, {1: 4.0, 3: 2.5}, {1: 4.0}]
    seen = past(curves, ["STOPPED", "DONE", "STOPPED", "STOPPED"])

    assert distinct(seen, 3).tolist() == [False, True, True, True]
    assert distinct(seen, 1).all()  # one loss may well be that of another
    assert distinct(seen, 1, several=1).tolist() == [False, True, False, False]


@pytest.mark.parametrize(("last", "row"), [(-2.0, 1), (-0.5, None)])
def test_hopeful_is_who_stopped_below_every_trial_with_the_whole(last, row):
    seen = past(
        [{9: -1.0}, {1: 3.0, 3: last}, {3: 4.0}, {9: -9.0}],
        ["DONE", "STOPPED", "STOPPED", "STOPPED"],  # the last one had the whole
    )

    assert hopeful(seen) == row


def test_a_trial_stays_between_rungs_and_while_few_have_come_and_then_only_among_the_best():
    def last_stays(losses, step=3):
        curves = [{1: 8.0, 3: loss} for loss in losses]
        curves[-1] = {1: 8.0, step: losses[-1]}
        return stays(past(curves, ["RUNNING"] * len(curves)), len(curves) - 1, [1, 3], 3)

    assert last_stays([1.0, 2.0, 3.0, 99.0], step=2)
    assert last_stays([1.0, 99.0])
    assert last_stays([1.0, 5.0, 3.0, 2.0])  # the second of four, of which two may
    assert not last_stays([1.0, 2.0, 5.0, 3.0])
    assert last_stays([3.0, 3.0, 3.0, 3.0])  # nobody is better
