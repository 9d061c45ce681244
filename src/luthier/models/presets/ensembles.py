"""Ensembles of given or default members: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.shelf import Shelf

MEMBERS = (
    "Which members take part, with what weight, and each member's own parameters: Caruana et al. "
    "(2004), Ensemble selection from libraries of models, ICML."
)
ADABOOST = (
    "van Rijn and Hutter (2018), KDD: the depth of the trees matters most, then the learning rate."
)
BAGGING = (
    "Louppe and Geurts (2012), Ensembles on random patches, ECML: shares of rows and of columns."
)
CALIBRATED = (
    "Which curve turns scores into probabilities: Niculescu-Mizil and Caruana (2005), ICML."
)


def adaboost(shelf: Shelf) -> None:
    """Rounds and rate; the depth of its own trees, where no other member is given."""
    shelf.int("n_estimators", 20, 500, log=True, default=50)
    shelf.float("learning_rate", 0.01, 2.0, log=True, default=1.0)
    if shelf.own.get("estimator") is None:
        shelf.int("estimator__max_depth", 1, 10, log=True, default=1 if shelf.classifies else 3)
    if not shelf.classifies:
        shelf.choice("loss", "linear", "square", "exponential", default="linear")


def bagging(shelf: Shelf) -> None:
    """Shares of rows and columns; the leaves of its own trees, where no other member is given."""
    shelf.int("n_estimators", 10, 200, log=True, default=10)
    own = shelf.own.get("max_samples", 1.0)
    words = {"all": None} if own is None else None  # since scikit-learn 1.9
    shelf.float("max_samples", 0.1, 1.0, default=1.0, words=words, share=True)
    shelf.float("max_features", 0.1, 1.0, default=1.0, share=True)
    if not shelf.own.get("oob_score"):  # which asks for rows that were left out
        shelf.choice("bootstrap", True, False, default=True)
    if shelf.own.get("estimator") is None:
        most = shelf.shape.share_of_rows(8, 4, 64)
        shelf.int("estimator__min_samples_leaf", 1, most, log=True, default=1)


def own_trees(task: str, made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The tree that takes the place of the library's own member."""
    given = {name: made.pop(name) for name in list(made) if name.startswith("estimator__")}
    if given:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
        made["estimator"] = kind(**{name[len("estimator__") :]: v for name, v in given.items()})
    return made


def live(own: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not dropped, by name."""
    return {
        name: member
        for name, member in own.get("estimators", ())
        if member is not None and not isinstance(member, str)
    }


def keeping(own: Mapping[str, Any]) -> bool:
    """Whether there is a choice of members."""
    return len(live(own)) > 1


def _members(shelf: Shelf) -> None:
    if keeping(shelf.own):
        for name in live(shelf.own):
            shelf.choice(name, "keep", "drop", default="keep")
        shelf.forbid(**dict.fromkeys(live(shelf.own), "drop"))  # somebody has to stay


def voting(shelf: Shelf) -> None:
    """Who votes and how loudly; in probabilities or by hand, where all can do both."""
    _members(shelf)
    if keeping(shelf.own):
        for name in live(shelf.own):
            there = {name: "keep"}
            shelf.float(f"weight__{name}", 0.1, 10.0, log=True, default=1.0, when=there)
    sure = all(hasattr(member, "predict_proba") for member in live(shelf.own).values())
    if "voting" in shelf.own and sure:
        shelf.choice("voting", "hard", "soft", default="hard")


def voting_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """Each member's weight under its own name."""
    names = [name for name, _ in own["estimators"]]
    given = own["weights"] if own["weights"] is not None else [1.0] * len(names)
    return {**own, **{f"weight__{n}": float(w) for n, w in zip(names, given, strict=True)}}


def voting_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Weights in the order of the members; a dropped one's does not count."""
    known = voting_reads(own)
    given = {name: made.pop(name) for name in list(made) if name.startswith("weight__")}
    if given:
        names = [f"weight__{name}" for name, _ in own["estimators"]]
        made["weights"] = [given.get(name, known[name]) for name in names]
    return members_finish(made, own)


def stacking(shelf: Shelf) -> None:
    """Who takes part, and whether the last model sees the columns too."""
    _members(shelf)
    shelf.choice("passthrough", False, True, default=False)


def members_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A member that is kept needs no setting: the estimator has it already."""
    names = live(own)
    return {name: value for name, value in made.items() if name not in names or value == "drop"}


def calibrated(shelf: Shelf) -> None:
    """How scores become probabilities."""
    shelf.choice("method", "sigmoid", "isotonic", default="sigmoid")
