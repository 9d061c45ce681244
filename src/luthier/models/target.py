"""The target of a table: which task it sets, and its values as codes of classes or as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError

Task = Literal["classification", "regression"]

FEW = 20  # whole numbers with at most this many values may be classes
PER_CLASS = 10  # and then each class must hold this many rows on average


def target_of(
    name: str, column: Any, task: str | None
) -> tuple[npt.NDArray[Any], tuple[Any, ...], Task, str]:
    """The target as codes or numbers, its classes, the task, and how it was told.

    Parameters
    ----------
    name : str
        Of the table, for messages.
    column : pandas.Series
        Without missing cells.
    task : {"classification", "regression"}, optional
        Told from the target when not given.

    Raises
    ------
    DataError
        If the target has one value only, or does not fit the task.
    """
    numbers = as_numbers(column)
    values = sorted(set(_keys(column)), key=lambda v: (str(type(v)), v))
    if len(values) < 2:
        raise DataError(
            f"{name}: target {column.name!r} has one value only, {values[0]!r}. "
            "There is nothing to learn; choose another column, or a file with both classes."
        )
    found, why = _told(numbers, len(values)) if task is None else (task, "you said so")
    if found == "regression":
        if numbers is None:
            bad = next(v for v in _keys(column) if not _is_number(v))
            raise DataError(
                f"{name}: target {column.name!r} holds {bad!r}, which is no number, so it cannot "
                "be a regression. Use --task classification, or clean the column."
            )
        return numbers, (), "regression", why
    if len(values) > max(FEW, len(column) / 2):
        raise DataError(
            f"{name}: target {column.name!r} has {len(values)} different values in {len(column)} "
            "rows, too many to be classes. Choose another column"
            + (", or use --task regression." if numbers is not None else ".")
        )
    place = {value: code for code, value in enumerate(values)}
    codes = np.array([place[value] for value in _keys(column)], dtype=np.int64)
    return codes, tuple(values), "classification", why


def _told(numbers: npt.NDArray[np.float64] | None, distinct: int) -> tuple[Task, str]:
    if numbers is None:
        return "classification", f"the target holds {distinct} different words"
    if distinct == 2:
        return "classification", "the target has two values"
    whole = bool(np.all(np.mod(numbers[np.isfinite(numbers)], 1) == 0))
    if not whole:
        return "regression", "the target holds numbers with a fraction"
    if distinct <= FEW and len(numbers) >= PER_CLASS * distinct:
        return (
            "classification",
            f"the target holds {distinct} different whole numbers; "
            "use --task regression if their size matters",
        )
    return "regression", f"the target holds {distinct} different whole numbers"


def target_like(
    name: str, column: Any, task: Task, labels: Sequence[Any]
) -> npt.NDArray[np.float64]:
    """The target of another table, with the task and the classes of the first.

    Raises
    ------
    DataError
        If it holds words where numbers are due, or a class that is not among them.
    """
    if task == "regression":
        numbers = as_numbers(column)
        if numbers is None:
            raise DataError(
                f"{name}: target {column.name!r} holds words, but {task} needs numbers. "
                "Give a file whose target is like that of the training data."
            )
        return numbers
    place = {label: code for code, label in enumerate(labels)}
    place |= {str(label): code for code, label in enumerate(labels)}
    codes = [place.get(value, place.get(str(value))) for value in _keys(column)]
    if None in codes:
        unknown = _keys(column)[codes.index(None)]
        raise DataError(
            f"{name}: target {column.name!r} holds the class {unknown!r}, which the training "
            f"data do not have ({', '.join(map(str, labels[:10]))}). Correct the file, or "
            "leave those rows out."
        )
    return np.array(codes, dtype=np.float64)


def as_numbers(column: Any) -> npt.NDArray[np.float64] | None:
    """The cells of a column as numbers; None if one of them is no number.

    Raises
    ------
    DataError
        If they are dates.
    """
    if column.dtype.kind == "M":
        raise DataError(
            f"target {column.name!r} holds dates, which cannot be predicted. "
            "Turn it into a number first, such as days since a start."
        )
    try:
        return np.asarray(column.astype(float), dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _keys(column: Any) -> list[Any]:
    """The target's values as plain Python: whole floats as int, so that 1 and 1.0 are one."""
    kind = column.dtype.kind
    if kind in "bui":
        return list(column.tolist())
    if kind == "f":
        return [int(v) if float(v).is_integer() else float(v) for v in column.tolist()]
    return [as_label(v) for v in column.tolist()]


def as_label(value: Any) -> Any:
    """A class as plain Python: a number, or words without the space around them."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool | int | float):
        return value
    return str(value).strip()
