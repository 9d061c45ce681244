"""Bad input: a paragraph that names the thing and the remedy, exit code 2, nothing left behind."""

import os
from pathlib import Path

import pandas as pd
import pytest

BASE = ("tune", "houses.csv", "--target", "price", "--trials", "2")


def prepare(here):
    Path("empty.csv").write_text("")
    Path("one.csv").write_text("a\n1\n2\n")
    Path("twins.csv").write_text("a,b,a\n1,2,3\n")
    Path("latin.csv").write_bytes("a,b\ncaf\xe9,2\n".encode("latin-1"))
    Path("few.csv").write_text("a,b\n1,2.5\n2,3.5\n3,9.5\n")
    Path("gone.csv").write_text("a,b\n1,\n2,\n")
    Path("constant.csv").write_text("a,b\n" + "1,7\n2,7\n" * 20)
    Path("typo.toml").write_text("[alpha]\nfloot = [1, 2]\n")
    Path("broken.toml").write_text("[alpha\n")
    Path("swapped.toml").write_text("[alpha]\nfloat = [9, 2]\n")
    Path("zero.toml").write_text("[alpha]\nfloat = [0, 2]\nlog = true\n")
    Path("blank.toml").write_text("")
    Path("other.toml").write_text("[alfa]\nfloat = [1, 2]\n")
    Path("afile").write_text("hello")
    Path("note.db").write_text("this is no database, but a text of some length\n" * 40)
    Path("bad.py").write_text("import no_such_package\n")
    Path("fine.py").write_text("def objective(trial):\n    return trial.float('x', -3, 9)\n")
    Path("folder").mkdir()
    pd.DataFrame({"a": range(40), "b": ["x"] * 40, "c": [1.5, 2.5] * 20}).to_csv("plain.csv")


CASES = {
    "missing file": (("tune", "house.csv", "-t", "price"), "Did you mean 'houses.csv'"),
    "directory": (("tune", "folder", "-t", "price"), "this is a directory"),
    "empty file": (("tune", "empty.csv", "-t", "b"), "file is empty"),
    "one column": (("tune", "one.csv", "-t", "a"), "single column"),
    "twin columns": (("tune", "twins.csv", "-t", "b"), "its own name"),
    "encoding": (("tune", "latin.csv", "-t", "b"), "iconv"),
    "few rows": (("tune", "few.csv", "-t", "b"), "Give more rows"),
    "wrong column": (("tune", "houses.csv", "-t", "prize"), "Did you mean 'price'"),
    "all missing": (("tune", "gone.csv", "-t", "b"), "missing in all 2 rows"),
    "one class": (("tune", "constant.csv", "-t", "b"), "one value only"),
    "no target": (("tune", "houses.csv"), "--target"),
    "unknown option": ((*BASE, "--modell", "svm"), "--modell"),
    "unknown model": ((*BASE, "--model", "forrest"), "Did you mean 'forest'"),
    "unknown estimator": ((*BASE, "--model", "sklearn.svm.SVRR"), "Did you mean 'SVR'"),
    "estimator without space": ((*BASE, "--model", "sklearn.svm.SVR"), "--space space.toml"),
    "unknown metric": ((*BASE, "--metric", "rmsee"), "Did you mean 'rmse'"),
    "metric of another task": ((*BASE, "--metric", "accuracy"), "is for classification"),
    "unknown sampler": ((*BASE, "--sampler", "gird"), "Did you mean 'grid'"),
    "unknown task": ((*BASE, "--task", "ranking"), "task='ranking' is unknown"),
    "no time": ((*BASE, "--time", "10x"), "90s, 10m or 1h30m"),
    "no trials": (("tune", "houses.csv", "-t", "price", "--trials", "0"), "at least 1"),
    "words for trials": (("tune", "houses.csv", "-t", "price", "--trials", "many"), "--trials"),
    "no jobs": ((*BASE, "--jobs", "0"), "--jobs must be at least 1"),
    "words for jobs": ((*BASE, "--jobs", "many"), "--jobs 4 or --jobs auto"),
    "no limit of time": ((*BASE, "--limit-time", "10x"), "--limit-time '10x'"),
    "no limit of memory": ((*BASE, "--limit-memory", "2 gigs"), "Write 2GB or 512MB"),
    "no folds": ((*BASE, "--cv", "0"), "--cv must be at least 1"),
    "many folds": ((*BASE, "--cv", "60"), "fewer folds"),
    "negative seed": ((*BASE, "--seed", "-4"), "--seed must be at least 0"),
    "share above one": ((*BASE, "--test", "1.5"), "between 0 and 1"),
    "test file gone": ((*BASE, "--test", "tset.csv"), "neither a share"),
    "valid file gone": ((*BASE, "--valid", "v.csv"), "no such file"),
    "unknown group": ((*BASE, "--group", "steet"), "Did you mean 'street'"),
    "group and time": ((*BASE, "--group", "street", "--time-column", "size"), "Give one"),
    "drop the target": ((*BASE, "--drop", "price"), "cannot be dropped"),
    "drop what is not there": ((*BASE, "--drop", "twon"), "Did you mean 'town'"),
    "space file gone": ((*BASE, "--space", "nowhere.toml"), "nowhere.toml"),
    "space with a typo": ((*BASE, "--model", "ridge", "--space", "typo.toml"), "floot"),
    "space that is no TOML": ((*BASE, "--model", "ridge", "--space", "broken.toml"), "broken.toml"),
    "low above high": ((*BASE, "--model", "ridge", "--space", "swapped.toml"), "above high"),
    "log of zero": ((*BASE, "--model", "ridge", "--space", "zero.toml"), "log=True needs low > 0"),
    "empty space": ((*BASE, "--model", "ridge", "--space", "blank.toml"), "no parameter"),
    "unknown parameter": ((*BASE, "--model", "ridge", "--space", "other.toml"), "'alpha'"),
    "output is a file": ((*BASE, "--out", "afile"), "this is a file"),
    "store is no database": ((*BASE, "--store", "note.db"), "note.db"),
    "no study": (("show", "folder"), "no study in this directory"),
    "no store": (("best", "nothing.db"), "no such file"),
    "unknown order": (("trials", "folder", "--sort", "vlaue"), "Did you mean 'value'"),
    "unknown format": (("export", "folder", "--format", "xlsx"), "csv, json or parquet"),
    "report of another kind": (("report", "folder", "--to", "r.pdf"), ".html or .md"),
    "no function": (("run", "fine"), "module:function"),
    "no module": (("run", "nowhere:objective"), "no module 'nowhere'"),
    "no such function": (("run", "fine.py:objektive"), "Did you mean 'objective'"),
    "nothing to give": (
        ("run", "fine.py:objective", "--scheduler", "pasha"),
        "--fidelity epochs:1:81",
    ),
    "module that fails": (("run", "bad.py:objective"), "no_such_package"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_told_in_a_paragraph_and_leaves_nothing(call, here, name):
    prepare(here)
    arguments, said = CASES[name]
    before = sorted(os.listdir(here))

    done = call(*arguments)

    told = " ".join(done.stderr.replace("│", " ").split())
    assert done.exit_code == 2, done.stdout + done.stderr
    assert said in told
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    made = {n for n in os.listdir(here) if not n.startswith("__pycache__") and n != "note.db.lock"}
    assert made == set(before)


def test_a_directory_without_rights_is_named(call, here, monkeypatch):
    Path("made").mkdir()
    monkeypatch.setattr("luthier.cli.commands._writable", lambda out: False)

    done = call(*BASE, "--out", "made")

    assert done.exit_code == 2
    assert "no right to write there" in done.stderr


@pytest.mark.slow
def test_a_full_disk_is_named_and_leaves_no_half_file(call, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("luthier.cli.results.os.replace", full)

    done = call(*BASE, "--model", "ridge", "--out", "made")

    assert done.exit_code == 2
    assert "No space left on device" in done.stderr
    assert not [p for p in Path("made").iterdir() if p.suffix in (".joblib", ".json", ".csv")]
