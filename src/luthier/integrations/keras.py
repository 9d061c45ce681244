"""Keras 3, on TensorFlow, PyTorch or JAX: a callback with checkpoints, fits that go on, folds."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from inspect import getclosurevars
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import Stop, StudyError, need
from luthier.integrations.hypermodel import own_fit, trained, values_of
from luthier.integrations.keras_tuner import HyperParameters
from luthier.integrations.steps import Steps, told
from luthier.trial import Trial

need("keras", "keras", "luthier.integrations.keras")  # before the import, which says less

import keras  # noqa: E402

FILE, BEST = "model.keras", "best.keras"
ENDLESS = 10**9  # epochs, where what trains says itself how many
Values = dict[str, Any]


class Report(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]  # untyped where missing
    """A callback that reports each epoch, saves, stops, and goes on from the parent's checkpoint.

    A checkpoint is a ``.keras`` file in the trial's folder: model, weights, optimiser, and the
    state of its random generators. Give `fit` ``initial_epoch=report.done, epochs=report.last``.

    Parameters
    ----------
    trial : Trial
    epochs : int
        How many epochs a full training has.
    monitor : str
        Which of Keras's values is the objective; the others are reported as metrics.
    every : int
        A checkpoint is made after so many epochs, and always after the last one.
    best : bool
        What counts of a trial is its best epoch so far, as in KerasTuner: that is reported, its
        weights are those that the model has in the end, and the file ``best.keras`` beside the
        checkpoint holds them. The rows that score are then also those by which the epoch is
        chosen, which flatters the score a little.

    Raises
    ------
    StudyError
        If there is no such value, or its good end is not that of the objective.
    """

    def __init__(
        self,
        trial: Trial,
        epochs: int,
        *,
        monitor: str = "val_loss",
        every: int = 1,
        best: bool = False,
    ) -> None:
        super().__init__()
        self.steps, self.monitor, self.best = Steps(trial, epochs, every=every), monitor, best
        self._weights: list[Any] = []  # of the best epoch

    @property
    def done(self) -> int:
        """Epochs that are done, those of the parent included."""
        return self.steps.done

    @property
    def last(self) -> int:
        """The epoch to end with: the trial's budget, or all epochs."""
        return self.steps.last

    @property
    def value(self) -> Any:
        """What was reported last, by the parent if nothing is left to do: what to return."""
        return self.steps.value

    def on_train_begin(self, logs: Any = None) -> None:
        """Take over weights and optimiser of the parent's checkpoint."""
        saved = self.steps.saved
        if saved is None:
            return
        if self.best and (saved / BEST).exists():
            _load(self.model, saved / BEST)
            self._weights = _weights(self.model)
        _load(self.model, saved / FILE)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, report and ask."""
        if self.steps.stopped:
            raise Stop  # a loop of one's own that calls this and does not look at stop_training
        value = told(self.steps.trial, logs or {}, self.monitor)
        if self.best:
            value = self._better(value)
        if self.steps.end(value, self._save, step=epoch + 1):
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the model with the weights that count."""
        if self._weights:
            self.model.set_weights(self._weights)

    def _better(self, value: Values) -> Values:
        """What counts after an epoch: its values, or those of the best one before."""
        if self._weights:
            aim, before = self.steps.trial.task.objectives[0], self.steps.value
            old, new = (aim.sign * values[aim.name] for values in (before, value))
            if old <= new or np.isnan(new):
                return dict(before)
        self._weights = _weights(self.model)
        return value

    def _save(self, folder: Path) -> None:
        self.model.save(folder / FILE)
        if self._weights:
            last = _weights(self.model)
            self.model.set_weights(self._weights)
            self.model.save(folder / BEST)
            self.model.set_weights(last)


def fit(
    trial: Trial,
    model: Any,
    x: Any,
    y: Any = None,
    *,
    epochs: int | None,
    monitor: str = "val_loss",
    every: int = 1,
    best: bool = False,
    callbacks: Iterable[Any] = (),
    train: Callable[..., Any] | None = None,
    **params: Any,
) -> Values:
    """Train a compiled model for a trial: from its parent's last epoch up to its budget.

    Parameters
    ----------
    epochs, monitor, every, best
        See `Report`. Without `epochs`, `train` says how many.
    callbacks : iterable
        Further callbacks; what they remember is not in the checkpoint.
    train : callable, optional
        What trains, in place of ``model.fit``: called with the model and the arguments of that.
        What it returns counts if it is a number or a dict; else what the callbacks were told.
    **params
        Further arguments of ``model.fit``, such as ``validation_data``.

    Returns
    -------
    dict
        The objective and Keras's other values after the last epoch, or the best: what to return.

    Raises
    ------
    StudyError
        If it is not known how many epochs there are to be, or what came of them.
    """
    if epochs is None and train is None:
        raise StudyError("fit: epochs is missing. Say how many a full training has, epochs=30.")
    report = Report(trial, epochs or ENDLESS, monitor=monitor, every=every, best=best)
    if not report.steps.over:
        lengths = {} if epochs is None else {"epochs": report.last}
        given = {"callbacks": [*callbacks, report], **lengths, **params}
        data = (x,) if y is None else (x, y)
        if train is None:
            _prepare(model, x)
            model.fit(*data, initial_epoch=report.done, **{"verbose": 0, **given})
        else:
            made = trained(train, model, data, given, report.done)
            return values_of(report, made)
    elif report.steps.saved is not None:
        _prepare(model, x)
        _load(model, report.steps.saved / (BEST if best else FILE))
    values: Values = report.steps.value
    return values


def fit_folds(
    trial: Trial,
    build: Callable[[], Any],
    x: Any,
    y: Any,
    *,
    epochs: int,
    cv: Any = 5,
    monitor: str = "val_loss",
    every: int = 1,
    train: Callable[..., Any] | None = None,
    **params: Any,
) -> Values:
    """Train one model per fold side by side, an epoch each in turn, and report their mean.

    So a step is an epoch here too, and a trial can be stopped, or promoted, for all its folds.

    Parameters
    ----------
    build : callable
        Makes a compiled model; called once per fold.
    x, y
        Arrays, or the nested arrays that the model takes.
    cv : int, splitter or iterable
        As in scikit-learn. An int is a number of folds, shuffled, and by class where `y` is a
        column of whole numbers or words; they are the same in every trial.
    train : callable, optional
        What trains, see `fit`; here it must return the history that ``model.fit`` does.
    **params
        Further arguments of ``model.fit``.

    Returns
    -------
    dict
        The means over the folds after the last epoch.

    Raises
    ------
    StudyError
        If rows to validate on are given besides.
    """
    if given_rows := {"validation_data", "validation_split"} & set(params):
        raise StudyError(
            f"fit_folds: {min(given_rows)}= and folds exclude each other, as each fold validates "
            "on its own rows. Leave it out, or leave cv= out."
        )
    steps = Steps(trial, epochs, every=every)
    parts = _parts(cv, x, y)
    models = [build() for _ in parts] if not steps.over else []
    for i, model in enumerate(models):
        _prepare(model, x)
        if steps.saved is not None:
            _load(model, steps.saved / f"{i}.keras")

    def save(folder: Path) -> None:
        for i, model in enumerate(models):
            model.save(folder / f"{i}.keras")

    for epoch in steps:
        every_fold = []
        for model, (learn, test) in zip(models, parts, strict=True):
            valid = (_rows(x, test), _rows(y, test))
            given = {"validation_data": valid, "epochs": epoch, **params}
            data = _rows(x, learn), _rows(y, learn)
            done = trained(train or _fit, model, data, given, epoch - 1)
            if not hasattr(done, "history"):
                raise StudyError(f"fit_folds: what trains must return a history, got {done!r}.")
            every_fold.append({name: values[-1] for name, values in done.history.items()})
        means = {
            name: float(np.mean([logs[name] for logs in every_fold])) for name in every_fold[0]
        }
        steps.end(told(trial, means, monitor), save)
    values: Values = steps.value
    return values


def objective(
    build: Any, x: Any, y: Any = None, *, epochs: int | None = None, cv: Any = None, **params: Any
) -> Callable[[Trial], Values]:
    """An objective from what was written for KerasTuner: ``build(hp)``, or a ``HyperModel``.

    Each trial is seeded by its own seed and gives its memory back. The space is defined by
    running: give `Study` no space.

    Parameters
    ----------
    build : callable or HyperModel
        From `HyperParameters` to a compiled model. A ``fit(hp, model, ...)`` of the HyperModel's
        own trains it; it gets the arguments of ``model.fit``, with the callbacks that report.
    epochs : int, optional
        How many a full training has; left out where the HyperModel's ``fit`` says so itself.
    cv : optional
        Folds as for `fit_folds`; by default one `fit`.
    **params
        Further arguments of `fit` or `fit_folds`.
    """
    make, own = getattr(build, "build", build), own_fit(build)
    if isinstance(build, type) or not callable(make):
        raise StudyError(
            f"objective: build must be a function build(hp) or a HyperModel, got {build!r}."
            + (f" Write {build.__name__}()." if isinstance(build, type) else "")
        )

    def objective(trial: Trial) -> Values:
        hp = HyperParameters(trial)
        given = {"epochs": epochs, "train": None if own is None else partial(own, hp), **params}
        with session(trial):
            if cv is None:
                return fit(trial, _checked(make(hp), own), x, y, **given)
            return fit_folds(trial, lambda: _checked(make(hp), own), x, y, cv=cv, **given)

    return objective


def _checked(model: Any, own: Callable[..., Any] | None) -> Any:
    """A model as it was built, where it is one; a ``fit`` of its own may train what it likes."""
    if own is None and not (isinstance(model, keras.Model) and model.compiled):
        got = "a model that is not compiled" if isinstance(model, keras.Model) else repr(model)
        raise StudyError(f"build: must return a model after model.compile(...), got {got}.")
    return model


def _fit(model: Any, *data: Any, **params: Any) -> Any:
    return model.fit(*data, **params)


@contextmanager
def session(trial: Trial) -> Iterator[None]:
    """A block in which Keras is seeded by the trial; at its end its memory is given back."""
    keras.utils.set_random_seed(trial.seed)
    try:
        yield
    finally:
        _loosen()
        # It looks for garbage, as models hold themselves in circles. Once: that takes 0.3 seconds
        # of CPU among the 500,000 objects that PyTorch and Keras have made.
        keras.utils.clear_session(free_memory=True)


def _loosen() -> None:
    """Let each gradient that TensorFlow has registered live as long as the graph it belongs to.

    Its registry holds those of `tf.custom_gradient` for ever, and each of them its graph, and
    Keras's losses and activations make some with every model: 3.9 MB a trial. Now the graph holds
    them and the registry asks the graph; both go with the last function that still has the graph.
    What is not as it was in TensorFlow 2.21 is left alone.
    """
    if keras.backend.backend() != "tensorflow":
        return
    ops = import_module("tensorflow.python.framework.ops")
    registry = getattr(getattr(ops, "gradient_registry", None), "_registry", None)
    if not isinstance(registry, dict):
        return
    for name, entry in list(registry.items()):
        if not name.startswith("CustomGradient-") or not isinstance(entry, dict):
            continue
        gradient = entry.get("type")
        graph = _graph(gradient)
        if graph is not None:
            setattr(graph, name, gradient)
            entry["type"] = partial(_ask, weakref.ref(graph), name)
            weakref.finalize(graph, registry.pop, name, None).atexit = False


def _graph(gradient: Any) -> Any:
    """The graph of what a registered gradient is the gradient of; None where that is not told."""
    for word in ("tape_grad_fn", "result"):  # what the wrappers of tf.custom_gradient close over
        try:
            gradient = getclosurevars(gradient).nonlocals[word]
        except (TypeError, KeyError, ValueError):
            return None
    return next((one.graph for one in keras.tree.flatten(gradient) if hasattr(one, "graph")), None)


def _ask(graph: weakref.ref[Any], name: str, op: Any, *gradients: Any) -> Any:
    return getattr(graph(), name)(op, *gradients)


def _prepare(model: Any, x: Any) -> None:
    """Make the variables of model and optimiser, where `x` is arrays to make them from.

    Keras would make the optimiser's inside its compiled step, with a graph for each of them.
    """
    arrays = keras.tree.flatten(x)
    if not model.built and all(hasattr(array, "shape") for array in arrays):
        model(_rows(x, slice(1)))
    if model.built and model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _load(model: Any, path: Path) -> None:
    """Weights and optimiser of a checkpoint, into a model that was built the same way."""
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)  # else its variables are not loaded
    model.load_weights(path)


def _weights(model: Any) -> list[Any]:
    """Copies of a model's weights: PyTorch's own arrays would change as it trains on."""
    return [np.array(array) for array in model.get_weights()]


def _rows(arrays: Any, rows: Any) -> Any:
    return keras.tree.map_structure(lambda array: np.asarray(array)[rows], arrays)


def _parts(cv: Any, x: Any, y: Any) -> list[Any]:
    """Pairs of row numbers: to learn from, to validate on."""
    from sklearn.model_selection import KFold, StratifiedKFold, check_cv

    n = len(keras.tree.flatten(x)[0])
    flat = np.asarray(y)
    if isinstance(cv, int):
        by_class = flat.ndim == 1 and flat.dtype.kind in "iubUSO"
        cv = (StratifiedKFold if by_class else KFold)(cv, shuffle=True, random_state=0)
    return list(check_cv(cv).split(np.zeros((n, 1)), flat))
