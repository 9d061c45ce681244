"""Progress: how a run stands, as a line or a panel."""

import io

import pytest
from rich.console import Console

from luthier.cli import progress
from luthier.space import Float, Space
from luthier.study import Study


@pytest.fixture
def history():
    study = Study(Space(x=Float(-3, 9)), maximize="score", sampler="random", seed=2)
    for value in (-7.5, -2.25, float("nan")):
        (trial,) = study.ask()
        study.tell(trial, value)
    return study.history


def test_the_standing_counts_and_names_the_best_in_the_users_sign(history):
    assert progress.standing(history, 9) == "3/9 trials, 1 failed, best score -2.25 (trial 1)"


def test_lines_come_only_now_and_then(history, capsys):
    lines = progress.Lines(9)
    lines.update(history)
    quiet = capsys.readouterr().err
    lines.told -= 2 * progress.EVERY
    lines.update(history)
    told = capsys.readouterr().err

    assert quiet == ""
    assert told.startswith("3/9 trials")


def test_a_line_is_said_again_after_a_minute_only(history, capsys):
    lines = progress.Lines(9)
    for waited in (progress.EVERY, progress.EVERY, progress.SAME, progress.EVERY):
        lines.told -= waited
        lines.update(history)

    assert capsys.readouterr().err.count("3/9 trials") == 2


def test_the_panel_shows_the_best_and_the_last(history, capsys):
    panel = progress.Panel(9, "a model")
    shown = panel._shown(history)
    panel.update(history)
    panel.close(history, "")
    console = Console(file=io.StringIO(), width=90)
    console.print(shown)

    text = console.file.getvalue()
    assert "a model" in text
    assert "best score -2.25 (trial 1)" in text
    assert "failed" in text
    assert "3/9 trials" in capsys.readouterr().err


def test_quiet_says_nothing():
    assert progress.watcher(9, "a model", quiet=True) is False
