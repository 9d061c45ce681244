"""Where luthier works inside other libraries; each is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.named import lazy

if TYPE_CHECKING:
    from luthier.integrations.optuna import LuthierSampler

__all__ = ["LuthierSampler"]

__getattr__ = lazy(__name__, {"optuna": "luthier.integrations.optuna:LuthierSampler"})
