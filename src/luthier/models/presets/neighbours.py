"""Nearest neighbours: default ranges."""

from __future__ import annotations

from luthier.models.presets.shelf import Shelf

NEIGHBOURS = (
    "The number of neighbours decides, on a logarithmic scale: Probst, Boulesteix and Bischl "
    "(2019), Tunability, JMLR 20. Weights and metric as in auto-sklearn, Feurer et al. (2015)."
)


def neighbours(shelf: Shelf) -> None:
    """Up to 100 neighbours, but never more than half of the smallest training fold."""
    most = shelf.shape.share_of_rows(4, 5, 100)
    shelf.int("n_neighbors", 1, most, log=True, default=5)
    shelf.choice("weights", "uniform", "distance", default="uniform")
    if shelf.own.get("metric", "minkowski") == "precomputed":
        return
    if shelf.own.get("algorithm", "auto") in ("auto", "brute"):  # trees know no angles
        shelf.choice("metric", "minkowski", "cosine", default="minkowski")
    elif shelf.own.get("metric") != "minkowski":
        return
    there = f"{shelf.prefix}metric" in shelf.found
    powers = {"metric": "minkowski"} if there else None
    shelf.choice("p", 1, 2, default=2, ordered=True, when=powers)
