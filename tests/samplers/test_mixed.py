import math

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.samplers import GP, QMC, TPE, Grid, Mixed, Random, Startup
from luthier.testing import SamplerContract
from luthier.testing.histories import history

SPACE = Space(x=Float(-3, 9), n=Int(2, 30), kind=Choice("a", "b"))


class TestMixed(SamplerContract):
    sampler = Mixed([("qmc", 0.3), ("random", 0.7)])


@pytest.mark.slow
class TestMixedTPE(SamplerContract):
    sampler = Mixed([("tpe", 0.9), ("random", 0.1)])
    seeds = 8


def loss(trial):
    return (trial.params["x"] - 4) ** 2 + trial.params["n"]


class Edge:
    """Proposes one corner of the space, with a tag."""

    def __init__(self, u):
        self.u = u

    def ask(self, space, history, k, rng):
        return Proposal(np.full((k, len(space)), self.u), tag=round(10 * self.u))


def test_each_proposal_comes_from_one_of_them_by_its_share():
    k = 5000
    made = Mixed([(Edge(0.1), 3), (Edge(0.9), 1)]).ask(
        SPACE, history(SPACE), k, np.random.default_rng(7)
    )

    share = (made.X[:, 0] == 0.1).mean()
    assert abs(share - 0.75) < 5 * math.sqrt(0.75 * 0.25 / k)
    assert (made.tag[made.X[:, 0] == 0.1] == 1 * 2 + 0).all()
    assert (made.tag[made.X[:, 0] == 0.9] == 9 * 2 + 1).all()


class Tagging:
    """Proposes points with a tag of its own, and keeps the tags that it is shown."""

    def __init__(self, tag):
        self.tag, self.shown = tag, []

    def ask(self, space, history, k, rng):
        self.shown = history.tag.tolist()
        return Proposal(space.sample(k, rng), tag=self.tag)


def test_a_sampler_beside_another_is_shown_the_tags_that_it_gave_alone():
    one, other = Tagging(5), Tagging(300)
    study = Study(SPACE, sampler=Mixed([(one, 0.5), (other, 0.5)])).run(loss, trials=30)

    for sampler in (one, other):
        assert set(sampler.shown) == {0, sampler.tag}
    assert len(set(study.history.tag.tolist())) == 2


def test_a_start_leaves_no_tags_to_the_sampler_that_goes_on():
    first, then = Tagging(5), Tagging(300)
    Study(SPACE, sampler=Startup(first, 4, then)).run(loss, trials=9)

    assert then.shown == [0] * 4 + [300] * 4


@pytest.mark.parametrize("first", ["grid", "differential"])
def test_the_genetic_sampler_goes_on_from_a_start_that_has_tags(first):
    study = Study(SPACE, sampler=Startup(first, 20, "genetic")).run(loss, trials=40)

    assert study.history.done.all()


def test_a_share_of_zero_is_never_asked():
    X = Mixed([(Edge(0.1), 0), (Edge(0.9), 1)]).ask(
        SPACE, history(SPACE), 50, np.random.default_rng(7)
    ).X  # fmt: skip

    assert (X == 0.9).all()


def test_the_turns_are_the_same_when_a_study_goes_on(tmp_path):
    sampler = Mixed([("tpe", 0.5), ("random", 0.5)])
    whole = Study(SPACE, sampler=sampler, seed=4).run(loss, trials=12)
    for trials in (5, 12):
        with Study(SPACE, sampler=sampler, seed=4, store=tmp_path / "a.db") as part:
            part.run(loss, trials=trials)

    assert [r.params for r in part.results] == [r.params for r in whole.results]


@pytest.mark.parametrize("given", [[("tpe", -1)], [], "tpe", [("tpe", 0.0)], [("tpe", "much")]])
def test_shares_that_make_no_sense_are_an_error(given):
    with pytest.raises(StudyError, match=r"Write for example Mixed\("):
        Mixed(given)


def test_it_handles_what_all_of_them_do():
    assert not Mixed([("forest", 1), ("tpe", 1)]).many_objectives
    assert Mixed([("qmc", 1), ("tpe", 1)]).many_objectives
    assert Mixed([("qmc", 1), ("tpe", 1)]).uses_losses
    assert not Mixed([("qmc", 1), ("random", 1)]).uses_losses


# -- Startup ---------------------------------------------------------------------------------------


class TestStartup(SamplerContract):
    sampler = Startup("qmc", trials=5, then="random")


@pytest.mark.slow
class TestStartupTPE(SamplerContract):
    sampler = Startup("qmc", trials=5, then="tpe")
    seeds = 8


def params(sampler, trials):
    study = Study(SPACE, sampler=sampler, seed=4).run(loss, trials=trials)
    return [result.params for result in study.results]


def test_it_starts_with_one_and_goes_on_with_the_other():
    assert params(Startup("qmc", 6, "tpe"), 6) == params("qmc", 6)
    assert params(Startup("qmc", 6, Random()), 9)[6:] == params(Random(), 9)[6:]
    assert params(Startup("qmc", 0, "tpe"), 9) == params("tpe", 9)


def test_it_says_whose_turn_it_is():
    study = Study(SPACE, sampler=Startup("qmc", 6, "tpe"), seed=4).run(loss, trials=4)
    assert study.explain().startswith("The start, 2 more of 6. QMC(")

    study.run(loss, trials=6)
    assert study.explain().startswith("TPE(")


def test_a_number_of_trials_that_makes_no_sense_is_an_error():
    with pytest.raises(StudyError, match="must be a whole number >= 0"):
        Startup("qmc", 2.5)


@pytest.mark.parametrize(
    "sampler",
    [Startup("qmc", 3, GP(warp=False)), Mixed([(Grid(points=3), 1), ("tpe", 2.5)]), Startup()],
)
def test_they_are_made_again_from_the_log(sampler, tmp_path):
    Study(SPACE, sampler=sampler, store=tmp_path / "a.db").close()

    with Study.open(tmp_path / "a.db") as study:
        assert study.sampler == sampler


def test_names_stand_for_their_samplers():
    assert Startup("qmc", 3, "tpe") == Startup(QMC(), 3, TPE())
