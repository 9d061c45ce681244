"""Opening a study: its first event holds its terms, and who continues it is held to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from luthier import samplers, schedulers
from luthier.about import about
from luthier.errors import Conflict, StudyError
from luthier.history import Constraint, Fidelity, History, Objective
from luthier.log import Log
from luthier.parts import Sampler, Scheduler
from luthier.space import Space
from luthier.stored_parts import described, in_words, made_again

SCHEDULER_NOW = "scheduler now"  # the note of one that took the place of the first


@dataclass(frozen=True)
class Terms:
    """What a study is asked to be, and is from then on; only space and scheduler may change.

    Parameters
    ----------
    space : Space or None
        None: it is defined by running, or the stored one is taken.
    cost : str or None
        "seconds", or the name of a metric.

    Raises
    ------
    StudyError
        If some of them do not go together.
    """

    name: str
    seed: int
    space: Space | None
    sampler: Sampler
    scheduler: Scheduler
    objectives: tuple[Objective, ...]
    fidelity: Fidelity | None
    constraints: tuple[Constraint, ...]
    cost: str | None

    def __post_init__(self) -> None:
        many = getattr(self.sampler, "many_objectives", True)
        if len(self.objectives) > 1 and not many:
            raise StudyError(
                f"sampler: {self.sampler!r} handles one objective, and there are "
                f"{len(self.objectives)}: {', '.join(map(str, self.objectives))}. "
                "Use another sampler."
            )
        if self.cost is not None and not getattr(self.sampler, "uses_cost", False):
            raise StudyError(
                f"sampler: {self.sampler!r} takes no notice of what trials cost, and the study has "
                f"cost={self.cost!r}. Use 'auto' or 'gp', or leave the cost out."
            )
        if self.fidelity is None and getattr(self.scheduler, "needs_fidelity", False):
            raise StudyError(
                f"scheduler: {self.scheduler!r} gives trials a part of what there is to give, and "
                "the study does not say of what. Give it for example a "
                "fidelity=('epochs', 1, 81), on the command line --fidelity epochs:1:81."
            )


def settle(log: Log, terms: Terms, *, shared: bool, unsaid: Collection[str] = ()) -> Terms:
    """Begin the study of a log, or continue the one that it has.

    Parameters
    ----------
    shared : bool
        Whether the log is kept, and shall say what it was made with.
    unsaid : of "seed", "sampler", "scheduler"
        What nobody asked for: the terms have the default, and a stored study keeps its own.

    Returns
    -------
    Terms
        Those given, and what was unsaid as it is stored; the sampler has what it read elsewhere as
        it was when the study began.

    Raises
    ------
    StudyError
        If the study of the log has other terms, or a stored part cannot be made again.
    SpaceError
        If the spaces cannot be joined.
    """
    if not log.history.opened:
        try:
            log.append(log.event("opened", None, _first(terms, about() if shared else {})))
        except Conflict:  # another process opened it a moment ago
            log.sync()
    terms = _as_stored(terms, log.history)
    _compare(terms, log.history, unsaid)
    terms = replace(terms, **{word: stored(log.history, word) for word in unsaid})
    if described(terms.scheduler) != scheduler_now(log.history):
        log.apply(log.event("noted", None, {"facts": {SCHEDULER_NOW: described(terms.scheduler)}}))
        log.flush()
    if terms.space is not None:
        joint = log.history.space.adopt(terms.space)
        if joint.to_json() != log.history.space.to_json():
            log.append(log.event("grew", None, {"space": joint.to_json()}))
        log.history.dress(joint)
    return terms


def stored(history: History, word: str) -> Any:
    """The seed, sampler or scheduler that a study has in its log.

    Raises
    ------
    StudyError
        If it is a part that is not luthier's own.
    """
    if word == "seed":
        return history.seed
    if word == "sampler":
        return made_again(history.opened.get(word), samplers.CLASSES, word)
    return made_again(scheduler_now(history), schedulers.NAMES, word)


def scheduler_now(history: History) -> Any:
    """The settings of the scheduler that a study was last opened with."""
    return history.notes.get(SCHEDULER_NOW, history.opened.get("scheduler"))


def _first(terms: Terms, versions: dict[str, Any]) -> dict[str, Any]:
    """The body of the event ``opened``."""
    body = {
        "space": (terms.space or Space()).to_json(),
        "dynamic": terms.space is None,
        "objectives": [[objective.name, objective.maximize] for objective in terms.objectives],
        "seed": terms.seed,
        "sampler": described(terms.sampler),
        "scheduler": described(terms.scheduler),
        "about": versions,
    }
    if terms.fidelity is not None:
        body["fidelity"] = [terms.fidelity.name, terms.fidelity.least, terms.fidelity.most]
    if terms.constraints:
        body["constraints"] = [
            [c.name, ">=" if c.least else "<=", c.bound] for c in terms.constraints
        ]
    if terms.cost is not None:
        body["cost"] = terms.cost
    return body


def _as_stored(terms: Terms, history: History) -> Terms:
    """The terms with the stored sampler's reading: what it read elsewhere may have changed."""
    as_stored = getattr(terms.sampler, "as_stored", None)
    if as_stored is None:
        return terms
    return replace(terms, sampler=as_stored(stored(history, "sampler")))


def _compare(terms: Terms, history: History, unsaid: Collection[str]) -> None:
    """Check that the log is of the study that was asked for."""
    for word, mine, theirs in (
        ("seed", terms.seed, history.seed),
        ("sampler", described(terms.sampler), history.opened.get("sampler")),
        ("objectives", terms.objectives, history.objectives),
        ("fidelity", terms.fidelity, history.fidelity),
        ("constraints", terms.constraints, history.constraints),
        ("cost", terms.cost, history.cost),
    ):
        if word not in unsaid and mine != theirs:
            raise StudyError(
                f"study {terms.name!r}: the store has it with {word} {in_words(theirs)}, "
                f"and now {word} is {in_words(mine)}. Use the stored one (Study.open "
                "takes what is stored), or another name."
            )
