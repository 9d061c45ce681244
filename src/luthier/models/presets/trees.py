"""Trees, forests and what is boosted of them: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.shelf import Shelf

TREES = (
    "Probst, Boulesteix and Bischl (2019), Tunability, JMLR 20: rows sampled, features per split "
    "and rows per leaf matter most for forests, depth and rows per leaf for trees; "
    "van Rijn and Hutter (2018), KDD, find the same two for forests."
)
BOOSTING = (
    "Learning rate and rounds trade off, so both are logarithmic around the default. "
    "van Rijn and Hutter (2018), KDD, and Probst, Boulesteix and Bischl (2019), JMLR 20: learning "
    "rate first, then depth and the sampling of rows and columns; ranges as in Gorishniy et al. "
    "(2021), NeurIPS, and Grinsztajn, Oyallon and Varoquaux (2022), NeurIPS, widened to hold the "
    "library's default."
)
ALL, SQRT, LOG2 = {"all": 1.0}, {"sqrt": "sqrt"}, {"log2": "log2"}


def growth(shelf: Shelf, features: Mapping[str, Any]) -> None:
    """What limits a tree: depth, rows to split and per leaf, features looked at per split.

    `features` are the words for features per split, the library's default first.
    """
    shelf.int("max_depth", 1, 40, log=True, default=10, words={"unlimited": None})
    most = shelf.shape.share_of_rows(8, 4, 64)  # leaves of an eighth of the rows are few enough
    shelf.int("min_samples_split", 2, 2 * most, log=True, default=2)
    shelf.int("min_samples_leaf", 1, most, log=True, default=1)
    shelf.float("max_features", 0.05, 1.0, default=0.5, words=features, share=True)
    if shelf.classifies:
        shelf.choice("criterion", "gini", "entropy", default="gini")


def tree(shelf: Shelf) -> None:
    """A tree alone overfits, so pruning by cost is there as well; its cost is per class share."""
    growth(shelf, {"all": None, **SQRT, **LOG2})
    _pruned(shelf)


def extra_tree(shelf: Shelf) -> None:
    """As `tree`, with the library's own default for features per split."""
    own = SQRT if shelf.classifies else ALL
    growth(shelf, {**own, **ALL, **SQRT, **LOG2})
    _pruned(shelf)


def _pruned(shelf: Shelf) -> None:
    if shelf.classifies:
        shelf.float("ccp_alpha", 1e-5, 0.1, log=True, default=1e-3, words={"none": 0.0})
        shelf.choice("class_weight", None, "balanced", default=None)


def woods(shelf: Shelf, *, bootstrap: bool) -> None:
    """More trees never hurt but cost time: up to 500. Sampling rows matters most after depth."""
    shelf.int("n_estimators", 30, 500, log=True, default=100)
    own = SQRT if shelf.classifies else ALL
    growth(shelf, {**own, **ALL, **SQRT, **LOG2})
    shelf.choice("bootstrap", True, False, default=bootstrap)
    if shelf.own.get("oob_score"):  # the rows left out are asked for, so some must be
        del shelf.found[f"{shelf.prefix}bootstrap"]
    sampled = {"bootstrap": True} if f"{shelf.prefix}bootstrap" in shelf.found else None
    shelf.float("max_samples", 0.1, 1.0, default=0.7, words={"all": None}, share=True, when=sampled)
    if shelf.classifies:
        shelf.choice("class_weight", None, "balanced", default=None)


def forest(shelf: Shelf) -> None:
    """A random forest."""
    woods(shelf, bootstrap=True)


def extra_trees(shelf: Shelf) -> None:
    """Extremely randomised trees, which see every row by default."""
    woods(shelf, bootstrap=False)


def gradient_boosting(shelf: Shelf) -> None:
    """Exact splits are slow, so fewer rounds than with histograms."""
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.1)
    shelf.int("n_estimators", 20, 500, log=True, default=100)
    shelf.int("max_depth", 1, 12, log=True, default=3)
    shelf.float("subsample", 0.3, 1.0, default=1.0)
    words = {"all": None, **SQRT, **LOG2}
    shelf.float("max_features", 0.05, 1.0, default=0.5, words=words, share=True)
    most = shelf.shape.share_of_rows(8, 4, 64)
    shelf.int("min_samples_split", 2, 2 * most, log=True, default=2)
    shelf.int("min_samples_leaf", 1, most, log=True, default=1)
    if shelf.classifies and shelf.shape.classes == 2:  # the other loss knows two classes only
        shelf.choice("loss", "log_loss", "exponential", default="log_loss")


def histogram_boosting(shelf: Shelf) -> None:
    """Learning rate and rounds trade off, so both are on log scales around the default."""
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.1)
    shelf.int("max_iter", 20, 1000, log=True, default=100)
    shelf.int("max_leaf_nodes", 2, 255, log=True, default=31)
    shelf.int("max_depth", 1, 16, log=True, default=6, words={"unlimited": None})
    most = shelf.shape.share_of_rows(4, 20, 200)
    shelf.int("min_samples_leaf", 1, most, log=True, default=20)
    words = {"none": 0.0}
    shelf.float("l2_regularization", 1e-4, 100.0, log=True, default=1.0, words=words)
    if shelf.takes("max_features"):
        shelf.float("max_features", 0.1, 1.0, default=1.0)
    shelf.int("max_bins", 15, 255, log=True, default=255)
    if shelf.classifies:
        shelf.choice("class_weight", None, "balanced", default=None)


def xgboost(shelf: Shelf) -> None:
    """Ranges of Gorishniy et al. (2021), widened to hold the library's defaults."""
    shelf.int("n_estimators", 20, 1000, log=True, default=100)
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.3)
    shelf.int("max_depth", 1, 16, log=True, default=6)
    shelf.float("min_child_weight", 0.01, 100.0, log=True, default=1.0)
    shelf.float("subsample", 0.3, 1.0, default=1.0)
    shelf.float("colsample_bytree", 0.1, 1.0, default=1.0)
    shelf.float("reg_lambda", 1e-3, 100.0, log=True, default=1.0)
    shelf.float("reg_alpha", 1e-4, 100.0, log=True, default=0.1, words={"none": 0.0})
    shelf.float("gamma", 1e-4, 100.0, log=True, default=0.1, words={"none": 0.0})


def xgboost_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """None stands for the library's default there."""
    return {name: value for name, value in own.items() if value is not None}


def lightgbm(shelf: Shelf) -> None:
    """As `xgboost`, in LightGBM's words: leaves bound a tree rather than its depth."""
    shelf.int("n_estimators", 20, 1000, log=True, default=100)
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.1)
    shelf.int("num_leaves", 2, 255, log=True, default=31)
    shelf.int("min_child_samples", 1, shelf.shape.share_of_rows(4, 20, 200), log=True, default=20)
    shelf.float("bagging", 0.3, 1.0, default=0.8, words={"none": 0.0})
    shelf.float("colsample_bytree", 0.1, 1.0, default=1.0)
    for name in ("reg_lambda", "reg_alpha"):
        shelf.float(name, 1e-4, 100.0, log=True, default=0.1, words={"none": 0.0})
    if shelf.classifies:
        shelf.choice("class_weight", None, "balanced", default=None)


def lightgbm_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """A share of the rows counts only where it is drawn anew every so many rounds."""
    drawn = (own.get("subsample_freq") or 0) > 0
    return {**own, "bagging": own.get("subsample", 1.0) if drawn else 0.0}


def lightgbm_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A share of rows is drawn in every round, or as often as the estimator does it now."""
    if "bagging" in made:
        share = made.pop("bagging")
        often = own.get("subsample_freq") or 1
        made |= {"subsample": share or 1.0, "subsample_freq": often if share else 0}
    return made


def catboost(shelf: Shelf) -> None:
    """CatBoost's own tuning guide: learning rate, depth, l2 and the noise in scores and rows."""
    shelf.int("iterations", 50, 1000, log=True, default=1000)
    # What it uses without a learning rate depends on rows and rounds, so that has a word.
    words = {} if "learning_rate" in shelf.own else {"automatic": None}
    shelf.float("learning_rate", 0.005, 0.5, log=True, default=0.03, words=words)
    shelf.int("depth", 1, 10, default=6)
    shelf.float("l2_leaf_reg", 0.1, 100.0, log=True, default=3.0)
    shelf.float("random_strength", 0.01, 20.0, log=True, default=1.0)
    shelf.float("rsm", 0.1, 1.0, default=1.0)
    shelf.int("border_count", 16, 254, log=True, default=254)


def catboost_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What it shall choose itself is left out: it takes no None."""
    return {name: value for name, value in made.items() if value is not None}
