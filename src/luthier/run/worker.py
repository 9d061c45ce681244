"""One call of the objective, read into plain data: the same wherever it runs.

An outcome is a dict that JSON can hold, because one result or exception that cannot be pickled
would break a whole pool:

=========  ========================================================================================
state      DONE, STOPPED or FAILED; LOST where the trial was cut off through no fault of its own
loss       one number per objective, minimised; metrics: what else was returned. Only for DONE.
params     the raw values that the trial ran with
added      parameters that the objective asked for and the space does not have so, as plain data
error      kind, message and traceback, for FAILED and LOST
seconds    how long it took; cpu: processor seconds of its process and of those that it started,
           None where others shared it
memory     bytes that it held at most; of all its processes, where there was a limit
exit       the exit code of its process, where that ended; negative for a signal
output     the last lines that it printed, where there was a limit
=========  ========================================================================================
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from luthier import outcome
from luthier.space import json as space_json
from luthier.trial import Line, Task, Trial, told_to_stop

Objective = Callable[[Trial], Any]
Outcome = dict[str, Any]

INTERRUPTED = "the trial was interrupted from the keyboard"


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
        made = {"state": "STOPPED"} if trial.told else outcome.judged(returned, task.objectives)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if told_to_stop(error):
            made = {"state": "STOPPED"}
        else:
            trace = error.__traceback__  # its first frame is this function, of no use to anyone
            made = failed(error.with_traceback(trace and trace.tb_next))
    if trial is not None:
        made["params"] = dict(trial.final(done=made["state"] == "DONE"))
        made["added"] = _added(trial)
    cpu_ended = _cpu()
    made["seconds"] = time.perf_counter() - began
    made["cpu"] = None if cpu_began is None or cpu_ended is None else cpu_ended - cpu_began
    return whole(task, made)


def call_in_thread(objective: Objective, task: Task, line: Line) -> Outcome:
    """`call` for a thread, where an interrupt can only be the objective's own."""
    try:
        return call(objective, task, line)
    except KeyboardInterrupt:
        return whole(task, cut("LOST", "Interrupted", INTERRUPTED))


def call_as_json(load: Callable[[], tuple[Objective, Task]], line: Line) -> str:
    """`call` of what `load` gives, as text that any pipe or pool can carry.

    Nothing is raised. Where there was no task to speak of, only state and error are in it.
    """
    try:
        return json.dumps(call(*load(), line))
    except KeyboardInterrupt:
        return json.dumps(cut("LOST", "Interrupted", INTERRUPTED))
    except BaseException as error:  # an import that fails, a metric of 10,000 digits
        return json.dumps(failed(error))


def whole(task: Task, part: Outcome) -> Outcome:
    """An outcome with every key, made from what there is of it."""
    return {"params": dict(task.raw), "added": {}, "seconds": 0.0, "cpu": None} | part


def cut(state: str, kind: str, message: str, trace: str = "") -> Outcome:
    """A trial that ended for a reason that is not an exception; see `whole`."""
    return {"state": state, "error": outcome.fault(kind, message, trace)}


def failed(error: BaseException) -> Outcome:
    """A trial that raised; see `whole`."""
    return {"state": "FAILED", "error": outcome.explain(error)}


def _added(trial: Trial) -> dict[str, Any]:
    if not trial.added:
        return {}
    known = {name: trial.task.space[name] for name in trial.task.space} | trial.added
    return {name: space_json.dump(parameter, known) for name, parameter in trial.added.items()}


def _cpu() -> float | None:
    """Processor seconds of this process; None in a side thread, which cannot tell its own share."""
    return time.process_time() if threading.current_thread() is threading.main_thread() else None
