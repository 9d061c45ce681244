"""Looking at what is there, and tuning a function of one's own."""

import io
import json
import signal
from pathlib import Path

import pandas as pd
import pytest

from luthier.study import Study

FINE = """
def objective(trial):
    x = trial.float("x", -3, 9)
    if x > 8:
        raise ValueError("too far")
    return {"loss": (x - 2) ** 2 - 5, "twice": 2 * x}
"""

NOISY = """
import random

def objective(trial):
    x = trial.float("x", -3, 9)
    return (x - 2) ** 2 + random.Random(trial.number).gauss(0, 10)
"""


@pytest.fixture
def ran(call):
    Path("fine.py").write_text(FINE)
    done = call("run", "fine.py:objective", "--trials", 12, "--sampler", "random", "--seed", 3)
    assert done.exit_code == 0, done.stderr
    return done


def test_run_tunes_a_function_and_shows_the_best(ran):
    assert "minimize loss" in ran.stdout
    assert Path("luthier.db").is_file()


def test_run_again_continues_under_the_same_name(ran, call):
    again = call("run", "fine.py:objective", "--trials", 12, "--sampler", "random", "--seed", 3)
    more = call("resume", "luthier.db", "--more", 2)

    assert "12 trials already" in again.stderr
    assert more.exit_code == 0, more.stderr
    assert json.loads(call("show", "luthier.db", "--json").stdout)["trials"]["done"] > 10


def test_a_fidelity_on_the_command_line_is_the_studys_and_is_resumed(call):
    Path("slow.py").write_text(
        "def objective(trial):\n    return (trial.float('x', -3, 9) - 2) ** 2 + 1 / trial.budget\n"
    )
    more = ("--scheduler", "asha", "--fidelity", "epochs:1:9", "--sampler", "random")
    done = call("run", "slow.py:objective", *more, "--trials", 30)
    assert done.exit_code == 0, done.stderr
    assert call("resume", "luthier.db", "--more", 5).exit_code == 0

    with Study.open("luthier.db") as study:
        assert str(study.history.fidelity) == "epochs from 1 to 9"
        assert study.history.ended == 35
        assert study.history.budget[0] == 1.0
        assert set(study.history.budget) == {1.0, 3.0, 9.0}


def test_a_fidelity_alone_lends_epochs(call):
    Path("slow.py").write_text("def objective(trial):\n    return trial.float('x', -3, 9)\n")
    done = call("run", "slow.py:objective", "--fidelity", "epochs:1:9", "--trials", 4)
    assert done.exit_code == 0, done.stderr
    assert call("resume", "luthier.db", "--more", 2).exit_code == 0

    with Study.open("luthier.db") as study:
        assert study.history.budget[1:].min() < 9
        assert study.history.ended == 6


@pytest.mark.parametrize(
    "wrong", ["", "epochs", "epochs:1", "epochs:one:9", ":1:9", "epochs:1.2.3:9"]
)
def test_what_is_no_fidelity_is_an_error(call, wrong):
    Path("fine.py").write_text(FINE)
    done = call("run", "fine.py:objective", "--fidelity", wrong)

    assert done.exit_code == 2
    assert "epochs:1:81" in done.stderr


def test_a_share_is_no_fidelity_of_a_function(call):
    Path("fine.py").write_text(FINE)
    done = call("run", "fine.py:objective", "--fidelity", "rows:0.1:1")

    assert done.exit_code == 2
    assert "counted in percent or in rows" in done.stderr


def test_best_gives_parameters_that_a_script_can_read(ran, call):
    told = json.loads(call("best", "--json").stdout)

    assert told["loss"] == pytest.approx((told["params"]["x"] - 2) ** 2 - 5)
    assert call("best").stdout == f"x = {told['params']['x']!r}\n"


def test_best_names_the_trial_to_use_where_results_are_noisy(call):
    Path("noisy.py").write_text(NOISY)
    call("run", "noisy.py:objective", "--trials", 30, "--sampler", "qmc")

    told = json.loads(call("best", "--json").stdout)

    mean, error = told["recommended"]["expected"]
    assert error > 0
    assert mean > told["loss"]
    assert told["recommended"]["params"]["x"] < 10


def test_trials_are_sorted_as_asked(ran, call):
    by_value = json.loads(call("trials", "--json", "--limit", 50).stdout)
    by_number = json.loads(call("trials", "--json", "--sort", "number", "--limit", 3).stdout)

    losses = [row["loss"] for row in by_value if row["state"] == "DONE"]
    assert losses == sorted(losses)
    assert [row["number"] for row in by_number] == [0, 1, 2]


def test_failed_trials_are_shown_with_their_cause(call):
    Path("bad.py").write_text(FINE.replace("x > 8", "x > 2"))
    call("run", "bad.py:objective", "--trials", 12, "--sampler", "random")

    told = json.loads(call("trials", "--failed", "--json").stdout)

    assert told
    assert {row["error"] for row in told} == {"ValueError: too far"}


def test_export_gives_the_same_table_in_every_form(ran, call):
    text = pd.read_csv(io.StringIO(call("export").stdout))
    rows = json.loads(call("export", "--format", "json").stdout)
    assert call("export", "--to", "t.parquet").exit_code == 0
    frame = pd.read_parquet("t.parquet")

    assert text["loss"].tolist() == pytest.approx(frame["loss"].tolist(), nan_ok=True)
    assert [row["params"]["x"] for row in rows] == pytest.approx(text["x"].tolist())


def test_a_run_without_any_result_ends_with_one(call):
    Path("bad.py").write_text(FINE.replace("x > 8", "x > -9"))

    done = call("run", "bad.py:objective", "--trials", 3)

    assert done.exit_code == 1
    assert "ValueError: too far" in done.stderr


def test_ctrl_c_keeps_what_is_there_and_ends_with_130(call):
    Path("stop.py").write_text(
        FINE.replace('"twice"', '"stop": stop(trial), "twice"')
        + "import os, signal, time\n"
        + "def stop(trial):\n"
        + "    if trial.number == 4:\n"
        + "        os.kill(os.getpid(), signal.SIGINT)\n"
        + "        time.sleep(5)\n"
        + "    return 0\n"
    )

    done = call("run", "stop.py:objective", "--trials", 50, "--sampler", "random", "--seed", 3)

    assert done.exit_code == 130
    assert json.loads(call("show", "--json").stdout)["trials"]["done"] >= 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_before_any_result_is_no_failure(call):
    Path("fine.py").write_text(
        "import os, signal\n"
        "def objective(trial):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return trial.float('x', -3, 9)\n"
    )
    done = call("run", "fine.py:objective", "--trials", 9, "--sampler", "random")

    assert done.exit_code == 130
    assert "Stopped by Ctrl-C before a trial had a result; the same command" in done.stderr
    assert "Error" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(ran, call, monkeypatch):
    def gone(*_, **__):
        raise BrokenPipeError

    monkeypatch.setattr("luthier.cli.results.trials_csv", gone)

    assert call("export").exit_code == 0


def test_tidy_removes_what_is_not_among_the_best(call):
    Path("saving.py").write_text(
        "def objective(trial):\n"
        "    (trial.folder / 'model').write_text('')\n"
        "    return trial.float('x', -3, 9) ** 2\n"
    )
    call("run", "saving.py:objective", "--trials", 7, "--sampler", "random")

    done = call("tidy", "luthier.db", "--keep", 2)

    assert done.exit_code == 0, done.stderr
    assert "Removed 5 folders" in done.stdout
    assert len(list(Path("luthier-trials/objective").iterdir())) == 2
    assert json.loads(call("tidy", "luthier.db", "--json").stdout)["removed"] == []
    assert call("tidy", "luthier.db", "--keep", -1).exit_code != 0


def test_a_cost_is_stored_with_the_run_and_taken_up_again(call):
    Path("priced.py").write_text(
        "def objective(trial):\n"
        "    x = trial.float('x', -3, 9)\n"
        "    return {'loss': x ** 2, 'price': 1 + abs(x)}\n"
    )
    done = call("run", "priced.py:objective", "--trials", 4, "--cost", "price")
    assert done.exit_code == 0, done.stderr

    more = call("resume", "luthier.db", "--more", 2)

    assert more.exit_code == 0, more.stderr
    with Study.open("luthier.db") as study:
        assert study.history.cost == "price"
        assert study.history.counts[1] == 6


GOES_ON = """
def objective(trial):
    x = trial.params["x"]
    for epoch in range(1, 28):
        trial.report((x - 2) ** 2 + 5 / epoch, epoch)
        if trial.should_stop():
            break
    return (x - 2) ** 2 + 5 / epoch
"""


@pytest.fixture
def paused(call):
    """Some trials, none of which was given all there is to give."""
    Path("goes_on.py").write_text(GOES_ON)
    Path("space.toml").write_text("x = { float = [-3.0, 9.0] }")
    more = ("--scheduler", "asha", "--fidelity", "epochs:1:27", "--sampler", "random")
    return call("run", "goes_on.py:objective", "--space", "space.toml", *more, "--trials", 5)


def test_trials_that_were_given_a_part_only_are_a_result(paused, call):
    shown = json.loads(call("show", "luthier.db", "--json").stdout)
    leader, step = shown["best"]["trial"], shown["best"]["reached"][0]

    assert paused.exit_code == 0, paused.stderr
    for told in (paused.stdout, paused.stderr.replace("best", "Best")):
        assert "Best loss" in told
        assert f"at step {step} (trial {leader})" in told


def test_trials_that_were_stopped_show_what_they_came_to_and_come_in_that_order(paused, call):
    rows = json.loads(call("trials", "luthier.db", "--json").stdout)
    table = call("trials", "luthier.db").stdout

    assert {row["state"] for row in rows} == {"STOPPED"}
    order = [(-row["reached"][0], row["reached"][1]) for row in rows]
    assert order == sorted(order)
    assert f"{rows[0]['reached'][1]:.4g} at step {rows[0]['reached'][0]}" in table


def test_of_several_objectives_the_front_is_counted(call):
    Path("two.py").write_text(
        "def f(trial):\n"
        "    x = trial.float('x', -3, 9)\n"
        "    return {'a': x**2, 'b': (x - 2) ** 2}\n"
    )
    done = call("run", "two.py:f", "--minimize", "a", "--minimize", "b", "--trials", 9)
    front = call("show", "luthier.db").stdout.partition(" of 9 trials")[0].split()[-1]

    assert f"9/9 trials, {front} on the front" in done.stderr
    assert "best a" not in done.stderr


def test_parameters_without_defaults_have_no_column_for_them(ran):
    assert "tuned" in ran.stdout
    assert "default" not in ran.stdout


def test_the_cause_of_a_failure_ends_with_one_full_stop(call):
    Path("bad.py").write_text("def f(trial):\n    raise ValueError('no data')\n")

    told = call("run", "bad.py:f", "--trials", 2).stderr

    assert "ValueError: no data. Its parameters" in told
