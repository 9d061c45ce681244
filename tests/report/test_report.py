"""The report as a whole: both forms, on every kind of study."""

from __future__ import annotations

import base64
import getpass
import hashlib
import math
import os
import re
import socket
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from luthier.errors import StudyError
from luthier.history import Event, History
from luthier.report import Report
from luthier.space import Choice, Float, Int, Space
from luthier.study import Study

VOID = {"meta", "link", "br", "hr", "img", "input"}
EVALUATION = {
    "metric": "auc",
    "direction": "maximize",
    "rows": 171,
    "level": 0.95,
    "default": {"score": 0.91, "low": 0.88, "high": 0.94},
    "tuned": {"score": 0.94, "low": 0.92, "high": 0.96},
    "difference": {"score": 0.03, "low": 0.01, "high": 0.05},
    "guess": 0.5,
}


class Reader(HTMLParser):
    """Checks that tags are balanced, and keeps what a test asks for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


def folds(trial):
    C = trial.params["C"]
    if trial.number % 7 == 5:
        raise ValueError(f"no convergence after {trial.number} rounds")
    scores = [0.9 - 0.02 * abs(math.log10(C) - 1) + 0.01 * k for k in (-1, 0, 1.5)]
    for step, score in enumerate(scores):
        trial.report({"auc": score, "train_auc": score + 0.04 + 0.002 * step}, step=step)
    return {"auc": sum(scores) / 3, "train_auc": sum(scores) / 3 + 0.042}


@pytest.fixture(scope="module")
def tuned():
    space = Space(
        C=Float(1e-3, 1e3, log=True, default=1.0),
        kernel=Choice("rbf", "poly", default="rbf"),
        degree=Int(2, 5, default=3, when={"kernel": "poly"}),
        forbid=[{"kernel": "poly", "degree": 5}],
    )
    study = Study(space, maximize="auc", seed=4, name="svm on cells")
    study.run(folds, trials=30, progress=False)
    study.note(
        question="Which machine is best?",
        data={"name": "cells", "rows": 569, "target": "kind", "fingerprint": {"sha256": "ab" * 32}},
        split={"untouched": "30 % of the rows"},
        method={"cross-validation": "3 folds"},
        evaluation=EVALUATION,
        verdict={"words": "It fits about right: no more to say."},
        commands=["luthier tune /home/anna/data/cells.csv --target kind"],
        files={"best.json": "the winner"},
        ticket="ML-1423",
    )
    return study


def both(study):
    report = Report(study.history, name=study.name)
    page, text = report.html(), report.markdown()
    Reader(page)
    return page, text


@pytest.fixture(scope="module")
def shown(tuned):
    """Its page and its text."""
    return both(tuned)


def test_every_section_is_in_both_forms(shown):
    page, text = shown

    for title in (
        "Result",
        "Default against tuned",
        "Over- and underfitting",
        "Best so far",
        "Which parameters matter",
        "Parameters against value",
        "Trials",
        "Failures",
        "Data",
        "Space",
        "Method and budget",
        "How to reproduce it",
        "Further notes",
    ):
        assert f">{title}</h2>" in page
        assert f"## {title}\n" in text


def test_the_page_asks_nobody_for_anything(shown):
    page, _ = shown
    read = Reader(page)
    fetching = {"src", "srcset", "data", "poster", "action", "style", "onclick", "onload"}

    assert not [a for a in read.attributes if a[1] in fetching]
    assert all(value.startswith("#") for _, name, value in read.attributes if name == "href")
    assert not re.search(r"@import|url\(|<link|<iframe|fetch\(|XMLHttp", page)
    assert set(re.findall(r"https?://[^\"' <]*", page)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_allows_its_own_style_and_script_and_nothing_else(shown):
    page, _ = shown
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    policy = policy.replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    script = re.search(r"<script>(.*?)</script>", page, re.S)[1]

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind, text in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy


def test_ids_are_unique_and_addresses_within_the_page_exist(shown):
    read = Reader(shown[0])

    assert len(read.ids) == len(set(read.ids))
    for _, name, value in read.attributes:
        if name == "href":
            assert value[1:] in read.ids
        if name in ("aria-labelledby", "for"):
            assert set(value.split()) <= set(read.ids)


def test_no_person_machine_or_folder_is_named(tmp_path):
    def crash(trial):
        path = tmp_path / "secret" / "model.bin"
        raise OSError(f"cannot read {str(path)!r} or {path}: 'C:\\Users\\anna\\x.bin'")

    study = Study({"x": Float(-3, 9)}, store=tmp_path / "runs.db", name="paths")
    with pytest.raises(StudyError, match="all failed"):
        study.run(crash, trials=12, progress=False)
    study.note(
        tuning={"data": str(tmp_path / "train.csv"), "store": "postgresql://ada:pw@db.lab/runs"},
        commands=[f"luthier tune {tmp_path}/train.csv --out ~/x", "cd /home/anna"],
        **{f"alive {socket.gethostname()}:7:1": 3.0},
    )
    page, text = both(study)
    shown = page.replace("http://www.w3.org/2000/svg", "")

    for made in (shown, text):
        assert "model.bin" in made
        assert "train.csv" in made
        for hidden in (str(tmp_path), str(Path.cwd()), os.path.expanduser("~") + "/", "anna",
                       "ada", "db.lab", "alive"):  # fmt: skip
            assert hidden not in made
        assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", made)
        assert not re.search(rf"[/\\]{re.escape(getpass.getuser())}[/\\]", made)
        absolute = re.compile(r"(?<![\w.…</:])/(?:home|tmp|usr|var|root|work|opt|etc)\b")
        assert not absolute.search(made)


def test_the_result_is_told_in_words(tuned, shown):
    _, text = shown
    best = tuned.best

    lead = text.split("## Result\n\n")[1].split("\n")[0]

    assert lead.startswith(f"The best of 26 finished trials is trial {best.number}, with a cross-")
    assert f"**{best.value:.5g}**" in lead
    assert "a gain of **0.03** (95% interval +0.01 to +0.05" in lead
    assert "more than chance" in lead
    assert "was chosen because it was the best, so it is optimistic" in text


def test_an_interval_that_includes_zero_is_said_to():
    study = Study({"x": Float(-3, 9)}, name="zero")
    study.run(lambda trial: trial.params["x"], trials=4, progress=False)
    study.note(evaluation={**EVALUATION, "difference": {"score": 0.03, "low": -0.01, "high": 0.05}})
    page, text = both(study)

    for made in (page, text):
        assert "The interval includes zero, so these rows cannot tell the two apart" in made


def test_the_other_shape_of_an_evaluation_is_read_too():
    study = Study({"x": Float(-3, 9)}, name="shape")
    study.run(lambda trial: trial.params["x"], trials=4, progress=False)
    study.note(
        evaluation={
            "metric": "rmse", "maximize": False, "n_test": 50,
            "default": {"score": 7.0, "interval": [6.0, 8.0]},
            "tuned": {"score": 9.0, "interval": [8.5, 9.5]},
            "difference": -2.0, "interval": [-3.0, -1.0],
        }
    )  # fmt: skip
    _, text = both(study)

    assert "a loss of **2** (95% interval -3 to -1" in text
    assert "keep the default settings" in text


def test_an_evaluation_that_cannot_be_read_is_shown_as_it_is():
    study = Study({"x": Float(-3, 9)}, name="odd")
    study.note(evaluation={"tuned": "well", "gain": 7})

    assert "tuned: well; gain: 7" in both(study)[1]


def test_folds_are_told_from_learning_curves(shown):
    def curve(trial):
        for step in range(1, 9):
            trial.report(5 / step + trial.params["x"], step=step)
        return 5 / 8 + trial.params["x"]

    study = Study({"x": Float(-3, 9)}, name="net")
    study.run(curve, trials=6, progress=False)

    assert "Learning curves" in both(study)[1]
    assert "still improving when it ended" in both(study)[1]
    assert "Learning curves" not in shown[1]
    assert "fold | training | validation" in shown[1]


def test_without_a_verdict_the_scores_of_the_folds_speak():
    study = Study({"C": Float(1e-3, 1e3, log=True)}, maximize="auc", name="plain")
    study.run(folds, trials=9, progress=False)

    assert "The gap is real: the training score promises more" in both(study)[1]


def test_without_any_trial():
    page, text = both(Study({"x": Float(-3, 9)}, name="empty"))

    assert "No trial has been started" in page
    assert "No trial has been started" in text
    assert '<script type="application/json"' not in page


def test_with_failures_only_the_first_traceback_is_shown():
    def fail(trial):
        raise KeyError(f"column {trial.number}")

    study = Study({"x": Float(-3, 9)}, name="failing")
    with pytest.raises(StudyError):
        study.run(fail, trials=10, progress=False)
    page, text = both(study)

    assert "No trial has a result yet: of 10 trials, 10 failed." in text
    assert "KeyError, 10 trials" in text  # numbers in messages do not make them differ
    assert "in fail" in text
    assert f"x = {study[0].params['x']:.5g}" in text
    assert "column 0" in page


def test_one_trial_and_a_constant_space():
    study = Study({"x": Int(7, 7)}, name="one")
    study.run(lambda trial: -4.5, trials=3, progress=False)

    assert "The best of 1 finished trial is trial 0, with a loss of **-4.5**" in both(study)[1]


def test_several_objectives_show_the_front():
    def two(trial):
        x = trial.params["x"]
        return {"error": x * x, "speed": x - 20}

    study = Study({"x": Float(-3, 9)}, minimize="error", maximize="speed", name="two")
    study.run(two, trials=12, progress=False)
    page, text = both(study)
    front = text.split("The front:\n\n")[1].split("\n\n")[0].split("\n")[2:]

    assert "No single trial is best in all of **error and speed**" in text
    assert {int(row.split("|")[1]) for row in front} == {r.number for r in study.front}
    assert "Front of two objectives" in page


def within(bound, **how):
    study = Study(Space(x=Float(-3, 9)), constraints={"ms": bound}, sampler="random", **how)
    study.enqueue({"x": -2.5})
    study.run(
        lambda t: {"loss": t.params["x"] ** 2, "mb": -t.params["x"], "ms": 5 + t.params["x"]},
        trials=9,
    )
    return both(study)


def test_the_report_says_whether_the_best_trial_keeps_its_constraints():
    page, text = within("<= 3")

    assert "It keeps its constraints, with 2.5 for ms" in text
    assert "So do 0 of the other 8 finished trials" in text
    assert "So do 0 of the other 8" in page


@pytest.mark.parametrize("how", [{}, {"minimize": ("loss", "mb")}])
def test_where_no_trial_keeps_the_constraints_that_is_said(how):
    page, text = within("<= 1", **how)

    assert re.search(r"None of the 9 finished trials keeps ms .?<= 1\.", text)
    assert how or "Trial 0 comes nearest, with 2.5 for ms" in text
    assert "None of the 9 finished trials" in page
    assert "Best so far" not in text
    assert "inactive" not in text


def test_the_front_counts_trials_within_the_constraints_only():
    _, text = within("<= 3", minimize=("loss", "mb"))

    assert re.search(r"Of 1 finished trial within ms .?<= 3, 1 is beaten by no other", text)
    assert re.search(r"best mb +\| +2.5", text)


def test_a_space_that_is_defined_by_running():
    def objective(trial):
        x = trial.float("x", -3, 9)
        kind = trial.choice("kind", ["a", "b"])
        return x + (trial.int("depth", 2, 7) if kind == "a" else 0)

    study = Study(name="dynamic")
    study.run(objective, trials=15, progress=False)
    _, text = both(study)

    assert "The space was defined by running" in text
    assert "When one is active is what trials have shown." in text
    assert "| `depth`   | whole number | 2 to 7  | kind is a   |" in text


def test_a_study_that_went_on_with_another_scheduler_names_both(tmp_path):
    for scheduler, trials in (("median", 2), ("full", 5)):
        with Study({"x": Float(-3, 9)}, store=tmp_path / "s.db", scheduler=scheduler) as study:
            study.run(lambda trial: trial.params["x"], trials=trials, progress=False)
            _, text = both(study)

    assert "| Full; the study began with Median" in text


def test_running_stopped_and_lost_trials_are_counted():
    study = Study({"x": Float(-3, 9)}, name="states")
    first, second, _ = study.ask(3)
    study.tell(first, 2.5)
    study.driver.lose(second.number, "Lost", "its process is gone")
    _, text = both(study)

    assert re.search(r"\| lost +\| +1 \| +33% \|", text)
    assert re.search(r"\| running +\| +1 \| +33% \|", text)
    assert "Lost: its process is gone" in text


def test_markup_in_names_labels_errors_and_notes_stays_text():
    nasty = '<script>alert(1)</script> & "x" | `y` *z* ]]> <!-- </style>\x00'

    def objective(trial):
        if trial.number == 1:
            raise RuntimeError(nasty)
        return {nasty: 3.5 + trial.number}

    space = Space({nasty: Choice(nasty, "b", nasty + "c"), "</title>": Float(-3, 9)})
    study = Study(space, minimize=nasty, name=nasty, seed=2)
    study.run(objective, trials=6, progress=False)
    study.note(question=nasty, data={nasty: nasty}, commands=[nasty], **{nasty: {nasty: nasty}})
    page, text = both(study)
    read = Reader(page)

    assert "<script>alert" not in page
    assert page.count("</script>") == 2
    assert "\x00" not in page
    assert any('<script>alert(1)</script> & "x"' in words for words in read.text)
    outside = re.sub(r"```.*?```|`+[^`\n]*`+", "", text, flags=re.S)
    assert not re.search(r"(?<!\\)<script", outside)


def test_huge_and_tiny_values_are_drawn():
    def objective(trial):
        x = trial.params["x"]
        return x * 1e298 if trial.number % 2 else -x * 1e-300

    space = Space(x=Float(-1e10, 9e9), tiny=Float(1e-300, 1e300, log=True), n=Int(1, 2**40))
    study = Study(space, name="huge", sampler="random")
    study.run(objective, trials=20, progress=False)
    page, _ = both(study)

    drawn = re.findall(r' (?:d|x|y|cx|cy)="([^"]*)"', page)
    assert drawn
    assert not any("nan" in each or "inf" in each for each in drawn)


def test_values_that_are_all_equal_are_drawn():
    study = Study({"x": Float(-3, 9)}, name="flat")
    study.run(lambda trial: 0.0, trials=10, progress=False)
    page, text = both(study)

    assert "nan" not in page.split("<main")[1].split("trial-data")[0]
    assert "did not improve after the first result, of trial 0: none of 9 was better." in text


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([2.5], "loss has one result, of trial 0: more trials may well improve it."),
        ([2.5, 3.5], "loss did not improve after the first result, of trial 0: the one after it"),
        ([2.5, 1.5], "loss improved 1 time after the first result, and did so until the end"),
    ],
)
def test_how_a_search_went_is_said_of_few_results_too(losses, said):
    study = Study({"x": Float(-3, 9)}, name="few")
    study.run(lambda trial: losses[trial.number], trials=len(losses), progress=False)

    assert said in both(study)[1]


def many(n):
    """A history of n trials, made from events."""
    space = Space({f"p{j}": Float(-3, 9 + j) for j in range(9)}, kind=Choice("a", "b", "c"))
    history = History()
    body = {"space": space.to_json(), "objectives": [["auc", True]], "seed": 3,
            "sampler": {"part": "luthier.samplers.random:Random"}, "scheduler": "full",
            "about": {"versions": {"luthier": "0"}}}  # fmt: skip
    history.apply(Event("opened", None, 1e9, body))
    rng = np.random.default_rng(5)
    for i, row in enumerate(space.sample(n, rng)):
        history.apply(Event("created", i, 1e9 + i, {"draw": i, "params": space.raw(row)}))
        done = {"state": "DONE", "loss": [-float(rng.normal())], "seconds": 0.5}
        if i % 50 == 7:
            error = {"kind": "ValueError", "message": f"m {i}", "traceback": "a\nb"}
            done = {"state": "FAILED", "error": error}
        history.apply(Event("finished", i, 1e9 + i + 0.5, done))
    return history


@pytest.mark.slow
def test_ten_thousand_trials_fit_into_three_megabytes():
    report = Report(many(10_000), name="many")
    page, text = report.html(), report.markdown()
    Reader(page)

    assert len(page.encode()) < 3_000_000
    assert page.split('id="trial-data"')[0].count("<tr>") < 100  # the rest comes page by page
    assert len(text) < 30_000
    assert "The first 30 of 10,000 trials." in text


def test_the_table_is_best_first_and_can_be_sorted_filtered_and_paged(tuned, shown):
    page, _ = shown
    table = Report(tuned.history).table()

    values = [value for value in table["auc"] if value is not None]
    assert values == sorted(values, reverse=True)
    assert table["auc"][len(values):] == [None] * (30 - len(values))  # fmt: skip
    assert table["number"][0] == tuned.best.number
    assert table["state"][-1] == "FAILED"
    assert table["cause"][-1] == "ValueError"
    assert '<option value="failed">failed (4)</option>' in page
    for wanted in ("aria-sort", "trial-state", "trial-back", "localeCompare"):
        assert wanted in Reader(page).scripts[-1]


def test_a_name_that_a_column_has_already_gets_a_prefix():
    study = Study({"state": Float(-3, 9), "seconds": Int(2, 5)}, name="names")
    study.run(lambda trial: trial.params["state"], trials=2, progress=False)

    table = Report(study.history).table()

    assert list(table) == ["number", "state", "loss", "param_state", "param_seconds", "seconds",
                           "cause"]  # fmt: skip


def test_figures_stand_alone(tuned):
    figures = Report(tuned.history).figures()

    assert {"best-so-far", "default-and-tuned", "folds", "parameter-0"} <= set(figures)
    for drawing in figures.values():
        assert drawing.svg.startswith("<svg")
        assert "<style>" in drawing.svg
        assert 'role="img"' in drawing.svg
        assert drawing._repr_html_() == drawing.svg


def test_the_edge_of_a_range_is_pointed_out():
    study = Study({"x": Float(-3, 9), "y": Float(2, 5)}, name="edge")
    study.enqueue({"x": -2.99, "y": 4.0})
    study.run(lambda trial: trial.params["x"], trials=3, progress=False)

    assert "edge of the searched range in **x (at the low end, -3)**" in both(study)[1]


def test_under_noise_it_says_which_trial_to_use():
    space, rng = Space(x=Float(0, 1), y=Float(0, 1)), np.random.default_rng(0)

    def noisy(trial):
        return (trial.params["x"] - 0.3) ** 2 + trial.params["y"] ** 2 + 0.2 * rng.normal()

    study = Study(space, sampler="qmc").run(noisy, trials=40)
    used = study.recommended

    words = Report(study.history).markdown()

    assert used.number != study.best.number
    assert f"The trial to use is **trial {used.number}**" in words
    assert f"should give {used.expected[0]:.2g}"[:16] in words
    calm = Study(space, sampler="qmc").run(lambda t: t.params["x"], trials=20)
    assert "Results are noisy" not in Report(calm.history).markdown()


def test_what_each_parameter_accounts_for_is_told():
    study = Study({"x": Float(-3, 9), "y": Float(2, 5)}, name="weighed", sampler="random")
    study.run(lambda trial: trial.params["x"] + 2 * trial.params["y"], trials=30, progress=False)
    page, text = both(study)

    assert "`x` matters most, with " in text
    assert "from 30 trials" in text
    assert re.search(r"^\| `x` .*\n\| `y` ", text, re.M)
    assert "By themselves, all parameters account for" in page


def test_an_end_that_the_best_trials_press_against_is_named():
    study = Study({"x": Float(-3, 9), "y": Float(2, 5)}, name="pressed")
    for i in range(60):
        study.enqueue({"x": -3 + i * i / 400, "y": 3.0})
    study.run(lambda trial: trial.params["x"], trials=60, progress=False)

    assert "x: 6 of the 6 best trials lie at the lower end of its range, -3." in both(study)[1]


def test_too_few_trials_to_tell_what_matters_are_said_to_be():
    study = Study({"x": Float(-3, 9), "y": Float(2, 5)}, name="few")
    study.run(lambda trial: trial.params["x"], trials=4, progress=False)

    assert "4 trials with a result cannot tell: it takes 10 or more." in both(study)[1]


def test_the_same_log_gives_the_same_report(tuned):
    assert both(tuned) == both(tuned)


def test_the_history_is_not_changed(tuned):
    before = repr(tuned.history), tuned.history.X.copy(), dict(tuned.history.notes)

    both(tuned)

    assert before[0] == repr(tuned.history)
    assert np.array_equal(before[1], tuned.history.X, equal_nan=True)
    assert before[2] == tuned.history.notes


def test_a_report_is_saved_by_its_ending(tuned, tmp_path):
    page = tuned.report(tmp_path / "report.html")
    text = tuned.report(str(tmp_path / "report.md"))

    assert page.read_text(encoding="utf-8").lstrip().startswith("<!DOCTYPE html>")
    assert text.read_text(encoding="utf-8").startswith("# svm on cells\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]


@pytest.mark.parametrize("name", ["report.pdf", "report", ".html", ""])
def test_another_ending_is_an_error_that_names_both(tuned, tmp_path, name):
    with pytest.raises(StudyError, match=r"in \.html for a page, or in \.md"):
        tuned.report(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_no_path_at_all_is_an_error(tuned):
    with pytest.raises(StudyError, match=r"a path that ends in \.html or \.md, got None"):
        tuned.report(None)


def test_a_folder_that_is_not_there_is_an_error_in_one_paragraph(tuned, tmp_path):
    with pytest.raises(StudyError, match="cannot be written: No such file") as caught:
        tuned.report(tmp_path / "nowhere" / "report.html")

    assert "\n" not in str(caught.value)


def test_when_writing_fails_the_earlier_file_stays_whole(tuned, tmp_path, monkeypatch):
    path = tuned.report(tmp_path / "report.md")
    before = path.read_text(encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StudyError, match="cannot be written: No space left on device"):
        tuned.report(path)

    assert path.read_text(encoding="utf-8") == before
    assert [each.name for each in tmp_path.iterdir()] == ["report.md"]


def test_trials_without_any_result_are_said_to_be_in_the_order_of_their_numbers():
    def broken(trial):
        raise ValueError("no data")

    study = Study(Space(x=Float(-3, 9)), seed=1).run(broken, trials=6)
    for form in both(study):
        assert "No trial has a result; by number." in form
        assert "Best first" not in form

    study.ask(2)
    for form in both(study):
        assert "No trial has a result; by state and number." in form
    part = Report(study.history).markdown().split("## Trials")[1]
    assert re.findall(r"^\| +(\d+) \|", part, re.M)[:8] == list("67012345")
