"""Trial: what the objective holds. Also the face of spaces that are defined by running."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np

from luthier import outcome
from luthier.asked import held, join, read, usual
from luthier.errors import SpaceError, StudyError
from luthier.history import Fidelity, Objective
from luthier.parameters import MISSING, Choice, Float, Int, Parameter, Raw
from luthier.space import Space


class Line(Protocol):
    """A trial's way to its driver: a direct call, or a message to another process."""

    def report(
        self, number: int, step: int, loss: list[builtins.float], metrics: dict[str, Any]
    ) -> bool:
        """Hand over a report; True when the trial should stop."""
        ...

    def should_stop(self, number: int) -> bool:
        """Whether the trial should stop."""
        ...

    def note(self, number: int, facts: dict[str, Any]) -> None:
        """Keep facts about the trial."""
        ...


@dataclass(frozen=True)
class Task:
    """A trial on its way to a worker: everything that it needs, and nothing that it could change.

    Parameters
    ----------
    raw : dict
        What the sampler proposed, as raw values.
    study_seed, draw : int
        Together they seed the trial; a trial that goes on has the draw that began it.
    dynamic : bool
        The space is defined by running, so only names that are asked for count.
    folder, parent_folder : str or None
        Where the trial may keep files; made when it asks for them.
    hints : dict
        Values that a user queued for names that no trial has asked for yet.
    fidelity : Fidelity or None
        What the study gives trials less of.
    usual : bool
        Numbers that no trial has asked for yet get what is usual, see `luthier.asked.usual`.
    """

    number: int
    draw: int
    raw: dict[str, Raw]
    space: Space
    objectives: tuple[Objective, ...]
    study_seed: int = 0
    parent: int = -1
    budget: builtins.float = math.inf
    dynamic: bool = False
    folder: str | None = None
    parent_folder: str | None = None
    hints: dict[str, Any] = field(default_factory=dict)
    fidelity: Fidelity | None = None
    usual: bool = False


@dataclass(eq=False, repr=False)
class Trial:
    """One uninterrupted call of the objective: its parameters, `report`, `should_stop`.

    Attributes
    ----------
    params : dict
        Values by name, inactive ones left out. Where the space is defined by running, what has
        been asked for so far.
    number : int
        From 0, without gaps, never used twice.
    """

    task: Task
    line: Line
    params: dict[str, Any] = field(init=False)
    raw: dict[str, Raw] = field(init=False)
    added: dict[str, Parameter] = field(init=False)  # parameters that the space does not have so
    told: bool = field(init=False, default=False)  # should_stop said so
    reported: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        task = self.task
        self.raw = {} if task.dynamic else dict(task.raw)
        self.params = {} if task.dynamic else task.space.values(task.raw)
        self.added = {}
        self._attrs: dict[str, Any] = {}

    # -- what it is

    @property
    def number(self) -> int:
        """The trial's number, from 0."""
        return self.task.number

    @property
    def parent(self) -> int:
        """The number of the trial that this one goes on from, or -1."""
        return self.task.parent

    @property
    def budget(self) -> builtins.float:
        """The step up to which the trial may run; ``inf`` where there is no such limit.

        In a study with a `fidelity`, an objective that returns there counts as stopped there, and
        may be gone on with by a later trial whose `parent` it is.
        """
        return self.task.budget

    @property
    def seed(self) -> int:
        """A seed below 2**32, from the study's seed and the draw; who goes on gets the same."""
        mixed = np.random.SeedSequence(self.task.study_seed, spawn_key=(self.task.draw, 1))
        return int(mixed.generate_state(1)[0])

    @property
    def folder(self) -> Path:
        """A folder of the trial's own, for checkpoints and the like."""
        if self.task.folder is None:
            raise StudyError("trial.folder: this study has no folder. Give Study(folder=...).")
        path = Path(self.task.folder)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def parent_folder(self) -> Path | None:
        """The folder of the trial that this one goes on from, or None.

        Where that one left no files, that of the nearest one before it that did.
        """
        return None if self.task.parent_folder is None else Path(self.task.parent_folder)

    # -- what it says

    def report(self, value: Any, step: int) -> None:
        """Tell how the trial stands.

        Parameters
        ----------
        value : number or dict
            The objective so far, or a dict of metrics that may hold it.
        step : int
            How far the trial is: an epoch, a fold, a number of trees.

        Raises
        ------
        StudyError
            If the value is no number or the step no whole number.
        """
        if isinstance(step, bool) or not isinstance(step, int | np.integer):
            raise StudyError(
                f"trial.report: step must be a whole number, got {step!r}. "
                "Count epochs, folds or trees."
            )
        try:
            loss, metrics = outcome.read_report(value, self.task.objectives)
        except outcome.Invalid as error:
            raise StudyError(str(error)) from None
        self.reported = True
        self.line.report(self.number, int(step), loss, metrics)

    def should_stop(self) -> bool:
        """Whether the scheduler, a time limit or Ctrl-C wants the trial to end.

        An objective that sees True should return, or raise `luthier.Stop`: the trial counts as
        stopped, or where a `Limit` on its time was reached as failed, and what it reported is
        kept.
        """
        if self.line.should_stop(self.number):
            self.told = True
            return True
        return False

    def note(self, **facts: Any) -> None:
        """Keep facts about the trial; they appear in tables and the report."""
        self.line.note(self.number, {name: outcome.plain(value) for name, value in facts.items()})

    # -- define by run

    def float(
        self,
        name: str,
        low: builtins.float,
        high: builtins.float,
        *,
        log: bool = False,
        step: builtins.float | None = None,
        default: builtins.float | None = None,
        likely: tuple[builtins.float, builtins.float] | None = None,
        extend: bool | tuple[builtins.float, builtins.float] = False,
    ) -> builtins.float:
        """A real number between `low` and `high`, see `Float`.

        With `extend` the value may lie beyond them, where a sampler has widened the range.
        """
        more: dict[str, Any] = {"log": log, "step": step, "default": default}
        wanted = Float(low, high, likely=likely, extend=extend, **more)
        made: builtins.float = self._ask(name, wanted)
        return made

    def int(
        self,
        name: str,
        low: builtins.int,
        high: builtins.int,
        *,
        log: bool = False,
        step: builtins.int = 1,
        default: builtins.int | None = None,
        likely: tuple[builtins.int, builtins.int] | None = None,
        extend: bool | tuple[builtins.int, builtins.int] = False,
    ) -> builtins.int:
        """A whole number between `low` and `high`, see `Int`.

        With `extend` the value may lie beyond them, where a sampler has widened the range.
        """
        more: dict[str, Any] = {"log": log, "step": step, "default": default}
        made: builtins.int = self._ask(name, Int(low, high, likely=likely, extend=extend, **more))
        return made

    def choice(
        self,
        name: str,
        *options: Any,
        ordered: bool = False,
        default: Any = MISSING,
        likely: Any = None,
    ) -> Any:
        """One of the options, see `Choice`; they may also come as one list."""
        if len(options) == 1 and isinstance(options[0], list | tuple):
            options = tuple(options[0])
        return self._ask(name, Choice(*options, ordered=ordered, default=default, likely=likely))

    def _ask(self, name: str, wanted: Parameter) -> Any:
        """The value of a parameter: what was proposed where that fits, else a draw of its own."""
        if not isinstance(name, str) or not name:
            raise SpaceError(f"A parameter's name must be a string, got {name!r}.")
        known = self.added.get(name)
        if known is None and name in self.task.space:
            known = self.task.space[name]
        if name in self.params:
            try:
                held(wanted, known or wanted).raw(self.params[name], name)
            except SpaceError as error:
                raise SpaceError(
                    f"{name}: was asked for twice in one trial, now as {wanted!r}, and its value "
                    f"{self.params[name]!r} does not fit. Use two names."
                ) from error
            return self.params[name]
        if known is not None and type(known) is not type(wanted):
            raise SpaceError(
                f"{name}: was {known!r} and is now asked for as {wanted!r}. "
                "A parameter keeps its type; use another name."
            )
        joint = wanted if known is None else join(known, wanted)
        if known is None or joint is not known:
            self.added[name] = joint
        entropy = (self.task.study_seed, self.task.draw, crc32(name.encode()))
        proposed = self.task.raw.get(name)
        if name in self.task.hints:
            proposed = joint.raw(self.task.hints[name], name)
        elif known is None and self.task.usual:
            proposed = usual(name, wanted, {**dict(self.task.space.items()), **self.added})
        raw, value = read(proposed, joint, wanted, entropy)
        self.raw[name], self.params[name] = raw, value
        return value

    def final(self, *, done: bool) -> dict[str, Raw]:
        """The raw parameters to record: a trial that ended before it reported keeps what was
        proposed, as it may not have asked for everything."""
        if not self.task.dynamic or done or self.reported:
            return self.raw
        return {**self.task.raw, **self.raw}

    # -- names that Optuna's objectives use

    def suggest_float(
        self,
        name: str,
        low: builtins.float,
        high: builtins.float,
        *,
        step: builtins.float | None = None,
        log: bool = False,
    ) -> builtins.float:
        """`float`, under Optuna's name."""
        return self.float(name, low, high, step=step, log=log)

    def suggest_int(
        self,
        name: str,
        low: builtins.int,
        high: builtins.int,
        *,
        step: builtins.int = 1,
        log: bool = False,
    ) -> builtins.int:
        """`int`, under Optuna's name."""
        return self.int(name, low, high, step=step, log=log)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """`choice`, under Optuna's name."""
        return self._ask(name, Choice(*choices))

    def should_prune(self) -> bool:
        """`should_stop`, under Optuna's name."""
        return self.should_stop()

    def set_user_attr(self, key: str, value: Any) -> None:
        """`note`, under Optuna's name."""
        self._attrs[key] = value
        self.note(**{key: value})

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What `set_user_attr` was given in this call."""
        return dict(self._attrs)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"Trial({self.number}{': ' if shown else ''}{shown})"


def told_to_stop(error: BaseException) -> bool:
    """Whether an exception means that the trial ends as stopped: ours, or Optuna's pruning."""
    return any(kind.__name__ in ("Stop", "TrialPruned") for kind in type(error).__mro__)
