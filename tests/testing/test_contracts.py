"""The contracts notice parts that break them."""

import copy
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from luthier.parts import Job, Proposal
from luthier.samplers import Random
from luthier.schedulers import Full
from luthier.stores import Memory
from luthier.testing import SamplerContract, SchedulerContract, StoreContract


class Base:
    uses_losses: ClassVar[bool] = False

    def ask(self, space, history, k, rng):
        return Proposal(space.sample(k, rng))


class OutOfRange(Base):
    def ask(self, space, history, k, rng):
        return Proposal(1.1 * space.sample(k, rng))


class Inactive(Base):
    def ask(self, space, history, k, rng):
        return Proposal(space.fill(space.sample(k, rng)))


class Heedless(Base):
    def ask(self, space, history, k, rng):
        return Proposal(space._cube.draw(k, rng, {}))


class Writes(Base):
    def ask(self, space, history, k, rng):
        history.notes["asked"] = 1
        return Proposal(space.sample(k, rng))


class OwnChance(Base):
    def ask(self, space, history, k, rng):
        return Proposal(space.sample(k, np.random.default_rng()))


class Counts(Base):
    asked = 0

    def ask(self, space, history, k, rng):
        self.asked += 1
        return Proposal(space.sample(k, np.random.default_rng(self.asked)))


@dataclass(frozen=True)
class Hoards(Base):
    seen: list = field(default_factory=list)

    def ask(self, space, history, k, rng):
        self.seen.append(len(history))
        return Proposal(space.sample(k, rng))


class NeedsResults(Base):
    def ask(self, space, history, k, rng):
        history.Y[history.done].min(axis=0)
        return Proposal(space.sample(k, rng))


class Learns(Base):
    """Says that it uses losses, and is as good as chance."""

    uses_losses: ClassVar[bool] = True


BROKEN = [
    (OutOfRange, "test_points_are_valid_in_every_space"),
    (Inactive, "test_points_are_valid_in_every_space"),
    (Heedless, "test_points_are_valid_in_every_space"),
    (Writes, "test_the_history_is_untouched"),
    (OwnChance, "test_the_same_generator_gives_the_same_points"),
    (Counts, "test_a_fresh_sampler_agrees_with_a_used_one"),
    (Hoards, "test_what_a_sampler_remembers_is_not_part_of_it"),
    (NeedsResults, "test_failed_and_lost_trials_alone_are_survived"),
    (Learns, "test_losses_are_put_to_use"),
]


@pytest.mark.parametrize(("kind", "test"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_a_sampler_that_breaks_a_rule_is_found_out(kind, test):
    class Contract(SamplerContract):
        sampler = kind()
        budget, seeds = 5, 10

    with pytest.raises((AssertionError, ValueError)):
        getattr(Contract(), test)()


def test_a_sampler_that_forgets_when_reopened_is_found_out(tmp_path):
    class Contract(SamplerContract):
        sampler = Counts()

    with pytest.raises(AssertionError):
        Contract().test_a_study_reopened_after_every_trial_is_the_same(tmp_path)


class Remembers(Full):
    def keep(self, history, row):
        calls = self.__dict__.setdefault("calls", [])
        calls.append(row)
        return len(calls) < 3


class Nothing(Full):
    def next(self, space, history, sampler, k, rng):
        return [Job(np.full(len(space), 2.0))] * k


class Numpy(Full):
    def keep(self, history, row):
        return history.value.sum() < 0


class CountsLost(Full):
    def keep(self, history, row):
        return bool(history.proposals == history.number.max() + 1)


class First(Full):
    def keep(self, history, row):
        return len(history) > 1


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Remembers, "test_decisions_are_made_from_the_history_alone"),
        (Nothing, "test_jobs_are_points_of_the_space"),
        (Numpy, "test_keep_says_yes_or_no_of_every_running_trial"),
        (CountsLost, "test_lost_trials_do_not_count"),
        (First, "test_a_single_trial_goes_on"),
    ],
)
def test_a_scheduler_that_breaks_a_rule_is_found_out(kind, test):
    class Contract(SchedulerContract):
        scheduler = kind()

    with pytest.raises(AssertionError):
        getattr(Contract(), test)()


class Eager(Full):
    """Goes on from trials that still run."""

    def next(self, space, history, sampler, k, rng):
        if not len(history) % 3:
            return [replace(job, budget=2) for job in super().next(space, history, sampler, k, rng)]
        row = len(history) - 1
        return [Job(history.X[row], budget=7, parent=int(history.number[row]))]


class Twice(Full):
    """Goes on from the same trial again and again."""

    def next(self, space, history, sampler, k, rng):
        if not len(history):
            return [replace(job, budget=2) for job in super().next(space, history, sampler, k, rng)]
        return [Job(history.X[0], budget=7, parent=0)]


class Waits(Full):
    """Starts nothing while another trial runs."""

    def next(self, space, history, sampler, k, rng):
        return super().next(space, history, sampler, k, rng) if not history.running.any() else []


class Moody(Full):
    def keep(self, history, row):
        self.__dict__["calls"] = self.__dict__.get("calls", 0) + 1
        return True

    def next(self, space, history, sampler, k, rng):
        budget = 3.0 + self.__dict__.get("calls", 0)
        return [
            replace(job, budget=budget) for job in super().next(space, history, sampler, k, rng)
        ]


class CountsAttempts(Full):
    def next(self, space, history, sampler, k, rng):
        budget = 1.0 + max(history.number, default=0) % 5
        return [
            replace(job, budget=budget) for job in super().next(space, history, sampler, k, rng)
        ]


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Eager, "test_stragglers_are_not_waited_for"),
        (Twice, "test_with_a_fidelity_trials_keep_to_their_budgets"),
        (Waits, "test_stragglers_are_not_waited_for"),
        (Moody, "test_a_pool_of_threads_decides_by_the_log"),
        (Moody, "test_with_a_fidelity_a_study_reopened_decides_the_same"),
        (Remembers, "test_a_study_that_is_reopened_decides_the_same"),
        (CountsAttempts, "test_trials_that_are_lost_and_go_on_change_nothing"),
    ],
)
def test_a_scheduler_that_breaks_a_rule_in_a_study_is_found_out(kind, test, tmp_path):
    class Contract(SchedulerContract):
        scheduler = kind()

    with pytest.raises((AssertionError, ValueError)):
        getattr(Contract(), test)(tmp_path)


class Overwrites(Memory):
    def append(self, events):
        self._once.clear()
        super().append(events)


class Half(Memory):
    def append(self, events):
        for event in events:
            super().append([event])


class Backwards(Memory):
    def read(self, after=0):
        return super().read(after)[::-1]


class Rounds(Memory):
    def append(self, events):
        made = copy.deepcopy(list(events))
        for event in made:
            for name, value in event.body.get("facts", {}).items():
                if name == "integers":
                    event.body["facts"][name] = [int(float(v)) for v in value]
        super().append(made)


class Once(Memory):
    def read(self, after=0):
        made = super().read(after)
        self._events = [] if after == 0 else self._events
        return made


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Overwrites, "test_what_is_taken_is_a_conflict_and_nothing_of_it_is_kept"),
        (Half, "test_what_is_taken_is_a_conflict_and_nothing_of_it_is_kept"),
        (Backwards, "test_events_come_back_in_order_as_they_were"),
        (Rounds, "test_odd_values_come_back_as_they_were"),
        (Once, "test_cursors_rise_and_reading_goes_on_after_one"),
    ],
)
def test_a_store_that_breaks_a_rule_is_found_out(kind, test, tmp_path):
    class Contract(StoreContract):
        def open(self, folder, study="study"):
            return kind()

    with pytest.raises(AssertionError):
        getattr(Contract(), test)(tmp_path)


def test_a_contract_kept_passes():
    class Contract(SamplerContract):
        sampler = Random()

    Contract().test_points_are_valid_in_every_space()
