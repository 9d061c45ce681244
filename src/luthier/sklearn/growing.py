"""Growing: iterations that are not searched, but stop on a part of each fold's training rows.

Of a fold's training rows a share is kept aside, the same for every candidate. The estimator
learns from the others until it no longer gets better on those; the fold's test rows have no say.
Transformers before it are fitted on all of the fold's training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params, _num_samples

from luthier.errors import DataError, SpaceError, StudyError
from luthier.sklearn.growers import Part, grower_of
from luthier.sklearn.wanted import Wanted

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Rows = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

SHARE = 0.1  # scikit-learn's `validation_fraction`


@dataclass(frozen=True)
class Plan:
    """Of a fold's training rows, which to learn from and which to stop by, by position.

    Attributes
    ----------
    most : int or None
        How far to grow; None for what is usual.
    """

    learn: Rows
    aside: Rows
    most: int | None = None


def fit(model: Any, plan: Plan, X: Any, y: Any, params: Mapping[str, Any]) -> int | None:
    """Fit an estimator until it gets no better on the rows aside.

    Returns
    -------
    int or None
        Its best number of iterations; None if it cannot be grown, and was fitted as it is.
    """
    plain, grower = partial(type(model).fit, model), grower_of(model)
    if grower is None:
        plain(X, y, **params)
        return None
    parts = []
    for rows in (plan.learn, plan.aside):
        weight = params.get("sample_weight")
        given = (X, y) if weight is None else (X, y, weight)
        parts.append(Part(*(_safe_indexing(one, rows) for one in given)))
    others = {name: value for name, value in params.items() if name != "sample_weight"}
    others = _check_method_params(X, others, plan.learn)
    name = grower.name(model)
    model.set_params(**{name: plan.most or grower.most}, **grower.off)
    return grower.grow(model, plain, *parts, grower.patience, others)


class Growing:
    """What a search with early stopping keeps: the rows aside, and what is left out of the space.

    Parameters
    ----------
    fitting : Fitting
    share : float
        Of each fold's training rows.

    Raises
    ------
    StudyError
        If the estimator is none that can be stopped early.
    """

    def __init__(self, fitting: Fitting, share: float) -> None:
        self.fitting, self.share = fitting, share
        self.most: int | None = None
        self._plans: dict[bytes, Plan] = {}
        self.prefix, last = _last(fitting.base)
        grower = grower_of(last)
        if grower is None:
            raise StudyError(
                f"early_stopping: {type(last).__name__} with these settings cannot be stopped by "
                "rows kept aside. It works for XGBoost, LightGBM, CatBoost, scikit-learn's "
                "gradient boosting and networks, also as the last step of a pipeline. Leave "
                "early_stopping= out."
            )
        self.grower, self.name = grower, grower.name(last)

    @classmethod
    def of(cls, fitting: Fitting) -> Growing | None:
        """What a search asks for; None if nothing."""
        share = getattr(fitting.search, "early_stopping", False)
        return cls(fitting, SHARE if share is True else float(share)) if share else None

    def wanted(self, wanted: Wanted) -> Wanted:
        """What is to be searched, without the number of iterations.

        Raises
        ------
        SpaceError
            If nothing else is left.
        """
        out = {self.prefix + name for name in (*self.grower.names, *self.grower.off)}
        there = [name for name in wanted.space.names if name in out]
        if not there:
            return wanted
        for name in self.grower.names:
            if self.prefix + name in there:
                self.most = _highest(wanted.space[self.prefix + name])
        if len(there) == len(wanted.space.names):
            raise SpaceError(
                f"early_stopping: the space holds nothing but {', '.join(map(repr, there))}, which "
                "is grown instead of searched. Add a parameter, such as learning_rate."
            )
        first = [{k: v for k, v in point.items() if k not in out} for point in wanted.first]
        distinct = [point for i, point in enumerate(first) if point and point not in first[:i]]
        return replace(wanted, space=wanted.space.without(*there), first=distinct)

    def plan(self, train: Any) -> Plan:
        """Which of a fold's training rows are kept aside."""
        name = np.asarray(train).tobytes()
        if name not in self._plans:
            fitting = self.fitting
            groups = fitting.routed.splitter.split.get("groups")
            learn, aside = apart(
                _safe_indexing(fitting.y, train),
                self.share,
                None if groups is None else np.asarray(groups)[train],
                timed=isinstance(fitting.search._checked_cv_orig, TimeSeriesSplit),
                gap=getattr(fitting.search._checked_cv_orig, "gap", 0),
            )
            self._plans[name] = Plan(learn, aside, self.most)
        return self._plans[name]

    def means(self) -> Array:
        """(candidates,) mean numbers of iterations over the folds that ran; NaN if none did."""
        made = []
        for outcomes in self.fitting.outcomes:
            told = [o.get("iterations") for o in outcomes if o is not None]
            known = [float(number) for number in told if number is not None and number == number]
            made.append(float(np.mean(known)) if known else np.nan)
        return np.array(made)

    def settle(self, estimator: Any, row: int) -> None:
        """Give an estimator that is fitted to all rows the number that its folds found.

        More rows bear more iterations: the mean over K folds, of (K - 1) / K of the rows each, is
        multiplied by K / (K - 1).
        """
        last = _last(estimator)[1]
        grower, number = grower_of(last), self.means()[row]
        if grower is None or np.isnan(number):
            return
        if grower.scales and self.fitting.splits:
            tested = float(np.mean([len(test) for _, test in self.fitting.splits]))
            number *= _num_samples(self.fitting.given[0]) / (_num_samples(self.fitting.X) - tested)
        last.set_params(**{grower.name(last): max(1, round(number))}, **grower.off)


def apart(
    y: Any, share: float, groups: Any = None, *, timed: bool = False, gap: int = 0, seed: int = 0
) -> tuple[Rows, Rows]:
    """Positions to learn from, and positions to keep aside.

    Parameters
    ----------
    y : (n,) or (n, outputs)
        Each part has its share of every class, or of low and high targets.
    share : float
        Of the rows aside, between 0 and 1.
    groups : (n,), optional
        Rows that stay together.
    timed : bool
        Keep the last rows aside; `gap` rows before them are in neither part.

    Raises
    ------
    DataError
        If one of the parts would be empty.
    """
    n = _num_samples(y)
    count = max(1, round(share * n))
    rng = np.random.default_rng([seed, n])
    held = np.zeros(n, dtype=bool)
    if timed:
        held[n - count :] = True
        learn, aside = np.arange(max(0, n - count - gap)), np.flatnonzero(held)
    else:
        if groups is not None:
            held = _whole_groups(np.unique(groups, return_inverse=True)[1], count, rng)
        else:
            flat = np.asarray(y)
            codes = np.unique(flat, return_inverse=True)[1] if flat.ndim == 1 else np.zeros(n)
            order = np.lexsort((rng.random(n), codes))
            held[order[((np.arange(count) + rng.random()) * n / count).astype(int)]] = True
            # A class of which nothing is left cannot be learned.
            held &= np.isin(codes, codes[~held])
        learn, aside = np.flatnonzero(~held), np.flatnonzero(held)
    if not len(learn) or not len(aside):
        raise DataError(
            f"early_stopping: {n} training rows of a fold"
            + ("" if groups is None else f" in {len(np.unique(groups))} groups")
            + f" cannot be parted with {share:g} kept aside. Give another share, or leave "
            "early_stopping= out."
        )
    return learn, aside


def _whole_groups(
    codes: npt.NDArray[Any], count: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Rows of random groups, until there are about `count`; one group is left at least."""
    sizes = np.bincount(codes)
    order = rng.permutation(len(sizes))[:-1]
    total = np.cumsum(sizes[order])
    kept = order[: 1 + int(np.argmin(np.abs(total - count)))] if len(order) else order
    return np.isin(codes, kept)


def _last(estimator: Any) -> tuple[str, Any]:
    """The last step of a pipeline, or the estimator itself, after its prefix."""
    prefix = ""
    while isinstance(estimator, Pipeline) and estimator.steps:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return prefix, estimator


def _highest(parameter: Any) -> int | None:
    """The greatest number that a parameter stands for."""
    if hasattr(parameter, "high"):
        return int(parameter.high)
    options: Sequence[Any] = getattr(parameter, "options", ())
    numbers = [o for o in options if isinstance(o, int | float) and not isinstance(o, bool)]
    return int(max(numbers)) if numbers else None
