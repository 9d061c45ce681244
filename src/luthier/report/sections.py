"""The whole report: which sections there are, and those about the result and the set-up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from luthier.history import History, State
from luthier.parameters import MISSING, Choice, Float, Int, Parameter
from luthier.report import judging, searching
from luthier.report.document import (
    Block,
    Code,
    Document,
    Facts,
    Group,
    Listing,
    Run,
    Section,
    Stat,
    Stats,
    Strong,
    Table,
    Text,
)
from luthier.report.reading import (
    Comparison,
    at_edge,
    best_front,
    budget,
    comparison,
    steps_are_folds,
    values,
)
from luthier.report.words import count, duration, listed, number, signed, value_text

KNOWN = {"question", "data", "split", "method", "evaluation", "verdict", "commands", "files",
         "tuning"}  # fmt: skip
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


def document(history: History, name: str) -> Document:
    """Every section that has something to say."""
    found = comparison(history.notes.get("evaluation"))
    folds = steps_are_folds(history)
    made = [
        _result(history, found, folds),
        judging.against_default(found),
        judging.fit(history, folds),
        searching.search(history),
        judging.learning(history, folds),
        searching.parameters(history),
        searching.all_trials(history),
        searching.failures(history),
        _data(history),
        _space(history),
        _method(history),
        _reproduce(history),
        _further(history, found),
    ]
    question = history.notes.get("question")
    return Document(
        title=name,
        question=question if isinstance(question, str) else _question(history),
        sections=tuple(section for section in made if section is not None),
        foot=_foot(history),
    )


def _question(history: History) -> str:
    aims = [f"{'highest' if o.maximize else 'lowest'} {o.name}" for o in history.objectives]
    names = list(history.space.names)
    if not names:
        return f"Which parameters give the {listed(aims)}?"
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"Which {listed(shown)} give{'s' if len(names) == 1 else ''} the {listed(aims)}?"


def _foot(history: History) -> str:
    version = _about(history).get("versions", {}).get("luthier", "")
    return (
        f"Written by luthier {version} from the study's log, which holds every number above. "
        "It needs no network. Folders and addresses are left out of every path."
    )


# -- the result ------------------------------------------------------------------------------------


def _result(history: History, found: Comparison | None, folds: bool) -> Section:
    rows = history.best()
    if not len(rows):
        return Section("result", "Result", _nothing(history))
    if len(history.objectives) > 1:
        return Section("result", "Result", _several(history))
    best = int(rows[0])
    blocks: list[Block] = [
        Text(_lead(history, best, found, folds), "lead"),
        Stats(tuple(_stats(history, best, found, folds))),
        _winner(history, best),
        Text((_optimism(history, best, found, folds),), "caution"),
    ]
    edges = _edges(history, best)
    if edges:
        blocks.append(Text(edges, "caution"))
    return Section("result", "Result", tuple(blocks))


def _nothing(history: History) -> tuple[Block, ...]:
    n = len(history)
    if not n:
        return (Text(("No trial has been started, so there is nothing to report yet.",), "lead"),)
    words = f"No trial has a result yet: of {count(n, 'trial')}, {_states(history)}."
    if history.counts[State.FAILED]:
        words += " The section on failures shows why."
    return (Text((words,), "lead"),)


def _states(history: History) -> str:
    told = {
        State.DONE: "finished",
        State.STOPPED: "stopped early",
        State.FAILED: "failed",
        State.LOST: "lost with their process",
        State.RUNNING: "still running",
    }
    return listed(f"{history.counts[s]:,} {word}" for s, word in told.items() if history.counts[s])


def _score(folds: bool, name: str) -> str:
    return f"cross-validated {name}" if folds else name


def _lead(history: History, best: int, found: Comparison | None, folds: bool) -> tuple[Run, ...]:
    objective = history.objectives[0]
    value = float(values(history)[best])
    runs: list[Run] = [
        f"The best of {count(history.counts[State.DONE], 'finished trial')} is trial {best}, "
        f"with a {_score(folds, objective.name)} of ",
        Strong(number(value)),
    ]
    labels = list(history.space.labels(history.raw(best)).items())
    if labels:
        runs.append(" at ")
        for i, (name, label) in enumerate(labels[:5]):
            runs += [", " if i else "", Code(f"{name} = {value_text(label)}")]
        if len(labels) > 5:
            runs.append(f" and {len(labels) - 5} more")
    runs.append(". ")
    if found is not None:
        return (*runs, *judging.told(found))
    default = _default_row(history)
    if default is not None and default != best:
        gain = objective.sign * (float(values(history)[default]) - value)
        runs.append(
            f"The default settings, trial {default}, had {number(float(values(history)[default]))}"
            f": a difference of {number(gain, 3)}, "
            "which no untouched data has confirmed."
        )
    elif default == best:
        runs.append("These are the default settings: nothing that was tried did better.")
    return tuple(runs)


def _default_row(history: History) -> int | None:
    """The trial of the default settings, if there is one with a result."""
    raw = history.space.default_raw() if not history.space.without_values() else None
    row = history.tried(raw) if raw is not None else None
    return row if row is not None and history.done[row] else None


def _stats(history: History, best: int, found: Comparison | None, folds: bool) -> list[Stat]:
    objective = history.objectives[0]
    value = float(values(history)[best])
    made = [
        Stat(
            f"best {objective.name}",
            number(value),
            ("cross-validated, " if folds else "") + f"trial {best}; optimistic",
        )
    ]
    if found is not None:
        gain = found.difference
        tone = {"better": "good", "worse": "bad"}.get(found.verdict, "plain")
        made += [
            Stat("tuned, untouched rows", number(found.tuned.score), _span(found.tuned)),
            Stat("default, untouched rows", number(found.default.score), _span(found.default)),
            Stat("gain", signed(gain.score), _span(gain, True), tone),  # type: ignore[arg-type] # mypy widens the dict's values to str
        ]
    spent = budget(history)
    made.append(Stat("trials", f"{len(history):,}", f"{duration(spent.busy)} of wall time"))
    return made


def _span(interval: Any, sign: bool = False) -> str:
    if not interval.known:
        return "interval unknown"
    put = signed if sign else number
    return f"{put(interval.low, 3 if sign else 4)} to {put(interval.high, 3 if sign else 4)}"


def _optimism(history: History, best: int, found: Comparison | None, folds: bool) -> str:
    value = number(float(values(history)[best]))
    of = count(history.counts[State.DONE], "result")
    if found is not None:
        return (
            f"{value} is the best of {of} and was chosen because it was the best, so it is "
            "optimistic. The score on untouched rows is the one to expect."
        )
    if folds:
        return (
            f"{value} is the best of {of} and was chosen because it was the best, so it is "
            "optimistic: expect a little less on new data. No rows were kept aside to say how much."
        )
    return (
        f"{value} is the best of {of} and was chosen because it was the best. Where the objective "
        "is noisy it is therefore optimistic."
    )


def _winner(history: History, best: int) -> Table:
    space, raw = history.space, history.raw(best)
    default = space.default_raw() if not space.without_values() else None
    rows = []
    for name, p in space.items():
        if name not in raw:
            continue
        cells = [name, _label(p, raw[name])]
        if default is not None:
            cells.append(_label(p, default[name]) if name in default else "inactive")
        rows.append(tuple(cells))
    head = ("parameter", "best", *(["default"] if default is not None else []))
    return Table(head, tuple(rows), code=tuple(range(len(head))), caption="The winner")


def _label(p: Parameter, raw: float | int) -> str:
    return value_text(p.label(raw) if isinstance(p, Choice) else raw)


def _edges(history: History, best: int) -> tuple[Run, ...]:
    raw, runs = history.raw(best), []
    for name, value in raw.items():
        p = history.space[name]
        if side := at_edge(p, value):
            assert isinstance(p, Float | Int)
            end = p.low if side == "low" else p.high
            runs.append(f"{name} (at the {side} end, {value_text(end)})")
    if not runs:
        return ()
    shown = runs if len(runs) <= 4 else [*runs[:4], f"{len(runs) - 4} more"]
    return (
        "The winner lies at the edge of the searched range in ",
        Strong(listed(shown)),
        ". A wider range may hold something better.",
    )


def _several(history: History) -> tuple[Block, ...]:
    front = best_front(history).tolist()
    names = [o.name for o in history.objectives]
    done = history.counts[State.DONE]
    lead: tuple[Run, ...] = (
        "No single trial is best in all of ",
        Strong(listed(names)),
        f". Of {count(done, 'finished trial')}, {len(front)} "
        f"{'is' if len(front) == 1 else 'are'} beaten by no other in every objective: the front "
        "from which to choose.",
    )
    rows = []
    for i in front[:25]:
        scores = [number(float(values(history, j)[i])) for j in range(len(names))]
        labels = history.space.labels(history.raw(i))
        shown = ", ".join(f"{k}={value_text(v)}" for k, v in list(labels.items())[:8])
        rows.append((str(i), *scores, shown + ("…" if len(labels) > 8 else "")))
    head = ("trial", *(str(o) for o in history.objectives), "parameters")
    numeric = tuple(range(len(names) + 1))
    table = Table(head, tuple(rows), numeric, (len(head) - 1,), "The front")
    spent = budget(history)
    stats = Stats(
        (
            Stat("on the front", f"{len(front):,}"),
            *(
                Stat(f"best {o.name}", number(float(o.sign * history.Y[history.done, j].min())))
                for j, o in enumerate(history.objectives[:3])
            ),
            Stat("trials", f"{len(history):,}", f"{duration(spent.busy)} of wall time"),
        )
    )
    made: list[Block] = [Text(lead, "lead"), stats, table]
    if len(front) > 25:
        made.append(Text((f"The first 25 of {len(front)} are shown.",)))
    return tuple(made)


# -- question, data, space, method -----------------------------------------------------------------


def _data(history: History) -> Section | None:
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
    return f"{made}, log" if p.log else made


def _kind(p: Parameter) -> str:
    if isinstance(p, Choice):
        return "ordered choice" if p.ordered else "choice"
    return f"{'whole number' if isinstance(p, Int) else 'number'}{', log scale' if p.log else ''}"


def _space(history: History) -> Section:
    space = history.space
    blocks: list[Block] = []
    if history.opened.get("dynamic"):
        blocks.append(
            Text(
                (
                    "The space was defined by running: these are the parameters that trials asked "
                    "for, each with the widest range of any call.",
                )
            )
        )
    if not len(space):
        blocks.append(Text(("No parameter is known yet.",)))
        return Section("space", "Space", tuple(blocks))
    rows = []
    for name, p in space.items():
        given = _own_default(p)
        rows.append((name, _kind(p), _range(p).removesuffix(", log"), given, _when(p)))
    keep = [i for i in range(5) if i < 3 or any(row[i] for row in rows)]
    head = ("parameter", "kind", "range", "default", "active when")
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


def _method(history: History) -> Section:
    opened, notes = history.opened, history.notes
    facts: list[tuple[str, str]] = [
        ("aim", listed(map(str, history.objectives))),
        ("sampler", _part(opened.get("sampler"))),
        ("scheduler", _part(opened.get("scheduler"))),
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
    blocks.append(Group("Budget used", _budget(history)))
    return Section("method", "Method and budget", tuple(blocks))


def _part(told: Any) -> str:
    """A sampler or a scheduler as the log has it: its name and its settings."""
    if isinstance(told, Mapping):
        name = str(told.get("part", "")).rpartition(":")[2]
        inside = ", ".join(f"{k}={_part(v)}" for k, v in told.items() if k != "part")
        return f"{name}({inside})" if inside else name
    if isinstance(told, list):
        return f"[{', '.join(map(_part, told))}]"
    if told is None:
        return ""
    return told.rpartition(":")[2] if isinstance(told, str) else value_text(told)


def _budget(history: History) -> tuple[Table | Facts, ...]:
    spent = budget(history)
    rows = []
    for state in (State.DONE, State.STOPPED, State.FAILED, State.LOST, State.RUNNING):
        if history.counts[state]:
            n, of = history.counts[state], len(history)
            used = [history.seconds(i) for i in np.flatnonzero(history.state == state).tolist()]
            total = sum(s for s in used if math.isfinite(s))
            rows.append((state.name.lower(), f"{n:,}", f"{n / of:.0%}", duration(total)))
    facts = [
        ("wall time", f"{duration(spent.busy)} in which a trial was running"),
        ("sum over trials", duration(spent.work)),
        ("median of one trial", duration(spent.median)),
        ("began", _date(spent.first)),
        ("last trial ended", _date(spent.last)),
    ]
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


def _about(history: History) -> dict[str, Any]:
    """Versions and machine as the log has them; of this process for a study in memory."""
    told = history.opened.get("about")
    if isinstance(told, dict) and told:
        return told
    from luthier.about import about

    return about()


def _reproduce(history: History) -> Section:
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
    about = _about(history)
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


def _further(history: History, found: Comparison | None) -> Section | None:
    known = KNOWN if found is not None else KNOWN - {"evaluation"}
    rows = tuple(
        (str(key), value_text(value))
        for key, value in history.notes.items()
        if key not in known and not key.startswith("alive ")  # who is at work: names of machines
    )
    if not rows:
        return None
    return Section("notes", "Further notes", (Table(("note", "value"), rows, code=(0,)),))
