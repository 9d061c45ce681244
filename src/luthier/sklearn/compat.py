"""What differs between the versions of scikit-learn that luthier works with."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from inspect import signature
from typing import Any

from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _fit_and_score

KNOWS_CALLBACKS = "callback_ctx" in signature(_fit_and_score).parameters
CHECKS_IN_FIT = hasattr(BaseSearchCV, "_check_input_parameters")
RETURN = "return" if CHECKS_IN_FIT else "returned"  # a word of an error that older tests read


def print_as_an_estimator(cls: type) -> None:
    """Let scikit-learn break the lines of a class with a ``__repr__`` of its own as of others."""
    with suppress(ImportError, AttributeError):
        from sklearn.utils._pprint import _EstimatorPrettyPrinter as Printer

        Printer._dispatch[cls.__repr__] = Printer._pprint_estimator


class Calls:
    """The callbacks of scikit-learn 1.9, or nothing in versions that have none.

    Parameters
    ----------
    search : BaseSearchCV
        Whose callbacks are called.
    data : dict
        ``X``, ``y`` and ``metadata``, as the callbacks get them.
    """

    def __init__(self, search: Any, data: dict[str, Any]) -> None:
        self.search, self.data = search, data
        self.root: Any = None
        if KNOWS_CALLBACKS:
            context = search._init_callback_context(max_subtasks=1 + (search.refit is not False))
            self.root = context.call_on_fit_task_begin(estimator=search, **data)

    def tasks(self, context: Any, count: int) -> list[Any]:
        """A context for each task of a batch."""
        if context is None:
            return [None] * count
        return [
            context.subcontext(task_name="candidate-split-evaluation", task_id=i)
            for i in range(count)
        ]

    def settings(self, context: Any) -> dict[str, Any]:
        """What one evaluation is told of callbacks."""
        if context is None:
            return {}
        return {"caller": self.search, "callback_ctx": context}

    def refit(self, estimator: Any) -> Refit:
        """Around the last fit."""
        return Refit(self, estimator)

    def end(self) -> None:
        """The search is over."""
        if self.root is not None:
            self.root.call_on_fit_task_end(estimator=self.search, **self.data)


class Refit:
    """Tells the callbacks that the winner is being fitted."""

    def __init__(self, calls: Calls, estimator: Any) -> None:
        self.calls = calls
        self.context: Any = None
        self.inner: Any = nullcontext()
        if calls.root is not None:
            self.context = calls.root.subcontext(task_name="refit-with-best-params")
            self.inner = self.context.propagate_callback_context(estimator)

    def __enter__(self) -> None:
        self.inner.__enter__()
        if self.context is not None:
            self.context.call_on_fit_task_begin(estimator=self.calls.search, **self.calls.data)

    def __exit__(self, *error: Any) -> None:
        self.inner.__exit__(*error)
        if self.context is not None and error[0] is None:
            self.context.call_on_fit_task_end(estimator=self.calls.search, **self.calls.data)
