"""How a study shows itself: at a prompt, and in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from luthier.history import State
from luthier.results import leaders

if TYPE_CHECKING:
    from luthier.study import Study

LEADERS = 5  # trials in a notebook's table


def text(study: Study) -> str:
    """What it is, how many trials it has, and the best, in a few lines."""
    counts, objectives = study.history.counts, study.objectives
    told = ", ".join(f"{n} {State(i).name.lower()}" for i, n in enumerate(counts) if n)
    lines = [
        f"Study {study.name!r}: {', '.join(map(str, objectives))}",
        f"  {_counted(len(study.space), 'parameter')}, sampler {study.sampler!r}, "
        f"scheduler {study.scheduler!r}, seed {study.seed}",
        f"  {_counted(len(study), 'trial')}{': ' if told else ''}{told}",
    ]
    if len(objectives) == 1 and leaders(study.history, 1):
        lines.append(f"  best: {study.best!r}")
    elif counts[State.DONE]:
        found = study.front
        told = _counted(len(found), "trial") if found else "no trial keeps the constraints"
        lines.append(f"  front: {told}")
    if study.ended:
        lines.append(f"  ended: {study.ended}")
    return "\n".join(lines)


def page(study: Study) -> str:
    """The same with a table of the best few trials, in HTML."""
    objectives, names = study.objectives, list(study.space.names)
    heads = ["trial", *(objective.name for objective in objectives), *names]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = ""
    for row in leaders(study.history, LEADERS):
        got = study[row]
        values = [f"{value:.6g}" for value in got.values.values()]
        if not values and got.reached is not None:
            values = ["{1:.6g} at step {0}".format(*got.reached)]
        cells: list[Any] = [row, *values, *[""] * (len(objectives) - len(values))]
        cells += [got.params.get(name, "") for name in names]
        body += "<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in cells) + "</tr>"
    return (
        f"<pre>{escape(text(study))}</pre><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
