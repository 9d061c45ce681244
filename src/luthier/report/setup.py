"""The sections on what was searched, how, and how to do it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from luthier.history import History
from luthier.opening import SCHEDULER_NOW, scheduler_now
from luthier.parameters import MISSING, Choice, Int, Parameter
from luthier.report.comparison import Comparison
from luthier.report.document import (
    Block,
    Facts,
    Group,
    Listing,
    Section,
    Strong,
    Table,
    Text,
)
from luthier.report.words import count, listed, value_text
from luthier.space import Space
from luthier.spent import duration, spent

KNOWN = {"title", "honest", "question", "data", "split", "method", "evaluation", "verdict",
         "commands", "files", "tuning", SCHEDULER_NOW}  # fmt: skip
OPTIONS = 12  # of a choice that are written out
LABELS = {
    "name": "data",
    "rows": "rows",
    "columns": "columns",
    "target": "target",
    "task": "task",
    "why": "told by",
    "why_task": "told by",
    "train_rows": "rows searched with",
    "test_rows": "rows kept untouched",
    "kinds": "kinds of column",
    "missing": "missing cells",
    "classes": "rows of each class",
    "dropped": "columns left out",
    "notes": "notes",
    "warnings": "warnings",
    "sha256": "fingerprint (SHA-256)",
    "test_sha256": "fingerprint of the untouched rows",
    "cv": "folds",
    "metric": "metric",
    "time_column": "ordered by",
    "group": "groups",
}


def data(history: History) -> Section | None:
    """What the trials were judged on and how it was split; None where nothing was noted of it."""
    data, split = history.notes.get("data"), history.notes.get("split")
    blocks: list[Block] = []
    if isinstance(data, Mapping):
        flat = dict(data)
        print_ = flat.pop("fingerprint", None)
        if isinstance(print_, Mapping):
            flat = {**print_, **flat}
        elif print_:
            flat["sha256"] = print_
        flat = {**{k: flat[k] for k in LABELS if k in flat}, **flat}
        warned = flat.pop("warnings", None)
        blocks.append(Facts(_facts(flat)))
        if warned:
            words = "; ".join(map(str, warned)) if isinstance(warned, list) else str(warned)
            blocks.append(Text((Strong("To look at:"), f" {words}", "."), "warning"))
    elif data:
        blocks.append(Text((value_text(data),)))
    if split:
        facts = split if isinstance(split, Mapping) else {"split": split}
        blocks.append(Group("Split", (Facts(_facts(facts)),)))
    return Section("data", "Data", tuple(blocks)) if blocks else None


def _facts(told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    made = []
    for key, value in told.items():
        if value is None or value == "" or value == [] or value == {}:
            continue
        if isinstance(value, Mapping) and all(isinstance(v, int) for v in value.values()):
            shown = ", ".join(f"{v:,} {k}" for k, v in list(value.items())[:20] if v)
            shown += ", …" if len(value) > 20 else ""
        elif "sha256" in key and isinstance(value, str) and len(value) == 64:
            shown = f"{value[:16]}…"
        elif isinstance(value, int) and not isinstance(value, bool) and key.endswith("s"):
            shown = f"{value:,}"
        else:
            shown = value_text(value)
        made.append((LABELS.get(key, str(key).replace("_", " ")), shown))
    return tuple(made)


def _range(p: Parameter) -> str:
    if isinstance(p, Choice):
        labels = [*p.labels[:OPTIONS], *(["…"] if len(p.labels) > OPTIONS else [])]
        return ", ".join(labels)
    made = f"{value_text(p.low)} to {value_text(p.high)}"
    if p.step is not None and not (isinstance(p, Int) and p.step == 1):
        made += f", step {value_text(p.step)}"
    return made


def _kind(p: Parameter) -> str:
    if isinstance(p, Choice):
        return "ordered choice" if p.ordered else "choice"
    return f"{'whole number' if isinstance(p, Int) else 'number'}{', log scale' if p.log else ''}"


def space(history: History) -> Section:
    """Every parameter with its range, its default and when it is active, and what is forbidden."""
    space = history.space
    blocks: list[Block] = []
    if history.opened.get("dynamic"):
        space = history.seen().learned().space
        told = (
            "The space was defined by running: these are the parameters that trials asked for, "
            "each with the widest range of any call."
        )
        if any(p.when for _, p in space.items()):
            told += " When one is active is what trials have shown."
        blocks.append(Text((told,)))
    if not len(space):
        blocks.append(Text(("No parameter is known yet.",)))
        return Section("space", "Space", tuple(blocks))
    rows = []
    for name, p in space.items():
        given = _own_default(p)
        rows.append((name, _kind(p), _range(p), given, _likely(p), _when(p)))
    keep = [i for i in range(6) if i < 3 or any(row[i] for row in rows)]
    head = ("parameter", "kind", "range", "default", "believed best", "active when")
    blocks.append(
        Table(
            tuple(head[i] for i in keep),
            tuple(tuple(row[i] for i in keep) for row in rows),
            code=(0,),
        )
    )
    size = space.size if not space.without_values() else math.inf
    if math.isfinite(size):
        blocks.append(Text((f"There are {count(int(size), 'distinct configuration')}.",)))
    forbidden = [_clause(item) for item in space.to_json()["forbid"]]
    if forbidden:
        cells = tuple((words,) for words in forbidden)
        blocks.append(Table(("forbidden combinations",), cells))
    return Section("space", "Space", tuple(blocks))


def _own_default(p: Parameter) -> str:
    if isinstance(p, Choice):
        return "" if p.default is MISSING else p.label(p.raw(p.default, "default"))
    return "" if p.default is None else value_text(p.default)


def _likely(p: Parameter) -> str:
    if p.likely is None:
        return ""
    if isinstance(p, Choice):
        return listed((x for x, w in zip(p.labels, p.likely, strict=True) if w), "or")
    return " to ".join(map(value_text, p.likely))


def _when(p: Parameter) -> str:
    if not p.when:
        return ""
    return listed(
        f"{parent} is {listed(map(_value, accepted), 'or')}" for parent, accepted in p.when.items()
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == {"label"}:
        return str(value["label"])
    return value_text(value)


def _clause(item: Any) -> str:
    if isinstance(item, str):
        return f"the rule {item}"
    return listed(
        f"{name} is {listed(map(_value, accepted), 'or')}" for name, accepted in item.items()
    )


def method(history: History) -> Section:
    """Who proposed and who stopped trials, what the space was narrowed to, and what it all took."""
    opened, notes = history.opened, history.notes
    facts: list[tuple[str, str]] = [
        ("aim", listed(map(str, history.objectives))),
        ("sampler", _part(opened.get("sampler"))),
        ("scheduler", _schedulers(history)),
        ("fidelity", "" if history.fidelity is None else str(history.fidelity)),
        ("constraints", listed(map(str, history.constraints)) if history.constraints else ""),
        ("cost", history.cost or ""),
        ("seed", str(history.seed)),
    ]
    method = notes.get("method")
    if isinstance(method, Mapping):
        known = {name for name, _ in facts}
        facts += [fact for fact in _facts(method) if fact[0] not in known]
    elif method:
        facts.append(("method", value_text(method)))
    blocks: list[Block] = [Facts(tuple((k, v) for k, v in facts if v))]
    tuning = notes.get("tuning")
    if isinstance(tuning, Mapping):
        blocks.append(Group("Options of the command", (Facts(_facts(tuning)),)))
    blocks += _narrowing(history)
    blocks.append(Group("Budget used", _budget(history)))
    return Section("method", "Method and budget", tuple(blocks))


def _narrowing(history: History) -> list[Block]:
    """Every cut that the sampler `Narrow` made, and every range that it widened."""
    from luthier.samplers.narrow import Narrow, cuts

    told = history.opened.get("sampler")
    part = told.get("part") if isinstance(told, Mapping) else None
    if part != f"{Narrow.__module__}:{Narrow.__qualname__}":
        return []
    rows = [(str(c.trials), c.name, c.before, c.after, c.reason)
            for c in cuts(history.space, history.seen())]  # fmt: skip
    began = Space.from_json(history.opened["space"])
    rows += [
        ("any", name, _range(began[name]), _range(p), "as the best lay at an end of what you gave")
        for name, p in history.space.items()
        if not isinstance(p, Choice) and p.extend and name in began and began[name] != p
    ]
    if not rows:
        return [Group("Narrowing", (Text(("No range was narrowed or widened.",)),))]
    head = ("after trials", "parameter", "before", "after", "why")
    return [Group("Narrowing", (Table(head, tuple(rows), (0,), code=(1,)),))]


def _schedulers(history: History) -> str:
    """The scheduler, and with which other one the study began."""
    first, last = _part(history.opened.get("scheduler")), _part(scheduler_now(history))
    return last if first == last else f"{last}; the study began with {first}"


def _part(told: Any) -> str:
    """A sampler or a scheduler as the log has it: its name and its settings."""
    if isinstance(told, Mapping):
        name = str(told.get("part", "")).rpartition(":")[2]
        shown = {k: v for k, v in told.items() if k != "part" and v is not None}
        inside = ", ".join(f"{k}={_part(v)}" for k, v in shown.items())
        return f"{name}({inside})" if inside else name
    if isinstance(told, list):
        return f"[{', '.join(map(_part, told))}]"
    if told is None:
        return ""
    return told.rpartition(":")[2] if isinstance(told, str) else value_text(told)


def _budget(history: History) -> tuple[Table | Facts, ...]:
    cost = spent(history)
    rows = [
        (state.lower(), f"{n:,}", f"{n / len(history):.0%}", duration(seconds))
        for state, (n, seconds) in cost.states.items()
    ]
    facts = [
        ("wall time", f"{duration(cost.busy)} in which a trial was running"),
        ("sum over trials", duration(cost.work)),
        ("median of one trial", duration(cost.median)),
        ("began", _date(cost.first)),
        ("last trial ended", _date(cost.last)),
    ]
    if cost.saved:
        facts.append(
            (
                "saved by stopping early",
                f"{cost.saved:,} of {cost.saved + cost.steps:,} steps, "
                f"about {duration(cost.saved_seconds)}",
            )
        )
    table = Table(("state", "trials", "share", "time"), tuple(rows), (1, 2, 3))
    known = tuple((k, v) for k, v in facts if not v.startswith("–"))
    return (*((table,) if rows else ()), Facts(known))


def _date(at: float) -> str:
    if not math.isfinite(at):
        return "–"
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):  # a clock that was far off
        return "–"


def versions_and_machine(history: History) -> dict[str, Any]:
    """Versions and machine as the log has them; of this process for a study in memory."""
    told = history.opened.get("about")
    if isinstance(told, dict) and told:
        return told
    from luthier.about import about

    return about()


def reproduce(history: History) -> Section:
    """The commands and the seed, with versions and the machine."""
    blocks: list[Block] = []
    commands = history.notes.get("commands")
    if isinstance(commands, str):
        commands = [commands]
    if isinstance(commands, list) and commands:
        blocks.append(Listing("\n".join(map(str, commands)), "The commands", "sh"))
    blocks.append(
        Text(
            (
                f"The seed is {history.seed}. With the same seed, versions and data, one job "
                "proposes the same trials again; with several, the order in which they end "
                "plays a part.",
            )
        )
    )
    about = versions_and_machine(history)
    versions, machine = about.get("versions"), about.get("machine")
    if isinstance(versions, Mapping):
        blocks.append(Group("Versions", (Facts(tuple((k, str(v)) for k, v in versions.items())),)))
    if isinstance(machine, Mapping):
        shown = {str(k).replace("_gb", " (GB)"): v for k, v in machine.items()}
        blocks.append(Group("Machine", (Facts(_facts(shown)),)))
    files = history.notes.get("files")
    if isinstance(files, Mapping) and files:
        rows = tuple((str(k), value_text(v)) for k, v in files.items())
        blocks.append(Group("Files beside this one", (Table(("file", "holds"), rows, code=(0,)),)))
    return Section("reproduce", "How to reproduce it", tuple(blocks))


def further(history: History, found: Comparison | None) -> Section | None:
    """Notes of the study that no other section shows; None where there are none."""
    known = KNOWN if found is not None else KNOWN - {"evaluation"}
    rows = tuple(
        (str(key), value_text(value))
        for key, value in history.notes.items()
        if key not in known and not key.startswith("alive ")  # who is at work: names of machines
    )
    if not rows:
        return None
    return Section("notes", "Further notes", (Table(("note", "value"), rows, code=(0,)),))
