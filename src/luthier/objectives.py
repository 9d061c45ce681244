"""Objectives: what a study makes small or large, within which bounds, and with less of what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Objective:
    """A named number to make small, or large."""

    name: str
    maximize: bool = False

    @property
    def sign(self) -> int:
        """Multiplies what the user reads to give a loss, and a loss to give it back."""
        return -1 if self.maximize else 1

    def __str__(self) -> str:
        return f"{'maximize' if self.maximize else 'minimize'} {self.name}"


@dataclass(frozen=True)
class Fidelity:
    """What a trial can be given less of: epochs, trees, a share of the data, folds.

    Parameters
    ----------
    name : str
        Of the unit, in the plural.
    least, most : int
        The smallest amount that tells anything, and the whole.
    """

    name: str
    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.name} from {self.least} to {self.most}"


@dataclass(frozen=True)
class Constraint:
    """A returned metric that must keep to a bound.

    Parameters
    ----------
    name : str
        Of the metric.
    least : bool
        The bound is the least that is allowed, else the most.
    bound : float
    """

    name: str
    least: bool
    bound: float

    def excess(self, value: float) -> float:
        """By how much a value is beyond the bound; 0 or less where it keeps to it."""
        return self.bound - value if self.least else value - self.bound

    @property
    def sign(self) -> str:
        """``>=`` or ``<=``."""
        return ">=" if self.least else "<="

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {self.bound:g}"
