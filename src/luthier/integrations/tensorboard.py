"""TensorBoard: the curves of a study and its parameters, without TensorFlow.

A run is a folder per trial; the parameters and results go to the HParams tab.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import need
from luthier.history import History, State
from luthier.parameters import Choice, Parameter
from luthier.space import Space
from luthier.study import Study

need("tensorboard", "tensorboard", "luthier.integrations.tensorboard")

from tensorboard.compat.proto.event_pb2 import Event  # noqa: E402
from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: E402
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2  # noqa: E402
from tensorboard.plugins.hparams import summary_v2 as hparams  # noqa: E402
from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: E402

FILE = "events.out.tfevents.0.luthier"  # TensorBoard looks for the first three words


class TensorBoard:
    """Follows a run and writes for TensorBoard: ``study.run(..., progress=TensorBoard("runs"))``.

    What it writes is a function of the log: a study that goes on is written anew, and what was
    reported before is there too. `write` does so for a study that is not running.

    Parameters
    ----------
    folder : path
        For ``tensorboard --logdir``; one per study.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._space: Space | None = None  # as it was written
        self._open: dict[int, _Run] = {}  # trials that were running
        self._next = 0  # the first trial that was not looked at
        self._reports = 0  # how many were written

    def update(self, history: History) -> None:
        """Write what is new."""
        if history.space is not self._space:
            self._describe(history)
            self._space = history.space
        for row in range(self._next, len(history)):
            self._open[row] = _Run(self.folder / f"{row:05d}")
        self._next = len(history)
        names = [objective.name for objective in history.objectives]
        signs = np.array([objective.sign for objective in history.objectives])
        for place in range(self._reports, len(history.owner)):
            row, step = int(history.owner[place]), int(history.step[place])
            values = dict(zip(names, signs * history.value[place], strict=True))
            at = float(history.started[row])
            run = self._open.get(row)
            if run is not None:
                run.scalars({**values, **history.reported(row).get(step, {})}, step, at)
        self._reports = len(history.owner)
        for row in [row for row in self._open if history.state[row] != State.RUNNING]:
            self._open.pop(row).end(history, row)

    def close(self, history: History, ended: str) -> None:
        """Write the rest and close the files; running trials are written anew next time."""
        self.update(history)
        for run in self._open.values():
            run.writer.close()

    def write(self, study: Study | History) -> None:
        """Write a whole study, ``TensorBoard("runs").write(study)``, or its history."""
        self.close(study.history if isinstance(study, Study) else study, "")

    def _describe(self, history: History) -> None:
        """What the parameters and the results are called, and their ranges."""
        found = []
        for name, parameter in history.space.items():
            if isinstance(parameter, Choice):
                found.append(
                    hparams.HParam(name, hparams.Discrete(list(map(str, parameter.labels))))
                )
            else:
                ends = float(parameter.low), float(parameter.high)
                found.append(hparams.HParam(name, hparams.RealInterval(*ends)))
        metrics = [hparams.Metric(objective.name) for objective in history.objectives]
        run = _Run(self.folder)
        run.add(hparams.hparams_config_pb(found, metrics), 0, 0.0)
        run.writer.close()


class _Run:
    """The event file of one trial, begun anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.writer = RecordWriter((folder / FILE).open("wb"))
        self.writer.write(Event(file_version="brain.Event:2").SerializeToString())

    def add(self, summary: Any, step: int, at: float) -> None:
        self.writer.write(Event(wall_time=at, step=step, summary=summary).SerializeToString())

    def scalars(self, values: dict[str, Any], step: int, at: float) -> None:
        """Numbers at a step; what is no number is left out."""
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float | np.number)}
        made = [Summary.Value(tag=k, simple_value=float(v)) for k, v in numbers.items()]
        self.add(Summary(value=made), step, at)
        self.writer.flush()

    def end(self, history: History, row: int) -> None:
        """The result, the parameters, which are all known only now, and how the trial ended."""
        at = float(history.finished[row])
        if history.state[row] == State.DONE:
            pairs = zip(history.objectives, history.Y[row], strict=True)
            result = {o.name: o.sign * float(loss) for o, loss in pairs}
            steps, _ = history.curve(row)
            self.scalars({**result, **history.metrics(row)}, int(steps.max(initial=0)), at)
        values = {name: _plain(history.space[name], raw) for name, raw in history.raw(row).items()}
        began = float(history.started[row])
        self.add(hparams.hparams_pb(values, f"trial {row}", began), 0, at)
        good = history.state[row] in (State.DONE, State.STOPPED)
        status = api_pb2.STATUS_SUCCESS if good else api_pb2.STATUS_FAILURE
        data = plugin_data_pb2.HParamsPluginData(
            session_end_info=plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=at)
        )
        made = Summary.Value(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=metadata.create_summary_metadata(data),
            tensor=metadata.NULL_TENSOR,
        )
        self.add(Summary(value=[made]), 0, at)
        self.writer.close()


def _plain(parameter: Parameter, raw: Any) -> Any:
    return str(parameter.label(raw)) if isinstance(parameter, Choice) else raw
