"""One call of the objective, read into plain data: the same wherever it runs.

An outcome is a dict that JSON can hold, because one result or exception that cannot be pickled
would break a whole pool:

=========  ========================================================================================
state      DONE, STOPPED or FAILED; LOST where the trial was cut off through no fault of its own
loss       one number per objective, minimised; metrics: what else was returned. Only for DONE.
params     the raw values that the trial ran with
added      parameters that a trial of a space defined by running asked for and the space has not so
error      kind, message and traceback, for FAILED and LOST
seconds    how long it took; cpu: processor seconds of its process, None where others shared it
=========  ========================================================================================
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from luthier import outcome, space_json
from luthier.trial import Line, Task, Trial, told_to_stop

Objective = Callable[[Trial], Any]
Outcome = dict[str, Any]


def call(objective: Objective, task: Task, line: Line) -> Outcome:
    """What came of one call of the objective.

    Nothing is raised but KeyboardInterrupt: ``sys.exit`` in an objective ends the trial as failed.
    """
    began, cpu_began = time.perf_counter(), _cpu()
    trial: Trial | None = None
    made: Outcome
    try:
        trial = Trial(task, line)
        returned = objective(trial)
        if trial.told:
            made = {"state": "STOPPED"}
        else:
            loss, metrics = outcome.read(returned, task.objectives)
            made = {"state": "DONE", "loss": loss, "metrics": metrics}
    except KeyboardInterrupt:
        raise
    except outcome.Invalid as error:
        made = _failed({"kind": "Invalid", "message": str(error), "traceback": ""})
    except BaseException as error:
        if told_to_stop(error):
            made = {"state": "STOPPED"}
        else:
            trace = error.__traceback__  # its first frame is this function, of no use to anyone
            made = _failed(outcome.explain(error.with_traceback(trace and trace.tb_next)))
    done = made["state"] == "DONE"
    made["params"] = dict(task.raw) if trial is None else dict(trial.final(done=done))
    made["added"] = {} if trial is None else _added(trial)
    cpu_ended = _cpu()
    made["seconds"] = time.perf_counter() - began
    made["cpu"] = None if cpu_began is None or cpu_ended is None else cpu_ended - cpu_began
    return made


def call_uninterrupted(objective: Objective, task: Task, line: Line) -> Outcome:
    """`call`, for a thread or process whose caller must not be interrupted with it."""
    try:
        return call(objective, task, line)
    except KeyboardInterrupt:
        return lost(task, "Interrupted", "the trial was interrupted from the keyboard.")


def call_as_json(objective: Objective, task: Task, line: Line) -> str:
    """`call_uninterrupted`, as text that any pipe or pool can carry."""
    made = call_uninterrupted(objective, task, line)
    try:
        return json.dumps(made)
    except Exception as error:  # a metric of 10,000 digits, say
        made = _failed(outcome.explain(error)) | {"params": dict(task.raw), "added": {}}
        return json.dumps(made | {"seconds": 0.0, "cpu": None})


def lost(task: Task, kind: str, message: str, *, seconds: float = 0.0) -> Outcome:
    """The outcome of a trial that was cut off through no fault of its own."""
    return cut(task, "LOST", kind, message, seconds=seconds)


def cut(
    task: Task, state: str, kind: str, message: str, trace: str = "", *, seconds: float = 0.0
) -> Outcome:
    """The outcome of a trial that could not speak for itself."""
    error = {"kind": kind, "message": message, "traceback": trace}
    return {
        "state": state,
        "error": error,
        "params": dict(task.raw),
        "added": {},
        "seconds": seconds,
        "cpu": None,
    }


def _failed(error: dict[str, str]) -> Outcome:
    return {"state": "FAILED", "error": error}


def _added(trial: Trial) -> dict[str, Any]:
    if not trial.added:
        return {}
    known = {name: trial.task.space[name] for name in trial.task.space} | trial.added
    return {name: space_json.dump(parameter, known) for name, parameter in trial.added.items()}


def _cpu() -> float | None:
    """Processor seconds of this process; None in a side thread, which cannot tell its own share."""
    return time.process_time() if threading.current_thread() is threading.main_thread() else None
