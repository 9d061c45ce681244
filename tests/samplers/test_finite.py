"""A finite space is searched to its end: no point twice, and then the study says so."""

import pytest

from luthier import Choice, Int, Space, Study
from luthier.samplers import NAMES

GRIDS = {
    "integers": Space(x=Int(0, 9), y=Int(0, 9)),
    "options": Space(x=Choice(*"abcdefghij"), y=Choice(*"klmnopqrst")),
}


def bowl(trial):
    x, y = (ord(v) % 13 if isinstance(v, str) else v for v in trial.params.values())
    return (x - 3) ** 2 + (y - 7) ** 2


@pytest.mark.slow
@pytest.mark.parametrize("space", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("sampler", sorted(NAMES))
def test_a_hundred_trials_are_a_hundred_points_and_the_next_one_ends_it(sampler, space):
    study = Study(space, sampler=sampler, seed=1).run(bowl, trials=100)

    assert len({tuple(result.params.items()) for result in study.results}) == 100

    study.run(bowl, trials=150)
    assert len(study) == 100
    assert study.ask(3) == []
    assert "tried" in study.ended
