"""Neural networks: default ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.models.presets.shelf import Shelf

NETWORK = (
    "Layers, units, rate and penalty as in Kadra et al. (2021), NeurIPS, and Gorishniy et al. "
    "(2021), NeurIPS; van Rijn and Hutter (2018) find the learning rate to matter most."
)
USUAL = 100  # units of the library's one layer


def network(shelf: Shelf) -> None:
    """One to three layers of 8 to 512 units, each asked for only where the layer exists."""
    own = shelf.own.get("layers", 1)
    most = max(3, own)
    shelf.int("layers", min(own, 1), most, default=1)
    for i in range(1, most + 1):
        there = None if i == 1 and own else {"layers": list(range(i, most + 1))}
        shelf.int(f"units_{i}", 8, 512, log=True, default=USUAL, when=there)
    shelf.choice("activation", "relu", "tanh", "logistic", default="relu")
    shelf.float("alpha", 1e-7, 10.0, log=True, default=1e-4)
    descends = shelf.own.get("solver", "adam") != "lbfgs"
    if descends:
        shelf.float("learning_rate_init", 1e-4, 0.1, log=True, default=1e-3)
        rows = shelf.shape.share_of_rows(2, 16, 512)
        shelf.int("batch_size", 8, rows, log=True, default=min(64, rows), words={"auto": "auto"})
    shelf.int("max_iter", 20, 500, log=True, default=200)
    if descends:
        shelf.choice("early_stopping", False, True, default=False)


def network_reads(own: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of the layers, one by one."""
    sizes = own.get("hidden_layer_sizes", USUAL)
    sizes = [int(size) for size in sizes] if hasattr(sizes, "__len__") else [int(sizes)]
    units = {f"units_{i}": size for i, size in enumerate(sizes, 1)}
    return {**own, "layers": len(sizes), **units}


def network_finish(made: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The tuple that the library takes."""
    given = [name for name in made if name.startswith("units_")]
    if "layers" in made or given:
        count = int(made.pop("layers", 1))
        units = {name: made.pop(name) for name in given}
        sizes = tuple(units.get(f"units_{i}", USUAL) for i in range(1, count + 1))
        made["hidden_layer_sizes"] = sizes
    return made
