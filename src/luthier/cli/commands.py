"""The commands that search: tune, demo, resume and run, once their options are read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.console import INTERRUPTED, Voice
from luthier.cli.looking import opened, place_of, tell
from luthier.cli.objective import load_objective
from luthier.cli.options import at_least
from luthier.errors import DataError, NothingFinished, StudyError

if TYPE_CHECKING:
    from luthier.cli.options import Room
    from luthier.cli.tuning import Job, Options
    from luthier.study import Study

TRIALS = 50  # of `tune`, when neither --trials nor --time is given
RUN_TRIALS = 100  # of `run`
LIMIT = "limit of a trial"  # what a study and its report call it


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
    """Continue a stored run with its own options; so has a trial its limit, unless one is given."""
    from luthier.cli import options as typed
    from luthier.cli import tuning

    if trials is not None and more is not None:
        raise StudyError(
            f"--trials {trials} is how many the study shall have in all, --more {more} how many "
            "to add. Give one of them."
        )
    store, out = place_of(where)
    with opened(where, name) as study:
        told = study.history.notes.get("run")
        options = None if told else tuning.restored(study, out)
        asked = study.history.notes.get("method", {})
        found, ended = study.name, study.history.ended
    if room.limit is None:
        kept = asked.get(LIMIT, {})
        room = typed.room(str(room.jobs), kept.get("time"), kept.get("memory"))
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
    if room.asked:
        method[LIMIT] = dict(room.asked)
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
            cause = (error["message"] or "no message").strip().splitlines()[0].rstrip(".")
            return (
                f"None of {len(history)} trials has a result. Trial {row} ended with "
                f"{error['kind']}: {cause}. Its parameters were {history.params(row)!r}."
            )
    if history.stopped.any():
        stopped = int(history.stopped.sum())
        return f"All {stopped} trials were stopped early. Give more --time or --trials."
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
    from luthier.results import leaders
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
        if not leaders(study.history, 1):
            _expect_results(study, voice)
        tell(study, store, voice)
        if study.ended.startswith("interrupted"):
            raise SystemExit(INTERRUPTED)
