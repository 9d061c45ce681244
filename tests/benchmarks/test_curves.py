"""The benchmark of foreseen ends: how it cuts curves, and what it measures."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def falling(n=54, most=27):
    return np.arange(n)[:, None] + 1 / np.arange(1, most + 1)


def test_rungs_let_the_best_third_go_on_but_for_probes():
    from benchmarks.curves import by_rungs

    upto = by_rungs(falling(), np.random.default_rng(0))

    assert set(upto) <= {1, 3, 9, 27}
    assert (upto[:2] == 27).all()
    assert (upto[18:] == 27).sum() == 0
    assert 0 < (upto[18:] == 9).sum() < 9


def test_the_median_stops_those_behind_it_and_nobody_before_a_tenth():
    from benchmarks.curves import by_median

    upto = by_median(falling()[::-1], np.random.default_rng(0))
    assert (upto == 27).all()  # each is better than all before it

    upto = by_median(falling(), np.random.default_rng(0))
    assert (upto[:6] == 27).sum() >= 5
    assert (upto[6:] < 27).all()
    assert upto.min() >= 2


@pytest.mark.parametrize("cut", ["rungs", "median"])
def test_what_is_measured_of_curves_that_all_fall_alike(cut):
    from benchmarks.curves import measured

    error, left, within, rank, last = measured(falling(), cut, 40, 0)

    assert error < left
    assert within > 0.9
    assert rank == pytest.approx(1)
    assert last == pytest.approx(1)
