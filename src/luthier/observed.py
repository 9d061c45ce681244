"""What a Gaussian process is told: how a space is measured, and how its trials ended."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from luthier.history import History
from luthier.numerics.curves import Outlook, outlook
from luthier.numerics.embedding import Embedding
from luthier.numerics.gaussian import Prior
from luthier.numerics.losses import UNREPORTED, paired, with_failures
from luthier.numerics.noise import repeats, standard_error
from luthier.numerics.warp import normalised, standardised
from luthier.parameters import Array, Choice, Parameter
from luthier.space import Mask, Space


def kind(p: Parameter) -> tuple[Any, ...]:
    """What two parameters of one kind have in common."""
    if isinstance(p, Choice):
        return p.ordered, p.labels
    return type(p), p.low, p.high, p.log, p.step


def options(p: Parameter) -> int:
    """Options of an unordered choice; 0 for what has an order, -1 for a single value."""
    if p.cells == 1:
        return -1
    return int(p.cells) if isinstance(p, Choice) and not p.ordered else 0


def branching(space: Space) -> list[int]:
    """Columns of choices without order on which parameters depend, and that depend on none.

    A number, such as how many layers there are, is searched as well without care for each value.
    """
    parents = {parent for _, p in space.items() for parent in p.when or ()}
    return [
        j
        for j, (name, p) in enumerate(space.items())
        if name in parents and options(p) > 0 and not p.when
    ]


def embedding(space: Space) -> Embedding:
    """How rows of a space are measured: choices by Hamming distance, the rest along a line.

    Parameters whose names differ in digits only, and whose values do not differ, are twins.
    """
    levels = {name: options(p) for name, p in space.items()}
    switches: dict[Any, int] = {}
    for j, (_, p) in enumerate(space.items()):
        # A choice that switches it tells already, by its own distance.
        if p.when and any(levels[parent] <= 0 for parent in p.when):
            switches.setdefault(tuple(p.when.items()), j)
    twins: dict[Any, list[int]] = {}
    for j, (name, p) in enumerate(space.items()):
        if levels[name] >= 0:
            twins.setdefault((re.sub(r"\d+", "", name), kind(p)), []).append(j)
    alike = tuple(tuple(columns) for columns in twins.values() if len(columns) > 1)
    return Embedding(tuple(levels.values()), tuple(switches.values()), alike)


def prior(measured: Embedding, *, trend: bool, noise: float = math.nan) -> Prior:
    """What is expected of hyperparameters before anything is seen.

    The median length is a third of the range up to 8 parameters, longer for more; one change of
    a choice leaves a correlation of 0.5. The noise that folds tell of is believed to a factor of
    about 2, as the folds of one split have some of it in common.
    """
    p, rest = len(measured.numeric), measured.blocks - len(measured.numeric)
    d = max(1, p + len(measured.choices))
    many = min(max(math.log(d / 20) / math.log(3), 0.0), 1.0)  # 0 to 20 parameters, 1 from 60
    length = (1 - many) * (-1.10 + 0.5 * math.log(max(1, d / 8)))
    length += many * (math.sqrt(2) - 3 + 0.5 * math.log(d))  # Hvarfner, Hellsten and Nardi (2024)
    bent = math.log(0.5 if trend else 1e-8)
    mean = np.array([length] * p + [0.0] * rest + [0.0, bent, -4.0])
    sd = np.array([0.71 + 0.29 * many] * p + [0.71] * rest + [1.0, 1.0, 1.0])
    low = np.log([0.025] * (p + rest) + [0.05, 1e-3, 1e-6])
    high = np.log([50.0] * (p + rest) + [20.0, 20.0, 1.0])
    if not math.isnan(noise):
        mean[-1], sd[-1] = math.log(min(max(noise, 1e-6), 1.0)), 0.7
    if not trend:
        low[-2] = high[-2] = bent
    return Prior(mean, sd, low, high)


# -- what was seen ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Seen:
    """Trials that ended.

    Parameters
    ----------
    X : (n, d)
    y : (n,)
        Losses; those of stopped trials are foreseen, those of failed ones and of those that break a
        constraint NaN.
    warp : bool
        Make losses look normal.
    error : float
        Standard error of each loss, from the folds that trials reported; NaN where unknown.
    spread : (n,), optional
        Standard deviation of losses that are foreseen, 0 for those that were seen.
    """

    X: Array
    y: Array
    warp: bool
    error: float = math.nan
    spread: Array | None = None

    @classmethod
    def of(cls, history: History, *, warp: bool, bounded: bool = True, objective: int = 0) -> Seen:
        """What a history tells of one objective; with `bounded`, breaking a constraint is as bad as
        failing."""
        done, stopped, failed = history.done, history.stopped, history.failed
        y, value = history.Y[:, objective].copy(), history.value[:, objective]
        spread = None
        if stopped.any():
            ends, sd = _expected_ends(history, np.flatnonzero(stopped), objective)
            y[stopped] = ends
            spread = np.zeros(len(y))
            spread[stopped] = sd
        rows = done | stopped | failed
        if spread is not None:
            spread = spread[rows]
        kept = history.feasible | ~done if bounded else True
        y = np.where(np.isfinite(y) & kept, y, np.nan)
        losses = np.where(done, y, np.nan)
        error = standard_error(history.owner, history.step, value, losses)
        return cls(np.asarray(history.X[rows]), y[rows], warp, error, spread)

    def __len__(self) -> int:
        return len(self.y)

    def before(self, n: int) -> Seen:
        """The first n of them."""
        spread = None if self.spread is None else self.spread[:n]
        return Seen(self.X[:n], self.y[:n], self.warp, self.error, spread)

    @cached_property
    def standard(self) -> Array:
        """(n,) losses with mean 0 and standard deviation 1, of the failed ones too."""
        failed = np.isnan(self.y)
        y = np.zeros(len(self))
        y[~failed] = (normalised if self.warp else standardised)(self.y[~failed])
        return with_failures(y, failed)

    @cached_property
    def noise(self) -> float:
        """The variance of `standard` that folds tell of, near the best; NaN where unknown."""
        known = np.flatnonzero(~np.isnan(self.y))
        if math.isnan(self.error) or len(known) < 3:
            return math.nan
        y, at = np.unique(self.y[known], return_index=True)
        z = self.standard[known][at]
        good = y[: max(2, len(y) // 2)]
        low, high = np.interp(good - self.error, y, z), np.interp(good + self.error, y, z)
        return float(np.median((high - low) / 2) ** 2)

    @cached_property
    def extra(self) -> Array:
        """(n,) variances of `standard` for being foreseen only."""
        made = np.zeros(len(self))
        known = np.flatnonzero(~np.isnan(self.y))
        if self.spread is None or len(known) < 2:
            return made
        y, at = np.unique(self.y[known], return_index=True)
        z = self.standard[known][at]
        told = known[self.spread[known] > 0]
        low = _along(self.y[told] - self.spread[told], y, z)
        high = _along(self.y[told] + self.spread[told], y, z)
        made[told] = ((high - low) / 2) ** 2
        return made

    def restored(self, z: Array) -> Array:
        """Losses that `standard` would turn into `z`, from its ends at most."""
        known = ~np.isnan(self.y)
        order = np.argsort(self.y[known], kind="stable")
        return np.asarray(np.interp(z, self.standard[known][order], self.y[known][order]))

    def chosen(self, F: Array, most: int) -> Mask:
        """Which to keep where there are too many: half for being good, a quarter for lying near
        the best, and the rest evenly over time."""
        kept = np.zeros(len(self), dtype=bool)
        if len(self) <= most:
            return ~kept
        order = np.argsort(self.standard, kind="stable")
        kept[order[: most // 2]] = True
        far = ((F - F[order[0]]) ** 2).sum(axis=1)
        far[kept] = np.inf
        kept[np.argsort(far, kind="stable")[: most // 4]] = True
        others = np.flatnonzero(~kept)
        kept[others[np.linspace(0, len(others) - 1, most - kept.sum()).astype(int)]] = True
        return kept


def together(each: Sequence[Seen]) -> Seen:
    """What was seen of several objectives as if of one, by the mean of the ranks of losses."""
    if len(each) == 1:
        return each[0]
    ranks = [np.argsort(np.argsort(seen.standard, kind="stable"), kind="stable") for seen in each]
    return Seen(each[0].X, np.mean(ranks, axis=0), warp=False)


def _along(at: Array, y: Array, z: Array) -> Array:
    """Interpolated in `y`, and beyond its ends on the straight line through them."""
    made = np.interp(at, y, z)
    slope = (z[-1] - z[0]) / (y[-1] - y[0]) if y[-1] > y[0] else 0.0
    return np.asarray(made + slope * (np.minimum(at - y[0], 0) + np.maximum(at - y[-1], 0)))


def _expected_ends(history: History, rows: Any, objective: int) -> tuple[Array, Array]:
    losses = np.where(history.done, history.Y[:, objective], np.nan)
    finals, value = losses[history.done], history.value[:, objective]
    folded = repeats(history.owner, value, losses)
    if 2 * folded.sum() > len(finals) > 0:
        ends = paired(history.owner, history.step, value, losses, folded, rows)
        if np.isfinite(ends).all():
            return ends, np.zeros(len(rows))
    view = outlook_of(history, objective)
    mean = view.middle + view.scale * view.mean[rows]
    if len(finals):
        mean = np.where(np.isnan(mean), np.quantile(finals, UNREPORTED), mean)
    return mean, np.where(np.isnan(view.sd[rows]), 0.0, view.scale * view.sd[rows])


def outlook_of(history: History, objective: int = 0) -> Outlook:
    """How trials will end by their reports; `history` is merged."""
    most = math.inf if history.fidelity is None else float(history.fidelity.most)
    finals = np.where(history.done, history.Y[:, objective], np.nan)
    return outlook(history.owner, history.step, history.value[:, objective], finals, most)
