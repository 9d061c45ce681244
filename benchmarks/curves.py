"""How well ends of learning curves are foreseen that were left early.

    python -m benchmarks.curves                 # a minute

Recorded curves (those of `benchmarks.fidelity`) are cut as schedulers cut them; from what is left
`luthier.numerics.curves` foresees the ends, which are known.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import spearmanr

from benchmarks import results
from benchmarks.fidelity import tables
from luthier.numerics.curves import outlook

Array = np.ndarray[Any, Any]
CURVES = (40, 150)
COVER = 0.9
WORDS = """\
Of each table so many curves are drawn and cut: *rungs* ends two thirds of those that came to a
ninth and to a third of the steps, beginning at a 27th, but one in twelve goes to the last rung
whatever it says; *median* ends a curve that is worse than the median of those before it with a
chance of one half at each step from a tenth on. *Power laws* are formulas, a + b/step^c with
another a, b and c for each curve. Of the curves that were cut: *error* is the median distance of
the end from what was foreseen, in standard deviations of all ends (the worst tenth counted as the
ninth); *left as it is* the same if the last loss is taken for the end. *Within* is the share of
ends in the intervals that should hold 90 %. *Rank* is Spearman's correlation of ends with what was
foreseen, over all curves, and *as it is* with last losses. Means over tables, and over seeds."""


def families() -> dict[str, Array]:
    """(n, s) losses by name: the recorded tables, and power laws."""
    made = {name: tables.load(path).losses for name, path in tables.registry().items()}
    rng = np.random.default_rng(0)
    level, height, power = (
        rng.normal(0, 0.3, 300),
        rng.lognormal(0, 0.5, 300),
        rng.uniform(0.5, 1.2, 300),
    )
    steps = np.arange(1, 28)
    return made | {"power laws": level[:, None] + height[:, None] * steps ** -power[:, None]}


def by_rungs(losses: Array, rng: Any) -> Array:
    """(n,) how many steps each curve gets."""
    n, most = losses.shape
    rungs = sorted({max(1, round(most / share)) for share in (27, 9, 3)})
    upto = np.where(rng.random(n) < 1 / 12, rungs[-1], rungs[0])
    for low, high in zip(rungs, [*rungs[1:], most], strict=True):
        here = np.flatnonzero(upto >= low)
        best = here[np.argsort(losses[here, low - 1])][: max(1, len(here) // 3)]
        upto[best] = np.maximum(upto[best], high)
    return np.asarray(upto)


def by_median(losses: Array, rng: Any) -> Array:
    """(n,) how many steps each curve gets."""
    n, most = losses.shape
    upto = np.full(n, most)
    for i in range(5, n):
        worse = losses[i] > np.median(losses[:i], axis=0)
        ends = np.flatnonzero(worse & (rng.random(most) < 0.5))
        ends = ends[(ends + 1 >= max(1, most // 10)) & (ends + 1 < most)]
        upto[i] = ends[0] + 1 if len(ends) else most
    return upto


CUTS = {"rungs": by_rungs, "median": by_median}


def measured(losses: Array, cut: str, n: int, seed: int) -> Array:
    """(5,) error, as by last losses, share within intervals, rank, as by last losses."""
    rng = np.random.default_rng(seed)
    losses = losses[rng.choice(len(losses), n, replace=False)]
    upto, most = CUTS[cut](losses, rng), losses.shape[1]
    owner = np.repeat(np.arange(n), upto)
    step = np.concatenate([np.arange(1, u + 1) for u in upto])
    finals = np.where(upto == most, losses[:, -1], np.nan)
    seen = outlook(owner, step, losses[owner, step - 1], finals, most)
    mean, sd = seen.middle + seen.scale * seen.mean, seen.scale * seen.sd
    ends, last, left = losses[:, -1], losses[np.arange(n), upto - 1], upto < most
    unit = np.std(np.minimum(ends, np.quantile(ends, 0.9))) + 1e-12
    inside = np.abs(mean - ends) <= ndtri(0.5 + COVER / 2) * sd
    return np.array([
        np.median(np.abs(mean - ends)[left]) / unit, np.median(np.abs(last - ends)[left]) / unit,
        inside[left].mean(), spearmanr(mean, ends)[0], spearmanr(last, ends)[0],
    ])  # fmt: skip


def rows(seeds: int) -> Iterator[dict[str, Any]]:
    found = families()
    for cut in CUTS:
        for n in CURVES:
            each = {
                name: np.mean([measured(losses, cut, n, s) for s in range(seeds)], axis=0)
                for name, losses in found.items()
            }
            power = each.pop("power laws")
            for on, value in (
                ("recorded", np.mean(list(each.values()), axis=0)),
                ("power laws", power),
            ):
                print(cut, n, on, np.round(value, 3), flush=True)
                yield {"cut": cut, "curves": n, "on": on, "figures": value.round(4).tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.curves", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=8)
    found = list(rows(parser.parse_args().seeds))
    head = "| cut by | curves | on | error | left as it is | within | rank | as it is |"
    lines = [WORDS, "", head, "| --- | --: | --- | --: | --: | --: | --: | --: |"]
    for r in found:
        error, left, within, *ranks = r["figures"]
        cells = [r["cut"], r["curves"], r["on"], f"{error:.2f}", f"{left:.2f}", f"{within:.0%}"]
        lines.append("| " + " | ".join(map(str, [*cells, *(f"{x:.2f}" for x in ranks)])) + " |")
    around = results.surroundings(["luthier", "numpy", "scipy"])
    results.write("curves", "Ends that are foreseen", "\n".join(lines),
                  {"surroundings": around, "rows": found})  # fmt: skip


if __name__ == "__main__":
    main()
