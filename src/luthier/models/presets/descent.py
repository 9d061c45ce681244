"""Linear models fitted row by row: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.linear import intercept, weights
from luthier.models.presets.shelf import Shelf

DESCENT = (
    "alpha and the schedule of steps decide: Bottou (2012), Stochastic gradient descent tricks; "
    "alpha on a logarithmic scale as in Probst, Boulesteix and Bischl (2019), Tunability, JMLR 20."
)
SURE = ("log_loss", "modified_huber")  # losses that come with probabilities


def descent(shelf: Shelf) -> None:
    """Loss, penalty and steps. A loss that gives probabilities now will give them still."""
    if shelf.classifies:
        sure = shelf.own.get("loss") in SURE
        losses = SURE if sure else ("hinge", *SURE, "squared_hinge")
        shelf.choice("loss", *losses, default=losses[0])
    else:
        shelf.choice("loss", "squared_error", "huber", default="squared_error")
        bent = {"loss": ["huber"]}
        shelf.float("epsilon", 1e-4, 100.0, log=True, default=0.1, when=bent)
    shelf.float("alpha", 1e-7, 1.0, log=True, default=1e-4)
    _penalty(shelf, "l2", "l1", "elasticnet")
    schedules = ("optimal", "invscaling", "adaptive", "constant")
    usual = "optimal" if shelf.classifies else "invscaling"
    shelf.choice("learning_rate", *schedules, default=usual)
    options = shelf.found[f"{shelf.prefix}learning_rate"].options  # type: ignore[union-attr]
    stepped = {"learning_rate": [option for option in options if option != "optimal"]}
    shelf.float("eta0", 1e-5, 0.1, log=True, default=0.01, when=stepped)
    shelf.choice("average", False, True, default=False)
    weights(shelf)
    intercept(shelf)


def descent_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """Before scikit-learn 1.8 the first step is 0 where the schedule does not use it."""
    return {**own, "eta0": own["eta0"] if own.get("eta0", 0.01) > 0 else 0.01}


def perceptron(shelf: Shelf) -> None:
    """The penalty, if any."""
    _penalty(shelf, None, "l2", "l1", "elasticnet")
    some = {"penalty": ["l2", "l1", "elasticnet"]}
    shelf.float("alpha", 1e-7, 1.0, log=True, default=1e-4, when=some)
    weights(shelf)
    intercept(shelf)


def passive_aggressive(shelf: Shelf) -> None:
    """The longest step, and the loss."""
    shelf.float("C", 1e-5, 100.0, log=True, default=1.0)
    losses = ("hinge", "squared_hinge")
    if not shelf.classifies:
        losses = ("epsilon_insensitive", "squared_epsilon_insensitive")
    shelf.choice("loss", *losses, default=losses[0])
    shelf.choice("average", False, True, default=False)
    weights(shelf)
    intercept(shelf)


def _penalty(shelf: Shelf, *kinds: str | None) -> None:
    shelf.choice("penalty", *kinds, default=kinds[0])
    mixed = {"penalty": "elasticnet"}
    shelf.float("l1_ratio", 0.01, 0.99, default=0.15, when=mixed)
