"""Many folds of many candidates on joblib's workers, each outcome as soon as it is there."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from joblib import effective_n_jobs
from joblib._parallel_backends import (
    LokyBackend,
    MultiprocessingBackend,
    SequentialBackend,
    ThreadingBackend,
)
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError
from sklearn.utils.parallel import Parallel, delayed

from luthier.errors import StudyError
from luthier.run.shipping import ship
from luthier.sklearn.convergence import Convergence, heard
from luthier.sklearn.evaluate import DIED, evaluate, evaluate_all

Call = tuple[tuple[Any, ...], dict[str, Any]]  # arguments of `evaluate`


class Workers:
    """joblib's workers, of whatever backend is in force, open while a search runs.

    Parameters
    ----------
    n_jobs, pre_dispatch
        As scikit-learn's searches have them.
    once : bool
        Say once, in the end, how often a ConvergenceWarning came, and not each time.
    """

    def __init__(self, n_jobs: int | None, pre_dispatch: Any, *, once: bool = False) -> None:
        self.n_jobs, self.pre_dispatch = n_jobs, pre_dispatch
        self._once, self._convergence = once, Convergence()
        self.count = int(effective_n_jobs(n_jobs))
        self._pool: Any = None

    def __enter__(self) -> Workers:
        self._open()
        return self

    def __exit__(self, *error: Any) -> None:
        self._close(*error)
        if error[:1] == (None,):
            self._convergence.say()

    def _open(self, **how: Any) -> None:
        settings = {"n_jobs": self.n_jobs, "pre_dispatch": self.pre_dispatch} | how
        try:
            self._pool = Parallel(**settings, return_as="generator_unordered")
        except ValueError:  # some backends, such as Dask's, give results only all at once
            self._pool = Parallel(**settings)
        self._pool.__enter__()

    def _close(self, *error: Any) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(*(error or (None, None, None)))

    def run(
        self,
        numbers: Sequence[int],
        make: Callable[[int], Call],
        enough: Callable[[], bool] = lambda: False,
        behind: Mapping[int, Sequence[int]] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """The outcomes of some calls of `evaluate`, by their numbers, as they come.

        Parameters
        ----------
        numbers : sequence of int
            Names of the calls, in the order in which they start.
        make : callable
            The arguments of a call, made when it starts.
        enough : callable
            When it says True, no further call is started.
        behind : dict, optional
            For some numbers, those of further calls that follow in the same worker.

        Notes
        -----
        A worker that is killed takes the whole pool of processes with it. The calls that were
        running are then tried again one by one, so that only the one that kills fails; the rest
        goes on in a new pool. Where an estimator cannot be pickled, threads do the work.
        """
        groups = {number: [number, *(behind or {}).get(number, ())] for number in numbers}
        left = {number: None for group in groups.values() for number in group}
        for number in left if self._on_a_cluster() else ():
            _check(make(number))
        while left and not enough():
            started: list[int] = []
            try:
                going = [group for first, group in groups.items() if first in left]
                for number, outcome in self._stream(going, make, started, enough):
                    del left[number]
                    yield number, outcome
                return
            except (BrokenProcessPool, TerminatedWorkerError):
                self._close()
                for number in [n for n in started if n in left]:
                    del left[number]
                    yield number, _alone(number, make(number))
                self._open()
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                if self.count == 1 or "pickle" not in str(error).lower():
                    raise
                warnings.warn(
                    f"The estimator cannot be sent to another process ({error}). The search goes "
                    "on in threads of this one.",
                    UserWarning,
                    stacklevel=2,
                )
                self._close()
                self._open(backend="threading")

    def _on_a_cluster(self) -> bool:
        """Whether calls go to another's processes, of which nobody knows what they do with one
        that cannot be sent: Dask's wait for it for ever."""
        backend = getattr(self._pool, "_backend", None)
        here = (SequentialBackend, ThreadingBackend, LokyBackend, MultiprocessingBackend)
        return backend is not None and type(backend) not in here

    def _stream(
        self,
        groups: Sequence[Sequence[int]],
        make: Callable[[int], Call],
        started: list[int],
        enough: Callable[[], bool],
    ) -> Iterator[tuple[int, Any]]:
        def tasks() -> Iterator[tuple[Sequence[int], list[Call]]]:
            for group in groups:
                if enough():
                    return
                calls = [make(number) for number in group]
                started.extend(group)
                yield group, calls

        if type(getattr(self._pool, "_backend", None)) is SequentialBackend:
            # A race asks for one fold at a time, and joblib takes longer than some of them.
            for group, calls in tasks():
                for number, (given, settings) in zip(group, calls, strict=True):
                    made, found = heard(self._once, evaluate, number, *given, **settings)
                    self._convergence.add(1, found)
                    yield made
            return
        for made, found in self._pool(_joined(self._once, *some) for some in tasks()):
            several = made if isinstance(made, list) else [made]
            self._convergence.add(len(several), found)
            yield from several


def _joined(once: bool, group: Sequence[int], calls: Sequence[Call]) -> Any:
    """What joblib is given for some calls that one worker is to run."""
    (_, X, y, _), first = calls[0]
    if len(calls) == 1:
        return delayed(heard)(once, evaluate, group[0], *calls[0][0], **first)
    common = {k: v for k, v in first.items() if all(settings[k] is v for _, settings in calls)}
    own = [
        (number, model, how, {k: v for k, v in settings.items() if k not in common})
        for number, ((model, _, _, how), settings) in zip(group, calls, strict=True)
    ]
    return delayed(heard)(once, evaluate_all, own, X, y, **common)


def _check(call: Call) -> None:
    """Refuse an estimator that a cluster could not be sent.

    Raises
    ------
    StudyError
        Which names the part that cannot be pickled.
    """
    settings = call[1]
    for one, name in (
        (call[0][0], "the estimator"),
        (settings["parameters"], "a candidate"),
        (settings["scorer"], "the scorer"),
    ):
        try:
            ship(one, name)
        except StudyError as error:
            why = str(error).split(": ", 1)[0]
            raise StudyError(
                f"{why}: {error.__cause__}. Give what can be pickled, or run the search in this "
                "process, with n_jobs=1 and no parallel_config, or in its threads, with "
                'parallel_config(backend="threading").'
            ) from error


def _alone(number: int, call: Call) -> Any:
    """The outcome of a call in a process of its own, or what stands for the process's death."""
    given, settings = call
    try:
        with Parallel(n_jobs=2, backend="loky") as pool:
            return pool([delayed(evaluate)(number, *given, **settings)])[0][1]
    except (BrokenProcessPool, TerminatedWorkerError):
        if settings["error_score"] == "raise":
            raise
        return failed(settings, DIED)


def failed(settings: dict[str, Any], why: str) -> dict[str, Any]:
    """The outcome of a fold that could not be fitted, as scikit-learn gives it."""
    scorer, value = settings["scorer"], settings["error_score"]
    names = getattr(scorer, "_scorers", None)
    scores: Any = value if names is None else dict.fromkeys(names, value)
    made = {
        "fit_error": why,
        "test_scores": scores,
        "fit_time": 0.0,
        "score_time": 0.0,
        "n_test_samples": len(settings["test"]),
    }
    if settings["return_train_score"]:
        made["train_scores"] = dict(scores) if names is not None else scores
    return made
