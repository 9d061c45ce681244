"""A table to learn from: features, target, and what each column is.

Reading a table decides everything that needs no learning: which task it is, which columns are
numbers, categories, text or dates, which are useless and dropped. Whatever is learned from the
rows (medians, scales, levels, words) is learned later, inside the folds.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from luthier.errors import DataError, nearest
from luthier.models.columns import Seen, as_kind, look
from luthier.models.files import read_frame
from luthier.models.target import Task, as_label, as_numbers, target_like, target_of

Kind = Literal["number", "category", "text", "date"]


@dataclass(frozen=True)
class Table:
    """Features and target, ready to be split into folds.

    Attributes
    ----------
    X : (n, p)
        A pandas frame whose columns are float (numbers), datetime64 (dates) or str
        (categories and text), or a plain float array when every column is a number.
    y : (n,)
        For classification the position of each row's class in `labels`, int64; for
        regression the target, float64.
    kinds : dict
        Column name to "number", "category", "text" or "date", in the order of `X`.
    labels : tuple
        The classes, sorted, as plain Python values; empty for regression.
    why : str
        How the task was told, in words.
    dropped : dict
        Column name to the reason why it is not used.
    groups : (n,), optional
        Number of each row's group; rows of one group never stand on both sides of a split.
    time : (n,), optional
        Sort key of each row; no row is predicted from later ones.
    notes, warnings : tuple of str
        What was done to the data, and what the user should look at.
    fingerprint : dict
        ``sha256`` of the file's content, ``rows``, ``columns``, ``missing`` (cells of `X`).
    """

    X: Any
    y: npt.NDArray[Any]
    task: Task
    target: str
    kinds: Mapping[str, Kind]
    labels: tuple[Any, ...] = ()
    why: str = ""
    name: str = "data"
    dropped: Mapping[str, str] = field(default_factory=dict)
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    formats: Mapping[str, Any] = field(default_factory=dict)
    used: Mapping[str, str] = field(default_factory=dict)  # "group", "time" -> column

    def __len__(self) -> int:
        return len(self.y)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        return tuple(self.kinds)

    def of(self, kind: Kind) -> list[str]:
        """The names of the columns of one kind, in order."""
        return [name for name, found in self.kinds.items() if found == kind]

    def take(self, rows: Sequence[int] | npt.NDArray[Any]) -> Table:
        """The table with only these rows, by position."""
        return replace(
            self,
            X=rows_of(self.X, rows),
            y=self.y[rows],
            groups=None if self.groups is None else self.groups[rows],
            time=None if self.time is None else self.time[rows],
        )

    def class_counts(self) -> dict[Any, int]:
        """How many rows each class has; empty for regression."""
        return {label: int(np.sum(self.y == code)) for code, label in enumerate(self.labels)}


def rows_of(X: Any, rows: Any) -> Any:
    """Rows of a frame or an array, by position."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def read_table(
    path: str | Path,
    target: str,
    *,
    task: str | None = None,
    group: str | None = None,
    time_column: str | None = None,
    drop: Sequence[str] = (),
) -> Table:
    """The table in a CSV, TSV or Parquet file, compressed or not.

    Rows without a target are dropped, infinite values count as missing, and columns that
    cannot help (constants, row numbers, names that are different in every row) are left out;
    `notes` and `dropped` say so.

    Parameters
    ----------
    target : str
        The column to predict.
    task : {"classification", "regression"}, optional
        Told from the target when not given.
    group : str, optional
        Column whose equal values belong together; not used as a feature.
    time_column : str, optional
        Column that orders the rows, numbers or dates. A date's parts remain features.
    drop : sequence of str
        Columns to leave out.

    Raises
    ------
    DataError
        If the file cannot be read, a column is not there, the target has no two different
        values, or nothing is left to learn from.
    MissingExtra
        If pandas is not installed.
    """
    if task not in (None, "classification", "regression"):
        raise DataError(
            f"task={task!r} is unknown. Give 'classification' or 'regression', or leave it out."
        )
    if group is not None and time_column is not None:
        raise DataError(
            f"group={group!r} and time_column={time_column!r} cannot be honoured together. "
            "Give one: rows of a group stay together, or rows are ordered in time."
        )
    frame, digest = read_frame(path)
    name = Path(path).name
    for role, column in (("target", target), ("group", group), ("time column", time_column)):
        _there(name, list(frame.columns), role, column)
    for column in drop:
        _there(name, list(frame.columns), "column to drop", column)
        if column in (target, group, time_column):
            raise DataError(f"{name}: column {column!r} is needed, so it cannot be dropped too.")
    notes: list[str] = []
    frame = _rows_with_target(name, frame, target, notes)
    y, labels, found, why = target_of(name, frame[target], task)
    if found == "regression" and not np.isfinite(y).all():
        infinite = int(np.sum(~np.isfinite(y)))
        notes.append(f"{infinite} rows whose target is not finite were left out")
        frame, y = frame[np.isfinite(y)].reset_index(drop=True), y[np.isfinite(y)]
        if not len(y) or np.ptp(y) == 0:
            raise DataError(
                f"{name}: target {target!r} has no two different finite values. "
                "There is nothing to learn; choose another column."
            )
    features = [c for c in frame.columns if c not in {target, group, time_column, *drop}]
    if time_column is not None and look(frame[time_column], time_column).kind == "date":
        features = [c for c in frame.columns if c not in {target, *drop}]
    seen = {column: look(frame[column], column) for column in features}
    kept = {column: as_kind(frame[column], s) for column, s in seen.items() if s.kind}
    dropped = dict.fromkeys(drop, "as you asked")
    dropped |= {column: s.why for column, s in seen.items() if not s.kind}
    notes += [f"column {column!r}: {s.note}" for column, s in seen.items() if s.kind and s.note]
    if not kept:
        reasons = "; ".join(f"{column}: {why_not}" for column, why_not in dropped.items())
        raise DataError(
            f"{name}: no column is left to predict {target!r} from ({reasons or 'only the target'})"
            ". Give a file with features."
        )
    X = type(frame)(kept)
    used = {"group": group, "time": time_column}
    table = Table(
        X=X,
        y=y,
        task=found,
        target=target,
        kinds={column: s.kind for column, s in seen.items() if s.kind},
        labels=labels,
        why=why,
        name=name,
        dropped=dropped,
        groups=None if group is None else _groups(name, frame[group]),
        time=None if time_column is None else _time(name, frame[time_column]),
        notes=tuple(notes),
        fingerprint=_fingerprint(digest, X, seen),
        formats={column: s for column, s in seen.items() if s.kind},
        used={role: column for role, column in used.items() if column is not None},
    )
    return replace(table, warnings=tuple(_leaks(table)))


def read_like(path: str | Path, table: Table) -> Table:
    """Another file with the columns of `table`: a test or validation file.

    Columns are read as the kinds they have in `table`; further columns are ignored.

    Raises
    ------
    DataError
        If a column is missing or the target holds a class that `table` does not know.
    """
    frame, digest = read_frame(path)
    name = Path(path).name
    _there(name, list(frame.columns), "target", table.target)
    for column in (*table.columns, *table.used.values()):
        _there(name, list(frame.columns), "column", column)
    notes: list[str] = []
    frame = _rows_with_target(name, frame, table.target, notes)
    y = target_like(name, frame[table.target], table.task, table.labels)
    keep = np.isfinite(y)
    frame, y = frame[keep].reset_index(drop=True), y[keep]
    if table.task == "classification":
        y = y.astype(np.int64)
    X = type(frame)({c: as_kind(frame[c], table.formats[c]) for c in table.columns})
    group, time = table.used.get("group"), table.used.get("time")
    return replace(
        table,
        X=X,
        y=y,
        name=name,
        groups=None if group is None else _groups(name, frame[group]),
        time=None if time is None else _time(name, frame[time]),
        notes=tuple(notes),
        warnings=(),
        fingerprint=_fingerprint(digest, X, table.formats),
    )


def features_of(frame: Any, table_kinds: Mapping[str, Kind], formats: Mapping[str, Any]) -> Any:
    """The features of new rows, as the kinds they had in training.

    Raises
    ------
    DataError
        If a column is missing.
    """
    for column in table_kinds:
        _there("the new rows", [str(c) for c in frame.columns], "column", column)
    return type(frame)({c: as_kind(frame[c], formats[c]) for c in table_kinds})


BUNDLED = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def bundled(name: str) -> Table:
    """A data set that comes inside scikit-learn; needs neither a network nor pandas.

    Raises
    ------
    DataError
        If `name` is not one of `BUNDLED`.
    """
    if name not in BUNDLED:
        raise DataError(
            f"There is no bundled data set {name!r}.{nearest(name, BUNDLED)} "
            f"Choose one of {', '.join(BUNDLED)}."
        )
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    X = np.ascontiguousarray(data.data, dtype=np.float64)
    regression = name == "diabetes"
    labels = () if regression else tuple(as_label(label) for label in data.target_names)
    y = data.target.astype(np.float64 if regression else np.int64)
    columns = [str(column) for column in data.feature_names]
    digest = hashlib.sha256(X.tobytes() + y.tobytes()).hexdigest()
    return Table(
        X=X,
        y=y,
        task="regression" if regression else "classification",
        target="target",
        kinds=dict.fromkeys(columns, "number"),
        labels=labels,
        why=f"the bundled data set {name!r} is made for it",
        name=name,
        fingerprint={"sha256": digest, "rows": len(y), "columns": len(columns), "missing": 0},
    )


def _there(name: str, columns: list[str], role: str, column: str | None) -> None:
    if column is None or column in columns:
        return
    shown = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
    lowered = {c.lower().strip(): c for c in columns}
    hint = lowered.get(column.lower().strip())
    close = f" Did you mean {hint!r}?" if hint else nearest(column, columns)
    raise DataError(f"{name}: there is no {role} {column!r}.{close} The columns are: {shown}.")


def _rows_with_target(name: str, frame: Any, target: str, notes: list[str]) -> Any:
    present = frame[target].notna()
    if not present.any():
        raise DataError(
            f"{name}: target {target!r} is missing in all {len(frame)} rows. Choose another column."
        )
    absent = int((~present).sum())
    if absent:
        notes.append(f"{absent} of {len(frame)} rows have no {target!r} and were left out")
        frame = frame[present].reset_index(drop=True)
    return frame


def _groups(name: str, column: Any) -> npt.NDArray[np.int64]:
    if column.isna().any():
        raise DataError(
            f"{name}: group column {column.name!r} is missing in {int(column.isna().sum())} rows. "
            "Fill it in, or leave those rows out."
        )
    codes = np.unique(column.astype(str).to_numpy(dtype=object), return_inverse=True)[1]
    if codes.max() == 0:
        raise DataError(
            f"{name}: group column {column.name!r} has a single value, so nothing could be split. "
            "Choose another column, or drop --group."
        )
    return np.asarray(codes, dtype=np.int64)


def _time(name: str, column: Any) -> npt.NDArray[Any]:
    seen = look(column, str(column.name))
    if column.isna().any():
        raise DataError(
            f"{name}: time column {column.name!r} is missing in {int(column.isna().sum())} rows. "
            "Fill it in, or leave those rows out."
        )
    if seen.kind == "date":
        stamps: npt.NDArray[Any] = as_kind(column, seen).to_numpy().astype("datetime64[ns]")
        return stamps.astype(np.int64)
    numbers = as_numbers(column)
    if numbers is None:
        raise DataError(
            f"{name}: time column {column.name!r} holds {column.iloc[0]!r}, which is neither a "
            "number nor a date that can be read. Write dates as 2024-12-31."
        )
    return numbers


def _fingerprint(digest: str, X: Any, seen: Mapping[str, Seen]) -> dict[str, Any]:
    rows, columns = X.shape
    return {"sha256": digest, "rows": rows, "columns": columns, "missing": _missing(X, seen)}


def _missing(X: Any, seen: Mapping[str, Seen]) -> int:
    empty = {"category": "(missing)", "text": ""}
    total = 0
    for column in X.columns:
        blank = empty.get(seen[column].kind or "")
        total += int((X[column] == blank).sum() if blank is not None else X[column].isna().sum())
    return total


def _leaks(table: Table) -> list[str]:
    """Columns that give the target away: they equal it, row for row."""
    found = []
    for column, kind in table.kinds.items():
        if kind in ("text", "date"):
            continue
        values = table.X[column]
        if table.task == "regression":
            leak = kind == "number" and _tied(values.to_numpy(), table.y)
        else:
            # One column per class and back: knowing one is knowing the other.
            codes = values.factorize(use_na_sentinel=False)[0]
            pairs = len(set(zip(codes.tolist(), table.y.tolist(), strict=True)))
            leak = pairs == len(table.labels) == codes.max() + 1
        if leak:
            found.append(
                f"column {column!r} is the target {table.target!r} in other words, so the scores "
                f"will be too good; leave it out with --drop {shlex.quote(column)}"
            )
    return found


def _tied(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    both = np.isfinite(x)
    if both.sum() < 3 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return False
    return bool(abs(np.corrcoef(x[both], y[both])[0, 1]) > 1 - 1e-9)
