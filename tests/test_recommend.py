import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.errors import NothingFinished, StudyError

SPACE = Space(x=Float(0, 1), y=Float(0, 1))


def truth(params):
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.6) ** 2


def study(objective, seed=0, trials=40, **settings):
    return Study(SPACE, sampler="qmc", seed=seed, **settings).run(objective, trials=trials)


def noisy(sd, seed):
    rng = np.random.default_rng(seed)
    return lambda trial: truth(trial.params) + sd * rng.normal()


def folded(sd, seed, folds=5):
    """Folds that differ a lot, but in the same way for every trial, and a little noise."""
    rng = np.random.default_rng(seed)
    hard = 3 * rng.normal(size=folds)

    def objective(trial):
        scores = truth(trial.params) + hard + sd * rng.normal(size=folds)
        for step, score in enumerate(scores):
            trial.report(float(score), step=step)
        return float(np.mean(scores))

    return objective


def test_without_noise_it_is_the_best():
    made = study(lambda trial: truth(trial.params))

    assert made.recommended == made.best
    assert made.recommended.expected is None


@pytest.mark.parametrize("objective", [noisy, folded])
def test_it_is_truly_better_than_the_luckiest_draw(objective):
    sd = 0.15 if objective is noisy else 0.3
    gaps, close = [], []
    for seed in range(12):
        made = study(objective(sd, seed), seed)
        lucky, chosen = made.best, made.recommended
        gaps.append(truth(chosen.params) - truth(lucky.params))
        if objective is noisy and chosen.expected:
            close.append(abs(chosen.expected[0] - truth(chosen.params)))
            assert lucky.value < truth(lucky.params)
            assert chosen.expected[1] > 0

    assert np.mean(gaps) < -0.01
    if close:
        assert np.median(close) < 0.7 * sd


def test_points_that_were_repeated_with_other_results_show_noise():
    rng = np.random.default_rng(1)
    made = Study(SPACE, sampler="qmc", seed=1)
    for x in np.linspace(0.05, 0.95, 10):
        for _ in range(4):
            made.enqueue({"x": float(x), "y": 0.6}, again=True)
    made.run(lambda trial: truth(trial.params) + 0.05 * rng.normal(), trials=40)

    got = made.recommended

    assert got.expected is not None
    assert got.params["x"] == pytest.approx(0.35, abs=0.11)
    assert got.value == min(r.value for r in made.results if r.params == got.params)
    assert "expected" in repr(got)


def test_what_is_maximised_keeps_its_sign():
    rng = np.random.default_rng(2)
    made = study(lambda trial: 5 - truth(trial.params) + 0.2 * rng.normal(), maximize="score")

    assert made.recommended.expected[0] == pytest.approx(5, abs=0.3)


def test_few_trials_and_failed_ones_do_no_harm():
    def fragile(trial):
        if trial.params["x"] > 0.6:
            raise ValueError("too large")
        return truth(trial.params)

    assert study(fragile, trials=5).recommended.state == "DONE"
    made = study(fragile, trials=40)
    assert made.recommended == made.best
    assert study(lambda trial: 1.0).recommended.number == 0


def test_it_needs_a_result_and_one_objective():
    with pytest.raises(NothingFinished, match="no trial"):
        _ = Study(SPACE).recommended
    two = Study(Space(a=Choice(1, 2)), minimize=("p", "q"))
    with pytest.raises(StudyError, match="several objectives"):
        _ = two.recommended


@pytest.mark.parametrize("seed", range(3))
def test_trials_that_go_on_are_no_noise(seed):
    """What was foreseen of a configuration that went on disagrees with how it ended."""

    def objective(trial):
        for epoch in range(1, 10):
            trial.report(truth(trial.params) + 1 / epoch, epoch)
            if trial.should_stop():
                return None
        return truth(trial.params) + 1 / 9

    made = study(objective, seed, trials=160, scheduler="asha", fidelity=("epochs", 1, 9))

    assert made.history.done.sum() >= 8
    assert made.recommended == made.best
