"""Splits: which rows train, which rows judge, and which rows nobody sees until the end.

Classes keep their shares, groups stay together, and with a time order nothing is predicted from
later rows.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError
from luthier.models.table import Table

Rows = npt.NDArray[np.int64]
SMALLEST = 10  # rows of training data below which nothing can be said


class Fold(NamedTuple):
    """Positions of the rows that a fold trains on and those it is judged by."""

    train: Rows
    valid: Rows


def holdout(table: Table, share: float, seed: int = 0) -> tuple[Table, Table]:
    """The rows to search with and the rows that no search sees.

    The part kept aside is drawn by class share or by whole groups, or is the latest in time.

    Parameters
    ----------
    share : float
        Of the rows to keep aside, between 0 and 1; of the groups, when there are groups.

    Raises
    ------
    DataError
        If `share` leaves too few rows on either side.
    """
    if not 0 < share < 1:
        raise DataError(
            f"The share of rows to keep aside must lie between 0 and 1, got {share!r}. "
            "Give for example 0.2."
        )
    fold = _one(table, share, seed)
    if len(fold.train) < SMALLEST or len(fold.valid) < 2:
        raise DataError(
            f"{table.name}: {len(table)} rows leave {len(fold.train)} to learn from and "
            f"{len(fold.valid)} to test on. Give more rows, or another share than {share:g}."
        )
    return table.take(fold.train), table.take(fold.valid)


def folds(table: Table, k: int, seed: int = 0) -> tuple[Fold, ...]:
    """`k` folds, or with ``k=1`` a single split that holds a fifth aside.

    Raises
    ------
    DataError
        If there are not enough rows, groups or members of a class for `k` folds.
    """
    if k < 1:
        raise DataError(f"The number of folds must be at least 1, got {k!r}. 5 is usual.")
    if k == 1:
        return (_one(table, 0.2, seed),)
    _enough(table, k)
    from sklearn.model_selection import (
        GroupKFold,
        KFold,
        StratifiedGroupKFold,
        StratifiedKFold,
        TimeSeriesSplit,
    )

    X = np.zeros((len(table), 1))
    order = np.arange(len(table))
    splitter: Any
    if table.time is not None:
        order = np.argsort(table.time, kind="stable")
        splitter = TimeSeriesSplit(k)
    elif table.groups is not None and table.task == "classification":
        splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    elif table.groups is not None:
        splitter = GroupKFold(k)  # by size of the groups, so the seed plays no part
    elif table.task == "classification":
        splitter = StratifiedKFold(k, shuffle=True, random_state=seed)
    else:
        splitter = KFold(k, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on small classes: `rare_classes` words it better
        parts = list(splitter.split(X, table.y, groups=table.groups))
    made = tuple(Fold(order[train], order[valid]) for train, valid in parts)
    _learnable(table, made)
    return made


def join(train: Table, valid: Table) -> tuple[Table, tuple[Fold, ...]]:
    """One table of both, and the single fold that trains on the first and judges by the second."""
    n, m = len(train), len(valid)
    if hasattr(train.X, "iloc"):
        import pandas

        X = pandas.concat([train.X, valid.X], ignore_index=True)
    else:
        X = np.concatenate([train.X, valid.X])
    # Groups and time have done their work: the two parts are given, not drawn.
    both = replace(train, X=X, y=np.concatenate([train.y, valid.y]), groups=None, time=None)
    return both, (Fold(np.arange(n), np.arange(n, n + m)),)


def rare_classes(table: Table, k: int) -> list[str]:
    """One sentence for each class with fewer rows than there are folds."""
    return [
        f"class {label!r} has {count} rows, fewer than the {k} folds, so some folds judge without "
        "it; its scores mean little"
        for label, count in table.class_counts().items()
        if 0 < count < k
    ]


def orders(table: Table, parts: tuple[Fold, ...], seed: int = 0) -> tuple[Rows, ...]:
    """The training rows of each fold, in the order in which a trial that gets more and more gets
    them: every class from the start, and with a time order the latest first."""
    if table.time is not None:
        return tuple(fold.train[::-1] for fold in parts)
    made = []
    for number, fold in enumerate(parts):
        classes = table.y if table.task == "classification" else np.zeros(len(table))
        made.append(fold.train[spread(classes[fold.train], np.random.default_rng([seed, number]))])
    return tuple(made)


def spread(labels: npt.NDArray[Any], rng: np.random.Generator) -> Rows:
    """(n,) an order of rows each beginning of which has about its share of every label.

    One of each label comes first.
    """
    codes = np.unique(labels, return_inverse=True)[1]
    chance = rng.random(len(codes))
    sizes = np.bincount(codes)
    place = np.empty(len(codes))
    order = np.lexsort((chance, codes))
    starts = np.cumsum(sizes) - sizes
    place[order] = (np.arange(len(codes)) - starts[codes[order]]) / sizes[codes[order]]
    return np.lexsort((chance, place))


def _one(table: Table, share: float, seed: int) -> Fold:
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    rows = np.arange(len(table))
    if table.time is not None:
        order = np.argsort(table.time, kind="stable")
        cut = len(table) - max(1, round(share * len(table)))
        return Fold(order[:cut], order[cut:])
    if table.groups is not None:
        splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        train, valid = next(splitter.split(rows, groups=table.groups))
        fold = Fold(train, valid)
        _learnable(table, (fold,))
        return fold
    classes: Any = None
    if table.task == "classification":
        counts = np.bincount(table.y, minlength=len(table.labels))
        # A class with one row cannot stand on both sides; it goes with the largest class.
        lonely = np.isin(table.y, np.flatnonzero(counts < 2))
        classes = np.where(lonely, counts.argmax(), table.y)
        if max(1, round(share * len(table))) < len(np.unique(classes)):
            classes = None
    train, valid = train_test_split(rows, test_size=share, random_state=seed, stratify=classes)
    return Fold(np.sort(train), np.sort(valid))


def _enough(table: Table, k: int) -> None:
    rows = len(table)
    if rows < max(SMALLEST, 2 * k):
        raise DataError(
            f"{table.name}: {rows} rows are too few for {k} folds. "
            f"Give at least {max(SMALLEST, 2 * k)} rows, or fewer folds."
        )
    if table.groups is not None and len(np.unique(table.groups)) < k:
        raise DataError(
            f"{table.name}: {len(np.unique(table.groups))} groups cannot make {k} folds. "
            f"Use --cv {len(np.unique(table.groups))} or less."
        )
    counts = [count for count in table.class_counts().values() if count]
    if counts and sorted(counts)[-2:][0] < k and table.groups is None and table.time is None:
        raise DataError(
            f"{table.name}: but for one class, none of {table.target!r} has as many as {k} rows, "
            f"so {k} folds cannot be made. Use --cv {max(2, sorted(counts)[-2])} or give more rows."
        )


def _learnable(table: Table, parts: tuple[Fold, ...]) -> None:
    if table.task != "classification":
        return
    for number, fold in enumerate(parts, 1):
        if len(np.unique(table.y[fold.train])) < 2:
            raise DataError(
                f"{table.name}: the rows that split {number} trains on have one class only. "
                "Use fewer folds, or rows in which each group or period has both."
            )
