"""Steps before a model: default ranges of what is worth tuning there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.shelf import Shelf

STEPS = "How much of the data reaches the model, from almost nothing to everything."
TEXT = (
    "Pairs and triples of words, damped counts and dropping rare or common words are what Yogatama "
    "and Smith (2015), EMNLP, found to matter; the limit on features trades speed for detail."
)


def nothing(shelf: Shelf) -> None:
    """A step that is known and has nothing worth tuning."""


def principal(shelf: Shelf) -> None:
    """The share of the variance that is kept; a count that is there now stays a count."""
    own = shelf.own.get("n_components")
    if isinstance(own, int) and not isinstance(own, bool):
        _count(shelf)
    elif shelf.own.get("svd_solver", "auto") in ("auto", "full"):
        shelf.float("n_components", 0.5, 0.999, default=0.95, words={"all": None})
    shelf.choice("whiten", False, True, default=False)


def truncated(shelf: Shelf) -> None:
    """How many components; no more than columns, or than now where these are not known."""
    _count(shelf)


def _count(shelf: Shelf) -> None:
    own = shelf.own["n_components"]
    rows = shelf.shape.share_of_rows(2, 1, 500)
    columns = shelf.shape.columns
    shelf.int("n_components", 1, own if columns is None else min(columns, rows), log=True,
              default=own)  # fmt: skip


def best_columns(shelf: Shelf) -> None:
    """How many columns are kept."""
    own = shelf.own.get("k", 10)
    now = own if isinstance(own, int) else 10
    most = shelf.shape.columns or 2 * now
    shelf.int("k", 1, most, log=True, default=min(10, most), words={"all": "all"})


def best_share(shelf: Shelf) -> None:
    """How many per cent of the columns are kept."""
    shelf.int("percentile", 1, 100, log=True, default=10)


def imputer(shelf: Shelf) -> None:
    """Mean or median, where it is one of them now; words have neither."""
    if shelf.own.get("strategy") in ("mean", "median"):
        shelf.choice("strategy", "mean", "median", default="mean")
    shelf.choice("add_indicator", False, True, default=False)


def near_imputer(shelf: Shelf) -> None:
    """How many neighbours tell what is missing."""
    shelf.int("n_neighbors", 1, 50, log=True, default=5)
    shelf.choice("weights", "uniform", "distance", default="uniform")


def polynomial(shelf: Shelf) -> None:
    """The degree, 3 only where that makes no more than some 1,800 columns."""
    few = shelf.shape.columns is not None and shelf.shape.columns <= 20
    own = shelf.own.get("degree", 2)
    if isinstance(own, int):
        shelf.int("degree", 1, 3 if few else 2, default=2)
    shelf.choice("interaction_only", False, True, default=False)


def splines(shelf: Shelf) -> None:
    """How wiggly the curves may be."""
    if shelf.own.get("knots", "uniform") in ("uniform", "quantile"):
        shelf.int("n_knots", 3, 20, log=True, default=5)
        shelf.choice("knots", "uniform", "quantile", default="uniform")
    shelf.int("degree", 1, 4, default=3)


def bins(shelf: Shelf) -> None:
    """How many bins, of equal width or with equally many rows."""
    shelf.int("n_bins", 2, 50, log=True, default=5)
    shelf.choice("strategy", "quantile", "uniform", default="quantile")


def quantiles(shelf: Shelf) -> None:
    """What the ranks are turned into."""
    shelf.choice("output_distribution", "uniform", "normal", default="uniform")


def indicators(shelf: Shelf) -> None:
    """Below how many rows levels are put together."""
    if shelf.takes("min_frequency"):
        shelf.int("min_frequency", 2, 50, log=True, default=5, words={"none": None})


def target_encoder(shelf: Shelf) -> None:
    """How far levels are drawn to the overall mean, in rows."""
    shelf.float("smooth", 0.1, 1000.0, log=True, default=10.0, words={"auto": "auto"})


def kernel_map(shelf: Shelf) -> None:
    """The kernel's width, and how many components stand for it."""
    own = shelf.own.get("gamma")
    if shelf.own.get("kernel", "rbf") in ("rbf", "laplacian", "poly", "polynomial", "sigmoid"):
        words = {"auto": None} if own is None else {}
        shelf.float("gamma", 1e-5, 10.0, log=True, default=0.1, words=words)
    rows = shelf.shape.share_of_rows(2, 10, 500)
    shelf.int("n_components", 10, rows, log=True, default=100)


def clusters(shelf: Shelf) -> None:
    """How many clusters."""
    shelf.int("n_clusters", 2, shelf.shape.share_of_rows(4, 2, 50), log=True, default=8)


def words(shelf: Shelf) -> None:
    """How texts become numbers; the default is the library's own."""
    shelf.int("max_features", 200, 50_000, log=True, default=5000, words={"all": None})
    shelf.int("ngrams", 1, 3, default=1)
    if shelf.takes("sublinear_tf"):
        shelf.choice("sublinear", False, True, default=False)
    shelf.int("min_df", 1, 10, log=True, default=1)
    shelf.choice("stop_words", None, "english", default=None)


def words_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """Runs of one up to so many words; what starts elsewhere is left alone by `words_finish`."""
    made = {**own, "ngrams": own["ngram_range"][1]}
    if "sublinear_tf" in own:
        made["sublinear"] = own["sublinear_tf"]
    return made


def words_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the library uses."""
    if "ngrams" in made:
        longest = made.pop("ngrams")
        made["ngram_range"] = (min(own.get("ngram_range", (1, 1))[0], longest), longest)
    if "sublinear" in made:
        made["sublinear_tf"] = made.pop("sublinear")
    return made
