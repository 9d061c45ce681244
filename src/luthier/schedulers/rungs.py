"""Rungs: the steps at which trials are compared, and how they stood there."""

from __future__ import annotations

import math

import numpy as np

from luthier.errors import StudyError
from luthier.history import History
from luthier.parameters import Array, Ints


def ladder(history: History, eta: int, least: int | None = None) -> list[int]:
    """Steps at which trials are compared, each `eta` times the one before, below the whole.

    Without a fidelity nobody knows the whole: the ladder then goes to the highest step that was
    reported.

    Parameters
    ----------
    least : int, optional
        The first of them, by default the fidelity's least.
    """
    fidelity = history.fidelity
    low = fidelity.least if fidelity is not None else 1
    low = low if least is None else max(low, least)
    top = fidelity.most if fidelity is not None else int(history.step.max(initial=0)) + 1
    made: list[int] = []
    step = float(low)
    while step < top:
        if not made or round(step) > made[-1]:
            made.append(round(step))
        step *= eta
    return made


def standing(history: History, step: int) -> Array:
    """(n,) losses of trials at a step: at the first report from there on.

    NaN for those that did not come so far; infinity for a loss that is NaN.
    """
    made = np.full(len(history), np.nan)
    at = np.flatnonzero(history.step >= step)[::-1]
    # Reports of a trial come in the order of its steps: written backwards, the first one stays.
    losses = history.value[at, 0]
    made[history.owner[at]] = np.where(np.isnan(losses), np.inf, losses)
    return made


def reached(history: History) -> Ints:
    """(n,) the highest step that each trial reported, 0 for none."""
    made = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(made, history.owner, history.step)
    return made


def budgets(history: History) -> tuple[int, float]:
    """The least and the most that a trial can be given; the most is infinite where unknown."""
    fidelity = history.fidelity
    return (1, math.inf) if fidelity is None else (fidelity.least, float(fidelity.most))


def check_eta(name: str, eta: int) -> None:
    """Raise a `StudyError` unless `eta` is a whole number of at least 2."""
    if isinstance(eta, bool) or not isinstance(eta, int) or eta < 2:
        raise StudyError(f"{name}: eta must be a whole number >= 2, got {eta!r}.")
