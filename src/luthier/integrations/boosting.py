"""What the boosting libraries share: stages, two curves, and where they are best.

Early stopping looks at rows that are kept aside from the training data, never at those that the
trial is scored on: the best of a thousand stages on the scored rows would be flattered by choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import StudyError
from luthier.integrations.steps import Steps
from luthier.trial import Trial

Rows = tuple[Any, Any]


class Stages:
    """The stages of one boosting run, with the metric on the rows kept aside and on those scored.

    Parameters
    ----------
    trial : Trial
    most : int
        How many stages a full training has.
    every : int
        How many stages lie between two reports, each with a checkpoint.
    patience : int
        Stages without a better metric on the rows kept aside, after which training ends.

    Attributes
    ----------
    aside, scored : list of float
        The metric after each stage, the parent's stages included, on the two sets of rows.
    model : object
        The fitted model, which predicts with the best number of stages.

    Raises
    ------
    StudyError
        If one of the numbers makes no sense.
    """

    def __init__(self, trial: Trial, most: int, *, every: int, patience: int) -> None:
        for name, value in (("every", every), ("patience", patience)):
            if not isinstance(value, int | np.integer) or value < 1:
                raise StudyError(f"{name} must be a whole number >= 1, got {value!r}.")
        self.steps = Steps(trial, most)
        self.every, self.patience = every, patience
        self.sign = trial.task.objectives[0].sign
        self.aside: list[float] = list(self.steps.facts.get("aside", ()))
        self.scored: list[float] = list(self.steps.facts.get("scored", ()))
        self.model: Any = None

    @property
    def best(self) -> int:
        """How many stages do best on the rows kept aside; 0 before the first."""
        return int(np.nanargmin(self.sign * np.array(self.aside))) + 1 if self.aside else 0

    @property
    def value(self) -> float:
        """The metric on the scored rows with so many stages: what the trial returns."""
        return self.scored[self.best - 1]

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return len(self.aside) - self.best >= self.patience

    @property
    def left(self) -> int:
        """How many stages there may be yet."""
        return 0 if self.exhausted else max(0, self.steps.last - len(self.aside))

    def end(self, aside: float, scored: float, save: Callable[[Path], object]) -> bool:
        """Enter a stage; returns whether training should end.

        Every so many stages the value so far is reported: that of the stage that is best on the
        rows kept aside.
        """
        self.aside.append(float(aside))
        self.scored.append(float(scored))
        stage = len(self.aside)
        over = self.exhausted or stage >= self.steps.last
        if stage % self.every == 0 or over:
            self.steps.end(self.value, save, step=stage, aside=self.aside, scored=self.scored)
        return over or self.steps.stopped


def kept_aside(trial: Trial, X: Any, y: Any, share: float, *, classes: bool) -> tuple[Rows, Rows]:
    """Rows to learn from and rows to stop by, drawn by the trial's seed, by class where there are
    classes; a retry and a promotion get the same.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < share < 1:
        raise StudyError(f"aside must be a share of the rows between 0 and 1, got {share!r}.")
    counts = np.unique(np.asarray(y), return_counts=True)[1] if classes else np.zeros(1)
    X_learn, X_aside, y_learn, y_aside = train_test_split(
        X,
        y,
        test_size=share,
        random_state=trial.seed,
        stratify=y if counts.min() >= 2 else None,
    )
    return (X_learn, y_learn), (X_aside, y_aside)


def metric_of(metric: str, known: Iterable[str]) -> str:
    """The metric that counts: the one that was asked for, or the last of those computed.

    Raises
    ------
    StudyError
        If what was asked for is not among them.
    """
    names = list(known)
    if metric and metric not in names:
        raise StudyError(f"metric={metric!r} was not computed; there is {', '.join(names)}.")
    return metric or names[-1]
