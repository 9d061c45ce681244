"""One thread for matrices that are too small to share out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - its library must be loaded to be found
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController().select(user_api="blas")
    return found if any(each["num_threads"] != 1 for each in found.info()) else None


def one_thread() -> AbstractContextManager[Any]:
    """While it lasts, linear algebra runs in one thread.

    Two threads take 25 times as long as one for the matrices of a few hundred trials when
    another process is busy too. Looking for the libraries takes 5 ms, once; a limit 0.05 ms.
    """
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1)
