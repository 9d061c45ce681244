"""Ablation: what each ingredient of the default sampler earns, told by runs without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any

import numpy as np

from benchmarks.quality import report, running
from benchmarks.quality.rivals import Luthier
from benchmarks.quality.task import Params

TASKS = ",".join([
    "hpobench/vehicle", "hpolib/naval_propulsion", "nasbench201/cifar100", "noisy-hpobench/kc1",
    "cash/glass", "layers/0", "layers/1",
    "bbob/f8-5d", "bbob/f15-5d", "bbob-mixint/f8-5d",
])  # fmt: skip
TRIALS = 40
WORDS = """\
The default sampler without one of its ingredients, less the whole of it: 1,000 times the difference
of the mean normalised regret over {trials} trials, paired by task and seed. Positive means that the
ingredient helps. Intervals hold 95 % of {draws:,} bootstrap samples of tasks and, within tasks, of
seeds; * marks those without 0."""
Swaps = dict[str, Any]


def _twins() -> Swaps:
    return {"luthier.numerics.embedding.ALIKE": 0.0}


def _trend() -> Swaps:
    from luthier.observed import prior

    return {"luthier.samplers.gp.prior":
            lambda measured, trend, noise: prior(measured, trend=False, noise=noise)}  # fmt: skip


def _level() -> Swaps:
    return {"luthier.numerics.embedding.LEVEL": 0.0}


def _warping() -> Swaps:
    from luthier.numerics.warp import standardised

    return {"luthier.observed.normalised": standardised}


def _switches() -> Swaps:
    from luthier.observed import embedding

    return {"luthier.samplers.gp.embedding": lambda space: replace(embedding(space), switches=())}


def _bolder() -> Swaps:
    return {"luthier.samplers.gp.BOLD": (1.5, 1.5)}


def _improvement() -> Swaps:
    from luthier.numerics.acquisition import LowerBound

    return {"luthier.samplers.gp.Improvement": lambda best, uncertainty: LowerBound(1.5)}


def _bounds() -> Swaps:
    from luthier.numerics.acquisition import Improvement

    made: list[Improvement] = []  # of each turn; it is made first

    def improvement(best: float, uncertainty: float) -> Improvement:
        made[:] = [Improvement(best, uncertainty)]
        return made[0]

    return {"luthier.samplers.gp.Improvement": improvement,
            "luthier.samplers.gp.LowerBound": lambda kappa: made[0]}  # fmt: skip


def _noise() -> Swaps:
    return {"luthier.samplers.gp.NOISY": math.exp(-4)}  # where the other start is


def _crowd() -> Swaps:
    return {"luthier.samplers.gp.CROWD": math.inf}


def _centre() -> Swaps:
    from luthier.samplers.start import start

    return {"luthier.samplers.gp.start":
            lambda *given: start(*given)[::-1]}  # the centre last  # fmt: skip


def _usual() -> Swaps:
    return {"luthier.space.Space.usual": property(lambda space: {})}


def _balance() -> Swaps:
    return {"luthier.samplers.start.balanced":
            lambda n, levels, rng: rng.random((n, len(levels)))}  # fmt: skip


def _polish() -> Swaps:
    return {"luthier.samplers.gp.polish": lambda rise, u: u}


def _rarest() -> Swaps:
    return {"luthier.samplers.gp.rarest": lambda space, X, draw: None}


def _elsewhere() -> Swaps:
    return {"luthier.samplers.exhausted.PATIENCE": math.inf}


def _plain() -> Swaps:
    return {"luthier.samplers.start.with_plain": lambda space, head, made, usual: made}


INGREDIENTS: dict[str, tuple[str, Callable[[], Swaps]]] = {
    "warping": ("losses made normal", _warping),
    "trend": ("lines, parabolas and levels", _trend),
    "level": ("a level of the trend's own", _level),
    "twins": ("twins believed to act alike", _twins),
    "switches": ("switches for activity", _switches),
    "noise": ("a noisy start of the fit", _noise),
    "centre": ("the centre before the design", _centre),
    "usual": ("what names usually mean", _usual),
    "balance": ("a balanced design", _balance),
    "turns": ("two bounds rather than one", _bolder),
    "improvement": ("expected improvement in turns", _improvement),
    "bounds": ("bounds in turns", _bounds),
    "polish": ("a climb along gradients", _polish),
    "crowd": ("bolder where trials are running", _crowd),
    "rarest": ("the rarest option, one point in four", _rarest),
    "elsewhere": ("other places where nothing was gained", _elsewhere),
    "plain": ("options that begin with plain numbers", _plain),
}


class Without(Luthier):
    """The default sampler without an ingredient."""

    ingredient: str

    def ask(self) -> tuple[Any, Params]:
        with swapped(INGREDIENTS[self.ingredient][1]()):
            return super().ask()


@contextmanager
def swapped(swaps: Swaps) -> Iterator[None]:
    """Other values for constants and functions of modules, for a while."""
    kept = []
    for path, value in swaps.items():
        name, _, attribute = path.rpartition(".")
        module = resolve_name(name)
        kept.append((module, attribute, getattr(module, attribute)))
        setattr(module, attribute, value)
    try:
        yield
    finally:
        for module, attribute, value in kept:
            setattr(module, attribute, value)


def rivals(flight: int) -> list[str]:
    """What to run; with one trial at a time there is no crowd."""
    return [f"without-{name}" for name in INGREDIENTS if flight > 1 or name != "crowd"]


def table(records: Sequence[running.Record], flight: int, base: str) -> str:
    """One row per ingredient, one column per family of tasks, in Markdown; "" without runs."""
    runs = report.gather(records, flight)
    families = {"all": list(runs.curves)} | {
        title: [t for t in runs.curves if t.partition("/")[0] in suites]
        for title, suites in report.GROUPS.items()
    }
    families = {title: tasks for title, tasks in families.items() if tasks}
    seen = [len(c) for by in runs.curves.values() for seeds in by.values() for c in seeds.values()]
    sizes = {title: len(tasks) for title, tasks in families.items()}
    heads = ["without", *(f"{title} ({n})" for title, n in sizes.items())]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --: |" * len(families)]
    most = 0
    for name, (words, _) in INGREDIENTS.items():
        cells = []
        for tasks in families.values():
            gaps = [gap for task in tasks if len(gap := _gaps(runs.curves[task], name, base))]
            most = max([most, *map(len, gaps)])
            cells.append(_cell(gaps))
        if any(cells):
            lines.append(f"| {words} (`{name}`) | " + " | ".join(cells) + " |")
    if not seen:
        return ""
    lengths = " or ".join(str(n) for n in sorted(set(seen)))
    words = " ".join(WORDS.format(trials=lengths, draws=report.DRAWS).split())
    which = ", ".join(sorted({r["version"] for r in records if r["flight"] == flight}))
    sizes_told = f"In brackets, how many tasks; {most} seeds. Measured of {which}."
    return f"{words} {sizes_told}\n\n" + "\n".join(lines)


def _gaps(by: dict[str, dict[int, report.Array]], name: str, base: str) -> report.Array:
    """What each seed's regret is more by, without the ingredient."""
    less, whole = by.get(f"without-{name}", {}), by.get(base, {})
    return np.array([less[s].mean() - whole[s].mean() for s in sorted({*less} & {*whole})])


def _cell(gaps: Sequence[report.Array]) -> str:
    if not gaps:
        return ""
    mean, (low, high) = np.mean([gap.mean() for gap in gaps]), report.interval(gaps)
    if all((gap == 0).all() for gap in gaps):
        return "0"
    sure = "" if low <= 0 <= high else " *"
    return f"{1e3 * mean:+.1f} [{1e3 * low:+.1f}, {1e3 * high:+.1f}]{sure}"
