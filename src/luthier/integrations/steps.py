"""Steps: a training loop that goes on from a checkpoint, reports, and stops when it is told to."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from luthier.errors import StudyError
from luthier.history import Fidelity
from luthier.outcome import plain
from luthier.trial import Trial

FACTS = "luthier.json"  # beside what `save` wrote: the step, what was reported, further facts


class Steps:
    """The steps of a training that are left to a trial: epochs, trees, passes over the data.

    A trial that goes on from another (a retry after a crash, a promotion) starts after the last
    step that its parent saved, so no step that was saved is done twice. It ends at its budget.
    Each checkpoint is a folder of its own in the trial's folder; it appears there whole, and the
    one before it is then removed.

    Parameters
    ----------
    trial : Trial
    most : int
        The last step of a full training.
    every : int
        A checkpoint is made after so many steps, and always after the last one.

    Attributes
    ----------
    done : int
        Steps that are done, those of the parent included.
    last : int
        The step to end with: `most`, or the trial's budget if that is less.
    stopped : bool
        The trial was told to stop.
    value : number or dict or None
        What was reported last, by the parent if nothing is left to do.
    saved : Path or None
        The folder of the parent's checkpoint, to load from.
    facts : dict
        Plain data that was given to `end` at that checkpoint.

    Raises
    ------
    StudyError
        If `most` or `every` is no whole number from 1, or the study's fidelity goes beyond `most`.

    Examples
    --------
    ::

        steps = Steps(trial, 30)
        if steps.saved:
            load(steps.saved / "weights")
        for epoch in steps:
            train()
            steps.end(validate(), lambda folder: save(folder / "weights"))
        return steps.value
    """

    def __init__(self, trial: Trial, most: int, *, every: int = 1) -> None:
        for name, value in (("most", most), ("every", every)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise StudyError(f"Steps: {name} must be a whole number >= 1, got {value!r}.")
        _reachable(trial.task.fidelity, most)
        self.trial, self.every = trial, every
        self.last = int(min(most, max(1, math.floor(min(trial.budget, most)))))
        self.saved = None if trial.parent_folder is None else newest(trial.parent_folder)
        told = json.loads((self.saved / FACTS).read_text()) if self.saved else {}
        self.done: int = told.get("step", 0)
        self.value: Any = told.get("value")
        self.facts: dict[str, Any] = told.get("facts", {})
        self.stopped = False
        self._kept = self.done  # the step of the newest checkpoint

    @property
    def over(self) -> bool:
        """Whether no step is left, or the trial was told to stop."""
        return self.stopped or self.done >= self.last

    @property
    def left(self) -> int:
        """How many steps are to be done yet."""
        return max(0, self.last - self.done)

    def saved_file(self, name: str) -> str | None:
        """The path of a file of the parent's checkpoint; None where there is no checkpoint."""
        return None if self.saved is None else str(self.saved / name)

    def __iter__(self) -> Iterator[int]:
        """The number of each step that is to be done; `end` must be called after each."""
        while not self.over:
            step = self.done + 1
            yield step
            if self.done < step:
                raise StudyError(f"Steps: step {step} has not ended. Call end() after each step.")

    def end(
        self,
        value: Any,
        save: Callable[[Path], object] | None = None,
        *,
        step: int | None = None,
        **facts: Any,
    ) -> bool:
        """Say that a step is over: save, report, and ask whether to stop.

        It is saved before it is reported, so what is known of a step was not done in vain.

        Parameters
        ----------
        value : number or dict
            What to report. In a study of several objectives a number is the first of them, and
            those that are minimised come first; a dict may hold some of them only.
        save : callable, optional
            Writes whatever is needed to go on into the folder that it is given.
        step : int, optional
            Which step, if several have passed; the next one by default.
        **facts
            Plain data to keep with the checkpoint.

        Returns
        -------
        bool
            Whether training should stop.
        """
        self.done = self.done + 1 if step is None else step
        self.value, self.facts = plain(value), plain(facts)
        if self.done >= self.last or self.done - self._kept >= self.every:
            self._save(save)
        objectives = self.trial.task.objectives
        several = len(objectives) > 1 and not isinstance(value, Mapping)
        self.trial.report({objectives[0].name: value} if several else value, self.done)
        if self.trial.should_stop():
            self.stopped = True
            if self._kept < self.done:  # who was stopped may be promoted later
                self._save(save)
        return self.over

    def _save(self, save: Callable[[Path], object] | None) -> None:
        if save is None:
            return
        home = self.trial.folder
        # Beside the folder: one that a crash leaves behind must not look like a checkpoint.
        fresh = home.with_name(f".{home.name}-{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        save(fresh)
        told = {"step": self.done, "value": self.value, "facts": self.facts}
        (fresh / FACTS).write_text(json.dumps(told))
        place = home / f"step-{self.done:08d}"
        os.replace(fresh, place)
        self._kept = self.done
        for older in home.glob("step-*"):
            if older != place:
                shutil.rmtree(older, ignore_errors=True)


def _reachable(fidelity: Fidelity | None, most: int) -> None:
    """Refuse a fidelity whose whole no training comes to."""
    if fidelity is None or fidelity.most <= most:
        return
    name, least = fidelity.name, min(fidelity.least, most)
    raise StudyError(
        f"The study gives trials up to {fidelity.most} {name}, and this training ends after "
        f"{most}. Write Study(fidelity=({name!r}, {least}, {most})), or train up to "
        f"{fidelity.most}."
    )


def newest(folder: Path) -> Path | None:
    """The latest checkpoint in a trial's folder, or None."""
    return max(folder.glob("step-*"), default=None)


def told(trial: Trial, logs: Mapping[str, Any], monitor: str) -> dict[str, float]:
    """What to report of an epoch: the objective, and what else was logged as metrics.

    A logged value with the objective's own name becomes ``train_`` and that name.

    Parameters
    ----------
    logs : mapping
        From names to numbers.
    monitor : str
        The one that is the objective.

    Raises
    ------
    StudyError
        If there is none of that name, or its good end is not that of the objective.
    """
    if monitor not in logs:
        raise StudyError(
            f"monitor={monitor!r} is none of the logged values: there is "
            f"{', '.join(logs) or 'nothing'}. Give data to validate on, or another monitor=."
        )
    large = any(word in monitor.lower() for word in ("acc", "auc", "f1", "precision", "recall"))
    small = any(word in monitor.lower() for word in ("loss", "error"))
    check_direction(trial, monitor, None if large == small else large)
    name = trial.task.objectives[0].name
    values = {f"train_{k}" if k == name else k: float(v) for k, v in logs.items()}
    return {name: float(logs[monitor]), **values}


def check_direction(trial: Trial, metric: str, larger: bool | None) -> None:
    """Refuse a metric whose good end is not that of the objective.

    Raises
    ------
    StudyError
        If the study minimises what should be large, or the other way round.
    """
    objective, *others = trial.task.objectives
    if larger is None or larger == objective.maximize:
        return
    first = ", its first objective: those that are minimised come first" if others else ""
    raise StudyError(
        f"{metric!r} is good where it is {'large' if larger else 'small'}, but the study is to "
        f"{objective}{first}. Give another metric=, or "
        f"Study({'maximize' if larger else 'minimize'}=...)."
    )
