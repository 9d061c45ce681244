"""Work done once: the first steps of a pipeline, fitted once for each training fold.

Candidates of a search often differ in the last step of a pipeline only. Fitting its transformers
again for every candidate gives the same result, as long as they draw no random numbers: so they
are fitted once per training fold and process, and kept in memory within a budget.

What makes it safe:

- The key holds the fold's rows and every parameter of the step and of those before it.
- A step that drew from NumPy's or Python's global generator while it was fitted is not shared:
  its second fit would differ. One that drew nothing leaves the generators as they were, so the
  steps after it see the same random numbers as without sharing.
- What is shared is frozen. An estimator that changes its input in place fails on it, and gets
  steps that are fitted for itself alone.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from sklearn.base import clone

BUDGET = 2**30  # bytes of transformed folds that a process keeps
REFUSED = ("read-only", "read only", "WRITEABLE", "destination is read")


@dataclass(frozen=True)
class Prefix:
    """Which steps of a pipeline a task shares, and under which key.

    Parameters
    ----------
    search : str
        The call of ``fit`` that this belongs to.
    rows : str
        A digest of the training fold's rows.
    keys : tuple
        For each step before the last one, what its parameters and those before it are.
    """

    search: str
    rows: str
    keys: tuple[Hashable, ...]


@dataclass
class Node:
    """A fitted step: its output on the training fold, and on other inputs that it was given.

    `common` says that fitting it again would give the same, so that others may have it.
    """

    step: Any
    output: Any
    common: bool
    seen: list[tuple[Any, Any]] = field(default_factory=list)  # input and output, newest last

    def bytes(self) -> int:
        """About what it holds in memory."""
        return _bytes(self.output) + sum(_bytes(a) + _bytes(b) for a, b in self.seen)


class Part(Protocol):
    """Something fitted that others may have, if it is `common`."""

    common: bool

    def bytes(self) -> float:
        """About what it holds in memory."""


class Kept:
    """What was fitted in one process, least recently used first out beyond `budget` bytes."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._search = ""
        self._nodes: OrderedDict[Hashable, Any] = OrderedDict()
        self._busy: dict[Hashable, threading.Lock] = {}

    def node(self, prefix: Prefix, level: int, make: Callable[[], Node]) -> Node:
        """The node of a step: that of an earlier candidate, or one of the caller's own."""
        made: Node = self.get(prefix.search, (prefix.rows, prefix.keys[level]), make)
        return made

    def get(
        self,
        search: str,
        key: Hashable,
        make: Callable[[], Part] | None,
        serves: Callable[[Any], bool] = lambda one: True,
    ) -> Any:
        """What is kept under a key, if it serves; else what `make` makes, kept if it is common.

        None where nothing serves and there is no `make`. Who asks for what another thread is
        making waits for it.
        """
        with self._lock:
            if self._search != search:
                # A worker outlives searches; what an earlier one left is of no more use.
                self._search = search
                self._nodes.clear()
                self._busy.clear()
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            with self._lock:
                if key in self._nodes:
                    self._nodes.move_to_end(key)
                    if serves(self._nodes[key]):
                        return self._nodes[key]
            if make is None:
                return None
            made = make()
            with self._lock:
                if self._search == search and made.common:
                    self._nodes[key] = made
                    self._trim()
            return made

    def drop(self, search: str, key: Hashable) -> None:
        """Let go of what is kept under a key."""
        with self._lock:
            if self._search == search:
                self._nodes.pop(key, None)

    def forget(self, search: str) -> None:
        """Drop everything that a search left."""
        with self._lock:
            if self._search == search:
                self._nodes.clear()
                self._busy.clear()

    def _trim(self) -> None:
        held = {key: node.bytes() for key, node in self._nodes.items()}
        total = sum(held.values())
        for key in list(held)[:-1]:
            if total <= self.budget:
                break
            total -= held[key]
            del self._nodes[key]


KEPT = Kept()


class Known:
    """A fitted transformer that remembers what it made of the folds of a search.

    Everything but `transform` is the transformer's own.
    """

    def __init__(self, node: Node, last: bool) -> None:
        self._node = node
        self._last = last  # what it gives goes to the estimator, which may write into it

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._node.step)

    def __getattr__(self, name: str) -> Any:
        if name in ("_node", "_last"):
            raise AttributeError(name)
        return getattr(self._node.step, name)

    def transform(self, X: Any, **params: Any) -> Any:
        """The transformer's output, from memory when it has seen this input."""
        if params:
            return self._node.step.transform(X, **params)
        for given, made in reversed(self._node.seen):
            if given is X or _equal(given, X):
                return self._given(made)
        try:
            made = self._node.step.transform(X)
        except ValueError as error:
            if not _refused(error):
                raise
            return self._node.step.transform(deepcopy(X))
        if freeze(made) and freeze(X):
            self._node.seen[:] = [*self._node.seen[-1:], (X, made)]
            return self._given(made)
        return made

    def _given(self, made: Any) -> Any:
        return made.copy() if self._last else _handed(made)


def fit(
    pipeline: Any,
    prefix: Prefix,
    X: Any,
    y: Any,
    params: dict[str, Any],
    finish: Callable[..., Any] | None = None,
) -> Any:
    """Fit a pipeline whose first steps come from memory; as ``Pipeline.fit`` does.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        A clone, with its parameters set.
    X, y
        The training fold.
    params : dict
        Of the last step, as ``<step>__<name>``.
    finish : callable, optional
        In the place of the last step's own ``fit``, if what it is given is others' too.
    """
    steps, shared, output = list(pipeline.steps), list(pipeline.steps), X
    common = True
    for level, (name, step) in enumerate(steps[:-1]):
        if step is None or step == "passthrough":
            continue
        make = partial(_made, step, output, y, frozen=level > 0 and common)
        # What stands behind a step that is its own differs from candidate to candidate.
        node = KEPT.node(prefix, level, make) if common else make()
        common = common and node.common
        shared[level] = (name, Known(node, level == len(steps) - 2) if common else node.step)
        output = _handed(node.output) if common else node.output
    last = steps[-1][1]
    pipeline.steps = shared
    if last is None or last == "passthrough":
        return pipeline
    own = {name.split("__", 1)[1]: value for name, value in params.items()}
    learn = finish if finish is not None and common else last.fit
    try:
        learn(output, y, **own) if y is not None else learn(output, **own)
    except ValueError as error:
        if not (common and _refused(error)):
            raise
        shared[-1] = (steps[-1][0], clone(last))
        pipeline.steps = shared
        given = deepcopy(output)
        shared[-1][1].fit(given, y, **own) if y is not None else shared[-1][1].fit(given, **own)
    return pipeline


def _made(step: Any, X: Any, y: Any, *, frozen: bool) -> Node:
    """A fitted step. `frozen`: its input is shared, so it gets a copy if it insists on writing."""
    before = drawn()
    mine = clone(step)
    try:
        output = _fitted(mine, X, y)
    except ValueError as error:
        if not (frozen and _refused(error)):
            raise
        mine = clone(step)
        output = _fitted(mine, deepcopy(X), y)
    common = drawn() == before and freeze(output)
    return Node(mine, output, common)


def _fitted(step: Any, X: Any, y: Any) -> Any:
    if hasattr(step, "fit_transform"):
        return step.fit_transform(X, y)
    return step.fit(X, y).transform(X)


def _refused(error: ValueError) -> bool:
    """Whether an error means that something wanted to change its input in place."""
    return any(word in str(error) for word in REFUSED)


def drawn() -> tuple[Any, ...]:
    """Where the global generators stand."""
    name, keys, place, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return (name, keys.tobytes(), place, *rest, random.getstate())  # type: ignore[union-attr]


def undraw(to: tuple[Any, ...]) -> None:
    """Put the global generators back to where they stood."""
    name, keys, place, *rest, plain = to
    np.random.set_state((name, np.frombuffer(keys, np.uint32), place, *rest))  # noqa: NPY002
    random.setstate(plain)


def freeze(made: Any) -> bool:
    """Make data read-only, so that nobody changes it for others; whether that can be done."""
    if isinstance(made, np.ndarray):
        made.flags.writeable = False
        return True
    if hasattr(made, "indptr") and hasattr(made, "data"):
        for part in (made.data, made.indices, made.indptr):
            part.flags.writeable = False
        return True
    # Not frozen, but everybody gets a copy of it.
    return type(made).__module__.split(".")[0] == "pandas"


def _handed(made: Any) -> Any:
    return made.copy() if type(made).__module__.split(".")[0] == "pandas" else made


def _equal(a: Any, b: Any) -> bool:
    """Whether two inputs hold the same, cheaply; False in doubt."""
    if type(a) is not type(b) or getattr(a, "shape", None) != getattr(b, "shape", None):
        return False
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.dtype.hasobject:
            return False
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if hasattr(a, "indptr"):
        return all(
            np.array_equal(getattr(a, part), getattr(b, part))
            for part in ("indptr", "indices", "data")
        )
    if type(a).__module__.split(".")[0] == "pandas":
        return bool(a.equals(b))
    return False


def _bytes(data: Any) -> int:
    if hasattr(data, "indptr"):
        return int(data.data.nbytes + data.indices.nbytes + data.indptr.nbytes)
    if hasattr(data, "memory_usage"):
        return int(np.sum(data.memory_usage(deep=False)))
    return int(getattr(data, "nbytes", 0))
