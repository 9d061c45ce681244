"""An honest figure, with what it rests on, in numbers and words."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

EARLIER = "Of that, {:.2g} was taken off because the candidates had been chosen with less before."


class Told(ABC):
    """A finding that is printed as it is said in words."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The finding in a sentence or two."""

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Honest(Told):
    """What to expect of a search's winner, refitted on all rows, on rows that nobody has seen.

    Scores are greater-is-better, as scikit-learn's scorers give them.

    Attributes
    ----------
    score : float
        The honest estimate.
    low, high : float
        Its interval; `score` may lie outside by rounding only.
    level : float
        How often such intervals hold the truth, such as 0.9.
    naive : float
        The winner's own mean over folds, which is what a search reports.
    best : int
        The winner among the candidates.
    candidates : int
        How many it was chosen from.
    how : {"predictions", "folds"}
        Whether it rests on out-of-fold predictions or only on the scores of folds.
    gain : Gain, optional
        The winner's honest gain over the default candidate, if one was named.
    note : str
        What was left out to save work, and what was taken off for choices that were made before;
        empty if nothing.
    """

    score: float
    low: float
    high: float
    level: float
    naive: float
    best: int
    candidates: int
    how: str
    gain: Gain | None = None
    note: str = ""

    @property
    def optimism(self) -> float:
        """How much more the search reports than is to be expected; negative if less."""
        return self.naive - self.score

    @property
    def words(self) -> str:
        """The figure in one or two sentences."""
        said = (
            f"Expect {self.score:.4g} on new rows ({self.level:.0%} interval {self.low:.4g} to "
            f"{self.high:.4g}). "
        )
        if self.candidates == 1:
            return said + f"The mean over folds is {self.naive:.4g}."
        said += f"The best of {self.candidates} candidates has {self.naive:.4g} over folds"
        return said + (
            f", {self.optimism:.2g} too much, for it was chosen for it."
            if self.optimism > 0
            else "."
        )


@dataclass(frozen=True)
class Gain(Told):
    """By how much one candidate is better than another, judged in pairs.

    Attributes
    ----------
    mean : float
        Positive where the first is better.
    low, high : float
        Interval of the level `level`.
    chance : float
        Probability that there is no gain at all: the tail of the t distribution beyond 0.
    error : float
        Standard error, in which the training set varies too.
    """

    mean: float
    low: float
    high: float
    level: float
    chance: float
    error: float

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "unclear", by the interval."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "unclear"

    @property
    def words(self) -> str:
        """The gain in one sentence."""
        if self.low == self.mean == self.high == 0:
            return "They predict the same, so nothing is gained."
        span = f"{self.level:.0%} interval {self.low:+.3g} to {self.high:+.3g}"
        said = f"by {self.mean:+.3g} ({span})"
        if self.verdict == "better":
            return f"It is better {said}."
        if self.verdict == "worse":
            return f"It is worse {said}."
        return f"It differs {said}, which may be chance: {self.chance:.0%} that nothing is gained."


def gain(mean: float, error: float, freedom: float, level: float) -> Gain:
    """A gain from its standard error and degrees of freedom."""
    from scipy.stats import t

    if not error > 0:  # NaN too: one fold tells no spread
        chance = 0.5 if math.isnan(error) or mean == 0 else float(mean < 0)
        half = math.inf if math.isnan(error) else 0.0
        return Gain(mean, mean - half, mean + half, level, chance, error)
    half = error * float(t.ppf((1 + level) / 2, freedom))
    chance = float(t.sf(mean / error, freedom))
    return Gain(mean, mean - half, mean + half, level, chance, error)
