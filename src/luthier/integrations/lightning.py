"""Lightning: a callback with checkpoints, and a fit that goes on from one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from luthier.errors import need
from luthier.integrations.steps import Steps, told
from luthier.trial import Trial

need("lightning", "lightning", "luthier.integrations.lightning")  # the import would say less

from lightning.pytorch import Callback, Trainer  # noqa: E402

FILE = "trainer.ckpt"


class Report(Callback):  # type: ignore[misc, unused-ignore]  # untyped where missing
    """A callback that reports each epoch, saves, and stops the trainer.

    A checkpoint is Lightning's own: model, optimisers, schedulers, loops and callbacks. Give the
    trainer ``max_epochs=report.last`` and `fit` ``ckpt_path=report.saved``.

    Parameters
    ----------
    trial : Trial
    epochs : int
        How many epochs a full training has.
    monitor : str
        Which logged value is the objective; the others are reported as metrics.
    every : int
        A checkpoint is made after so many epochs, and always after the last one.

    Raises
    ------
    StudyError
        If no such value was logged, or its good end is not that of the objective.
    """

    def __init__(
        self, trial: Trial, epochs: int, *, monitor: str = "val_loss", every: int = 1
    ) -> None:
        super().__init__()
        self.steps, self.monitor = Steps(trial, epochs, every=every), monitor

    @property
    def last(self) -> int:
        """The epoch to end with: the trial's budget, or all epochs."""
        return self.steps.last

    @property
    def saved(self) -> str | None:
        """The file of the parent's checkpoint, for ``ckpt_path=``."""
        return self.steps.saved_file(FILE)

    @property
    def value(self) -> Any:
        """What was reported last, by the parent if nothing is left to do: what to return."""
        return self.steps.value

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Save, report and ask; Lightning has validated by then."""
        value = told(self.steps.trial, trainer.callback_metrics, self.monitor)
        epoch = trainer.current_epoch + 1
        if self.steps.end(value, partial(_save, trainer), step=epoch):
            trainer.should_stop = True


def _save(trainer: Any, folder: Path) -> None:
    # Not given, Lightning logs with every checkpoint what the default is.
    trainer.save_checkpoint(folder / FILE, weights_only=False)


def fit(
    trial: Trial,
    module: Any,
    *data: Any,
    epochs: int,
    monitor: str = "val_loss",
    every: int = 1,
    callbacks: Iterable[Any] = (),
    **settings: Any,
) -> Any:
    """Train a module for a trial: from its parent's last epoch up to its budget.

    Parameters
    ----------
    module : LightningModule
    *data
        Data loaders to train and to validate on, as for ``Trainer.fit``.
    epochs, monitor, every
        See `Report`.
    **settings
        Of the `Trainer`, such as ``accelerator="cpu"``. Lightning's own checkpoints, logger,
        progress bar and summary are off unless they are asked for here.

    Returns
    -------
    dict
        The objective and the other logged values after the last epoch: what to return.
    """
    report = Report(trial, epochs, monitor=monitor, every=every)
    if not report.steps.over:
        quiet = {
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "logger": False,
        }
        trainer: Any = Trainer(
            **{**quiet, **settings}, max_epochs=report.last, callbacks=[*callbacks, report]
        )
        # Tensors and plain values only, where Lightning can be told so: no code is run.
        safe = {"weights_only": True} if "weights_only" in signature(trainer.fit).parameters else {}
        trainer.fit(module, *data, ckpt_path=report.saved, **safe)
    return report.steps.value
