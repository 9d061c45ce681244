"""Log: what is applied at once, what is stored first, and what happens on a conflict."""

from __future__ import annotations

import pytest

from luthier import Float, Space, Study
from luthier.errors import Conflict

SPACE = Space(x=Float(-3, 9))


def test_two_studies_on_one_file_see_each_other(tmp_path):
    one = Study(SPACE, store=tmp_path / "s.db", sampler="random")
    two = Study(SPACE, store=tmp_path / "s.db", sampler="random")

    a, b, c = one.ask()[0], two.ask()[0], one.ask()[0]
    two.tell(b, 3.0)
    one.tell(a, 2.0)
    one.tell(c, 1.0)
    two.ask()

    assert [a.number, b.number, c.number] == [0, 1, 2]
    assert [r.value for r in two.results] == [2.0, 3.0, 1.0, None]
    alone = Study(SPACE, sampler="random").ask(3)
    assert [t.params for t in (a, b, c)] == [t.params for t in alone]
    one.close()
    two.close()


def test_a_number_that_was_taken_meanwhile_is_given_up_for_the_next(tmp_path):
    one = Study(SPACE, store=tmp_path / "s.db")
    two = Study(SPACE, store=tmp_path / "s.db")
    append, seen = one._log.store.append, []

    def late(events):
        if not seen:
            seen.append(two.ask()[0].number)
        append(events)

    one._log.store.append = late

    assert one.ask()[0].number == 1
    assert seen == [0]
    one.close()
    two.close()


def test_a_trial_that_another_driver_ended_keeps_that_end(tmp_path):
    one = Study(SPACE, store=tmp_path / "s.db")
    two = Study(SPACE, store=tmp_path / "s.db")
    (trial,) = one.ask()
    two._log.sync()
    two.driver.lose(trial.number, "Lost", "taken for dead")
    two.flush()

    one.tell(trial, 5.0)

    assert one[0].state == "LOST"
    assert one.ask()[0].parent == 0
    one.close()
    two.close()


def test_a_store_refuses_a_number_twice(tmp_path):
    study = Study(SPACE, store=tmp_path / "s.db")
    study.ask()

    with pytest.raises(Conflict):
        study._log.store.append([study._log.event("created", 0, {"draw": 0, "params": {}})])
    study.close()
