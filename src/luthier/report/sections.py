"""The whole report: which sections there are, and in which order."""

from __future__ import annotations

from luthier.history import History
from luthier.report import judging, result, searching, setup
from luthier.report.comparison import comparison
from luthier.report.document import (
    Document,
)
from luthier.report.reading import steps_are_folds
from luthier.report.words import listed


def document(history: History, name: str) -> Document:
    """Every section that has something to say."""
    found = comparison(history.notes.get("evaluation"))
    folds = steps_are_folds(history)
    made = [
        result.result(history, found, folds),
        judging.expected(history),
        judging.against_default(found),
        judging.fit(history, folds),
        searching.search(history),
        judging.learning(history, folds),
        searching.weights(history),
        searching.parameters(history),
        searching.all_trials(history),
        searching.failures(history),
        setup.data(history),
        setup.space(history),
        setup.method(history),
        setup.reproduce(history),
        setup.further(history, found),
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
    version = setup.versions_and_machine(history).get("versions", {}).get("luthier", "")
    return (
        f"Written by luthier {version} from the study's log, which holds every number above. "
        "It needs no network. Folders and addresses are left out of every path."
    )
