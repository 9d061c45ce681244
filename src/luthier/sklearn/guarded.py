"""Folds in guarded processes: one that breaks a limit fails alone, and memory bounds how many run.

In the place of joblib's workers stand children of `luthier.run.guard`. The data go to them as a
file, which they map rather than copy; the call and the outcome of a fold are files too.
"""

from __future__ import annotations

import pickle
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import joblib
from joblib import effective_n_jobs
from sklearn.utils.validation import _num_samples

from luthier.errors import StudyError
from luthier.history import Objective
from luthier.run import machine
from luthier.run.limit import Limit
from luthier.run.shipping import by_value_if_need_be, ship, unship
from luthier.run.worker import Outcome
from luthier.run.workers import Auto, Children, impossible, most
from luthier.sklearn import sharing
from luthier.sklearn.evaluate import evaluate
from luthier.sklearn.mapped import lean
from luthier.sklearn.running import Call, failed
from luthier.space import Space
from luthier.trial import Task, Trial

TICK = 0.2  # seconds between two looks at the clock
SHARED = 0.1  # of the limit on memory, for steps of pipelines that are kept


class Guarded:
    """Workers of a search with a limit, or of one that takes the whole machine, while it runs.

    Parameters
    ----------
    n_jobs : int, None or "auto"
        As scikit-learn's searches have it. "auto" is one for each processor, but no more at a time
        than there is memory for, by what the last folds took.
    limit : Limit, optional
        What the fit and the scoring of one fold may take.
    deadline : float
        When folds that are running are ended, as `time.monotonic` counts.

    Attributes
    ----------
    count : int
        How many folds a search should have ready at a time. How many of them run then makes no
        difference to it.
    """

    def __init__(self, n_jobs: int | str | None, limit: Limit | None, deadline: float) -> None:
        if why := impossible():
            raise StudyError(
                'n_jobs="auto" and limit= run folds in processes of our own, and none can be '
                f"started here: {why}. Use n_jobs=-1, without limit=."
            )
        self._limit, self._deadline = limit or Limit(), deadline
        self._auto = n_jobs == "auto"
        # joblib knows of a worker that this one runs in, and of bounds in the environment.
        self._cores = min(machine.cores(), int(effective_n_jobs(-1)))
        self.count = most(self._limit, self._cores) if self._auto else int(effective_n_jobs(n_jobs))
        self._data: tuple[Any, Any] | None = None
        self._children: Children | Auto | None = None
        self._made = 0

    def __enter__(self) -> Guarded:
        self._folder = tempfile.TemporaryDirectory(prefix="luthier-", ignore_cleanup_errors=True)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._children is not None:
            self._children.close()
        self._children = self._data = None
        self._folder.cleanup()

    def run(
        self,
        numbers: Sequence[int],
        make: Callable[[int], Call],
        enough: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[int, Any]]:
        """The outcomes of some calls of `evaluate`, by their numbers, as they come.

        Parameters are those of `luthier.sklearn.running.Workers.run`.
        """
        waiting = list(reversed(numbers))
        again: list[int] = []  # for these there was perhaps no room beside others
        running: dict[Future[Outcome], tuple[int, Path, dict[str, Any]]] = {}
        try:
            while running or ((waiting or again) and not enough()):
                while (waiting or again) and len(running) < self._room() and not enough():
                    if again and running:
                        break  # each of them runs alone
                    number = again[-1] if again else waiting.pop()
                    future, folder, settings = self._submit(number, make(number))
                    running[future] = number, folder, settings
                done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
                if not done and time.monotonic() >= self._deadline and enough():
                    return
                for future in done:
                    number, folder, settings = running.pop(future)
                    made = future.result()
                    if number in again:
                        again.remove(number)
                    elif self._auto and _killed(made):
                        again.append(number)
                        continue
                    yield number, _outcome(made, folder, settings)
        finally:
            if running and self._children is not None:
                self._children.stop()

    def fit(self, estimator: Any, given: tuple[Any, ...], params: dict[str, Any], rows: int) -> Any:
        """The estimator, fitted to all rows in a guarded process and brought back.

        Parameters
        ----------
        estimator
            Not fitted.
        given : (X,) or (X, y)
        params : dict
            Of `fit`.
        rows : int
            The training rows of a fold. Seconds grow with the rows, memory does not.

        Raises
        ------
        StudyError
            If it broke the limit, or its process died. What `fit` itself raises goes on.
        """
        limit, more = self._limit, max(1.0, _num_samples(given[0]) / rows)
        if limit.seconds is not None:
            limit = replace(limit, seconds=limit.seconds * more)
        with self:
            y = given[1] if len(given) > 1 else None
            self._open(estimator, given[0], y, objective=fit_all, limit=limit)
            sent = _packed((estimator, len(given), params))
            future, folder = self._send(sent)
            try:
                while not future.done():
                    wait([future], timeout=TICK)
                made = future.result()
            finally:
                if not future.done() and self._children is not None:
                    self._children.stop()
            if made["state"] != "DONE":
                raise StudyError(
                    f"limit: the last fit, of the winner to all rows, was ended. "
                    f"{made['error']['kind']}: {made['error']['message']} The search keeps "
                    "best_params_ and cv_results_. Give a larger limit=, or refit=False and fit "
                    "best_params_ where you like."
                )
            found = unship((folder / "outcome").read_bytes())
        if isinstance(found, Exception):
            raise found
        if found is None:
            warnings.warn(
                f"limit: the fitted {type(estimator).__name__} cannot be pickled, so it cannot be "
                "brought back from the process that fitted it within the limit. It was fitted "
                "again in this one.",
                UserWarning,
                stacklevel=2,
            )
            estimator.fit(*given, **params)
            return estimator
        return found

    def _room(self) -> int:
        """How many folds may run now."""
        if not self._auto:
            return self.count
        return self._children.capacity if isinstance(self._children, Auto) else 1

    def _submit(self, number: int, call: Call) -> tuple[Future[Outcome], Path, dict[str, Any]]:
        (estimator, X, y, how), settings = call
        self._open(estimator, X, y)
        sent = _packed((number, estimator, how, settings))
        return *self._send(sent), settings

    def _send(self, sent: bytes) -> tuple[Future[Outcome], Path]:
        """Let a child do what `sent` says; it leaves the outcome in a folder."""
        assert self._children is not None
        self._made += 1
        folder = Path(self._folder.name) / str(self._made)
        folder.mkdir()
        (folder / "call").write_bytes(sent)
        task = Task(self._made, self._made, {}, Space(), (Objective("loss"),), folder=str(folder))
        return self._children.submit(task), folder

    def _open(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        objective: Any = None,
        limit: Limit | None = None,
    ) -> None:
        """Children that have the data."""
        if self._data is not None and self._data[0] is X and self._data[1] is y:
            return
        if self._children is not None:
            self._children.close()
        for part in (estimator, *estimator.get_params(deep=True).values()):
            by_value_if_need_be(part)
        path = f"{self._folder.name}/data{self._made}"
        joblib.dump((X, y), path)
        budget = min(sharing.BUDGET, SHARED * self._limit.bytes_of_memory)
        made: Any = Data(path, _packed(estimator), int(budget))
        run, limit = partial(objective or run_fold, made), limit or self._limit
        if self._auto and not objective:
            self._children = Auto(run, _Silent(), limit, self._cores, spread=True)
        else:
            self._children = Children(run, 1 if objective else self.count, _Silent(), limit)
        self._data = X, y


class _Silent:
    """The line of a fold, which has nothing to say."""

    def report(self, number: int, step: int, loss: list[float], metrics: dict[str, Any]) -> bool:
        return False

    def should_stop(self, number: int) -> bool:
        return False

    def note(self, number: int, facts: dict[str, Any]) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Data:
    """What every fold needs; when it is unpickled, it is what is in the file.

    So it is there, and the estimator's library is imported, before the time of a fold begins.
    """

    path: str
    estimator: bytes
    budget: int

    def __reduce__(self) -> Any:
        return _load, (self.path, self.estimator, self.budget)


def _load(path: str, estimator: bytes, budget: int) -> Any:
    unship(estimator)
    sharing.KEPT.budget = budget
    return joblib.load(path, mmap_mode="r")


def run_fold(data: tuple[Any, Any], trial: Trial) -> float:
    """Runs in a child: evaluate one fold, and leave its outcome in the trial's folder."""
    X, y = data
    number, estimator, how, settings = unship((trial.folder / "call").read_bytes())
    made: Any
    try:
        made = evaluate(number, estimator, X, y, how, **settings)[1]
    except Exception as error:  # with error_score="raise"; it goes on in the driver
        made = error
    (trial.folder / "outcome").write_bytes(pickle.dumps(made))
    return 0.0


def fit_all(data: tuple[Any, Any], trial: Trial) -> float:
    """Runs in a child: fit to all rows, and leave the fitted estimator in the trial's folder.

    None where it cannot be pickled; the error where `fit` raised one.
    """
    estimator, count, params = unship((trial.folder / "call").read_bytes())
    made: Any = estimator
    try:
        estimator.fit(*map(lean, data[:count]), **params)
    except Exception as error:
        made = error
    try:
        packed = ship(made, "the fitted estimator")
    except StudyError:
        packed = ship(None, "nothing")
    (trial.folder / "outcome").write_bytes(packed)
    return 0.0


def _packed(thing: Any) -> bytes:
    """What is sent to a child.

    Raises
    ------
    StudyError
        If it cannot be pickled.
    """
    try:
        return ship(thing, "the estimator")
    except StudyError as error:
        why = str(error).split(": ", 1)[0]
        raise StudyError(
            f"{why}: {error.__cause__}. Give what can be pickled, or run the search in this "
            "process, with n_jobs=1 and without limit=."
        ) from error


def _killed(made: Outcome) -> bool:
    """Whether a fold was killed, and not by us: most often for want of memory."""
    died = made["state"] == "FAILED" and made["error"]["kind"] == "ProcessDied"
    return died and made.get("exit") == -signal.SIGKILL


def _outcome(made: Outcome, folder: Path, settings: dict[str, Any]) -> Any:
    """The outcome that a fold left, or what stands for one that was ended."""
    left = folder / "outcome"
    found = pickle.loads(left.read_bytes()) if made["state"] == "DONE" else None
    shutil.rmtree(folder, ignore_errors=True)
    if isinstance(found, Exception):
        raise found
    if found is not None:
        return found
    error = made["error"]
    why = f"{error['kind']}: {error['message']}"
    if settings["error_score"] == "raise" or made["state"] == "LOST":
        raise StudyError(f"a fold was not evaluated. {why}\n{error['traceback']}".rstrip())
    return failed(settings, f"{why}\n{error['traceback']}".rstrip())
