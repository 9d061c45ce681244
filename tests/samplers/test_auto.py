from luthier import Choice, Float, Space, Study
from luthier.samplers import QMC

KNOWN = Space(C=Float(1e-3, 1e3, log=True, default=1.0), a=Choice("u", "v", default="v"))
UNKNOWN = Space(C=Float(1e-3, 1e3, log=True), a=Choice("u", "v", default="v"))


def params(space, sampler, trials=9):
    study = Study(space, sampler=sampler, seed=6).run(lambda trial: 2.5, trials=trials)
    return [result.params for result in study.results]


def test_the_default_comes_first_and_then_the_whole_sequence():
    got, sequence = params(KNOWN, "auto"), params(KNOWN, QMC())

    assert got[0] == {"C": 1.0, "a": "v"}
    assert got[1:] == sequence[:-1]


def test_without_a_known_default_it_is_the_sequence():
    assert params(UNKNOWN, "auto") == params(UNKNOWN, QMC())


def test_a_default_that_is_forbidden_is_not_tried():
    space = KNOWN.forbid(odd=lambda p: p["C"] == 1.0)

    assert params(space, "auto") == params(space, QMC())


def test_asking_for_several_at_once_makes_no_difference():
    study = Study(KNOWN, sampler="auto", seed=6)

    got = [trial.params for trial in study.ask(9)]

    assert got == params(KNOWN, "auto")
