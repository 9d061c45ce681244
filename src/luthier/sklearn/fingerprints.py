"""Fingerprints: what tells data, candidates and searches apart, the same in every process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone

from luthier.errors import StudyError
from luthier.study import Study

MANY = ("data", "folds")  # words for more than one


def fingerprint(search: Any, X: Any, y: Any, splits: Sequence[Any]) -> dict[str, str]:
    """What a stored search must have in common with the one that goes on with it."""
    return {
        "search": type(search).__name__,
        "estimator": _stable(repr(clone(search.estimator))),  # which may be a fitted search
        "scoring": _stable(repr(search.scoring)),
        "early_stopping": repr(getattr(search, "early_stopping", False)),
        "data": f"{digest(X)} {digest(y)}",
        "folds": " ".join(digest(part) for split in splits for part in split),
    }


def digest(data: Any) -> str:
    """A short name for what some data holds."""
    made = hashlib.sha256(f"{type(data).__name__} {getattr(data, 'shape', '')}".encode())
    if hasattr(data, "indptr"):
        parts = [data.data, data.indices, data.indptr]
    elif isinstance(data, np.ndarray) and not data.dtype.hasobject:
        parts = [data]
    else:
        parts = []
        made.update(str(joblib.hash(data)).encode())
    for part in parts:
        made.update(part.dtype.str.encode() + np.ascontiguousarray(part).tobytes())
    return made.hexdigest()[:16]


def check(study: Study, mine: Mapping[str, str]) -> None:
    """Write the fingerprint of a new search, or compare with the stored one.

    Raises
    ------
    StudyError
        If the store holds another search under that name.
    """
    stored = study.history.notes.get("search")
    if stored is None:
        study.note(search=dict(mine))
        return
    other = [name for name in mine if stored.get(name) != mine[name]]
    if other:
        words = [f"{'other' if name in MANY else 'another'} {name}" for name in other]
        seed = " Or give the splitter that shuffles a random_state." if other == ["folds"] else ""
        raise StudyError(
            f"store: it holds a search named {study.name!r} with {' and '.join(words)}. "
            f"Give study= another name, or another store.{seed}"
        )


def key(candidate: Mapping[str, Any]) -> str:
    """A name for a candidate that is the same in every process."""
    try:
        return str(joblib.hash(sorted(candidate.items())))
    except Exception:  # what cannot be pickled is told apart by what it shows of itself
        return _stable(repr(sorted(candidate.items())))


def _stable(text: str) -> str:
    """Without addresses, which differ in every process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
