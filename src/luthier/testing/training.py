"""A training that can be gone on with, and ways to run it: one trial at a time, or by turns."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np

from luthier.history import History, State
from luthier.parts import Sampler, Scheduler
from luthier.propose import propose
from luthier.study import Study
from luthier.trial import Trial

FIDELITY = ("steps", 1, 9)
LAZY = 0.004  # seconds that a straggler takes for each step


def level(params: dict[str, Any]) -> float:
    """Where the learning curve of a point of the space MIXED ends."""
    return float(params["layers"] - 4 * params["drop"])


def training(trial: Trial) -> Generator[None, None, float]:
    """One step after the other, from the checkpoint of whom the trial goes on from."""
    first, told = 1, trial.parent_folder
    if told is not None and (told / "step").is_file():
        first = int((told / "step").read_text()) + 1
    trial.note(first=first)
    loss = level(trial.params) + 5.0 / max(first - 1, 1)
    for step in range(first, int(min(trial.budget, FIDELITY[2])) + 1):
        (trial.folder / "step").write_text(str(step))
        loss = level(trial.params) + 5.0 / step
        trial.report(loss, step)
        if trial.should_stop():
            break
        yield
    return loss


def train(trial: Trial) -> float:
    """The same as an objective; every fifth trial is a straggler."""
    going = training(trial)
    while True:
        try:
            next(going)
        except StopIteration as end:
            return float(end.value)
        if trial.number % 5 == 3:
            time.sleep(LAZY)


def by_turns(study: Study, trials: int, workers: int = 4, *, lost: int = 0) -> None:
    """Run `training` as by so many workers, one step of one of them at a time, some seldom.

    Parameters
    ----------
    lost : int
        If above 0, every so manieth trial is lost after its first step, unless it was just told
        to stop before its budget was spent.
    """
    rng = np.random.default_rng(8)
    going: list[tuple[Trial, Generator[None, None, float]]] = []
    while study.history.ended < trials:
        if len(going) < workers and study.history.ended + len(going) < trials:
            (trial,) = study.ask()
            going.append((trial, training(trial)))
            continue
        weights = np.array([0.1 if trial.number % 5 == 3 else 1.0 for trial, _ in going])
        at = int(rng.choice(len(going), p=weights / weights.sum()))
        trial, steps = going[at]
        loss = None
        try:
            next(steps)
        except StopIteration as end:
            loss = end.value
        far = study.history.curve(trial.number)[0].max(initial=0) >= trial.budget
        due = lost and trial.number % lost == lost - 1 and (far or not trial.told)
        if due and study.history.attempts(trial.number) == 1:
            study.driver.lose(trial.number, "Lost", "its process is gone")
            del going[at]
        elif loss is not None:
            study.tell(trial, loss)
            del going[at]


def assert_sound(history: History) -> None:
    """See that trials kept to their budgets, and went on from where others had stopped."""
    heirs = set()
    for row in range(len(history)):
        steps, _ = history.curve(row)
        parent = int(history.parent[row])
        assert history.state[row] in (State.DONE, State.STOPPED, State.LOST)
        assert steps.max(initial=0) <= min(history.budget[row], FIDELITY[2])
        if parent < 0 or history.state[parent] == State.LOST:
            continue
        assert history.state[parent] == State.STOPPED
        assert history.finished[parent] <= history.started[row]
        # One that was stopped before its budget was spent may go on with the same.
        assert history.budget[row] >= history.budget[parent]
        assert history.budget[row] > history.curve(parent)[0].max()
        assert history.facts(row)["first"] == history.curve(parent)[0].max() + 1
        if history.state[row] != State.LOST and history.alike(row, parent):
            assert parent not in heirs, f"trial {parent} went on twice"
            heirs.add(parent)


def assert_follows(study: Study, sampler: Sampler, scheduler: Scheduler) -> None:
    """See that every trial is what the events before it lead to."""
    history = History()
    for _, event in study._log.store.read():
        if event.kind == "created":
            body = propose(history, sampler, scheduler, dynamic=False)
            assert body == {name: event.body[name] for name in body or {}}
        history.apply(event)


def told(study: Study) -> list[Any]:
    """What came of a study, but for the clock and for attempts that were lost."""
    seen = study.history.seen()
    draw = {int(number): int(draw) for number, draw in zip(seen.number, seen.draw, strict=True)}
    made: list[Any] = []
    for row in range(len(seen)):
        steps, losses = seen.curve(row)
        parent = draw.get(int(seen.parent[row]), -1)
        end = seen.Y[row].tolist() if seen.state[row] == State.DONE else None
        made.append((int(seen.draw[row]), State(int(seen.state[row])).name, seen.raw(row), end,
                     parent, float(seen.budget[row]), int(seen.tag[row]), steps.tolist(),
                     losses.tolist()))  # fmt: skip
    return made
