"""Naive Bayes and discriminant analysis: default ranges."""

from __future__ import annotations

from luthier.models.presets.shelf import Shelf

BAYES = (
    "How much counts are smoothed is all there is: Rennie et al. (2003), ICML, and the wide "
    "logarithmic ranges of auto-sklearn, Feurer et al. (2015), NeurIPS."
)
DISCRIMINANT = (
    "How far covariances are shrunk, or mixed with the identity: Friedman (1989), Regularized "
    "discriminant analysis, JASA 84."
)


def gaussian(shelf: Shelf) -> None:
    """The share of the largest variance that is added to all."""
    shelf.float("var_smoothing", 1e-12, 1.0, log=True, default=1e-9)


def counts(shelf: Shelf) -> None:
    """What is added to each count."""
    shelf.float("alpha", 1e-3, 100.0, log=True, default=1.0)
    shelf.choice("fit_prior", True, False, default=True)
    if "norm" in shelf.own:  # of the complement's weights
        shelf.choice("norm", False, True, default=False)


def linear_discriminant(shelf: Shelf) -> None:
    """Shrinkage, which one of the solvers does not know."""
    if shelf.own.get("covariance_estimator") is None:
        shelf.choice("solver", "svd", "lsqr", default="svd")
        shelf.float(
            "shrinkage",
            1e-3,
            1.0,
            log=True,
            default=0.1,
            words={"none": None, "auto": "auto"},
            when={"solver": ["lsqr", *_more(shelf, "lsqr")]},
        )


def quadratic_discriminant(shelf: Shelf) -> None:
    """How far each class's covariance is mixed with the identity."""
    if shelf.own.get("solver", "svd") == "svd":
        shelf.float("reg_param", 1e-4, 1.0, log=True, default=0.1, words={"none": 0.0})
    else:
        words = {"none": None, "auto": "auto"}
        shelf.float("shrinkage", 1e-3, 1.0, log=True, default=0.1, words=words)


def _more(shelf: Shelf, known: str) -> list[str]:
    """The estimator's own solver, if it is another one that shrinks."""
    own = shelf.own.get("solver", "svd")
    return [] if own in ("svd", known) else [own]
