import numpy as np
import pytest

from luthier import Choice, Float, Int, Space
from luthier.observed import Seen, embedding, prior
from luthier.testing.histories import history


def test_a_child_of_a_choice_needs_no_switch_and_a_child_of_a_number_does():
    space = Space(
        n=Int(1, 3),
        kind=Choice("a", "b"),
        x=Float(1, 7, when={"kind": "b"}),
        y=Float(1, 7, when={"n": [2, 3]}),
        z=Float(1, 7, when={"n": [2, 3]}),
        o=Choice(1, 2, 4, ordered=True),
        c=Choice("alone"),
    )

    got = embedding(space)

    assert got.levels == (0, 2, 0, 0, 0, 0, -1)
    assert got.switches == (3,)


def test_parameters_of_a_kind_are_twins_when_their_names_differ_in_digits_only():
    space = Space(
        units_1=Int(4, 64),
        units_2=Int(4, 64),
        units_3=Int(4, 128),
        act1=Choice("relu", "tanh"),
        width=Int(4, 64),
        act2=Choice("relu", "tanh"),
        act3=Choice("tanh", "relu"),
    )

    assert embedding(space).twins == ((0, 1), (3, 5))


@pytest.mark.parametrize("d", [1, 5, 20, 45, 100])
def test_lengths_are_expected_to_be_longer_the_more_parameters_there_are(d):
    def mode(d):
        return prior(embedding(Space({f"x{i}": Float(-3, 9) for i in range(d)})), trend=True).mean

    assert mode(d)[0] <= mode(d + 5)[0] + 1e-12


def test_folds_tell_how_noisy_losses_are():
    space, rng = Space(x=Float(0, 1)), np.random.default_rng(0)
    n, folds, hard = 40, 5, 3 * rng.normal(size=5)
    points = [{"x": (i + 0.5) / n} for i in range(n)]
    scores = np.array([p["x"] + hard + 0.2 * rng.normal(size=folds) for p in points])
    reports = [(i, k, scores[i, k]) for i in range(n) for k in range(folds)]

    seen = Seen.of(history(space, points, scores.mean(axis=1), reports=reports), warp=True)

    error = 0.2 / np.sqrt(folds)
    assert seen.error == pytest.approx(error, rel=0.3)
    assert seen.noise == pytest.approx((error / scores.mean(axis=1).std()) ** 2, rel=1.0)
    measured = embedding(space)
    told, untold = (prior(measured, trend=True, noise=v).mean[-1] for v in (seen.noise, np.nan))
    assert np.exp(told) == pytest.approx(seen.noise)
    assert untold != told


def test_standard_losses_are_restored():
    space, rng = Space(x=Float(0, 1)), np.random.default_rng(0)
    losses = np.exp(3 * rng.normal(size=20))
    points = [{"x": float(x)} for x in rng.random(20)]

    seen = Seen.of(history(space, points, [*losses[:-1], np.nan]), warp=True)

    assert np.allclose(seen.restored(seen.standard[:-1]), losses[:-1])


def test_a_trial_that_was_stopped_before_it_reported_counts_as_rather_bad():
    space = Space(x=Float(0, 10))
    points = [{"x": float(x)} for x in range(6)]
    losses = [1.0, 2.0, 3.0, 4.0, 5.0]
    seen = Seen.of(history(space, points, losses, ["DONE"] * 5 + ["STOPPED"]), warp=True)

    assert seen.y.tolist() == [*losses, 4.0]
    assert seen.spread.tolist() == [0.0] * 6
