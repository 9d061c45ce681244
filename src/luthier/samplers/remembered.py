"""What a sampler remembers between two calls, only to be quicker."""

from __future__ import annotations

from typing import Any


class Remembered(dict[Any, Any]):
    """A dict that is empty again in every copy and pickle.

    Whatever is in it can be made anew from the log, so no copy needs it. A sampler has it in a
    field that is no argument and has no part in its text or in comparisons.
    """

    def __reduce__(self) -> tuple[type[Remembered], tuple[()]]:
        return Remembered, ()
