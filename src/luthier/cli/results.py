"""What a run leaves behind: the comparison, the winner, and files to go on with.

Everything that a report needs is noted in the study's log, so it can be written again from the
store alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.console import plain
from luthier.cli.tuning import DEMO, Job

if TYPE_CHECKING:
    from luthier.history import History
    from luthier.models.preparation import Fitted
    from luthier.study import Study

HOLDS = {
    "best.json": "the winner and its comparison with the default",
    "trials.csv": "every trial",
    "model.joblib": "the winner, fitted to every row but the untouched ones",
    "use_model.py": "a script that predicts new rows with it",
    "report.md": "this report as text",
}
HALF = ".luthier-"  # begins the name of a file that is being written


def judge(study: Study, job: Job) -> tuple[dict[str, Any], Fitted]:
    """Compare the winner with the default on the untouched rows, and note the result.

    Returns
    -------
    dict
        What `best.json` holds.
    Fitted
        The winner, fitted to every row that is not untouched.

    Raises
    ------
    NothingFinished
        If no trial has a result.
    """
    from luthier.models.crossval import fit
    from luthier.models.verdicts import evaluate, fit_verdict

    best, objective = study.best, job.objective
    seed = seed_of(study.history, best.number)
    params = best.params | whole(study)
    winner = fit(job.train, objective.model, params, seed, threads=objective.threads)
    comparison = evaluate(
        job.train,
        job.test,
        objective.model,
        objective.metric,
        {},
        params,
        seed=seed,
        threads=objective.threads,
        winner=winner,
    )
    valid, train = fold_scores(study.history, best.number, objective.metric.name)
    verdict = fit_verdict(train, valid, objective.metric, guess=comparison["guess"])
    verdict |= {"folds_train": train, "folds_valid": valid}
    comparison |= {"trial": best.number, "model": objective.model.name}
    facts = plain({"evaluation": comparison, "verdict": verdict, "files": HOLDS})
    if any(study.history.notes.get(key) != value for key, value in facts.items()):
        study.note(**facts)
    made = stored(study)
    assert made is not None  # it was noted a line above
    return made, winner


def stored(study: Study) -> dict[str, Any] | None:
    """What `best.json` holds, from the log alone; None if the best trial was not judged yet."""
    notes = study.history.notes
    comparison, verdict = notes.get("evaluation"), notes.get("verdict")
    if comparison is None or verdict is None or comparison["trial"] != study.best.number:
        return None
    best = study.best
    return {
        "model": comparison["model"],
        "metric": comparison["metric"],
        "direction": comparison["direction"],
        "trial": best.number,
        "score": best.value,
        "params": best.params | whole(study),
        "default": study.space.default() or {},
        "evaluation": comparison,
        "fit": verdict,
        **summary(study),
    }


def whole(study: Study) -> dict[str, Any]:
    """What every winner of the study is given, beside its parameters."""
    return dict(study.history.notes.get("whole", {}))


def summary(study: Study) -> dict[str, Any]:
    """Counts and data of a study, from its log alone."""
    history = study.history
    return {
        "study": study.name,
        "seed": history.seed,
        "trials": {
            "done": int(history.done.sum()),
            "stopped": int(history.stopped.sum()),
            "failed": int(history.failed.sum()),
            "lost": int(history.lost.sum()),
            "running": int(history.running.sum()),
        },
        "data": history.notes.get("data", {}),
    }


def seed_of(history: History, number: int) -> int:
    """The seed that a trial's model had."""
    from luthier.trial import Task, Trial

    task = Task(
        number=number,
        draw=int(history.draw[number]),
        raw={},
        space=history.space,
        objectives=history.objectives,
        study_seed=history.seed,
    )
    return Trial(task, None).seed  # type: ignore[arg-type]  # it has nothing to say, so no line


def fold_scores(history: History, number: int, metric: str) -> tuple[list[float], list[float]]:
    """What a trial said of each fold, on its validation and on its training rows."""
    noted = history.facts(number).get("folds")  # with a fidelity, steps are rows
    if noted is not None:
        return [pair[0] for pair in noted], [pair[1] for pair in noted]
    steps, losses = history.curve(number)
    valid = (history.objectives[0].sign * losses[:, 0]).tolist()
    reported = history.reported(number)
    train = [float(reported[int(step)][f"train_{metric}"]) for step in steps]
    return valid, train


def is_complete(study: Study, out: Path) -> dict[str, Any] | None:
    """The result that lies in the output directory, if it is of this study as it stands."""
    try:
        made: dict[str, Any] = json.loads((out / "best.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    there = all((out / name).is_file() for name in (*HOLDS, "report.html"))
    fresh = made.get("trials") == summary(study)["trials"] and made.get("study") == study.name
    return made if there and fresh else None


def write_all(study: Study, job: Job, out: Path, made: Mapping[str, Any], winner: Fitted) -> None:
    """Every file of the output directory; each is whole or not there.

    Raises
    ------
    OSError
        If one cannot be written.
    """
    import joblib

    for left in out.glob(f"{HALF}*"):  # of a run that was killed while it wrote
        left.unlink(missing_ok=True)
    atomic(out / "model.joblib", lambda path: joblib.dump(winner, path, compress=3))
    text(out / "use_model.py", use_model(job, out))
    text(out / "trials.csv", trials_csv(study))
    reports(study, out)
    # Last, because its presence says that the others are there.
    text(out / "best.json", json.dumps(plain(dict(made)), indent=2) + "\n")


def reports(study: Study, out: Path) -> list[Path]:
    """``report.html`` and ``report.md``, written anew; returns their paths."""
    paths = [out / "report.html", out / "report.md"]
    for path in paths:
        atomic(path, lambda temporary: study.report(temporary))
    return paths


def trials_csv(study: Study) -> str:
    """Every trial as a line, in the user's sign."""
    from luthier.results import table

    columns = table(study.history)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return made.getvalue()


def use_model(job: Job, out: Path) -> str:
    """A script of ten lines that predicts new rows with the saved winner."""
    if job.options.demo:
        name = job.options.data.removeprefix(DEMO)
        rows = f"from sklearn.datasets import load_{name}\n"
        read = f"rows = load_{name}().data[:10]  # or any array with these columns\n"
        show = "print(model.predict(rows))\n"
    else:
        path = os.path.relpath(job.options.data, out)
        rows = "import sys\n\nfrom luthier.models.files import read_frame\n"
        read = (
            f"path = sys.argv[1] if len(sys.argv) > 1 else here / {path!r}\n"
            "rows, _ = read_frame(path)\n"
        )
        show = (
            f"rows[{'predicted ' + job.train.target!r}] = model.predict(rows)\n"
            "rows.to_csv(sys.stdout, index=False)\n"
        )
    return (
        f'"""Predicts {job.train.target!r} of new rows with the tuned model."""\n\n'
        f"from pathlib import Path\n\nimport joblib\n{rows}\n"
        'here = Path(__file__).parent\nmodel = joblib.load(here / "model.joblib")\n'
        f"{read}{show}"
    )


def text(path: Path, content: str) -> None:
    """Write a text file, whole or not at all."""
    atomic(path, lambda temporary: Path(temporary).write_text(content, encoding="utf-8"))


def atomic(path: Path, write: Callable[[str], object]) -> None:
    """Let `write` make a file beside `path`, then put it in its place in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=HALF, suffix=path.suffix)
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
