"""Trials as tables."""

from __future__ import annotations

from luthier import Choice, Float, Space, Study
from luthier.results import table


def test_names_that_clash_get_a_prefix_and_nothing_is_dropped():
    space = Space(loss=Float(1, 3), seconds=Float(5, 7), f=Choice(abs, max))
    study = Study(space, maximize="gain", sampler="random")

    study.run(lambda t: {"gain": 2.0, "loss": 9, "number": t.note(f="noted")}, trials=3)

    made = table(study.history)
    assert made["gain"] == [2.0] * 3
    assert all(1 <= x <= 3 for x in made["loss"])
    assert made["metric_loss"] == [9] * 3
    assert all(5 <= x <= 7 for x in made["param_seconds"])
    assert set(made["f"]) <= {"abs", "max"}
    assert made["fact_f"] == ["noted"] * 3
    assert made["metric_number"] == [None] * 3
    assert len({len(column) for column in made.values()}) == 1


def test_missing_cells_are_none():
    study = Study(Space(k=Choice("a", "b"), x=Float(1, 3, when={"k": "b"})), sampler="random")
    study.run(lambda t: 1 / (t.number - 2), trials=6)

    made = table(study.history)
    assert made["loss"][2] is None
    assert made["error"][2].startswith("ZeroDivisionError")
    assert all((x is None) == (k == "a") for k, x in zip(made["k"], made["x"], strict=True))
