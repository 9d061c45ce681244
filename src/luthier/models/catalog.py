"""The well-known models by name, each with a wide default space.

Trial 0 of every default space is the library's own default, so a study always starts from what
people get who do not tune. Where that default is a word or None ("no limit", "scale"), the
parameter is a `Choice` of words or ``"value"``, and ``<name>_value`` holds the number.

The ranges are those of `luthier.models.presets`. Each covers the values that published large-scale
studies found to matter and goes one step beyond the library's default on both sides, on a log scale
where the effect is multiplicative. Sources: Probst, Boulesteix and Bischl (2019), *Tunability*,
JMLR 20; van Rijn and Hutter (2018), *Hyperparameter importance across datasets*, KDD; Kadra et al.
(2021) and Gorishniy et al. (2021) for networks; Prokhorenkova et al. (2018) and Grinsztajn, Oyallon
and Varoquaux (2022) for boosting.
"""

from __future__ import annotations

from typing import Any

from luthier.errors import StudyError, nearest
from luthier.models.building import AnyOf, Model, Params
from luthier.models.dotted import dotted
from luthier.models.presets import kernels, linear, neighbours, network, trees
from luthier.models.presets.shelf import Shelf

LARGE = 10_000  # rows above which `any` leaves out what needs quadratic time


def _linear(shelf: Shelf) -> None:
    """Logistic: C. Least squares: four points."""
    if shelf.classifies:
        linear.strength(shelf)
        linear.weights(shelf)
        linear.intercept(shelf)
    else:
        linear.least_squares(shelf)


def _lasso(shelf: Shelf) -> None:
    """One kind of penalty, so that the model is what its name says."""
    if shelf.classifies:
        linear.strength(shelf)
        linear.weights(shelf)
    else:
        linear.lasso(shelf)


def _lasso_fixed(task: str, known: Params) -> dict[str, Any]:
    made = _elasticnet_fixed(task, known)
    return made | {"l1_ratio": 1.0} if task == "classification" else made


def _elasticnet(shelf: Shelf) -> None:
    """As `_lasso`, with the share of the absolute penalty between 0 (ridge) and 1 (lasso)."""
    if shelf.classifies:
        _lasso(shelf)
        shelf.float("l1_ratio", 0.0, 1.0, default=0.0)
    else:
        linear.elastic_net(shelf)


def _elasticnet_fixed(task: str, known: Params) -> dict[str, Any]:
    if task == "regression":
        return {"max_iter": 3000}
    made: dict[str, Any] = {"solver": "saga", "max_iter": 300}
    if known.get("penalty") != "deprecated":  # scikit-learn before 1.8
        made |= {"penalty": "elasticnet", "l1_ratio": 0.0}
    return made


def _svm(shelf: Shelf) -> None:
    (kernels.svc if shelf.classifies else kernels.svr)(shelf)


def _keras_mlp(shelf: Shelf) -> None:
    from luthier.models.keras_mlp import shelve  # needs Keras, as the model does

    shelve(shelf)


_ALL = (
    Model(
        "linear",
        "logistic regression / least squares",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.LinearRegression",
        _linear,
        scale=True,
        fixed={"max_iter": 1000},
    ),
    Model(
        "ridge",
        "ridge",
        "sklearn.linear_model.RidgeClassifier",
        "sklearn.linear_model.Ridge",
        linear.ridge,
        scale=True,
        probabilities=False,
    ),
    Model(
        "lasso",
        "lasso",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.Lasso",
        _lasso,
        scale=True,
        target_scale=True,
        fixed_for=_lasso_fixed,
    ),
    Model(
        "elasticnet",
        "elastic net",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.ElasticNet",
        _elasticnet,
        scale=True,
        target_scale=True,
        fixed_for=_elasticnet_fixed,
    ),
    Model(
        "svm",
        "support vector machine",
        "sklearn.svm.SVC",
        "sklearn.svm.SVR",
        _svm,
        scale=True,
        target_scale=True,
        probabilities=False,
        fixed={"max_iter": kernels.STEPS, "cache_size": 500},
    ),
    Model(
        "tree",
        "decision tree",
        "sklearn.tree.DecisionTreeClassifier",
        "sklearn.tree.DecisionTreeRegressor",
        trees.tree,
        codes=True,
    ),
    Model(
        "forest",
        "random forest",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble.RandomForestRegressor",
        trees.forest,
        codes=True,
    ),
    Model(
        "extratrees",
        "extra trees",
        "sklearn.ensemble.ExtraTreesClassifier",
        "sklearn.ensemble.ExtraTreesRegressor",
        trees.extra_trees,
        codes=True,
    ),
    Model(
        "boosting",
        "gradient boosting",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        trees.histogram_boosting,
        codes=True,
        dense=True,
        gaps=True,
    ),
    Model(
        "knn",
        "k nearest neighbours",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.neighbors.KNeighborsRegressor",
        neighbours.neighbours,
        scale=True,
    ),
    Model(
        "mlp",
        "neural network",
        "sklearn.neural_network.MLPClassifier",
        "sklearn.neural_network.MLPRegressor",
        network.network,
        scale=True,
        target_scale=True,
        finish=network.network_finish,
    ),
    Model(
        "xgboost",
        "XGBoost",
        "xgboost.XGBClassifier",
        "xgboost.XGBRegressor",
        trees.xgboost,
        codes=True,
        gaps=True,
        fixed={"verbosity": 0},
        extra="xgboost",
    ),
    Model(
        "lightgbm",
        "LightGBM",
        "lightgbm.LGBMClassifier",
        "lightgbm.LGBMRegressor",
        trees.lightgbm,
        codes=True,
        gaps=True,
        finish=trees.lightgbm_finish,
        fixed={"verbosity": -1},
        extra="lightgbm",
    ),
    Model(
        "keras_mlp",
        "neural network of Keras",
        "luthier.models.keras_mlp.KerasMLPClassifier",
        "luthier.models.keras_mlp.KerasMLPRegressor",
        _keras_mlp,
        scale=True,
        dense=True,
        extra="keras",
    ),
)
_BY_NAME = {found.name: found for found in _ALL}
MODELS: tuple[str, ...] = (*_BY_NAME, "any")
# Installed extras do not join: an optional package must not change what `any` finds.
_IN_ANY = ("boosting", "linear", "ridge", "svm", "forest", "extratrees", "knn", "mlp")
_SLOW = ("svm", "knn", "mlp")


def model(name: str, task: str, *, metric_needs: str = "labels", rows: int = 1000) -> Model | AnyOf:
    """The model of a name: one of `MODELS`, "any", or a dotted class such as
    ``sklearn.ensemble.AdaBoostClassifier``.

    Parameters
    ----------
    task : {"classification", "regression"}
    metric_needs : {"labels", "scores", "probabilities"}
        What the metric reads; "any" leaves out models that cannot give it.
    rows : int
        Rows of training data; above `LARGE`, "any" leaves out slow models.

    Raises
    ------
    StudyError
        If there is no such model, or it cannot do the task or the metric.
    MissingExtra
        If its package is not installed.
    """
    if name == "any":
        return AnyOf(_members(task, metric_needs, rows))
    found = dotted(name, task) if "." in name else _known(name, task)
    if task == "classification" and metric_needs == "probabilities" and not found.probabilities:
        raise StudyError(
            f"Model {found.name!r} gives no class probabilities, which this metric needs. "
            "Choose another metric, such as accuracy or roc_auc, or another model."
        )
    return found


def _members(task: str, metric_needs: str, rows: int) -> tuple[Model, ...]:
    found = [_BY_NAME[name] for name in _IN_ANY]
    if metric_needs == "probabilities" and task == "classification":
        found = [member for member in found if member.probabilities]
    if rows > LARGE:
        found = [member for member in found if member.name not in _SLOW]
    return tuple(found)


def _known(name: str, task: str) -> Model:
    if name not in _BY_NAME:
        raise StudyError(
            f"There is no model {name!r}.{nearest(name, MODELS)} Choose one of "
            f"{', '.join(MODELS)}, or a class such as sklearn.ensemble.AdaBoostClassifier."
        )
    found = _BY_NAME[name]
    found.kind(task)  # said at once if its package is not installed
    return found
