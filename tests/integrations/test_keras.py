"""Keras: stopped early, killed and resumed, promoted, folds; on each backend that is installed."""

import os
from importlib import util

import numpy as np
import pytest

# Warnings inside these libraries are theirs.
pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]

BACKENDS = [name for name in ("tensorflow", "torch", "jax") if util.find_spec(name)]
if not BACKENDS:
    pytest.skip("pip install '.[frameworks]'", allow_module_level=True)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
keras = pytest.importorskip("keras", reason="pip install '.[frameworks]'")

from sklearn.datasets import load_diabetes, load_digits  # noqa: E402

from luthier import Study  # noqa: E402
from luthier.errors import StudyError  # noqa: E402
from luthier.integrations.keras import Report, fit, fit_folds, objective, session  # noqa: E402
from luthier.integrations.steps import newest  # noqa: E402
from luthier.schedulers import Threshold  # noqa: E402


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype("float32")[:600], y[:600]


def network(rate=0.01, units=16):
    model = keras.Sequential(
        [
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def trained(trial, digits, epochs=5, model=None, **settings):
    X, y = digits
    model = model or network()
    valid = {"validation_data": (X[400:], y[400:]), "batch_size": 100, "shuffle": False}
    return fit(trial, model, X[:400], y[:400], epochs=epochs, **valid, **settings), model


def test_each_epoch_is_reported_with_keras_other_values_as_metrics(trial_of, digits):
    trial = trial_of()

    told, model = trained(trial, digits, 3)

    assert [step for step, _ in trial.line.reports] == [1, 2, 3]
    assert told["loss"] == told["val_loss"] == trial.line.reports[-1][1]
    assert set(told) == {"loss", "val_loss", "train_loss", "accuracy", "val_accuracy"}
    loss, accuracy = model.evaluate(digits[0][400:], digits[1][400:], verbose=0)
    assert (loss, accuracy) == pytest.approx((told["loss"], told["val_accuracy"]), rel=1e-4)


def test_who_goes_on_ends_with_the_weights_of_who_was_never_stopped(trial_of, digits):
    """Without dropout's chance and shuffling, weights, optimiser and all are the same."""

    def plain():
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, "softmax")])
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        return model

    _, whole = trained(trial_of(0), digits, 6, plain())
    parent = trial_of(1, budget=2.0)
    trained(parent, digits, 6, plain())
    child = trial_of(2, parent=parent)
    _, resumed = trained(child, digits, 6, plain())

    assert [step for step, _ in child.line.reports] == [3, 4, 5, 6]
    for mine, theirs in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)


def test_a_child_with_nothing_left_has_the_parents_value_and_weights(trial_of, digits):
    parent = trial_of(0)
    first, model = trained(parent, digits, 2)

    again, loaded = trained(trial_of(1, parent=parent), digits, 2)

    assert again == first
    assert loaded.predict(digits[0], verbose=0) == pytest.approx(
        model.predict(digits[0], verbose=0), abs=1e-5
    )


def test_a_trial_that_is_told_to_stop_stops_and_can_be_gone_on_with(trial_of, digits):
    trial = trial_of(0, stop_at=2)

    trained(trial, digits, 5, every=4)

    assert [step for step, _ in trial.line.reports] == [1, 2]
    assert newest(trial.folder).name == "step-00000002"


def test_a_whole_model_can_be_loaded_from_the_checkpoint(trial_of, digits):
    trial = trial_of()
    told, _ = trained(trial, digits, 2)

    model = keras.saving.load_model(newest(trial.folder) / "model.keras")

    loss, _ = model.evaluate(digits[0][400:], digits[1][400:], verbose=0)
    assert loss == pytest.approx(told["loss"], rel=1e-4)


class Spoil(keras.callbacks.Callback):
    """From the fourth epoch on, steps are so large that what was learned is lost."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            self.model.optimizer.learning_rate = 30.0


def test_the_best_epoch_counts_where_that_is_asked_for(trial_of, digits):
    trial = trial_of()

    told, model = trained(trial, digits, 5, best=True, callbacks=[Spoil()])

    losses = [loss for _, loss in trial.line.reports]
    assert losses[2:] == [min(losses)] * 3
    assert told["loss"] == told["val_loss"] == losses[2]
    X, y = digits[0][400:], digits[1][400:]
    loaded = [
        keras.saving.load_model(newest(trial.folder) / name)
        for name in ("best.keras", "model.keras")
    ]
    best, last = (net.evaluate(X, y, verbose=0)[0] for net in loaded)
    assert best == pytest.approx(told["loss"], rel=1e-4)
    assert model.evaluate(X, y, verbose=0)[0] == pytest.approx(best, rel=1e-4)
    assert last > best


def test_the_best_epoch_may_be_one_of_the_parents(trial_of, digits):
    parent = trial_of(0, budget=4.0)
    first, _ = trained(parent, digits, 6, best=True, callbacks=[Spoil()], every=6)
    for number, epochs, reported in ((1, 6, [5, 6]), (2, 4, [])):  # to go on with, and at its end
        child = trial_of(number, parent=parent)

        told, model = trained(child, digits, epochs, best=True)

        assert [step for step, _ in child.line.reports] == reported
        assert told == first
        loss, _ = model.evaluate(digits[0][400:], digits[1][400:], verbose=0)
        assert loss == pytest.approx(told["loss"], rel=1e-4)


def test_a_wrong_monitor_is_an_error_that_says_what_there_is(trial_of, digits):
    X, y = digits
    with pytest.raises(StudyError, match="'val_loss' is none of the logged values: there is acc"):
        fit(trial_of(0), network(), X, y, epochs=1)
    with pytest.raises(StudyError, match="good where it is large, but the study is to minimize"):
        trained(trial_of(1), digits, 1, monitor="val_accuracy")
    with pytest.raises(StudyError, match="good where it is small, but the study is to maximize"):
        trained(trial_of(2, maximize="accuracy"), digits, 1)
    assert trained(trial_of(3, maximize="accuracy"), digits, 1, monitor="val_accuracy")


def test_the_callback_alone_serves_a_loop_of_ones_own(trial_of, digits):
    report = Report(trial_of(), 3, monitor="loss")

    network().fit(
        *digits, initial_epoch=report.done, epochs=report.last, callbacks=[report], verbose=0
    )

    assert report.steps.over
    assert set(report.value) == {"loss", "train_loss", "accuracy"}


def test_folds_are_trained_side_by_side_and_go_on_together(trial_of, digits):
    calls = []

    def build():
        calls.append(1)
        return network()

    parent = trial_of(0, stop_at=2)
    fit_folds(parent, build, *digits, cv=3, epochs=4, batch_size=100)
    child = trial_of(1, parent=parent)

    told = fit_folds(child, build, *digits, cv=3, epochs=4, batch_size=100)

    assert len(calls) == 6
    assert [step for step, _ in parent.line.reports] == [1, 2]
    assert [step for step, _ in child.line.reports] == [3, 4]
    files = [path.name for path in newest(child.folder).iterdir()]
    assert sorted(files) == ["0.keras", "1.keras", "2.keras", "luthier.json"]
    assert told["val_loss"] == told["loss"] < parent.line.reports[-1][1]


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_in_mid_training_no_saved_epoch_is_trained_twice(backend, killed_and_resumed):
    body = """
import keras
from sklearn.datasets import load_digits
from luthier.integrations.keras import fit, session

X, y = load_digits(return_X_y=True)
X, y = (X / 16)[:500], y[:500]
space, settings = Space(rate=Float(1e-3, 1e-1, log=True)), {}

class Count(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        tick(epoch + 1)

def objective(trial):
    with session(trial):
        model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
        rate = trial.params["rate"]
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        held = X[400:], y[400:]
        return fit(trial, model, X[:400], y[:400], epochs=7, callbacks=[Count()],
                   validation_data=held)
"""
    first, second = killed_and_resumed(body, kill_at=4, KERAS_BACKEND=backend)

    assert first == [1, 2, 3, 4]  # the fourth was trained, and killed before it was saved
    assert second == [4, 5, 6, 7]


@pytest.mark.slow
def test_a_build_function_for_keras_tuner_runs_unchanged_and_is_stopped(digits, tmp_path):
    def build(hp):
        model = keras.Sequential()
        for i in range(hp.Int("layers", 1, 2)):
            model.add(keras.layers.Dense(hp.Int(f"units_{i}", 8, 32, step=8), activation="relu"))
        model.add(keras.layers.Dense(10, activation="softmax"))
        model.compile(
            keras.optimizers.Adam(hp.Float("rate", 1e-4, 0.3, sampling="log")),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    study = Study(
        maximize="accuracy", sampler="random", scheduler="median", seed=3, folder=tmp_path
    )
    study.run(
        objective(build, *digits, epochs=3, monitor="val_accuracy", validation_split=0.25),
        trials=9,
    )

    assert {"layers", "units_0", "rate"} <= set(study.space.names)
    assert study.history.stopped.any()
    assert study.best.value > 0.7


class Tuned:
    """A HyperModel, without KerasTuner: what counts is that it has `build` and `fit`."""

    def build(self, hp):
        return network(hp.Float("rate", 1e-3, 1e-1, sampling="log"))

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch", [50, 100]), **kwargs)


class OwnEpochs(Tuned):
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, epochs=hp.Int("epochs", 2, 4), **kwargs)


class OwnLoop(Tuned):
    """As in KerasTuner's guide, with neither `epochs` nor `model.stop_training` looked at."""

    def fit(self, hp, model, x, y, validation_data, callbacks):
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(6):
            model.fit(x, y, verbose=0)
            logs = model.evaluate(*validation_data, return_dict=True, verbose=0)
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"val_accuracy": logs["accuracy"]})
        return logs["accuracy"]


def tuned(model, digits, trials=3, epochs=None, scheduler="full", **settings):
    X, y = digits
    study = Study(maximize="accuracy", sampler="random", scheduler=scheduler, seed=3)
    valid = {} if "cv" in settings else {"validation_data": (X[400:], y[400:])}
    given = {"monitor": "val_accuracy", **valid, **settings}
    return study.run(objective(model, X[:400], y[:400], epochs=epochs, **given), trials=trials)


def test_the_fit_of_a_hypermodel_trains_it_and_its_parameters_count(digits):
    study = tuned(Tuned(), digits, epochs=2)

    assert set(study.space.names) == {"rate", "batch"}
    assert study.history.step.tolist() == [1, 2] * 3
    assert "val_loss" in study.best.metrics


def test_the_fit_of_a_hypermodel_may_set_the_number_of_epochs(digits):
    study = tuned(OwnEpochs(), digits)

    assert [(study.history.owner == i).sum() for i in range(3)] == [
        trial.params["epochs"] for trial in study
    ]
    told = tuned(OwnEpochs(), digits, trials=1, epochs=3)[0].error["message"]
    assert "Leave epochs= out of objective" in told


def test_a_loop_in_the_fit_of_a_hypermodel_returns_its_number_and_can_be_stopped(digits):
    study = tuned(OwnLoop(), digits, trials=2)

    assert study[1].value == study.history.value[-1, 0] * -1
    assert study.history.step.tolist() == [1, 2, 3, 4, 5, 6] * 2
    stopped = tuned(OwnLoop(), digits, trials=2, scheduler=Threshold(worst=1.0))
    assert stopped.history.stopped.all()
    assert stopped.history.step.tolist() == [1, 1]


def test_the_fit_of_a_hypermodel_trains_folds(digits):
    study = tuned(Tuned(), digits, trials=1, epochs=2, cv=2)

    assert study.history.step.tolist() == [1, 2]
    assert "batch" in study.space


def test_a_fit_that_says_nothing_is_an_error_that_says_what_to_return(trial_of, digits):
    with pytest.raises(StudyError, match=r"returned None and called no callback\. Return model"):
        fit(trial_of(), network(), *digits, epochs=2, train=lambda model, x, y, **_: None)
    with pytest.raises(StudyError, match="epochs is missing"):
        fit(trial_of(), network(), *digits, epochs=None)


def test_rows_to_validate_on_and_folds_exclude_each_other(trial_of, digits):
    with pytest.raises(StudyError, match="validation_data= and folds exclude each other"):
        fit_folds(trial_of(), network, *digits, cv=2, epochs=1, validation_data=digits)


def test_what_builds_no_model_is_an_error_that_says_so(trial_of, digits):
    with pytest.raises(StudyError, match=r"got <class '.*Tuned'>. Write Tuned\(\)"):
        objective(Tuned, *digits, epochs=1)
    with pytest.raises(StudyError, match=r"a function build\(hp\) or a HyperModel, got 3"):
        objective(3, *digits, epochs=1)
    with pytest.raises(StudyError, match="got a model that is not compiled"):
        objective(lambda hp: keras.Sequential([keras.layers.Dense(3)]), *digits, epochs=1)(
            trial_of()
        )
    with pytest.raises(StudyError, match=r"must return a model after model.compile.*got None"):
        objective(lambda hp: None, *digits, epochs=1)(trial_of())


def test_hypermodels_of_keras_tuner_run_unchanged(digits):
    tuner = pytest.importorskip("keras_tuner", reason="pip install keras-tuner")

    class Own(tuner.HyperModel):
        def build(self, hp):
            return Tuned().build(hp)

    class Inner(Own):
        def fit(self, hp, model, *args, **kwargs):
            return Tuned().fit(hp, model, *args, **kwargs)

    assert tuned(Own(), digits, 1, epochs=1).space.names == ("rate",)
    assert set(tuned(Inner(), digits, 1, epochs=1).space.names) == {"rate", "batch"}
    assert tuned(Own(tunable=False), digits, 1, epochs=1).best.params == {}


def test_folds_of_a_number_to_predict(trial_of):
    X, y = load_diabetes(return_X_y=True)

    def build(hp):
        model = keras.Sequential([keras.layers.Dense(hp.Int("units", 4, 8), activation="relu"),
                                  keras.layers.Dense(1)])  # fmt: skip
        model.compile("adam", "mse")
        return model

    study = Study(seed=3).run(objective(build, X, y / 100, cv=2, epochs=2), trials=1)

    assert np.isfinite(study.best.value)
    assert study.best.metrics["val_loss"] == study.best.value


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="about TensorFlow's graphs")
def test_gradients_live_as_long_as_the_function_that_needs_them(trial_of):
    import tensorflow as tf
    from tensorflow.python.framework import ops

    @tf.custom_gradient
    def triple(x):
        return 3 * x, lambda slope: 3 * slope

    def registered():
        return {name for name in ops.gradient_registry.list() if name.startswith("CustomGradient-")}

    before = registered()
    function, x = tf.function(triple), tf.constant([1.5, -2.0])
    with session(trial_of()):
        function(x)  # made here, and differentiated only after the session
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    slopes = tape.gradient(y, x)
    held = registered() - before
    del function, tape, y
    with session(trial_of()):
        pass

    assert slopes.numpy().tolist() == [3.0, 3.0]
    assert held
    assert not registered() & held


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_trials_leave_little_memory_behind(digits):
    import psutil

    def build(hp):
        model = keras.Sequential([keras.layers.Dense(512), keras.layers.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        hp.Float("x", 1.0, 2.0)
        return model

    once = objective(build, *digits, epochs=1, validation_split=0.25, batch_size=256)
    study = Study(seed=3, sampler="random")
    memory = []
    for n in (20, 50):
        study.run(once, trials=n)
        memory.append(psutil.Process().memory_info().rss / 2**20)

    # MB: neither TensorFlow nor PyTorch keeps anything of a trial, about 0.05 each. Where nothing
    # is cleared TensorFlow keeps 10, and 1.6 or more where its gradients stay registered.
    assert memory[1] - memory[0] < 30 * 0.5, memory
