"""Problems to begin with: a space and an objective for a kind of data, to be run or copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import lazy

if TYPE_CHECKING:
    from luthier.problems.network import MLP, mlp

__all__ = ["MLP", "mlp"]

__getattr__ = lazy(
    __name__, {"MLP": "luthier.problems.network:MLP", "mlp": "luthier.problems.network:mlp"}
)
