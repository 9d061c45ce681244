"""Opening: terms that do not go together, and a stored study that has others."""

import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.history import Objective
from luthier.log import Log
from luthier.opening import Terms, settle
from luthier.samplers import Random
from luthier.schedulers import ASHA, PASHA, scheduler
from luthier.stores import Memory

SPACE = Space(x=Float(-3, 9))


def terms(**other):
    given = {
        "name": "runs", "seed": 5, "space": SPACE, "sampler": Random(),
        "scheduler": scheduler("full"), "objectives": (Objective("loss"),), "fidelity": None,
        "constraints": (), "cost": None,
    }  # fmt: skip
    return Terms(**{**given, **other})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scheduler": "pasha"}, r"Give it for example a fidelity="),
        ({"sampler": "random", "cost": "seconds"}, r"leave the cost out"),
    ],
)
def test_what_does_not_go_together_is_said_before_a_store_is_made(settings, said, tmp_path):
    with pytest.raises(StudyError, match=said):
        Study(SPACE, store=tmp_path / "runs.db", **settings)

    assert not list(tmp_path.iterdir())


def test_who_comes_second_is_held_to_the_first_ones_terms():
    log = Log(Memory())
    settle(log, terms(), shared=False)

    assert settle(log, terms(), shared=False) == terms()
    with pytest.raises(StudyError, match=r"with seed 5, and now seed is 7.*or another name"):
        settle(log, terms(seed=7), shared=False)


def test_a_scheduler_may_be_another_and_a_space_may_grow():
    log = Log(Memory())
    settle(log, terms(), shared=False)
    wider = Space(x=Float(-3, 9), y=Float(2, 5, default=3.5))

    settle(log, terms(scheduler=scheduler("median"), space=wider), shared=False)

    assert log.history.space.names == ("x", "y")
    assert log.history.opened["seed"] == 5


def test_what_is_not_said_is_as_stored(tmp_path):
    said = {"seed": 5, "sampler": "random", "scheduler": ASHA(eta=4), "store": tmp_path / "runs.db"}
    Study(SPACE, **said).close()

    with Study(SPACE, store=tmp_path / "runs.db") as study:
        assert (study.seed, study.sampler, study.scheduler) == (5, Random(), ASHA(eta=4))
    for word, other in (("seed", 0), ("sampler", "auto")):  # what is said is said
        with pytest.raises(StudyError, match=f"has it with {word}"):
            Study(SPACE, store=tmp_path / "runs.db", **{word: other})


def test_a_scheduler_that_is_not_said_goes_with_the_stored_fidelity(tmp_path):
    said = {"fidelity": ("epochs", 1, 9), "store": tmp_path / "runs.db"}
    Study(SPACE, scheduler="pasha", **said).close()

    with Study(SPACE, **said) as study:
        assert study.scheduler == PASHA()
    with pytest.raises(StudyError, match="has it with fidelity epochs from 1 to 9"):
        Study(SPACE, store=tmp_path / "runs.db")


def test_another_scheduler_is_in_the_log_and_is_the_stored_one_then(tmp_path):
    Study(SPACE, scheduler="median", store=tmp_path / "runs.db").close()
    for _ in range(2):
        Study(SPACE, scheduler=ASHA(eta=4), store=tmp_path / "runs.db").close()

    with Study.open(tmp_path / "runs.db") as study:
        assert study.scheduler == ASHA(eta=4)
        study.report(tmp_path / "report.md")
        kinds = [event.kind for _, event in study._log.store.read()]
    assert kinds == ["opened", "noted"]
    report = (tmp_path / "report.md").read_text()
    assert "ASHA(eta=4)" in report
    assert "ASHA(eta=4); the study began with Median" in report


def test_a_part_of_ones_own_that_is_not_said_has_to_be(tmp_path):
    class Mine:
        def ask(self, space, history, k, rng):
            raise NotImplementedError

    Study(SPACE, sampler=Mine(), store=tmp_path / "runs.db").close()

    with pytest.raises(StudyError, match="Give it again with sampler="):
        Study(SPACE, store=tmp_path / "runs.db")


def test_only_a_log_that_is_kept_says_what_it_was_made_with():
    alone, kept = Log(Memory()), Log(Memory())
    settle(alone, terms(), shared=False)
    settle(kept, terms(), shared=True)

    assert alone.history.opened["about"] == {}
    assert "versions" in kept.history.opened["about"]
