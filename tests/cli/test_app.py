"""The commands themselves: help that tells, and a start that loads nothing heavy."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import luthier
from luthier.cli import app as module
from luthier.cli.options import seconds
from luthier.cli.results import atomic
from luthier.errors import StudyError
from luthier.models.catalog import MODELS
from luthier.models.metrics import METRICS

COMMANDS = {"demo", "tune", "run", "show", "best", "trials", "export", "report", "resume", "tidy"}


def test_every_command_and_option_is_explained():
    commands = get_command(module.app).commands

    assert set(commands) == COMMANDS
    for command in commands.values():
        assert command.help
        for option in command.params:
            assert option.help, f"{command.name} {option.name}"


def test_help_names_every_model_and_metric():
    assert module.MODELS.split(", ") == list(MODELS)
    assert module.METRICS.replace(";", ",").split(", ") == list(METRICS)


def test_help_loads_nothing_heavy():
    code = (
        "import sys, luthier.cli.app; "
        "print([m for m in ('numpy', 'scipy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_package_is_the_command_too(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["luthier", "--version"])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("luthier", run_name="__main__")

    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == luthier.__version__


def test_version_is_printed(call):
    import luthier

    assert call("--version").stdout.strip() == luthier.__version__


@pytest.mark.parametrize(
    ("text", "wanted"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_times_are_read_with_their_units(text, wanted):
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["10x", "", "m", "0s", "-5m", "ten"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(StudyError, match="10m"):
        seconds(text)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "best.json"
    target.write_text("old")

    def half(path):
        Path(path).write_text("ha")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        atomic(target, half)

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
