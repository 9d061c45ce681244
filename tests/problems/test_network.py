"""The network to begin with: tables, images and texts, and every setting of its space."""

import os
from importlib import util

import numpy as np
import pytest

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]

BACKENDS = [name for name in ("tensorflow", "torch", "jax") if util.find_spec(name)]
if not BACKENDS:
    pytest.skip("pip install '.[frameworks]'", allow_module_level=True)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
pytest.importorskip("keras", reason="pip install '.[frameworks]'")

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits  # noqa: E402

from luthier import Study  # noqa: E402
from luthier.errors import DataError  # noqa: E402
from luthier.models.catalog import model  # noqa: E402
from luthier.models.keras_mlp import DEFAULTS, network, tokens  # noqa: E402
from luthier.problems import mlp  # noqa: E402


def digits(n=400):
    X, y = load_digits(return_X_y=True)
    return X[:n], y[:n]


def test_the_default_point_learns_a_table():
    problem = mlp(*load_breast_cancer(return_X_y=True), epochs=3)

    study = Study(problem.space, maximize="accuracy", seed=3).run(problem, trials=1)

    assert problem.kind == "table"
    assert "epochs" not in problem.space
    assert study.best.params == {k: DEFAULTS[k] for k in problem.space.default()}
    assert study.best.value > 0.85


def test_images_get_convolutions():
    X, y = digits()
    problem = mlp(X.reshape(-1, 8, 8), np.array(list("abcdefghij"))[y], epochs=(2, 4))

    study = Study(problem.space, sampler="random", seed=3).run(problem, trials=1)

    assert problem.kind == "image"
    assert problem.learn[0].shape == (300, 8, 8, 1)
    assert {"blocks", "filters", "epochs"} <= set(study.best.params)
    names = [layer.__class__.__name__ for layer in problem.build(study.best.params).layers]
    assert names.count("Conv2D") == study.best.params["blocks"]
    assert study.history.step.max() == study.best.params["epochs"]


def test_texts_get_an_embedding_and_their_words_decide():
    texts = [f"{'warm sun' if i % 2 else 'cold rain'} day number {i}" for i in range(200)]
    problem = mlp(texts, [i % 2 == 1 for i in range(200)], epochs=8, length=6)

    study = Study(problem.space, maximize="accuracy", seed=3)
    study.enqueue({"learning_rate": 0.02})
    study.run(problem, trials=1)

    assert problem.kind == "text"
    assert study.best.value == 1.0


def test_the_words_of_a_text_are_not_drowned_by_what_stands_for_none():
    """Four words of a text, of two hundred that are read, are averaged among themselves."""
    built = network({}, (200,), 2, kind="text")
    short, long = tokens(["a cat sat down"], 200), tokens(["a cat sat down " * 50], 200)

    told = built.predict(np.concatenate([short, long, tokens([""], 200)]), verbose=0)

    np.testing.assert_allclose(told[0], told[1], rtol=1e-4)
    assert np.isfinite(told).all()


def test_a_number_is_predicted_on_a_scale_of_its_own():
    problem = mlp(*load_diabetes(return_X_y=True), epochs=8)

    study = Study(problem.space, seed=3)
    study.enqueue({"learning_rate": 0.01})
    study.run(problem, trials=1)

    assert problem.classes is None
    assert study.best.value < 1  # better than the mean, whose error is 1


def test_a_fidelity_lends_epochs_and_the_winner_goes_on():
    problem = mlp(*digits(), epochs=3)
    study = Study(
        problem.space,
        maximize="accuracy",
        sampler="random",
        scheduler="asha",
        fidelity=("epochs", 1, 3),
        seed=3,
    )

    study.run(problem, trials=4)

    history = study.history
    gone_on = np.flatnonzero(history.parent >= 0)
    assert len(gone_on) == 1
    assert history.step[history.owner == gone_on[0]].tolist() == [2, 3]
    assert len(history.step) == 5  # 3 trials for an epoch, one for two more


@pytest.mark.parametrize("kind", ["table", "image", "text"])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_point_of_the_space_builds(kind, seed):
    X, y = digits(60)
    X = {"table": X, "image": X.reshape(-1, 8, 8), "text": X.astype(int) + 1}[kind]
    problem = mlp(X, y, kind=kind)
    rng = np.random.default_rng(seed)

    for params in problem.space.decode(problem.space.sample(4, rng)):
        built = problem.build(params)

        dense = [layer.units for layer in built.layers if layer.__class__.__name__ == "Dense"]
        units = [params[f"units_{i}"] for i in range(1, params["layers"] + 1)]
        assert dense == [*units, 10]
        assert built.optimizer.__class__.__name__.lower() == params["optimizer"]


def test_a_schedule_falls_over_the_whole_training():
    rates = {}
    for schedule in ("constant", "cosine", "exponential"):
        made = network({"schedule": schedule, "learning_rate": 0.5}, (3,), 2, steps=40)
        made.optimizer.iterations.assign(40)
        rates[schedule] = float(np.asarray(made.optimizer.learning_rate))

    assert rates == pytest.approx({"constant": 0.5, "cosine": 0.0, "exponential": 0.005}, abs=1e-6)


def test_words_become_the_same_numbers_everywhere():
    made = tokens(["The cat", "cat", "the the the"], 2)

    assert made[0, 0] == made[2, 0] == made[2, 1]
    assert made[0, 1] == made[1, 0] != made[0, 0]
    assert made[1, 1] == 0
    assert tokens([" "], 2)[0, 0] > 0


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.zeros(5), np.zeros(5), r"no table, no images and no texts\."),
        (np.zeros((5, 3)), np.zeros(4), "X has 5 rows"),
        (np.zeros((2, 3, 4, 5, 6)), np.zeros(2), "no images"),
        (np.array([["a", 3], ["b", 4]], dtype=object), np.zeros(2), r"no number.*OneHotEncoder"),
        (np.array([[3.0, np.nan], [2.0, 4.0]]), np.zeros(2), "1 rows of X lack a value"),
    ],
)
def test_data_that_it_cannot_take_are_refused(X, y, said):
    with pytest.raises(DataError, match=said):
        mlp(X, y)


def test_tokens_that_the_network_has_no_place_for_are_refused():
    texts = [["a", "cat"]]
    for wrong in ([[3, -1]], [[3, 20_000]], [[3, 4], [0, 0]], [[3, 1.5]], [[3, np.nan]], texts):
        with pytest.raises(DataError, match="from 1 to 19,999, 0 behind the last one"):
            mlp(np.array(wrong), [0] * len(wrong), kind="text")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epochs": 0}, r"Write epochs=20 or epochs=\(5, 50\)"),
        ({"epochs": "5"}, "epochs must be"),
        ({"epochs": (9, 3)}, "epochs must be"),
        ({"aside": 30}, "a share of the rows between 0 and 1, got 30"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, said):
    with pytest.raises(DataError, match=said):
        mlp(*digits(60), **wrong)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            {"maximize": "auc"},
            "maximize auc, and this network has minimize='loss' or maximize='acc",
        ),
        ({"minimize": "error"}, "minimize error"),
        ({"minimize": "accuracy"}, "minimize accuracy"),
    ],
)
def test_what_is_no_metric_of_its_own_is_not_passed_off_as_one(how, said):
    """The accuracy under the name of another metric would be taken for that."""
    problem = mlp(*digits(60), epochs=1)

    study = Study(problem.space, seed=3, **how).run(problem, trials=1)

    assert study[0].error["kind"] == "StudyError"
    assert said in study[0].error["message"]


def test_numbers_have_no_accuracy():
    problem = mlp(*load_diabetes(return_X_y=True), epochs=1)

    study = Study(problem.space, seed=3, maximize="accuracy").run(problem, trials=1)

    assert "this network has minimize='loss'." in study[0].error["message"]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_command_lines_model_fits_and_predicts(task):
    classifies = task == "classification"
    X, y = load_breast_cancer(return_X_y=True) if classifies else load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    chosen = model("keras_mlp", task, metric_needs="probabilities" if classifies else "labels")
    default = chosen.space(task, len(X)).default()

    fitted = chosen.build({**default, "epochs": 6, "learning_rate": 0.01}, task, 3).fit(X, y)

    assert fitted.score(X, y) > (0.95 if classifies else 0.3)
    plain = {k: v for k, v in fitted.get_params().items() if k in DEFAULTS}
    assert {**plain, "epochs": 30, "learning_rate": 1e-3} == {k: DEFAULTS[k] for k in plain}
    if classifies:
        assert fitted.predict_proba(X).sum(axis=1) == pytest.approx(1)


@pytest.mark.slow
def test_luthier_tune_takes_it(tmp_path):
    import subprocess
    import sys

    frame = load_breast_cancer(as_frame=True).frame.iloc[::3, [0, 1, 7, 30]]
    frame.to_csv(tmp_path / "cells.csv", index=False)
    command = [sys.executable, "-c", "from luthier.cli import main; main()", "tune", "cells.csv"]
    more = ["--target", "target", "--model", "keras_mlp", "--trials", "2", "--cv", "2", "--quiet"]
    done = subprocess.run(
        [*command, *more, "--out", "out"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.joblib").is_file()
