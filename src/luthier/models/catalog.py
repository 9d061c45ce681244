"""Well-known models by name: a wide default space each, and the estimator that its points build.

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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from luthier.errors import MissingExtra, SpaceError, StudyError, nearest
from luthier.models.presets import kernels, linear, neighbours, network, trees
from luthier.models.presets.shelf import Shape, Shelf, translated
from luthier.parameters import Choice, Parameter
from luthier.space import Space

Params = Mapping[str, Any]
LARGE = 10_000  # rows above which `any` leaves out what needs quadratic time


@dataclass(frozen=True)
class Model:
    """One kind of model: its default space and how to build it.

    Attributes
    ----------
    scale : bool
        Numbers are brought to mean 0 and variance 1 first.
    codes : bool
        Categories with many levels become ordinal codes rather than indicator columns.
    dense : bool
        It cannot take a sparse matrix.
    gaps : bool
        It takes missing numbers as they are.
    probabilities : bool
        It gives class probabilities, which `log_loss` needs.
    target_scale : bool
        Some of its settings are in units of a number to predict, so that may be scaled first.
    """

    name: str
    title: str
    classifier: str
    regressor: str
    shelve: Callable[[Shelf], None]
    scale: bool = False
    codes: bool = False
    dense: bool = False
    gaps: bool = False
    probabilities: bool = True
    target_scale: bool = False
    fixed: Mapping[str, Any] | None = None
    finish: Callable[[dict[str, Any], Params], dict[str, Any]] | None = None
    extra: str = ""

    def space(self, task: str, rows: int = 1000) -> Space:
        """The default space for a task; `rows` of training data bound what counts rows."""
        shelf = Shelf(shape=Shape(task, rows))
        self.fill(shelf)
        return Space(shelf.found)

    def fill(self, shelf: Shelf) -> None:
        """Put the parameters on a shelf."""
        self.shelve(shelf)
        if self.target_scale and not shelf.classifies:
            shelf.choice("target_scale", "none", "standard", default="none")

    def build(self, params: Params, task: str, seed: int = 0) -> Any:
        """The estimator of a point; names that are not given keep the library's default.

        Raises
        ------
        StudyError
            If the model does not know the task, or the library refuses the parameters.
        MissingExtra
            If the library is not installed.
        """
        dotted = self.classifier if task == "classification" else self.regressor
        kind = _class(dotted, self.extra)
        scaled = dict(params).pop("target_scale", "none") == "standard"
        settings = _translated(self, task, params)
        known = kind().get_params()
        settings = {**_fixed(self, task, known), **settings}
        if "random_state" in known:
            settings["random_state"] = int(seed) % 2**32
        try:
            estimator = kind().set_params(**settings)
        except (TypeError, ValueError) as error:
            raise StudyError(
                f"{dotted} does not accept {settings!r}: {error}. Correct the space."
            ) from error
        return _target_scaled(estimator) if scaled else estimator


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
    if "." in name:
        return _dotted(name, task, metric_needs)
    if name not in _BY_NAME:
        raise StudyError(
            f"There is no model {name!r}.{nearest(name, MODELS)} Choose one of "
            f"{', '.join(MODELS)}, or a class such as sklearn.ensemble.AdaBoostClassifier."
        )
    found = _BY_NAME[name]
    _class(found.classifier if task == "classification" else found.regressor, found.extra)
    _gives(found, task, metric_needs)
    return found


@dataclass(frozen=True)
class AnyOf:
    """The model is itself a choice: ``model`` names it, ``<model>__<name>`` its parameters."""

    members: tuple[Model, ...]
    name: str = "any"
    title: str = "any model"

    def space(self, task: str, rows: int = 1000) -> Space:
        """One `Choice` and, under each option, that model's default space."""
        names = [member.name for member in self.members]
        shelf: dict[str, Parameter] = {
            "model": Choice(*names, default="boosting" if "boosting" in names else names[0])
        }
        for member in self.members:
            own = Shelf(f"{member.name}__", {"model": member.name}, shape=Shape(task, rows))
            member.fill(own)
            shelf |= own.found
        return Space(shelf)

    def chosen(self, params: Params) -> tuple[Model, dict[str, Any]]:
        """The model that a point names, and its parameters without their prefix."""
        named = params.get("model", self.members[0].name)
        member = next((m for m in self.members if m.name == named), None)
        if member is None:
            names = [m.name for m in self.members]
            raise SpaceError(
                f"model={named!r} is none of {', '.join(names)}.{nearest(str(named), names)}"
            )
        prefix = f"{member.name}__"
        return member, {k[len(prefix) :]: v for k, v in params.items() if k.startswith(prefix)}

    def build(self, params: Params, task: str, seed: int = 0) -> Any:
        """The estimator of a point."""
        member, own = self.chosen(params)
        return member.build(own, task, seed)


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


def _elasticnet(shelf: Shelf) -> None:
    """As `_lasso`, with the share of the absolute penalty between 0 (ridge) and 1 (lasso)."""
    if shelf.classifies:
        _lasso(shelf)
        shelf.float("l1_ratio", 0.0, 1.0, default=0.0)
    else:
        linear.elastic_net(shelf)


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
    ),
    Model(
        "elasticnet",
        "elastic net",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.ElasticNet",
        _elasticnet,
        scale=True,
        target_scale=True,
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


def _members(task: str, metric_needs: str, rows: int) -> tuple[Model, ...]:
    found = [_BY_NAME[name] for name in _IN_ANY]
    if metric_needs == "probabilities" and task == "classification":
        found = [member for member in found if member.probabilities]
    if rows > LARGE:
        found = [member for member in found if member.name not in _SLOW]
    return tuple(found)


def _gives(found: Model, task: str, metric_needs: str) -> None:
    if task == "classification" and metric_needs == "probabilities" and not found.probabilities:
        raise StudyError(
            f"Model {found.name!r} gives no class probabilities, which this metric needs. "
            "Choose another metric, such as accuracy or roc_auc, or another model."
        )


def _dotted(name: str, task: str, metric_needs: str) -> Model:
    """A `Model` around any class with scikit-learn's interface; its space is the user's."""
    kind = _class(name, "")
    for wanted in ("fit", "predict", "get_params", "set_params"):
        if not callable(getattr(kind, wanted, None)):
            raise StudyError(
                f"{name} has no {wanted}(), so it is no scikit-learn estimator. "
                "Name a classifier or a regressor."
            )
    try:
        plain = kind()
    except TypeError as error:
        raise StudyError(
            f"{name} cannot be built without arguments: {error}. "
            "Wrap it in a class of your own whose arguments all have defaults, and name that."
        ) from error
    from sklearn.base import is_classifier, is_regressor

    fits = is_classifier(plain) if task == "classification" else is_regressor(plain)
    if not fits:
        raise StudyError(
            f"{name} is no {'classifier' if task == 'classification' else 'regressor'}, but the "
            f"task is {task}. Choose another estimator, or set --task."
        )
    found = Model(
        name,
        kind.__name__,
        name,
        name,
        _no_space(name, sorted(plain.get_params())),
        scale=True,
        dense=not _takes_sparse(plain),
        probabilities=hasattr(plain, "predict_proba"),
    )
    _gives(found, task, metric_needs)
    return found


def _no_space(name: str, known: list[str]) -> Callable[[Shelf], None]:
    def shelve(shelf: Shelf) -> None:
        raise StudyError(
            f"{name} has no default space here. Give one with --space space.toml; its parameters "
            f"are {', '.join(known)}."
        )

    return shelve


def check_names(chosen: Model | AnyOf, space: Space, task: str, allowed: tuple[str, ...]) -> None:
    """Check a user's space against what the model takes, before anything runs.

    Parameters
    ----------
    allowed : tuple of str
        Further names that are no parameters of the model, such as those of the text columns.

    Raises
    ------
    SpaceError
        If a name is neither a parameter of the estimator nor one of the default space.
    """
    if isinstance(chosen, AnyOf):
        known = {*chosen.space(task).names, *allowed}
    else:
        dotted = chosen.classifier if task == "classification" else chosen.regressor
        known = {*_class(dotted, chosen.extra)().get_params(), *allowed}
        if chosen.name in _BY_NAME:
            known |= set(chosen.space(task).names)
    for name in space.names:
        if name not in known:
            raise SpaceError(
                f"{chosen.name} has no parameter {name!r}.{nearest(name, known)} "
                f"It takes {', '.join(sorted(known))}."
            )


def _takes_sparse(estimator: Any) -> bool:
    try:
        return bool(estimator.__sklearn_tags__().input_tags.sparse)
    except (AttributeError, TypeError):  # before scikit-learn 1.6, or not of its family
        return False


def _class(dotted: str, extra: str) -> Any:
    module, _, name = dotted.rpartition(".")
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        if extra:
            raise MissingExtra(
                f"Model {extra!r} needs the package {extra}, which is not installed. "
                f"Run: pip install 'luthier[{extra}]'"
            ) from error
        raise StudyError(
            f"{dotted}: there is no module {error.name!r}. Check the spelling, or install it."
        ) from error
    found = getattr(home, name, None)
    if not isinstance(found, type):
        public = [n for n in dir(home) if isinstance(getattr(home, n, None), type)]
        raise StudyError(
            f"{dotted}: module {module!r} has no class {name!r}.{nearest(name, public)} "
            "Check the spelling."
        )
    return found


def _fixed(found: Model, task: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that are not searched: they make a fit end, or choose the penalty."""
    made = {name: value for name, value in (found.fixed or {}).items() if name in known}
    if task == "classification" and found.name in ("lasso", "elasticnet"):
        made |= {"solver": "saga", "max_iter": 300}
        if known.get("penalty") != "deprecated":  # scikit-learn before 1.8
            made |= {"penalty": "elasticnet", "l1_ratio": 0.0}
        if found.name == "lasso":
            made["l1_ratio"] = 1.0
    elif found.name in ("lasso", "elasticnet"):
        made["max_iter"] = 3000
    return made


def _translated(found: Model, task: str, params: Params) -> dict[str, Any]:
    """Arguments of the estimator from the parameters of a trial."""
    made = {key: value for key, value in params.items() if key != "target_scale"}
    if found.name not in _BY_NAME:
        return made
    shelf = Shelf(shape=Shape(task))
    found.shelve(shelf)
    made = translated(shelf.words, made)
    return found.finish(made, {}) if found.finish else made


def _target_scaled(estimator: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(regressor=estimator, transformer=StandardScaler())
