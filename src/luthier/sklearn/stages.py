"""Stages: an ensemble that is fitted once, and cut for candidates that want less of it.

The first 50 trees of a forest of 400 are the forest of 50: with the same settings, rows and seed
no later stage changes an earlier one. So where candidates differ in the number of stages alone,
the one with the most is fitted, and the others get copies that end earlier. For the estimators in
`LEARNERS`, under the conditions there, a copy predicts what a fit would, to the last digit.

Nor does a limit on depth change a tree that does not reach it: one of depth 9 is the same for every
limit above 9, and for none. So it is fitted once for the candidates that differ in such a limit.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Hashable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from luthier.sklearn.sharing import KEPT, drawn

Attributes = dict[str, Any]  # of an estimator, by name
ENDLESS = 2**31 - 1  # the depth that scikit-learn grows trees to without a limit


@dataclass(frozen=True)
class Learner:
    """How an estimator with fewer stages, or another limit on depth, is had from a fitted one.

    Attributes
    ----------
    name : str
        The parameter that is the number of stages, or the limit.
    cut : callable
        From what `fit` left, and another number, to the attributes that are others with it.
    only : dict
        For a parameter, the values with which a copy that is cut is what a fit would be. One that
        the estimator does not have counts as None.
    seeded : bool
        Whether it draws from the global generator unless it has a `random_state`.
    whole : callable
        From what `fit` left, and the number that it was told, to whether it can be cut.
    serves : callable
        From what `fit` left, the number that it was told and another, to whether it has that one.
    endless : bool
        Whether None is the greatest number.
    """

    name: str
    cut: Callable[[Attributes, int], Attributes]
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    seeded: bool = True
    whole: Callable[[Attributes, int], bool] = lambda held, number: True
    serves: Callable[[Attributes, int, int], bool] = lambda held, number, other: other <= number
    endless: bool = False

    def number(self, settings: Mapping[str, Any]) -> int | None:
        """The number that some settings ask for; None if a copy would not be what a fit is."""
        made = settings.get(self.name)
        if made is None and self.endless:
            made = ENDLESS
        if not isinstance(made, int | np.integer) or isinstance(made, bool) or made < 1:
            return None
        if self.seeded and settings.get("random_state") is None:
            return None
        if any(settings.get(name) not in values for name, values in self.only.items()):
            return None
        return int(made)


@dataclass(frozen=True)
class Share:
    """What a fit may take from another, and leave to others.

    Parameters
    ----------
    search : str
        The call of ``fit`` that this belongs to.
    key : hashable
        The training rows, and every setting but the number.
    number : int
        Of stages, or the limit on depth.
    more : bool
        Whether others will ask for what it leaves.
    name : str
        The parameter that is the number; not needed where there is but one.
    """

    search: str
    key: Hashable
    number: int
    more: bool
    name: str = ""


@dataclass
class Grown:
    """What `fit` left in an estimator with such a number. `common` says that it may be cut."""

    held: Attributes
    number: int
    common: bool
    size: float

    def bytes(self) -> float:
        """About what it holds in memory."""
        return self.size


def learner_of(kind: type, names: Collection[str] = ()) -> Learner | None:
    """How estimators of a class are cut; None where that is not known, as of a subclass.

    By the first of the numbers that are among some names, or else by the first of all.
    """
    known = LEARNERS.get(f"{kind.__module__.split('.')[0]}.{kind.__name__}", ())
    return next((one for one in known if one.name in names), known[0] if known else None)


def fit(model: Any, share: Share, X: Any, y: Any, params: Mapping[str, Any]) -> Any:
    """Fit an estimator, or cut what another candidate left of it.

    Returns
    -------
    estimator
        `model`, fitted.
    """
    learner = learner_of(type(model), (share.name,))
    assert learner is not None
    plain, mine = partial(type(model).fit, model, X, y, **params), []

    def make() -> Grown:
        mine.append(_grown(learner, model, share.number, plain))
        return mine[0]

    def serves(one: Any) -> bool:
        return learner.serves(one.held, one.number, share.number)

    known = KEPT.get(share.search, share.key, make if share.more else None, serves)
    if not share.more:
        KEPT.drop(share.search, share.key)
    if known is None:
        plain()
    elif not mine:
        own = {name: value for name, value in known.held.items() if name != learner.name}
        vars(model).update(own | learner.cut(known.held, share.number))
    return model


def _grown(learner: Learner, model: Any, number: int, plain: Callable[[], Any]) -> Grown:
    before, given = drawn(), dict(vars(model))
    plain()
    # Not what it came with, or what was hung onto it: scikit-learn's callbacks, methods of its own.
    held = {
        name: value
        for name, value in vars(model).items()
        if given.get(name, given) is not value and getattr(value, "__self__", None) is not model
    }
    common = drawn() == before and learner.whole(vars(model), number)
    size = _size(held) if common else 0.0
    return Grown(held, number, common and size <= KEPT.budget, size)


def _size(held: Attributes) -> float:
    """Bytes that pickling some attributes takes; inf where they cannot be pickled."""
    count = _Count()
    try:
        _Scale(count, protocol=5, buffer_callback=count.array).dump(held)
    except Exception:  # whatever stops it from being pickled
        return np.inf
    return count.bytes


class _Scale(pickle.Pickler):
    """Weighs data, wherever their classes and functions were defined."""

    def persistent_id(self, one: Any) -> Any:
        return 0 if isinstance(one, type | FunctionType) else None


class _Count:
    """A file that forgets what is written, and knows how much it was."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: Any) -> int:
        self.bytes += len(data)
        return len(data)

    def array(self, buffer: pickle.PickleBuffer) -> None:
        """Arrays come by themselves, and are not copied."""
        self.bytes += buffer.raw().nbytes


# -- how each is cut -------------------------------------------------------------------------------


def _first(*names: str) -> Callable[[Attributes, int], Attributes]:
    """The first so many of some lists."""
    return lambda held, number: {name: held[name][:number] for name in names}


def _gradient(held: Attributes, number: int) -> Attributes:
    names = ("estimators_", "train_score_", "oob_improvement_", "oob_scores_")
    made = {name: held[name][:number] for name in names if name in held}
    made["n_estimators_"] = len(made["estimators_"])  # fewer, if it stopped early
    if "oob_scores_" in made:
        made["oob_score_"] = made["oob_scores_"][-1]
    return made


def _histogram(held: Attributes, number: int) -> Attributes:
    made = {name: held[name][: number + 1] for name in ("train_score_", "validation_score_")}
    return made | {"_predictors": held["_predictors"][:number]}


def _xgboost(held: Attributes, number: int) -> Attributes:
    return {"_Booster": held["_Booster"][:number]}


def _xgboost_whole(held: Attributes, number: int) -> bool:
    booster = held["_Booster"]
    # Whether a part keeps the names of categories depends on the version.
    return "c" not in (booster.feature_types or ()) and booster.num_boosted_rounds() == number


def _lightgbm(held: Attributes, number: int) -> Attributes:
    booster = held["_Booster"]
    text = booster.model_to_string(num_iteration=number)  # with 17 digits, so nothing is lost
    return {"_Booster": type(booster)(model_str=text)}


def _lightgbm_whole(held: Attributes, number: int) -> bool:
    """A round that finds no split is no stage, and is tried again in the next round."""
    return not callable(held["objective"]) and held["_Booster"].current_iteration() == number


def _depth(held: Attributes) -> int:
    trees = [held] if "tree_" in held else map(vars, held["estimators_"])
    return int(max(tree["tree_"].max_depth for tree in trees))


def _unlimited(held: Attributes, limit: int) -> bool:
    """Whether trees never came to the limit: at it, one may not have tried to grow on."""
    return _depth(held) < limit


def _limited(held: Attributes, limit: int) -> Attributes:
    if "tree_" in held:
        return {}
    trees = [copy(tree) for tree in held["estimators_"]]
    for tree in trees:
        tree.max_depth = None if limit == ENDLESS else limit
    return {"estimators_": trees}


def _depths(only: Mapping[str, tuple[Any, ...]]) -> Learner:
    return Learner(
        "max_depth",
        _limited,
        {"ccp_alpha": (0,), **only},  # a pruned tree does not tell how deep it was
        whole=_unlimited,
        serves=lambda held, number, other: _unlimited(held, other),
        endless=True,
    )


COLD = {"warm_start": (False,)}
TREE = _depths({})
FOREST = Learner("n_estimators", _first("estimators_"), COLD | {"oob_score": (False,)})
DEPTHS = _depths(COLD)
BAGGING = Learner(
    "n_estimators",
    _first("estimators_", "estimators_features_", "_seeds"),
    COLD | {"oob_score": (False,)},
)
# Where they stop early by themselves, the trees until there are the same too.
GRADIENT = Learner("n_estimators", _gradient, COLD)
HISTOGRAM = Learner("max_iter", _histogram, COLD)
ADAPTIVE = Learner("n_estimators", _first("estimators_", "estimator_weights_", "estimator_errors_"))
# The trees of "dart" change after they were grown; "gblinear" has none.
XGBOOST = Learner(
    "n_estimators",
    _xgboost,
    {
        "booster": (None, "gbtree"),
        "multi_strategy": (None, "one_output_per_tree"),
        "early_stopping_rounds": (None,),
        "callbacks": (None,),
    },
    seeded=False,
    whole=_xgboost_whole,
)
OTHER_NAMES = (
    "boost", "boosting", "early_stopping", "early_stopping_round", "early_stopping_rounds",
    "max_iter", "n_iter", "n_iter_no_change", "nrounds", "num_boost_round", "num_iteration",
    "num_iterations", "num_round", "num_rounds", "num_tree", "num_trees", "linear_tree",
    "linear_trees",
)  # fmt: skip
LIGHTGBM = Learner(
    "n_estimators",
    _lightgbm,
    {"boosting_type": ("gbdt", "goss", "rf")} | dict.fromkeys(OTHER_NAMES, (None,)),
    seeded=False,
    whole=_lightgbm_whole,
)
LEARNERS = {
    f"{package}.{name}{kind}": learners
    for package, name, learners in (
        ("sklearn", "DecisionTree", (TREE,)),
        ("sklearn", "ExtraTree", (TREE,)),
        ("sklearn", "RandomForest", (FOREST, DEPTHS)),
        ("sklearn", "ExtraTrees", (FOREST, DEPTHS)),
        ("sklearn", "Bagging", (BAGGING,)),
        ("sklearn", "GradientBoosting", (GRADIENT,)),
        ("sklearn", "HistGradientBoosting", (HISTOGRAM,)),
        ("sklearn", "AdaBoost", (ADAPTIVE,)),
        ("xgboost", "XGB", (XGBOOST,)),
        ("lightgbm", "LGBM", (LIGHTGBM,)),
    )
    for kind in ("Classifier", "Regressor")
}
