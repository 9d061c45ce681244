"""Ways to judge a candidate that scikit-learn has no splitter for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils.validation import _num_samples

from luthier.errors import DataError

Ints = npt.NDArray[np.int64]
SHARE = 0.2  # of the rows that `Reshuffle` tests on


class Holdout:
    """Data kept aside to judge candidates on: ``cv=Holdout(X_val, y_val)``.

    Candidates are fitted to what ``fit`` is given and scored on this; the winner is fitted to
    what ``fit`` is given again.

    Parameters
    ----------
    X, y
        Of the same form as the data for ``fit``.
    """

    def __init__(self, X: Any, y: Any = None) -> None:
        self.X, self.y = X, y

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """One."""
        return 1

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Ints, Ints]]:
        """The rows that ``fit`` was given, and these, which stand behind them."""
        rows = np.arange(_num_samples(X))
        own = _num_samples(self.X)
        yield rows[:-own], rows[-own:]

    def join(self, X: Any, y: Any) -> tuple[Any, Any]:
        """The data that ``fit`` was given, with these behind.

        Raises
        ------
        DataError
            If they do not fit together.
        """
        if (y is None) != (self.y is None):
            raise DataError("Holdout: give y to both or to none of Holdout and fit.")
        try:
            return _joined(X, self.X), None if y is None else _joined(y, self.y)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"Holdout: its data do not fit behind those for fit: {error}. Give both the same "
                "columns and type."
            ) from error

    def __repr__(self) -> str:
        return f"Holdout({_num_samples(self.X)} rows)"


class Reshuffle:
    """A new random part to test on for every candidate: ``cv="reshuffle"``.

    Where candidates are judged on one part only, all on the same, the search learns that part by
    heart; with a new part for each it does not, and comes close to cross-validation for one fit
    per candidate. Candidates cannot be compared in pairs, so there is no racing.

    Source
    ------
    Nagler, Schneider, Bischl and Feurer (2024), Reshuffling resampling splits can improve
    generalization of hyperparameter optimization, NeurIPS 37.
    """

    def __init__(self, seed: int = 0, *, stratified: bool = False) -> None:
        self.seed, self.stratified = seed, stratified

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """One."""
        return 1

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Ints, Ints]]:
        """The first candidate's split."""
        yield from self.of(0, X, y)

    def of(self, row: int, X: Any, y: Any = None) -> list[tuple[Ints, Ints]]:
        """The split of a candidate."""
        state = int(np.random.SeedSequence([self.seed, row]).generate_state(1)[0])
        kind = StratifiedShuffleSplit if self.stratified else ShuffleSplit
        made = kind(1, test_size=SHARE, random_state=state).split(np.zeros(_num_samples(X)), y)
        return list(made)


def _joined(first: Any, second: Any) -> Any:
    """Two sets of rows behind one another, of the first one's type."""
    if hasattr(first, "tocsr"):
        from scipy import sparse

        return sparse.vstack([first, second], format="csr")
    package = type(first).__module__.split(".")[0]
    if package == "pandas":
        import pandas as pd

        if hasattr(first, "columns") and list(first.columns) != list(second.columns):
            raise ValueError(f"columns {list(first.columns)} and {list(second.columns)}")
        return pd.concat([first, second], ignore_index=True)
    if package == "polars":
        from importlib import import_module

        return import_module("polars").concat([first, second])
    if package == "pyarrow" and hasattr(first, "column_names"):
        import pyarrow as pa

        return pa.concat_tables([first, second])
    return np.concatenate([np.asarray(first), np.asarray(second)])
