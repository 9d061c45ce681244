"""The commands that look at what is there: show, best, trials, tidy, export and report."""

from __future__ import annotations

import io
import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.cli.console import Voice, plain
from luthier.cli.options import at_least
from luthier.errors import StoreError, StudyError, nearest

if TYPE_CHECKING:
    from luthier.study import Study


def show(where: str, name: str | None, voice: Voice) -> None:
    """Print how a study stands."""
    with opened(where, name) as study:
        tell(study, where, voice)


def best(where: str, name: str | None, voice: Voice) -> None:
    """Print the best parameters."""
    from luthier.cli import results

    with opened(where, name) as study:
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
    with opened(where, name) as study:
        history = study.history
        rows = list(range(len(history)))
        if failed:
            rows = [row for row in rows if history.failed[row]]
        if sort == "value":
            last = len(history)  # those that have told nothing
            order = [*history.best(last).tolist(), *history.furthest(last).tolist()]
            place = {row: i for i, row in enumerate(order)}
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
    with Study.open(place_of(where)[0], name, folder=folder) as study:
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
    with opened(where, name) as study:
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
    _, out = place_of(where)
    with opened(where, name) as study:
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
        "reached": got.reached,
        "seconds": got.seconds,
        "error": f"{got.error['kind']}: {got.error['message']}" if got.error else None,
    }


def place_of(where: str) -> tuple[str, Path]:
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


def opened(where: str, name: str | None) -> Study:
    """The study that an argument means."""
    from luthier.study import Study

    return Study.open(place_of(where)[0], name)


def tell(study: Study, where: str, voice: Voice) -> None:
    """Print how an open study stands."""
    from luthier.cli import results, tables
    from luthier.results import best_so_far, leaders

    history = study.history
    told: dict[str, Any] = results.summary(study)
    best_one: dict[str, Any] | None = None
    if leaders(history, 1) and len(history.objectives) == 1:
        got = study.best
        params = got.params | results.whole(study)
        best_one = {"trial": got.number, "values": got.values, "params": params}
        if got.reached is not None:
            best_one["reached"] = got.reached
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
        voice.out("B" + best_so_far(history)[1:])
        voice.out(tables.params(best_one))
    elif history.done.any():
        front = [got.number for got in study.front]
        voice.out(tables.trials(study, front))
