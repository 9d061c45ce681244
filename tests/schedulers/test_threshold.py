import math

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.schedulers import Threshold
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def kept(rule, *losses):
    reports = [(0, step, loss) for step, loss in enumerate(losses, start=1)]
    return rule.keep(history(SPACE, [{"x": 1.5}], reports=reports), 0)


def test_what_is_worse_than_the_bound_stops_and_the_bound_itself_does_not():
    rule = Threshold(worst=-1.5)

    assert kept(rule)
    assert kept(rule, -1.5)
    assert kept(rule, 7.0, -2.0)  # the last report counts
    assert not kept(rule, -2.0, -1.4)
    assert not kept(rule, math.nan)
    assert kept(rule, -math.inf)


def test_without_a_bound_only_what_is_no_number_stops():
    assert kept(Threshold(), 1e300)
    assert kept(Threshold(), -math.inf)
    assert not kept(Threshold(), math.nan)
    assert not kept(Threshold(), math.inf)


def test_nothing_is_stopped_while_it_warms_up():
    rule = Threshold(worst=-1.5, warmup=2)

    assert kept(rule, 5.0, math.nan)
    assert not kept(rule, 5.0, 5.0, 5.0)


@pytest.mark.parametrize("sign", ["minimize", "maximize"])
def test_the_bound_is_what_the_objective_gives(sign):
    def learn(trial):
        trial.report(trial.params["x"], 1)
        return None if trial.should_stop() else trial.params["x"]

    made = Study(SPACE, sampler="random", scheduler=Threshold(worst=2.0), **{sign: "score"})
    made.run(learn, trials=20)

    assert 3 < made.history.stopped.sum() < 17
    for told in made.results:
        x = told.params["x"]
        assert (told.state == "STOPPED") == (x > 2 if sign == "minimize" else x < 2)


@pytest.mark.parametrize(("word", "wrong"), [("worst", "1"), ("worst", math.nan), ("warmup", -1)])
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"Threshold: {word} must be"):
        Threshold(**{word: wrong})
