import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.samplers import CMAES, GP, QMC, TPE, Grid, Random, Startup

SPACE = Space(x=Float(-3, 9), y=Float(2, 5))


def loss(trial):
    return (trial.params["x"] - 2) ** 2 + trial.params["y"]


def points(sampler, trials):
    study = Study(SPACE, sampler=sampler, seed=3).run(loss, trials=trials, progress=False)
    return study.history.X


def test_the_first_proposals_are_of_one_and_the_others_of_another():
    made = points(Startup("qmc", 5, "random"), 9)

    np.testing.assert_array_equal(made[:5], points(QMC(), 5))
    np.testing.assert_array_equal(made[5:], points(Random(), 9)[5:])


def test_the_second_one_sees_the_trials_of_the_first():
    early, late = points(Startup("random", 12, "tpe"), 30), points(TPE(), 30)

    assert abs(early[12:, 0] - 5 / 12).mean() < abs(early[:12, 0] - 5 / 12).mean()
    assert not np.array_equal(early[:12], late[:12])


def test_what_it_handles_is_what_both_do_and_what_it_weighs_is_as_the_second():
    assert Startup("qmc", 3, "gp").many_objectives
    assert not Startup("qmc", 3, CMAES()).many_objectives
    assert not Startup(CMAES(), 3, "gp").many_objectives
    assert (Startup("gp", 3, Grid()).uses_losses, Startup(Grid(), 3, "gp").uses_losses) == (
        False, True
    )  # fmt: skip
    assert (Startup("gp", 3, "tpe").uses_cost, Startup("tpe", 3, "gp").uses_cost) == (False, True)
    assert (Startup(GP(usual=False), 3, "gp").usual, Startup("gp", 3, "qmc").usual) == (False, True)


def test_words_say_whose_turn_it_is():
    study = Study(SPACE, sampler=Startup("qmc", 4, "random"), seed=3)
    study.run(loss, trials=1, progress=False)
    assert study.explain().startswith("The start, 3 more of 4. QMC(skip=0): ")

    study.run(loss, trials=4, progress=False)
    assert study.explain().startswith("Random(): ")


@pytest.mark.parametrize("trials", [-1, 2.5, True])
def test_a_number_of_trials_that_makes_no_sense_is_an_error(trials):
    with pytest.raises(StudyError, match="Startup: trials must be a whole number >= 0"):
        Startup("qmc", trials, "random")
