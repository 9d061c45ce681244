"""What is learned from the rows before the model sees them: medians, scales, levels, words.

All of it is fitted inside each training fold, so no fold knows anything of the rows it is
judged by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from luthier.models.building import Model
from luthier.models.presets import steps
from luthier.models.presets.shelf import Shelf
from luthier.models.table import Kind, Table, features_of
from luthier.space import Space

Params = Mapping[str, Any]

RARE = 5  # levels with fewer rows than this are put together
LEVELS = 100  # most indicator columns of one category
FEW_LEVELS = 10  # up to this many, trees get indicators too; above, ordinal codes
TOPICS = 100  # numbers that stand for a text where the model cannot take sparse columns
TEXT = "text__"


def text_space() -> Space:
    """How words become numbers; the default is `TfidfVectorizer`'s own."""
    shelf = Shelf(TEXT)
    steps.words(shelf)
    return Space(shelf.found)


def split_params(params: Params) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters of the text, without their prefix, and those of the model."""
    text = {k[len(TEXT) :]: v for k, v in params.items() if k.startswith(TEXT)}
    return text, {k: v for k, v in params.items() if not k.startswith(TEXT)}


def prepare(table: Table, chosen: Model, text: Params) -> Any:
    """The unfitted transformer that turns the columns of `table` into numbers for `chosen`.

    Numbers: median for what is missing and a column that says so, then scaled if the model
    needs it. Categories: indicators, rare levels together, unknown ones ignored; for trees,
    ordinal codes by frequency above `FEW_LEVELS` levels. Dates: their parts. Text: TF-IDF.

    Parameters
    ----------
    text : dict
        Settings of the text, without prefix; see `text_space`.
    """
    from sklearn.compose import ColumnTransformer

    framed = hasattr(table.X, "iloc")
    place = {name: name if framed else j for j, name in enumerate(table.columns)}
    steps: list[tuple[str, Any, Any]] = []
    numbers = [place[name] for name in table.of("number")]
    if numbers:
        steps.append(("numbers", _numbers(chosen), numbers))
    few, many = _by_levels(table, chosen)
    if few:
        steps.append(("categories", _indicators(chosen.dense), few))
    if many:
        steps.append(("codes", Codes(), many))
    dates = [place[name] for name in table.of("date")]
    if dates:
        from sklearn.pipeline import make_pipeline

        steps.append(("dates", make_pipeline(DateParts(), *_filled(chosen)), dates))
    for name in table.of("text"):
        steps.append((f"words of {name}", _words(text, chosen.dense), place[name]))
    return ColumnTransformer(
        steps, sparse_threshold=0.0 if chosen.dense else 0.3, verbose_feature_names_out=False
    )


def _numbers(chosen: Model) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*_filled(chosen))


def _filled(chosen: Model) -> list[Any]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    if chosen.gaps:
        return [Gaps()]
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return [filled, StandardScaler()] if chosen.scale else [filled]


def _by_levels(table: Table, chosen: Model) -> tuple[list[str], list[str]]:
    names = table.of("category")
    if not chosen.codes:
        return names, []
    many = [name for name in names if table.X[name].nunique() > FEW_LEVELS]
    return [name for name in names if name not in many], many


def _indicators(dense: bool) -> Any:
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=RARE,
        max_categories=LEVELS,
        sparse_output=not dense,
    )


def _words(text: Params, dense: bool) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    limit = text.get("max_features_value") if text.get("max_features") == "value" else None
    words = TfidfVectorizer(
        max_features=limit,
        ngram_range=(1, int(text.get("ngrams", 1))),
        sublinear_tf=bool(text.get("sublinear", False)),
        min_df=int(text.get("min_df", 1)),
        stop_words=text.get("stop_words"),
    )
    if not dense:
        return words
    return make_pipeline(words, Topics())


class Gaps(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Numbers with their gaps, but 0 in a column that is all gaps in the training rows.

    A split search has nothing to sort there, and scikit-learn's raises.
    """

    def fit(self, X: Any, y: Any = None) -> Gaps:
        """Find out which columns hold nothing."""
        self.empty_ = np.isnan(np.asarray(X, dtype=np.float64)).all(axis=0)
        self.names_ = list(getattr(X, "columns", range(X.shape[1])))
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """The numbers, shape (n, columns)."""
        made = np.array(X, dtype=np.float64)
        made[:, self.empty_] = 0.0
        return made

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The names of the columns, as they came."""
        return np.array(self.names_ if input_features is None else input_features, dtype=object)


class Topics(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Sparse words as at most `TOPICS` dense numbers: as they are when few, else by an SVD."""

    def fit(self, X: Any, y: Any = None) -> Topics:
        """Learn the directions."""
        from sklearn.decomposition import TruncatedSVD

        most = min(TOPICS, X.shape[0] - 1)
        self.svd_ = TruncatedSVD(most, random_state=0).fit(X) if X.shape[1] > most else None
        self.count_ = most if self.svd_ is not None else X.shape[1]
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """The numbers, shape (n, at most `TOPICS`)."""
        made = X.toarray() if self.svd_ is None else self.svd_.transform(X)
        return np.asarray(made, dtype=np.float64)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """``topic 0``, ``topic 1``, ..."""
        return np.array([f"topic {i}" for i in range(self.count_)], dtype=object)


class Codes(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Each level as its rank by frequency, so that a tree's cut parts rare from common.

    Levels that were not seen in training get -1.
    """

    def fit(self, X: Any, y: Any = None) -> Codes:
        """Learn the levels of each column."""
        self.levels_ = {
            name: {level: code for code, level in enumerate(X[name].value_counts().index)}
            for name in X.columns
        }
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """The codes, shape (n, columns)."""
        columns = [X[name].map(codes).fillna(-1) for name, codes in self.levels_.items()]
        return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The names of the columns."""
        return np.array(list(self.levels_), dtype=object)


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Days since 1970, month, day, weekday and, where there are clock times, the hour.

    A missing date gives NaN in all of its parts.
    """

    def fit(self, X: Any, y: Any = None) -> DateParts:
        """Find out which columns have clock times."""
        self.columns_ = list(X.columns)
        present = {name: X[name].dropna() for name in X.columns}
        self.clocked_ = [name for name, at in present.items() if (at != at.dt.normalize()).any()]
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """The parts, shape (n, 4 a column and one more for a clock)."""
        made = []
        for name in self.columns_:
            at = X[name].dt
            seconds = X[name].to_numpy().astype("datetime64[s]")
            days = np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64) / 86_400)
            made += [days, at.month, at.day, (np.floor(days) + 3) % 7]  # 1970 began on a Thursday
            if name in self.clocked_:
                made.append(at.hour + at.minute / 60)
        return np.column_stack([np.asarray(part, dtype=np.float64) for part in made])

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The names of the parts."""
        made = []
        for name in self.columns_:
            made += [f"{name} {part}" for part in ("days", "month", "day", "weekday")]
            made += [f"{name} hour"] if name in self.clocked_ else []
        return np.array(made, dtype=object)


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline that takes raw rows and answers in the target's own words.

    Attributes
    ----------
    pipeline : Pipeline
        scikit-learn's, fitted: ``prepare`` then ``model``.
    codes : (k,)
        Classes the model saw, as positions in `labels`.
    """

    pipeline: Any
    task: str
    target: str
    labels: tuple[Any, ...]
    codes: npt.NDArray[np.int64]
    kinds: Mapping[str, Kind]
    formats: Mapping[str, Any]
    params: Mapping[str, Any]

    def predict(self, rows: Any) -> npt.NDArray[Any]:
        """The class or the number predicted for each row of a frame or float array. (n,)

        Raises
        ------
        DataError
            If a column that the model learned from is missing.
        """
        made = self.pipeline.predict(self._features(rows))
        if self.task == "regression":
            return np.asarray(made, dtype=np.float64)
        return np.asarray([self.labels[self.codes[int(code)]] for code in made])

    def predict_proba(self, rows: Any) -> npt.NDArray[np.float64]:
        """Class probabilities, one column per label in `labels`. (n, labels)"""
        given = self.pipeline.predict_proba(self._features(rows))
        made = np.zeros((len(given), len(self.labels)))
        made[:, self.codes] = given
        return made

    def _features(self, rows: Any) -> Any:
        if not self.formats:
            return rows
        return features_of(rows, self.kinds, self.formats)
