"""Growers: how each library is told to stop, and where it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier
from sklearn.metrics import mean_squared_error
from sklearn.utils import check_array, check_random_state

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Rows for an estimator: to learn from, or to stop by."""

    X: Any
    y: Any
    weight: Any = None


@dataclass(frozen=True)
class Grower:
    """How an estimator's iterations are grown.

    Attributes
    ----------
    names : tuple of str
        What the parameter is called: the number of iterations, and its aliases.
    most : int
        How far it is grown, unless the space says.
    patience : int
        Iterations without an improvement after which it stops.
    grow : callable
        From the estimator, its own ``fit``, the rows to learn from, those to stop by, the patience
        and further arguments of ``fit`` to the number of the best iteration, from 1. The
        estimator then predicts with that many.
    off : dict
        Settings under which the estimator does not stop by itself.
    scales : bool
        Whether more rows want more iterations. Not where an iteration goes through all rows in
        small steps: there are more of them already.
    """

    names: tuple[str, ...]
    most: int
    patience: int
    grow: Callable[..., int]
    off: Mapping[str, Any] = field(default_factory=dict)
    scales: bool = True

    def name(self, estimator: Any) -> str:
        """The name that this estimator's number goes by."""
        own = estimator.get_params()
        return next((name for name in self.names if name in own), self.names[0])


def grower_of(estimator: Any) -> Grower | None:
    """How an estimator is grown; None if it cannot be stopped by rows kept aside."""
    found = next(
        (GROWERS[c.__name__] for c in type(estimator).__mro__ if c.__name__ in GROWERS), None
    )
    if found is None or type(estimator).__name__ in NEVER:
        return None
    own = estimator.get_params()
    refused = any(own.get(name) in values for name, values in UNSTOPPABLE.items())
    return None if refused else found


def _weight(part: Part, name: str = "sample_weight") -> dict[str, Any]:
    return {} if part.weight is None else {name: part.weight}


def _xgboost(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    model.set_params(early_stopping_rounds=patience)
    if aside.weight is not None:
        params = {**params, "sample_weight_eval_set": [aside.weight]}
    given = {"eval_set": [(aside.X, aside.y)], "verbose": False, **_weight(learn), **params}
    fit(learn.X, learn.y, **given)
    return int(model.best_iteration) + 1


def _lightgbm(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    from lightgbm import early_stopping

    if aside.weight is not None:
        params = {**params, "eval_sample_weight": [aside.weight]}
    stop = early_stopping(patience, verbose=False)
    held: dict[str, Any] = {"eval_set": [(aside.X, aside.y)]}
    if "eval_X" in signature(fit).parameters:  # from 4.7 on
        held = {"eval_X": (aside.X,), "eval_y": (aside.y,)}
    fit(learn.X, learn.y, **held, callbacks=[stop], **_weight(learn), **params)
    return int(model.best_iteration_ or model.n_estimators)


def _catboost(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    from catboost import Pool

    held = aside.X, aside.y
    pool = held if aside.weight is None else Pool(*held, weight=aside.weight)
    given = {"eval_set": pool, "early_stopping_rounds": patience, "use_best_model": True}
    fit(learn.X, learn.y, **given, **_weight(learn), **params)
    return int(model.tree_count_)


def _histogram(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    model.set_params(early_stopping=True, n_iter_no_change=patience)
    held = {"X_val": aside.X, "y_val": aside.y, **_weight(aside, "sample_weight_val")}
    fit(learn.X, learn.y, **held, **_weight(learn), **params)
    best = max(1, int(np.argmax(model.validation_score_)))  # the first one is that of no tree
    model._predictors = model._predictors[:best]
    return best


def _gradient(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    """scikit-learn's older boosting: the loss on `aside` after each tree, from the trees."""
    X = check_array(aside.X, dtype=np.float32, accept_sparse="csr", ensure_all_finite=False)
    losses: list[float] = []
    raw = y = np.empty(0)

    def watch(i: int, model: Any, _: Any) -> bool:
        nonlocal raw, y
        if i == 0:
            raw = model._raw_predict_init(X)
            codes = np.searchsorted(model.classes_, aside.y) if is_classifier(model) else aside.y
            y = np.asarray(codes, dtype=np.float64)
        for k, tree in enumerate(model.estimators_[i]):
            raw[:, k] += model.learning_rate * tree.predict(X, check_input=False)
        losses.append(float(model._loss(y, raw, aside.weight)))
        return i - int(np.argmin(losses)) >= patience

    fit(learn.X, learn.y, monitor=watch, **_weight(learn), **params)
    best = int(np.argmin(losses)) + 1
    model.estimators_, model.train_score_ = model.estimators_[:best], model.train_score_[:best]
    model.n_estimators_ = best
    return best


def _network(
    model: Any, fit: Any, learn: Part, aside: Part, patience: int, params: dict[str, Any]
) -> int:
    """scikit-learn's networks: one epoch after the other, and the weights of the best one."""
    seed, epochs = model.random_state, model.max_iter
    # The same generator goes on; a number would shuffle the rows alike in every epoch.
    model.set_params(random_state=np.random.RandomState(_seed(seed)))
    more = {"classes": np.unique(learn.y)} if is_classifier(model) else {}
    losses: list[float] = []
    best: list[list[Array]] = []
    stale, reference = 0, np.inf
    while len(losses) < epochs and stale < patience:
        model.partial_fit(learn.X, learn.y, **more, **_weight(learn), **params)
        more = {}
        losses.append(_loss(model, aside))
        # Where classes are far apart, the loss falls a little for ever.
        better = losses[-1] < reference - model.tol
        reference, stale = (losses[-1], 0) if better else (reference, stale + 1)
        if _best(losses) == len(losses):
            best = [[w.copy() for w in layers] for layers in (model.coefs_, model.intercepts_)]
    model.coefs_, model.intercepts_ = best
    model.n_iter_ = _best(losses)
    model.set_params(random_state=seed)
    return _best(losses)


def _seed(given: Any) -> int:
    if isinstance(given, int | np.integer):
        return int(given)
    return int(check_random_state(given).randint(2**31 - 1))


def _best(losses: list[float]) -> int:
    return int(np.argmin(losses)) + 1 if losses else 0


def _loss(model: Any, part: Part) -> float:
    if is_classifier(model):
        chances = model.predict_proba(part.X)
        own = chances[np.arange(len(chances)), np.searchsorted(model.classes_, part.y)]
        return float(np.average(-np.log(np.clip(own, 1e-15, 1)), weights=part.weight))
    return float(mean_squared_error(part.y, model.predict(part.X), **_weight(part)))


# By the class that all estimators of a family descend from.
GROWERS = {
    "XGBModel": Grower(("n_estimators",), 2000, 50, _xgboost, {"early_stopping_rounds": None}),
    "LGBMModel": Grower(
        ("n_estimators", "num_iterations", "num_boost_round", "num_trees"), 2000, 50, _lightgbm
    ),
    "CatBoost": Grower(
        ("iterations", "n_estimators", "num_boost_round", "num_trees"), 2000, 50, _catboost
    ),
    "BaseHistGradientBoosting": Grower(
        ("max_iter",), 2000, 50, _histogram, {"early_stopping": False}
    ),
    "BaseGradientBoosting": Grower(
        ("n_estimators",), 2000, 50, _gradient, {"n_iter_no_change": None}
    ),
    "BaseMultilayerPerceptron": Grower(
        ("max_iter",), 1000, 15, _network, {"early_stopping": False}, scales=False
    ),
}
NEVER = ("XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "LGBMRanker", "CatBoostRanker")
# Settings under which there is nothing to stop: forests, trees that change afterwards, no epochs.
UNSTOPPABLE = {"boosting_type": ("rf", "dart"), "solver": ("lbfgs",)}
