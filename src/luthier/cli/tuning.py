"""The main job: a table of data in, the best hyperparameters and an honest comparison out."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.console import Voice
from luthier.errors import DataError, StoreError, StudyError

if TYPE_CHECKING:
    from luthier.cli.amounts import Amount
    from luthier.models.crossval import CrossValidated
    from luthier.models.table import Table
    from luthier.study import Study

NAME = "tune"  # of the study in its store
PATHS = ("data", "test", "valid", "space")  # options that may name a file
DEMO = "demo:"  # in place of a path: a data set inside scikit-learn


@dataclass(frozen=True)
class Options:
    """What decides the meaning of a score; changing any of it needs another study."""

    data: str
    target: str
    model: str = "boosting"
    metric: str = ""
    cv: int = 5
    sampler: str = "auto"
    scheduler: str = "full"
    fidelity: str = ""
    test: str = "0.2"
    valid: str = ""
    seed: int = 0
    task: str = ""
    group: str = ""
    time_column: str = ""
    drop: tuple[str, ...] = ()
    space: str = ""

    @property
    def demo(self) -> bool:
        """Whether the data come from inside scikit-learn."""
        return self.data.startswith(DEMO)


@dataclass(frozen=True)
class Job:
    """Options, read: everything that the run and its report need."""

    options: Options
    train: Table
    test: Table
    objective: CrossValidated
    space: Any
    why_metric: str
    notes: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    amount: Amount | None = None

    @property
    def fidelity(self) -> tuple[str, int, int] | None:
        """What a trial is given, as a study is told it."""
        return None if self.amount is None else self.amount.stated(self.objective.rows)

    @property
    def method(self) -> dict[str, Any]:
        """How points are judged, for the report."""
        objective = self.objective
        way = "the validation file" if self.options.valid else f"{len(objective.folds)} folds"
        return {
            "model": objective.model.title,
            "metric": f"{objective.metric.name} ({self.why_metric})",
            "judged on": way,
        }


def prepare(options: Options, threads: int = 1) -> Job:
    """Read the data and check every option against them, before anything runs.

    Raises
    ------
    LuthierError
        If anything does not fit; nothing was written then.
    """
    from luthier.cli import amounts
    from luthier.cli.options import load_space, test_part
    from luthier.models.building import AnyOf, check_names
    from luthier.models.catalog import model
    from luthier.models.crossval import CrossValidated, with_text
    from luthier.models.metrics import default_metric, metric
    from luthier.models.preparation import text_space
    from luthier.models.splits import folds, holdout, join, orders, rare_classes
    from luthier.models.table import read_like

    amount = amounts.read(options.fidelity, options.scheduler)
    table = _table(options)
    part = test_part(options.test)
    if isinstance(part, float):
        train, test = holdout(table, part, options.seed)
    else:
        train, test = table, read_like(part, table)
    measure, why = (
        (metric(options.metric, table), "you chose it")
        if options.metric
        else (default_metric(train))
    )
    _defined(train, test, measure)
    if options.valid:
        joined, parts = join(train, read_like(Path(options.valid), table))
    else:
        joined, parts = train, folds(train, options.cv, options.seed)
    chosen = model(options.model, table.task, metric_needs=measure.needs, rows=len(train))
    if amount is not None:
        amounts.check(amount, chosen, table.task)
    objective = CrossValidated(
        joined,
        chosen,
        measure,
        parts,
        threads=threads,
        orders=orders(joined, parts, options.seed) if amount is not None and amount.rows else (),
        growing=amount.name if amount is not None and not amount.rows else "",
    )
    own = load_space(Path(options.space) if options.space else None)
    if own is None:
        space = objective.space
    else:
        words = text_space().names if table.of("text") else ()
        check_names(chosen, own, table.task, tuple(words))
        space = with_text(own, table) if not any(n in own for n in words) else own
    space = amounts.searched(space, amount, own=own is not None)
    notes = [*table.notes, *(f"{name!r} is left out: {w}" for name, w in table.dropped.items())]
    if not options.valid:
        notes += rare_classes(train, options.cv)
    if isinstance(chosen, AnyOf):
        notes.append(f"models to choose from: {', '.join(m.name for m in chosen.members)}")
    return Job(
        options=options,
        train=train,
        test=test,
        objective=objective,
        space=space,
        why_metric=why,
        notes=tuple(notes),
        facts=_facts(options, chosen.title, table, train, test)
        | ({"whole": amount.whole} if amount is not None and amount.whole else {}),
        amount=amount,
    )


def open_study(job: Job, store: str, place: Path) -> Study:
    """The study of a job, new or continued.

    Raises
    ------
    StudyError
        If the store has it with other options or other data.
    """
    from luthier.study import Study

    _same(job, store)
    measure = job.objective.metric
    study = Study(
        job.space,
        store=store,
        name=NAME,
        seed=job.options.seed,
        sampler=job.options.sampler,
        scheduler=job.options.scheduler,
        fidelity=job.fidelity,
        minimize=measure.name if measure.direction == "minimize" else None,
        maximize=measure.name if measure.direction == "maximize" else None,
    )
    if "tuning" not in study.history.notes:
        study.note(**_portable(job.facts, place))
    starts = job.options.sampler == "auto" and not job.options.fidelity
    if not starts and not len(study) and not study.history.queue:
        default = study.space.default()
        if default is not None:
            study.enqueue(default)  # `auto` starts with it by itself, but not with all rows
    return study


def give_whole(study: Study) -> None:
    """Let the next trial give all rows to the best of those with less, unless it is beaten."""
    from luthier.schedulers.rungs import hopeful

    seen = study.history.seen().merged()
    row = hopeful(seen)
    if row is not None:
        study.enqueue(seen.params(row), again=True)


def store_of(store: str, out: Path) -> str:
    """The store to use: the one given, or a file in the output directory."""
    return store or str(out / "study.db")


def exists(store: str) -> bool:
    """Whether a store may hold a study already."""
    return "://" in store or Path(store).is_file()


def restored(study: Study, place: Path) -> Options:
    """The options of a stored study, with paths that hold from here.

    Raises
    ------
    StudyError
        If the study was not made by ``luthier tune``.
    """
    told = study.history.notes.get("tuning")
    if told is None:
        raise StudyError(
            f"The study {study.name!r} was not made by `luthier tune`, so its options are not "
            "known. Run the script or the command that made it."
        )
    told = {key: value for key, value in told.items() if key in Options.__dataclass_fields__}
    for key in PATHS:
        told[key] = _from(place, str(told[key]))
    return Options(**{**told, "drop": tuple(told["drop"])})


def _table(options: Options) -> Table:
    from luthier.models.table import bundled, read_table

    if options.demo:
        return bundled(options.data.removeprefix(DEMO))
    return read_table(
        options.data,
        options.target,
        task=options.task or None,
        group=options.group or None,
        time_column=options.time_column or None,
        drop=options.drop,
    )


def _defined(train: Table, test: Table, measure: Any) -> None:
    from math import isfinite

    from luthier.models.verdicts import guess

    if not isfinite(guess(train, test, measure)):
        raise DataError(
            f"{test.name}: {measure.name} is not defined on the {len(test)} untouched rows; they "
            "may hold one class only. Give a larger --test, or another --metric."
        )


def _facts(
    options: Options, chosen: str, table: Table, train: Table, test: Table
) -> dict[str, Any]:
    """What the log keeps of the job, without places on this machine."""
    stored = {**asdict(options), "drop": list(options.drop)}
    return {
        "title": f"{table.name}, {chosen}",
        "question": (
            f"Which hyperparameters of {chosen} predict {table.target!r} best, and what do they "
            "gain over the defaults?"
        ),
        "tuning": stored,
        "data": {
            "name": table.name,
            "target": table.target,
            "task": table.task,
            "why_task": table.why,
            "kinds": {k: len(table.of(k)) for k in ("number", "category", "text", "date")},
            "classes": {str(k): v for k, v in table.class_counts().items()},
            "dropped": dict(table.dropped),
            "notes": list(table.notes),
            "warnings": list(table.warnings),
            "train_rows": len(train),
            "test_rows": len(test),
            **table.fingerprint,
            "test_sha256": test.fingerprint["sha256"],
        },
    }


def _portable(facts: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """The facts with paths as seen from the output directory, so that both can move together."""
    tuning = dict(facts["tuning"])
    for key in PATHS:
        path = str(tuning[key])
        if path and not path.startswith(DEMO) and Path(path).exists():
            tuning[key] = os.path.relpath(path, place)
    return {**facts, "tuning": tuning}


def _from(place: Path, path: str) -> str:
    """A stored path as seen from the working directory."""
    here = os.path.relpath(place / path) if path and not path.startswith(DEMO) else path
    return here if here != path and Path(here).exists() else path


def _same(job: Job, store: str) -> None:
    """Check that a stored study was made with these options and these data."""
    if not exists(store):
        return
    from luthier.history import History
    from luthier.stores import open as open_store
    from luthier.stores import studies

    try:
        if NAME not in studies(store):
            return
        held = open_store(store, NAME, create=False)
    except StoreError:
        if "://" in store:
            return  # not there yet; opening it for real says what is wrong otherwise
        raise
    history = History()
    for _, event in held.read():
        history.apply(event)
    held.close()
    told, facts = history.notes.get("tuning"), job.facts
    if told is None:
        if len(history):
            raise StudyError(
                f"{store}: the study {NAME!r} in it was not made by `luthier tune`. "
                "Give another --out or --store."
            )
        return
    data, now = history.notes["data"], facts["data"]
    for key in ("sha256", "test_sha256"):
        if data[key] != now[key]:
            raise StudyError(
                f"{now['name']}: the data have changed since this study began (then "
                f"{data['rows']} rows and {data['columns']} columns, now {now['rows']} and "
                f"{now['columns']}), so old and new scores cannot be compared. Give another "
                "--out to begin anew, or bring the old file back."
            )
    for key, value in facts["tuning"].items():
        before = told.get(key, getattr(Options, key, None))  # older studies know fewer options
        files = key == "test" and Path(str(value)).is_file()
        if key in ("data", "valid", "space") or files:
            continue  # files are told by their content, and a space may grow
        if before != value:
            flag = "--" + key.replace("_", "-")
            raise StudyError(
                f"This study was made with {flag} {_told(before)}, and now it is {flag} "
                f"{_told(value)}. Use the same options to continue it, or another --out to begin "
                "anew."
            )


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or "(none)"
    return str(value) or "(not given)"


def commands(options: Options, trials: int | None) -> list[str]:
    """What to type to get the same trials again, without places on this machine."""
    words = ["luthier", "demo" if options.demo else "tune"]
    told: dict[str, Any] = asdict(options)
    if options.demo:
        told = {"seed": options.seed}
    else:
        words.append(Path(options.data).name)
    plain = asdict(Options(data="", target=""))
    for key, value in told.items():
        if key == "data" or value == plain[key]:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            shown = Path(one).name if key in PATHS else str(one)
            words += ["--" + key.replace("_", "-"), shown]
    if trials is not None:
        words += ["--trials", str(trials)]
    return [shlex.join(words)]


def announce(job: Job, voice: Voice) -> None:
    """Say what was understood, before the search begins."""
    table, measure = job.train, job.objective.metric
    voice.note(
        f"{table.name}: {len(table) + len(job.test)} rows, {len(table.columns)} features; "
        f"{table.task} of {table.target!r} ({table.why})."
    )
    voice.note(f"Metric: {measure.name}, to {measure.direction} ({job.why_metric}).")
    for text in job.notes:
        voice.note(f"Note: {text}.")
    for text in table.warnings:
        voice.note(f"Warning: {text}.")
    kept = f"{len(job.test)} rows are kept untouched for the end"
    way = (
        "a validation file"
        if job.options.valid
        else (
            f"{len(job.objective.folds)} folds of the other {len(table)}"
            if len(job.objective.folds) > 1
            else f"one split of the other {len(table)}"
        )
    )
    voice.note(f"Each point is judged on {way}; {kept}.")
    if job.fidelity is not None:
        name, least, most = job.fidelity
        first = f"{least} training rows of a fold"
        if job.objective.growing:
            first = f"{name}={least}"
        voice.note(
            f"A point gets {first} at first, and up to {most} if it does well "
            f"({job.options.scheduler}); only those that got all of them can win."
        )
