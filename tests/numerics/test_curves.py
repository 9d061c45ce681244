import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.numerics.curves import at_steps, ends, ladder, outlook


def families(n, seed, most=40):
    """Curves that fall from level to level at rates of their own, with a little noise."""
    rng = np.random.default_rng(seed)
    level, rate, height = rng.normal(0, 1, n), rng.uniform(0.1, 0.4, n), rng.uniform(1, 3, n)
    steps = np.arange(1, most + 1)
    curves = level[:, None] + height[:, None] * np.exp(-rate[:, None] * steps)
    return curves + 0.02 * rng.standard_normal(curves.shape)


def cut(curves, upto):
    n = len(curves)
    owner = np.repeat(np.arange(n), upto)
    step = np.concatenate([np.arange(1, u + 1) for u in upto])
    value = np.concatenate([curves[i, :u] for i, u in enumerate(upto)])
    finals = np.where(upto == curves.shape[1], curves[:, -1], np.nan)
    return owner, step, value, finals


def test_rungs_are_reported_steps_that_grow_by_a_factor():
    assert ladder(np.arange(1, 28), 27).tolist() == [1, 2, 4, 7, 12, 20, 27]
    assert ladder(np.array([10, 20, 30, 10]), np.inf).tolist() == [10, 20, 30]
    assert ladder(np.empty(0, dtype=np.int64), 81).tolist() == [81]


def test_losses_at_steps_by_hand():
    owner, step = np.array([0, 1, 0, 0, 1, 0]), np.array([1, 1, 2, 3, 2, 4])
    value = np.array([9.0, 5.0, np.nan, 7.0, 4.0, 6.0])

    made = at_steps(np.array([1, 3, 4, 6]), owner, step, value, np.array([np.nan, 3.5, np.nan]))

    np.testing.assert_array_equal(
        made,
        [
            [9.0, 7.0, 6.0, np.nan],
            [5.0, np.nan, np.nan, 3.5],
            [np.nan] * 4,
        ],
    )


def test_ends_are_foreseen_better_than_by_the_last_loss_and_with_an_honest_error():
    errors, last, scores = [], [], []
    for seed in range(8):
        curves = families(60, seed)
        upto = np.where(np.arange(60) % 3 == 0, 40, np.where(np.arange(60) % 3 == 1, 4, 12))
        made = outlook(*cut(curves, upto), 40)
        cuts = upto < 40
        mean, sd = made.middle + made.scale * made.mean, made.scale * made.sd
        errors += list((mean - curves[:, -1])[cuts])
        last += list((curves[np.arange(60), upto - 1] - curves[:, -1])[cuts])
        scores += list((mean - curves[:, -1])[cuts] / sd[cuts])
        np.testing.assert_allclose(mean[~cuts], curves[~cuts, -1])
        assert (made.sd[~cuts] == 0).all()

    assert np.std(errors) < 0.5 * np.sqrt(np.mean(np.square(last)))
    assert 0.6 < np.sqrt(np.mean(np.square(scores))) < 1.6
    assert 0.8 < np.mean(np.abs(scores) < 1.64) < 0.99


def test_the_nearer_the_end_the_surer():
    curves = families(60, 3)
    upto = np.tile([40, 1, 4, 12, 30], 12)
    made = outlook(*cut(curves, upto), 40)

    sds = [made.sd[(upto == u)].mean() for u in (1, 4, 12, 30)]
    assert sds == sorted(sds, reverse=True)
    assert (np.diff(made.left) <= 0).all()
    assert made.left[-1] == 0


def test_the_same_curve_again_and_again_makes_nobody_surer():
    curves = families(12, 5)
    upto = np.where(np.arange(12) < 8, 40, 4)
    before = outlook(*cut(curves, upto), 40)
    repeated = np.vstack([curves, np.repeat(curves[:1], 20, axis=0)])
    after = outlook(*cut(repeated, np.concatenate([upto, np.full(20, 40)])), 40)

    errors = before.scale * before.sd[8:12], after.scale * after.sd[8:12]
    assert (errors[1] > 0.8 * errors[0]).all()


def test_curves_that_were_left_between_rungs_are_not_taken_for_better_than_they_are():
    # All fall as 1/step; rungs of the regression are 1, 2, 4, 7, ..., and most were left after 3.
    rng = np.random.default_rng(2)
    levels = np.sort(rng.normal(0, 0.5, 40))
    curves = levels[:, None] + 1 / np.arange(1, 28)
    upto = np.where(np.arange(40) < 4, 27, np.where(np.arange(40) < 13, 9, 3))
    made = outlook(*cut(curves, upto), 27)

    off = made.middle + made.scale * made.mean - curves[:, -1]
    assert np.abs(off).max() < 0.03
    assert made.mean.argmin() == 0


def test_what_bad_curves_catch_up_is_learned_where_they_still_went_on():
    # Half of what parts a curve from 0 is lost from rung to rung; only good ones went on at last.
    rng = np.random.default_rng(3)
    heights = np.sort(rng.uniform(0.5, 6, 60))
    curves = heights[:, None] * np.arange(1, 41) ** -1.3
    upto = np.where(np.arange(60) < 6, 40, np.where(np.arange(60) < 20, 12, 4))
    made = outlook(*cut(curves, upto), 40)

    ends_ = made.middle + made.scale * made.mean
    fallen = (curves[np.arange(60), upto - 1] - ends_)[20:]
    true = (curves[np.arange(60), upto - 1] - curves[:, -1])[20:]
    assert 0.6 < np.mean(fallen / true) < 1.2
    assert np.corrcoef(fallen, heights[20:])[0, 1] > 0.9


def test_a_single_curve_that_went_on_makes_the_others_no_more_uncertain_than_none():
    curves = families(20, 1)
    alone = outlook(*cut(curves, np.full(20, 4)), 40)
    upto = np.where(np.arange(20) == 0, 40, 4)
    one = outlook(*cut(curves, upto), 40)

    assert one.scale * np.median(one.sd[1:]) < 3 * alone.scale * np.median(alone.sd)


def test_before_anything_ended_the_order_is_that_of_the_losses():
    V = np.array([[0.3, np.nan], [-1.2, np.nan], [np.nan, np.nan]])
    mean, sd, _ = ends(V, np.array([1, 27]), np.array([True, True]))

    assert mean[1] < mean[0]
    assert (sd[:2] > 0.1).all()
    assert np.isnan(mean[2])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 6), st.floats(1e-3, 1e3))
def test_any_curves_are_survived_and_units_do_not_matter(seed, n, most, unit):
    rng = np.random.default_rng(seed)
    curves = rng.choice([0.0, 1.5, -2.0, 7.0], (n, most))
    owner, step, value, finals = cut(curves, rng.integers(1, most + 1, n))
    made = outlook(owner, step, value, finals, most)
    other = outlook(owner, step, unit * value - 4.0, unit * finals - 4.0, most)

    assert np.isfinite(made.mean).all()
    assert np.isfinite(made.sd).all()
    np.testing.assert_allclose(
        unit * (made.middle + made.scale * made.mean) - 4.0,
        other.middle + other.scale * other.mean,
        rtol=1e-6, atol=1e-6 * max(1.0, unit),
    )  # fmt: skip


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_reports_that_are_no_numbers_count_as_the_worst(value):
    owner, step = np.array([0, 0, 1, 1, 2]), np.array([1, 2, 1, 2, 1])
    made = outlook(
        owner, step, np.array([1.0, 0.5, 2.0, 1.0, value]), np.array([0.5, 1.0, np.nan]), 2
    )

    assert np.isfinite(made.mean).all()
    assert made.mean[2] >= made.mean[0]
