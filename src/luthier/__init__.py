"""luthier tunes the hyperparameters of machine learning models.

The public names are imported on first use, so ``import luthier`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.errors import LuthierError, Stop
    from luthier.run.limit import Limit
    from luthier.space import Choice, Float, Int, Space
    from luthier.study import Study, tune
    from luthier.trial import Trial

_WHERE = {
    "Choice": "luthier.space",
    "Float": "luthier.space",
    "Int": "luthier.space",
    "Limit": "luthier.run.limit",
    "LuthierError": "luthier.errors",
    "Space": "luthier.space",
    "Stop": "luthier.errors",
    "Study": "luthier.study",
    "Trial": "luthier.trial",
    "tune": "luthier.study",
}

__version__ = "0.1.0"
__all__ = [
    "Choice",
    "Float",
    "Int",
    "Limit",
    "LuthierError",
    "Space",
    "Stop",
    "Study",
    "Trial",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'luthier' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
