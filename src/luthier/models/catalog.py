"""Well-known models by name: a wide default space each, and the estimator that its points build.

Trial 0 of every default space is the library's own default, so a study always starts from what
people get who do not tune. Where that default is a word or None ("no limit", "scale"), the
parameter is a `Choice` of words or ``"value"``, and ``<name>_value`` holds the number.

Why these ranges: each covers the values that published large-scale studies found to matter and
goes one step beyond the library's default on both sides, on a log scale where the effect is
multiplicative. Sources: Probst, Boulesteix and Bischl (2019), *Tunability*, JMLR 20; van Rijn and
Hutter (2018), *Hyperparameter importance across datasets*, KDD; Kadra et al. (2021) and
Gorishniy et al. (2021) for networks; Prokhorenkova et al. (2018) and Grinsztajn, Oyallon and
Varoquaux (2022) for boosting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from luthier.errors import MissingExtra, SpaceError, StudyError, nearest
from luthier.space import Choice, Float, Int, Space

Params = Mapping[str, Any]
# What our words mean to the library; other words, such as "sqrt", are the library's own.
WORDS: Mapping[tuple[str, str], Any] = {
    ("max_depth", "unlimited"): None,
    ("max_features", "all"): 1.0,
    ("max_samples", "all"): None,
    ("ccp_alpha", "none"): 0.0,
    ("l2_regularization", "none"): 0.0,
    ("reg_alpha", "none"): 0.0,
    ("reg_lambda", "none"): 0.0,
    ("gamma", "none"): 0.0,
    ("bagging", "none"): 0.0,
}
LARGE = 10_000  # rows above which `any` leaves out what needs quadratic time


class Shelf:
    """Collects parameters under a prefix, all of them switched on by one condition."""

    def __init__(self, prefix: str = "", when: Mapping[str, Any] | None = None) -> None:
        self.prefix, self.when = prefix, dict(when or {})
        self.found: dict[str, Float | Int | Choice] = {}

    def _if(self, when: Mapping[str, Any] | None) -> dict[str, Any] | None:
        own = {self.prefix + parent: values for parent, values in (when or {}).items()}
        # A parent inside the shelf is itself switched on by the shelf's condition.
        return own or self.when or None

    def float(self, name: str, low: float, high: float, **how: Any) -> None:
        how["when"] = self._if(how.get("when"))
        self.found[self.prefix + name] = Float(low, high, **how)

    def int(self, name: str, low: int, high: int, **how: Any) -> None:
        how["when"] = self._if(how.get("when"))
        self.found[self.prefix + name] = Int(low, high, **how)

    def choice(self, name: str, *options: Any, default: Any, **how: Any) -> None:
        how["when"] = self._if(how.get("when"))
        self.found[self.prefix + name] = Choice(*options, default=default, **how)

    def value(self, name: str, *words: str, default: str, when: Any = None) -> dict[str, Any]:
        """A `Choice` of words or "value"; gives the condition and name of the number."""
        self.choice(name, *words, "value", default=default, when=when)
        return {"name": f"{name}_value", "when": {name: "value"}}


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
    """

    name: str
    title: str
    classifier: str
    regressor: str
    shelve: Callable[[Shelf, str, int], None]
    scale: bool = False
    codes: bool = False
    dense: bool = False
    gaps: bool = False
    probabilities: bool = True
    fixed: Mapping[str, Any] | None = None
    extra: str = ""

    def space(self, task: str, rows: int = 1000) -> Space:
        """The default space for a task; `rows` of training data bound what counts rows."""
        shelf = Shelf()
        self.shelve(shelf, task, rows)
        return Space(shelf.found)

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
        settings = _translated(self.name, params)
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
        shelf: dict[str, Float | Int | Choice] = {
            "model": Choice(*names, default="boosting" if "boosting" in names else names[0])
        }
        for member in self.members:
            own = Shelf(f"{member.name}__", {"model": member.name})
            member.shelve(own, task, rows)
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


def _linear(shelf: Shelf, task: str, rows: int) -> None:
    """Logistic: C from almost constant to almost unpenalised. Least squares: four points."""
    if task == "regression":
        shelf.choice("fit_intercept", True, False, default=True)
        shelf.choice("positive", False, True, default=False)
        return
    shelf.float("C", 1e-5, 1e5, log=True, default=1.0)
    shelf.choice("class_weight", None, "balanced", default=None)
    shelf.choice("fit_intercept", True, False, default=True)


def _ridge(shelf: Shelf, task: str, rows: int) -> None:
    """The penalty competes with a sum over rows, hence up to 1e6."""
    shelf.float("alpha", 1e-5, 1e6, log=True, default=1.0)
    shelf.choice("fit_intercept", True, False, default=True)
    if task == "classification":
        shelf.choice("class_weight", None, "balanced", default=None)


def _lasso(shelf: Shelf, task: str, rows: int) -> None:
    """alpha is in units of the target, so its range is wide; `target_scale` makes it unitless."""
    if task == "classification":
        shelf.float("C", 1e-4, 1e4, log=True, default=1.0)
        shelf.choice("class_weight", None, "balanced", default=None)
        return
    shelf.float("alpha", 1e-6, 1e4, log=True, default=1.0)
    shelf.choice("fit_intercept", True, False, default=True)
    shelf.choice("target_scale", "none", "standard", default="none")


def _elasticnet(shelf: Shelf, task: str, rows: int) -> None:
    """As `_lasso`, with the share of the absolute penalty between 0 (ridge) and 1 (lasso)."""
    _lasso(shelf, task, rows)
    if task == "classification":
        shelf.float("l1_ratio", 0.0, 1.0, default=0.0)
    else:
        shelf.float("l1_ratio", 0.01, 1.0, default=0.5)  # 0 is ridge, which its solver does badly


def _svm(shelf: Shelf, task: str, rows: int) -> None:
    """C and gamma as in Hsu, Chang and Lin (2003), gamma only where the kernel has one."""
    shelf.float("C", 1e-3, 1e4, log=True, default=1.0)
    shelf.choice("kernel", "rbf", "linear", "poly", "sigmoid", default="rbf")
    curved = {"kernel": ["rbf", "poly", "sigmoid"]}
    gamma = shelf.value("gamma", "scale", "auto", default="scale", when=curved)
    shelf.float(**gamma, low=1e-5, high=10.0, log=True, default=0.1)
    shelf.int("degree", 2, 5, default=3, when={"kernel": "poly"})
    shelf.float("coef0", 0.0, 2.0, default=0.0, when={"kernel": ["poly", "sigmoid"]})
    if task == "classification":
        shelf.choice("class_weight", None, "balanced", default=None)
    else:
        shelf.float("epsilon", 1e-4, 100.0, log=True, default=0.1)  # in units of the target
        shelf.choice("target_scale", "none", "standard", default="none")


def _growth(shelf: Shelf, task: str, rows: int, features: str) -> None:
    """What limits a tree: depth, rows to split and per leaf, features looked at per split."""
    depth = shelf.value("max_depth", "unlimited", default="unlimited")
    shelf.int(**depth, low=1, high=40, log=True, default=10)
    shelf.int("min_samples_split", 2, 128, log=True, default=2)
    shelf.int("min_samples_leaf", 1, 64, log=True, default=1)
    share = shelf.value("max_features", "all", "sqrt", "log2", default=features)
    shelf.float(**share, low=0.05, high=1.0, default=0.5)
    if task == "classification":
        shelf.choice("criterion", "gini", "entropy", default="gini")


def _tree(shelf: Shelf, task: str, rows: int) -> None:
    """A tree alone overfits, so pruning by cost is there as well; its cost is per class share."""
    _growth(shelf, task, rows, "all")
    if task == "classification":
        alpha = shelf.value("ccp_alpha", "none", default="none")
        shelf.float(**alpha, low=1e-5, high=0.1, log=True, default=1e-3)
        shelf.choice("class_weight", None, "balanced", default=None)


def _woods(shelf: Shelf, task: str, rows: int, bootstrap: bool) -> None:
    """More trees never hurt but cost time: up to 500. Sampling rows matters most after depth."""
    shelf.int("n_estimators", 30, 500, log=True, default=100)
    _growth(shelf, task, rows, "sqrt" if task == "classification" else "all")
    shelf.choice("bootstrap", True, False, default=bootstrap)
    share = shelf.value("max_samples", "all", default="all", when={"bootstrap": True})
    shelf.float(**share, low=0.1, high=1.0, default=0.7)
    if task == "classification":
        shelf.choice("class_weight", None, "balanced", default=None)


def _forest(shelf: Shelf, task: str, rows: int) -> None:
    _woods(shelf, task, rows, True)


def _extratrees(shelf: Shelf, task: str, rows: int) -> None:
    _woods(shelf, task, rows, False)


def _boosting(shelf: Shelf, task: str, rows: int) -> None:
    """Learning rate and rounds trade off, so both are on log scales around the default."""
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.1)
    shelf.int("max_iter", 20, 1000, log=True, default=100)
    shelf.int("max_leaf_nodes", 2, 255, log=True, default=31)
    depth = shelf.value("max_depth", "unlimited", default="unlimited")
    shelf.int(**depth, low=1, high=16, log=True, default=6)
    shelf.int("min_samples_leaf", 1, 200, log=True, default=20)
    penalty = shelf.value("l2_regularization", "none", default="none")
    shelf.float(**penalty, low=1e-4, high=100.0, log=True, default=1.0)
    shelf.float("max_features", 0.1, 1.0, default=1.0)
    shelf.int("max_bins", 15, 255, log=True, default=255)
    if task == "classification":
        shelf.choice("class_weight", None, "balanced", default=None)


def _knn(shelf: Shelf, task: str, rows: int) -> None:
    """Up to 100 neighbours, but never more than half of the smallest training fold."""
    most = max(5, min(100, rows // 4))
    shelf.int("n_neighbors", 1, most, log=True, default=5)
    shelf.choice("weights", "uniform", "distance", default="uniform")
    shelf.choice("metric", "minkowski", "cosine", default="minkowski")
    shelf.choice("p", 1, 2, default=2, ordered=True, when={"metric": "minkowski"})


def _mlp(shelf: Shelf, task: str, rows: int) -> None:
    """One to three layers of 8 to 512 units, each asked for only where the layer exists."""
    shelf.int("layers", 1, 3, default=1)
    shelf.int("units_1", 8, 512, log=True, default=100)
    shelf.int("units_2", 8, 512, log=True, default=100, when={"layers": [2, 3]})
    shelf.int("units_3", 8, 512, log=True, default=100, when={"layers": 3})
    shelf.choice("activation", "relu", "tanh", "logistic", default="relu")
    shelf.float("alpha", 1e-7, 10.0, log=True, default=1e-4)
    shelf.float("learning_rate_init", 1e-4, 0.1, log=True, default=1e-3)
    batch = shelf.value("batch_size", "auto", default="auto")
    shelf.int(**batch, low=8, high=512, log=True, default=64)
    shelf.int("max_iter", 20, 500, log=True, default=200)
    shelf.choice("early_stopping", False, True, default=False)
    if task == "regression":
        shelf.choice("target_scale", "none", "standard", default="none")


def _xgboost(shelf: Shelf, task: str, rows: int) -> None:
    """Ranges of Gorishniy et al. (2021), widened to hold the library's defaults."""
    shelf.int("n_estimators", 20, 1000, log=True, default=100)
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.3)
    shelf.int("max_depth", 1, 16, log=True, default=6)
    shelf.float("min_child_weight", 0.01, 100.0, log=True, default=1.0)
    shelf.float("subsample", 0.3, 1.0, default=1.0)
    shelf.float("colsample_bytree", 0.1, 1.0, default=1.0)
    shelf.float("reg_lambda", 1e-3, 100.0, log=True, default=1.0)
    alpha = shelf.value("reg_alpha", "none", default="none")
    shelf.float(**alpha, low=1e-4, high=100.0, log=True, default=0.1)
    gamma = shelf.value("gamma", "none", default="none")
    shelf.float(**gamma, low=1e-4, high=100.0, log=True, default=0.1)


def _lightgbm(shelf: Shelf, task: str, rows: int) -> None:
    """As `_xgboost`, in LightGBM's words: leaves bound a tree rather than its depth."""
    shelf.int("n_estimators", 20, 1000, log=True, default=100)
    shelf.float("learning_rate", 0.005, 1.0, log=True, default=0.1)
    shelf.int("num_leaves", 2, 255, log=True, default=31)
    shelf.int("min_child_samples", 1, 200, log=True, default=20)
    bagging = shelf.value("bagging", "none", default="none")
    shelf.float(**bagging, low=0.3, high=1.0, default=0.8)
    shelf.float("colsample_bytree", 0.1, 1.0, default=1.0)
    for name in ("reg_lambda", "reg_alpha"):
        penalty = shelf.value(name, "none", default="none")
        shelf.float(**penalty, low=1e-4, high=100.0, log=True, default=0.1)
    if task == "classification":
        shelf.choice("class_weight", None, "balanced", default=None)


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
        _ridge,
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
    ),
    Model(
        "elasticnet",
        "elastic net",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.ElasticNet",
        _elasticnet,
        scale=True,
    ),
    Model(
        "svm",
        "support vector machine",
        "sklearn.svm.SVC",
        "sklearn.svm.SVR",
        _svm,
        scale=True,
        probabilities=False,
        # A large C on data that cannot be separated would not end; 200,000 steps are far more
        # than a point that generalises takes.
        fixed={"max_iter": 200_000, "cache_size": 500},
    ),
    Model(
        "tree",
        "decision tree",
        "sklearn.tree.DecisionTreeClassifier",
        "sklearn.tree.DecisionTreeRegressor",
        _tree,
        codes=True,
    ),
    Model(
        "forest",
        "random forest",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble.RandomForestRegressor",
        _forest,
        codes=True,
    ),
    Model(
        "extratrees",
        "extra trees",
        "sklearn.ensemble.ExtraTreesClassifier",
        "sklearn.ensemble.ExtraTreesRegressor",
        _extratrees,
        codes=True,
    ),
    Model(
        "boosting",
        "gradient boosting",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        _boosting,
        codes=True,
        dense=True,
        gaps=True,
    ),
    Model(
        "knn",
        "k nearest neighbours",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.neighbors.KNeighborsRegressor",
        _knn,
        scale=True,
    ),
    Model(
        "mlp",
        "neural network",
        "sklearn.neural_network.MLPClassifier",
        "sklearn.neural_network.MLPRegressor",
        _mlp,
        scale=True,
    ),
    Model(
        "xgboost",
        "XGBoost",
        "xgboost.XGBClassifier",
        "xgboost.XGBRegressor",
        _xgboost,
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
        _lightgbm,
        codes=True,
        gaps=True,
        fixed={"verbosity": -1},
        extra="lightgbm",
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


def _no_space(name: str, known: list[str]) -> Callable[[Shelf, str, int], None]:
    def shelve(shelf: Shelf, task: str, rows: int) -> None:
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


def _translated(name: str, params: Params) -> dict[str, Any]:
    """Arguments of the estimator from the parameters of a trial."""
    made = {key: value for key, value in params.items() if key != "target_scale"}
    if name not in _BY_NAME:
        return made
    for key in [key for key in made if key.endswith("_value") and key[:-6] in made]:
        made[key[:-6]] = made.pop(key)
    for key, value in made.items():
        if isinstance(value, str):
            made[key] = WORDS.get((key, value), value)
    if name == "tree" and params.get("max_features") == "all":
        made["max_features"] = None  # a tree says None where a forest says 1.0
    if name == "mlp" and ("layers" in made or "units_1" in made):
        units = [made.pop(f"units_{i}", 100) for i in range(1, 4)]
        made["hidden_layer_sizes"] = tuple(units[: int(made.pop("layers", 1))])
    if name == "lightgbm" and "bagging" in made:
        share = made.pop("bagging")
        made |= {"subsample": share or 1.0, "subsample_freq": 1 if share else 0}
    return made


def _target_scaled(estimator: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(regressor=estimator, transformer=StandardScaler())
