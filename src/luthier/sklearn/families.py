"""Families: candidates of a search that differ in the number of stages, or a depth, alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from luthier.sklearn import prefixes, sharing
from luthier.sklearn.guarded import Guarded
from luthier.sklearn.running import Call, Workers
from luthier.sklearn.stages import Share, learner_of

if TYPE_CHECKING:
    from luthier.sklearn.fitting import Fitting

Task = tuple[int, int]  # a candidate's row and a fold


@dataclass(frozen=True)
class Member:
    """What a candidate has in common with others of its family, and the number that differs."""

    name: str
    others: Hashable
    number: int

    @property
    def family(self) -> Hashable:
        """The parameter that differs, and the values of all others."""
        return self.name, self.others


@dataclass(frozen=True)
class Wave:
    """How some tasks run.

    Attributes
    ----------
    order : list of list of int
        Positions of the tasks, in groups that are for one worker.
    shares : dict
        Of tasks whose candidates have a family: the member, and whether others wait for it.
    together : frozenset of int
        Folds that several workers may be on at a time.
    """

    order: list[list[int]]
    shares: dict[Task, tuple[Member, bool]]
    together: frozenset[int] = frozenset()

    @classmethod
    def plain(cls, tasks: Sequence[Task]) -> Wave:
        """Tasks in their own order, which share nothing."""
        return cls([[position] for position in range(len(tasks))], {})

    def abreast(self, tasks: Sequence[Task], count: int) -> Wave:
        """The same, but so many candidates go through the folds side by side."""
        places: dict[int, int] = {}
        for group in self.order:
            places.setdefault(tasks[group[0]][0], len(places))

        def turn(group: list[int]) -> tuple[int, int]:
            row, fold = tasks[group[0]]
            return places[row] // count, fold

        taken = Counter(tasks[group[0]][1] for group in self.order)
        together = frozenset(fold for fold, times in taken.items() if times > 1)
        return Wave(sorted(self.order, key=turn), self.shares, together)

    def share(self, search: str, task: Task, rows: str) -> Share | None:
        """What a task shares of a search, on training rows that go by a name."""
        if task not in self.shares:
            return None
        member, waited = self.shares[task]
        key = "stages", rows, member.family
        return Share(search, key, member.number, waited, member.name)


class Families:
    """Which candidates of a search belong together.

    Parameters
    ----------
    fitting : Fitting
    """

    def __init__(self, fitting: Fitting) -> None:
        self.fitting = fitting
        self._rows: dict[Hashable, list[int]] = defaultdict(list)  # of each family
        self._members: list[Member | None] = []  # for each row

    @classmethod
    def of(cls, fitting: Fitting) -> Families | None:
        """Those of a search; None where none of its candidates can be cut.

        Besides the data, `fit` may be given nothing but weights: what else it takes may watch the
        fit, and see that stages are missing.
        """
        base, given, prefix = fitting.base, fitting.routed.estimator.fit, ""
        if not fitting.search.reuse or fitting.growing is not None:
            return None
        if type(base) is Pipeline:
            if not fitting.sharing:
                return None
            prefix = base.steps[-1][0] + "__"
        elif learner_of(type(base)) is None:
            return None
        return cls(fitting) if set(given) <= {prefix + "sample_weight"} else None

    def wave(self, tasks: Sequence[Task]) -> Wave:
        """How some tasks run.

        With a limit on time or patience, no candidate runs before its turn: who is complete early
        counts for more there than work that is done once.
        """
        plain = Wave.plain(tasks)
        if not self.fitting.listed:  # who else comes is not known, so nothing is kept for them
            return plain
        for row in range(len(self._members), len(self.fitting.candidates)):
            self._add(row)
        order = plain.order if self.fitting.ordered else self._together(tasks)
        flat = [tasks[number] for group in order for number in group]
        return Wave(order, self._shares(flat))

    def _add(self, row: int) -> None:
        member = self._member(self.fitting.candidates[row])
        self._members.append(member)
        if member is not None:
            self._rows[member.family].append(row)

    def _member(self, candidate: Mapping[str, Any]) -> Member | None:
        model, prefix = self.fitting.base, ""
        if isinstance(model, Pipeline):
            if prefixes.keys(model, candidate) is None:
                return None
            name, model = model.steps[-1]
            model, prefix = candidate.get(name, model), name + "__"
        own = {k.removeprefix(prefix): v for k, v in candidate.items() if k.startswith(prefix)}
        learner = learner_of(type(model), own)
        if learner is None:
            return None
        number = learner.number(model.get_params(deep=False) | own)
        others = tuple(
            (name, prefixes.told(value))
            for name, value in sorted(candidate.items())
            if name != prefix + learner.name
        )
        if number is None or any(told is None for _, told in others):
            return None
        return Member(learner.name, others, number)

    def _with_others(self, row: int) -> Member | None:
        """What a candidate is a member of; None if it is the only one."""
        member = self._members[row]
        return member if member is not None and len(self._rows[member.family]) > 1 else None

    def _together(self, tasks: Sequence[Task]) -> list[list[int]]:
        """Tasks of a family on a fold in one group, the greatest number first."""
        groups: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
        for position, (row, fold) in enumerate(tasks):
            member = self._with_others(row)
            if member is None:
                groups[position].append((0, position))
            else:
                groups[member.family, fold].append((-member.number, position))
        return [[position for _, position in sorted(group)] for group in groups.values()]

    def _shares(self, tasks: Sequence[Task]) -> dict[Task, tuple[Member, bool]]:
        """Of tasks in the order in which they run, which are waited for by others."""
        asked: set[Hashable] = set()  # by family and fold, what is asked for later
        made: dict[Task, tuple[Member, bool]] = {}
        for row, fold in [*self._later(tasks), *reversed(tasks)]:
            member = self._with_others(row)
            if member is not None:
                key = member.family, fold
                made[row, fold] = member, key in asked
                asked.add(key)
        return {task: made[task] for task in tasks if task in made}

    def _later(self, tasks: Sequence[Task]) -> list[Task]:
        """What may be asked for after some tasks, of their families and on their folds."""
        outcomes, closed = self.fitting.outcomes, self.fitting.closed
        members = [(self._with_others(row), fold) for row, fold in tasks]
        places = dict.fromkeys((m.family, fold) for m, fold in members if m is not None)
        mine = set(tasks)
        return [
            (row, fold)
            for family, fold in places
            for row in self._rows[family]
            if outcomes[row][fold] is None and (row, fold) not in mine and row not in closed
        ]


def evaluated(
    workers: Workers | Guarded,
    order: Sequence[Sequence[int]],
    make: Callable[[int], Call],
    enough: Callable[[], bool],
) -> Iterator[tuple[int, Any]]:
    """The outcomes of some tasks, by their numbers, as they come.

    Parameters
    ----------
    order
        Of a `Wave`.
    make, enough
        As `Workers.run` has them.

    Notes
    -----
    In this process, tasks that draw from a global generator must run in their own order, or they
    would not draw what they do in scikit-learn's search. Nothing tells beforehand which do. So one
    that did is undone, and what is left then runs in its own order. Those before it drew nothing,
    and would have come out the same in any order.
    """
    flat = [number for group in order for number in group]
    if isinstance(workers, Guarded):  # a limit is for one fit at a time
        yield from workers.run(flat, make, enough)
    elif workers.count > 1:
        behind = {group[0]: group[1:] for group in order}
        yield from workers.run(list(behind), make, enough, behind)
    elif flat == sorted(flat):
        yield from workers.run(flat, make, enough)
    else:
        left, drew, before = set(flat), False, sharing.drawn()

        def ends() -> bool:
            return drew or enough()

        for number, outcome in workers.run(flat, make, ends):
            drew = drew or sharing.drawn() != before
            if not drew:
                left.remove(number)
                yield number, outcome
                before = sharing.drawn()
        if drew:
            sharing.undraw(before)
            yield from workers.run(sorted(left), make, enough)
