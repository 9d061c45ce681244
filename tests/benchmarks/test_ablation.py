"""The ablation takes out what it names, puts it back, and counts in the right direction."""

from pathlib import Path

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space

ROOT = Path(__file__).parents[2]
SPACE = Space(
    model=Choice("u", "v", "w"),
    layers=Int(1, 2),
    rate=Float(-3.0, 9.0, when={"model": "v"}),
    decay=Float(-7.0, 4.0, when={"model": "w"}),
    units_1=Float(2.0, 5.0),
    units_2=Float(2.0, 5.0, when={"layers": [2]}),
)


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def loss(params):
    level = {"u": -0.5, "v": -1.0, "w": 2.0}[params["model"]] - 0.1 * params["layers"]
    return level + (params["units_1"] - 2.7) ** 2 + 0.01 * abs(params.get("rate", 3.0) - 5.5)


WIDE = Space({f"weight_{chr(97 + j)}": Float(0.0, 1.0) for j in range(21)})


def flat(params):
    return 1.0 + (max(params.values()) < 0.9)  # after the start nothing is gained


def tried(name, trials=24, space=SPACE, loss=loss):
    from benchmarks.quality.rivals import rival

    found = rival(name)(space, 3, trials, 2)
    found.ask()  # one trial stays on its way
    made = []
    for _ in range(trials):
        token, params = found.ask()
        found.tell(token, loss(params))
        made.append(params)
    return made


@pytest.mark.slow
def test_without_an_ingredient_other_points_are_tried():
    from benchmarks.quality.ablation import rivals

    whole = tried("luthier-auto")
    same = [name for name in rivals(flight=2) if tried(name) == whole]

    # Here the quiet start is the better one every time, names say nothing, and no place is left: it
    # takes more parameters than these.
    assert same == ["without-noise", "without-usual", "without-elsewhere"]
    wide = {"space": WIDE, "loss": flat}
    assert tried("without-elsewhere", **wide) != tried("luthier-auto", **wide)
    named = {"space": Space(lr=Float(1e-4, 7, log=True), units=Int(2, 300)), "loss": len}
    assert tried("without-usual", **named) != tried("luthier-auto", **named)


def test_every_ingredient_is_there_and_put_back():
    from benchmarks.quality.ablation import INGREDIENTS, swapped

    from luthier.samplers import gp

    before = vars(gp).copy()
    for _, swaps in INGREDIENTS.values():
        with pytest.raises(KeyError), swapped(swaps()):
            raise KeyError

    assert vars(gp) == before


def test_a_positive_difference_says_that_the_ingredient_helps():
    from benchmarks.quality.ablation import table

    rng = np.random.default_rng(1)
    run = {"task": "wide/valley-50", "trials": 30, "flight": 1, "thinking": 0.5, "version": "x 1"}
    drawn = rng.uniform(50.0, 90.0, 30).tolist()
    shown = table(
        [
            {**run, "rival": "random", "seed": 0, "values": drawn},
            {**run, "rival": "luthier-auto", "seed": 0, "values": [0.0] * 30},
            {**run, "rival": "without-trend", "seed": 0, "values": [7.0] * 30},
        ],
        1,
        "luthier-auto",
    )

    gap = 1e3 * 7.0 / np.median(drawn)  # the optimum is 0
    assert f"(`trend`) | {gap:+.1f} [{gap:+.1f}, {gap:+.1f}] * |" in shown
    assert table([], 1, "luthier-auto") == ""
