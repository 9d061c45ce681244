"""What each command does, once its options are read."""

from __future__ import annotations

import importlib
import io
import json as jsonlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.console import INTERRUPTED, Voice, plain
from luthier.cli.options import at_least
from luthier.errors import DataError, NothingFinished, StoreError, StudyError, nearest

if TYPE_CHECKING:
    from luthier.cli.options import Room
    from luthier.cli.tuning import Job, Options
    from luthier.study import Study

TRIALS = 50  # of `tune`, when neither --trials nor --time is given
RUN_TRIALS = 100  # of `run`


# -- tune, demo, resume -------------------------------------------------------------------------


def tune(
    options: Options,
    trials: int | None,
    seconds: float | None,
    room: Room,
    out: Path,
    store: str,
    voice: Voice,
    more: int | None = None,
) -> None:
    """Begin or continue the main job, then leave its files and show its result."""
    from luthier.cli import results, tuning

    for name, value, least in (("--trials", trials, 1), ("--more", more, 1),
                               ("--cv", options.cv, 1), ("--seed", options.seed, 0)):  # fmt: skip
        at_least(name, value, least)
    if trials is None and more is None and seconds is None:
        trials = TRIALS
    job = tuning.prepare(options, room.threads)
    fresh = not out.exists()
    _directory(out)
    try:
        study = tuning.open_study(job, tuning.store_of(store, out), out)
    except BaseException:
        if fresh and not any(out.iterdir()):
            out.rmdir()
        raise
    with study:
        history = study.history
        if more is not None:
            trials = history.ended + more
        left = None if trials is None else trials - history.ended
        told = results.is_complete(study, out)
        if left is not None and left <= 0 and told is not None:
            voice.note(f"The study has its {trials} trials already; nothing was run.")
            _tell(told, job, out, voice)
            return
        if left is None or left > 0:
            tuning.announce(job, voice)
            _grid(study, voice)
            if history.ended:
                voice.note(f"Going on after {history.ended} trials.")
            study.note(commands=tuning.commands(options, trials))
            title = job.objective.model.title

            method = {**job.method, "trials asked for": trials}
            if options.fidelity and trials is not None and trials - history.ended > 1:
                _search(study, job.objective, trials - 1, seconds, room, voice, title, method)
                tuning.give_whole(study)
            if not study.ended or study.ended.startswith("it has its"):
                _search(study, job.objective, trials, seconds, room, voice, title, method)
        _expect_results(study, voice)
        interrupted = study.ended.startswith("interrupted")
        voice.note("Comparing the winner with the default on the untouched rows.")
        made, winner = results.judge(study, job)
        results.write_all(study, job, out, made, winner)
        _tell(made, job, out, voice)
    if interrupted:
        voice.note("Stopped by Ctrl-C; the same command goes on.")
        raise SystemExit(INTERRUPTED)


def resume(
    where: str,
    name: str | None,
    trials: int | None,
    more: int | None,
    seconds: float | None,
    room: Room,
    voice: Voice,
) -> None:
    """Continue a stored run with its own options."""
    from luthier.cli import tuning

    if trials is not None and more is not None:
        raise StudyError(
            f"--trials {trials} is how many the study shall have in all, --more {more} how many "
            "to add. Give one of them."
        )
    store, out = _place(where)
    with _open(where, name) as study:
        told = study.history.notes.get("run")
        options = None if told else tuning.restored(study, out)
        asked = study.history.notes.get("method", {})
        found, ended = study.name, study.history.ended
    if trials is None and more is None and seconds is None:
        trials = asked.get("trials asked for")
        if trials is None:
            raise StudyError(
                f"The run has {ended} trials, and it is not known how many more are wanted. "
                "Give --more 50, --trials or --time."
            )
    if told:
        total = trials if more is None else ended + more
        settings = {key: told[key] for key in ("sampler", "scheduler", "seed")}
        lists = ("minimize", "maximize", "fidelity")
        settings |= {key: tuple(told.get(key) or ()) or None for key in lists}
        settings["cost"] = told.get("cost")
        path = Path(told["space"]) if told["space"] else None
        run(told["objective"], path, settings, store, found, total, seconds, room, voice)
    else:
        assert options is not None
        tune(options, trials, seconds, room, out, store, voice, more)


def _search(
    study: Study,
    objective: Callable[..., Any],
    trials: int | None,
    seconds: float | None,
    room: Room,
    voice: Voice,
    title: str,
    facts: Mapping[str, Any],
) -> None:
    from luthier.cli.progress import watcher

    method = {"trials asked for": trials, **facts}
    if study.history.notes.get("method") != method:
        study.note(method=method)
    study.run(
        objective,
        trials=trials,
        seconds=seconds,
        jobs=room.jobs,
        limit=room.limit,
        progress=watcher(trials, title, quiet=voice.quiet),
    )
    if study.ended and not study.ended.startswith("it has its"):
        voice.note(f"Ended: {study.ended}.")


def _grid(study: Study, voice: Voice) -> None:
    size = getattr(study.sampler, "size", None)
    if size is not None:
        voice.note(f"The grid has {size(study.space):,} points.")


def _directory(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out}: this is a file, not a directory. Give another name.")
    out.mkdir(parents=True, exist_ok=True)
    if not _writable(out):
        raise DataError(f"--out {out}: no right to write there. Give another directory.")


def _writable(out: Path) -> bool:
    return os.access(out, os.W_OK | os.X_OK)


def _expect_results(study: Study, voice: Voice) -> None:
    """Leave where there is nothing to show.

    Raises
    ------
    SystemExit
        If it was Ctrl-C that came before any result.
    NothingFinished
        If there is another cause.
    """
    if study.history.done.any():
        return
    if study.ended.startswith("interrupted"):
        voice.note("Stopped by Ctrl-C before a trial had a result; the same command goes on.")
        raise SystemExit(INTERRUPTED)
    raise NothingFinished(_nothing(study))


def _nothing(study: Study) -> str:
    history = study.history
    for row in range(len(history)):
        error = history.error(row)
        if error:
            cause = (error["message"] or "no message").strip().splitlines()[0]
            return (
                f"None of {len(history)} trials has a result. Trial {row} ended with "
                f"{error['kind']}: {cause} Its parameters were {history.params(row)!r}."
            )
    return "No trial has ended yet. Give more --time, or run the same command again."


def _tell(made: Mapping[str, Any], job: Job, out: Path, voice: Voice) -> None:
    from luthier.cli import tables

    here = shlex.quote(str(out))
    files = {"report": f"{out}/report.html", "model": f"{out}/model.joblib",
             "trials": f"{out}/trials.csv", "best": f"{out}/best.json",
             "use": f"{out}/use_model.py"}  # fmt: skip
    voice.data({**made, "files": files})
    voice.out(tables.comparison(made))
    voice.out(tables.params(made))
    voice.out(made["evaluation"]["words"])
    voice.out(made["fit"]["words"])
    voice.out("")
    voice.out(f"Report:        {files['report']}")
    voice.out(f"Use the model: python {shlex.quote(files['use'])}")
    voice.out(f"Look further:  luthier show {here}   luthier trials {here}")


# -- run ------------------------------------------------------------------------------------------


def run(
    objective: str,
    space: Path | None,
    settings: Mapping[str, Any],
    store: str,
    name: str | None,
    trials: int | None,
    seconds: float | None,
    room: Room,
    voice: Voice,
) -> None:
    """Tune a function of the user's own."""
    from luthier.cli.options import load_space
    from luthier.study import Study

    at_least("--trials", trials, 1)
    at_least("--seed", settings["seed"], 0)
    function = load_objective(objective)
    if trials is None and seconds is None:
        trials = RUN_TRIALS
    with Study(
        load_space(space), store=store, name=name or objective.rpartition(":")[2], **settings
    ) as study:
        if "run" not in study.history.notes:
            told = {
                **settings,
                "objective": objective,
                "space": os.path.relpath(space) if space else "",
            }
            lists = ("minimize", "maximize", "fidelity")
            study.note(run={k: v or [] if k in lists else v for k, v in told.items()})
        _grid(study, voice)
        if trials is not None and study.history.ended >= trials:
            voice.note(f"The study has its {trials} trials already; nothing was run.")
        else:
            _search(study, function, trials, seconds, room, voice, objective, {})
        _expect_results(study, voice)
        _show(study, store, voice)
        if study.ended.startswith("interrupted"):
            raise SystemExit(INTERRUPTED)


def load_objective(text: str) -> Callable[..., Any]:
    """The function that ``module:name`` or ``file.py:name`` names.

    Raises
    ------
    StudyError
        If there is no such module or function.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not name:
        raise StudyError(
            f"{text!r} names no function. Write module:function, such as train:objective."
        )
    if where.endswith(".py"):
        path = Path(where)
        if not path.is_file():
            raise StudyError(f"{where}: there is no such file. Check the path.")
        sys.path.insert(0, str(path.parent.resolve()))
        where = path.stem
        known = getattr(sys.modules.get(where), "__file__", None)
        if known and Path(known).resolve() != path.resolve():
            del sys.modules[where]  # another file of that name
    else:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name != where.partition(".")[0] and error.name != where:
            raise StudyError(
                f"{where}: its import of {error.name!r} failed. Install that package."
            ) from error
        raise StudyError(
            f"There is no module {where!r} here. Run the command where {where}.py lies, or give "
            f"its path: {where}.py:{name}"
        ) from error
    except Exception as error:
        raise StudyError(
            f"{where} cannot be imported: {type(error).__name__}: {error}. Correct it first."
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        public = [n for n in dir(module) if not n.startswith("_") and callable(getattr(module, n))]
        raise StudyError(
            f"{where} has no function {name!r}.{nearest(name, public)} "
            f"It has {', '.join(public[:8]) or 'none'}."
        )
    made: Callable[..., Any] = found
    return made


# -- looking at what is there ----------------------------------------------------------------


def show(where: str, name: str | None, voice: Voice) -> None:
    """Print how a study stands."""
    with _open(where, name) as study:
        _show(study, where, voice)


def best(where: str, name: str | None, voice: Voice) -> None:
    """Print the best parameters."""
    from luthier.cli import results

    with _open(where, name) as study:
        got, whole = study.best, results.whole(study)
        params = got.params | whole
        told = {"trial": got.number, **got.values, "params": params}
        if (advised := study.recommended).expected is not None:
            told["recommended"] = {
                "trial": advised.number, "expected": list(advised.expected),
                "params": advised.params | whole,
            }  # fmt: skip
        voice.data(told)
        if not voice.json:
            for key, value in params.items():
                print(f"{key} = {jsonlib.dumps(plain(value))}")


def trials(where: str, name: str | None, limit: int, sort: str, failed: bool, voice: Voice) -> None:
    """Print trials as a table."""
    from luthier.cli import tables

    at_least("--limit", limit, 1)
    orders = ("value", "number", "seconds")
    if sort not in orders:
        raise StudyError(
            f"--sort {sort!r} is unknown.{nearest(sort, orders)} Choose value, number or seconds."
        )
    with _open(where, name) as study:
        history = study.history
        rows = list(range(len(history)))
        if failed:
            rows = [row for row in rows if history.failed[row]]
        if sort == "value":
            place = {int(row): i for i, row in enumerate(history.best(len(history)))}
            last = len(rows)  # those without a result
            rows.sort(key=lambda row: (place.get(row, last), row))
        elif sort == "seconds":
            took = [history.seconds(row) for row in range(len(history))]
            rows.sort(key=lambda row: -took[row] if took[row] > 0 else 0.0)  # not for NaN
        rows = rows[:limit]
        voice.data([_row(study, row) for row in rows])
        voice.out(tables.trials(study, rows))


def tidy(where: str, name: str | None, keep: int, folder: Path | None, voice: Voice) -> None:
    """Remove the folders of trials that nobody needs."""
    from luthier.study import Study

    at_least("--keep", keep, 0)
    with Study.open(_place(where)[0], name, folder=folder) as study:
        gone = study.tidy(keep)
        voice.data({"removed": gone, "folder": str(study.folder_of(0).parent)})
        voice.out(f"Removed {len(gone)} folders of trials in {study.folder_of(0).parent}.")


def export(where: str, name: str | None, to: Path | None, form: str) -> None:
    """Write every trial as CSV, JSON or Parquet."""
    from luthier.cli import results
    from luthier.errors import need

    form = form or (to.suffix.lstrip(".") if to else "csv")
    if form not in ("csv", "json", "parquet"):
        raise StudyError(
            f"Format {form!r} is unknown.{nearest(form, ('csv', 'json', 'parquet'))} "
            "Choose csv, json or parquet."
        )
    if form == "parquet" and to is None:
        raise StudyError("Parquet is no text, so it needs a file. Give --to trials.parquet.")
    with _open(where, name) as study:
        if form == "parquet":
            pandas = need("pandas", "data", "Writing Parquet")
            need("pyarrow", "data", "Writing Parquet")
            from luthier.results import table

            frame = pandas.DataFrame(table(study.history))
            for column in frame.columns:
                kinds = {type(v) for v in frame[column] if v is not None}
                if len(kinds) > 1:  # Parquet columns have one type
                    frame[column] = [None if v is None else str(v) for v in frame[column]]
            content: str | bytes = _parquet(frame)
        elif form == "json":
            content = jsonlib.dumps(
                [plain(_row(study, row)) for row in range(len(study))], indent=2
            ) + "\n"  # fmt: skip
        else:
            content = results.trials_csv(study)
    if to is None:
        assert isinstance(content, str)
        sys.stdout.write(content)
        sys.stdout.flush()
        return
    made = content.encode() if isinstance(content, str) else content
    results.atomic(to, lambda path: Path(path).write_bytes(made))


def report(where: str, name: str | None, to: Path | None) -> None:
    """Write the report again."""
    from luthier.cli import results

    if to is not None and to.suffix not in (".html", ".md"):
        raise StudyError(f"--to {to}: a report is .html or .md. Give one of these endings.")
    _, out = _place(where)
    with _open(where, name) as study:
        if to is None:
            made = results.reports(study, out)
        else:
            results.atomic(to, lambda path: study.report(path))
            made = [to]
    for path in made:
        print(path)


def _parquet(frame: Any) -> bytes:
    made = io.BytesIO()
    frame.to_parquet(made, index=False)
    return made.getvalue()


def _row(study: Study, row: int) -> dict[str, Any]:
    got = study[row]
    return {
        "number": got.number,
        "state": got.state,
        **got.values,
        "params": got.params,
        "metrics": got.metrics,
        "seconds": got.seconds,
        "error": f"{got.error['kind']}: {got.error['message']}" if got.error else None,
    }


def _place(where: str) -> tuple[str, Path]:
    """The store and the directory that an argument means.

    Raises
    ------
    StoreError
        If there is none.
    """
    if "://" in where:
        return where, Path(".")
    path = Path(where)
    if path.is_dir():
        for name in ("study.db", "luthier.db"):
            if (path / name).is_file():
                return str(path / name), path
        found = sorted(str(p.parent) for p in path.glob("*/study.db"))
        hint = f" Did you mean {found[0]}?" if found else " Give the --out directory of a run."
        raise StoreError(f"{where}: there is no study in this directory.{hint}")
    if not path.is_file():
        raise StoreError(
            f"{where}: there is no such file or directory. Give the --out directory of a run, or "
            "its store."
        )
    return where, path.parent


def _open(where: str, name: str | None) -> Study:
    from luthier.study import Study

    return Study.open(_place(where)[0], name)


def _show(study: Study, where: str, voice: Voice) -> None:
    from luthier.cli import results, tables

    history = study.history
    told: dict[str, Any] = results.summary(study)
    best_one: dict[str, Any] | None = None
    if history.done.any() and len(history.objectives) == 1:
        got = study.best
        params = got.params | results.whole(study)
        best_one = {"trial": got.number, "values": got.values, "params": params}
    made = results.stored(study) if best_one is not None else None
    stands = ", ".join(f"{count} {state}" for state, count in told["trials"].items() if count)
    voice.data({**told, "best": best_one, "result": made})
    voice.out(f"Study {study.name!r}: {', '.join(map(str, history.objectives))}")
    voice.out(f"Trials: {stands or 'none'}; {len(history.space)} parameters; seed {history.seed}")
    if made is not None:
        voice.out(tables.comparison(made))
        voice.out(tables.params(made))
        voice.out(made["evaluation"]["words"])
        voice.out(made["fit"]["words"])
    elif best_one is not None:
        values = ", ".join(f"{k} {v:.6g}" for k, v in best_one["values"].items())
        voice.out(f"Best: {values}")
        voice.out(tables.params(best_one))
    elif history.done.any():
        front = [got.number for got in study.front]
        voice.out(tables.trials(study, front))
