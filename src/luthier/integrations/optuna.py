"""LuthierSampler: luthier's samplers inside an Optuna study."""

from __future__ import annotations

import math
from threading import RLock
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np

from luthier.asked import usual
from luthier.errors import StudyError, need
from luthier.history import Event, History, Objective, State
from luthier.parameters import Choice, Float, Int, Parameter, Raw
from luthier.parts import Sampler
from luthier.propose import propose
from luthier.samplers import sampler as sampler_of
from luthier.samplers import wrapped
from luthier.schedulers.full import Full
from luthier.settings import with_studies
from luthier.space import Space

need("optuna", "optuna", "LuthierSampler")  # before the import below, which would say less

from optuna import Study  # noqa: E402
from optuna.distributions import (  # noqa: E402
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler  # noqa: E402
from optuna.study import StudyDirection  # noqa: E402
from optuna.trial import FrozenTrial, TrialState  # noqa: E402

Wanted: TypeAlias = dict[str, BaseDistribution]

PROPOSAL = "luthier"  # the system attribute of a trial that keeps what was proposed, raw
SETTLED = 10  # trials in a row that ask for one range, after which earlier ranges are forgotten
ENDS = {
    TrialState.COMPLETE: State.DONE,
    TrialState.PRUNED: State.STOPPED,
    TrialState.FAIL: State.FAILED,
}


class LuthierSampler(BaseSampler):  # type: ignore[misc, unused-ignore]  # untyped where missing
    """Lets a sampler of luthier propose the parameters of an Optuna study.

    It proposes for every name that trials have asked for so far, jointly, branches included; a
    trial takes what it asks for. What branches do not ask for is learned from trials. A new name
    begins with what is usual for it, or the middle, where the sampler begins so and no other trial
    runs; else, and where a call's own range does not hold a value, it is drawn uniformly. Running
    trials count as pending, pruned ones as stopped with what they
    reported, and failed ones, those whose value is infinite, and those that break a constraint
    count as failed. No point is tried twice while others are left.

    What is proposed depends only on the seed, the trial's number and the trials before it, so
    threads and processes that share a study need no seeds of their own.

    Parameters
    ----------
    sampler : str or Sampler
        As for `Study`: ``"auto"``, ``"gp"``, ``"tpe"``, ..., or an object with ``ask``.
    seed : int, optional
        Where all chance comes from; drawn afresh when left out.

    Raises
    ------
    MissingExtra
        On import, if Optuna is not installed.
    StudyError
        If there is no such sampler or, when it is asked, if the study has several objectives and
        the sampler handles one.

    Examples
    --------
    >>> study = optuna.create_study(sampler=LuthierSampler(seed=1))  # doctest: +SKIP
    """

    def __init__(self, sampler: str | Sampler = "auto", *, seed: int | None = None) -> None:
        self._sampler = with_studies(sampler_of(sampler))
        self._seed: Any = np.random.SeedSequence(seed).entropy
        self._begin()

    def _begin(self) -> None:
        self._mirrors: WeakKeyDictionary[Study, _Mirror] = WeakKeyDictionary()
        self._lock = RLock()  # Optuna's n_jobs are threads that share this object

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Wanted:
        """Every name that a trial of the study has asked for, with its range."""
        with self._lock:
            return self._mirror(study, trial).space()

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Wanted
    ) -> dict[str, Any]:
        """A value for each name."""
        if not search_space:
            return {}
        with self._lock:
            body = self._mirror(study, trial).ask(self._sampler, trial.number, search_space)
            # A proposal is part of the log: it is pending for others before its trial has asked
            # for any of it, it is not made again, and a sampler may have tagged it.
            study._storage.set_trial_system_attr(trial._trial_id, PROPOSAL, body)
        return {name: _value(search_space[name], raw) for name, raw in body["params"].items()}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """What is usual for a new name, or a uniform draw, from the seed, the trial's number and
        the name."""
        self._check(study)
        wanted, raw = _parameter(param_distribution), None
        if wrapped.usual(self._sampler):
            with self._lock:
                known = self._mirror(study, trial).alone()
            if known is not None and param_name not in known:
                asked = {name: _parameter(of) for name, of in trial.distributions.items()}
                raw = usual(param_name, wanted, {**known, **asked})
        if raw is None:
            entropy = (self._seed, trial.number, crc32(param_name.encode()))
            raw = wanted.from_unit(float(np.random.default_rng(entropy).random()))
        return _value(param_distribution, raw)

    def reseed_rng(self) -> None:
        """Nothing to do: chance comes from the seed and the trial's number, which is unique."""

    def _mirror(self, study: Study, trial: FrozenTrial) -> _Mirror:
        """The study's trials as they are now, apart from this one."""
        self._check(study)
        if study not in self._mirrors:
            self._mirrors[study] = _Mirror(study.directions, self._seed)
        mirror = self._mirrors[study]
        mirror.update(study.get_trials(deepcopy=False), trial.number)
        return mirror

    def _check(self, study: Study) -> None:
        if len(study.directions) > 1 and not getattr(self._sampler, "many_objectives", True):
            raise StudyError(
                f"LuthierSampler: {self._sampler!r} handles one objective, and the study has "
                f"{len(study.directions)}. Use another sampler, such as 'auto' or 'tpe'."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {"_sampler": self._sampler, "_seed": self._seed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()


class _Mirror:
    """The trials of one Optuna study as a `History`, which grows as they do.

    Parameters
    ----------
    directions : list of StudyDirection
    seed : int
        What the history says is the study's seed.
    """

    def __init__(self, directions: list[StudyDirection], seed: int) -> None:
        self.objectives = tuple(
            Objective(f"value_{i}", direction == StudyDirection.MAXIMIZE)
            for i, direction in enumerate(directions)
        )
        self.seed = seed
        self._clear()

    def _clear(self) -> None:
        self.history = History(objectives=self.objectives, seed=self.seed)
        self.searched: Wanted = {}  # what the history's space is
        self.ranges: dict[str, _Ranges] = {}
        self.read = 0  # how many trials of the list were looked at
        self.open: set[int] = set()  # places in the list of those that had not ended
        self.rows: dict[int, int] = {}  # row in the history by place in the list
        self.told: dict[int, dict[str, Raw]] = {}  # raw parameters of rows that run, as entered

    def update(self, trials: list[FrozenTrial], number: int) -> None:
        """Enter what is new; trial `number` is the one that is about to get its parameters."""
        places = [*sorted(self.open), *range(self.read, len(trials))]
        self.read = len(trials)
        for place in places:
            if not self._enter(place, trials[place], number):
                # A running trial asked for what it was not known to ask for. The log of luthier
                # has no event for that, so the history is made again; it happens in a race only.
                self._clear()
                self.update(trials, number)
                return

    def _enter(self, place: int, trial: FrozenTrial, number: int) -> bool:
        """Enter one trial; False where it contradicts what was entered before."""
        ended = trial.state.is_finished()
        (self.open.discard if ended else self.open.add)(place)
        if trial.number == number or trial.state == TrialState.WAITING:
            return True
        proposal = trial.system_attrs.get(PROPOSAL)
        if not (ended or trial.params or proposal) and trial.number > number:
            return True  # it was created later and will know about this one
        params = {
            name: _raw(distribution, trial.params[name])
            for name, distribution in trial.distributions.items()
        }
        if place not in self.rows:
            row = self.rows[place] = len(self.history)
            body = dict(proposal or {"params": params})
            if not ended:
                body["params"] = {**body["params"], **params}
            self._apply("created", row, {**body, "draw": trial.number})
            self.told[row] = body["params"]
        row = self.rows[place]
        if not ended:
            return params.items() <= self.told[row].items()
        for name, distribution in trial.distributions.items():
            self.ranges.setdefault(name, _Ranges(distribution)).add(distribution)
        self._end(row, trial, params)
        return True

    def _end(self, row: int, trial: FrozenTrial, params: dict[str, Raw]) -> None:
        if len(self.objectives) == 1:
            for step, value in sorted(trial.intermediate_values.items()):
                loss = [self.objectives[0].sign * value]
                self._apply("reported", row, {"step": step, "loss": loss})
        told, state = self.told.pop(row), ENDS[trial.state]
        body: dict[str, Any] = {}
        if state is State.DONE:
            pairs = zip(self.objectives, trial.values, strict=True)
            body["loss"] = [objective.sign * value for objective, value in pairs]
            broken = any(excess > 0 for excess in trial.constraints.values())
            if broken or not all(map(math.isfinite, body["loss"])):
                state = State.FAILED
        elif not trial.intermediate_values:
            params = {**told, **params}  # it may have ended before it had asked for all
        if told != params:
            body["params"] = params
        self._apply("finished", row, {**body, "state": state.name})

    def _apply(self, kind: str, row: int, body: dict[str, Any]) -> None:
        # A sampler must not look at the clock, so none is shown.
        self.history.apply(Event(kind, row, math.nan, body))

    def space(self) -> Wanted:
        """What to propose for: each name with the range that it is asked for in."""
        return {name: self.ranges[name].now for name in sorted(self.ranges)}

    def alone(self) -> dict[str, Parameter] | None:
        """Parameters of the names that trials have asked for; None while other trials run, whose
        new names would all begin alike."""
        return None if self.told else {n: _parameter(of) for n, of in self.space().items()}

    def ask(self, sampler: Sampler, number: int, wanted: Wanted) -> dict[str, Any]:
        """Raw parameters, and the tag if any, of a trial."""
        if wanted != self.searched:
            made = {name: _parameter(distribution) for name, distribution in wanted.items()}
            self.history.dress(Space(made))
            self.searched = dict(wanted)
        history = self.history.seen()
        history.proposals = number  # the draw that is asked for; not all before it may be known
        body = propose(history, sampler, Full(), dynamic=True)
        if body is None:  # everything was tried; a study of Optuna goes on all the same
            space, rng = self.history.space, np.random.default_rng((self.seed, number))
            return {"params": space.raw(space.sample(1, rng)[0])}
        return {name: body[name] for name in ("params", "tag") if name in body}


class _Ranges:
    """In which ranges a name was asked for, and the one to propose in.

    That is the latest once it has come `SETTLED` times in a row, else one that holds them all:
    ranges that vary from trial to trial differ from a range that was changed once.
    """

    def __init__(self, first: BaseDistribution) -> None:
        self.all = self.latest = first
        self.times = 0

    def add(self, distribution: BaseDistribution) -> None:
        """Another trial asked for this range."""
        self.times = self.times + 1 if distribution == self.latest else 1
        self.latest = distribution
        self.all = _joint(self.all, distribution)

    @property
    def now(self) -> BaseDistribution:
        """The range to propose in."""
        return self.latest if self.times >= SETTLED else self.all


def _joint(one: BaseDistribution, other: BaseDistribution) -> BaseDistribution:
    """A distribution that holds the values of both; Optuna sees to it that they are of a kind."""
    if isinstance(one, IntDistribution) and isinstance(other, IntDistribution):
        step = math.gcd(one.step, other.step, one.low - other.low)
        low, high = min(one.low, other.low), max(one.high, other.high)
        return IntDistribution(low, high, log=one.log, step=step)
    if isinstance(one, FloatDistribution) and isinstance(other, FloatDistribution):
        grid = one.step if one.step == other.step else None
        if grid and abs(math.remainder(one.low - other.low, grid)) > 1e-8 * grid:
            grid = None  # the values of both are on no grid of that step
        ends = min(one.low, other.low), max(one.high, other.high)
        return FloatDistribution(*ends, log=one.log, step=grid)
    return one


def _parameter(distribution: BaseDistribution) -> Parameter:
    """The parameter that a distribution stands for; options are their positions."""
    if isinstance(distribution, CategoricalDistribution):
        return Choice(*range(len(distribution.choices)))  # Optuna may have equal ones: 1 and True
    if isinstance(distribution, IntDistribution):
        return Int(
            distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    if isinstance(distribution, FloatDistribution):
        return Float(
            distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    raise StudyError(
        f"LuthierSampler: there is no parameter like {distribution!r}. Ask for it by "
        "suggest_float, suggest_int or suggest_categorical."
    )


def _raw(distribution: BaseDistribution, value: Any) -> Raw:
    if isinstance(distribution, CategoricalDistribution):
        return int(distribution.to_internal_repr(value))
    made: Raw = value
    return made


def _value(distribution: BaseDistribution, raw: Raw) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(raw)]
    return raw
