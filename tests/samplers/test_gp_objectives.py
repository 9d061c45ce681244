"""The Gaussian process with several objectives."""

import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.numerics.pareto import front
from luthier.samplers.gp import CAP, GP
from luthier.testing.histories import history

SPACE = Space(x=Float(-3, 9), n=Int(1, 300, log=True), kind=Choice("a", "b", "c"))


def losses(params):
    """Both are least where n = 17 and kind = b; the first at x = 1, the second at x = 5."""
    off = np.log(params["n"] / 17) ** 2 / 4 + 2 * (params["kind"] != "b")
    return (params["x"] - 1) ** 2 + off, (params["x"] - 5) ** 2 + off


def past(n, states=None, change=lambda y: y):
    params = SPACE.decode(SPACE.sample(n, np.random.default_rng(2)))
    return history(SPACE, params, [change(losses(p)) for p in params], states, objectives=2)


def asked(seen, k=1, sampler=None):
    made = (sampler or GP()).ask(SPACE, seen, k, np.random.default_rng(1)).X
    return made, SPACE.decode(made)


def run(sampler="gp", trials=30, seed=1, **more):
    study = Study(SPACE, minimize=("one", "two"), sampler=sampler, seed=seed, **more)
    return study.run(
        lambda t: dict(zip(("one", "two"), losses(t.params), strict=True)) | {"x": t.params["x"]},
        trials=trials,
    )


def area(study):
    """What the trials dominate, up to (40, 40)."""
    Y = study.history.Y[study.history.done]
    total, height = 0.0, 40.0
    for one, two in Y[np.lexsort((Y[:, 1], Y[:, 0]))]:
        total += max(0.0, 40 - one) * max(0.0, height - two)
        height = min(height, two)
    return total


def test_it_goes_along_the_front():
    _, got = asked(past(40), k=8)

    xs = [params["x"] for params in got if params["kind"] == "b"]
    assert len(xs) >= 6
    assert min(xs) < 2.2
    assert max(xs) > 3.8


@pytest.mark.slow
def test_it_dominates_more_than_random_search():
    ours = [area(run(seed=s, trials=25)) for s in (1, 2, 3)]
    theirs = [area(run("random", seed=s, trials=25)) for s in (1, 2, 3)]

    assert np.mean(ours) > np.mean(theirs) + 2 * np.std(theirs) / np.sqrt(3)


def test_units_do_not_matter():
    _, first = asked(past(18))
    _, second = asked(past(18, change=lambda y: (1e6 * y[0] - 3, 1e-4 * y[1] + 7)))

    assert first[0]["kind"] == second[0]["kind"]
    assert first[0]["x"] == pytest.approx(second[0]["x"], abs=1e-2)


def test_one_loss_of_a_diverged_trial_does_not_hide_the_others():
    seen = past(30)
    params = [seen.params(i) for i in range(30)]
    told = [losses(p) for p in params]
    worst = int(np.argmax([sum(y) for y in told]))
    told[worst] = (1e30, told[worst][1])

    _, got = asked(history(SPACE, params, told, objectives=2), k=6)

    assert sum(p["kind"] == "b" for p in got) >= 4


def test_bounds_are_kept():
    study = run(trials=35, constraints={"x": "<= 3"}, seed=2)

    late = study.results[15:]
    assert sum(result.feasible for result in late) >= 12
    assert max(result.params["x"] for result in study.front) == pytest.approx(3, abs=0.5)


def test_a_fresh_one_agrees_with_a_used_one():
    for n in (12, 61, CAP + 20):
        used = GP()
        asked(past(n - 1), sampler=used)

        from_used, _ = asked(past(n), sampler=used)
        from_fresh, _ = asked(past(n), sampler=pickle.loads(pickle.dumps(used)))

        np.testing.assert_array_equal(from_used, from_fresh)


def test_points_that_are_running_are_not_asked_for_again():
    seen = past(16, ["DONE"] * 10 + ["RUNNING"] * 6)

    X, _ = asked(seen, k=5)

    everything = np.vstack([seen.X, X])
    assert len(np.unique(everything.round(6), axis=0)) == len(everything)


@pytest.mark.parametrize("state", ["FAILED", "STOPPED"])
def test_trials_without_losses_do_no_harm(state):
    seen = past(15, [state] * 5 + ["DONE"] * 10)

    X, _ = asked(seen, k=3)

    assert X.shape == (3, 3)
    assert not np.isnan(X).any()


def test_all_points_of_a_small_space_are_tried_once():
    space = Space(a=Int(1, 6), b=Choice("u", "v"))
    study = Study(space, maximize=("one", "two"), sampler="gp", seed=4)

    study.run(lambda t: {"one": t.params["a"], "two": -(t.params["a"] ** 2)}, trials=40)

    assert len(study) == 12
    assert front(study.history.Y).sum() == len(study.front)


def test_three_objectives_are_handled_too():
    study = Study(SPACE, minimize=("one", "two"), maximize="three", sampler="gp", seed=1)

    study.run(
        lambda t: (
            dict(zip(("one", "two"), losses(t.params), strict=True)) | {"three": t.params["x"]}
        ),
        trials=16,
    )

    assert max(result.params["x"] for result in study.front) > 6
    words = study.explain()
    assert "each of 3 objectives" in words
    assert "three" in words


def test_it_says_what_it_weighs():
    study = run(trials=9)
    words = study.explain()

    assert "A Gaussian process for each of 2 objectives, of 9 finished trials" in words
    shares = [float(part.split()[-1]) for part in words.split("weights ")[1].split("%")[:2]]
    assert sum(shares) == pytest.approx(100, abs=1)
