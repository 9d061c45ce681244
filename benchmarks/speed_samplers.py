"""What proposals cost, as ratios to Optuna's samplers of the same kind, in turns in the same run.

    pip install '.[bench]'
    python -m benchmarks.speed_samplers           # a quarter of an hour or so
    python -m benchmarks.speed_samplers --long    # also a study of 10,000 trials

A study is filled with random trials, asked once, and then timed for some turns of ask and tell.
Where nothing else is said, times are CPU seconds of the process, on one thread.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded

import importlib.util  # noqa: E402
import math  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import optuna  # noqa: E402

from benchmarks.results import surroundings, write  # noqa: E402
from benchmarks.speed import Timed, compared, in_turns, table  # noqa: E402
from luthier import Choice, Float, Int, Space, Study  # noqa: E402

Params = dict[str, Any]

SPACE = Space(
    rate=Float(1e-5, 1e-1, log=True), momentum=Float(0.5, 0.99), dropout=Float(0.0, 0.7),
    decay=Float(1e-8, 1e-2, log=True), layers=Int(1, 8), units=Int(16, 1024, log=True),
    batch=Int(8, 512, log=True), kind=Choice("adam", "sgd", "rmsprop"),
    activation=Choice("relu", "tanh", "gelu", "silu"), norm=Choice("batch", "layer", "none"),
)  # fmt: skip
WANTED = {
    name: optuna.distributions.CategoricalDistribution(p.options)
    if isinstance(p, Choice)
    else (
        optuna.distributions.IntDistribution
        if isinstance(p, Int)
        else optuna.distributions.FloatDistribution
    )(p.low, p.high, log=p.log)
    for name, p in SPACE.items()
}


def loss(params: Params) -> float:
    """A bowl with a minimum inside, and a step for each option."""
    made = (math.log10(params["rate"]) + 2.7) ** 2 + (params["momentum"] - 0.83) ** 2
    made += params["dropout"] ** 2 + (math.log10(params["decay"]) + 5) ** 2 / 10
    made += (params["layers"] - 5) ** 2 / 20 + (math.log2(params["units"]) - 8) ** 2 / 10
    made += (math.log2(params["batch"]) - 5) ** 2 / 10
    return made + len(params["kind"]) / 9 + len(params["activation"]) / 9 + len(params["norm"]) / 9


# -- one proposal, after n trials ------------------------------------------------------------------


def proposals(n: int, count: int, ours: str, theirs: Callable[[], Any]) -> tuple[Timed, Timed]:
    """`count` turns of ask and tell, after n trials that were drawn at random."""
    drawn = SPACE.decode(SPACE.sample(n, np.random.default_rng(1)))

    def luthier() -> float:
        study = Study(SPACE, sampler=ours, seed=1)
        for params in drawn:
            study.enqueue(params, again=True)
            (trial,) = study.ask()
            study.tell(trial, loss(trial.params))

        def turn() -> None:
            (trial,) = study.ask()
            study.tell(trial, loss(trial.params))

        return timed(turn, count)

    def other() -> float:
        study = optuna.create_study(sampler=theirs())
        study.add_trials(
            [optuna.create_trial(params=p, distributions=WANTED, value=loss(p)) for p in drawn]
        )

        def turn() -> None:
            trial = study.ask(WANTED)
            study.tell(trial, loss(trial.params))

        return timed(turn, count)

    return luthier, other


def timed(turn: Callable[[], None], count: int) -> float:
    """CPU seconds of so many turns, after one that reads what was there."""
    turn()
    began = time.process_time()
    for _ in range(count):
        turn()
    return time.process_time() - began


# -- a whole study ---------------------------------------------------------------------------------


def whole(n: int, clock: Callable[[], float]) -> tuple[Timed, Timed]:
    """A study of n trials by the default samplers, with an objective that costs nothing."""

    def luthier() -> float:
        began = clock()
        study = Study(SPACE, seed=1)
        for _ in range(n):
            (trial,) = study.ask()
            study.tell(trial, loss(trial.params))
        return clock() - began

    return luthier, lambda: theirs(n, clock)[0]


def theirs(n: int, clock: Callable[[], float], most: float = math.inf) -> tuple[float, int]:
    """Seconds of Optuna's study of n trials, and how many there are when `most` are over."""
    began = clock()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    for done in range(n):
        if clock() - began > most:
            return clock() - began, done
        trial = study.ask(WANTED)
        study.tell(trial, loss(trial.params))
    return clock() - began, n


INTRO = (
    f"{len(SPACE)} mixed parameters: four `Float`, three `Int`, three `Choice`. CPU time on one "
    "thread, where nothing else is said; for many proposals, the time of one. Medians over repeats "
    "in turns. The ratio is that of the two times within a turn (median, and its range): how many "
    "times faster luthier is."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--long", action="store_true", help="also a study of 10,000 trials, once")
    given = parser.parse_args()
    shrink, repeats = (50, 1) if given.quick else (1, given.repeats)
    warnings.simplefilter("ignore")  # of experimental features
    rows = []

    def row(what: str, count: int, programs: Any, first: Any, times: int = repeats) -> None:
        taken = in_turns(times, *programs, first=first)
        rows.append(compared(what, ">= 1", count, taken, "optuna"))

    def tpe() -> Any:
        return optuna.samplers.TPESampler(seed=1)

    def process() -> Any:
        return optuna.samplers.GPSampler(seed=1)

    for n in (1_000, 10_000):
        n, count = max(n // shrink, 20), 20 if not given.quick else 3
        what = f"ask + tell, `tpe` and Optuna's TPESampler, after {n:,} trials"
        row(what, count, proposals(n, count, "tpe", tpe), proposals(20, 2, "tpe", tpe))
    if importlib.util.find_spec("torch"):
        for n in (100, 300):
            n, count = max(n // shrink, 20), 10 if not given.quick else 2
            what = f"ask + tell, `gp` and Optuna's GPSampler, after {n:,} trials"
            row(what, count, proposals(n, count, "gp", process), proposals(20, 2, "gp", process))
    else:
        print("Optuna's GPSampler needs torch, which is not installed: left out.")
    n = 1_000 // shrink
    what = f"a study of {n:,} trials, the defaults of both"
    row(what, n, whole(n, time.process_time), whole(20, time.process_time), min(repeats, 3))
    if given.long:
        n, enough = 10_000 // shrink, 6
        ours = whole(n, time.process_time)[0]()
        taken, done = theirs(n, time.process_time, enough * ours)
        what = f"a study of {n:,} trials, the defaults of both; Optuna's "
        what += "to its end" if done == n else f"given up after {done:,}"
        rows.append(compared(what, ">= 5", n, [[ours], [taken]], "optuna"))
    if not given.quick:
        around = surroundings(["luthier", "numpy", "scipy", "optuna"])
        write("speed-samplers", "Speed of samplers", table(rows, INTRO),
              {"surroundings": around, "rows": rows})  # fmt: skip


if __name__ == "__main__":
    main()
