"""Every file in examples/ runs as a user would run it."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
SAYS = {
    "define_by_run": "parameters were asked for: weight_0, weight_1",
    "grid_search": "On rows that it never saw it has 0.9",
    "keras_mlp_image": "images of shape (8, 8, 1), 10 classes",
    "keras_mlp_table": "epochs; in full they take",
    "keras_mlp_text": "subjects: food, music, weather",
    "lightgbm_curve": "trials were stopped early",
    "multi_objective": "leaves  accuracy 0.",
    "parallel": "failed: the process of the trial ended with exit code 7",
    "resume_sqlite": "12 trials were there, now there are 24: it has its 24 trials",
    "sklearn_grid": "logisticregression__C=Float(0.0001, 100.0, log=True)",
    "svc_conditional": "best:    0.9",
}


FRAMEWORKS = ("keras_mlp_image", "keras_mlp_table", "keras_mlp_text")


def run(path, folder):
    strict = [] if path.stem in FRAMEWORKS else ["-W", "error"]  # warnings there are not ours
    command = [sys.executable, *strict, str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.frameworks] if path.stem in FRAMEWORKS else [])
        for path in EXAMPLES
    ],
    ids=lambda path: path.stem,
)
def test_every_example_runs_and_shows_what_it_is_about(path, tmp_path):
    if path.stem in FRAMEWORKS:
        pytest.importorskip("keras", reason="pip install '.[frameworks]'")
    shown = run(path, tmp_path)
    if path.stem == "resume_sqlite":
        assert "0 trials were there, now there are 12" in shown
        shown = run(path, tmp_path)

    assert SAYS[path.stem] in shown


def test_each_example_starts_with_a_sentence_about_itself():
    assert len(EXAMPLES) == len(SAYS)
    for path in EXAMPLES:
        assert path.read_text().startswith('"""'), path
