"""Define by run: what calls with `likely` and `extend` get, and what the space becomes."""

import math

import pytest

from luthier import Choice, Float, Int, Study
from luthier.asked import held, join
from luthier.samplers import Narrow


def test_beliefs_that_calls_state_are_the_spaces():
    def objective(trial):
        rate = trial.float("rate", 1e-6, 1.0, log=True, likely=(1e-3, 1e-2))
        layers = trial.int("layers", 1, 12, likely=(2, 4), extend=(1, 20))
        kind = trial.choice("kind", "relu", "tanh", "gelu", likely={"gelu": 3, "relu": 1})
        return rate + layers + (kind == "tanh")

    study = Study(seed=1).run(objective, trials=5)

    assert study.space["rate"] == Float(1e-6, 1.0, log=True, likely=(1e-3, 1e-2))
    assert study.space["layers"] == Int(1, 12, likely=(2, 4), extend=(1, 20))
    kind = Choice("relu", "tanh", "gelu", likely={"gelu": 3, "relu": 1})
    assert study.space["kind"].likely == kind.likely
    assert study.history.counts == [0, 5, 0, 0, 0]


def test_a_new_name_is_drawn_by_what_is_believed_of_it():
    def share(**more):
        hits = 0
        for seed in range(60):
            x = Study(seed=seed).ask()[0].float("x", -3, 9, **more)
            hits += 4 <= x <= 5
        return hits / 60

    # The interval has 1/12 of the range, and two thirds of the belief, of which 0.9 are a bell.
    assert share() < 1 / 12 + 4 * math.sqrt(1 / 12 / 60)
    assert share(likely=(4, 5)) > 0.6 - 4 * math.sqrt(0.24 / 60)


def test_options_are_drawn_by_what_is_believed_of_them():
    drawn = [
        Study(seed=seed).ask()[0].choice("k", "a", "b", "c", "d", likely="c") for seed in range(60)
    ]

    assert drawn.count("c") / 60 > 0.75 - 4 * math.sqrt(0.75 * 0.25 / 60)
    assert len(set(drawn)) > 1


def test_a_range_that_was_extended_reaches_the_call():
    def objective(trial):
        seen.append(trial.float("rate", 1e-6, 1e-3, log=True, extend=True))
        trial.float("rate", 1e-6, 1e-3, log=True, extend=True)  # the same again
        return abs(math.log(seen[-1] / 0.004)) + trial.float("other", -3, 9) ** 2 / 50

    seen = []
    study = Study(sampler=Narrow("random"), seed=3).run(objective, trials=60)

    assert study.history.counts[1] == 60
    assert study.space["rate"].high > 1e-3
    assert max(seen) > 1e-3
    assert max(seen) <= study.space["rate"].high <= 0.027 * (1 + 1e-9)
    assert [result.params["rate"] for result in study.results] == seen


def test_what_is_held_is_the_calls_range_without_extend():
    joint = Float(-3, 30)

    assert held(Float(1, 3), joint) == Float(1, 3)
    assert held(Float(1, 3, extend=(0, 9)), joint).low == 0
    assert held(Float(1, 3, extend=(0, 9)), joint).high == 9
    assert held(Int(1, 3, extend=True), joint) == Int(1, 3, extend=True)


def test_joining_keeps_what_only_one_of_both_says():
    known = Float(1, 5, likely=(2, 3), extend=(0, 8), default=2.5)

    assert join(known, Float(2, 4)) is known
    assert join(known, Float(1, 5, likely=(2, 3), extend=(0, 8), default=2.5)) is known
    wider = join(known, Float(1, 7, likely=(4, 6), extend=(1, 9)))
    assert wider == Float(1, 7, likely=(4, 6), extend=(0, 9), default=2.5)
    grown = Float(1, 6.5, extend=(0, 8))  # after a sampler widened it
    assert join(grown, Float(1, 5, extend=(0, 8))) is grown


def test_joining_choices_keeps_what_is_believed_of_them():
    known = Choice("a", "b", likely="b")

    assert join(known, Choice("b", "a")) is known
    assert join(known, Choice("a", "c")).likely == (0.0, 1.0, 0.0)
    assert join(known, Choice("a", "b", likely="a")).likely == (1.0, 0.0)


def test_a_belief_that_cannot_be_fails_the_trial_with_that_word():
    study = Study().run(lambda t: t.float("x", 1, 5, likely=(4, 7)), trials=1)

    assert study[0].state == "FAILED"
    assert "likely" in study[0].error["message"]


def test_a_study_with_beliefs_resumes_as_if_uninterrupted(tmp_path):
    def objective(trial):
        return trial.float("x", -3, 9, likely=(4, 5)) + trial.int("n", 1, 9, extend=True)

    whole = Study(seed=2, sampler="narrow").run(objective, trials=12)
    for trials in (1, 5, 12):
        with Study(seed=2, sampler="narrow", store=tmp_path / "s.db") as part:
            part.run(objective, trials=trials)
            last = [result.params for result in part.results]

    assert last == [result.params for result in whole.results]


@pytest.mark.parametrize("wrong", [{"likely": 3}, {"extend": (2, 3)}])
def test_wrong_settings_say_what_to_do(wrong):
    trial = Study().ask()[0]

    with pytest.raises(ValueError, match=r"likely must be an interval|must hold the range"):
        trial.int("n", 1, 9, **wrong)


def test_an_option_that_a_call_names_as_default_comes_first_and_is_kept():
    def objective(trial):
        ways = [lambda x: x, lambda x: x * x]  # made anew in every call
        trial.choice("kind", "relu", "tanh", "gelu", default="tanh")
        return trial.choice("way", ways, default=ways[1])(3.0)

    studies = [Study(seed=seed).run(objective, trials=3) for seed in range(4)]

    assert {study[0].params["kind"] for study in studies} == {"tanh"}
    assert {study.best.value for study in studies} <= {3.0, 9.0}
    for study in studies:
        assert study.history.Y[0] == 9.0
        assert study.space["kind"].default == "tanh"
        assert study.space["way"].labels[1] == study.space["way"].label(1)


def test_a_later_default_counts_and_one_left_out_stays():
    known = Choice("a", "b", default="a")

    assert join(known, Choice("a", "b")) is known
    assert join(known, Choice("a", "b", default="a")) is known
    assert join(known, Choice("b", "c", default="c")) == Choice("a", "b", "c", default="c")
    assert join(Choice("a", "b"), Choice("b", "a", default="b")).default == "b"


def test_a_default_may_be_an_option_without_a_label():
    known = Choice("", "a", default="a")

    assert join(known, Choice("", "a", default="")).default == ""
    assert join(Choice("", "a", default=""), Choice("", "a")).default == ""
