"""Support vector machines, kernel ridge and Gaussian processes: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.linear import strength, weights
from luthier.models.presets.shelf import Shelf

SVM = (
    "C and gamma as in Hsu, Chang and Lin (2003), A practical guide to support vector "
    "classification, gamma only where the kernel has one; van Rijn and Hutter (2018), KDD: gamma "
    "matters most, then C. With a number as target C and epsilon go with its spread: Cherkassky "
    "and Ma (2004), Practical selection of SVM parameters, Neural Networks 17."
)
PROCESS = (
    "Which kernel decides; its own numbers are fitted by the library. Rasmussen and Williams "
    "(2006), Gaussian processes for machine learning, chapter 5."
)
RIDGE = "The penalty and the width of the kernel as for SVM: Hsu, Chang and Lin (2003)."
# A large C on data that cannot be separated would not end; these are far more steps than a point
# that generalises takes.
STEPS = 200_000


def ending(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A limit on the steps, where the estimator has none."""
    return {**made, "max_iter": STEPS} if own.get("max_iter", -1) == -1 else made


def machine(shelf: Shelf) -> None:
    """What support vector machines share: the kernel and its own settings."""
    if shelf.own.get("kernel") == "precomputed":
        return  # what reaches the estimator is the kernel already
    shelf.choice("kernel", "rbf", "linear", "poly", "sigmoid", default="rbf")
    words = {"scale": "scale", "auto": "auto"}
    curved = {"kernel": ["rbf", "poly", "sigmoid"]}
    shelf.float("gamma", 1e-5, 10.0, log=True, default=0.1, words=words, when=curved)
    shelf.int("degree", 2, 5, default=3, when={"kernel": "poly"})
    shelf.float("coef0", 0.0, 2.0, default=0.0, when={"kernel": ["poly", "sigmoid"]})


def svc(shelf: Shelf) -> None:
    """C, and the kernel."""
    strength(shelf, 1e-3, 1e4)
    machine(shelf)
    weights(shelf)


def svr(shelf: Shelf) -> None:
    """As `svc`, and the width of the tube; both in spreads of the target, where that is known."""
    strength(shelf, *shelf.shape.spreads(1e-3, 1e4))
    machine(shelf)
    # Wider than the spread it holds almost all rows, and the model is a constant.
    ends = (1e-4, 100.0) if shelf.shape.spread is None else shelf.shape.spreads(1e-4, 1.0)
    shelf.float("epsilon", *ends, log=True, default=0.1)


def nu_svc(shelf: Shelf) -> None:
    """nu bounds the share of errors; above twice the share of the rarest class nothing fits."""
    shelf.float("nu", 0.01, 0.5, log=True, default=0.5)
    machine(shelf)


def nu_svr(shelf: Shelf) -> None:
    """As `svr`; nu takes the place of the width."""
    strength(shelf, *shelf.shape.spreads(1e-3, 1e4))
    shelf.float("nu", 0.01, 1.0, default=0.5)
    machine(shelf)


def kernel_ridge(shelf: Shelf) -> None:
    """The penalty and the kernel."""
    shelf.float("alpha", 1e-6, 1e3, log=True, default=1.0)
    if shelf.own.get("kernel") == "precomputed":
        return
    shelf.choice("kernel", "linear", "rbf", "laplacian", "poly", default="linear")
    curved = {"kernel": ["rbf", "laplacian", "poly"]}
    shelf.float("gamma", 1e-5, 10.0, log=True, default=0.1, words={"auto": None}, when=curved)
    shelf.int("degree", 2, 5, default=3, when={"kernel": "poly"})
    shelf.float("coef0", 0.0, 2.0, default=1.0, when={"kernel": "poly"})


def process(shelf: Shelf) -> None:
    """The kernel by its name; the library fits the numbers in it. With noise for regression."""
    from sklearn.gaussian_process.kernels import (
        RBF,
        ConstantKernel,
        DotProduct,
        Matern,
        RationalQuadratic,
        WhiteKernel,
    )

    shapes = {
        "rbf": RBF(),
        "matern32": Matern(nu=1.5),
        "matern52": Matern(nu=2.5),
        "rational": RationalQuadratic(),
        "linear": DotProduct(),
    }
    kernels = {name: ConstantKernel() * shape for name, shape in shapes.items()}
    if not shelf.classifies:
        kernels = {name: kernel + WhiteKernel(0.1) for name, kernel in kernels.items()}
    shelf.named("kernel", {"library": None, **kernels})
    if not shelf.classifies:
        shelf.float("alpha", 1e-10, 1.0, log=True, default=1e-10)
        shelf.choice("normalize_y", False, True, default=False)
