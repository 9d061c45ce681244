import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.samplers import GP, TPE, Auto
from luthier.samplers.auto import WIDE
from luthier.testing.histories import history

KNOWN = Space(C=Float(1e-3, 1e3, log=True, default=1.0), a=Choice("u", "v", default="v"))
UNKNOWN = Space(C=Float(1e-3, 1e3, log=True), a=Choice("u", "v", default="v"))
TWO = {"minimize": ("error", "size")}


def told(trial):
    C = float(np.log(trial.params["C"]))
    return {"error": (C - 3) ** 2, "size": -C, "loss": (C - 3) ** 2}


def params(space, sampler, trials=9, **objectives):
    study = Study(space, sampler=sampler, seed=6, **objectives).run(told, trials=trials)
    return [result.params for result in study.results]


def test_with_one_objective_it_is_the_process():
    assert params(UNKNOWN, "auto") == params(UNKNOWN, GP())


def test_the_default_comes_first_where_it_is_known():
    assert params(KNOWN, "auto", 2)[0] == {"C": 1.0, "a": "v"}
    assert params(KNOWN, "auto", 2, **TWO)[0] == {"C": 1.0, "a": "v"}


def test_a_default_that_is_forbidden_is_not_tried():
    space = KNOWN.forbid(odd=lambda p: p["C"] == 1.0)

    assert params(space, "auto", 2)[0] != {"C": 1.0, "a": "v"}


def test_with_several_objectives_it_is_the_process_too():
    assert params(KNOWN, "auto", **TWO) == params(KNOWN, GP(), **TWO)
    assert params(UNKNOWN, "auto", **TWO) == params(UNKNOWN, GP(), **TWO)


def test_a_very_wide_space_is_searched_all_the_same():
    space = Space({f"x{i}": Float(-3, 9) for i in range(WIDE + 1)})

    got = Auto().ask(space, history(space), 2, np.random.default_rng(1)).X

    assert got.shape == (2, WIDE + 1)
    assert np.array_equal(got, TPE().ask(space, history(space), 2, np.random.default_rng(1)).X)
    assert "201 parameters" in Auto().explain(space, history(space))


def test_beyond_three_hundred_trials_the_process_proposes_one_point_of_some():
    rng = np.random.default_rng(0)
    points = [{"C": float(np.exp(z)), "a": "u"} for z in rng.uniform(-6, 6, 604)]
    losses = [np.log(point["C"]) ** 2 for point in points]

    def asked(sampler, n, k=1):
        return sampler.ask(
            UNKNOWN, history(UNKNOWN, points[:n], losses), k, np.random.default_rng(n)
        )

    for n, name, part in ((600, "Gaussian", GP()), (602, "Parzen", TPE()), (603, "Gaussian", GP())):
        assert np.array_equal(asked(Auto(), n).X, asked(part, n).X)
        assert name in Auto().explain(UNKNOWN, history(UNKNOWN, points[:n], losses)).split(",")[0]
    assert np.array_equal(asked(Auto(), 602, 2).X, asked(GP(), 602, 2).X)
    assert "one point in 3, as 602" in Auto().explain(
        UNKNOWN, history(UNKNOWN, points[:602], losses)
    )


def test_where_parameters_depend_on_a_choice_it_comes_back_to_rare_options():
    space = Space(a=Choice("u", "v"), x=Float(-3, 9, when={"a": "u"}), y=Float(2, 5))
    study = Study(space, sampler="auto", seed=6).run(lambda t: t.params["y"], trials=11)

    assert "which was tried least" in Auto().explain(space, study.history)
    flat = Study(UNKNOWN, sampler="auto", seed=6).run(told, trials=11)
    assert "tried least" not in Auto().explain(UNKNOWN, flat.history)


def test_sixty_trials_and_forty_more_are_the_first_hundred():
    assert params(UNKNOWN, "auto", 8) == params(UNKNOWN, "auto", 14)[:8]


def test_it_says_what_it_does_and_why():
    study = Study(KNOWN, sampler="auto", seed=6)
    sampler, space = Auto(), study.space
    assert "default configuration, then 3 points" in sampler.explain(space, study.history)

    for trial in study.ask(4):
        last = trial
    assert "two trials with a loss, and there are 0" in sampler.explain(space, study.history)

    study.tell(last, 1.5)
    study.run(told, trials=9)
    words = sampler.explain(space, study.history)
    assert "Gaussian process of 9 finished trials, 3 running" in words

    many = Study(KNOWN, sampler="auto", **TWO).run(told, trials=4)
    assert "for each of 2 objectives" in sampler.explain(space, many.history)


def test_its_one_setting_is_kept():
    used = Auto(usual=False)
    used.ask(UNKNOWN, history(UNKNOWN), 1, np.random.default_rng(1))

    assert repr(used) == "Auto(usual=False)"
    assert used != Auto()
    assert pickle.loads(pickle.dumps(used)) == used


@pytest.mark.parametrize("states", [["FAILED"] * 3, ["STOPPED"] * 3, ["DONE", "FAILED", "LOST"]])
def test_it_can_be_explained_at_any_time(states):
    seen = history(KNOWN, [{"C": 2.0 + i, "a": "u"} for i in range(3)], [1.5, 2.5, 3.5], states)

    assert Auto().explain(KNOWN, seen.seen())


def test_where_all_were_stopped_the_model_goes_by_their_reports_and_says_so():
    def stopping(trial):
        trial.report(told(trial), step=1)
        trial.should_stop()
        return told(trial)

    study = Study(UNKNOWN, sampler="auto", scheduler="asha", fidelity=("epochs", 1, 9), seed=6)
    study.run(stopping, trials=9)

    assert study.history.done.sum() == 0
    assert "Gaussian process of 0 finished trials, " in study.explain()
    assert "stopped ones, taken to end as their curves say" in study.explain()
