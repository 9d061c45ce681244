"""Linear models: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.shelf import Shelf

LINEAR = (
    "The strength of the penalty decides, on a logarithmic scale from almost constant to almost "
    "unpenalised; its share between absolute and squared comes second: Friedman, Hastie and "
    "Tibshirani (2010), J. Stat. Softw. 33; the same ranges stand behind glmnet in Probst, "
    "Boulesteix and Bischl (2019), Tunability, JMLR 20."
)
PENALTIES = ("l2", "l1", "elasticnet")
ABSOLUTE = {"elasticnet": ("saga",), "l1": ("saga", "liblinear")}


def strength(shelf: Shelf, low: float = 1e-5, high: float = 1e5) -> None:
    """C from almost constant to almost unpenalised; it may be infinite."""
    shelf.float("C", low, high, log=True, default=1.0)


def intercept(shelf: Shelf) -> None:
    """Whether there is one."""
    shelf.choice("fit_intercept", True, False, default=True)


def weights(shelf: Shelf) -> None:
    """Whether rare classes count as much as frequent ones."""
    if shelf.classifies:
        shelf.choice("class_weight", None, "balanced", default=None)


def logistic(shelf: Shelf) -> None:
    """C and the kind of penalty; the solver follows from the penalty."""
    strength(shelf)
    shelf.choice("penalty", *PENALTIES, default="l2")
    shelf.float("l1_ratio", 0.01, 0.99, default=0.5, when={"penalty": "elasticnet"})
    weights(shelf)
    intercept(shelf)


def logistic_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """The penalty in words. Since scikit-learn 1.8 `l1_ratio` alone tells which one it is."""
    ratio = own.get("l1_ratio")
    penalty = own.get("penalty")
    if penalty == "deprecated":
        penalty = {0: "l2", 1: "l1"}.get(ratio or 0, "elasticnet")
    if penalty != "elasticnet":
        ratio = 0.5
    return {**own, "penalty": penalty, "l1_ratio": ratio}


def logistic_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Only solvers that know the penalty; they need more rounds than the others."""
    if "penalty" not in made:
        return made
    penalty = made.pop("penalty")
    ratio = made.pop("l1_ratio", 0.5)
    if own.get("penalty") == "deprecated":
        made["l1_ratio"] = {"l2": 0.0, "l1": 1.0}.get(penalty, ratio)
    else:
        made |= {"penalty": penalty, "l1_ratio": ratio if penalty == "elasticnet" else None}
    solver = own.get("solver", "lbfgs")
    if solver not in ABSOLUTE.get(penalty, (solver,)):
        solver = "saga"
    made["solver"] = solver
    rounds = own.get("max_iter", 100)
    made["max_iter"] = max(rounds, 300) if solver == "saga" else rounds
    if own.get("dual"):
        made["dual"] = penalty == "l2" and solver == "liblinear"
    return made


def least_squares(shelf: Shelf) -> None:
    """Four points: there is nothing else to choose."""
    intercept(shelf)
    shelf.choice("positive", False, True, default=False)


def ridge(shelf: Shelf) -> None:
    """The penalty competes with a sum over rows, hence up to 1e6."""
    shelf.float("alpha", 1e-5, 1e6, log=True, default=1.0)
    intercept(shelf)
    weights(shelf)


def lasso(shelf: Shelf) -> None:
    """alpha is in units of the target, so its range is wide."""
    shelf.float("alpha", 1e-6, 1e4, log=True, default=1.0)
    intercept(shelf)


def elastic_net(shelf: Shelf) -> None:
    """As `lasso`, with the share of the absolute penalty; its solver does 0, ridge, badly."""
    lasso(shelf)
    shelf.float("l1_ratio", 0.01, 1.0, default=0.5)


def uncertain(shelf: Shelf) -> None:
    """The four settings of the two Gamma priors, which rarely matter."""
    for name in ("alpha_1", "alpha_2", "lambda_1", "lambda_2"):
        shelf.float(name, 1e-10, 1.0, log=True, default=1e-6)
    if shelf.takes("threshold_lambda") and "threshold_lambda" in shelf.own:
        shelf.float("threshold_lambda", 1e2, 1e6, log=True, default=1e4)
    intercept(shelf)


def huber(shelf: Shelf) -> None:
    """Where a residual starts to count as an outlier, in robust standard deviations."""
    shelf.float("epsilon", 1.01, 3.0, default=1.35)
    shelf.float("alpha", 1e-7, 1e3, log=True, default=1e-4)
    intercept(shelf)


def generalised(shelf: Shelf) -> None:
    """The penalty; which distribution or quantile is meant is no question of tuning."""
    shelf.float("alpha", 1e-6, 1e3, log=True, default=1.0)
    intercept(shelf)


def components(shelf: Shelf) -> None:
    """Up to as many components as there are columns, or as now where that is not known."""
    own = shelf.own.get("n_components", 2)
    limits = [n for n in (shelf.shape.columns, 50) if n is not None]
    rows = shelf.shape.share_of_rows(2, 1, 50)
    most = min(*limits, rows) if shelf.shape.columns else own
    shelf.int("n_components", 1, most, default=2)
    shelf.choice("scale", True, False, default=True)


def linear_svc(shelf: Shelf) -> None:
    """C and the valid pairs of penalty and loss."""
    strength(shelf)
    shelf.choice("penalty", "l2", "l1", default="l2")
    # The absolute penalty goes with the squared hinge only.
    squared = {"penalty": "l2"}
    shelf.choice("loss", "squared_hinge", "hinge", default="squared_hinge", when=squared)
    weights(shelf)
    intercept(shelf)


def linear_svc_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The only loss that goes with the penalty, and a form of the problem that knows both."""
    if "penalty" not in made:
        return made
    dual = own.get("dual", "auto")
    if made["penalty"] == "l1":
        made["loss"] = "squared_hinge"
        dual = False if dual is True else dual
    elif made.get("loss") == "hinge":
        dual = True if dual is False else dual
    return {**made, "dual": dual}


def linear_svr(shelf: Shelf) -> None:
    """As `linear_svc`, and the width of the tube in units of the target."""
    strength(shelf)
    losses = ("epsilon_insensitive", "squared_epsilon_insensitive")
    shelf.choice("loss", *losses, default=losses[0])
    shelf.float("epsilon", 1e-4, 100.0, log=True, default=0.1, words={"none": 0.0})
    intercept(shelf)


def linear_svr_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A form of the problem that knows the loss."""
    if "loss" in made:
        refused = own.get("dual") is False and made["loss"] == "epsilon_insensitive"
        made["dual"] = "auto" if refused else own.get("dual", "auto")
    return made
