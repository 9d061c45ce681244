"""What `luthier tune --fidelity` gives trials less of: rows, or iterations of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from luthier.cli import options
from luthier.errors import StudyError
from luthier.models.building import AnyOf, Model
from luthier.models.lent import ROWS, iterations, lendable, whole
from luthier.space import Space

SMALLEST = 10  # rows that a trial gets at least
# Schedulers that give more to some, with --fidelity.
GIVING = ("auto", "asha", "pasha", "hyperband", "bohb", "dehb", "freezethaw")
WRONG = (
    "is neither n_samples:LEAST:1, with a share of the training rows between 0 and 1, nor a "
    "parameter of the model with two whole numbers, the smaller first. Write for example "
    "n_samples:0.1:1 or n_estimators:10:300."
)


@dataclass(frozen=True)
class Amount:
    """A fidelity as it was asked for: a share of the rows, or a whole number of something.

    Attributes
    ----------
    name : str
        `ROWS`, or a parameter of the estimator.
    least, most : float
        Shares of the rows, of which the most is 1; else whole numbers.
    """

    name: str
    least: float
    most: float

    @property
    def rows(self) -> bool:
        """Whether it is rows that are given."""
        return self.name == ROWS

    @property
    def possible(self) -> bool:
        """Whether there are such amounts."""
        if self.rows:
            return 0 < self.least < 1 == self.most
        return 1 <= self.least < self.most and isinstance(self.least + self.most, int)

    @property
    def whole(self) -> dict[str, int]:
        """The parameter with all that there is; nothing where rows are given."""
        return whole(self.name, self.most)

    def stated(self, rows: int) -> tuple[str, int, int]:
        """As a study is told it, where the smallest fold trains on so many rows."""
        if self.rows:
            return ROWS, min(rows, max(round(self.least * rows), SMALLEST)), rows
        return self.name, int(self.least), int(self.most)


def read(text: str, scheduler: str) -> Amount | None:
    """A fidelity from ``n_samples:0.1:1`` or ``n_estimators:10:300``; None from nothing.

    Raises
    ------
    StudyError
        If it is not written so, or the scheduler makes nothing of it.
    """
    if not text:
        if scheduler in GIVING and scheduler != "auto":
            raise StudyError(
                f"--scheduler {scheduler} gives trials less at first, and it is not said of what. "
                "Add for example --fidelity n_samples:0.1:1, or take --scheduler race, which skips "
                "the folds of trials that will not win."
            )
        return None
    made = Amount(*options.amount(text, WRONG))
    if not made.possible:
        raise StudyError(f"--fidelity {text!r} {WRONG}")
    if scheduler not in GIVING:
        raise StudyError(
            f"--scheduler {scheduler} does not give trials less at first, as --fidelity asks. "
            f"Take one of {', '.join(GIVING)}, or leave --fidelity out."
        )
    return made


def check(amount: Amount, chosen: Model | AnyOf, task: str) -> None:
    """Refuse what the model does not take.

    Raises
    ------
    StudyError
        Which names what is possible.
    """
    if amount.rows:
        return
    if isinstance(chosen, AnyOf):
        raise StudyError(
            f"--fidelity {amount.name}: --model any chooses between models that have no such "
            "parameter in common. Give n_samples:0.1:1, or one model."
        )
    estimator = chosen.build({}, task)
    if lendable(estimator, amount.name):
        return
    known = estimator.get_params(deep=True)
    ways = [ROWS + ":0.1:1", *(f"{name}:10:{_most(known[name])}" for name in iterations(known))]
    whose = f"of --model {chosen.name} ({type(estimator).__name__})"
    told = (
        f"{amount.name!r} {whose} is no amount, a whole number that there can be less of"
        if amount.name in known
        else f"there is no parameter {amount.name!r} {whose}"
    )
    raise StudyError(f"--fidelity: {told}. Write {' or '.join(ways)}.")


def _most(value: Any) -> int:
    return value if isinstance(value, int) and value > 10 else 300


def searched(space: Space, amount: Amount | None, *, own: bool) -> Space:
    """The space without what is given more and more of.

    Parameters
    ----------
    own : bool
        Whether the user wrote it.

    Raises
    ------
    StudyError
        If the user's space has it, or there is nothing else.
    """
    if amount is None or amount.name not in space:
        return space
    gone = [name for name in (amount.name, f"{amount.name}_value") if name in space]
    if own or len(gone) == len(space):
        raise StudyError(
            f"--fidelity {amount.name}: it is in the space too. A parameter is either searched or "
            "given more and more of: leave it out of one of them."
        )
    return space.without(*gone)
